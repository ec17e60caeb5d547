"""Each bad input of AWS ends in one condition that says what is wrong and what to do.

The same words are the Job's termination message, the condition's, and a line of `hotplate doctor`;
`reported_refusal` compares them, and refuses a traceback. docs/aws.md has the list.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from hotplate.jobs.aws.session import ATTEMPTS
from support.api.resources import feature_store_document
from support.aws.access import ACCOUNT
from support.aws.cloud import BUCKET, ROLE, Cloud
from support.aws.redshift import PROVISIONED, in_redshift
from support.feast.small_repository import PROJECT, SmallRepository
from support.jobs.refused_preflight import reported_refusal

S3 = {"s3": {"path": f"s3://{BUCKET}/registry.db", "region": "us-east-1"}}
Told = Callable[..., tuple[str, str]]


@pytest.fixture
def told(shops: SmallRepository, capfd: pytest.CaptureFixture[str]) -> Told:
    """Return the condition of a preflight with those fields of the spec."""

    def tell(**spec: Any) -> tuple[str, str]:
        document = feature_store_document("shops", project=PROJECT, **in_redshift() | spec)
        return reported_refusal(document, shops.folder / "repo", shops.store, capfd)

    return tell


@pytest.mark.parametrize(
    ("spec", "reason", "texts"),
    [
        (in_redshift(region="eu-west-1"), "RedshiftNotFound", ("in eu-west-1", "or region, in")),
        (in_redshift(workgroup="other"), "RedshiftNotFound", ("WorkgroupName other", "workgroup")),
        (
            in_redshift(**PROVISIONED, database="other"),
            "RedshiftQueryFailed",
            ('FATAL: database "other" does not exist', "correct spec.offlineStore.redshift."),
        ),
        (
            in_redshift(iamRole=f"arn:aws:iam::{ACCOUNT}:role/other"),
            "RedshiftQueryFailed",
            ("not authorized to assume IAM Role", "attach the role"),
        ),
        (
            in_redshift(s3StagingLocation="s3://nowhere/staging"),
            "S3BucketMissing",
            ("arn:aws:s3:::nowhere/staging", "create the bucket, or correct its name"),
        ),
        (
            {"registry": {"s3": {"path": "s3://nowhere/registry.db"}}},
            "S3BucketMissing",
            ("arn:aws:s3:::nowhere/registry.db", "create the bucket"),
        ),
        (
            {"artifacts": "s3://nowhere/artifacts"},
            "S3BucketMissing",
            ("arn:aws:s3:::nowhere/artifacts", "create the bucket"),
        ),
    ],
)
def test_what_is_not_there_or_refuses_is_named_with_its_fix(
    told: Told, cloud: Cloud, spec: dict[str, Any], reason: str, texts: tuple[str, ...]
) -> None:
    found = told(**spec)
    assert found[0] == reason
    for text in texts:
        assert text in found[1]


def test_a_failed_query_is_named_by_its_id(told: Told, cloud: Cloud) -> None:
    _, message = told(**in_redshift(database="other"))
    assert any(
        f"Redshift query {query} is FAILED" in message for query in cloud.redshift.statements
    )


@pytest.mark.parametrize(
    ("fault", "reason", "text"),
    [
        (("redshift-data", "ExpiredTokenException", 400), "AwsCredentialsExpired", "renew"),
        (("s3", "ExpiredToken", 400), "AwsCredentialsExpired", "renew the credentials"),
        (("s3", "AuthorizationHeaderMalformed", 400), "AwsWrongRegion", "region to that of the"),
    ],
)
def test_expired_credentials_and_another_region_are_asked_about_once(
    told: Told, cloud: Cloud, fault: tuple[str, str, int], reason: str, text: str
) -> None:
    service, code, status = fault
    with cloud.faults.answering(service, code, status=status) as met:
        found, message = told(registry=S3)
    assert found == reason
    assert text in message
    checks = 3 if service == "redshift-data" else 4
    assert met.met <= 2 * checks, "once for each check, of the Job and of the doctor"


def test_throttling_is_waited_for_and_then_told(
    told: Told, cloud: Cloud, waits: list[float]
) -> None:
    with cloud.faults.answering("redshift-data", "ThrottlingException") as fault:
        reason, message = told()
    assert reason == "AwsThrottled"
    assert "spec.materialization.parallelism" in message
    assert fault.met <= 2 * 2 * ATTEMPTS
    assert len(waits) < fault.met


def test_missing_credentials_are_told(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    reason, message = told()
    assert reason == "AwsCredentialsMissing"
    assert "spec.jobs.serviceAccountName" in message


def test_what_is_denied_is_told_with_action_and_resource(
    told: Told, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    allowed = {"Effect": "Allow", "Action": "s3:ListAllMyBuckets", "Resource": "*"}
    policy = {"Version": "2012-10-17", "Statement": [allowed]}
    for name, value in cloud.user("nobody", policy).items():
        monkeypatch.setenv(name, value)
    with cloud.access.enforcing():
        reason, message = told(registry=S3)
        assert cloud.access.uses == set()
    assert reason == "AwsAccessDenied"
    for action, resource in (
        ("redshift-data:ExecuteStatement", "WorkgroupName features"),
        ("s3:PutObject", f"arn:aws:s3:::{BUCKET}/staging/"),
    ):
        assert f"AWS answered {action} on {resource}" in message
        assert f"allow {action} there in the policy of the Job's role" in message
    assert ROLE not in message
