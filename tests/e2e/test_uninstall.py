"""What was installed can be taken away again, in either order, and nothing is stuck."""

import pytest

from cluster.release import uninstall
from support.kubernetes.release import EXAMPLE, NAME, Release

pytestmark = [pytest.mark.pods, pytest.mark.timeout(600)]

MADE = "statefulsets,deployments,services,configmaps,jobs,pods,poddisruptionbudgets"
OWN = "--selector=app.kubernetes.io/name=hotplate"


def remove(release: Release) -> None:
    release.delete(f"--filename={EXAMPLE}", "--timeout=60s")


def test_resources_that_are_deleted_take_their_children_with_them(ready: Release) -> None:
    remove(ready)
    own = f"{OWN},app.kubernetes.io/instance={NAME}"
    ready.until("the children are gone", lambda: not ready.get(MADE, own)["items"])


def test_a_release_that_is_uninstalled_first_leaves_resources_that_can_be_deleted(
    release: Release,
) -> None:
    release.apply_example()
    release.until_condition("fs", NAME, "Planned", "Running")
    uninstall(release.cluster, release.name)
    assert release.find("fs", NAME)
    remove(release)
    roles = f"serviceaccounts,roles,rolebindings,{MADE}"
    release.until("all is gone", lambda: not release.get(roles, OWN)["items"])
