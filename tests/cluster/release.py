"""Hotplate as users install it: the images brought to the cluster, the chart installed by Helm."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from cluster import images
from cluster.binaries import Report, binary
from cluster.chart import CHART, Values
from cluster.client import Cluster, Level
from cluster.processes import Command, output_of
from cluster.settings import say

RELEASE = "hotplate"
IMAGES = ("operator", "valkey", "credit-scoring-jobs", "credit-scoring")
BASES = {"credit-scoring-jobs": "jobs", "credit-scoring": "serving"}
SECONDS = 300


def bring_images(cluster: Cluster, names: Sequence[str] = IMAGES, report: Report = say) -> None:
    """Build the images and load them into a kind cluster; other clusters must have them already."""
    if cluster.level is not Level.KIND:
        return
    for name in names:
        for needed in filter(None, (BASES.get(name), name)):
            images.build(needed, report)
        report(f"loading {images.tag(name)}")
        cluster.load_image(images.archive(name))


@contextmanager
def installed(cluster: Cluster, namespace: str, values: Values) -> Iterator[None]:
    """Install the chart into a namespace for as long as the block lasts."""
    flags = [f"--kubeconfig={cluster.kubeconfig}", f"--namespace={namespace}"]
    wait = ["--wait", "--timeout=3m"]
    chosen = json.dumps({"crds": {"install": False}, **values})
    install: Command = [binary("helm"), "install", RELEASE, CHART, *flags, *wait, "--values=-"]
    output_of(install, stdin=chosen, seconds=SECONDS)
    try:
        yield
    finally:
        output_of([binary("helm"), "uninstall", RELEASE, *flags, *wait], seconds=SECONDS)
