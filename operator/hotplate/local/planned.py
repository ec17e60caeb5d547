"""`hotplate plan`: what applying the definitions would change, and nothing is changed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from rich.console import Console

from hotplate import jobs
from hotplate.cli.render import ShownPlan
from hotplate.cli.render import show_plan as print_plan
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
    print_plan(_shown(manifests, planned), console)


def _shown(manifests: Manifests, planned: jobs.PlanResult) -> ShownPlan:
    gate = manifests.feature_store.spec.apply
    return ShownPlan(
        summary=planned.summary,
        counts=(planned.create, planned.update, planned.delete),
        hash=planned.plan_hash,
        max_deletions=gate.max_deletions,
        approve=gate.approve,
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
