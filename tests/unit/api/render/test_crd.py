from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from hotplate.api.render.crd import custom_resource_definitions
from hotplate.api.render.generated_files import stale_files
from hotplate.api.render.reference import references
from hotplate.cli import app
from support import ROOT

DEFINITIONS = {name: yaml.safe_load(text) for name, text in custom_resource_definitions().items()}
EACH = pytest.mark.parametrize("definition", DEFINITIONS.values(), ids=DEFINITIONS)
STRUCTURAL = {
    "additionalProperties", "default", "description", "enum", "format", "items", "maxItems",
    "maxLength", "maxProperties", "maximum", "minLength", "minimum", "pattern", "properties",
    "required", "type", "x-kubernetes-list-map-keys", "x-kubernetes-list-type",
    "x-kubernetes-preserve-unknown-fields", "x-kubernetes-validations",
}  # fmt: skip


def schemas(schema: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the schema and all within it, with their paths."""
    yield path, schema
    for name, part in schema.get("properties", {}).items():
        yield from schemas(part, f"{path}.{name}")
    for key in ("items", "additionalProperties"):
        if key in schema:
            yield from schemas(schema[key], f"{path}[]")


def root(definition: dict[str, Any]) -> dict[str, Any]:
    (version,) = definition["spec"]["versions"]
    schema: dict[str, Any] = version["schema"]["openAPIV3Schema"]
    return schema


def test_the_files_are_generated_from_the_models() -> None:
    assert stale_files(ROOT / "crds", custom_resource_definitions()) == ()
    assert stale_files(ROOT / "docs/reference", references()) == ()
    assert {path.name for path in (ROOT / "crds").iterdir()} == set(DEFINITIONS)


@EACH
def test_every_schema_is_structural(definition: dict[str, Any]) -> None:
    for path, schema in schemas(root(definition)):
        assert set(schema) <= STRUCTURAL, path
        assert "type" in schema, path


@EACH
def test_every_field_is_described(definition: dict[str, Any]) -> None:
    fields = root(definition)["properties"]
    parts = [*schemas(fields["spec"], "spec"), *schemas(fields["status"], "status")]

    assert [
        path for path, part in parts if not path.endswith("]") and "description" not in part
    ] == []


@EACH
def test_lists_and_texts_with_rules_are_bounded_so_that_rules_are_cheap(
    definition: dict[str, Any],
) -> None:
    for path, schema in schemas(root(definition)["properties"]["spec"]):
        if schema["type"] == "array":
            assert "maxItems" in schema, path
        if "x-kubernetes-validations" in schema and schema["type"] == "string":
            assert "maxLength" in schema, path


@pytest.mark.parametrize("text", custom_resource_definitions().values(), ids=DEFINITIONS)
def test_a_plain_kubectl_apply_can_keep_the_file_in_its_annotation(text: str) -> None:
    assert len(text) < 100_000


def test_defaults_are_those_of_the_models() -> None:
    spec = root(DEFINITIONS["modeldeployments.hotplate.dev.yaml"])["properties"]["spec"]

    latency = spec["properties"]["latency"]
    assert latency["default"] == {"budget": "10ms", "featureDeadline": "4ms"}
    assert latency["properties"]["budget"]["default"] == "10ms"
    assert spec["properties"]["replicas"]["default"] == 2


@pytest.mark.parametrize("command", ["crds", "reference"])
def test_writing_the_files_makes_the_check_pass(command: str, tmp_path: Path) -> None:
    runner = CliRunner()
    stale = runner.invoke(app, [command, str(tmp_path), "--check"])
    assert stale.exit_code == 1
    assert f"write them with `hotplate {command}" in stale.output
    assert runner.invoke(app, [command, str(tmp_path)]).exit_code == 0
    assert runner.invoke(app, [command, str(tmp_path), "--check"]).exit_code == 0
