"""Clusters with nodes, by kind: in Docker with kind's own node image, else in podman with ours."""

import os
import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from cluster import containers
from cluster.binaries import Report, binary
from cluster.client import Cluster, Level
from cluster.network import NetworkNamespace, relay
from cluster.node_image import node_image
from cluster.processes import Command, CommandFailedError, output_of, succeeds
from cluster.settings import ClusterUnavailableError, say

PREFIX = "hotplate-"  # then the process id of the run that the cluster belongs to
CREATE_SECONDS = 600
READY_SECONDS = 180


@dataclass(frozen=True)
class Engine:
    """What runs kind's nodes."""

    image: str | None = None  # the node image, None for kind's default
    namespace: NetworkNamespace | None = None
    environment: dict[str, str] = field(default_factory=dict)

    def kind(self, *arguments: str | Path) -> str:
        """Run kind and return its stdout."""
        prefix = self.namespace.enter() if self.namespace else []
        command: Command = [*prefix, binary("kind"), *arguments]
        return output_of(command, environment=self.environment, seconds=CREATE_SECONDS)


@dataclass(frozen=True)
class KindCluster(Cluster):
    """A running kind cluster."""

    name: str
    engine: Engine

    def load_image(self, archive: Path) -> None:
        """Bring the images of a docker-archive into every node."""
        self.engine.kind("load", "image-archive", archive, "--name", self.name)


def docker_runs() -> bool:
    """Tell whether a Docker engine answers."""
    return succeeds(["docker", "info"])


def prepare(report: Report = say) -> None:
    """Build what a kind cluster needs; raise ClusterUnavailableError where there can be none."""
    for name in ("kind", "kubectl"):
        binary(name, report)
    if not docker_runs():
        node_image(report)


@contextmanager
def kind_cluster(folder: Path) -> Iterator[KindCluster]:
    """Run a kind cluster for as long as the block lasts; its logs and kubeconfig go to a folder."""
    delete_forsaken()
    with ExitStack() as stack:
        engine = Engine() if docker_runs() else stack.enter_context(podman_engine())
        name = f"{PREFIX}{os.getpid()}"
        kubeconfig = folder / "kubeconfig"
        stack.callback(delete, engine, name)
        create(engine, name, kubeconfig)
        if engine.namespace:
            port = api_port(kubeconfig)
            outside = stack.enter_context(relay(engine.namespace, port, folder))
            redirect(kubeconfig, port, outside)
        yield KindCluster(Level.KIND, kubeconfig, binary("kubectl"), name, engine)


@contextmanager
def podman_engine() -> Iterator[Engine]:
    """Give kind podman, the node image made here, and a network namespace of this run's own."""
    image = node_image()
    Path("/lib/modules").mkdir(exist_ok=True)  # kind mounts it into nodes
    namespace = NetworkNamespace(f"{PREFIX}{os.getpid()}")
    namespace.create()
    try:
        engine = Engine(image, namespace, containers.environment())
        make_network()
        yield engine
    finally:
        namespace.delete()


def make_network() -> None:
    """Make podman's network `kind` for IPv4 only; kind's own has IPv6 and changes its sysctls."""
    if not containers.exists("network", "kind"):
        containers.podman("network", "create", "--driver=bridge", "kind")


def create(engine: Engine, name: str, kubeconfig: Path) -> None:
    """Make a cluster of one node and wait until it is ready."""
    image = ["--image", engine.image] if engine.image else []
    ready = ["--wait", f"{READY_SECONDS}s"]
    try:
        engine.kind("create", "cluster", "--name", name, "--kubeconfig", kubeconfig, *ready, *image)
    except CommandFailedError as error:
        raise ClusterUnavailableError(f"kind cannot make a cluster here: {error}") from None


def delete(engine: Engine, name: str) -> None:
    """Remove a cluster, if it exists."""
    engine.kind("delete", "cluster", "--name", name, "--kubeconfig", os.devnull)


def delete_forsaken() -> None:
    """Remove the clusters of runs that were killed before they could."""
    environment = {} if docker_runs() else containers.environment()
    for name in Engine(environment=environment).kind("get", "clusters").split():
        process = name.removeprefix(PREFIX)
        if name.startswith(PREFIX) and not Path("/proc", process).exists():
            namespace = NetworkNamespace(name)
            inside = namespace if namespace.path.exists() else None
            delete(Engine(namespace=inside, environment=environment), name)
            namespace.delete()


def api_port(kubeconfig: Path) -> int:
    """Return the port that a kubeconfig of kind's names."""
    found = re.search(r"server: https://127\.0\.0\.1:(\d+)", kubeconfig.read_text())
    assert found, f"no local server in {kubeconfig}"
    return int(found[1])


def redirect(kubeconfig: Path, port: int, outside: int) -> None:
    """Change a kubeconfig's port."""
    text = kubeconfig.read_text()
    kubeconfig.write_text(text.replace(f"127.0.0.1:{port}", f"127.0.0.1:{outside}"))
