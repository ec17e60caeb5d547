"""The floor of a scoring service: bare ASGI with the same reader and the same model."""

from __future__ import annotations

import json
import os
from typing import Any

from hotplate.model.feature_contract import requested
from hotplate.online import OnlineReader
from hotplate.online.decode.on_demand import RowValues
from hotplate.serving.connection import connection
from hotplate.serving.loading import load_model, load_settings

_parts: dict[str, Any] = {}


async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Answer POST with a decision."""
    if scope["type"] == "lifespan":
        await _lifespan(receive, send)
        return
    if scope["method"] == "GET":
        await _answer(send, {})
        return
    request = json.loads((await receive())["body"])
    (row,) = await _parts["reader"].read([request], 0.25)
    values = _parts["values"](request, row.values)
    probability = _parts["model"].probabilities([values])[0]
    decision = "Reject" if probability >= _parts["model"].contract.threshold else "Approve"
    await _answer(send, {"decision": decision, "probability": probability})


async def _lifespan(receive: Any, send: Any) -> None:
    await receive()
    settings = load_settings(os.environ)
    plan, _parts["model"] = load_model(settings)
    store = connection(settings.online, os.environ)
    _parts["reader"] = OnlineReader(plan, settings.feature_service, store)
    _parts["values"] = RowValues(plan, requested(_parts["model"].contract))
    await send({"type": "lifespan.startup.complete"})


async def _answer(send: Any, content: dict[str, Any]) -> None:
    body = json.dumps(content).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})
