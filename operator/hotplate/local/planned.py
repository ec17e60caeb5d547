"""What applying the definitions would change; nothing is changed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from hotplate import jobs
from hotplate.api.v1alpha1.feature_store_status import PlanSummary
from hotplate.local.embedded import embedded_valkey
from hotplate.local.manifests import Manifests
from hotplate.local.settings import uses_embedded
from hotplate.local.state import OWNER_VARIABLE, State
from hotplate.local.up import state_of
from hotplate.local.worker import worker


def plan(manifests: Manifests, folder: Path | None) -> PlanSummary:
    """Return the plan of the manifests' definitions against the state folder.

    Raises:
        LocalError: it cannot be made; the message says why and what to do.
    """
    state = state_of(manifests, folder)
    state.create()
    with _store(manifests, state) as store, worker(state.log("jobs")) as jobs_process:
        workplace = jobs.Workplace(manifests.feature_store, manifests.definitions, store)
        planned = jobs_process.run(jobs.plan, workplace)
    return PlanSummary(
        hash=planned.plan_hash,
        revision=planned.revision,
        create=planned.create,
        update=planned.update,
        delete=planned.delete,
        summary=planned.summary,
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
