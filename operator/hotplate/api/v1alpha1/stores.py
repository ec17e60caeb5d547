"""Where a feature store keeps its registry and its offline features."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from hotplate.api.fields.base import DnsName, Identifier, KeyRef, Model
from hotplate.api.fields.rules import Rule, at_most_one_of, exactly_one_of, matching

S3Url = Annotated[
    str, Field(max_length=1024), matching(r"s3://[^/\s]+/\S+", "expected s3://bucket/path")
]
AbsolutePath = Annotated[
    str, Field(max_length=1024), matching(r"/\S*", "expected an absolute path, such as /data")
]
Region = Annotated[
    str,
    Field(max_length=32),
    matching(r"[a-z]{2}(-[a-z]+)+-[0-9]", "expected an AWS region, such as us-east-1"),
]
SecretArn = Annotated[
    str,
    Field(max_length=2048),
    matching(
        r"arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:\S+",
        "expected the ARN of a Secrets Manager secret",
    ),
]
RoleArn = Annotated[
    str,
    Field(max_length=2048),
    matching(r"arn:aws[a-z-]*:iam::[0-9]{12}:role/\S+", "expected the ARN of an IAM role"),
]


class Embedded(Model):
    """A Valkey that the operator runs for this feature store; for development."""


class S3Registry(Model):
    """A registry file in S3."""

    path: S3Url = Field(description="URL of the registry file, s3://bucket/path.")
    region: Region | None = Field(default=None, description="AWS region of the bucket.")


class SqlRegistry(Model):
    """A registry in an SQL database."""

    secret_ref: KeyRef = Field(description="Key of the Secret that holds the SQLAlchemy URL.")


class FileRegistry(Model):
    """A registry file on a volume."""

    path: AbsolutePath = Field(description="Path of the registry file in the Jobs' pods.")
    claim_name: DnsName = Field(
        description="PersistentVolumeClaim that is mounted at the path's folder."
    )


class Registry(Model):
    """Where Feast's registry is kept."""

    s3: S3Registry | None = Field(default=None, description="A file in S3.")
    sql: SqlRegistry | None = Field(default=None, description="An SQL database.")
    file: FileRegistry | None = Field(default=None, description="A file on a volume.")
    embedded: Embedded | None = Field(
        default=None, description="In the embedded Valkey; for development."
    )

    rules = (exactly_one_of("s3", "sql", "file", "embedded"),)


def _provisioned_has_user(redshift: Any) -> bool:
    return redshift.cluster_id is None or bool(redshift.user or redshift.secret_arn)


def _serverless_has_no_user(redshift: Any) -> bool:
    return redshift.cluster_id is not None or redshift.user is None


class Redshift(Model):
    """Redshift, provisioned or serverless, through its Data API."""

    cluster_id: Identifier | None = Field(
        default=None, description="Identifier of a provisioned cluster."
    )
    workgroup: Identifier | None = Field(
        default=None, description="Name of a serverless workgroup."
    )
    region: Region = Field(description="AWS region of the cluster or workgroup.")
    user: Identifier | None = Field(
        default=None,
        description=(
            "Database user of a provisioned cluster. The pod's AWS identity logs in as this user."
        ),
    )
    secret_arn: SecretArn | None = Field(
        default=None,
        description=(
            "ARN of a Secrets Manager secret with the login, instead of the pod's AWS identity."
        ),
    )
    database: Identifier = Field(description="Database with the feature tables.")
    s3_staging_location: S3Url = Field(
        description="Folder in S3 that queries are unloaded to, such as s3://bucket/staging."
    )
    iam_role: RoleArn = Field(description="ARN of the role that Redshift uses to unload and copy.")

    rules = (
        exactly_one_of("clusterId", "workgroup"),
        Rule(
            "!has(self.clusterId) || has(self.user) || has(self.secretArn)",
            "expected a user or secretArn with clusterId",
            _provisioned_has_user,
        ),
        Rule(
            "has(self.clusterId) || !has(self.user)",
            "expected no user with workgroup: the AWS identity is the database user",
            _serverless_has_no_user,
            "user",
        ),
        at_most_one_of("user", "secretArn"),
    )


class FileOfflineStore(Model):
    """Parquet files that the definitions name."""


class OfflineStore(Model):
    """Where the history of the features is."""

    redshift: Redshift | None = Field(default=None, description="Tables in Redshift.")
    file: FileOfflineStore | None = Field(default=None, description="Parquet files.")

    rules = (exactly_one_of("redshift", "file"),)
