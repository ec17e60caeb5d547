"""`hotplate plan`, `status` and `doctor`: what would change, what exists, what is wrong."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer
from rich.console import Console

from hotplate.cli.exit import ended_by_signals, errors_shown, fail
from hotplate.cli.options import Context, Namespace, StateFolder, StateFolders
from hotplate.cli.render.plan import (
    became_of,
    show_changes,
    show_plan,
    show_services,
    show_summary,
)
from hotplate.cli.render.stores import show_model, show_resources, show_store
from hotplate.cli.render.text import show_heading, show_line, show_unready

if TYPE_CHECKING:
    from hotplate.cli.cluster import Place

T = TypeVar("T")


def plan(
    target: Annotated[
        str | None,
        typer.Argument(
            metavar="MANIFEST | NAME",
            help="Manifest of a local run; on a cluster, the FeatureStore if there are several.",
            show_default=False,
        ),
    ] = None,
    state: StateFolder = None,
    namespace: Namespace = None,
    context: Context = None,
) -> None:
    """Show what applying the definitions would change, without changing anything.

    With -n or --context, show the last plan of a FeatureStore on a cluster.
    """
    place = place_of(state, namespace, context)
    if place is not None:
        _plan_on_cluster(place, target)
        return
    if target is None:
        fail("expected a manifest, or -n NAMESPACE for a cluster")
    with ended_by_signals(), errors_shown():
        _plan_here(_manifest(target), state)


def status(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="NAME",
            help="On a cluster, one FeatureStore or ModelDeployment.",
            show_default=False,
        ),
    ] = None,
    state: StateFolders = None,
    namespace: Namespace = None,
    context: Context = None,
) -> None:
    """Show the views, watermarks, rows and models of the runs started in this folder.

    With -n or --context, show those of the resources on a cluster.
    """
    place = place_of(state, namespace, context)
    if place is not None:
        _status_on_cluster(place, name)
        return
    if name is not None:
        fail(f"{name} needs -n NAMESPACE; for a local state folder use --state {name}")
    with errors_shown():
        _status_here(state)


def doctor(
    manifest: Annotated[Path, typer.Argument(help="YAML file with one FeatureStore.")],
) -> None:
    """Check that the stores can be reached and used, without changing anything.

    The cache's password comes from HOTPLATE_ONLINE_PASSWORD, its CA from HOTPLATE_ONLINE_CA_FILE.
    """
    from hotplate.cli.render.checks import show_checks  # noqa: PLC0415
    from hotplate.local.doctor import checks_of  # noqa: PLC0415  (needs the extra `local`)
    from hotplate.protocol.job_results import Verdict  # noqa: PLC0415

    with errors_shown():
        checks = checks_of(manifest)
        show_checks(checks, Console())
    if any(check.verdict is Verdict.FAILED for check in checks):
        raise typer.Exit(1)


def _plan_here(manifest: Path, folder: Path | None) -> None:
    from hotplate.local.manifests import read as manifests_of  # noqa: PLC0415  (needs the extra `local`)
    from hotplate.local.planned import plan as planned  # noqa: PLC0415

    manifests = manifests_of(manifest)
    found, console = planned(manifests, folder), Console()
    show_changes(found.changes, console)
    show_services(found.services, [manifests.model_deployment], console)
    show_plan(found.summary, manifests.feature_store.spec.apply, console)


def _plan_on_cluster(place: Place, name: str | None) -> None:
    from hotplate.cli.cluster import one_store  # noqa: PLC0415

    store, console = read(one_store(place, name)), Console()
    if store.status.plan is None:
        fail(f"FeatureStore {store.metadata.name} has no plan yet: {became_of(store)}")
    show_summary(store.status.plan, store.spec.artifacts, console)
    show_services(store.status.services, [], console)
    show_plan(store.status.plan, store.spec.apply, console)
    show_line(became_of(store), console)


def _status_here(folder: Path | None) -> None:
    from hotplate.local.status import run_statuses  # noqa: PLC0415  (needs the extra `local`)

    console, now, found = Console(), datetime.now(UTC), run_statuses(folder)
    if not found:
        console.print("No run in this folder yet; start one with `hotplate up MANIFEST`.")
    for run in found:
        show_heading(run.name, run.state, console)
        show_unready("FeatureStore", run.feature_store, console)
        show_unready("ModelDeployment", run.model_deployment, console)
        show_store(run.feature_store, now, console)
        show_model(run.model_deployment, console)


def _status_on_cluster(place: Place, name: str | None) -> None:
    from hotplate.cli.cluster import resources  # noqa: PLC0415

    found, console = read(resources(place, name)), Console()
    if not found.stores and not found.model_deployments:
        empty = f"Namespace {found.namespace} has no FeatureStore and no ModelDeployment."
        show_line(empty, console)
    show_resources(found.stores, found.model_deployments, datetime.now(UTC), console)


def place_of(state: Path | None, namespace: str | None, context: str | None) -> Place | None:
    """Return where on a cluster to look, or None for this machine."""
    if namespace is None and context is None:
        return None
    if state is not None:
        fail("--state (this machine) cannot be combined with -n or --context (a cluster)")
    try:
        from hotplate.cli.cluster import Place  # noqa: PLC0415  (needs the extra `operator`)
    except ModuleNotFoundError as error:
        fail(f"a cluster needs {error.name}: pip install 'hotplate[operator]'")
    return Place(context, namespace)


def read(reading: Coroutine[Any, Any, T]) -> T:
    """Return what is read from a cluster; end the command when it cannot be."""
    from hotplate.controller.kube.client import ClusterError  # noqa: PLC0415

    with errors_shown():
        try:
            return asyncio.run(reading)
        except ClusterError as error:
            fail(error)


def _manifest(target: str) -> Path:
    path = Path(target)
    if not path.exists() and path.suffix not in (".yaml", ".yml"):
        fail(f"{target}: no such file; for a FeatureStore on a cluster use -n NAMESPACE {target}")
    return path
