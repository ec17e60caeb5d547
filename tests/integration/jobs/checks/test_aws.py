"""A preflight of what a FeatureStore has on AWS, and of no more; it leaves but one small object."""

from __future__ import annotations

from typing import Any

import pytest

from hotplate.jobs.tasks.preflight import checks
from hotplate.protocol.job_results import Verdict
from support.aws.cloud import BUCKET, DATABASE, Cloud
from support.aws.redshift import PROVISIONED, in_redshift
from support.feast.small_repository import SmallRepository

IN_S3 = {"registry": {"s3": {"path": f"s3://{BUCKET}/registry.db", "region": "us-east-1"}}}
ARTIFACTS = {"artifacts": f"s3://{BUCKET}/artifacts"}
OF_REDSHIFT = ["Redshift", "s3StagingLocation", "iamRole"]


@pytest.mark.parametrize(
    ("spec", "names"),
    [
        ({}, []),
        (IN_S3, ["registry in S3"]),
        (in_redshift(), OF_REDSHIFT),
        (IN_S3 | in_redshift(), ["registry in S3", *OF_REDSHIFT]),
        (ARTIFACTS, ["artifacts"]),
    ],
    ids=["nothing", "S3 alone", "Redshift alone", "both", "artifacts alone"],
)
def test_what_there_is_is_checked_and_nothing_is_left(
    shops: SmallRepository, cloud: Cloud, spec: dict[str, Any], names: list[str]
) -> None:
    tables = cloud.warehouse.tables()
    found = checks(shops.workspace(**spec))
    assert [(check.name, check.verdict) for check in found] == [
        (name, Verdict.PASSED) for name in names
    ]
    left = ["artifacts/preflight"] if "artifacts" in spec else []
    assert (cloud.objects(), cloud.warehouse.tables()) == (left, tables)


@pytest.mark.parametrize(
    ("target", "action"),
    [
        ({}, "redshift-serverless:GetCredentials"),
        (PROVISIONED, "redshift:GetClusterCredentials"),
        ({}, "secretsmanager:GetSecretValue"),
        (PROVISIONED | {"user": None}, "secretsmanager:GetSecretValue"),
    ],
    ids=["workgroup", "cluster", "workgroup by secret", "cluster by secret"],
)
def test_each_statement_names_target_user_and_database(
    shops: SmallRepository, cloud: Cloud, secret: str, target: dict[str, Any], action: str
) -> None:
    before = set(cloud.redshift.statements)
    login = {"secretArn": secret} if action.startswith("secretsmanager") else {}
    found = checks(shops.workspace(**in_redshift(**target, **login)))
    assert {check.verdict for check in found} == {Verdict.PASSED}
    made = [each for name, each in cloud.redshift.statements.items() if name not in before]
    assert len(made) >= 4
    assert {
        (each.connection.endpoint.serverless, each.connection.user, each.connection.database)
        for each in made
    } == {(not target, "hotplate", DATABASE)}
    assert {needed for each in made for needed, _ in each.connection.needed} == {action}


def test_a_store_that_ignores_conditions_is_told(shops: SmallRepository, cloud: Cloud) -> None:
    with cloud.faults.without_conditional_writes():
        (found,) = checks(shops.workspace(**IN_S3))
    assert (found.reason, found.condition) == ("S3NotConditional", "RegistryReachable")
    assert "two writers can lose an update" in found.message
    assert cloud.objects() == []
