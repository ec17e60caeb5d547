"""Where a feature store keeps its registry, its online features and its offline features."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field

from hotplate.api.fields.base import DnsName, Duration, Identifier, KeyRef, Model
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
Endpoint = Annotated[
    str,
    Field(max_length=262),
    matching(
        r"[A-Za-z0-9.-]+:[0-9]{1,5}",
        "expected host:port, such as clustercfg.features.abc.use1.cache.amazonaws.com:6379",
    ),
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


class StoreMode(StrEnum):
    """Whether the cache shards its keys."""

    CLUSTER = "Cluster"
    STANDALONE = "Standalone"


class ReadFrom(StrEnum):
    """Which nodes answer reads."""

    PRIMARY = "Primary"
    PREFER_REPLICA = "PreferReplica"


class Tls(Model):
    """Encryption in transit to the cache."""

    enabled: bool = Field(default=True, description="Whether connections use TLS.")
    ca_secret_ref: KeyRef | None = Field(
        default=None,
        description=(
            "Key of a Secret with the CA certificate in PEM. If omitted, the system's CAs are used."
        ),
    )

    rules = (
        Rule(
            "self.enabled || !has(self.caSecretRef)",
            "expected no caSecretRef unless TLS is enabled",
            lambda tls: tls.enabled or tls.ca_secret_ref is None,
            "caSecretRef",
        ),
    )


class IamAuth(Model):
    """Short-lived tokens signed with the pod's AWS identity."""

    user_id: Identifier = Field(
        description=(
            "ElastiCache user with IAM authentication, whose user name is the same as its ID."
        )
    )
    cache_name: Identifier = Field(description="Name of the replication group or serverless cache.")
    region: Region = Field(description="AWS region of the cache.")
    serverless: bool = Field(default=False, description="Whether the cache is serverless.")


class CacheAuth(Model):
    """How clients authenticate to the cache. A changed Secret takes effect without a restart."""

    username: Identifier | None = Field(
        default=None, description="User of the access control list. If omitted, the default user."
    )
    username_secret_ref: KeyRef | None = Field(
        default=None,
        description=(
            "Key of the Secret that holds the user name, for rotations that change the user"
            " as well."
        ),
    )
    password_secret_ref: KeyRef | None = Field(
        default=None, description="Key of the Secret that holds the password or token."
    )
    iam: IamAuth | None = Field(
        default=None, description="IAM authentication instead of a password."
    )

    rules = (
        exactly_one_of("passwordSecretRef", "iam"),
        at_most_one_of("username", "usernameSecretRef", "iam"),
    )


class ElastiCache(Model):
    """An ElastiCache (Valkey or Redis OSS) cache, or any server that speaks its protocol."""

    endpoint: Endpoint = Field(
        description="Address as host:port; for a cluster, its configuration endpoint."
    )
    mode: StoreMode = Field(
        default=StoreMode.CLUSTER, description="Whether the cache shards its keys."
    )
    tls: Tls = Field(default=Tls(), description="Encryption in transit; on by default.")
    auth: CacheAuth | None = Field(
        default=None, description="How clients authenticate. If omitted, they do not."
    )
    key_ttl: Duration | None = Field(
        default=None,
        alias="keyTTL",
        description=(
            "Time after which a key that is not written again expires. If omitted, keys"
            " never expire."
        ),
    )
    read_from: ReadFrom = Field(
        default=ReadFrom.PRIMARY,
        description=(
            "Nodes that answer the scoring process's reads. PreferReplica chooses a"
            " replica, in the pod's zone if there is one; replicas may lag behind the"
            " primary."
        ),
    )
    reader_endpoint: Endpoint | None = Field(
        default=None, description="Reader endpoint of a cache in mode Standalone, as host:port."
    )

    rules = (
        Rule(
            "!has(self.auth) || !has(self.auth.iam) || self.tls.enabled",
            "expected TLS to be enabled with IAM authentication, as ElastiCache requires",
            lambda cache: cache.auth is None or cache.auth.iam is None or cache.tls.enabled,
            "tls",
        ),
        Rule(
            "has(self.readerEndpoint)"
            " == (self.mode == 'Standalone' && self.readFrom == 'PreferReplica')",
            "expected a readerEndpoint exactly with mode Standalone and readFrom PreferReplica",
            lambda cache: (cache.reader_endpoint is not None) == cache.needs_reader_endpoint,
            "readerEndpoint",
        ),
    )

    @property
    def needs_reader_endpoint(self) -> bool:
        """Whether reads need an endpoint of their own; a cluster lists its replicas itself."""
        is_standalone = self.mode is StoreMode.STANDALONE
        return is_standalone and self.read_from is ReadFrom.PREFER_REPLICA


class OnlineStore(Model):
    """Where the features are read from within the latency budget."""

    elasti_cache: ElastiCache | None = Field(default=None, description="An ElastiCache cache.")
    embedded: Embedded | None = Field(
        default=None, description="A Valkey that the operator runs; for development."
    )

    rules = (exactly_one_of("elastiCache", "embedded"),)


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
