"""What is said of values that cannot become the declared type."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

_LONGEST_EXAMPLE = 40


class ConversionError(ValueError):
    """Values of a column cannot become the declared type; with a count, an example and the fix."""


class RefusedError(Exception):
    """What is known of such values before the declared type is: how many, of what, and the fix."""

    def named(self, dtype: str) -> ConversionError:
        """Return the error with the declared type."""
        what, fix = self.args
        return ConversionError(f"{what} cannot become {dtype}: {fix}")


def refused(column: Any, fix: str) -> RefusedError:
    """Return the error of a column none of whose values can be converted."""
    return _error(column, len(column) - column.null_count, first(column), fix)


def first(column: Any) -> Any:
    """Return the first value of a column that is not null."""
    return column.drop_null()[0].as_py()


def unless(fits: Any, column: Any, fix: str) -> None:
    """Raise `RefusedError` unless the condition holds for every value that is not null."""
    bad = pc.and_(pc.invert(pc.fill_null(fits, True)), column.is_valid())
    count = pc.sum(bad).as_py() or 0
    if count:
        raise _error(column, count, first(column.filter(bad)), fix)


def each(column: Any, convert: Callable[[Any], Any], kind: pa.DataType | None) -> Any:
    """Return the column with each value converted, a list if the type is None.

    Raises:
        RefusedError: values cannot be converted.

    """
    known: dict[Any, Any] = {None: None}
    failed: dict[Any, str] = {}
    values = column.to_pylist()
    for value in dict.fromkeys(values):
        try:
            known.setdefault(value, None if value is None else convert(value))
        except (ValueError, TypeError, ArithmeticError) as error:
            failed[value] = str(error)
    if failed:
        example = next(iter(failed))
        raise _error(column, sum(value in failed for value in values), example, failed[example])
    found = [known[value] for value in values]
    return found if kind is None else pa.array(found, kind)


def refused_each(column: Any, convert: Callable[[int], Any], error: Exception) -> RefusedError:
    """Return the error of a column that Feast refused, with the rows that it refuses one by one."""
    failed = []
    for at in range(len(column)):
        try:
            convert(at)
        except Exception:  # noqa: BLE001 - Feast raises errors of every type, assertions too
            failed.append(at)
    example = column[failed[0]].as_py() if failed else first(column)
    why = f"{type(error).__name__}: {error}"
    return _error(column, len(failed) or len(column), example, f"Feast says {why}")


def _error(column: Any, count: int, example: Any, fix: str) -> RefusedError:
    shown = repr(example)
    if len(shown) > _LONGEST_EXAMPLE:
        shown = shown[:_LONGEST_EXAMPLE] + "…"
    what = f"{count:,} of {len(column):,} values of type {column.type}, such as {shown},"
    return RefusedError(what, fix)
