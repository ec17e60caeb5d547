"""Feast's Redis connection strings: `host:port,host:port,name=value,...`.

Feast splits at every comma and decodes every value as JSON, which breaks passwords that contain a
comma or look like a number. Here a comma starts a parameter only before the name of one, and text
stays text. A value in double quotes is a JSON string and may contain anything.
"""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Iterator
from typing import Any

from redis import Redis
from redis.cluster import RedisCluster
from redis.sentinel import Sentinel

TEXT_PARAMETERS = frozenset({"password", "username", "client_name"})


def parse_connection_string(text: str) -> tuple[list[dict[str, str]], dict[str, Any]]:
    """Return the nodes, each with `host` and `port`, and the parameters for redis-py."""
    start = _NEXT_PARAMETER.search("," + text)
    nodes, rest = (text, "") if start is None else (text[: start.start()], text[start.start() :])
    parameters = {name: _value(name, value) for name, value in _split(rest)}
    return [_node(node) for node in nodes.strip(",").split(",") if node], parameters


def for_feast(text: str) -> str:
    """Return the connection string in the form that Feast's own parser reads correctly."""
    nodes, parameters = parse_connection_string(text)
    places = [":".join(node.values()) for node in nodes]
    return ",".join([*places, *(f"{name}={quoted(value)}" for name, value in parameters.items())])


def quoted(value: Any) -> str:
    """Return the value quoted for Feast, which splits at commas, then decodes JSON."""
    return json.dumps(value).replace(",", "\\u002c")


def _node(node: str) -> dict[str, str]:
    host, _, port = node.rpartition(":")
    return {"host": host.strip("[]"), "port": port} if host else {"host": node}


def _split(text: str) -> Iterator[tuple[str, str]]:
    """Yield names and values as written."""
    while text:
        name, _, text = text.partition("=")
        value, text = _cut(text)
        yield name, value


def _cut(text: str) -> tuple[str, str]:
    """Return the first value of the text, and the text after its comma."""
    if text.startswith('"'):
        try:
            _, end = json.JSONDecoder().raw_decode(text)
        except json.JSONDecodeError:
            end = 0
        if end and text[end : end + 1] in ("", ","):
            return text[:end], text[end + 1 :]
    following = _NEXT_PARAMETER.search(text)
    if following is None:
        return text, ""
    return text[: following.start()], text[following.start() + 1 :]


def _value(name: str, value: str) -> Any:
    if name in TEXT_PARAMETERS and not value.startswith('"'):
        return value
    try:
        return json.loads(value)
    except json.JSONDecodeError:
        return value


def _parameter_names() -> frozenset[str]:
    made = (Redis.__init__, RedisCluster.__init__, Sentinel.__init__)
    names = {name for each in made for name in inspect.signature(each).parameters}
    return frozenset(names - {"self", "kwargs", "args"}) | {"skip_full_coverage_check"}


_NEXT_PARAMETER = re.compile(rf",(?=(?:{'|'.join(sorted(_parameter_names()))})=)")
