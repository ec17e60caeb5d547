"""One result of each Job, as a Job writes it: the usual ones of tests and benchmarks."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from hotplate.protocol.definition_results import (
    ApplyResult,
    PlanResult,
    RegistryState,
    ServiceResult,
)
from hotplate.protocol.job_results import (
    CommitResult,
    MaterializeResult,
    PreflightResult,
    TeardownResult,
    TrainResult,
    VerifyResult,
    parse_result,
)
from hotplate.protocol.results import Result

PLAN_HASH = "sha256:" + "0a" * 32
REVISION = "sha256:" + "1f" * 32
READ_PLAN = "sha256:" + "2e" * 32
ARTIFACT = "sha256:" + "4e" * 32
CONTRACT_HASH = "sha256:" + "5e" * 32
SERVICE_HASH = "6e" * 8
VIEWS = ("credit_history", "zipcode_features")
END = datetime(2026, 11, 24, tzinfo=UTC)

_PLAN: dict[str, Any] = {
    "revision": REVISION,
    "plan_hash": PLAN_HASH,
    "create": 2,
    "update": 0,
    "delete": 0,
    "summary": ("create FeatureView credit_history",),
}
RESULTS: dict[str, Result] = {
    "resolve": CommitResult(commit="1f3c9a0b" * 5),
    "preflight": PreflightResult(checks=()),
    "plan": PlanResult(**_PLAN),
    "apply": ApplyResult(
        **_PLAN,
        read_plan=READ_PLAN,
        registry=RegistryState(version="6a0c", size=4711),
        views=VIEWS,
        services=(ServiceResult(name="credit_scoring_v1", hash=SERVICE_HASH, views=VIEWS),),
    ),
    "materialize": MaterializeResult(view=VIEWS[0], start=END, end=END, rows=1200, seconds=1.5),
    "train": TrainResult(
        version="credit_scoring:abc",
        artifact=ARTIFACT,
        contract_hash=CONTRACT_HASH,
        service_hash=SERVICE_HASH,
        feature_service="credit_scoring_v1",
        rows=20_000,
        metrics={"roc_auc": 0.81},
    ),
    "verify": VerifyResult(
        views=(), contract_hash=CONTRACT_HASH, service_hash=SERVICE_HASH, golden_rows=0
    ),
    "teardown": TeardownResult(project="credit_scoring", keys=12, registered=True),
}


def document(job: str, **changes: Any) -> dict[str, Any]:
    """Return the usual result of the Job of that name as JSON has it, with these changes."""
    return RESULTS[job].model_dump(mode="json", by_alias=True) | changes


def result(job: str, **changes: Any) -> Result:
    """Return the usual result of the Job of that name, with these changes of its JSON."""
    found = parse_result(job, document(job, **changes))
    assert found is not None, f"not a result of {job}: {changes}"
    return found
