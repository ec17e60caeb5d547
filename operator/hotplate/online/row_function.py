"""The function that makes a feature row of replies, as text for one feature service, compiled once.

Python has no faster way to make a dict of given names than a dict display, so one is written out,
as `collections.namedtuple` and `dataclasses` write theirs. For two views of two features and one:

    def row(reply0, reply1, now):
        try:
            v0, v1, t0 = reply0
            v2, t1 = reply1
            w0 = when(t0)
            w1 = when(t1)
            if now <= w0 + 3600 and now <= w1 + inf:
                return Row(
                    {'a': d0[v0], 'b': d1[v1], 'c': d2[v2]},
                    {'x': View(present, w0), 'y': View(present, w1)},
                )
        except (TypeError, ValueError):
            pass
        return otherwise((reply0, reply1), now)

Whatever is not plain (a view is missing or expired, a reply is an error, a value is malformed) is
left to `otherwise`, which tells what it is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import inf
from typing import Any


@dataclass(frozen=True)
class Columns:
    """One view of the row: decoders of its features by name; a ttl of 0 never ends."""

    view: str
    decoders: Mapping[str, Mapping[Any, Any]]
    ttl_seconds: int


def row_function(columns: Sequence[Columns], made_of: Mapping[str, Any]) -> Callable[..., Any]:
    """Return the function of one reply for each view, and the time now.

    It is made of the functions and values `Row`, `View`, `present`, `when` and `otherwise`.
    """
    names = [name for view in columns for name in view.decoders]
    decoders = [decoder for view in columns for decoder in view.decoders.values()]
    known = {**made_of, "inf": inf}
    known |= {f"d{at}": decoder for at, decoder in enumerate(decoders)}
    exec(_text(names, columns), known)  # noqa: S102 - names get into the text as literals only
    function: Callable[..., Any] = known["row"]
    return function


def _text(names: Sequence[str], columns: Sequence[Columns]) -> str:
    places = range(len(columns))
    replies = ", ".join(f"reply{at}" for at in places)
    values = ", ".join(f"{name!r}: d{at}[v{at}]" for at, name in enumerate(names))
    found = ", ".join(f"{view.view!r}: View(present, w{n})" for n, view in enumerate(columns))
    ends = (view.ttl_seconds or "inf" for view in columns)
    in_time = " and ".join(f"now <= w{at} + {end}" for at, end in enumerate(ends))
    lines = [
        f"def row({replies}, now):",
        " try:",
        *_unpackings(columns),
        *(f"  w{at} = when(t{at})" for at in places),
        f"  if {in_time}:",
        f"   return Row({{{values}}}, {{{found}}})",
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
