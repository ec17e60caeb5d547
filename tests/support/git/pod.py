"""The folders of a Job's pod, and a command of Hotplate as the pod's user runs it."""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hotplate.jobs.command import app

USER = 65534
"""Nobody: SSH refuses a user without an entry, which the image has for 65532."""


@dataclass(frozen=True)
class Pod:
    """Volumes as the kubelet makes them with fsGroup: root's own, for the group to write."""

    folder: Path

    @property
    def definitions(self) -> Path:
        """The volume of the definitions."""
        return self.folder / "definitions"

    @property
    def secret(self) -> Path:
        """The volume of the Secret."""
        return self.folder / "secret"

    def give(self, keys: Mapping[str, str]) -> None:
        """Make these keys those of the Secret."""
        for path in self.secret.iterdir():
            path.unlink()
        for name, text in keys.items():
            (self.secret / name).write_text(text)
            _owned(self.secret / name, 0o440)

    def empty(self) -> None:
        """Start over with an empty volume."""
        shutil.rmtree(self.definitions)
        _made(self.definitions)

    def run(self, job: str, variables: Mapping[str, str]) -> dict[str, Any]:
        """Run `hotplate job`; return its result.

        The process is a fork and no new program: a test's Python may be root's alone.
        """
        output = self.folder / "tmp" / "result"
        output.unlink(missing_ok=True)
        child = os.fork()
        if child == 0:
            self._become_the_pods(job, variables, output)
        os.waitpid(child, 0)
        result: dict[str, Any] = json.loads(output.read_text())
        return result

    def _become_the_pods(self, job: str, variables: Mapping[str, str], output: Path) -> None:
        try:
            tempfile.tempdir = str(self.folder / "tmp")
            os.chdir("/")
            if os.geteuid() == 0:
                os.setgroups([USER])
                os.setgid(USER)
                os.setuid(USER)
            os.environ.update({"HOME": str(self.folder / "tmp"), **variables})
            os.dup2(os.open(output, os.O_WRONLY | os.O_CREAT, 0o600), 1)
            app([job], standalone_mode=False)
        finally:
            sys.stdout.flush()
            os._exit(0)


@contextmanager
def pod() -> Iterator[Pod]:
    """Yield a pod with empty volumes."""
    folder = Path(tempfile.mkdtemp(prefix="pod-", dir="/tmp"))
    folder.chmod(0o755)
    for name in ("definitions", "secret", "tmp"):
        _made(folder / name)
    try:
        yield Pod(folder)
    finally:
        shutil.rmtree(folder)


def _made(folder: Path) -> None:
    folder.mkdir()
    _owned(folder, 0o2777)


def _owned(path: Path, mode: int) -> None:
    if os.geteuid() == 0:
        os.chown(path, 0, USER)
    path.chmod(mode)
