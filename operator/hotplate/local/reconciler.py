"""One look at the resources of a local run: observe, decide, start, report."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from hotplate.api import FeatureStore, ModelDeployment, Resource
from hotplate.api.fields.times import Clock, utc_now
from hotplate.api.v1alpha1.names import LOCAL_RETRAINED, REFRESH_ANNOTATION
from hotplate.decide.feature_store import FeatureStoreDecision
from hotplate.decide.feature_store import decide as decide_feature_store
from hotplate.decide.jobs.specs import JobSpec
from hotplate.decide.model_deployment import ModelDeploymentDecision, Serve
from hotplate.decide.model_deployment import decide as decide_model_deployment
from hotplate.decide.observed import FeatureStoreObserved, ModelDeploymentObserved, Serving, Valkey
from hotplate.decide.plan_gate import reader
from hotplate.decide.serving_settings import Pinned, serving_settings
from hotplate.jobs.errors import JobError
from hotplate.jobs.repository.definitions import revision
from hotplate.local.embedded import EmbeddedStore
from hotplate.local.jobs.calls import Place
from hotplate.local.jobs.controller import JobController
from hotplate.local.manifests import Manifests
from hotplate.local.resources import updated
from hotplate.local.state import State
from hotplate.protocol.serving_settings import ServingSettings

R = TypeVar("R", FeatureStore, ModelDeployment)


@dataclass(frozen=True)
class Target:
    """What should serve: its settings, and a hash of all else that it reads at its start."""

    settings: ServingSettings
    restart_hash: str


@dataclass(frozen=True)
class Reconciled:
    """Both resources, what to serve with if there is a model, and when to look again."""

    feature_store: FeatureStore
    model_deployment: ModelDeployment
    serve: Target | None
    requeue_at: datetime | None


class Reconciler:
    """Starts the Jobs that the decisions name, and keeps both resources with their status."""

    def __init__(
        self, state: State, store: EmbeddedStore | None, jobs: JobController, clock: Clock = utc_now
    ) -> None:
        self._state, self._store, self._jobs, self._clock = state, store, jobs, clock
        self._changed_at: dict[str, datetime] = {}
        self._written: dict[str, Resource] = {}

    def update(self, manifests: Manifests, *, retrain: bool = False) -> None:
        """Take the manifests as the specs of both resources.

        Raises:
            LocalError: an API server would refuse the update.
        """
        store, model = self._state.feature_store(), self._state.model_deployment()
        retrained = self._clock().isoformat() if retrain else _retrained(model)
        updated_store = updated(manifests.feature_store, store, _definitions(manifests))
        updated_model = updated(
            manifests.model_deployment, model, _training(manifests.model_deployment, retrained)
        )
        state, url = self._state, self._store.url if self._store is not None else None
        self._place = Place(manifests, state.job_resources, state.bentoml, url)
        self._place.write_resources()
        self._feature_store, self._model_deployment = updated_store, updated_model
        self._write()

    def reconcile(self, serving: Serving | None) -> Reconciled:
        """Decide on both resources and act; `serving` is what serves now.

        A Job that was given up is gone at once, so then both are decided on again.
        """
        now = self._clock()
        store_decision = self._reconcile_feature_store(now)
        decision = self._reconcile_model_deployment(now, serving)
        if store_decision.to_delete or decision.to_delete:
            return self.reconcile(serving)
        times = (store_decision.requeue_at, decision.requeue_at)
        self._write()
        return Reconciled(
            self._feature_store,
            self._model_deployment,
            self._target(decision.serve, serving),
            min((time for time in times if time is not None), default=None),
        )

    def _reconcile_feature_store(self, now: datetime) -> FeatureStoreDecision:
        store = self._feature_store
        observed = FeatureStoreObserved(
            now=now,
            outcomes=self._jobs.outcomes(store),
            valkey=self._valkey(),
            changed_at=self._changed_at.get(store.kind),
            definitions_are_local=True,
            readers=(live,) if (live := reader(self._model_deployment)) else (),
        )
        decision = decide_feature_store(store, observed)
        self._act(store, decision.to_delete, decision.to_start, now)
        self._feature_store = self._reported(store, decision.status, now)
        return decision

    def _reconcile_model_deployment(
        self, now: datetime, serving: Serving | None
    ) -> ModelDeploymentDecision:
        model_deployment = self._model_deployment
        observed = ModelDeploymentObserved(
            now=now,
            store=self._feature_store,
            outcomes=self._jobs.outcomes(model_deployment),
            serving=serving,
            references=_golden_rows(self._place.manifests),
            changed_at=self._changed_at.get(model_deployment.kind),
        )
        decision = decide_model_deployment(model_deployment, observed)
        self._act(model_deployment, decision.to_delete, decision.to_start, now)
        self._model_deployment = self._reported(model_deployment, decision.status, now)
        return decision

    def _target(self, serve: Serve | None, serving: Serving | None) -> Target | None:
        """Return what should serve now; a resource that is suspended serves what it served."""
        kept = self._model_deployment.status.model if serving is None else None
        model, restart_hash = (kept, "") if serve is None else (serve.model, serve.restart_hash)
        if model is None:
            return None
        pinned = Pinned(model.read_plan, model.version, model.artifact)
        settings = serving_settings(
            self._feature_store, self._model_deployment, pinned, self._place.store
        )
        return Target(settings, restart_hash)

    def _act(
        self, owner: Resource, to_delete: Iterable[str], job_specs: Iterable[JobSpec], now: datetime
    ) -> None:
        """Delete the Jobs that were given up, and start those that are wanted."""
        for name in to_delete:
            self._jobs.delete(name)
        for job_spec in job_specs:
            self._jobs.start(owner, job_spec, self._place.call(job_spec), now)

    def _reported(self, resource: R, status: object, now: datetime) -> R:
        """Return the resource with the status; note when it changed."""
        if status != resource.status:
            self._changed_at[resource.kind] = now
        return resource.model_copy(update={"status": status})

    def _write(self) -> None:
        """Keep both resources, each if it differs from what is kept."""
        for resource in (self._feature_store, self._model_deployment):
            if self._written.get(resource.kind) != resource:
                self._state.write(resource)
                self._written[resource.kind] = resource

    def _valkey(self) -> Valkey | None:
        if self._store is None or not self._feature_store.spec.uses_embedded_store:
            return None
        return Valkey(ready=True, pod_uid=self._store.uid)


def _retrained(model_deployment: ModelDeployment | None) -> str:
    """Return when a run was last asked to `--retrain`, or an empty text."""
    kept = model_deployment.metadata.annotations if model_deployment is not None else {}
    return kept.get(LOCAL_RETRAINED, "")


def _training(given: ModelDeployment, retrained: str) -> Mapping[str, str]:
    """Return the annotation that changes with the manifest's own and with each `--retrain`."""
    if not retrained:
        return {}
    refresh = given.metadata.annotations.get(REFRESH_ANNOTATION, "")
    return {LOCAL_RETRAINED: retrained, REFRESH_ANNOTATION: f"{refresh} {retrained}".strip()}


def _definitions(manifests: Manifests) -> dict[str, str]:
    """Return the annotation whose value changes with the definitions' files.

    Where they are refused, its value is the reason: the Job that plans them reports why.
    """
    try:
        files = revision(manifests.definitions)
    except JobError as error:
        files = error.reason
    given = manifests.feature_store.metadata.annotations.get(REFRESH_ANNOTATION, "")
    return {REFRESH_ANNOTATION: f"{given} {files}".strip()}


def _golden_rows(manifests: Manifests) -> dict[str, str | None]:
    """Return the version of the golden rows under their ConfigMap's name, None without a file."""
    rows, file = manifests.model_deployment.spec.rollout.golden_rows, manifests.golden_rows
    if rows is None or file is None:
        return {}
    try:
        version = hashlib.sha256(file.read_bytes()).hexdigest()
    except OSError:
        version = None
    return {f"ConfigMap/{rows.config_map.name}": version}
