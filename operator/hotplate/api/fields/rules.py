"""A rule of a field or a whole model, written once.

The API server evaluates the CEL expression at admission; Python evaluates the predicate when a
manifest is loaded. Both report the same message, which begins with "expected".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic.alias_generators import to_snake
from pydantic_core import PydanticCustomError, core_schema

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
    from pydantic.json_schema import JsonSchemaValue

VALIDATIONS = "x-kubernetes-validations"
RULE_ERROR = "hotplate_rule"


@dataclass(frozen=True, slots=True)
class Rule:
    """CEL over `self`, the message, and the same condition in Python over the validated value.

    `field` names the field of the model that errors point at, in camelCase. A rule that compares
    with `oldSelf` has no predicate, as only the API server knows the old value. A rule without CEL
    is one that the schema itself enforces.
    """

    cel: str | None
    message: str
    holds: Callable[[Any], bool] | None
    field: str = ""

    def check(self, value: Any) -> Any:
        """Return the value if the rule holds, or raise; called where the rule annotates a field."""
        refuse_broken((self,), value)
        return value

    def validations(self) -> list[dict[str, str]]:
        """Return the entry of `x-kubernetes-validations`, or none without CEL."""
        if self.cel is None:
            return []
        place = {"fieldPath": f".{self.field}"} if self.field else {}
        return [{"rule": self.cel, "message": self.message, **place}]

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        return core_schema.no_info_after_validator_function(self.check, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        json_schema = handler(schema)
        json_schema[VALIDATIONS] = [*json_schema.get(VALIDATIONS, ()), *self.validations()]
        return json_schema


def refuse_broken(rules: Iterable[Rule], value: Any) -> None:
    """Raise one validation error that lists every rule the value breaks."""
    broken = [rule for rule in rules if rule.holds is not None and not rule.holds(value)]
    if broken:
        problems = [(rule.field, rule.message) for rule in broken]
        text = "; ".join(rule.message for rule in broken)
        raise PydanticCustomError(RULE_ERROR, "{text}", {"text": text, "problems": problems})


def matching(pattern: str, message: str) -> Rule:
    """Return the rule that a whole string matches a pattern in the syntax of RE2 and Python."""
    compiled = re.compile(pattern)
    return Rule(
        f"self.matches(r'^(?:{pattern})$')",
        message,
        lambda value: compiled.fullmatch(value) is not None,
    )


def exactly_one_of(*fields: str) -> Rule:
    """Return the rule that exactly one of these fields is given."""
    return Rule(
        f"{_count(fields)} == 1", f"expected exactly one of {_listed(fields)}", _given(fields, 1, 1)
    )


def at_most_one_of(*fields: str) -> Rule:
    """Return the rule that at most one of these fields is given."""
    return Rule(
        f"{_count(fields)} <= 1", f"expected at most one of {_listed(fields)}", _given(fields, 0, 1)
    )


def at_least_one_of(*fields: str) -> Rule:
    """Return the rule that at least one of these fields is given."""
    return Rule(
        f"{_count(fields)} >= 1",
        f"expected at least one of {_listed(fields)}",
        _given(fields, 1, len(fields)),
    )


def each_once(field: str, key: str = "name") -> Rule:
    """Return the rule that no two entries of a list share a key; its schema is a list map."""
    attribute = to_snake(field)

    def unique(model: Any) -> bool:
        keys = [getattr(entry, key) for entry in getattr(model, attribute)]
        return len(set(keys)) == len(keys)

    return Rule(None, f"expected each {key} only once", unique, field)


def unchangeable(field: str, why: str) -> Rule:
    """Return the rule that an update does not change the field."""
    return Rule(
        f"self.{field} == oldSelf.{field}",
        f"expected {field} to stay unchanged: {why}",
        None,
        field,
    )


def _count(fields: Iterable[str]) -> str:
    return f"[{', '.join(f'has(self.{field})' for field in fields)}].filter(given, given).size()"


def _given(aliases: tuple[str, ...], least: int, most: int) -> Callable[[Any], bool]:
    def holds(model: Any) -> bool:
        fields = type(model).model_fields.items()
        given = [name for name, field in fields if field.alias in aliases]
        return least <= sum(getattr(model, name) is not None for name in given) <= most

    return holds


def _listed(fields: tuple[str, ...]) -> str:
    return f"{', '.join(fields[:-1])} and {fields[-1]}"
