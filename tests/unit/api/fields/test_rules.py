"""Each rule of the resources accepts one document and refuses another, with its message."""

from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from hotplate.api import ManifestError, parse_resource
from hotplate.api.render.crd import custom_resource_definitions
from support.api.rule_cases import RULE_CASES, RuleCase

CASES = pytest.mark.parametrize("case", RULE_CASES, ids=lambda case: case.message)
ONLY_ON_THE_SERVER = {
    (
        "expected project to stay unchanged: the keys of the online store contain it;"
        " create a new FeatureStore instead"
    ),
    "expected one word in CamelCase",
}


@CASES
def test_a_document_that_keeps_the_rule_is_accepted(case: RuleCase) -> None:
    parse_resource(case.accepted)


@CASES
def test_a_document_that_breaks_the_rule_is_refused_with_its_message(case: RuleCase) -> None:
    with pytest.raises(ManifestError) as refusal:
        parse_resource(case.refused)

    assert [line.partition(": expected ")[2] for line in refusal.value.lines] == [
        case.message.removeprefix("expected ")
    ]


def test_every_rule_of_the_definitions_has_an_example() -> None:
    messages = {
        validation["message"]
        for text in custom_resource_definitions().values()
        for validation in _validations(yaml.safe_load(text))
    }

    assert messages == {case.message for case in RULE_CASES} | ONLY_ON_THE_SERVER


def _validations(schema: Any) -> Iterator[dict[str, str]]:
    if isinstance(schema, dict):
        yield from schema.get("x-kubernetes-validations", ())
        for part in schema.values():
            yield from _validations(part)
    elif isinstance(schema, list):
        for part in schema:
            yield from _validations(part)
