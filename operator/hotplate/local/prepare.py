"""The jobs of a run in their order: those that an earlier run did are not done again."""

from __future__ import annotations

from datetime import UTC, datetime

from hotplate import jobs
from hotplate.api.v1alpha1.names import revision_id
from hotplate.jobs.errors import JobError
from hotplate.jobs.repository.definitions import revision
from hotplate.jobs.workspace import Workplace
from hotplate.local import decide
from hotplate.local.errors import LocalError
from hotplate.local.manifests import Manifests
from hotplate.local.progress import Steps
from hotplate.local.record import ModelRecord, RevisionRecord, ViewRecord
from hotplate.local.state import State
from hotplate.local.worker import Worker


class Preparation:
    """Applies the definitions, materializes the views and trains the model where it is due."""

    def __init__(self, manifests: Manifests, state: State, store: str | None, worker: Worker):
        self._manifests, self._state, self._worker = manifests, state, worker
        self._workplace = Workplace(
            manifests.feature_store, manifests.definitions, store, model_store_home=state.bentoml
        )

    def run(self, steps: Steps, *, retrain: bool) -> None:
        """Do what is due; raise `LocalError` where it cannot be done."""
        self._apply(steps)
        feature_store, record = self._manifests.feature_store, self._state.record()
        due = decide.views_due(feature_store, record, datetime.now(UTC))
        for view in record.applied.views if record.applied else ():
            self._materialize(steps, view, due=view in due)
        self._train(steps, retrain=retrain)
        self._verify(steps)

    def materialize_all(self, steps: Steps) -> None:
        """Materialize every view up to now."""
        applied = self._state.record().applied
        for view in applied.views if applied else ():
            self._materialize(steps, view, due=True)

    def _apply(self, steps: Steps) -> None:
        record = self._state.record()
        current = _revision(self._manifests)
        if decide.is_applied(self._manifests.feature_store, current, record):
            with steps.step("apply") as step:
                step.done(f"revision {revision_id(current)} is applied", reused=True)
            return
        with steps.step("plan") as step:
            planned = self._worker.run(jobs.plan, self._workplace)
            counts = (planned.create, planned.update, planned.delete)
            step.done("{} to create, {} to update, {} to delete".format(*counts))
        with steps.step("apply") as step:
            applied = self._worker.run(jobs.apply, self._workplace)
            step.done(f"revision {revision_id(applied.revision)}")
        revised = RevisionRecord(
            revision=applied.revision,
            settings=decide.settings_hash(self._manifests.feature_store),
            read_plan=applied.read_plan,
            plan_hash=applied.plan_hash,
            views=applied.views,
        )
        views = {k: v for k, v in record.views.items() if k not in applied.changed_views}
        self._state.write_record(record.model_copy(update={"applied": revised, "views": views}))

    def _materialize(self, steps: Steps, view: str, *, due: bool) -> None:
        record = self._state.record()
        with steps.step(f"materialize {view}") as step:
            if not due:
                step.done(f"up to {record.views[view].watermark:%Y-%m-%d %H:%M} UTC", reused=True)
                return
            done = self._worker.run(jobs.materialize, self._workplace, view)
            rows = "" if done.rows is None else f"{done.rows:,} rows "
            step.done(f"{rows}up to {done.end:%Y-%m-%d %H:%M} UTC")
        views = record.views | {
            view: ViewRecord(watermark=done.end, rows=done.rows, seconds=done.seconds)
        }
        self._state.write_record(record.model_copy(update={"views": views}))

    def _train(self, steps: Steps, *, retrain: bool) -> None:
        model_deployment, record = self._manifests.model_deployment, self._state.record()
        due = decide.must_train(model_deployment, record, retrain=retrain)
        with steps.step("train") as step:
            if not due:
                tag, _ = decide.served_model(model_deployment, record)
                step.done(f"model {tag} is there", reused=True)
                return
            trained = self._worker.run(jobs.train, self._workplace, model_deployment)
            step.done(f"model {trained.version}, roc_auc {trained.metrics['roc_auc']:.3f}")
        model = ModelRecord.model_validate(
            trained.model_dump(exclude={"result", "rows"}) | {"trained_at": datetime.now(UTC)}
        )
        self._state.write_record(record.model_copy(update={"model": model}))

    def _verify(self, steps: Steps) -> None:
        record = self._state.record()
        with steps.step("verify") as step:
            if record.verified == record.to_verify:
                step.done("nothing has changed since", reused=True)
                return
            pinned = decide.pinned(self._manifests.model_deployment, record)
            verified = self._worker.run(jobs.verify, self._workplace, pinned)
            sampled = sum(view.sampled for view in verified.views)
            step.done(f"{sampled} rows are served as the offline store has them")
        self._state.write_record(record.model_copy(update={"verified": record.to_verify}))


def _revision(manifests: Manifests) -> str:
    try:
        return revision(manifests.definitions)
    except JobError as error:
        raise LocalError(str(error)) from error
