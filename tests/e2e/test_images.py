"""Each image holds what it needs and none of what it must not."""

import json

import pytest

from cluster.images import tag
from support.kubernetes.release import Release

pytestmark = [pytest.mark.pods, pytest.mark.timeout(900)]

HOLDS = {
    "operator": {"kopf", "kubernetes", "hotplate.controller"},
    "credit-scoring": {"bentoml", "onnxruntime", "hotplate.serving"},
    "credit-scoring-jobs": {"feast", "bentoml", "sklearn", "pandas", "hotplate.jobs"},
}
TOOLS = {"pytest", "mypy", "ruff", "hatchling"}
LACKS = {
    "operator": {"feast", "bentoml", "pandas", "numpy", "pyarrow", "sklearn", "redis"} | TOOLS,
    "credit-scoring": {"feast", "pandas", "pyarrow", "sklearn", "kopf", "kubernetes"} | TOOLS,
    "credit-scoring-jobs": {"kopf", "kubernetes"} | TOOLS,
}
CODE = """
import importlib.util, json, os, sys
names = sys.argv[1:]
print(json.dumps({"uid": os.getuid(), "has": [n for n in names if importlib.util.find_spec(n)]}))
"""


@pytest.fixture(scope="module")
def found(release: Release) -> dict[str, dict[str, object]]:
    """Per image: as whom it runs, and which of the modules can be imported in it."""
    for image, needed in HOLDS.items():
        modules = sorted(needed | LACKS[image])
        release.run_pod(f"image-{image}", ["python", "-c", CODE, *modules], tag(image))
    return {image: printed(release, f"image-{image}") for image in HOLDS}


def printed(release: Release, pod: str) -> dict[str, object]:
    release.wait_pod(pod, "Succeeded")
    text = release.cluster.kubectl("logs", pod, f"--namespace={release.name}")
    release.delete("pod", pod, "--wait=false")
    result: dict[str, object] = json.loads(text)
    return result


@pytest.mark.parametrize("image", HOLDS)
def test_an_image_holds_what_it_needs_and_no_more(
    found: dict[str, dict[str, object]], image: str
) -> None:
    assert found[image] == {"uid": 65532, "has": sorted(HOLDS[image])}
