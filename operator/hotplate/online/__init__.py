"""The low-latency online store: Feast's own Redis layout, read in one round trip.

errors      what can go wrong
connection  where the store is
resp, protobuf, repeated, zones, values, dtypes   bytes to values, no library but hiredis
read_plan   what a scoring process must know of a registry
keys        entity keys to Redis keys
reading     a feature service: commands from rows, feature rows from replies
link, shard one connection to one server; the same, kept alive
reader      OnlineReader
"""

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
