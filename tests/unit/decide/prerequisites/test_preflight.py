"""Nothing is planned before the stores have passed; what they refuse is a condition."""

from __future__ import annotations

from typing import Any

from hotplate.decide.observed import JobState, Outcome, Valkey
from hotplate.decide.prerequisites.preflight import is_wanted
from hotplate.protocol.job_results import parse_failure, parse_result
from support import lives
from support.api.resources import feature_store

SPEC = {
    "onlineStore": {"elastiCache": {"endpoint": "cache.example.com:6379"}},
    "registry": {"s3": {"path": "s3://bucket/registry.db"}},
    "artifacts": "s3://bucket/features",
}
CHECK = {"condition": "OnlineStoreReachable", "name": "auth", "verdict": "Failed"}


class Life(lives.Life):
    """A FeatureStore on a server, whose preflight ends as a test says."""

    def __init__(self, **spec: Any) -> None:
        super().__init__(**SPEC | spec)
        self.references = {"Secret/cache": "1"}
        self.valkey = None

    def end_preflight(self, state: JobState, reason: str, result: dict[str, Any]) -> None:
        (name,) = self.running("preflight")
        message = str(result.get("message", ""))
        parsed = parse_failure(result) or parse_result("preflight", result)
        self.jobs.outcomes[name] = Outcome(
            state, reason, message, parsed, started=self.now, finished=self.now
        )


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


def test_the_stores_are_checked_once_and_then_the_definitions_are_planned() -> None:
    life = Life()
    assert life.step() == ["preflight"]
    assert life.condition("OnlineStoreReachable") == ("Unknown", "Running")
    assert life.step() == []

    warned = CHECK | {"verdict": "Warning", "name": "TLS", "message": "3 more days"}
    life.end_preflight(JobState.SUCCEEDED, "Succeeded", {"result": "Checked", "checks": [warned]})
    assert life.step() == ["plan"]
    assert life.condition("OnlineStoreReachable") == ("True", "Reachable")
    assert life.message("OnlineStoreReachable") == "TLS: 3 more days"
    assert life.step() == []


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
    life.end_preflight(JobState.FAILED, "OnlineStoreRefused", result)

    assert life.step() == []
    for kind in ("OnlineStoreReachable", "Ready"):
        assert life.condition(kind) == ("False", "OnlineStoreRefused")
        assert life.message(kind) == "auth: WRONGPASS: check the Secret"
    assert life.condition("OfflineStoreReachable") == ("False", "AwsAccessDenied")


def test_a_preflight_that_could_not_check_says_so() -> None:
    life = Life()
    life.step()
    life.end_preflight(JobState.FAILED, "ImagePullBackOff", {"message": "no such image"})
    life.step()
    assert life.condition("OnlineStoreReachable") == ("False", "ImagePullBackOff")


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
    life.end_preflight(JobState.FAILED, "ImagePullBackOff", {"message": "no such image"})
    life.step()
    assert life.condition("Ready") == ("False", "ImagePullBackOff")
    assert "no such image" in life.message("Planned")


def test_the_stores_are_checked_again_when_a_secret_changes_and_when_the_job_is_gone() -> None:
    life = Life()
    life.step()
    life.end_preflight(
        JobState.FAILED, "OnlineStoreRefused", {"result": "Failed", "checks": [CHECK]}
    )
    life.step()
    life.references = {"Secret/cache": "2"}
    assert life.step() == ["preflight"]
    life.end_preflight(
        JobState.FAILED, "OnlineStoreRefused", {"result": "Failed", "checks": [CHECK]}
    )
    assert life.step() == []
    life.jobs.outcomes.clear()
    assert life.step() == ["preflight"]


def test_an_embedded_store_needs_no_check() -> None:
    life = Life(onlineStore={"embedded": {}})
    assert "preflight" not in life.step()
    assert life.store.status.preflight_run is None
