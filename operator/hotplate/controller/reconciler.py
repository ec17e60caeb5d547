"""One reconcile for each kind: observe, decide, apply, write the status."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from hotplate.api import FeatureStore, ManifestError, ModelDeployment, Resource, parse_resource
from hotplate.api.fields.times import Clock, utc_now
from hotplate.api.v1alpha1 import names
from hotplate.api.v1alpha1.conditions import ConditionType, Reason
from hotplate.controller.children import feature_store_children, model_deployment_children
from hotplate.controller.children.jobs import JobContext, job
from hotplate.controller.children.scoring import scoring_name
from hotplate.controller.finalizer import ensure_finalizer, has_finalizer, reconcile_deletion
from hotplate.controller.kube.apply_plan import apply_plan
from hotplate.controller.kube.client import Cluster
from hotplate.controller.kube.manifest import (
    Manifest,
    ObjectKey,
    is_being_deleted,
    last_changed_at,
    object_key,
)
from hotplate.controller.metrics.operator import Metrics
from hotplate.controller.observe.children import (
    LiveChildren,
    NameConflictError,
    child_keys,
    live_children,
    settings_files,
)
from hotplate.controller.observe.embedded_valkey import embedded_valkey
from hotplate.controller.observe.jobs import job_outcomes
from hotplate.controller.observe.references import feature_store, readers, reference_versions
from hotplate.controller.observe.scoring_pods import scoring_pods
from hotplate.controller.observe.serving import serving
from hotplate.controller.observe.tenants import Tenants
from hotplate.controller.observe.unused_kinds import UnusedKinds
from hotplate.controller.queue import GoneError
from hotplate.controller.resource_key import ResourceKey
from hotplate.controller.settings import OperatorSettings
from hotplate.controller.status_writer import write_problem, write_status
from hotplate.decide.conditions.transitions import FALSE, ConditionDraft
from hotplate.decide.deletion import DeletionObserved
from hotplate.decide.feature_store import decide as decide_feature_store
from hotplate.decide.jobs.specs import JobSpec
from hotplate.decide.model_deployment import Serve
from hotplate.decide.model_deployment import decide as decide_model_deployment
from hotplate.decide.observed import FeatureStoreObserved, ModelDeploymentObserved, Serving
from hotplate.decide.plan_gate import needs_readers
from hotplate.decide.project_conflicts import conflict
from hotplate.decide.references import feature_store_references, model_deployment_references
from hotplate.decide.schedule import next_poll


class Reconciler:
    """Makes a resource's children what they should be, and its status what is observed."""

    def __init__(
        self, cluster: Cluster, settings: OperatorSettings, metrics: Metrics, clock: Clock = utc_now
    ) -> None:
        self._cluster = cluster
        self._settings = settings
        self._metrics = metrics
        self._clock = clock
        self._tenants = Tenants(cluster, settings.namespaces, clock)
        self._unused_kinds = UnusedKinds()

    def forget(self, key: ResourceKey) -> None:
        """Forget a resource that is gone."""
        self._metrics.resources.forget(key)
        self._unused_kinds.forget(key)

    async def reconcile(self, kind: str, namespace: str, name: str) -> datetime | None:
        """Reconcile a resource; return when to do so again without an event; raise `GoneError`."""
        body = await self._cluster.get(ObjectKey(names.API_VERSION, kind, name), namespace)
        if body is None or (is_being_deleted(body) and not has_finalizer(body)):
            raise GoneError(name)
        changed_at = last_changed_at(body)
        try:
            resource = parse_resource(body)
            if isinstance(resource, FeatureStore) and is_being_deleted(body):
                return await self._deletion(resource, changed_at)
            if isinstance(resource, FeatureStore):
                return await self._feature_store(resource, changed_at)
            return await self._model_deployment(resource, changed_at)
        except ManifestError as error:
            await self._problem(body, Reason.INVALID_SPEC, str(error))
        except NameConflictError as error:
            await self._problem(body, Reason.NAME_CONFLICT, str(error))
            return next_poll(changed_at, self._clock())
        return None

    async def _feature_store(
        self, store: FeatureStore, changed_at: datetime | None
    ) -> datetime | None:
        cluster, now = self._cluster, self._clock()
        live = await self._live(store)
        observed = FeatureStoreObserved(
            now=now,
            outcomes=await job_outcomes(cluster, store),
            valkey=await embedded_valkey(cluster, store),
            references=await reference_versions(cluster, store, feature_store_references(store)),
            conflict=await self._conflict(store),
            changed_at=changed_at,
            readers=await readers(cluster, store) if needs_readers(store.status) else None,
        )

        decision = decide_feature_store(store, observed)

        await ensure_finalizer(cluster, store)
        children = feature_store_children(store, self._settings.valkey_image)
        await self._converge(store, children, live)
        self._remember_unused(store, children, live)
        await self._delete_jobs(store, decision.to_delete)
        context = JobContext(store, store, self._settings.jobs_image)
        await self._start_jobs(context, decision.to_start)
        await write_status(cluster, store, decision.status)
        self._metrics.record_status(store, decision.status)
        return decision.requeue_at

    async def _deletion(self, store: FeatureStore, changed_at: datetime | None) -> datetime | None:
        context = JobContext(store, store, self._settings.jobs_image)
        conflict = await self._conflict(store)
        self._metrics.record_status(store, store.status)
        observed = DeletionObserved(self._clock(), conflict=conflict, changed_at=changed_at)
        return await reconcile_deletion(self._cluster, context, observed)

    async def _model_deployment(
        self, model_deployment: ModelDeployment, changed_at: datetime | None
    ) -> datetime | None:
        cluster, now = self._cluster, self._clock()
        namespace = model_deployment.metadata.namespace or ""
        store = await feature_store(
            cluster, namespace, model_deployment.spec.feature_store_ref.name
        )
        named = model_deployment_references(model_deployment, store)
        live = await self._live(model_deployment)
        observed = ModelDeploymentObserved(
            now=now,
            store=store,
            outcomes=await job_outcomes(cluster, model_deployment),
            serving=await self._serving(model_deployment, live.bodies),
            missing_kinds=live.missing_kinds,
            references=await reference_versions(cluster, model_deployment, named),
            changed_at=changed_at,
        )

        decision = decide_model_deployment(model_deployment, observed)

        if decision.serve is not None and store is not None:
            await self._serve(model_deployment, store, decision.serve, live)
        await self._delete_jobs(model_deployment, decision.to_delete)
        if store is not None:
            context = JobContext(model_deployment, store, self._settings.jobs_image)
            await self._start_jobs(context, decision.to_start)
        await write_status(cluster, model_deployment, decision.status)
        self._metrics.record_status(model_deployment, decision.status)
        return decision.requeue_at

    async def _serve(
        self,
        model_deployment: ModelDeployment,
        store: FeatureStore,
        serve: Serve,
        live: LiveChildren,
    ) -> None:
        image = self._settings.serving_image
        children = model_deployment_children(model_deployment, store, serve, image)
        current = [object_key(child) for child in children]
        files = await settings_files(self._cluster, model_deployment, current)
        live = replace(live, bodies={**live.bodies, **files})
        await self._converge(model_deployment, children, live)
        if serve.model is not None:
            self._remember_unused(model_deployment, children, live)

    async def _live(self, owner: Resource) -> LiveChildren:
        """Return the owner's children, without fetching kinds that it does not use."""
        unused = self._unused_kinds.of(owner)
        keys = (key for key in child_keys(owner) if key.kind not in unused)
        return await live_children(self._cluster, owner, keys)

    def _remember_unused(
        self, owner: Resource, desired: Iterable[Manifest], live: LiveChildren
    ) -> None:
        """Remember which kinds of children are neither desired nor live."""
        used = {key.kind for key in live.bodies} | {manifest["kind"] for manifest in desired}
        possible = frozenset(key.kind for key in child_keys(owner))
        self._unused_kinds.remember(owner, possible - used)

    async def _converge(
        self, owner: Resource, desired: Iterable[Manifest], live: LiveChildren
    ) -> None:
        """Apply and delete what differs; a missing kind is applied once the cluster has it."""
        possible = (each for each in desired if each["kind"] not in live.missing_kinds)
        plan = apply_plan(possible, live.bodies)
        for key, metadata in plan.take_ownership.items():
            await self._cluster.patch_metadata(key, owner.metadata.namespace or "", metadata)
        for manifest in plan.apply:
            await self._cluster.apply(manifest)
        for key in plan.delete:
            await self._cluster.delete(key, owner.metadata.namespace or "")

    async def _start_jobs(self, context: JobContext, job_specs: Iterable[JobSpec]) -> None:
        for job_spec in job_specs:
            await self._cluster.apply(job(context, job_spec))

    async def _delete_jobs(self, owner: Resource, jobs: Iterable[str]) -> None:
        for name in jobs:
            await self._cluster.delete(
                ObjectKey("batch/v1", "Job", name), owner.metadata.namespace or ""
            )

    async def _conflict(self, store: FeatureStore) -> str | None:
        if store.spec.online_store.elasti_cache is None:
            return None
        mine, others = await self._tenants.around(store)
        return conflict(mine, others) if mine is not None else None

    async def _serving(
        self, model_deployment: ModelDeployment, live: Mapping[ObjectKey, Manifest]
    ) -> Serving | None:
        """Return what serves; its pods are fetched only when one is missing, to say why."""
        body = live.get(_deployment_key(model_deployment))
        pods = []
        if body is not None and body.get("status", {}).get("unavailableReplicas"):
            pods = await scoring_pods(self._cluster, model_deployment)
        return serving(model_deployment, body, pods)

    async def _problem(self, body: Manifest, reason: Reason, message: str) -> None:
        draft = ConditionDraft(ConditionType.READY, FALSE, reason, message)
        ready = await write_problem(self._cluster, body, draft, self._clock())
        metadata = body["metadata"]
        key = ResourceKey(body["kind"], metadata["namespace"], metadata["name"])
        self._metrics.resources.keep_problem(key, ready)


def _deployment_key(model_deployment: ModelDeployment) -> ObjectKey:
    return ObjectKey("apps/v1", "Deployment", scoring_name(model_deployment))
