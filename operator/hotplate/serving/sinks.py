"""Sinks of the decision log: standard output, or a file per batch under an fsspec URL."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import count
from typing import Protocol

import fsspec

from hotplate.model.artifact_store import make_folder
from hotplate.protocol.errors import SettingsError


class Sink(Protocol):
    """Writes batches of lines; `interval` is the seconds between batches."""

    interval: float

    def write(self, lines: Sequence[bytes]) -> None:
        """Write the lines, whole or not at all; raise what the medium raises."""


def sink(url: str) -> Sink:
    """Return the sink for `stdout` or an fsspec URL; raise `SettingsError` for an unknown one."""
    try:
        return StdoutSink() if url == "stdout" else FileSink(url)
    except (ValueError, ImportError) as error:
        raise SettingsError(f"decisionLog.sink: {url}: {error}") from error


class StdoutSink:
    """Lines on standard output, for the cluster's log collector."""

    interval = 0.5

    def write(self, lines: Sequence[bytes]) -> None:
        """Write the lines at once."""
        sys.stdout.buffer.write(b"".join(line + b"\n" for line in lines))
        sys.stdout.buffer.flush()


class FileSink:
    """A file of JSON lines per batch, in a folder per day under the URL."""

    interval = 10.0

    def __init__(self, url: str) -> None:
        self._files, self._folder = fsspec.core.url_to_fs(url)
        self._writer = f"{socket.gethostname()}-{os.getpid()}"
        self._numbers = count()

    def write(self, lines: Sequence[bytes]) -> None:
        """Write the lines as one file whose name no other process or batch has."""
        now = datetime.now(UTC)
        folder = f"{self._folder}/{now:%Y-%m-%d}"
        make_folder(self._files, folder)
        name = f"{folder}/{now:%H%M%S}-{self._writer}-{next(self._numbers):06}.jsonl"
        self._files.pipe_file(name, b"".join(line + b"\n" for line in lines))
