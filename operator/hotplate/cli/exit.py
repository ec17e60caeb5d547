"""How a command ends: with an error to read, or by a signal."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

import typer

from hotplate.api import ManifestError
from hotplate.jobs import JobError
from hotplate.local.errors import LocalError


class CommandError(Exception):
    """The command cannot do what was asked; the message says why and what to do."""


@contextmanager
def errors_shown() -> Iterator[None]:
    """End the command with an error line for what a user can fix."""
    try:
        yield
    except (CommandError, LocalError, ManifestError, JobError) as error:
        fail(error)


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """End a run quietly on SIGTERM as on Ctrl-C."""

    def interrupt(*_: Any) -> NoReturn:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    except KeyboardInterrupt:
        typer.echo("Ended.")


def fail(error: Exception | str) -> NoReturn:
    """End the command with exit code 1 and an error line on stderr."""
    typer.secho(f"error: {error}", fg=typer.colors.RED, err=True)
    raise typer.Exit(1)
