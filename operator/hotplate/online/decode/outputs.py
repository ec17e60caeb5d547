"""Results of on-demand functions in the type of their feature, as Feast 0.67 converts them."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

_FLOAT = struct.Struct("<f")


def output_of(dtype: str) -> Callable[[Any], Any]:
    """Return the function from a result to a value of the Feast value type; a NaN is None.

    It raises whatever Python raises where the result has no value of the type.
    """
    convert = _CONVERSIONS.get(dtype, _same)

    def converted(result: Any) -> Any:
        if result is None or (isinstance(result, float) and result != result):  # noqa: PLR0124
            return None
        value = convert(result)
        return None if isinstance(value, float) and value != value else value  # noqa: PLR0124

    return converted


def _same(result: Any) -> Any:
    return result


def _double(result: Any) -> float:
    if isinstance(result, str | bytes):
        raise TypeError("a text is not a number")
    return float(result)


def _single(result: Any) -> float:
    return float(_FLOAT.unpack(_FLOAT.pack(float(result)))[0])


def _bool(result: Any) -> bool:
    if isinstance(result, str | bytes):
        raise TypeError("a text is not a bool")
    return bool(result)


_CONVERSIONS: dict[str, Callable[[Any], Any]] = {
    "INT32": int,
    "INT64": int,
    "FLOAT": _single,
    "DOUBLE": _double,
    "STRING": str,
    "BOOL": _bool,
}
