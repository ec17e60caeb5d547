"""A model as a structural schema, the form of OpenAPI v3 that a CustomResourceDefinition takes."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

Schema = dict[str, Any]

_DROPPED = {"title", "$defs"}


def structural_schema(model: type[BaseModel]) -> Schema:
    """Return the model's schema with references inlined, and without null and unknown keywords."""
    schema = model.model_json_schema(by_alias=True, mode="validation")
    return _structural(schema, schema.get("$defs", {}))


def _structural(schema: Schema, definitions: dict[str, Schema]) -> Schema:
    merged = _merged(schema, definitions)
    result = {key: value for key, value in merged.items() if key not in _DROPPED}
    if "const" in result:
        result["enum"] = [result.pop("const")]
    if result.get("additionalProperties") in (True, False):
        del result["additionalProperties"]
    if result.get("default", 0) is None:
        del result["default"]
    if "properties" in result:
        result["properties"] = {
            name: _structural(part, definitions) for name, part in result["properties"].items()
        }
    for key in ("items", "additionalProperties"):
        if key in result:
            result[key] = _structural(result[key], definitions)
    return result


def _merged(schema: Schema, definitions: dict[str, Schema]) -> Schema:
    """Return the schema merged with what it refers to; its own keys win, and null is dropped."""
    if "$ref" in schema:
        target = definitions[schema["$ref"].rpartition("/")[2]]
        own = {key: value for key, value in schema.items() if key != "$ref"}
        return {**_merged(target, definitions), **own}
    if "anyOf" in schema:
        (some,) = (part for part in schema["anyOf"] if part.get("type") != "null")
        own = {key: value for key, value in schema.items() if key != "anyOf"}
        return {**_merged(some, definitions), **own}
    return schema
