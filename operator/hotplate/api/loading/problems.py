"""Validation errors as lines that a person can act on: path, value, and what was expected."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, get_args

from pydantic import BaseModel, ValidationError

from hotplate.api.fields.rules import RULE_ERROR

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

_TYPES = {
    "int_type": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "string_type": "text (in quotes, if it looks like a number)",
    "model_type": "a map of fields",
    "model_attributes_type": "a map of fields",
    "dict_type": "a map",
    "tuple_type": "a list",
}
_LIMITS = {
    "greater_than_equal": "{ge} or more",
    "less_than_equal": "{le} or less",
    "too_long": "at most {max_length} entries",
    "string_too_long": "at most {max_length} characters",
    "string_too_short": "at least {min_length} characters",
    "enum": "{expected}",
    "literal_error": "{expected}",
}
_LONGEST_VALUE = 60


def problems(error: ValidationError, model: type[BaseModel]) -> Iterator[str]:
    """Yield a line for each problem that validation found in the model's document."""
    for details in error.errors(include_url=False):
        location = details["loc"]
        if details["type"] == RULE_ERROR:
            yield from _broken_rules(details)
        elif details["type"] == "extra_forbidden":
            yield f"{_path(location)}: unknown field: {_closest(model, location)}"
        elif details["type"] == "missing":
            yield f"{_path(location)}: missing: {_description(model, location)}"
        else:
            yield f"{_path(location)}: {_input(details)}: {_expected(details)}"


def nulls(value: Any, path: str) -> Iterator[str]:
    """Yield a line for each field without a value, which the API server refuses as well."""
    if value is None:
        yield f"{path}: null: expected a value ({{}} for an empty map), or no such field"
    elif isinstance(value, Mapping):
        for key, part in value.items():
            yield from nulls(part, f"{path}.{key}")
    elif isinstance(value, list):
        for position, part in enumerate(value):
            yield from nulls(part, f"{path}[{position}]")


def _broken_rules(details: ErrorDetails) -> Iterator[str]:
    for field, message in details["ctx"]["problems"]:
        location = (*details["loc"], field) if field else details["loc"]
        value = _value_at(details["input"], field)
        yield f"{_path(location)}: {_text(value)}: {message}"


def _value_at(value: Any, field: str) -> Any:
    return value.get(field) if field and isinstance(value, dict) else value


def _path(location: Sequence[int | str]) -> str:
    path = ""
    for part in location:
        path += f"[{part}]" if isinstance(part, int) else f".{part}"
    return path.lstrip(".") or "the document"


def _input(details: ErrorDetails) -> str:
    """Return the value, in quotes if its type is wrong."""
    value = details["input"]
    return json.dumps(value, default=str) if details["type"] in _TYPES else _text(value)


def _text(value: Any) -> str:
    if value is None:
        return "missing"
    text = value if isinstance(value, str) and value else json.dumps(value, default=str)
    return text if len(text) <= _LONGEST_VALUE else f"{text[: _LONGEST_VALUE - 1]}…"


def _expected(details: ErrorDetails) -> str:
    kind, context = details["type"], details.get("ctx", {})
    if kind in _TYPES:
        return f"expected {_TYPES[kind]}"
    if kind in _LIMITS:
        return f"expected {_LIMITS[kind].format(**context)}"
    return details["msg"].replace("Input should be", "expected")


def _closest(model: type[BaseModel], location: Sequence[int | str]) -> str:
    known = [field.alias or name for name, field in _fields_at(model, location[:-1])]
    close = get_close_matches(str(location[-1]), known, n=1)
    if close:
        return f"did you mean {close[0]}?"
    return f"expected {', '.join(known)}" if known else "expected no fields"


def _description(model: type[BaseModel], location: Sequence[int | str]) -> str:
    for name, field in _fields_at(model, location[:-1]):
        if location[-1] in (field.alias, name) and field.description:
            first_sentence, _, _ = field.description.partition(". ")
            return f"expected a value: {first_sentence.rstrip('.')}"
    return "expected a value"


def _fields_at(model: type[BaseModel], location: Sequence[int | str]) -> list[tuple[str, Any]]:
    """Return the fields of the model at a location within another."""
    found: type[BaseModel] | None = model
    for part in location:
        if isinstance(part, str) and found is not None:
            found = _field_model(found, part)
    return list(found.model_fields.items()) if found else []


def _field_model(model: type[BaseModel], alias: str) -> type[BaseModel] | None:
    for name, field in model.model_fields.items():
        if alias in (field.alias, name):
            return _model_in(field.annotation)
    return None


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next(filter(None, map(_model_in, get_args(annotation))), None)
