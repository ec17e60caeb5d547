"""One reconcile for each kind: observe, decide, apply, report."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime

from hotplate.api import FeatureStore, ManifestError, ModelDeployment, Resource, parse_resource
from hotplate.api.v1alpha1 import names
from hotplate.api.v1alpha1.conditions import ConditionType, Reason
from hotplate.controller.children import feature_store_children, model_deployment_children
from hotplate.controller.children.jobs import JobContext, job
from hotplate.controller.children.scoring import scoring_name
from hotplate.controller.finalizer import depart, hold
from hotplate.controller.kube.apply_plan import Key, key_of, plan
from hotplate.controller.kube.client import Cluster
from hotplate.controller.kube.manifest import Manifest
from hotplate.controller.metrics.operator import Metrics
from hotplate.controller.observe import observe
from hotplate.controller.observe.serving import serving
from hotplate.controller.observe.tenants import Tenants
from hotplate.controller.observe.unused_kinds import Absent
from hotplate.controller.queue import GoneError
from hotplate.controller.queue import Key as ResourceKey
from hotplate.controller.settings import Settings
from hotplate.controller.status_writer import report, report_problem
from hotplate.decide.conditions.transitions import Finding
from hotplate.decide.deletion import DeletionObserved
from hotplate.decide.feature_store import decide as decide_feature_store
from hotplate.decide.job_specs import Work
from hotplate.decide.model_deployment import Serve
from hotplate.decide.model_deployment import decide as decide_model_deployment
from hotplate.decide.observed import FeatureStoreObserved, ModelDeploymentObserved, Serving
from hotplate.decide.patience import next_look
from hotplate.decide.project_conflicts import conflict
from hotplate.decide.references import feature_store_references, model_deployment_references

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """Return the time in whole seconds, which is what Kubernetes keeps."""
    return datetime.now(UTC).replace(microsecond=0)


class Reconciler:
    """Brings a resource's children to what they should be, and its status to what is."""

    def __init__(
        self, cluster: Cluster, settings: Settings, metrics: Metrics, clock: Clock = utc_now
    ) -> None:
        self._cluster = cluster
        self._settings = settings
        self._metrics = metrics
        self._clock = clock
        self._tenants = Tenants(cluster, settings.namespaces, clock)
        self._absent = Absent()

    def forget(self, key: ResourceKey) -> None:
        """Keep nothing of a resource that is gone."""
        self._metrics.resources.forget(key)
        self._absent.forget(key)

    async def reconcile(self, kind: str, namespace: str, name: str) -> datetime | None:
        """Reconcile a resource; return when to look again without an event; raise `GoneError`."""
        body = await self._cluster.get(Key(names.API_VERSION, kind, name), namespace)
        if body is None or (observe.is_going(body) and not observe.is_held(body)):
            raise GoneError(name)
        changed_at = observe.changed_at(body)
        try:
            resource = parse_resource(body)
            if isinstance(resource, FeatureStore) and observe.is_going(body):
                return await self._departing(resource, changed_at)
            if isinstance(resource, FeatureStore):
                return await self._feature_store(resource, changed_at)
            return await self._model_deployment(resource, changed_at)
        except ManifestError as error:
            await self._problem(body, Reason.INVALID_SPEC, str(error))
        except observe.NameConflictError as error:
            await self._problem(body, Reason.NAME_CONFLICT, str(error))
            return next_look(changed_at, self._clock())
        return None

    async def _feature_store(
        self, store: FeatureStore, changed_at: datetime | None
    ) -> datetime | None:
        cluster, now = self._cluster, self._clock()
        live = await self._live(store)
        observed = FeatureStoreObserved(
            now=now,
            outcomes=await observe.outcomes(cluster, store),
            valkey=await observe.valkey(cluster, store),
            references=await observe.references(cluster, store, feature_store_references(store)),
            conflict=await self._conflict(store),
            changed_at=changed_at,
        )

        decision = decide_feature_store(store, observed)

        await hold(cluster, store)
        children = feature_store_children(store, self._settings.valkey_image)
        await self._converge(store, children, live)
        self._note_absent(store, children, live)
        await self._give_up(store, decision.given_up)
        await self._start(JobContext(store, store, self._settings.jobs_image), decision.works)
        await report(cluster, store, decision.status)
        self._metrics.reported(store, decision.status)
        return decision.wake_at

    async def _departing(self, store: FeatureStore, changed_at: datetime | None) -> datetime | None:
        context = JobContext(store, store, self._settings.jobs_image)
        conflict = await self._conflict(store)
        self._metrics.reported(store, store.status)
        observed = DeletionObserved(self._clock(), conflict=conflict, changed_at=changed_at)
        return await depart(self._cluster, context, observed)

    async def _model_deployment(
        self, model_deployment: ModelDeployment, changed_at: datetime | None
    ) -> datetime | None:
        cluster, now = self._cluster, self._clock()
        namespace = model_deployment.metadata.namespace or ""
        store = await observe.feature_store(
            cluster, namespace, model_deployment.spec.feature_store_ref.name
        )
        named = model_deployment_references(model_deployment, store)
        live = await self._live(model_deployment)
        observed = ModelDeploymentObserved(
            now=now,
            store=store,
            outcomes=await observe.outcomes(cluster, model_deployment),
            serving=await self._serving(model_deployment, live.bodies),
            missing_kinds=live.missing_kinds,
            references=await observe.references(cluster, model_deployment, named),
            changed_at=changed_at,
        )

        decision = decide_model_deployment(model_deployment, observed)

        if decision.serve is not None and store is not None:
            await self._serve(model_deployment, store, decision.serve, live)
        await self._give_up(model_deployment, decision.given_up)
        if store is not None:
            context = JobContext(model_deployment, store, self._settings.jobs_image)
            await self._start(context, decision.works)
        await report(cluster, model_deployment, decision.status)
        self._metrics.reported(model_deployment, decision.status)
        return decision.wake_at

    async def _serve(
        self,
        model_deployment: ModelDeployment,
        store: FeatureStore,
        serve: Serve,
        live: observe.Live,
    ) -> None:
        image = self._settings.serving_image
        children = model_deployment_children(model_deployment, store, serve, image)
        current = [key_of(child) for child in children]
        files = await observe.settings_files(self._cluster, model_deployment, current)
        live = replace(live, bodies={**live.bodies, **files})
        await self._converge(model_deployment, children, live)
        if serve.model is not None:
            self._note_absent(model_deployment, children, live)

    async def _live(self, owner: Resource) -> observe.Live:
        """Return the owner's children, without asking for those that it cannot have."""
        absent = self._absent.of(owner)
        keys = (key for key in observe.child_keys(owner) if key.kind not in absent)
        return await observe.owned(self._cluster, owner, keys)

    def _note_absent(
        self, owner: Resource, desired: Iterable[Manifest], live: observe.Live
    ) -> None:
        """Remember which kinds of children all that is desired, and all there is, leaves out."""
        there = {key.kind for key in live.bodies} | {manifest["kind"] for manifest in desired}
        possible = frozenset(key.kind for key in observe.child_keys(owner))
        self._absent.note(owner, possible - there)

    async def _converge(
        self, owner: Resource, desired: Iterable[Manifest], live: observe.Live
    ) -> None:
        """Apply and delete what differs; a kind that is not there is applied once it is."""
        possible = (each for each in desired if each["kind"] not in live.missing_kinds)
        todo = plan(possible, live.bodies)
        for key, metadata in todo.seize.items():
            await self._cluster.seize(key, owner.metadata.namespace or "", metadata)
        for manifest in todo.apply:
            await self._cluster.apply(manifest)
        for key in todo.delete:
            await self._cluster.delete(key, owner.metadata.namespace or "")

    async def _start(self, context: JobContext, works: Iterable[Work]) -> None:
        for work in works:
            await self._cluster.apply(job(context, work))

    async def _give_up(self, owner: Resource, jobs: Iterable[str]) -> None:
        for name in jobs:
            await self._cluster.delete(Key("batch/v1", "Job", name), owner.metadata.namespace or "")

    async def _conflict(self, store: FeatureStore) -> str | None:
        if store.spec.online_store.elasti_cache is None:
            return None
        mine, others = await self._tenants.around(store)
        return conflict(mine, others) if mine is not None else None

    async def _serving(
        self, model_deployment: ModelDeployment, live: Mapping[Key, Manifest]
    ) -> Serving | None:
        """Return what serves; its pods are asked for when one of them is missing: to say why."""
        body = live.get(_deployment_key(model_deployment))
        pods = []
        if body is not None and body.get("status", {}).get("unavailableReplicas"):
            pods = await observe.scoring_pods(self._cluster, model_deployment)
        return serving(model_deployment, body, pods)

    async def _problem(self, body: Manifest, reason: Reason, message: str) -> None:
        finding = Finding(ConditionType.READY, False, reason, message)
        ready = await report_problem(self._cluster, body, finding, self._clock())
        metadata = body["metadata"]
        key = (body["kind"], metadata["namespace"], metadata["name"])
        self._metrics.resources.keep_problem(key, ready)


def _deployment_key(model_deployment: ModelDeployment) -> Key:
    return Key("apps/v1", "Deployment", scoring_name(model_deployment))
