"""What a Job's pod runs, and `hotplate up` in sequence: each job a function of a workplace.

In dependency order:

    errors           the one error that ends a job: a reason and what to do
    results          what each job returns: JSON that fits a termination message
    workplace        where and against what a job works
    aws_session      how jobs call AWS: few retries, and errors that say action and resource
    aws_errors       what AWS refuses, in its own terms with what to do
    artifacts        the artifact store, its errors translated
    online_errors    what goes wrong with the online store, with the fix
    online_login     how a job logs in to the online store
    aws_clock        how far this machine's clock is off AWS's
    aws_checks       whether AWS lets a feature store work, asked before anything is applied
    config           Feast's configuration, rendered from the FeatureStore resource
    online_projects  projects that share an online store
    registry         Feast's registry in the embedded Valkey or a file, safe with two writers
    s3_registry      the same in S3, by conditional writes
    sql_registry     a registry in an SQL database: one writer at a time
    definitions      a Feast repository, loaded or refused with file and line
    session          Feast's store and registry for one job, errors translated
    contracts        a feature service as a feature contract lists it
    definition_text  a field of a Feast object as text to compare and to hash
    on_demand        on-demand feature views as text that runs alone
    reading          the read plan, derived from Feast's objects
    checks           what a preflight finds
    sql_checks       whether an SQL registry's database lets Feast keep its tables there
    cache_facts      what a cache says of itself
    cache_checks     what that means for a feature store, with the fix
    view_sizes       how much memory the views will take
    checking         are the stores there, and do they let a feature store work
    planning         what applying the definitions would change
    rewrites         views whose written rows do not fit their definition any more
    applying         the plan, gated, then applied
    latest           which row is the latest of each entity
    parquet_rows     a window of a view's parquet files, in bounded memory
    offline          a window of a feature view, from files or Feast's offline store
    engines          Feast's compute engines: who pulls a view's rows and writes them
    row_writer       what a worker of another machine does with a block of rows
    on_ray           ray.engine: the rows of a view, written by the workers of a Ray cluster
    materialization  one feature view's window into the online store
    computed         on-demand features of a training table, row by row
    label_rows       the labels as they are: a parquet file, or a query's result
    labels           the training table: labels, point-in-time features, and what the model may see
    encoding         features as numbers: categories, and rows that lack a feature
    tree             the decision tree, its decision threshold, and the same in ONNX
    evaluation       figures of a model on rows it never saw, and the gate
    model_store      the model in BentoML's model store and as an artifact
    training         labels and features to a model
    golden           requests whose decisions are known, scored by a model
    verification     what is served is what the offline store has, and what the model was trained on
    tearing_down     a project's rows and registry entries, removed
    command          `hotplate job ...`

Importing this package imports neither Feast nor scikit-learn: the jobs do when they are called.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from hotplate.jobs.checks import FailedPreflight, PreflightResult
from hotplate.jobs.definitions import revision
from hotplate.jobs.errors import JobError
from hotplate.jobs.results import (
    ApplyResult,
    MaterializeResult,
    PlanResult,
    TeardownResult,
    TrainResult,
    VerifyResult,
)
from hotplate.jobs.workplace import Window, Workplace

if TYPE_CHECKING:
    from pathlib import Path

    from hotplate.api import ModelDeployment

__all__ = [
    "ApplyResult",
    "FailedPreflight",
    "JobError",
    "MaterializeResult",
    "PlanResult",
    "PreflightResult",
    "TeardownResult",
    "TrainResult",
    "VerifyResult",
    "Window",
    "Workplace",
    "apply",
    "materialize",
    "plan",
    "preflight",
    "revision",
    "teardown",
    "train",
    "verify",
]


def preflight(workplace: Workplace) -> PreflightResult | FailedPreflight:
    """Return whether the stores are there and let the feature store work; nothing is changed."""
    result: PreflightResult | FailedPreflight = _job("checking").run(workplace)
    return result


def plan(workplace: Workplace) -> PlanResult:
    """Return what applying the definitions would change; nothing is changed."""
    result: PlanResult = _job("planning").run(workplace)
    return result


def apply(workplace: Workplace) -> ApplyResult:
    """Apply the definitions, unless the plan deletes more than `spec.apply` allows."""
    result: ApplyResult = _job("applying").run(workplace)
    return result


def materialize(workplace: Workplace, view: str, window: Window | None = None) -> MaterializeResult:
    """Write a view's window to the online store; by default from its watermark to now."""
    result: MaterializeResult = _job("materialization").run(workplace, view, window)
    return result


def train(workplace: Workplace, model_deployment: ModelDeployment) -> TrainResult:
    """Train the model and save it, unless it does not pass the gate."""
    result: TrainResult = _job("training").run(workplace, model_deployment)
    return result


def verify(
    workplace: Workplace,
    model_deployment: ModelDeployment | None = None,
    golden_rows: Path | None = None,
) -> VerifyResult:
    """Compare a sample of what is served with the offline store, and the model's contract."""
    result: VerifyResult = _job("verification").run(workplace, model_deployment, golden_rows)
    return result


def teardown(workplace: Workplace) -> TeardownResult:
    """Remove exactly this project's data from the online store and the registry."""
    result: TeardownResult = _job("tearing_down").run(workplace)
    return result


def _job(module: str) -> Any:
    """Import the job's module now: it takes seconds, and hundreds of megabytes."""
    return import_module(f"hotplate.jobs.{module}")
