"""Each field of a spec is read, each of a status is written, and each name is used."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from hotplate.api import FeatureStore, ModelDeployment, names
from hotplate.api.v1alpha1.conditions import ConditionType, Reason
from support import ROOT
from support.api.field_reads import Read, reads

Field = tuple[str, str]

SOURCE = ROOT / "operator" / "hotplate"

KUBERNETES = {"EnvVar", "ResourceRequirements", "Toleration"}
"""Models with the fields of Kubernetes' own, which pods get whole: the API server reads them."""

COPIES = {
    "DecisionLog": "DecisionLogSettings",
    "Features": "FeatureSettings",
    "IamAuth": "IamIdentity",
}
"""Models that cross to another process as a model with the same fields, which is read there."""

UNREAD = {
    ("OfflineStore", "file"): "the only alternative to `redshift`, whose absence is what is read",
}
"""Fields of a spec that are not read by name, each with the reason."""


@cache
def all_reads() -> tuple[Read, ...]:
    return tuple(reads(SOURCE))


def models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from models_in(part)


def fields_under(model: type[BaseModel]) -> Iterator[Field]:
    """Yield each field of the model and of those in it, with the class that declares it."""
    for name, field in model.model_fields.items():
        yield _declaring(model, name), name
        for inner in models_in(field.annotation):
            yield from fields_under(inner)


def _declaring(model: type[BaseModel], name: str) -> str:
    return next(
        each.__name__
        for each in reversed(model.__mro__)
        if name in vars(each).get("__annotations__", {})
    )


def part(resource: type[BaseModel], name: str) -> set[Field]:
    (model,) = models_in(resource.model_fields[name].annotation)
    return set(fields_under(model))


@cache
def read_fields() -> set[Field]:
    """Return what is read outside api, and within it by the methods that are."""
    found = {(read.owner, read.name) for read in all_reads() if not read.module.startswith("api/")}
    found |= {(model, name) for model, copy in COPIES.items() for of, name in found if of == copy}
    while more := {(read.owner, read.name) for read in all_reads() if read.within in found} - found:
        found |= more
    return found


@cache
def written_names() -> set[str]:
    """Return the names that code outside api gives a value: arguments and keys of mappings."""
    return {
        str(name)
        for path in SOURCE.rglob("*.py")
        if not path.is_relative_to(SOURCE / "api")
        for node in ast.walk(ast.parse(path.read_text()))
        for name in _given(node)
    }


def _given(node: ast.AST) -> Iterator[Any]:
    if isinstance(node, ast.keyword):
        yield node.arg
    elif isinstance(node, ast.Dict):
        yield from (key.value for key in node.keys if isinstance(key, ast.Constant))


@pytest.mark.parametrize("resource", [FeatureStore, ModelDeployment])
def test_each_field_of_a_spec_is_read_by_more_than_its_own_model(
    resource: type[BaseModel],
) -> None:
    unread = {
        (owner, name)
        for owner, name in part(resource, "spec") - read_fields()
        if owner not in KUBERNETES and (owner, name) not in UNREAD
    }

    assert not unread


@pytest.mark.parametrize("resource", [FeatureStore, ModelDeployment])
def test_each_field_of_a_status_is_written(resource: type[BaseModel]) -> None:
    assert not {name for _, name in part(resource, "status")} - written_names()


def test_each_name_and_each_reason_is_used() -> None:
    constants = {name for name in vars(names) if name.isupper() and not name.startswith("_")}
    defined = constants | {reason.name for reason in Reason} | {kind.name for kind in ConditionType}
    used = {
        name
        for path in SOURCE.rglob("*.py")
        if path.name != "conditions.py" or "api" not in path.parts
        for node in ast.walk(ast.parse(path.read_text()))
        for name in _loaded(node)
    }

    assert not defined - used


def _loaded(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Attribute):
        yield node.attr
    elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
        yield node.id


def test_the_exceptions_are_of_fields_that_exist_and_are_not_read() -> None:
    fields = part(FeatureStore, "spec") | part(ModelDeployment, "spec")

    assert UNREAD.keys() <= fields - read_fields()
    assert {owner for owner, _ in fields - read_fields()} >= KUBERNETES
