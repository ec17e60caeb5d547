"""How Jobs call AWS: few, patient retries, and errors that name action and resource.

Feast creates its AWS clients from boto3's default session, so these settings apply to them too.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import boto3
import botocore.session
from botocore.config import Config

from hotplate.api.v1alpha1.stores import Redshift
from hotplate.jobs.workspace import Workspace

ATTEMPTS = 5
"""Attempts at a call. botocore waits a random time of up to 1, 2, 4 and 8 s in between, and stops
earlier if calls keep failing."""

ACTION, RESOURCE, REGION = "HotplateAction", "HotplateResource", "HotplateRegion"
"""Keys added to the error of a failed call."""

_ACTIONS = {
    "HeadBucket": "s3:ListBucket",
    "HeadObject": "s3:GetObject",
    "ListObjects": "s3:ListBucket",
    "ListObjectsV2": "s3:ListBucket",
    "CopyObject": "s3:PutObject",
    "CreateMultipartUpload": "s3:PutObject",
    "UploadPart": "s3:PutObject",
    "CompleteMultipartUpload": "s3:PutObject",
}
"""IAM actions of S3's operations where the two have different names."""


class StatementFailedError(Exception):
    """Redshift ran a statement, and it failed."""

    def __init__(self, query_id: str, status: str, error: str) -> None:
        super().__init__(query_id, status, error)
        self.query_id, self.status, self.error = query_id, status, error


def use_aws(workspace: Workspace) -> None:
    """Set boto3's default session to the one that this workspace's Jobs use."""
    session = botocore.session.get_session()
    retries = {"mode": "standard", "total_max_attempts": ATTEMPTS}
    session.set_default_client_config(
        Config(retries=retries, connect_timeout=10, read_timeout=60, tcp_keepalive=True)
    )
    session.register("before-parameter-build", _remember)
    session.register("after-call", _name_what_failed)
    session.register("after-call.redshift-data.DescribeStatement", _refuse_failed_statement)
    redshift = workspace.feature_store.spec.offline_store.redshift
    if redshift is not None and redshift.secret_arn is not None:
        session.register("before-parameter-build.redshift-data", _with_secret(redshift))
    boto3.setup_default_session(botocore_session=session)


def action_of(operation: str, service: str = "s3") -> str:
    """Return the IAM action that allows an operation."""
    return _ACTIONS.get(operation, f"{service}:{operation}")


def _remember(params: Mapping[str, Any], context: dict[str, Any], **_: Any) -> None:
    """Remember the resource of a call until it ends."""
    context[RESOURCE] = _resource(params)


def _resource(params: Mapping[str, Any]) -> str:
    if bucket := params.get("Bucket"):
        key = params.get("Key") or params.get("Prefix")
        return f"arn:aws:s3:::{bucket}" + (f"/{key}" if key else "")
    for name in ("ClusterIdentifier", "WorkgroupName", "RoleArn", "SecretId", "Id"):
        if name in params:
            return f"{name} {params[name]}"
    return ""


def _name_what_failed(
    http_response: Any, parsed: dict[str, Any], model: Any, context: dict[str, Any], **_: Any
) -> None:
    """Add action, resource and region to the error that botocore raises next."""
    if http_response.status_code < 300:
        return
    error = parsed.setdefault("Error", {})
    error[ACTION] = action_of(model.name, model.service_model.signing_name)
    error[RESOURCE] = context.get(RESOURCE, "")
    error[REGION] = context.get("client_region", "")


def _refuse_failed_statement(http_response: Any, parsed: Mapping[str, Any], **_: Any) -> None:
    """Raise the failure of a statement: Feast would only print it within a dictionary."""
    if http_response.status_code < 300 and parsed["Status"] in ("FAILED", "ABORTED"):
        text = str(parsed.get("Error") or "cancelled")
        raise StatementFailedError(parsed["Id"], parsed["Status"], text)


def _with_secret(redshift: Redshift) -> Any:
    """Return a hook that logs in by the secret; Feast has no setting for one."""

    def log_in(params: dict[str, Any], model: Any, **_: Any) -> None:
        if model.input_shape is not None and "SecretArn" in model.input_shape.members:
            params.pop("DbUser", None)
            params["SecretArn"] = redshift.secret_arn

    return log_in
