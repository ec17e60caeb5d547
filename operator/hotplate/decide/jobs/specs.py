"""What each Job of both resources does, and what makes it that Job and no other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from hotplate.api import FeatureStore, ModelDeployment, Resource
from hotplate.api.v1alpha1 import names
from hotplate.api.v1alpha1.materialization import OnFailure
from hotplate.api.v1alpha1.model_deployment_status import PinnedModel
from hotplate.api.v1alpha1.pods import ResourceRequirements
from hotplate.protocol import bentoml_environment, job_environment
from hotplate.protocol.job_results import StoredResult
from hotplate.protocol.pod_files import GOLDEN_ROWS_FILE
from hotplate.protocol.readers import Reader, to_json

KEPT_SECONDS = 3600
"""A finished Job is kept an hour for its logs; one that failed is then run again."""

TRAINING_KEPT_SECONDS = 86_400
"""A model that did not pass its gate is trained again after a day, and not before."""

PREFLIGHT_LIMITS = OnFailure(retries=0, deadline=timedelta(minutes=10))
PREFLIGHT_KEPT_SECONDS = 120
"""A preflight that failed is tried again after two minutes."""

RESOLVE_LIMITS = OnFailure(retries=2, deadline=timedelta(minutes=10))
RESOLVE_KEPT_SECONDS = 600
"""A Git ref is resolved often, and its Jobs are kept for their logs only for ten minutes."""

TEARDOWN = "teardown"
TEARDOWN_LIMITS = OnFailure(retries=2, deadline=timedelta(hours=6))
TEARDOWN_KEPT_SECONDS = 300
"""A teardown that failed is tried again after five minutes."""

_BENTOML_HOME = "/tmp/bentoml"  # noqa: S108 - in the pod


@dataclass(frozen=True)
class JobSpec:
    """What one Job does: `hotplate job <name>` with these variables.

    A Job of the same name and `identity` is the same Job. `inputs` is a hash of all that it is made
    from, `due` the time that it is due for; status keeps both. `kept_seconds` is how long a Job
    that has ended is kept. One that `outlives_owner` runs while its owner is deleted. A Job that
    needs the definitions gets their files, at the commit; one that `reads_git` gets the repository.
    """

    name: str
    identity: tuple[str, ...]
    inputs: str = ""
    due: datetime | None = None
    variables: Mapping[str, str] = field(default_factory=dict)
    on_failure: OnFailure = field(default_factory=OnFailure)
    resources: ResourceRequirements | None = None
    commit: str | None = None
    kept_seconds: int = KEPT_SECONDS
    golden_rows: str | None = None
    outlives_owner: bool = False
    needs_definitions: bool = True
    reads_git: bool = False

    @property
    def label(self) -> str:
        """What the Job does in a few words, such as `plan` or `materialize credit_history`."""
        view = self.variables.get(job_environment.VIEW)
        return f"{self.name} {view}" if view else self.name


def preflight_job(inputs: str) -> JobSpec:
    """Return the Job that checks the stores; it runs again soon after a failure."""
    return JobSpec(
        "preflight",
        (inputs,),
        inputs,
        on_failure=PREFLIGHT_LIMITS,
        kept_seconds=PREFLIGHT_KEPT_SECONDS,
    )


def resolve_job(inputs: str, due: datetime) -> JobSpec:
    """Return the Job that asks which commit the definitions' Git ref stands for."""
    return JobSpec(
        "resolve",
        (inputs, due.isoformat()),
        inputs,
        due,
        on_failure=RESOLVE_LIMITS,
        kept_seconds=RESOLVE_KEPT_SECONDS,
        needs_definitions=False,
        reads_git=True,
    )


def plan_job(inputs: str, commit: str | None = None) -> JobSpec:
    """Return the Job that plans the definitions, those in Git at the commit."""
    return JobSpec("plan", (inputs,), inputs, commit=commit)


def apply_job(
    inputs: str, commit: str | None, plan_hash: str, readers: Iterable[Reader] | None
) -> JobSpec:
    """Return the Job that applies the definitions at the commit that was planned."""
    variables = {job_environment.PLAN_HASH: plan_hash, **_readers(readers)}
    return JobSpec("apply", (inputs,), inputs, commit=commit, variables=variables)


