"""The reference of both resources as Markdown, from the schemas that the API server checks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hotplate.api.render.structural_schema import Schema, structural_schema
from hotplate.api.v1alpha1 import names
from hotplate.api.v1alpha1.feature_store import FeatureStore
from hotplate.api.v1alpha1.model_deployment import ModelDeployment

_HEADER = "<!-- Generated from operator/hotplate/api by `make docs`; do not edit. -->\n"
_HOW = (
    "Fields in **bold** are required. Durations are written like `10ms`, `90s`, `1h30m` or `30d`."
)
_VALIDATIONS = "x-kubernetes-validations"
_LIMITS = {
    "minimum": "at least {}",
    "maximum": "at most {}",
    "maxItems": "at most {} entries",
}


def references() -> dict[str, str]:
    """Return the Markdown of each resource's reference by its file name."""
    return {
        f"{model.__name__.lower()}.md": _reference(model)
        for model in (FeatureStore, ModelDeployment)
    }


def _reference(model: type[FeatureStore | ModelDeployment]) -> str:
    schema = structural_schema(model)
    identity = f"`apiVersion: {names.API_VERSION}`, `kind: {model.__name__}`."
    lines = [_HEADER, f"# {model.__name__}", "", schema["description"], "", f"{identity} {_HOW}"]
    for part in ("spec", "status"):
        lines += _sections(part, schema["properties"][part])
    return "\n".join(lines) + "\n"


def _sections(path: str, schema: Schema) -> Iterator[str]:
    """Yield the lines of an object, then of the objects in it."""
    yield from ("", f"## {path}" if "." not in path else f"### {path}", "")
    yield from (schema["description"], "")
    yield from (f"- {_capital(rule)}" for rule in _rules(schema))
    if any(_rules(schema)):
        yield ""
    fields = schema.get("properties", {})
    if fields:
        yield from ("| field | type | default | |", "|---|---|---|---|")
        required = schema.get("required", ())
        yield from (_row(name, part, name in required) for name, part in fields.items())
    for name, part in fields.items():
        inner = _object_in(part)
        if inner.get("properties"):
            yield from _sections(f"{path}.{name}{_brackets(part)}", _described(inner, part))


def _described(inner: Schema, outer: Schema) -> Schema:
    """Return the object of a field with the field's description, which is more specific."""
    return inner | {"description": outer.get("description") or inner.get("description", "")}


def _row(name: str, schema: Schema, required: bool) -> str:
    shown = f"**{name}**" if required else name
    text = " ".join(str(schema.get("description", "")).split())
    about = " ".join((text, *(f"{_capital(rule)}." for rule in _own_rules(schema))))
    cells = (shown, _type(schema), _default(schema), about.strip())
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _own_rules(schema: Schema) -> list[str]:
    """Return the rules of a field that has no section of its own."""
    if _object_in(schema).get("properties"):
        return _limits(schema)
    items = schema.get("items", {})
    return list(dict.fromkeys([*_rules(schema), *_limits(schema), *_rules(items)]))


def _rules(schema: Schema) -> list[str]:
    return [str(rule["message"]) for rule in schema.get(_VALIDATIONS, ())]


def _capital(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}"


def _limits(schema: Schema) -> list[str]:
    return [text.format(schema[key]) for key, text in _LIMITS.items() if key in schema]


def _type(schema: Schema) -> str:
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"])
    kind = schema.get("type", "any")
    if kind == "array":
        return f"list of {_type(schema['items'])}"
    if isinstance(schema.get("additionalProperties"), dict):
        return f"map of {_type(schema['additionalProperties'])}"
    return {"duration": "duration", "date-time": "time"}.get(schema.get("format", ""), str(kind))


def _default(schema: Schema) -> str:
    """Return the default as written in a manifest; an object's is listed field by field."""
    value: Any = schema.get("default")
    if value in (None, (), [], {}, "") or isinstance(value, dict):
        return ""
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def _object_in(schema: Schema) -> Schema:
    """Return the object that a field holds: itself, or an entry of its list or map."""
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), dict):
            inner: Schema = schema[key]
            return inner
    return schema


def _brackets(schema: Schema) -> str:
    return "[]" if "items" in schema else ""
