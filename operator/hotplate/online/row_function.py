"""The function that makes a feature row of replies, as text for one feature service, compiled once.

Python has no faster way to make a dict of given names than a dict display, so one is written out,
as `collections.namedtuple` and `dataclasses` write theirs. For two views of two features and one:

    def row(reply0, reply1, now):
        try:
            v0, v1, t0 = reply0
            v2, t1 = reply1
            u0, r0, _ = times0[t0]
            u1, r1, _ = times1[t1]
            if now <= u0 and now <= u1:
                return Row({'a': d0[v0], 'b': d1[v1], 'c': d2[v2]}, {'x': r0, 'y': r1})
        except (TypeError, ValueError):
            pass
        return otherwise((reply0, reply1), now)

Whatever is not plain (a view is missing or expired, a reply is an error, a value is malformed) is
left to `otherwise`, which tells what it is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Columns:
    """One view of the row: decoders of its features by name, and its event times by their bytes.

    An event time is until when the row counts, what is told of the view until then, and after.
    """

    view: str
    decoders: Mapping[str, Mapping[Any, Any]]
    times: Mapping[Any, tuple[float, Any, Any]]


def row_function(
    columns: Sequence[Columns], row: Callable[..., Any], otherwise: Callable[..., Any]
) -> Callable[..., Any]:
    """Return the function of one reply for each view, and the time now."""
    names = [name for view in columns for name in view.decoders]
    decoders = [decoder for view in columns for decoder in view.decoders.values()]
    known: dict[str, Any] = {"Row": row, "otherwise": otherwise}
    known |= {f"d{at}": decoder for at, decoder in enumerate(decoders)}
    known |= {f"times{at}": view.times for at, view in enumerate(columns)}
    exec(_text(names, columns), known)  # noqa: S102 - names get into the text as literals only
    function: Callable[..., Any] = known["row"]
    return function


def _text(names: Sequence[str], columns: Sequence[Columns]) -> str:
    places = range(len(columns))
    replies = ", ".join(f"reply{at}" for at in places)
    values = ", ".join(f"{name!r}: d{at}[v{at}]" for at, name in enumerate(names))
    found = ", ".join(f"{view.view!r}: r{at}" for at, view in enumerate(columns))
    in_time = " and ".join(f"now <= u{at}" for at in places)
    lines = [
        f"def row({replies}, now):",
        " try:",
        *_unpackings(columns),
        *(f"  u{at}, r{at}, _ = times{at}[t{at}]" for at in places),
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