def _readers(readers: Iterable[Reader] | None) -> dict[str, str]:
    return {} if readers is None else {job_environment.READERS: to_json(readers)}


def materialize_job(
    feature_store: FeatureStore,
    view: str,
    due: datetime,
    readers: Iterable[Reader] | None = None,
) -> JobSpec:
    """Return the Job that materializes a view from its watermark to now.

    With `readers` it also deletes online data that is no longer defined and that none of them
    reads.
    """
    made = _materialize(feature_store, view, due.isoformat())
    return replace(made, due=due, variables={**made.variables, **_readers(readers)})


def backfill_job(
    feature_store: FeatureStore, view: str, window: tuple[datetime, datetime], inputs: str
) -> JobSpec:
    """Return the Job that materializes a window of a view."""
    start, end = window
    made = _materialize(feature_store, view, inputs)
    times = {
        job_environment.START: start.isoformat(),
        job_environment.END: end.isoformat(),
    }
    return replace(made, inputs=inputs, variables={**made.variables, **times})


def _materialize(feature_store: FeatureStore, view: str, identity: str) -> JobSpec:
    materialization, revision = feature_store.spec.materialization, feature_store.status.revision
    own = [each.resources for each in materialization.views if each.name == view]
    return JobSpec(
        "materialize",
        (view, identity),
        variables={job_environment.VIEW: view},
        on_failure=materialization.on_failure,
        resources=next(iter(own), None),
        commit=revision.commit if revision else None,
    )


def train_job(
    model_deployment: ModelDeployment, inputs: str, due: datetime | None, commit: str | None
) -> JobSpec:
    """Return the Job that trains a model."""
    training = model_deployment.spec.training
    if training is None:
        raise ValueError("a ModelDeployment without training has no Job that trains")
    return JobSpec(
        "train",
        (inputs,),
        inputs,
        due,
        variables={bentoml_environment.HOME: _BENTOML_HOME},
        on_failure=training.on_failure,
        resources=training.resources,
        commit=commit,
        kept_seconds=TRAINING_KEPT_SECONDS,
    )


def verify_job(
    model_deployment: ModelDeployment, model: PinnedModel, inputs: str, commit: str | None
) -> JobSpec:
    """Return the Job that verifies a model before it serves."""
    training, rows = model_deployment.spec.training, model_deployment.spec.rollout.golden_rows
    variables = {
        bentoml_environment.HOME: _BENTOML_HOME,
        job_environment.MODEL: f"{model.version}@{model.artifact}",
        **({job_environment.GOLDEN_ROWS: GOLDEN_ROWS_FILE} if rows else {}),
    }
    return JobSpec(
        "verify",
        (inputs,),
        inputs,
        variables=variables,
        resources=training.resources if training else None,
        commit=commit,
        golden_rows=rows.config_map.name if rows else None,
    )


def teardown_job(feature_store: FeatureStore) -> JobSpec:
    """Return the Job that removes a project's data while its FeatureStore is deleted."""
    return JobSpec(
        TEARDOWN,
        (str(feature_store.metadata.uid),),
        on_failure=TEARDOWN_LIMITS,
        kept_seconds=TEARDOWN_KEPT_SECONDS,
        outlives_owner=True,
        needs_definitions=False,
    )


def result_jobs(stored: StoredResult, made_at: str) -> tuple[JobSpec, ...]:
    """Return the Jobs that read a stored result, one for each part of it, in order.

    `made_at` tells one result from an equal one of a later run, whose parts are read again.
    """
    return tuple(
        JobSpec(
            "result",
            (stored.digest, made_at, str(number)),
            variables={
                job_environment.RESULT: stored.digest,
                job_environment.RESULT_PART: str(number),
            },
            needs_definitions=False,
        )
        for number in range(stored.parts)
    )


def job_name(owner: Resource, job_spec: JobSpec) -> str:
    """Return the name of the Job, the same for the same identity."""
    return names.job(owner.metadata.name, job_spec.name, owner.kind, *job_spec.identity)
