"""Values in one form, so that equal ones are equal whatever library holds them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import numpy as np
import pandas as pd

NAN = "NaN"


def online(value: Any) -> Any:
    """Return a value that was read: its type counts, a NaN equals a NaN."""
    return _value(value, NAN)


def offline(value: Any) -> Any:
    """Return a value of a table: NaN and NaT are null, and 1.0 is 1, as pandas has them."""
    if value is pd.NaT or value is pd.NA:
        return None
    canonical = _value(value, None)
    if isinstance(canonical, float) and canonical.is_integer():
        return int(canonical)
    return canonical


def _value(value: Any, nan: Any) -> Any:
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        return nan if math.isnan(value) else value
    if isinstance(value, datetime):
        moment = value if value.tzinfo else value.replace(tzinfo=UTC)
        return f"time {moment.astimezone(UTC).isoformat()}"
    if isinstance(value, Decimal | UUID):
        return f"{type(value).__name__} {value}"
    return _container(value, nan)


def _container(value: Any, nan: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _value(each, nan) for key, each in value.items()}
    if isinstance(value, set | frozenset):
        return ["set", *sorted((_value(each, nan) for each in value), key=repr)]
    if isinstance(value, list | tuple | np.ndarray):
        return [_value(each, nan) for each in value]
    return value


def shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def same(left: Any, right: Any) -> bool:
    """Whether two canonical values are equal and of one type; 0.0 is not -0.0."""
    if isinstance(left, list) and isinstance(right, list):
        pairs = zip(left, right, strict=False)
        return len(left) == len(right) and all(same(*pair) for pair in pairs)
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same(left[k], right[k]) for k in left)
    return type(left) is type(right) and repr(left) == repr(right)
