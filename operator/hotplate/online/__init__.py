"""The low-latency online store: Feast's own Redis layout, read in one round trip.

A scoring process reads with `OnlineReader` and imports neither Feast nor pyarrow. Code without an
event loop, such as Jobs, reads with `SyncOnlineReader`. Feast reads and writes the same rows with
the plugin, `type: hotplate.online.HotplateOnlineStore`.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from hotplate.online.aio.reader import FeatureRow, FeatureViewRead, OnlineReader, ViewStatus
from hotplate.online.connection.config import Connection
from hotplate.online.errors import (
    EntityKeyError,
    FeatureValueError,
    OnlineReadError,
    OnlineStoreTimeout,
    OnlineStoreUnavailable,
)
from hotplate.protocol.read_plan import ReadPlan, ReadPlanError

if TYPE_CHECKING:
    from hotplate.online.blocking.reader import SyncOnlineReader

__all__ = [
    "Connection",
    "EntityKeyError",
    "FeatureRow",
    "FeatureValueError",
    "FeatureViewRead",
    "OnlineReadError",
    "OnlineReader",
    "OnlineStoreTimeout",
    "OnlineStoreUnavailable",
    "ReadPlan",
    "ReadPlanError",
    "SyncOnlineReader",
    "ViewRead",
    "ViewStatus",
]


ViewRead = FeatureViewRead
"""The name of `FeatureViewRead` in earlier releases."""

_LAZY = {
    "HotplateOnlineStore": "hotplate.online.feast.plugin",
    "HotplateOnlineStoreConfig": "hotplate.online.feast.plugin",
    "SyncOnlineReader": "hotplate.online.blocking.reader",
}


def __getattr__(name: str) -> Any:
    """Import on first use what scoring processes never load, such as Feast with the plugin."""
    if name in _LAZY:
        return getattr(import_module(_LAZY[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
