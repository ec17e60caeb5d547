"""The pytest option `--cluster` and the fixtures `cluster` and `namespace`.

`--cluster=auto` takes the least that the collected tests need: a control plane, or kind as soon as
a test carries the mark `pods`. `kubeconfig` uses the cluster that $KUBECONFIG names, and is never
chosen by itself. Where a level cannot be had, its tests are skipped with the reason; with CI=true
they fail.
"""

import os
import uuid
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from pathlib import Path
from typing import NoReturn

import pytest

from cluster import kind
from cluster.binaries import CONTROL_PLANE, binary
from cluster.client import Cluster, Level
from cluster.control_plane import control_plane
from cluster.processes import CommandFailedError
from cluster.settings import CRDS, ClusterUnavailableError

AUTO = "auto"
MARK = "pods"
LEVEL = pytest.StashKey[Level]()
UNAVAILABLE = pytest.StashKey[str]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--cluster`."""
    parser.addoption(
        "--cluster",
        choices=[AUTO, *(level.value for level in Level)],
        default=AUTO,
        help="the Kubernetes that tests run against (default: the least that they need)",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Register the mark of tests that need running pods."""
    config.addinivalue_line("markers", f"{MARK}: needs a cluster that runs pods, such as kind")


def pytest_collection_finish(session: pytest.Session) -> None:
    """Build what is missing before the first test, where no test's time limit runs."""
    items = [item for item in session.items if "cluster" in getattr(item, "fixturenames", ())]
    if not items or session.config.option.collectonly:
        return
    needs_pods = any(item.get_closest_marker(MARK) for item in items)
    level = chosen_level(session.config, needs_pods=needs_pods)
    session.config.stash[LEVEL] = level
    with shown_at_once(session.config):
        try:
            prepare(level)
        except ClusterUnavailableError as error:
            session.config.stash[UNAVAILABLE] = str(error)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a test that needs pods on a level that has none."""
    if item.get_closest_marker(MARK) and item.config.stash[LEVEL] is Level.CONTROL_PLANE:
        pytest.skip("needs running pods: --cluster=kind")


def chosen_level(config: pytest.Config, *, needs_pods: bool) -> Level:
    """Return the level that `--cluster` names, or the least that is enough."""
    option: str = config.getoption("--cluster")
    if option != AUTO:
        return Level(option)
    return Level.KIND if needs_pods else Level.CONTROL_PLANE


def prepare(level: Level) -> None:
    """Build and fetch all that a level needs; raise ClusterUnavailableError if that cannot be."""
    if level is Level.CONTROL_PLANE:
        for name in CONTROL_PLANE:
            binary(name)
    elif level is Level.KIND:
        kind.prepare()


@contextmanager
def run(level: Level, folder: Path) -> Iterator[Cluster]:
    """Run a cluster of a level, with the checkout's custom resource definitions in it."""
    definitions = sorted(CRDS.glob("*.yaml"))
    if level is Level.CONTROL_PLANE:
        with control_plane(folder, definitions) as running:
            yield running.cluster
    elif level is Level.KIND:
        with kind.kind_cluster(folder) as nodes:
            nodes.apply_files(definitions)
            yield nodes
    else:
        cluster = of_kubeconfig()
        cluster.apply_files(definitions)
        yield cluster


def of_kubeconfig() -> Cluster:
    """Return the cluster that $KUBECONFIG names, which must answer."""
    kubeconfig = os.environ.get("KUBECONFIG")
    if not kubeconfig:
        raise ClusterUnavailableError("--cluster=kubeconfig needs KUBECONFIG to name a file")
    cluster = Cluster(Level.KUBECONFIG, Path(kubeconfig), binary("kubectl"))
    try:
        cluster.kubectl("get", "--raw", "/readyz", "--request-timeout=10s")
    except CommandFailedError as error:
        raise ClusterUnavailableError(
            f"the cluster of {kubeconfig} does not answer: {error}"
        ) from None
    return cluster


def cannot_run(reason: str) -> NoReturn:
    """Skip the test, or fail it on CI, where every ring must run."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def cluster(
    pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Cluster]:
    """A Kubernetes cluster that knows the project's resources, shared by the whole run."""
    if reason := pytestconfig.stash.get(UNAVAILABLE, None):
        cannot_run(reason)
    with ExitStack() as stack:
        try:
            folder = tmp_path_factory.mktemp("cluster")
            running = stack.enter_context(run(pytestconfig.stash[LEVEL], folder))
        except ClusterUnavailableError as error:
            cannot_run(str(error))
        yield running


@pytest.fixture
def namespace(cluster: Cluster) -> Iterator[str]:
    """A namespace of the test's own, deleted after it."""
    name = f"test-{uuid.uuid4().hex[:8]}"
    cluster.kubectl("create", "namespace", name)
    yield name
    cluster.kubectl("delete", "namespace", name, "--wait=false")


def shown_at_once(config: pytest.Config) -> AbstractContextManager[None]:
    """Return a block in which what is printed reaches the terminal."""
    capture = config.pluginmanager.getplugin("capturemanager")
    if capture is None:
        return nullcontext()
    disabled: AbstractContextManager[None] = capture.global_and_fixture_disabled()
    return disabled
