"""With the template's role alone, a Job does everything on an AWS that checks; and tables load."""

import json
import os
import subprocess
import sys
from typing import Any

import pyarrow.parquet as pq
import pytest
from s3fs import S3FileSystem

from hotplate import jobs
from hotplate.model.artifact_store import artifact_store
from hotplate.serving.sinks import sink
from support.aws.access import ACCOUNT, actions
from support.aws.cloud import BUCKET, DATABASE, ROLE, Cloud
from support.aws.cloudformation import ROOT, Resolved, template
from support.aws.endpoints import REGION
from support.aws.redshift import PROVISIONED, in_redshift, labelled_by
from support.aws.warehouse import without_zones
from support.feast.small_repository import SmallRepository

ARN = f"arn:aws:s3:::{BUCKET}"
KEPT = {
    "registry": {"s3": {"path": f"s3://{BUCKET}/registry/shops.db"}},
    "artifacts": f"s3://{BUCKET}/artifacts",
}


NOT_USED_HERE = {"elasticache:Connect", "s3:AbortMultipartUpload"}
"""The Valkey of this test asks for no login, and no upload of many parts is given up."""


def policy_of(role: str, *, serverless: bool) -> dict[str, Any]:
    """Return what the template's role may do in the tests' account, as one policy."""
    workgroup = f"arn:aws:redshift-serverless:{REGION}:{ACCOUNT}:workgroup/features"
    resolved = Resolved(
        {
            "AWS::Partition": "aws",
            "AWS::Region": REGION,
            "AWS::AccountId": ACCOUNT,
            "AWS::NoValue": None,
            "Name": "features",
            "Bucket.Arn": ARN,
            "RedshiftWorkgroup.Workgroup.WorkgroupArn": workgroup,
            "ServerlessCache": False,
            "ServerlessRedshift": serverless,
        }
    )
    policies = resolved(template()["Resources"][role]["Properties"]["Policies"])
    statements = [s for policy in policies for s in policy["PolicyDocument"]["Statement"]]
    without_names = [{k: v for k, v in each.items() if k != "Sid"} for each in statements]
    return {"Version": "2012-10-17", "Statement": without_names}


@pytest.mark.parametrize("target", [{}, PROVISIONED], ids=["serverless", "provisioned"])
def test_the_jobs_role_allows_what_they_need_and_no_more(
    shops: SmallRepository, cloud: Cloud, monkeypatch: pytest.MonkeyPatch, target: dict[str, Any]
) -> None:
    redshift = json.dumps(policy_of("RedshiftRole", serverless=True))
    cloud.client("iam").put_role_policy(
        RoleName=ROLE.rsplit("/", 1)[1], PolicyName="bucket", PolicyDocument=redshift
    )
    policy = policy_of("JobsRole", serverless=not target)
    for name, value in cloud.user(f"jobs-{len(target)}", policy).items():
        monkeypatch.setenv(name, value)
    workspace = shops.workspace(
        **KEPT, **in_redshift(s3StagingLocation=f"s3://{BUCKET}/staging", **target)
    )
    model = labelled_by(query="SELECT * FROM labels")
    with cloud.access.enforcing() as uses:
        assert jobs.preflight(workspace).result == "Checked"
        jobs.apply(workspace)
        assert jobs.materialize(workspace, "habits").rows == 300
        assert jobs.materialize(workspace, "surroundings").rows == 20
        assert jobs.train(workspace, model).rows == 1200
        assert [view.sampled for view in jobs.verify(workspace).views] == [200, 20]
        jobs.teardown(workspace)
    used = {use.action for use in uses if ":user/jobs-" in use.identity}
    assert actions(policy) == used | NOT_USED_HERE


def test_the_scoring_role_is_refused_what_the_jobs_role_may(
    shops: SmallRepository, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in cloud.user("scoring", policy_of("ScoringRole", serverless=True)).items():
        monkeypatch.setenv(name, value)
    with cloud.access.enforcing(), pytest.raises(jobs.JobError) as caught:
        jobs.apply(shops.workspace(**KEPT, **in_redshift()))
    assert caught.value.reason == "AwsAccessDenied"


def test_the_scoring_role_allows_what_scoring_pods_need_and_no_more(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = {folder: artifact_store(f"s3://{BUCKET}/{folder}") for folder in ("artifacts", "models")}
    digests = {folder: store.put(folder.encode()) for folder, store in kept.items()}
    policy = policy_of("ScoringRole", serverless=True)
    for name, value in cloud.user("scoring-pods", policy).items():
        monkeypatch.setenv(name, value)
    S3FileSystem.clear_instance_cache()
    with cloud.access.enforcing() as uses:
        for folder, digest in digests.items():
            store = artifact_store(f"s3://{BUCKET}/{folder}")
            assert store.get(digest) == folder.encode()
            with pytest.raises(PermissionError):
                store.put(b"another")
        sink(f"s3://{BUCKET}/decisions").write([b"{}"])
    used = {use.action for use in uses if ":user/scoring-pods" in use.identity}
    assert actions(policy) == used | NOT_USED_HERE
    assert [key for key in cloud.objects() if key.startswith("decisions/")]


def load_tables(role: str) -> subprocess.CompletedProcess[str]:
    """Run deploy/aws/load_tables.py on the tables that the example makes."""
    options = {
        "bucket": BUCKET,
        "role": role,
        "database": DATABASE,
        "workgroup": "features",
        "region": REGION,
    }
    command = [sys.executable, str(ROOT / "deploy" / "aws" / "load_tables.py")]
    command += [f"--{name}={value}" for name, value in options.items()]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "feature_repo")}
    made = "from credit_tables import make_tables; make_tables()"
    subprocess.run([sys.executable, "-c", made], check=True, env=environment)
    return subprocess.run(command, check=False, capture_output=True, text=True, env=environment)


def test_the_example_s_tables_are_loaded_as_they_are(cloud: Cloud) -> None:
    done = load_tables(ROLE)
    assert done.returncode == 0, done.stderr
    session = cloud.warehouse.session()
    for name in ("loans", "zipcodes", "credit_history"):
        file = pq.read_table(ROOT / "feature_repo" / "data" / f"{name}.parquet")
        loaded = session.sql(f"SELECT * FROM public.{name}").to_arrow_table()
        assert loaded.equals(without_zones(file))
        assert f"{name}: {file.num_rows:,} rows" in done.stdout
        session.execute(f"DROP TABLE public.{name}")


def test_a_role_that_redshift_may_not_take_is_said(cloud: Cloud) -> None:
    done = load_tables(f"arn:aws:iam::{ACCOUNT}:role/other")
    assert done.returncode == 1
    assert "is FAILED: ERROR: User arn:aws:redshift is not authorized to assume" in done.stderr
    assert "COPY public.loans" in done.stderr
    assert done.stdout == ""
    cloud.warehouse.session().execute("DROP TABLE public.loans")
