"""`hotplate plan`, `status` and `doctor`: what would change, what there is, what is wrong."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from hotplate.cli.exit import ended_by_signals, errors_shown, fail
from hotplate.cli.options import Context, Namespace, StateFolder

if TYPE_CHECKING:
    from hotplate.cli.cluster import Place


def plan(
    target: Annotated[
        str | None,
        typer.Argument(
            metavar="MANIFEST | [NAME]",
            help="On this machine a manifest; on a cluster a FeatureStore, if there are several.",
            show_default=False,
        ),
    ] = None,
    state: StateFolder = None,
    namespace: Namespace = None,
    context: Context = None,
) -> None:
    """Show what applying the definitions would change; change nothing.

    With -n or --context: the last plan of a FeatureStore on a cluster.
    """
    place = _place(state, namespace, context)
    if place is not None:
        from hotplate.cli.cluster import print_plan  # noqa: PLC0415

        _on_cluster(print_plan(place, target, Console()))
        return
    from hotplate.local.planned import show_plan  # noqa: PLC0415  (needs the extra `local`)

    if target is None:
        fail("expected a manifest, or -n NAMESPACE for a cluster")
    with ended_by_signals(), errors_shown():
        show_plan(_manifest(target), state, Console())


def status(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="[NAME]",
            help="On a cluster: one FeatureStore or ModelDeployment.",
            show_default=False,
        ),
    ] = None,
    state: StateFolder = None,
    namespace: Namespace = None,
    context: Context = None,
) -> None:
    """Show views, watermarks, rows and models of the runs started in this folder.

    With -n or --context: of the resources on a cluster.
    """
    place = _place(state, namespace, context)
    if place is not None:
        from hotplate.cli.cluster import print_status  # noqa: PLC0415

        _on_cluster(print_status(place, name, Console()))
        return
    from hotplate.local.status import show_status  # noqa: PLC0415  (needs the extra `local`)

    if name is not None:
        fail(f"{name}: a name is of a cluster, give -n NAMESPACE; a folder is --state {name}")
    with errors_shown():
        show_status(state, Console())


def doctor(
    manifest: Annotated[Path, typer.Argument(help="File with one FeatureStore.")],
) -> None:
    """Check that the stores are there and let the feature store work; change nothing.

    The cache's password comes from HOTPLATE_ONLINE_PASSWORD, its CA from HOTPLATE_ONLINE_CA_FILE.
    """
    from hotplate.local.doctor import doctor as check  # noqa: PLC0415

    with errors_shown():
        if not check(manifest, Console()):
            raise typer.Exit(1)


def _place(state: Path | None, namespace: str | None, context: str | None) -> Place | None:
    """Return where on a cluster to look, or None for this machine."""
    if namespace is None and context is None:
        return None
    if state is not None:
        fail("--state is of this machine, -n and --context are of a cluster: expected one of them")
    try:
        from hotplate.cli.cluster import Place  # noqa: PLC0415  (needs the extra `operator`)
    except ModuleNotFoundError as error:
        fail(f"a cluster needs {error.name}: pip install 'hotplate[operator]'")
    return Place(context, namespace)


def _on_cluster(printing: Coroutine[Any, Any, None]) -> None:
    from hotplate.cli.cluster_errors import RemoteError  # noqa: PLC0415
    from hotplate.controller.kube.client import ClusterError  # noqa: PLC0415

    try:
        asyncio.run(printing)
    except (ClusterError, RemoteError) as error:
        fail(error)


def _manifest(target: str) -> Path:
    path = Path(target)
    if not path.exists() and path.suffix not in (".yaml", ".yml"):
        fail(f"{target}: expected a file, and there is none; on a cluster: -n NAMESPACE {target}")
    return path
