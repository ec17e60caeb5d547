"""The documented policies are what the jobs need on AWS: no action less, none more."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from hotplate import jobs
from hotplate.jobs import JobError
from hotplate.jobs.checks import aws as aws_checks
from hotplate.jobs.tasks.preflight import checks
from hotplate.protocol.job_results import Verdict
from support import ROOT
from support.aws.access import Use, actions
from support.aws.cloud import BUCKET, ROLE, Cloud
from support.aws.redshift import in_redshift, labelled_by
from support.feast.small_repository import SmallRepository

DOCUMENT = ROOT / "docs" / "offline-store.md"
SPEC = {
    **in_redshift(),
    "registry": {"s3": {"path": f"s3://{BUCKET}/registry.db", "region": "us-east-1"}},
}


def policies() -> list[dict[str, Any]]:
    """Return the documented policies: of the jobs, and of Redshift."""
    blocks = re.findall(r"```json\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
    return [json.loads(block) for block in blocks]


def without(policy: dict[str, Any], action: str) -> dict[str, Any]:
    """Return the policy without the action."""
    kept = json.loads(json.dumps(policy))
    for statement in kept["Statement"]:
        named = statement["Action"]
        listed = [named] if isinstance(named, str) else named
        statement["Action"] = [each for each in listed if each != action] or ["s3:ListAllMyBuckets"]
    return dict(kept)


@pytest.fixture
def enforced(
    cloud: Cloud, shops: SmallRepository, monkeypatch: pytest.MonkeyPatch
) -> Iterator[set[Use]]:
    """What is used while the jobs and Redshift have the documented policies, and no other."""
    of_jobs, of_redshift = policies()
    cloud.grant_role(ROLE, of_redshift)
    if "jobs" not in cloud.users:
        cloud.user("jobs", of_jobs)
    cloud.grant("jobs", of_jobs)
    for name, value in cloud.users["jobs"].items():
        monkeypatch.setenv(name, value)
    with cloud.access.enforcing() as uses:
        yield uses


@pytest.fixture
def by_query(shops: SmallRepository) -> SmallRepository:
    """The small repository, one of whose sources is a query."""
    text = (shops.folder / "repo/definitions.py").read_text()
    assert 'table="surroundings"' in text
    query = 'query="SELECT * FROM surroundings"'
    shops.define(text.replace('table="surroundings"', query))
    return shops


def test_the_jobs_need_the_documented_policies_and_no_more(
    by_query: SmallRepository, enforced: set[Use]
) -> None:
    workspace = by_query.workspace(**SPEC)
    verdicts = [(check.name, check.verdict) for check in checks(workspace)]
    assert verdicts == [
        ("registry in S3", Verdict.PASSED),
        ("Redshift", Verdict.PASSED),
        ("s3StagingLocation", Verdict.PASSED),
        ("iamRole", Verdict.PASSED),
    ]
    jobs.apply(workspace)
    jobs.materialize(workspace, "habits")
    jobs.train(workspace, labelled_by(query="SELECT * FROM labels"))
    of_jobs, of_redshift = policies()
    assert {use.action for use in enforced if ":user/jobs" in use.identity} == actions(of_jobs)
    used = {use.action for use in enforced if "redshift-s3" in use.identity}
    assert used == actions(of_redshift) - {"s3:GetBucketLocation"}


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("redshift-data:ExecuteStatement", "WorkgroupName features"),
        ("s3:PutObject", f"arn:aws:s3:::{BUCKET}/staging"),
        ("s3:ListBucket", f"arn:aws:s3:::{BUCKET}"),
    ],
)
def test_an_action_that_is_denied_is_named_with_its_resource(
    shops: SmallRepository, cloud: Cloud, enforced: set[Use], action: str, resource: str
) -> None:
    cloud.grant("jobs", without(policies()[0], action))
    check = aws_checks.redshift_reachable if "redshift" in action else aws_checks.staging_writable
    with pytest.raises(JobError) as caught:
        check(shops.workspace(**SPEC))
    assert caught.value.reason == "AwsAccessDenied"
    assert action in caught.value.message
    assert resource in caught.value.message


def test_unknown_credentials_are_refused(
    shops: SmallRepository, enforced: set[Use], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAUNKNOWN000000000")
    for work in (aws_checks.redshift_reachable, aws_checks.staging_writable):
        with pytest.raises(JobError) as caught:
            work(shops.workspace(**SPEC))
        assert caught.value.reason == "AwsCredentialsRefused"


def test_a_role_that_may_not_write_is_said(
    shops: SmallRepository, cloud: Cloud, enforced: set[Use]
) -> None:
    cloud.grant_role(ROLE, without(policies()[1], "s3:PutObject"))
    with pytest.raises(JobError, match="S3ServiceException:Access Denied") as caught:
        aws_checks.iam_role_usable(shops.workspace(**SPEC))
    assert caught.value.reason == "RedshiftQueryFailed"
    assert "spec.offlineStore.redshift.iamRole" in caught.value.message


def test_a_preflight_says_all_that_aws_refuses(
    shops: SmallRepository, cloud: Cloud, enforced: set[Use]
) -> None:
    cloud.grant("jobs", without(policies()[0], "s3:PutObject"))
    found = checks(shops.workspace(**SPEC))
    assert [(check.name, check.reason) for check in found if check.verdict is Verdict.FAILED] == [
        ("registry in S3", "AwsAccessDenied"),
        ("s3StagingLocation", "AwsAccessDenied"),
        ("iamRole", "AwsAccessDenied"),
    ]
    assert {check.condition for check in found} == {"OfflineStoreReachable", "RegistryReachable"}
