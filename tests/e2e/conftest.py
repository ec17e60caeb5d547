"""One cluster, one installed chart and one example for all tests of pods."""

from collections.abc import Iterator

import pytest

from cluster.client import Cluster
from cluster.release import bring_images, installed
from support.kubernetes.release import NAMESPACE, VALUES, Release


@pytest.fixture(scope="session")
def images(cluster: Cluster) -> None:
    """The project's images, where the cluster starts pods from."""
    bring_images(cluster)


@pytest.fixture(scope="session")
def release(
    cluster: Cluster, images: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Release]:
    """The chart in a namespace under the restricted Pod Security standard, with the example."""
    cluster.kubectl("create", "namespace", NAMESPACE)
    enforced = "pod-security.kubernetes.io/enforce=restricted"
    cluster.kubectl("label", "namespace", NAMESPACE, enforced)
    with installed(cluster, NAMESPACE, VALUES):
        release = Release(cluster, tmp_path_factory.mktemp("release"))
        release.apply_example()
        yield release
    cluster.kubectl("delete", "namespace", NAMESPACE, "--wait=false")


@pytest.fixture
def ready(release: Release) -> Release:
    """The same once both resources of the example are ready."""
    release.wait_ready()
    return release
