"""A namespace as a fixture; a conftest imports it by name."""

from pathlib import Path

import pytest

from cluster.client import Cluster
from support.kubernetes.operator import Namespace

__all__ = ["ns"]


@pytest.fixture
def ns(cluster: Cluster, namespace: str, tmp_path: Path) -> Namespace:
    """A namespace of its own for an operator."""
    return Namespace(cluster, namespace, tmp_path)
