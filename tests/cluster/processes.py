"""Child processes that write a log and always end."""

import os
import shlex
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

POLL_SECONDS = 0.05
STOP_SECONDS = 10


Command = Sequence[str | Path]


class CommandFailedError(Exception):
    """A command could not be run or failed; the message holds it and what it wrote to stderr."""


class ProcessFailedError(Exception):
    """A child process ended early or was not ready in time; the message holds its last lines."""


def output_of(
    command: Command,
    *,
    stdin: str | None = None,
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
    seconds: float = 60,
) -> str:
    """Run a command to its end and return its stdout; `environment` adds to this process' own."""
    try:
        outcome = subprocess.run(
            command,
            input=stdin,
            env=os.environ | dict(environment or {}),
            cwd=folder,
            timeout=seconds,
            capture_output=True,
            text=True,
            check=True,
        )
    except subprocess.CalledProcessError as error:
        raise CommandFailedError(f"{shown(command)}:\n{error.stderr.strip()[-3000:]}") from None
    except (OSError, subprocess.TimeoutExpired) as error:
        raise CommandFailedError(f"{shown(command)}: {error}") from None
    return outcome.stdout


def succeeds(command: Command, environment: Mapping[str, str] | None = None) -> bool:
    """Tell whether a command ends well."""
    try:
        output_of(command, environment=environment)
    except CommandFailedError:
        return False
    return True


def shown(command: Command) -> str:
    """Return the start of a command as a person would type it."""
    return shlex.join(str(word) for word in command)[:300]


def free_port() -> int:
    """Return a TCP port of 127.0.0.1 that nothing listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def ends_with_parent(command: Sequence[str]) -> list[str]:
    """Return the command such that the kernel ends it when this process dies, by kill too."""
    setpriv = shutil.which("setpriv")
    prefix = [setpriv, "--pdeathsig", "TERM", "--"] if setpriv else []
    return [*prefix, *command]


@dataclass(frozen=True)
class Process:
    """A running child process and its log."""

    name: str
    log: Path
    child: subprocess.Popen[bytes]

    @classmethod
    def start(cls, command: Sequence[str], folder: Path) -> "Process":
        """Start a program; its output goes to `<folder>/<program's name>.log`."""
        name = Path(command[0]).name
        log = folder / f"{name}.log"
        with log.open("ab") as output:
            child = subprocess.Popen(
                ends_with_parent(command),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        return cls(name, log, child)

    def wait_until(self, ready: Callable[[], bool], seconds: float) -> None:
        """Return when `ready()` holds; raise ProcessFailedError when it does not in time."""
        deadline = time.monotonic() + seconds
        while not ready():
            if self.child.poll() is not None:
                raise ProcessFailedError(f"{self.name} ended at start\n{self.last_lines()}")
            if time.monotonic() > deadline:
                raise ProcessFailedError(
                    f"{self.name} not ready after {seconds} s\n{self.last_lines()}"
                )
            time.sleep(POLL_SECONDS)

    def last_lines(self, count: int = 15) -> str:
        """Return the end of the log."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-count:])

    def stop(self, seconds: float = STOP_SECONDS) -> None:
        """Ask the process to end, and kill it when it has not in time."""
        self.child.terminate()
        try:
            self.child.wait(seconds)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()
