"""The CloudFormation template: clean, closed, of least privilege, and true to the example."""

from collections.abc import Iterator
from typing import Any

import pytest
from cfnlint.api import lint_file

from hotplate.online.feast.acl import acl_rules
from support.aws.cloudformation import TEMPLATE, template

LOADED = template()
RESOURCES: dict[str, Any] = LOADED["Resources"]

WITHOUT_RESOURCE = {"redshift-data:DescribeStatement"}
"""An action that knows no resource; the template says why, and keeps callers apart."""


def of_type(kind: str) -> dict[str, Any]:
    return {n: r["Properties"] for n, r in RESOURCES.items() if r["Type"] == f"AWS::{kind}"}


def statements(value: Any) -> Iterator[dict[str, Any]]:
    """Yield what a role's policies allow."""
    if isinstance(value, dict):
        if "Effect" in value:
            yield value
        for part in value.values():
            yield from statements(part)
    elif isinstance(value, list):
        for part in value:
            yield from statements(part)


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def test_cfn_lint_has_nothing_to_say() -> None:
    assert [str(match) for match in lint_file(TEMPLATE)] == []


def test_it_is_short_enough_to_be_sent_without_a_bucket() -> None:
    assert TEMPLATE.stat().st_size < 51_200


def test_no_policy_allows_everything() -> None:
    for name, role in of_type("IAM::Role").items():
        for statement in statements(role.get("Policies", [])):
            actions = listed(statement["Action"])
            assert not [action for action in actions if "*" in action], name
            if "*" in listed(statement["Resource"]):
                assert set(actions) <= WITHOUT_RESOURCE, name
                assert "Condition" in statement, name


def test_roles_of_pods_are_taken_by_eks_for_this_account_alone() -> None:
    for name in ("JobsRole", "ScoringRole"):
        trust = of_type("IAM::Role")[name]["AssumeRolePolicyDocument"]
        (statement,) = statements(trust)
        assert statement["Principal"] == {"Service": "pods.eks.amazonaws.com"}
        assert statement["Condition"] == {
            "StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}
        }


def test_scoring_pods_may_write_decisions_only_and_never_reach_redshift() -> None:
    (bucket, cache) = of_type("IAM::Role")["ScoringRole"]["Policies"]
    writes = [s for s in statements(bucket) if "s3:PutObject" in listed(s["Action"])]
    assert [s["Resource"] for s in writes] == [{"Fn::Sub": "${Bucket.Arn}/decisions/*"}]
    assert [s["Action"] for s in statements(cache)] == ["elasticache:Connect"]


def test_nothing_is_open_to_the_world() -> None:
    groups = of_type("EC2::SecurityGroup")
    assert set(groups) == {"EndpointSecurityGroup", "CacheSecurityGroup", "RedshiftSecurityGroup"}
    for name, group in groups.items():
        assert [rule["CidrIp"] for rule in group["SecurityGroupEgress"]] == ["127.0.0.1/32"], name
        for rule in group.get("SecurityGroupIngress", []):
            assert rule.get("CidrIp") in (None, {"Fn::GetAtt": ["Vpc", "CidrBlock"]}), name
            assert rule["FromPort"] in (443, 6379), name
    assert not of_type("EC2::InternetGateway")
    assert not of_type("EC2::NatGateway")
    for kind in ("RedshiftServerless::Workgroup", "Redshift::Cluster"):
        assert [each["PubliclyAccessible"] for each in of_type(kind).values()] == [False]
    (cluster,) = of_type("EKS::Cluster").values()
    assert cluster["ResourcesVpcConfig"]["PublicAccessCidrs"] == [{"Ref": "ApiAccessCidr"}]
    assert "Default" not in LOADED["Parameters"]["ApiAccessCidr"]


def test_what_is_kept_is_encrypted_and_private() -> None:
    (bucket,) = of_type("S3::Bucket").values()
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
    assert "BucketEncryption" in bucket
    (cache,) = of_type("ElastiCache::ReplicationGroup").values()
    assert cache["TransitEncryptionMode"] == "required"
    assert cache["AtRestEncryptionEnabled"] is True
    (warehouse,) = of_type("Redshift::Cluster").values()
    assert warehouse["Encrypted"] is True
    assert "MasterUserPassword" not in warehouse


def test_staging_is_emptied_and_nothing_else_is() -> None:
    (bucket,) = of_type("S3::Bucket").values()
    rules = bucket["LifecycleConfiguration"]["Rules"]
    assert [r["Prefix"] for r in rules if "ExpirationInDays" in r] == ["staging/"]


def test_the_cache_s_user_logs_in_with_iam_and_may_do_what_hotplate_does() -> None:
    (user,) = of_type("ElastiCache::User").values()
    assert user["AuthenticationMode"] == {"Type": "iam"}
    assert user["UserId"] == user["UserName"]
    assert user["AccessString"] == {"Fn::Sub": acl_rules("${Project}")}


@pytest.mark.parametrize("kind", ["ElastiCache::ReplicationGroup", "ElastiCache::ServerlessCache"])
def test_both_caches_have_those_users_and_that_network(kind: str) -> None:
    (cache,) = of_type(kind).values()
    users = {"Ref": "CacheUsers"}
    assert cache.get("UserGroupId", cache.get("UserGroupIds")) in (users, [users])
    assert cache["SecurityGroupIds"] == [{"Ref": "CacheSecurityGroup"}]
