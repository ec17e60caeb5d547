from pathlib import Path
from typing import Any

import pytest
import yaml

from hotplate.api import FeatureStore, ManifestError, ModelDeployment, load_manifests
from support import ROOT
from support.api.resources import feature_store_document, model_deployment_document

EXAMPLE = ROOT / "examples" / "credit-scoring.yaml"


def refusal(path: Path, *documents: Any) -> str:
    """Write the documents to the path and return why they are refused."""
    path.write_text(yaml.safe_dump_all(documents))
    with pytest.raises(ManifestError) as error:
        load_manifests(path)
    return str(error.value).replace(f"{path}, ", "")


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    return tmp_path / "manifest.yaml"


def test_the_example_is_one_feature_store_and_one_model_deployment() -> None:
    feature_store, model_deployment = load_manifests(EXAMPLE)

    assert isinstance(feature_store, FeatureStore)
    assert isinstance(model_deployment, ModelDeployment)
    assert model_deployment.spec.feature_store_ref.name == feature_store.metadata.name


def test_an_unknown_field_names_the_closest_known_one(manifest: Path) -> None:
    document = model_deployment_document(latency={"featureDeadlin": "4ms"})

    assert refusal(manifest, document) == (
        "ModelDeployment credit-scoring: spec.latency.featureDeadlin: unknown field:"
        " did you mean featureDeadline?"
    )


def test_an_unknown_field_like_no_other_lists_the_known_ones(manifest: Path) -> None:
    document = model_deployment_document(latency={"xyz": "4ms"})

    assert refusal(manifest, document).endswith(
        "spec.latency.xyz: unknown field: expected budget, featureDeadline"
    )


@pytest.mark.parametrize("field", ["steps", "analysis"])
def test_a_field_of_a_rollout_that_no_longer_exists_is_named(manifest: Path, field: str) -> None:
    document = model_deployment_document(rollout={field: []})

    assert refusal(manifest, document) == (
        f"ModelDeployment credit-scoring: spec.rollout.{field}: unknown field:"
        " expected strategy, verify, goldenRows"
    )


def test_a_strategy_that_does_not_exist_yet_is_refused_with_the_one_that_does(
    manifest: Path,
) -> None:
    document = model_deployment_document(rollout={"strategy": "Canary"})

    assert refusal(manifest, document) == (
        "ModelDeployment credit-scoring: spec.rollout.strategy: Canary: expected 'Rolling'"
    )


def test_an_unknown_field_in_a_list_entry_is_found_by_its_position(manifest: Path) -> None:
    views = [{"name": "credit_history"}, {"name": "zipcode_features", "maxStalenes": "1h"}]
    document = feature_store_document(materialization={"views": views})

    assert refusal(manifest, document).endswith(
        "spec.materialization.views[1].maxStalenes: unknown field: did you mean maxStaleness?"
    )


def test_python_names_of_fields_are_unknown_as_on_the_api_server(manifest: Path) -> None:
    document = model_deployment_document(latency={"feature_deadline": "4ms"})

    assert "did you mean featureDeadline?" in refusal(manifest, document)


def test_two_sources_show_both_and_say_that_one_is_expected(manifest: Path) -> None:
    document = feature_store_document(
        onlineStore={"embedded": {}, "elastiCache": {"endpoint": "a:1"}}
    )

    assert refusal(manifest, document) == (
        'FeatureStore credit-scoring: spec.onlineStore: {"elastiCache": {"endpoint": "a:1"},'
        ' "embedded": {}}: expected exactly one of elastiCache and embedded'
    )


def test_a_zero_deadline_says_what_a_duration_is(manifest: Path) -> None:
    document = model_deployment_document(latency={"featureDeadline": "0ms"})

    assert refusal(manifest, document) == (
        "ModelDeployment credit-scoring: spec.latency.featureDeadline: 0ms:"
        " expected a duration greater than 0, such as 10ms, 90s, 1h30m or 30d"
    )


def test_a_missing_field_says_what_belongs_there(manifest: Path) -> None:
    document = feature_store_document(project=None)

    assert refusal(manifest, document) == (
        "FeatureStore credit-scoring: spec.project: missing: expected a value: Feast project"
    )


