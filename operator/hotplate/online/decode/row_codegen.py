"""The functions that make feature rows, as text for one feature service, compiled once.

Python has no faster way to make a dict of given names than a dict display, so one is written out,
as `collections.namedtuple` and `dataclasses` write theirs. For two views of two features and one:

    def row(reply0, reply1, now):
        try:
            v0, v1, t0 = reply0
            v2, t1 = reply1
            w0 = when(t0)
            w1 = when(t1)
            if now <= w0 + 3600 and now <= w1 + inf:
                return new(Row, (
                    {'a': d0[v0], 'b': d1[v1], 'c': d2[v2]},
                    {'x': new(View, (present, w0)), 'y': new(View, (present, w1))},
                ))
        except (TypeError, ValueError):
            pass
        return otherwise((reply0, reply1), now)

`Row` and `View` are named tuples, made without a call of their own constructors. Whatever is not
plain (a view is missing or expired, a reply is an error, a value is malformed) is left to
`otherwise`, which tells what it is. Many plain rows are made by a like function of columns.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import repeat
from math import inf
from typing import Any

from hotplate.online.layout.dtypes import Decoder


@dataclass(frozen=True)
class Columns:
    """One view of the row: decoders of its features by name; a ttl of 0 never ends."""

    view: str
    decoders: Mapping[str, Decoder]
    ttl_seconds: int


def row_function(columns: Sequence[Columns], made_of: Mapping[str, Any]) -> Callable[..., Any]:
    """Return the function of one reply for each view, and the time now.

    It is made of the functions and values `Row`, `View`, `present`, `when` and `otherwise`.
    """
    decoders = [decoder for view in columns for decoder in view.decoders.values()]
    known = {f"d{at}": decoder for at, decoder in enumerate(decoders)}
    return _compiled("row", _row_text(columns), {**made_of, **known, "inf": inf})


def table_function(columns: Sequence[Columns], made_of: Mapping[str, Any]) -> Callable[..., Any]:
    """Return the function of one column of values for each feature, and one of times for each view.

    It returns the list of their rows, all of them present, and is made of `Row`, `View` and
    `present`.
    """
    values = ", ".join(f"v{at}" for at in range(len(_names(columns))))
    times = ", ".join(f"w{at}" for at in range(len(columns)))
    found = ", ".join(
        f"map(new, repeat(View), zip(repeat(present), w{at}))" for at in range(len(columns))
    )
    text = f"""
def table({values}, {times}):
    values = [{{{_values(columns, "v{at}")}}} for {values}, in zip({values})]
    views = [{{{_found(columns, "w{n}")}}} for {times}, in zip({found})]
    return [*map(new, repeat(Row), zip(values, views))]
"""
    return _compiled("table", text, {**made_of, "repeat": repeat})


def _compiled(name: str, text: str, known: Mapping[str, Any]) -> Callable[..., Any]:
    place = {**known, "new": tuple.__new__}
    exec(text, place)  # noqa: S102 - names of features get into the text as literals only
    function: Callable[..., Any] = place[name]
    return function


def _names(columns: Sequence[Columns]) -> list[str]:
    return [name for view in columns for name in view.decoders]


def _values(columns: Sequence[Columns], value: str) -> str:
    """Return what stands in the dict of values, each written as `value` has it."""
    pairs = enumerate(_names(columns))
    return ", ".join(f"{name!r}: {value.format(at=at)}" for at, name in pairs)


def _found(columns: Sequence[Columns], read: str) -> str:
    """Return what stands in the dict of views, each written as `read` has it."""
    return ", ".join(f"{view.view!r}: {read.format(n=n)}" for n, view in enumerate(columns))


def _row_text(columns: Sequence[Columns]) -> str:
    places = range(len(columns))
    replies = ", ".join(f"reply{at}" for at in places)
    values, found = _values(columns, "d{at}[v{at}]"), _found(columns, "new(View, (present, w{n}))")
    ends = (view.ttl_seconds or "inf" for view in columns)
    in_time = " and ".join(f"now <= w{at} + {end}" for at, end in enumerate(ends))
    lines = [
        f"def row({replies}, now):",
        " try:",
        *_unpackings(columns),
        *(f"  w{at} = when(t{at})" for at in places),
        f"  if {in_time}:",
        f"   return new(Row, ({{{values}}}, {{{found}}}))",
        " except (TypeError, ValueError):",
        "  pass",
        f" return otherwise(({replies},), now)",
    ]
    return "\n".join(lines)


def _unpackings(columns: Sequence[Columns]) -> list[str]:
    """Return the lines that give names to stored values; another number of them is refused."""
    lines, first = [], 0
    for at, view in enumerate(columns):
        after = first + len(view.decoders)
        stored = "".join(f"v{n}, " for n in range(first, after))
        lines.append(f"  {stored}t{at}, = reply{at}")
        first = after
    return lines
