"""The Kubernetes programs: found on the machine in a version that fits, else built from Go modules.

Every folder of go/ holds a go.mod whose `tool` lines name the programs and whose `require` lines
pin their version. A build lands in `<cache>/bin/<module>-<hash of go.mod and go.sum>/`, once.
"""

import fcntl
import hashlib
import os
import re
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from cluster.processes import CommandFailedError, output_of
from cluster.settings import GO_MODULES, ClusterUnavailableError, cache_folder, say

VERSION = re.compile(r"v?(\d+)\.(\d+)\.(\d+)")
VERSION_ARGUMENTS = {"kubectl": ["version", "--client"], "helm": ["version"], "kind": ["version"]}
BUILD_SECONDS = 3600
CONTROL_PLANE = ("etcd", "kube-apiserver", "kube-controller-manager", "kubectl")
NODE = (
    *CONTROL_PLANE,
    *("kube-scheduler", "kubelet", "kubeadm", "kube-proxy"),
    *("containerd", "containerd-shim-runc-v2", "ctr", "coredns", "kind"),
)

Report = Callable[[str], None]


@dataclass(frozen=True)
class Program:
    """A program as a `tool` line names it."""

    name: str
    package: str
    module: Path  # the folder of the go.mod
    version: str  # of the Go module that holds the package, such as v1.37.2

    @property
    def built(self) -> Path:
        """The path that a build leaves the program at."""
        inputs = b"".join((self.module / name).read_bytes() for name in ("go.mod", "go.sum"))
        digest = hashlib.sha256(inputs).hexdigest()[:12]
        return cache_folder() / "bin" / f"{self.module.name}-{digest}" / self.name


def programs() -> dict[str, Program]:
    """Return every program of the go.mod files by name."""
    go_mods = sorted(GO_MODULES.glob("*/go.mod"))
    return {program.name: program for go_mod in go_mods for program in _tools(go_mod)}


def program_name(package: str) -> str:
    """Return the name that Go gives a package's program: the last part that is not a version."""
    parts = [part for part in package.split("/") if not re.fullmatch(r"v\d+", part)]
    return {"server": "etcd"}.get(parts[-1], parts[-1])


def binary(name: str, report: Report = say) -> Path:
    """Return the path of a program: KUBEBUILDER_ASSETS, PATH, the cache, or a build of it."""
    program = programs()[name]
    if found := installed(program):
        return found
    if not program.built.exists():
        build(program, report)
    return program.built


def installed(program: Program) -> Path | None:
    """Return where the machine has the program already, in a version that fits."""
    places = [os.environ.get("KUBEBUILDER_ASSETS"), os.environ.get("PATH")]
    for place in filter(None, places):
        found = shutil.which(program.name, path=place)
        if found and fits(program, version_of(Path(found))):
            return Path(found)
    return None


@cache
def version_of(path: Path) -> str:
    """Return what a program prints as its version, '' when it fails."""
    arguments = VERSION_ARGUMENTS.get(path.name, ["--version"])
    try:
        return output_of([path, *arguments])
    except CommandFailedError:
        return ""


def fits(program: Program, printed: str) -> bool:
    """Tell whether a version is good enough: Kubernetes' own minor version, others' major."""
    found, wanted = VERSION.search(printed), VERSION.search(program.version)
    if found is None or wanted is None:
        return False
    digits = 2 if program.module.name == "kubernetes" else 1
    return found.groups()[:digits] == wanted.groups()[:digits]


def build(program: Program, report: Report = say) -> None:
    """Build a program into the cache, one build at a time on a machine."""
    if shutil.which("go") is None:
        raise ClusterUnavailableError(
            f"{program.name} {program.version} is neither in KUBEBUILDER_ASSETS nor on PATH, "
            "and there is no Go toolchain to build it: install go 1.26"
        )
    with _locked(program.built.parent):
        if not program.built.exists():
            _go_build(program, report)


def _go_build(program: Program, report: Report) -> None:
    started = time.monotonic()
    report(f"building {program.name} {program.version} (once; cached in {program.built.parent})")
    with tempfile.TemporaryDirectory(dir=program.built.parent) as folder:
        output = Path(folder) / program.name
        output_of(
            [*_politely(), "go", "build", *_build_flags(program), "-o", output, program.package],
            environment={"CGO_ENABLED": "0", "GOWORK": "off"},
            folder=program.module,
            seconds=BUILD_SECONDS,
        )
        output.replace(program.built)
    report(f"built {program.name} in {time.monotonic() - started:.0f} s")


def _build_flags(program: Program) -> list[str]:
    link = "-s -w"
    if program.module.name == "kubernetes":
        major, minor, _ = VERSION.search(program.version).groups()  # type: ignore[union-attr]
        stamps = {"gitVersion": program.version, "gitMajor": major, "gitMinor": minor}
        link += "".join(f" -X k8s.io/component-base/version.{k}={v}" for k, v in stamps.items())
    return ["-mod=readonly", "-buildvcs=false", "-trimpath", "-ldflags", link]


def _politely() -> list[str]:
    """Return the prefix that lets everything else on the machine go first."""
    ionice = ["ionice", "-c", "3"] if shutil.which("ionice") else []
    return ["nice", "-n", "19", *ionice]


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _tools(go_mod: Path) -> Iterator[Program]:
    text = go_mod.read_text()
    for package in _block(text, "tool"):
        yield Program(program_name(package), package, go_mod.parent, _version(text, package))


def _version(text: str, package: str) -> str:
    """Return the version of the required module that is the longest prefix of the package."""
    required = dict(line.split()[:2] for line in _block(text, "require"))
    module = max((name for name in required if package.startswith(name)), key=len)
    return required[module]


def _block(text: str, verb: str) -> list[str]:
    """Return the lines of a go.mod verb, in parentheses or alone."""
    inside = re.findall(rf"^{verb} \(\n(.*?)^\)", text, re.MULTILINE | re.DOTALL)
    alone = re.findall(rf"^{verb} ([^(\n]+)$", text, re.MULTILINE)
    return [line.strip() for block in inside for line in block.splitlines() if line.strip()] + alone
