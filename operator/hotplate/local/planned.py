"""`hotplate plan`: what applying the definitions would change, and nothing is changed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from hotplate import jobs
from hotplate.local.embedded import embedded_valkey
from hotplate.local.manifests import Manifests, read
from hotplate.local.settings import uses_embedded
from hotplate.local.state import OWNER_VARIABLE, State
from hotplate.local.up import state_of
from hotplate.local.worker import worker


def show_plan(manifest: Path, folder: Path | None, console: Console) -> None:
    """Print the plan, its hash, and whether `spec.apply` lets it pass."""
    manifests = read(manifest)
    state = state_of(manifests, folder)
    state.create()
    with _store(manifests, state) as store, worker(state.log("jobs")) as jobs_process:
        workplace = jobs.Workplace(manifests.feature_store, manifests.definitions, store)
        planned = jobs_process.run(jobs.plan, workplace)
    for line in planned.summary:
        console.print(escape(line), highlight=False, soft_wrap=True)
    console.print(
        f"{planned.create} to create, {planned.update} to update, {planned.delete} to delete",
        highlight=False,
    )
    _say_whether_blocked(manifests, planned, console)


def _say_whether_blocked(manifests: Manifests, planned: jobs.PlanResult, console: Console) -> None:
    gate = manifests.feature_store.spec.apply
    if planned.delete > gate.max_deletions and gate.approve != planned.plan_hash:
        console.print(
            f"It deletes more than spec.apply.maxDeletions ({gate.max_deletions}) and will be "
            f"refused, unless spec.apply.approve is {planned.plan_hash}",
            highlight=False,
            soft_wrap=True,
        )


@contextmanager
def _store(manifests: Manifests, state: State) -> Iterator[str | None]:
    """Yield the embedded Valkey's URL: the running one's, or one that is started for the plan."""
    running = state.running()
    with ExitStack() as stack:
        if running is not None:
            if running["url"] is None:
                raise state.held_by()
            yield running["store"]
            return
        os.environ[OWNER_VARIABLE] = str(state.folder)
        stack.enter_context(state.held())
        embedded = uses_embedded(manifests)
        yield stack.enter_context(embedded_valkey(state.valkey)) if embedded else None
