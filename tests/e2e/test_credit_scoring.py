"""The credit scoring example on a cluster: the very manifest that runs on one machine."""

import shutil
from pathlib import Path

import httpx
import pandas as pd
import pytest

from cluster.processes import free_port
from cluster.settings import CHECKOUT
from support.kubernetes.operator import Body
from support.kubernetes.release import EXAMPLE, NAME, Release, decided, local_run
from support.scoring.bento import APPLICATION

pytestmark = [pytest.mark.pods, pytest.mark.timeout(900)]

SOURCES = ("examples", "feature_repo", "bentos")
LOANS = 300


def checkout_with_the_data_of(release: Release, folder: Path) -> Path:
    """Return a copy of the example whose tables are those of the Jobs' image.

    The tables are as of the day on which they were made, which may be another one for the image.
    """
    for name in SOURCES:
        ignored = shutil.ignore_patterns("data", "__pycache__")
        shutil.copytree(CHECKOUT / name, folder / name, ignore=ignored)
    release.run_pod("data", ["sleep", "300"])
    release.wait_pod("data", "Running")
    release.copy_from("data", "/feature_repo/data", folder / "feature_repo" / "data")
    release.delete("pod", "data", "--wait=false")
    return folder / EXAMPLE.relative_to(CHECKOUT)


def applications(tables: Path) -> list[Body]:
    """Return the request of the reference application, and those of some loans of the table."""
    loans = pd.read_parquet(tables / "loans.parquet").sample(LOANS, random_state=0)
    return [APPLICATION, *loans[list(APPLICATION)].to_dict("records")]


def test_both_resources_become_ready(ready: Release) -> None:
    lines = ready.cluster.kubectl("get", "fs,md", f"--namespace={ready.name}").splitlines()
    titles, store = lines[0].split(), lines[1].split()
    assert store[titles.index("READY")] == "True"
    assert store[titles.index("VIEWS")] == "2/2"
    for kind in ("fs", "md"):
        body = ready.get(kind, NAME)
        assert body["status"]["conditions"][0]["type"] == "Ready"
        assert body["status"]["observedGeneration"] == body["metadata"]["generation"]


def test_the_service_decides_as_the_same_manifest_does_on_one_machine(
    ready: Release, tmp_path: Path
) -> None:
    manifest = checkout_with_the_data_of(ready, tmp_path)
    rows = applications(manifest.parents[1] / "feature_repo" / "data")
    served = decided(ready.score_many(rows))
    with local_run(manifest, tmp_path / "state", free_port()) as url:
        answer = httpx.post(f"{url}/score_many", json={"rows": rows}, timeout=30).json()

    assert served == decided(answer["decisions"])
    assert served[0][0] in {"Approve", "Reject"}
    assert set(served[0][3].values()) == {"PRESENT"}
    assert {row[0] for row in served} == {"Approve", "Reject"}
