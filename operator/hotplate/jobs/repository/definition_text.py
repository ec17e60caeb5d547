"""A field of a Feast object as text that depends on nothing but the definition."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from google.protobuf import text_format  # type: ignore[import-untyped]
from google.protobuf.message import Message  # type: ignore[import-untyped]

_DATA_SOURCE = "feast.core.DataSource"
_REGISTERED = ("meta", "project")
"""Fields of a data source that the registry fills, with times of registration."""


def definition_text(value: Any) -> str:
    """Return the text of a field's value: a message, a list or map of them, or a scalar."""
    if isinstance(value, Message):
        defined = type(value)()
        defined.CopyFrom(value)
        _clear_registered(defined)
        return str(text_format.MessageToString(defined))
    if isinstance(value, Mapping):
        return "\n".join(f"{key}: {definition_text(value[key])}" for key in sorted(value))
    if isinstance(value, (str, bytes)) or not hasattr(value, "__len__"):
        return str(value)
    return "\n".join(definition_text(each) for each in value)


def _clear_registered(message: Message) -> None:
    """Clear what the registry adds to the data sources inside the message."""
    if message.DESCRIPTOR.full_name == _DATA_SOURCE:
        for name in _REGISTERED:
            message.ClearField(name)
    for _, value in message.ListFields():
        for part in _messages(value):
            _clear_registered(part)


def _messages(value: Any) -> list[Message]:
    if isinstance(value, Message):
        return [value]
    if isinstance(value, Mapping):
        return [each for each in value.values() if isinstance(each, Message)]
    if isinstance(value, (str, bytes)) or not hasattr(value, "__len__"):
        return []
    return [each for each in value if isinstance(each, Message)]
