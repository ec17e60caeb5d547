"""`hotplate up`: the manifests' feature store and model on this machine, until it is ended."""

from __future__ import annotations

import os
import subprocess
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from hotplate.local.bento import Bento, refuse_taken_port, serving
from hotplate.local.decide import seconds_to_next_run
from hotplate.local.embedded import embedded_valkey
from hotplate.local.errors import LocalError
from hotplate.local.example import show_example
from hotplate.local.manifests import Manifests, read
from hotplate.local.prepare import Preparation
from hotplate.local.progress import Steps
from hotplate.local.settings import uses_embedded, write_settings
from hotplate.local.state import OWNER_VARIABLE, State
from hotplate.local.worker import worker


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
        manifests = read(options.manifest)
        step.done(_described(manifests))
    state = state_of(manifests, options.state)
    state.create()
    os.environ[OWNER_VARIABLE] = str(state.folder)
    with state.held(), ExitStack() as stack:
        refuse_taken_port(options.host, options.port)
        if options.fresh:
            state.clear()
        run = _Run(options, manifests, state, steps)
        run.start(stack)


def _described(manifests: Manifests) -> str:
    store, model = manifests.feature_store, manifests.model_deployment
    return f"FeatureStore {store.metadata.name}, ModelDeployment {model.metadata.name}"


class _Run:
    def __init__(self, options: Options, manifests: Manifests, state: State, steps: Steps) -> None:
        self._options, self._manifests = options, manifests
        self._state, self._steps = state, steps

    def start(self, stack: ExitStack) -> None:
        store = self._start_store(stack) if uses_embedded(self._manifests) else None
        self._prepare(store)
        write_settings(self._manifests, self._state, store)
        spec = self._manifests.model_deployment.spec.bento
        bento = Bento(self._manifests.bento, spec.service, self._options.host, self._options.port)
        with self._steps.step("serve") as step:
            process = stack.enter_context(serving(bento, self._state))
            step.done(bento.url)
        show_example(bento.url, self._steps)
        self._state.write_running(url=bento.url, store=store)
        self._keep_fresh(process, store)

    def _start_store(self, stack: ExitStack) -> str:
        with self._steps.step("online store") as step:
            store = stack.enter_context(embedded_valkey(self._state.valkey))
            step.done(f"embedded Valkey at {store}")
        return store

    def _prepare(self, store: str | None) -> None:
        with worker(self._state.log("jobs")) as jobs:
            preparation = Preparation(self._manifests, self._state, store, jobs)
            preparation.run(self._steps, retrain=self._options.retrain)

    def _keep_fresh(self, process: subprocess.Popen[bytes], store: str | None) -> None:
        """Materialize on schedule for as long as the bento runs."""
        feature_store = self._manifests.feature_store
        while True:
            try:
                process.wait(seconds_to_next_run(feature_store, datetime.now(UTC)))
            except subprocess.TimeoutExpired:
                self._materialize(store)
            else:
                log = self._state.log("bento")
                raise LocalError(f"the bento ended by itself; its log: {log}")

    def _materialize(self, store: str | None) -> None:
        """Materialize now; what fails is said, and tried again when the schedule is next due."""
        try:
            with worker(self._state.log("jobs")) as jobs:
                Preparation(self._manifests, self._state, store, jobs).materialize_all(self._steps)
        except LocalError as error:
            self._steps.say(f"error: {error}")
