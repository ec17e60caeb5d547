"""Nothing is planned before the stores have passed; what they refuse is a condition."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from hotplate.decide.feature_store import FeatureStoreDecision, decide
from hotplate.decide.jobs.specs import job_name
from hotplate.decide.observed import FeatureStoreObserved, JobState, Outcome, Valkey
from hotplate.decide.preflight import is_wanted
from hotplate.protocol.job_results import parse_failure, parse_result
from support.api.resources import feature_store

NOW = datetime(2026, 11, 24, 10, 7, tzinfo=UTC)
SPEC = {
    "onlineStore": {"elastiCache": {"endpoint": "cache.example.com:6379"}},
    "registry": {"s3": {"path": "s3://bucket/registry.db"}},
    "artifacts": "s3://bucket/features",
}
CHECK = {"condition": "OnlineStoreReachable", "name": "auth", "verdict": "Failed"}


class Life:
    """A FeatureStore that is reconciled again and again."""

    def __init__(self, **spec: Any) -> None:
        self.spec = SPEC | spec
        self.status: dict[str, Any] = {}
        self.outcomes: dict[str, Outcome] = {}
        self.references: dict[str, str | None] = {"Secret/cache": "1"}
        self.valkey: Valkey | None = None

    def step(self) -> FeatureStoreDecision:
        store = feature_store(status=self.status, **self.spec)
        observed = FeatureStoreObserved(
            NOW, self.outcomes, valkey=self.valkey, references=self.references
        )
        decision = decide(store, observed)
        self.status = decision.status.model_dump(mode="json", by_alias=True, exclude_none=True)
        for job_spec in decision.to_start:
            self.outcomes[job_name(store, job_spec)] = Outcome(JobState.RUNNING, "Running")
        return decision

    def end(self, state: JobState, reason: str, result: dict[str, Any]) -> None:
        run = self.status["preflightRun"]["job"]
        message = str(result.get("message", ""))
        parsed = parse_failure(result) or parse_result("preflight", result)
        self.outcomes[run] = Outcome(state, reason, message, parsed, started=NOW, finished=NOW)

    def condition(self, kind: str) -> tuple[str, str, str]:
        (found,) = (each for each in self.status["conditions"] if each["type"] == kind)
        return found["status"], found["reason"], found.get("message", "")


def test_each_server_is_checked_and_what_is_embedded_or_a_file_is_not() -> None:
    secret = {"name": "registry", "key": "url"}
    redshift = {
        "workgroup": "w",
        "region": "us-east-1",
        "database": "d",
        "s3StagingLocation": "s3://bucket/staging",
        "iamRole": "arn:aws:iam::123456789012:role/redshift",
    }
    nothing: dict[str, Any] = {"onlineStore": {"embedded": {}}, "registry": {"embedded": {}}}
    for server in (
        {"registry": {"s3": {"path": "s3://bucket/registry.db"}}},
        {"registry": {"sql": {"secretRef": secret}}},
        {"offlineStore": {"redshift": redshift}},
    ):
        assert is_wanted(feature_store(**nothing | server)), server
    assert not is_wanted(feature_store(**nothing))


def started(decision: FeatureStoreDecision) -> list[str]:
    return [job_spec.name for job_spec in decision.to_start]


def test_the_stores_are_checked_once_and_then_the_definitions_are_planned() -> None:
    life = Life()
    assert started(life.step()) == ["preflight"]
    assert life.condition("OnlineStoreReachable")[:2] == ("Unknown", "Running")
    assert started(life.step()) == []

    warned = CHECK | {"verdict": "Warning", "name": "TLS", "message": "3 more days"}
    life.end(JobState.SUCCEEDED, "Succeeded", {"result": "Checked", "checks": [warned]})
    assert started(life.step()) == ["plan"]
    assert life.condition("OnlineStoreReachable") == ("True", "Reachable", "TLS: 3 more days")
    assert started(life.step()) == []


def test_a_check_that_fails_is_the_condition_and_nothing_is_planned() -> None:
    life = Life()
    life.step()
    refused = CHECK | {"reason": "OnlineStoreRefused", "message": "WRONGPASS: check the Secret"}
    staging = CHECK | {
        "condition": "OfflineStoreReachable",
        "name": "staging",
        "reason": "AwsAccessDenied",
        "message": "allow s3:PutObject",
    }
    result = {"result": "Failed", "message": "both", "checks": [refused, staging]}
    life.end(JobState.FAILED, "OnlineStoreRefused", result)

    assert started(life.step()) == []
    wanted = ("False", "OnlineStoreRefused", "auth: WRONGPASS: check the Secret")
    assert life.condition("OnlineStoreReachable") == wanted
    assert life.condition("Ready") == wanted
    assert life.condition("OfflineStoreReachable")[:2] == ("False", "AwsAccessDenied")


def test_a_preflight_that_could_not_check_says_so() -> None:
    life = Life()
    life.step()
    life.end(JobState.FAILED, "ImagePullBackOff", {"message": "no such image"})
    life.step()
    assert life.condition("OnlineStoreReachable")[:2] == ("False", "ImagePullBackOff")


def test_a_preflight_of_redshift_alone_that_could_not_check_says_so() -> None:
    redshift = {
        "workgroup": "features",
        "region": "us-east-1",
        "database": "features",
        "s3StagingLocation": "s3://bucket/staging",
        "iamRole": "arn:aws:iam::123456789012:role/redshift",
    }
    life = Life(onlineStore={"embedded": {}}, offlineStore={"redshift": redshift})
    life.valkey = Valkey(ready=True, pod_uid="1")
    life.step()
    assert life.condition("Ready")[1] == "Running"
    life.end(JobState.FAILED, "ImagePullBackOff", {"message": "no such image"})
    life.step()
    assert life.condition("Ready")[:2] == ("False", "ImagePullBackOff")
    assert "no such image" in life.condition("Planned")[2]


def test_the_stores_are_checked_again_when_a_secret_changes_and_when_the_job_is_gone() -> None:
    life = Life()
    life.step()
    life.end(JobState.FAILED, "OnlineStoreRefused", {"result": "Failed", "checks": [CHECK]})
    life.step()
    life.references = {"Secret/cache": "2"}
    assert started(life.step()) == ["preflight"]
    life.end(JobState.FAILED, "OnlineStoreRefused", {"result": "Failed", "checks": [CHECK]})
    assert started(life.step()) == []
    life.outcomes.clear()
    assert started(life.step()) == ["preflight"]


def test_an_embedded_store_needs_no_check() -> None:
    life = Life(onlineStore={"embedded": {}})
    assert "preflight" not in started(life.step())
    assert "preflightRun" not in life.status
