"""`hotplate up`: the manifests' feature store and model on this machine, until it is ended."""

from __future__ import annotations

import os
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path

from hotplate.api.fields.times import utc_now
from hotplate.local.edits import Edits, Version
from hotplate.local.embedded import EmbeddedStore, embedded_valkey
from hotplate.local.jobs.controller import JobController
from hotplate.local.jobs.lines import JobLines
from hotplate.local.jobs.worker import Workers
from hotplate.local.manifests import Manifests
from hotplate.local.progress import Steps
from hotplate.local.reconciler import Reconciler
from hotplate.local.run import Prepared, Run, failure
from hotplate.local.serving.bento import Bento, Server, refuse_taken_port
from hotplate.local.serving.example import show_example
from hotplate.local.state import OWNER_VARIABLE, State


@dataclass(frozen=True)
class Options:
    """What `hotplate up` was asked for."""

    manifest: Path
    state: Path | None = None
    host: str = "127.0.0.1"
    port: int = 3000
    fresh: bool = False
    retrain: bool = False


def state_of(manifests: Manifests, folder: Path | None) -> State:
    """The state folder: the one asked for, or one by the FeatureStore's name."""
    return State(folder or Path(".hotplate") / manifests.feature_store.metadata.name)


def up(options: Options, steps: Steps) -> None:
    """Prepare the feature store and the model, then serve the bento until it is interrupted.

    Raises:
        LocalError, ManifestError: it cannot; the message says why and what to do.
    """
    with steps.step("manifests") as step:
        version = Version.read(options.manifest)
        step.done(_described(version.manifests))
    state = state_of(version.manifests, options.state)
    state.create()
    os.environ[OWNER_VARIABLE] = str(state.folder)
    with state.held(), ExitStack() as stack:
        refuse_taken_port(options.host, options.port)
        if options.fresh:
            state.clear()
        state.refuse_earlier_layout()
        state.finished_jobs.delete_failed()
        stack.enter_context(closing(steps))
        _run(Start(options, version, state, steps), stack)


def _described(manifests: Manifests) -> str:
    store, model = manifests.feature_store, manifests.model_deployment
    return f"FeatureStore {store.metadata.name}, ModelDeployment {model.metadata.name}"


@dataclass(frozen=True)
class Start:
    """All that a run begins with."""

    options: Options
    version: Version
    state: State
    steps: Steps

    @property
    def manifests(self) -> Manifests:
        """The manifests that the run begins with."""
        return self.version.manifests


def _run(start: Start, stack: ExitStack) -> None:
    """Prepare, serve and keep serving; what is started ends with the stack."""
    state, steps = start.state, start.steps
    store = _start_store(start, stack)
    workers = stack.enter_context(closing(Workers(state.log("jobs"))))
    lines = JobLines(steps)
    jobs = JobController(workers, state.finished_jobs, lines)
    reconciler = Reconciler(state, store, jobs)
    reconciler.update(start.manifests, retrain=start.options.retrain)
    run = Run(reconciler, jobs, workers, utc_now)
    server = stack.enter_context(closing(Server(_bento(start), state, steps.say)))
    prepared = run.prepare(lambda: failure(state.finished_jobs))
    lines.show_reused(prepared.reconciled.feature_store, prepared.reconciled.model_deployment)
    _begin(server, prepared, start)
    state.write_running(url=server.url, store=store.url if store is not None else None)
    edits = Edits(start.options.manifest, start.version, reconciler.update, steps.say)
    run.serve(server, edits.take_up, steps.say)


def _start_store(start: Start, stack: ExitStack) -> EmbeddedStore | None:
    if not start.manifests.uses_embedded:
        return None
    with start.steps.step("online store") as step:
        store = EmbeddedStore.at(stack.enter_context(embedded_valkey(start.state.valkey)))
        step.done(f"embedded Valkey at {store.url}")
    return store


def _begin(server: Server, prepared: Prepared, start: Start) -> None:
    """Serve for the first time, and print how."""
    for line in prepared.notices:
        start.steps.say(line)
    with start.steps.step("serve") as step:
        server.serve(prepared.target)
        step.done(server.url)
    show_example(server.url, start.steps)


def _bento(start: Start) -> Bento:
    manifests, options = start.manifests, start.options
    service = manifests.model_deployment.spec.bento.service
    return Bento(manifests.bento, service, options.host, options.port)
