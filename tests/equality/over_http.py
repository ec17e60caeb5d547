"""The scoring path over HTTP: `bentoml serve` with a scorer for each case."""

from __future__ import annotations

import base64
import json
import math
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from equality import canonical
from equality.answer import Answer, Features, RefusedError, answer, named
from equality.by_hotplate import Served
from equality.case import PLUGIN
from support.scoring.bento import ServedBento

HERE = Path(__file__).parent / "bento"
KEYS = (int, float, str, bool)


class Bento(ServedBento):
    """`bentoml serve` of the corpus's own bento."""

    def _what(self) -> list[str]:
        return ["service:Equality", "--working-dir", str(HERE)]


@contextmanager
def bento(sides: Sequence[Served], url: str, folder: Path) -> Iterator[str]:
    """Serve the cases; yield the URL."""
    cases = {side.case.name: [side.plan.to_json().decode(), side.case.service] for side in sides}
    file = folder / "cases.json"
    file.write_text(json.dumps({"online": url, "cases": cases}))
    paths = f"{HERE.parents[1]}:{os.environ.get('PYTHONPATH', '')}"
    environment = {"EQUALITY_CASES": str(file), "PYTHONPATH": paths}
    with Bento({}, folder / "home", folder / "log", environment) as served:
        yield served.ready().url


def is_asked(side: Served) -> bool:
    """Whether JSON has the join keys."""
    return all(isinstance(value, KEYS) for row in side.case.rows for value in row.values())


def http_answer(side: Served, feast: Mapping[str, Answer], client: httpx.Client) -> Answer:
    """Return what the bento says, each value as what JSON makes of Feast's."""
    return answer(lambda: _explained(side, feast[PLUGIN], client))


def _explained(side: Served, feast: Answer, client: httpx.Client) -> Iterator[tuple[int, Features]]:
    for number, row in enumerate(side.case.rows):
        response = client.post("/explain", json={"case": side.case.name, "row": dict(row)})
        if response.status_code in (400, 404):
            raise RefusedError(response.text)
        response.raise_for_status()
        like = (feast.rows or {}).get(str(number), {})
        yield number, dict(_values(side, response.json(), like))


def _values(side: Served, said: Any, like: Features) -> Iterator[tuple[str, Any]]:
    """Yield the features; those that are computed are null where a row is referred."""
    views: dict[str, Any] = {k: v for k, v in said["values"].items() if k != "request"}
    flat = {name: value for values in views.values() for name, value in values.items()}
    flat |= {f"{view}__{name}": value for view, row in views.items() for name, value in row.items()}
    for name in side.served:
        value = named(flat, name) if said["decision"] != "Refer" else flat.get(name)
        yield name, _like(value, like.get(name))


def _like(value: Any, feast: Any) -> Any:
    """Return the JSON value in the canonical form that Feast's value has, if it is that."""
    return feast if _ordered(value, feast) == _as_json(feast) else value


def _ordered(value: Any, feast: Any) -> Any:
    """Return the value, a set's items in an order of their own."""
    is_set = isinstance(feast, list) and feast[:1] == ["set"] and isinstance(value, list)
    return sorted(value, key=repr) if is_set else value


def _as_json(feast: Any) -> Any:
    """Return what JSON has for a canonical value."""
    if isinstance(feast, list):
        items = [_as_json(item) for item in feast]
        return sorted(items[1:], key=repr) if items[:1] == ["set"] else items
    if isinstance(feast, dict):
        return {name: _as_json(value) for name, value in feast.items()}
    if feast == canonical.NAN or (isinstance(feast, float) and math.isinf(feast)):
        return None
    if isinstance(feast, bytes):
        return base64.b64encode(feast).decode()
    kind, _, text = feast.partition(" ") if isinstance(feast, str) else ("", "", "")
    if kind in ("time", "UUID", "Decimal"):
        return text.replace("+00:00", "Z")
    return feast
