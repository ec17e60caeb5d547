"""What AWS refuses is said in AWS's terms, with the fix, and is not asked for again and again."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
import pytest

from hotplate import jobs
from hotplate.jobs.aws.session import ATTEMPTS
from support.aws.access import ACCOUNT
from support.aws.cloud import BUCKET, Cloud
from support.aws.endpoints import REGION
from support.aws.redshift import PROVISIONED, in_redshift, labelled_by
from support.feast.small_repository import SmallRepository
from support.jobs.outcomes import refusal

S3_REGISTRY = {"registry": {"s3": {"path": f"s3://{BUCKET}/registry.db"}}}
OTHER_ROLE = f"arn:aws:iam::{ACCOUNT}:role/other"


@pytest.fixture
def applied_shops(shops: SmallRepository) -> SmallRepository:
    jobs.apply(shops.workspace(**in_redshift()))
    return shops


def materialized(shops: SmallRepository, **changed: Any) -> Callable[[], Any]:
    return lambda: jobs.materialize(shops.workspace(**in_redshift(**changed)), "habits")


def test_throttled_calls_are_made_again(
    applied_shops: SmallRepository, cloud: Cloud, waits: list[float]
) -> None:
    with cloud.faults.answering("redshift-data", "ThrottlingException", times=3) as fault:
        assert materialized(applied_shops)().rows == 300
    assert fault.met == 3
    assert len(waits) == 3


def test_calls_that_stay_throttled_are_given_up_after_a_few_longer_and_longer_waits(
    applied_shops: SmallRepository, cloud: Cloud, waits: list[float]
) -> None:
    with cloud.faults.answering("redshift-data", "ThrottlingException") as fault:
        error = refusal(materialized(applied_shops))
    assert error.reason == "AwsThrottled"
    assert "redshift-data:ExecuteStatement on WorkgroupName features" in error.message
    assert fault.met == ATTEMPTS
    assert [wait <= 2**attempt for attempt, wait in enumerate(waits)] == [True] * (ATTEMPTS - 1)


def test_a_busy_s3_is_given_up_too(
    shops: SmallRepository, cloud: Cloud, waits: list[float]
) -> None:
    with cloud.faults.answering("s3", "SlowDown", status=503) as fault:
        error = refusal(lambda: jobs.plan(shops.workspace(**in_redshift(), **S3_REGISTRY)))
    assert error.reason == "AwsThrottled"
    assert f"s3:GetObject on arn:aws:s3:::{BUCKET}/registry.db" in error.message
    assert fault.met == ATTEMPTS


def test_expired_credentials_are_not_tried_again(shops: SmallRepository, cloud: Cloud) -> None:
    with cloud.faults.answering("redshift-data", "ExpiredTokenException") as fault:
        error = refusal(lambda: jobs.plan(shops.workspace(**in_redshift())))
    assert error.reason == "AwsCredentialsExpired"
    assert fault.met == 1


def test_too_many_statements_at_once_are_not_made_more(
    applied_shops: SmallRepository, cloud: Cloud
) -> None:
    with cloud.faults.answering("redshift-data", "ActiveStatementsExceededException") as fault:
        error = refusal(materialized(applied_shops))
    assert error.reason == "RedshiftBusy"
    assert "spec.materialization.parallelism" in error.message
    assert fault.met == 1


def test_missing_credentials_name_the_service_account(
    shops: SmallRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    error = refusal(lambda: jobs.plan(shops.workspace(**in_redshift())))
    assert error.reason == "AwsCredentialsMissing"
    assert "spec.jobs.serviceAccountName" in error.message


@pytest.mark.parametrize(
    "changed",
    [{"region": "eu-west-1"}, {"workgroup": "others"}, {**PROVISIONED, "clusterId": "others"}],
)
def test_a_wrong_region_or_name_is_not_found(
    shops: SmallRepository, changed: dict[str, Any]
) -> None:
    error = refusal(lambda: jobs.plan(shops.workspace(**in_redshift(**changed))))
    assert error.reason == "RedshiftNotFound"
    assert "Redshift endpoint doesn't exist in this region" in error.message
    assert "in eu-west-1" in error.message or "others in us-east-1" in error.message


def test_a_region_that_does_not_answer_is_said(
    shops: SmallRepository, monkeypatch: pytest.MonkeyPatch, waits: list[float]
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_REDSHIFT_DATA", "http://127.0.0.1:9")
    error = refusal(lambda: jobs.plan(shops.workspace(**in_redshift())))
    assert error.reason == "AwsUnreachable"
    assert "127.0.0.1:9" in error.message
    assert len(waits) == ATTEMPTS - 1


def test_a_failed_query_has_its_id_and_redshifts_error(
    applied_shops: SmallRepository, cloud: Cloud
) -> None:
    table = cloud.warehouse.session()
    table.execute("DROP TABLE public.habits")
    error = refusal(materialized(applied_shops))
    assert error.reason == "RedshiftQueryFailed"
    (statement,) = [each for each in cloud.redshift.statements.values() if each.status == "FAILED"][
        -1:
    ]
    assert statement.id in error.message
    assert statement.error in error.message


def test_a_query_that_someone_cancels_is_said(applied_shops: SmallRepository, cloud: Cloud) -> None:
    with ThreadPoolExecutor(1) as pool, cloud.redshift.holding() as submitted:
        failing = pool.submit(refusal, materialized(applied_shops))
        query = submitted.get(timeout=60)
        boto3.client("redshift-data", REGION).cancel_statement(Id=query)
        error = failing.result()
    assert error.reason == "RedshiftQueryFailed"
    assert f"Redshift query {query} is ABORTED: cancelled" in error.message


@pytest.mark.parametrize(
    ("changed", "said", "fix"),
    [
        ({"iamRole": OTHER_ROLE}, f"not authorized to assume IAM Role {OTHER_ROLE}", "attach"),
        ({"s3StagingLocation": "s3://nowhere/staging"}, "NoSuchBucket", "s3StagingLocation"),
        ({"database": "others"}, 'database "others" does not exist', "redshift.database"),
        ({**PROVISIONED, "user": "others"}, "authentication failed", "redshift.user"),
    ],
)
def test_what_a_query_fails_for_has_a_fix(
    applied_shops: SmallRepository, changed: dict[str, Any], said: str, fix: str
) -> None:
    error = refusal(materialized(applied_shops, **changed))
    assert error.reason == "RedshiftQueryFailed"
    assert said in error.message
    assert fix in error.message.split(said)[1]


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("SELECT * FROM nothing", "nothing"),
        ("SELEC * FROM labels", "syntax"),
        ("SELECT person, lost FROM labels", "lacks event_timestamp, place"),
    ],
)
def test_a_wrong_query_of_labels_is_said(
    applied_shops: SmallRepository, query: str, said: str
) -> None:
    workspace = applied_shops.workspace(**in_redshift())
    assert said in refusal(lambda: jobs.train(workspace, labelled_by(query=query))).message


def test_a_query_of_labels_needs_redshift(applied: SmallRepository) -> None:
    error = refusal(lambda: jobs.train(applied.workspace(), labelled_by(query="SELECT 1")))
    assert error.reason == "LabelsInvalid"
    assert "spec.offlineStore.redshift" in error.message


@pytest.mark.parametrize("url", [f"s3://{BUCKET}/nothing.parquet", "s3://nowhere/labels.parquet"])
def test_labels_that_are_not_in_s3_are_said(applied_shops: SmallRepository, url: str) -> None:
    workspace = applied_shops.workspace(**in_redshift())
    error = refusal(lambda: jobs.train(workspace, labelled_by(path=url)))
    assert error.reason == "LabelsInvalid"
    assert url in error.message


def test_a_registrys_bucket_that_is_not_there_is_said(shops: SmallRepository) -> None:
    spec = {"registry": {"s3": {"path": "s3://nowhere/registry.db"}}}
    error = refusal(lambda: jobs.plan(shops.workspace(**in_redshift(), **spec)))
    assert error.reason == "S3BucketMissing"
    assert "arn:aws:s3:::nowhere" in error.message


def kept_in(url: str) -> dict[str, Any]:
    return in_redshift() | {"artifacts": url}


@pytest.mark.parametrize(
    ("code", "status", "reason"),
    [("ExpiredToken", 400, "AwsCredentialsRefused"), ("SlowDown", 503, "AwsThrottled")],
)
def test_artifacts_that_s3_does_not_take_are_said_with_their_place(
    shops: SmallRepository, cloud: Cloud, code: str, status: int, reason: str
) -> None:
    url = f"s3://{BUCKET}/artifacts"
    with cloud.faults.answering("s3", code, status=status) as fault:
        error = refusal(lambda: jobs.apply(shops.workspace(**kept_in(url))))
    assert error.reason == reason
    assert f"s3:GetObject on arn:aws:s3:::{BUCKET}/artifacts with {status}" in error.message
    assert fault.met <= ATTEMPTS


def test_artifacts_that_the_role_may_not_write_are_said_with_action_and_place(
    shops: SmallRepository, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads = ["redshift-data:*", "redshift-serverless:*", "s3:GetObject", "s3:ListBucket"]
    allowed = {"Effect": "Allow", "Action": reads, "Resource": "*"}
    policy = {"Version": "2012-10-17", "Statement": [allowed]}
    for name, value in cloud.user("reader", policy).items():
        monkeypatch.setenv(name, value)
    with cloud.access.enforcing():
        workspace = shops.workspace(**kept_in(f"s3://{BUCKET}/artifacts"))
        error = refusal(lambda: jobs.apply(workspace))
    assert error.reason == "AwsAccessDenied"
    assert f"AWS answered s3:PutObject on arn:aws:s3:::{BUCKET}/artifacts with" in error.message
    assert "allow s3:PutObject there" in error.message


def test_labels_that_the_role_may_not_read_are_said_with_action_and_place(
    applied_shops: SmallRepository, cloud: Cloud
) -> None:
    url = f"s3://{BUCKET}/labels.parquet"
    with cloud.faults.answering("s3", "AccessDenied", status=403):
        error = refusal(
            lambda: jobs.train(applied_shops.workspace(**in_redshift()), labelled_by(path=url))
        )
    assert error.reason == "AwsAccessDenied"
    assert f"s3:GetObject on arn:aws:s3:::{BUCKET}/labels.parquet" in error.message
