"""The functions that build feature rows, generated for one feature service and compiled once.

A dict display is the fastest way to build a dict of known names, so the code is generated with one,
as `collections.namedtuple` and `dataclasses` generate theirs. For two views with three features:

    def row(reply0, reply1, now):
        try:
            v0, v1, t0 = reply0
            v2, t1 = reply1
            w0 = when(t0)
            w1 = when(t1)
            if w0 - 300 <= now <= w0 + 3600 and w1 - 300 <= now <= w1 + inf:
                return new(Row, (
                    {'a': d0[v0], 'b': d1[v1], 'c': d2[v2]},
                    {'x': new(View, (present, w0)), 'y': new(View, (present, w1))},
                ))
        except (TypeError, ValueError):
            pass
        return fallback((reply0, reply1), now)

`Row` and `View` are named tuples, built without calling their constructors. If a view is missing,
expired or of the future, a reply is an error or a value is malformed, `fallback` reports the exact
status. Rows of a batch are built by a similar function of columns.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import repeat
from math import inf
from typing import Any

from hotplate.online.layout.dtypes import Decoder
from hotplate.online.layout.timestamps import MOST_AHEAD_SECONDS


@dataclass(frozen=True)
class Columns:
    """One view of the row: decoders of its features by name; a ttl of 0 never expires."""

    view: str
    decoders: Mapping[str, Decoder]
    ttl_seconds: int


def row_function(columns: Sequence[Columns], namespace: Mapping[str, Any]) -> Callable[..., Any]:
    """Return the function from a reply per view and the current time to a row.

    `namespace` has `Row`, `View`, `present`, `when` and `fallback`, which the code uses.
    """
    decoders = [decoder for view in columns for decoder in view.decoders.values()]
    known = {f"d{at}": decoder for at, decoder in enumerate(decoders)}
    return _compiled("row", _row_text(columns), {**namespace, **known, "inf": inf})


def batch_function(columns: Sequence[Columns], namespace: Mapping[str, Any]) -> Callable[..., Any]:
    """Return the function from columns of values per feature and of times per view to rows.

    All rows are present. `namespace` has `Row`, `View` and `present`, which the code uses.
    """
    values = ", ".join(f"v{at}" for at in range(len(_names(columns))))
    times = ", ".join(f"w{at}" for at in range(len(columns)))
    found = ", ".join(
        f"map(new, repeat(View), zip(repeat(present), w{at}))" for at in range(len(columns))
    )
    text = f"""
def batch({values}, {times}):
    values = [{{{_values(columns, "v{at}")}}} for {values}, in zip({values})]
    views = [{{{_found(columns, "w{n}")}}} for {times}, in zip({found})]
    return [*map(new, repeat(Row), zip(values, views))]
"""
    return _compiled("batch", text, {**namespace, "repeat": repeat})


def _compiled(name: str, text: str, known: Mapping[str, Any]) -> Callable[..., Any]:
    scope = {**known, "new": tuple.__new__}
    exec(text, scope)  # noqa: S102 - names of features get into the text as literals only
    function: Callable[..., Any] = scope[name]
    return function


def _names(columns: Sequence[Columns]) -> list[str]:
    return [name for view in columns for name in view.decoders]


def _values(columns: Sequence[Columns], value: str) -> str:
    """Return the items of the dict of values; `value` is the expression of one, with {at}."""
    pairs = enumerate(_names(columns))
    return ", ".join(f"{name!r}: {value.format(at=at)}" for at, name in pairs)


def _found(columns: Sequence[Columns], read: str) -> str:
    """Return the items of the dict of views; `read` is the expression of one, with {n}."""
    return ", ".join(f"{view.view!r}: {read.format(n=n)}" for n, view in enumerate(columns))


def _row_text(columns: Sequence[Columns]) -> str:
    places = range(len(columns))
    replies = ", ".join(f"reply{at}" for at in places)
    values, found = _values(columns, "d{at}[v{at}]"), _found(columns, "new(View, (present, w{n}))")
    ends = (view.ttl_seconds or "inf" for view in columns)
    in_time = " and ".join(
        f"w{at} - {MOST_AHEAD_SECONDS} <= now <= w{at} + {end}" for at, end in enumerate(ends)
    )
    lines = [
        f"def row({replies}, now):",
        " try:",
        *_unpackings(columns),
        *(f"  w{at} = when(t{at})" for at in places),
        f"  if {in_time}:",
        f"   return new(Row, ({{{values}}}, {{{found}}}))",
        " except (TypeError, ValueError):",
        "  pass",
        f" return fallback(({replies},), now)",
    ]
    return "\n".join(lines)


def _unpackings(columns: Sequence[Columns]) -> list[str]:
    """Return the lines that unpack the stored values; a wrong number of them raises."""
    lines, first = [], 0
    for at, view in enumerate(columns):
        after = first + len(view.decoders)
        stored = "".join(f"v{n}, " for n in range(first, after))
        lines.append(f"  {stored}t{at}, = reply{at}")
        first = after
    return lines
