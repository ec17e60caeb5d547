"""The low-latency online store: Feast's own Redis layout, read in one round trip.

What a scoring process imports, without Feast, pyarrow or protobuf:

    errors            what can go wrong
    credentials, iam  logins that change: password files; tokens signed by AWS's signer
    connection        where the store is
    resp              commands as bytes
    protobuf, repeated, zones, values, dtypes   stored bytes to Python values
    read_plan         what a scoring process must know of a registry
    on_demand         on-demand feature views, compiled from the read plan
    keys              entity keys to Redis keys
    row_function      the functions that make feature rows of replies, written for one service
    columns, table    many rows at once, column by column
    reading           a feature service: commands from rows, feature rows from replies
    routing, replicas where a key lives in a cluster, and whom of a shard to ask
    link, opening     one connection to one server; how it is made and stays logged in
    shard, cluster    a server whose connection is made again when it breaks; a cluster of them
    reader            OnlineReader

What Jobs import, with pyarrow:

    timestamps, script, encoding   rows to stored bytes; the script that writes them
    blocking          one connection that may block
    writer            write(connection, view, project, table or batches, options) -> WriteResult

What Feast imports, by `type: hotplate.online.HotplateOnlineStore`:

    connection_string, proto_rows, deletion   Feast's connection strings, rows and exact deletion
    redis_credentials   logins that change, for redis-py
    plugin            HotplateOnlineStore
"""

from typing import Any

from hotplate.online.connection import Connection
from hotplate.online.errors import (
    EntityKeyError,
    FeatureValueError,
    OnlineReadError,
    OnlineStoreTimeout,
    OnlineStoreUnavailable,
)
from hotplate.online.read_plan import ReadPlan, ReadPlanError
from hotplate.online.reader import FeatureRow, OnlineReader, ViewRead, ViewStatus

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
        from hotplate.online import plugin  # noqa: PLC0415 - Feast takes seconds

        return getattr(plugin, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