def test_a_field_without_a_value_is_not_taken_for_absent(manifest: Path) -> None:
    document = feature_store_document(registry={"embedded": None})

    assert refusal(manifest, document) == (
        "FeatureStore credit-scoring: spec.registry.embedded: null:"
        " expected a value ({} for an empty map), or no such field"
    )


@pytest.mark.parametrize(
    ("spec", "line"),
    [
        ({"replicas": "2"}, 'spec.replicas: "2": expected a whole number'),
        ({"replicas": 2.5}, "spec.replicas: 2.5: expected a whole number"),
        ({"replicas": -1}, "spec.replicas: -1: expected 0 or more"),
        ({"replicas": 5000}, "spec.replicas: 5000: expected 1000 or less"),
        ({"suspend": "no"}, 'spec.suspend: "no": expected true or false'),
        ({"featureService": 7}, "spec.featureService: 7: expected text"),
        ({"tolerations": {}}, "spec.tolerations: {}: expected a list"),
        ({"bento": "scoring:1"}, 'spec.bento: "scoring:1": expected a map of fields'),
        (
            {"features": {"onStale": "Guess"}},
            "spec.features.onStale: Guess: expected 'Refer', 'Reject' or 'Default'",
        ),
        ({"featureService": "a" * 129}, "expected at most 128 characters"),
        ({"env": [{"name": "A", "value": "1"}] * 65}, "expected at most 64 entries"),
    ],
)
def test_a_value_of_another_type_or_size_is_shown_with_what_was_expected(
    manifest: Path, spec: dict[str, Any], line: str
) -> None:
    assert line in refusal(manifest, model_deployment_document(**spec))


def test_all_problems_of_all_documents_are_told_at_once(manifest: Path) -> None:
    lines = refusal(
        manifest,
        feature_store_document(project="a-b", suspend=1),
        model_deployment_document(replicas=-1),
    ).splitlines()

    assert [line.split(": ")[1] for line in lines] == [
        "spec.project",
        "spec.suspend",
        "spec.replicas",
    ]


def test_the_same_name_twice_is_refused(manifest: Path) -> None:
    documents = (feature_store_document(), feature_store_document())

    assert refusal(manifest, *documents) == (
        "FeatureStore credit-scoring: metadata.name: duplicate: expected each name only once"
    )


def test_another_version_and_kind_are_refused_with_what_there_is(manifest: Path) -> None:
    document = feature_store_document() | {"apiVersion": "feast.dev/v1", "kind": "Feature"}

    assert refusal(manifest, document) == (
        "Feature credit-scoring: apiVersion: feast.dev/v1: expected hotplate.dev/v1alpha1\n"
        "Feature credit-scoring: kind: Feature: expected FeatureStore or ModelDeployment"
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("kind: [FeatureStore", ", line 1: not YAML"),
        ("kind: FeatureStore\nkind: FeatureStore", ", line 2: not YAML: duplicate key kind"),
        ("a: 1\n  b: 2", ", line 2: not YAML: mapping values are not allowed here"),
        ("", ": empty: expected a FeatureStore or ModelDeployment"),
        ("- a", ", document: list: expected a map with apiVersion and kind"),
    ],
)
def test_what_is_no_manifest_is_refused_with_its_line(
    manifest: Path, text: str, message: str
) -> None:
    manifest.write_text(text)

    with pytest.raises(ManifestError) as error:
        load_manifests(manifest)

    assert str(error.value).startswith(f"{manifest}{message}")


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match=r"no\.yaml: cannot be read: No such file or directory"):
        load_manifests(tmp_path / "no.yaml")


def test_bytes_that_are_no_text_are_refused(manifest: Path) -> None:
    manifest.write_bytes(b"kind: \xff")

    with pytest.raises(ManifestError, match="not UTF-8 text at byte 6"):
        load_manifests(manifest)


def test_times_stay_text_as_kubernetes_reads_them(manifest: Path) -> None:
    manifest.write_text(
        EXAMPLE.read_text().replace("maxDeletions: 0", "maxDeletions: 2026-01-01", 1)
    )

    with pytest.raises(ManifestError, match='maxDeletions: "2026-01-01": expected a whole number'):
        load_manifests(manifest)
