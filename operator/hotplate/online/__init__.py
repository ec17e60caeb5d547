"""The low-latency online store: Feast's own Redis layout, read in one round trip.

A scoring process reads with `OnlineReader` and imports neither Feast nor pyarrow. Jobs write with
`write`. Feast uses both through the online store plugin, by
`type: hotplate.online.HotplateOnlineStore`.
"""

from typing import Any

from hotplate.online.aio.reader import FeatureRow, OnlineReader, ViewRead, ViewStatus
from hotplate.online.connection.config import Connection
from hotplate.online.errors import (
    EntityKeyError,
    FeatureValueError,
    OnlineReadError,
    OnlineStoreTimeout,
    OnlineStoreUnavailable,
)
from hotplate.protocol.read_plan import ReadPlan, ReadPlanError

__all__ = [
    "Connection",
    "EntityKeyError",
    "FeatureRow",
    "FeatureValueError",
    "OnlineReadError",
    "OnlineReader",
    "OnlineStoreTimeout",
    "OnlineStoreUnavailable",
    "ReadPlan",
    "ReadPlanError",
    "ViewRead",
    "ViewStatus",
]


def __getattr__(name: str) -> Any:
    """Import the plugin when Feast asks for it by name: scoring processes never load Feast."""
    if name in ("HotplateOnlineStore", "HotplateOnlineStoreConfig"):
        from hotplate.online.feast import plugin  # noqa: PLC0415 - Feast takes seconds

        return getattr(plugin, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
