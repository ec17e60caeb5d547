"""`hotplate approve`: let a blocked plan of a cluster be applied."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console

from hotplate.cli.exit import fail
from hotplate.cli.inspect import place_of, read
from hotplate.cli.options import Context, Namespace
from hotplate.cli.render.plan import became_of, is_blocked, show_plan, show_summary
from hotplate.cli.render.text import show_line


def approve(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="NAME",
            help="The FeatureStore, if there are several in the namespace.",
            show_default=False,
        ),
    ] = None,
    *,
    namespace: Namespace = None,
    context: Context = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for confirmation.")] = False,
) -> None:
    """Show the blocked plan of a FeatureStore on a cluster, and approve it.

    For a local run, set spec.apply.approve in the manifest to the hash that `hotplate plan` prints.
    """
    place = place_of(None, namespace, context)
    if place is None:
        fail("expected -n NAMESPACE; for a local run set spec.apply.approve in the manifest")
    from hotplate.cli.cluster import approve_plan, one_store  # noqa: PLC0415

    store, console = read(one_store(place, name)), Console()
    if store.status.plan is None or not is_blocked(store):
        fail(f"FeatureStore {store.metadata.name} has no plan to approve: {became_of(store)}")
    show_summary(store.status.plan, store.spec.artifacts, console)
    show_plan(store.status.plan, store.spec.apply, console)
    show_line(became_of(store), console)
    if not yes and not typer.confirm("Apply this plan?"):
        raise typer.Exit(1)
    read(approve_plan(place, store))
    show_line(f"Approved: spec.apply.approve is {store.status.plan.hash}", console)
