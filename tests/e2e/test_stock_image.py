"""A bento without an image of its own is served by the stock serving image."""

from collections.abc import Iterator

import pytest

from cluster.settings import CHECKOUT
from support.api.resources import model_deployment_document
from support.kubernetes.operator import Body
from support.kubernetes.release import NAME, Release, decided
from support.scoring.bento import APPLICATION

pytestmark = [pytest.mark.pods, pytest.mark.timeout(300)]

BENTO = CHECKOUT / "bentos" / "credit_scoring"
FILES = "from-files"


def bento_files() -> Body:
    """Return a ConfigMap with the example's bento, without its page: that is a folder."""
    lines = (BENTO / "service.py").read_text().splitlines(keepends=True)
    service = "".join(line for line in lines if not line.startswith("@bentoml.asgi_app"))
    data = {"service.py": service, "bentofile.yaml": "service: service:CreditScoring\n"}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": FILES}, "data": data}


@pytest.fixture
def from_files(ready: Release) -> Iterator[str]:
    """A ModelDeployment that serves the example's model by a bento out of a ConfigMap."""
    model = ready.get("md", NAME)["status"]["model"]
    deployment = model_deployment_document(
        FILES,
        bento={"configMap": {"name": FILES}, "service": "CreditScoring"},
        model={"store": "embedded", "version": f"{model['version']}@{model['artifact']}"},
        training=None,
        replicas=1,
    )
    ready.apply(deployment)
    yield FILES
    ready.delete("md", FILES, "--timeout=60s")


def test_a_bento_out_of_a_config_map_decides_as_the_same_bento_in_an_image_does(
    ready: Release, from_files: str
) -> None:
    message = ready.until_condition("md", from_files, "Ready", "ReferenceMissing")
    assert f"ConfigMap/{FILES}" in message

    ready.apply(bento_files())
    ready.until_condition("md", from_files, "Ready", "ReplicasAvailable")

    assert ready.get("md", from_files)["status"]["stable"]["image"] == "hotplate/serving:0.1.0"
    assert decided([ready.score(APPLICATION, from_files)]) == decided([ready.score(APPLICATION)])
