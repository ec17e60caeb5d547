"""The rows of a project as they are stored in Feast's layout, decoded by Feast's own messages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import redis
from feast.infra.key_encoding_utils import deserialize_entity_key
from feast.infra.online_stores.helpers import _mmh3
from feast.protos.feast.types.Value_pb2 import Value
from feast.type_map import feast_value_type_to_python_type
from google.protobuf.timestamp_pb2 import Timestamp

from equality import canonical


def stored_rows(client: redis.Redis, store: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield key and fields of each row of the store's project."""
    names = dict(_names(store))
    for key in client.scan_iter(match=b"*" + store.project.encode(), count=1000, _type="hash"):
        fields = {
            field: value
            for field, value in client.hgetall(key).items()
            if field in names or field.startswith(b"_ts:")
        }
        if fields:
            yield _entity(key, store), dict(_decoded(names, fields))


def _entity(key: bytes, store: Any) -> str:
    """Return the join keys of a row, as `entity_of` names them."""
    entity = deserialize_entity_key(key.removesuffix(store.project.encode()), 3)
    values = [feast_value_type_to_python_type(value) for value in entity.entity_values]
    return entity_of(dict(zip(entity.join_keys, values, strict=True)))


def entity_of(keys: Mapping[str, Any]) -> str:
    """Return the join keys as the text that names a row."""
    return ", ".join(f"{name}={keys[name]!r}" for name in sorted(keys))


def _names(store: Any) -> Iterator[tuple[bytes, str]]:
    for view in [*store.list_feature_views(), *store.list_stream_feature_views()]:
        for feature in view.features:
            yield _mmh3(f"{view.name}:{feature.name}"), f"{view.name}:{feature.name}"


def _decoded(names: dict[bytes, str], fields: dict[bytes, bytes]) -> Iterator[tuple[str, Any]]:
    for field, data in sorted(fields.items()):
        if field in names:
            value = Value.FromString(data)
            kind = value.WhichOneof("val")
            python = canonical.online(feast_value_type_to_python_type(value))
            yield names[field], None if kind is None else [kind, python]
        else:
            yield field.decode(), Timestamp.FromString(data).ToJsonString()
