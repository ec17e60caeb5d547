"""A real API server admits and refuses what the models do, with the same words."""

import json
import re
from pathlib import Path

import pytest

from cluster.client import Cluster
from cluster.processes import CommandFailedError
from support import ROOT
from support.api.resources import Document, feature_store_document
from support.api.rule_cases import RULE_CASES, RuleCase

EXAMPLE = ROOT / "examples" / "credit-scoring.yaml"


def named(document: Document, position: int) -> Document:
    """Return the document under a name that is its own among the cases."""
    return document | {"metadata": {"name": f"case-{position}"}}


def create(cluster: Cluster, namespace: str, *documents: Document) -> str:
    """Send the documents for validation only."""
    listed = {"apiVersion": "v1", "kind": "List", "items": list(documents)}
    flags = (f"--namespace={namespace}", "--dry-run=server", "--filename=-")
    return cluster.kubectl("create", *flags, stdin=json.dumps(listed))


def test_every_document_that_keeps_the_rules_is_admitted(cluster: Cluster) -> None:
    documents = [named(case.accepted, position) for position, case in enumerate(RULE_CASES)]

    created = create(cluster, "default", *documents)

    assert created.count("created") == len(RULE_CASES)


@pytest.mark.parametrize("case", RULE_CASES, ids=lambda case: case.message)
def test_a_document_that_breaks_a_rule_is_refused_with_its_message(
    cluster: Cluster, case: RuleCase
) -> None:
    with pytest.raises(CommandFailedError, match=re.escape(case.message)):
        create(cluster, "default", case.refused)


@pytest.mark.parametrize("example", sorted(EXAMPLE.parent.glob("*.yaml")), ids=lambda p: p.stem)
def test_every_example_is_admitted(cluster: Cluster, example: Path) -> None:
    flags = ("--namespace=default", "--dry-run=server", f"--filename={example}")
    assert cluster.kubectl("create", *flags).count("created") == 2


def test_a_plain_kubectl_apply_takes_the_example(cluster: Cluster, namespace: str) -> None:
    cluster.kubectl("apply", f"--namespace={namespace}", f"--filename={EXAMPLE}")

    found = cluster.get("fs,md", f"--namespace={namespace}")
    latency = {
        item["kind"]: item["spec"].get("latency", {}).get("featureDeadline")
        for item in found["items"]
    }
    assert latency == {"FeatureStore": None, "ModelDeployment": "4ms"}


def test_the_definitions_survive_a_plain_kubectl_apply(cluster: Cluster) -> None:
    """The annotation that kubectl keeps of the last file holds 262,144 bytes."""
    crds = EXAMPLE.parents[1] / "crds"

    cluster.kubectl("apply", f"--filename={crds}", "--dry-run=server")


def test_the_project_of_a_feature_store_cannot_be_changed(cluster: Cluster, namespace: str) -> None:
    document = feature_store_document()
    document["metadata"]["namespace"] = namespace
    cluster.apply(document)

    document["spec"]["suspend"] = True
    cluster.apply(document)

    document["spec"]["project"] = "another"
    with pytest.raises(CommandFailedError, match="expected project to stay unchanged"):
        cluster.apply(document)


def test_the_reason_of_a_condition_is_one_word(cluster: Cluster, namespace: str) -> None:
    document = feature_store_document()
    document["metadata"]["namespace"] = namespace
    cluster.apply(document)

    set_reason(cluster, namespace, "OnlineStoreUnreachable")
    with pytest.raises(CommandFailedError, match="expected one word in CamelCase"):
        set_reason(cluster, namespace, "the store is away")


def set_reason(cluster: Cluster, namespace: str, reason: str) -> None:
    """Write a condition with that reason, as an operator would."""
    since = {"lastTransitionTime": "2026-11-24T10:00:00Z"}
    condition = {"type": "Ready", "status": "False", "reason": reason, **since}
    patch = json.dumps({"status": {"conditions": [condition]}})
    flags = (f"--namespace={namespace}", "--subresource=status", "--type=merge")
    cluster.kubectl("patch", "featurestore", "credit-scoring", *flags, f"--patch={patch}")


def test_an_unknown_field_is_refused(cluster: Cluster) -> None:
    document = feature_store_document(suspended=True)

    with pytest.raises(CommandFailedError, match='unknown field "suspended"'):
        create(cluster, "default", document)


def test_the_columns_of_kubectl_get_are_those_a_person_needs(
    cluster: Cluster, namespace: str
) -> None:
    cluster.kubectl("apply", f"--namespace={namespace}", f"--filename={EXAMPLE}")

    stores = cluster.kubectl("get", "featurestores", f"--namespace={namespace}")
    deployments = cluster.kubectl("get", "modeldeployments", f"--namespace={namespace}")

    assert stores.split()[:6] == ["NAME", "READY", "REVISION", "VIEWS", "STALEST", "AGE"]
    assert deployments.split()[:5] == ["NAME", "READY", "MODEL", "STABLE", "AGE"]
