"""Checks that AWS allows a feature store to work.

Each check does what Jobs do later, needs no permission that they do not need, and returns what it
found. It raises a `JobError` in AWS's terms with the fix. It deletes whatever it has the right to.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import boto3
import pyarrow as pa
from botocore.exceptions import ClientError
from feast.infra.utils import aws_utils

from hotplate.api.v1alpha1.stores import Redshift
from hotplate.jobs.aws.errors import aws_error, aws_errors_at
from hotplate.jobs.aws.session import use_aws
from hotplate.jobs.checks.results import OFFLINE_STORE, REGISTRY, failed, passed
from hotplate.jobs.errors import JobError
from hotplate.jobs.repository.repo_config import offline_store
from hotplate.jobs.workspace import Workspace
from hotplate.protocol.job_results import Check

_CONTENT = b"hotplate preflight"


def aws_checks(workspace: Workspace) -> list[Check]:
    """Run the checks of what the FeatureStore has in S3 and Redshift."""
    spec = workspace.feature_store.spec
    due: list[tuple[str, str, Callable[[Workspace], str]]] = []
    if spec.registry.s3 is not None:
        due.append((REGISTRY, "registry in S3", registry_writable))
    if spec.keeps_artifacts_in_s3:
        due.append((REGISTRY, "artifacts", artifacts_writable))
    if spec.offline_store.redshift is not None:
        due.append((OFFLINE_STORE, "Redshift", redshift_reachable))
        due.append((OFFLINE_STORE, "s3StagingLocation", staging_writable))
        due.append((OFFLINE_STORE, "iamRole", iam_role_usable))
    return [_checked(workspace, *each) for each in due]


def _checked(
    workspace: Workspace, condition: str, name: str, check: Callable[[Workspace], str]
) -> Check:
    try:
        return passed(name, check(workspace), condition)
    except JobError as error:
        return failed(name, error.reason, error.message, condition)


def registry_writable(workspace: Workspace) -> str:
    """Check that the registry can be written in S3, by one writer at a time."""
    use_aws(workspace)
    registry = workspace.feature_store.spec.registry.s3
    if registry is None:
        raise ValueError("spec.registry.s3 is not set")
    client, probe = _client(registry.region), _object(f"{registry.path}.preflight-{uuid.uuid4()}")
    _asked(lambda: client.put_object(**probe, Body=_CONTENT, IfNoneMatch="*"))
    try:
        refuses = _refuses(lambda: client.put_object(**probe, Body=_CONTENT, IfNoneMatch="*"))
        _asked(lambda: client.get_object(**probe))
    finally:
        _asked(lambda: client.delete_object(**probe))
    if not refuses:
        raise JobError(
            "S3NotConditional",
            f"{registry.path}: its store ignores If-None-Match, so that two writers can lose an "
            "update: use S3 itself, or a store with conditional writes",
        )
    return f"{registry.path} can be written, one writer at a time"


def artifacts_writable(workspace: Workspace) -> str:
    """Check that the Job may write and read artifacts; the object `preflight` stays."""
    use_aws(workspace)
    folder = str(workspace.feature_store.spec.artifacts).rstrip("/")
    client, probe = _client(None), _object(f"{folder}/preflight")
    with aws_errors_at(folder):
        client.put_object(**probe, Body=_CONTENT)
        client.get_object(**probe)
    return f"{folder} can be written and read"


def staging_writable(workspace: Workspace) -> str:
    """Check that the Job may list, write, read and delete in the staging folder."""
    redshift = _redshift(workspace)
    folder = f"{redshift.s3_staging_location.rstrip('/')}/preflight-{uuid.uuid4()}"
    client, probe = _client(redshift.region), _object(f"{folder}/probe")
    _asked(lambda: client.put_object(**probe, Body=_CONTENT))
    _asked(lambda: client.get_object(**probe))
    _asked(lambda: client.list_objects(Bucket=probe["Bucket"], Prefix=_object(folder)["Key"]))
    _asked(lambda: client.delete_object(**probe))
    return f"{redshift.s3_staging_location} can be written, read and deleted from"


def redshift_reachable(workspace: Workspace) -> str:
    """Check that Redshift runs a statement in the database."""
    redshift = _redshift(workspace)
    _asked(lambda: aws_utils.execute_redshift_statement(*_login(workspace), "SELECT 1"))
    name = redshift.cluster_id or redshift.workgroup
    return f"Redshift {name} in {redshift.region} answers in database {redshift.database}"


def iam_role_usable(workspace: Workspace) -> str:
    """Check that Redshift may UNLOAD to and COPY from the staging folder with its role."""
    redshift = _redshift(workspace)
    place = f"{redshift.s3_staging_location.rstrip('/')}/preflight-{uuid.uuid4()}"
    s3, role = aws_utils.get_s3_resource(redshift.region), redshift.iam_role
    login, table = _login(workspace), f"hotplate_preflight_{uuid.uuid4().hex}"
    rows = _asked(
        lambda: aws_utils.unload_redshift_query_to_pa(*login, s3, place, role, "SELECT 1 AS one")
    )
    _asked(
        lambda: aws_utils.upload_arrow_table_to_redshift(
            pa.table({"one": rows["one"]}), *login, s3, role, f"{place}.parquet", table
        )
    )
    _asked(lambda: aws_utils.execute_redshift_statement(*login, f"DROP TABLE {table}"))
    return f"Redshift unloads and copies with {role}"


def _redshift(workspace: Workspace) -> Redshift:
    use_aws(workspace)
    redshift = workspace.feature_store.spec.offline_store.redshift
    if redshift is None:
        raise ValueError("spec.offlineStore.redshift is not set")
    return redshift


def _login(workspace: Workspace) -> tuple[Any, ...]:
    """Return Feast's first arguments: client, cluster, workgroup, database and user."""
    given = offline_store(workspace)
    client = aws_utils.get_redshift_data_client(given["region"])
    return (client, *(given.get(name) for name in ("cluster_id", "workgroup", "database", "user")))


def _client(region: str | None) -> Any:
    return boto3.client("s3", region_name=region)


def _object(url: str) -> dict[str, str]:
    parts = urlsplit(url)
    return {"Bucket": parts.netloc, "Key": parts.path.removeprefix("/")}


def _refuses(write: Callable[[], Any]) -> bool:
    try:
        write()
    except ClientError as error:
        if error.response["Error"]["Code"] == "PreconditionFailed":
            return True
        raise aws_error(error) or error from error
    return False


def _asked(call: Callable[[], Any]) -> Any:
    try:
        return call()
    except Exception as error:
        if known := aws_error(error):
            raise known from error
        raise
