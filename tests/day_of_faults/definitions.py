"""The definitions after each push, and the sources that they name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from day_of_faults.script import Row, Script

COLUMNS = 6
"""Columns that pushes may add as features."""

GROUPS = 4
"""Entities by which the views are keyed: several views share the keys of each."""

REMOVED_VIEW, THINNED_VIEW = 3, 2
"""Views of which a destructive push takes all, or a feature."""

_HEAD = """
from datetime import timedelta

from feast import Entity, FeatureService, FeatureView, Field, FileSource, ValueType
from feast.types import Float64, Int64

"""


@dataclass(frozen=True)
class Push:
    """The definitions as a text, and what they lack that a live model reads."""

    text: str
    takes: str | None


def name_of(view: int) -> str:
    return f"v{view:02d}"


def value_of(feature: str, serial: int) -> float:
    """Return the value of a feature in the row of that serial."""
    if feature == "serial":
        return serial
    return serial / 2 if feature == "amount" else serial * 10 + int(feature.removeprefix("c"))


def push(script: Script, number: int, data: Path) -> Push:
    """Return the definitions of a push: a feature or a tag more than before, or something less."""
    features = {view: ["serial", "amount"] for view in range(script.views)}
    for each in range(1, number + 1):
        own = features[each * 7 % script.views]
        if each % 2 and each not in script.destructive and len(own) < COLUMNS + 2:
            own.append(f"c{len(own) - 2}")
    takes = None
    if number in script.destructive:
        takes = _take(features, is_view=script.destructive.index(number) == 1)
    return Push(_HEAD + "\n".join(_lines(script, features, number, data)), takes)


def _take(features: dict[int, list[str]], *, is_view: bool) -> str:
    if is_view:
        del features[REMOVED_VIEW]
        return f"{name_of(REMOVED_VIEW)}:serial"
    features[THINNED_VIEW].remove("amount")
    return f"{name_of(THINNED_VIEW)}:amount"


def _lines(
    script: Script, features: dict[int, list[str]], number: int, data: Path
) -> Iterator[str]:
    for group in range(min(GROUPS, script.views)):
        yield f'e{group} = Entity(name="e{group}", value_type=ValueType.INT64)'
    for view, own in features.items():
        yield _view(view, own, f"{number}" if number * 3 % script.views == view else "", data)
    names = ", ".join(map(name_of, features))
    yield f'served = FeatureService(name="served", features=[{names}])'


def _view(view: int, features: Iterable[str], tag: str, data: Path) -> str:
    name, entity = name_of(view), f"e{view % GROUPS}"
    types = {"amount": "Float64"}
    fields = "".join(
        f'Field(name="{each}", dtype={types.get(each, "Int64")}), ' for each in features
    )
    return f"""{name} = FeatureView(
    name="{name}", entities=[{entity}], ttl=timedelta(days=3), tags={{"push": "{tag}"}},
    schema=[Field(name="{entity}", dtype=Int64), {fields}],
    source=FileSource(
        name="{name}", path="{data / name}.parquet",
        timestamp_field="event_timestamp", created_timestamp_column="created",
    ),
)"""


def write_source(view: int, rows: Iterable[Row], data: Path) -> None:
    """Write all rows that a view's source has by now, at once as `os.replace` does."""
    entity, rows = f"e{view % GROUPS}", list(rows)
    frame = pd.DataFrame(
        {
            entity: [row.entity for row in rows],
            **{
                name: [value_of(name, row.serial) for row in rows]
                for name in ("serial", "amount", *(f"c{each}" for each in range(COLUMNS)))
            },
            "event_timestamp": pd.to_datetime([row.event for row in rows]),
            "created": pd.to_datetime([row.created for row in rows]),
        }
    )
    frame.to_parquet(data / f"{name_of(view)}.parquet")
