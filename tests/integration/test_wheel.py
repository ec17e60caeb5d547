"""The built wheel, in an environment of its own outside the checkout, with its extra `local`."""

import os
import re
import socket
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from support import ROOT

READY = "Ctrl-C ends it."


@pytest.fixture(scope="module")
def hotplate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `hotplate` command of an environment that has the wheel and what it depends on."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, timeout=60)
    (wheel,) = folder.glob("*.whl")
    venv.create(folder / "venv", with_pip=True)
    python = folder / "venv" / "bin" / "python"
    locked = re.findall(
        r"^\S+==\S+", (ROOT / "requirements" / "all.lock").read_text(), re.MULTILINE
    )
    (folder / "versions.txt").write_text("\n".join(locked))
    install = [python, "-m", "pip", "install", "-q", "-c", folder / "versions.txt"]
    subprocess.run([*install, f"{wheel}[local]"], check=True, timeout=900)
    return folder / "venv" / "bin" / "hotplate"


@pytest.mark.timeout(1200)
def test_the_wheel_writes_a_project_and_runs_it(hotplate: Path, tmp_path: Path) -> None:
    environment = {name: os.environ[name] for name in ("HOME", "LANG") if name in os.environ}
    environment["PATH"] = f"{hotplate.parent}:/usr/bin:/bin"

    def run(*arguments: str) -> str:
        done = subprocess.run(
            [hotplate, *arguments],
            check=False,
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=240,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = str(probe.getsockname()[1])
    assert "hotplate up mine/mine.yaml" in run("init", "mine")
    try:
        assert READY in run("up", "-d", "mine/mine.yaml", "--port", port)
        assert f"serves at http://127.0.0.1:{port}" in run("status")
    finally:
        run("down")
