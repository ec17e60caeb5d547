"""A field of a Feast object as text that depends on nothing but the definition."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from google.protobuf import text_format  # type: ignore[import-untyped]
from google.protobuf.message import Message  # type: ignore[import-untyped]

_CLEARED = {
    "feast.core.DataSource": ("meta", "project"),
    "feast.core.UserDefinedFunction": ("body",),
    "feast.core.UserDefinedFunctionV2": ("body",),
}
"""By message: what the registry fills, with times of registration; and pickled functions, which
differ from one process to the next and stand beside their text."""


def definition_text(value: Any) -> str:
    """Return the text of a field's value: a message, a list or map of them, or a scalar."""
    if isinstance(value, Message):
        defined = type(value)()
        defined.CopyFrom(value)
        _clear(defined)
        return str(text_format.MessageToString(defined))
    if isinstance(value, Mapping):
        return "\n".join(f"{key}: {definition_text(value[key])}" for key in sorted(value))
    if isinstance(value, (str, bytes)) or not hasattr(value, "__len__"):
        return str(value)
    return "\n".join(definition_text(each) for each in value)


def _clear(message: Message) -> None:
    """Clear what is no part of the definition in the messages inside the message."""
    for name in _CLEARED.get(message.DESCRIPTOR.full_name, ()):
        message.ClearField(name)
    for _, value in message.ListFields():
        for part in _messages(value):
            _clear(part)


def _messages(value: Any) -> list[Message]:
    if isinstance(value, Message):
        return [value]
    if isinstance(value, Mapping):
        return [each for each in value.values() if isinstance(each, Message)]
    if isinstance(value, (str, bytes)) or not hasattr(value, "__len__"):
        return []
    return [each for each in value if isinstance(each, Message)]
