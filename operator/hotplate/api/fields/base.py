"""The base of all models, and the types that several of them share."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, Any, ClassVar, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    PlainSerializer,
    TypeAdapter,
    WithJsonSchema,
    model_validator,
)
from pydantic.alias_generators import to_camel
from pydantic.config import JsonDict
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError

from hotplate.api.fields.rules import RULE_ERROR, VALIDATIONS, Rule, matching, refuse_broken

_UNITS = {
    "d": timedelta(days=1),
    "h": timedelta(hours=1),
    "m": timedelta(minutes=1),
    "s": timedelta(seconds=1),
    "ms": timedelta(milliseconds=1),
}
_DURATION = re.compile(r"(?:[0-9]{1,9}(?:ms|s|m|h|d))+")
_EXPECTED_DURATION = "expected a duration greater than 0, such as 10ms, 90s, 1h30m or 30d"


def parse_duration(text: str) -> timedelta:
    """Return the duration in text such as `1h30m`; the units are ms, s, m, h and d."""
    if not _DURATION.fullmatch(text):
        raise ValueError(_EXPECTED_DURATION)
    parts = re.findall(r"([0-9]+)(ms|s|m|h|d)", text)
    return sum((int(count) * _UNITS[unit] for count, unit in parts), timedelta())


def format_duration(duration: timedelta) -> str:
    """Return the duration as text, largest unit first; whole milliseconds."""
    rest, parts = duration, []
    for unit, length in _UNITS.items():
        count, rest = divmod(rest, length)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"


def _duration(value: Any) -> timedelta:
    duration = value
    if isinstance(value, str) and _DURATION.fullmatch(value):
        duration = parse_duration(value)
    if not isinstance(duration, timedelta) or duration <= timedelta():
        raise PydanticCustomError(
            RULE_ERROR,
            "{text}",
            {"text": _EXPECTED_DURATION, "problems": [("", _EXPECTED_DURATION)]},
        )
    return duration


Duration = Annotated[
    timedelta,
    BeforeValidator(_duration),
    PlainSerializer(format_duration, return_type=str),
    WithJsonSchema(
        {
            "type": "string",
            "format": "duration",
            "maxLength": 32,
            "pattern": f"^{_DURATION.pattern.replace('?:', '')}$",
            VALIDATIONS: [{"rule": "self > duration('0s')", "message": _EXPECTED_DURATION}],
        }
    ),
]
"""More than zero; written such as `10ms`, `1h30m`, `30d`."""

DnsName = Annotated[
    str,
    Field(max_length=253),
    matching(
        r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?",
        "expected a Kubernetes name: lower case letters, digits, '-' and '.'",
    ),
]
Quantity = Annotated[
    str,
    Field(max_length=32),
    matching(
        r"[0-9]+(\.[0-9]+)?(m|k|Ki|M|Mi|G|Gi|T|Ti)?",
        "expected a Kubernetes quantity, such as 500m or 2Gi",
    ),
]
Identifier = Annotated[
    str,
    Field(max_length=128),
    matching(
        r"[A-Za-z_][A-Za-z0-9_-]*",
        "expected letters, digits, '_' and '-', not starting with a digit",
    ),
]
Text = Annotated[str, Field(min_length=1, max_length=1024)]
Digest = Annotated[
    str,
    Field(max_length=71),
    matching(r"sha256:[0-9a-f]{64}", "expected sha256: and 64 hex digits, as in status"),
]


def list_map(key: str) -> JsonDict:
    """Return what the schema of a list says when a key identifies its entries."""
    return {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": [key]}


class Model(BaseModel):
    """A frozen part of a resource: camelCase in manifests, snake_case in Python."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
    )

    rules: ClassVar[tuple[Rule, ...]] = ()

    @model_validator(mode="after")
    def _keep_rules(self) -> Self:
        refuse_broken(self.rules, self)
        return self

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        json_schema = handler.resolve_ref_schema(handler(schema))
        for name, field in cls.model_fields.items():
            if not field.is_required() and field.get_default(call_default_factory=True) is not None:
                json_schema["properties"][field.alias or name]["default"] = _default(cls, name)
        validations = [entry for rule in cls.rules for entry in rule.validations()]
        if validations:
            json_schema[VALIDATIONS] = validations
        return json_schema


class Reported(Model):
    """A part of a status; fields that a newer operator wrote are ignored."""

    model_config = ConfigDict(extra="ignore")


def _default(model: type[Model], name: str) -> Any:
    field = model.model_fields[name]
    adapter: TypeAdapter[Any] = TypeAdapter(field.rebuild_annotation())
    return adapter.dump_python(
        field.get_default(call_default_factory=True),
        mode="json",
        by_alias=True,
        exclude_none=True,
    )


class ObjectMeta(BaseModel):
    """The metadata that Hotplate reads; all other fields of Kubernetes are accepted."""

    model_config = ConfigDict(
        frozen=True,
        extra="allow",
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
    )

    name: DnsName
    namespace: str | None = None
    uid: str | None = None
    generation: int | None = None
    annotations: dict[str, str] = Field(default_factory=dict)
    finalizers: tuple[str, ...] = ()


class LocalRef(Model):
    """The name of an object in the same namespace."""

    name: DnsName = Field(description="Name of the object in the resource's namespace.")


class KeyRef(Model):
    """A key of a Secret or ConfigMap in the same namespace."""

    name: DnsName = Field(description="Name of the object in the resource's namespace.")
    key: Text = Field(description="Key in the object's data.")
