"""Where a feature store keeps its online features, and how clients reach and log in to it."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from hotplate.api.fields.base import Duration, Identifier, KeyRef, Model
from hotplate.api.fields.rules import Rule, at_most_one_of, exactly_one_of, matching
from hotplate.api.v1alpha1.stores import Embedded, Region

Endpoint = Annotated[
    str,
    Field(max_length=262),
    matching(
        r"[A-Za-z0-9.-]+:[0-9]{1,5}",
        "expected host:port, such as clustercfg.features.abc.use1.cache.amazonaws.com:6379",
    ),
]


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
