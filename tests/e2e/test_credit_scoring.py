"""The credit scoring example on a cluster: the very manifest that runs on one machine."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from cluster.client import Cluster
from cluster.release import bring_images, installed
from cluster.settings import CHECKOUT

pytestmark = [pytest.mark.pods, pytest.mark.timeout(1800)]

EXAMPLE = CHECKOUT / "examples" / "credit-scoring.yaml"
VALKEY = {"images": {"valkey": {"repository": "hotplate/valkey", "tag": "0.1.0"}}}
APPLICATION = {
    "zipcode": 76104,
    "dob_ssn": "19630621_4278",
    "person_age": 133,
    "person_income": 59000,
    "person_home_ownership": "RENT",
    "person_emp_length": 123.0,
    "loan_intent": "PERSONAL",
    "loan_amnt": 35000,
    "loan_int_rate": 16.02,
}


@pytest.fixture(scope="module")
def example(cluster: Cluster) -> Iterator[str]:
    """The namespace in which the operator runs and the example was applied."""
    namespace = "credit-scoring"
    bring_images(cluster)
    cluster.kubectl("create", "namespace", namespace)
    cluster.kubectl(
        "label", "namespace", namespace, "pod-security.kubernetes.io/enforce=restricted"
    )
    with installed(cluster, namespace, VALKEY):
        cluster.kubectl("apply", "-n", namespace, f"--filename={EXAMPLE}")
        yield namespace
        cluster.kubectl("delete", "-n", namespace, f"--filename={EXAMPLE}", "--timeout=60s")
    cluster.kubectl("delete", "namespace", namespace, "--wait=false")


def post(cluster: Cluster, namespace: str, body: object, folder: Path) -> dict[str, object]:
    """Post to the bento through its Service, by way of the API server."""
    file = folder / "body.json"
    file.write_text(json.dumps(body))
    path = f"/api/v1/namespaces/{namespace}/services/credit-scoring:http/proxy/score"
    answer: dict[str, object] = json.loads(
        cluster.kubectl("create", "--raw", path, f"--filename={file}")
    )
    return answer


@pytest.mark.parametrize("kind", ["featurestore", "modeldeployment"])
def test_the_example_becomes_ready(cluster: Cluster, example: str, kind: str) -> None:
    resource = f"{kind}/credit-scoring"
    cluster.kubectl("wait", "--for=condition=Ready", resource, "-n", example, "--timeout=280s")


def test_a_loan_application_gets_a_decision_with_all_features(
    cluster: Cluster, example: str, tmp_path: Path
) -> None:
    decision = post(cluster, example, APPLICATION, tmp_path)
    assert decision["decision"] in {"Approve", "Reject"}
    assert decision["features"]
    assert {view["status"] for view in decision["features"].values()} == {"PRESENT"}
