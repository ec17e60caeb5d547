from pathlib import Path

import pytest

from cluster.client import Cluster
from support.kubernetes.operator import World


@pytest.fixture
def world(cluster: Cluster, namespace: str, tmp_path: Path) -> World:
    """A namespace of its own for an operator."""
    return World(cluster, namespace, tmp_path)
