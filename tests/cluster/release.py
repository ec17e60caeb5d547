"""Hotplate as users install it: the images loaded into the cluster, the chart installed by Helm."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cluster import images
from cluster.binaries import Report, binary
from cluster.chart import CHART, Values
from cluster.client import Cluster, Level
from cluster.processes import Command, output_of
from cluster.settings import say

RELEASE = "hotplate"
IMAGES = ("operator", "valkey", "serving", "credit-scoring-jobs", "credit-scoring")
SECONDS = 300


def bring_images(cluster: Cluster, report: Report = say) -> None:
    """Build the images and load them into a kind cluster; other clusters must have them already."""
    if cluster.level is not Level.KIND:
        return
    images.build_all(report)
    for name in IMAGES:
        report(f"loading {images.tag(name)}")
        cluster.load_image(images.archive(name))


@contextmanager
def installed(cluster: Cluster, namespace: str, values: Values) -> Iterator[None]:
    """Install the chart into a namespace for as long as the block lasts."""
    chosen = json.dumps({"crds": {"install": False}, **values})
    helm(cluster, namespace, "install", RELEASE, CHART, "--values=-", stdin=chosen)
    try:
        yield
    finally:
        uninstall(cluster, namespace)


def uninstall(cluster: Cluster, namespace: str) -> None:
    """Uninstall the chart, if it is installed."""
    helm(cluster, namespace, "uninstall", RELEASE, "--ignore-not-found")


def helm(
    cluster: Cluster, namespace: str, verb: str, *arguments: str | Path, stdin: str | None = None
) -> None:
    """Change the release in a namespace, and wait until that is done."""
    where = [f"--kubeconfig={cluster.kubeconfig}", f"--namespace={namespace}"]
    wait = ["--wait", "--timeout=3m"]
    command: Command = [binary("helm"), verb, *arguments, *where, *wait]
    output_of(command, stdin=stdin, seconds=SECONDS)
