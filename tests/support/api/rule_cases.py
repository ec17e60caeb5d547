"""For each rule of the resources, a document that keeps it and one that breaks it.

The unit tests put them to the models, the integration tests to a real API server.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from support.api.resources import Document, feature_store_document, model_deployment_document


@dataclass(frozen=True)
class RuleCase:
    """The rule's message, a document that keeps the rule, and one that breaks only this rule."""

    message: str
    accepted: Document
    refused: Document


def _store(message: str, accepted: dict[str, Any], refused: dict[str, Any]) -> RuleCase:
    documents = (feature_store_document(**accepted), feature_store_document(**refused))
    return RuleCase(f"expected {message}", *documents)


def _deployment(message: str, accepted: dict[str, Any], refused: dict[str, Any]) -> RuleCase:
    documents = (model_deployment_document(**accepted), model_deployment_document(**refused))
    return RuleCase(f"expected {message}", *documents)


def _cache(**fields: Any) -> dict[str, Any]:
    return {"onlineStore": {"elastiCache": {"endpoint": "cache.example.com:6379", **fields}}}


def _redshift(**fields: Any) -> dict[str, Any]:
    shared = {
        "region": "us-east-1",
        "database": "dev",
        "s3StagingLocation": "s3://bucket/staging",
        "iamRole": "arn:aws:iam::123456789012:role/redshift",
    }
    given = {"workgroup": "features"} | fields
    left = {name: value for name, value in (shared | given).items() if value is not None}
    return {"offlineStore": {"redshift": left}}


def _materialization(**fields: Any) -> dict[str, Any]:
    return {"materialization": fields}


def _backfill(start: str, end: str) -> dict[str, Any]:
    return {"backfills": [{"name": "past", "start": start, "end": end}]}


def _training(**fields: Any) -> dict[str, Any]:
    labels = {"path": "data/loans.parquet", "target": "loan_status"}
    labels = {k: v for k, v in (labels | fields.pop("labels", {})).items() if v is not None}
    return {"training": {"labels": labels, **fields}}


def _env(**source: Any) -> dict[str, Any]:
    return {"env": [{"name": "REGION", **source}]}


def _toleration(**fields: Any) -> dict[str, Any]:
    return {"tolerations": [{"key": "gpu", **fields}]}


_SECRET = "arn:aws:secretsmanager:us-east-1:123456789012:secret:redshift-AbCdEf"
_EXTERNAL_MODEL = {
    "model": {"store": "embedded", "version": "credit_scoring:1@sha256:" + "0a" * 32}
}
_S3_REGISTRY = {"s3": {"path": "s3://bucket/registry.db"}}
_IAM = {"iam": {"userId": "scorer", "cacheName": "features", "region": "us-east-1"}}
_KEY = {"name": "secret", "key": "password"}
_PASSWORD = {"passwordSecretRef": _KEY}
_AN_HOUR = ("2026-01-01T00:00:00Z", "2026-01-01T01:00:00Z")

RULE_CASES = (
    _store(
        "exactly one of git, configMap and image",
        {"definitions": {"git": {"url": "https://example.com/features.git"}}},
        {"definitions": {}},
    ),
    _store(
        "jobs.image with definitions.image: it contains the definitions",
        {"definitions": {"image": {"path": "/feature_repo"}}, "jobs": {"image": "jobs:1"}},
        {"definitions": {"image": {"path": "/feature_repo"}}},
    ),
    _store(
        "artifacts, an fsspec URL, unless the registry or online store is embedded",
        _cache() | {"registry": _S3_REGISTRY, "artifacts": "s3://bucket/features"},
        _cache() | {"registry": _S3_REGISTRY},
    ),
    _store(
        "an fsspec URL, such as s3://bucket/features",
        {"artifacts": "s3://bucket/features"},
        {"artifacts": "/features"},
    ),
    _store(
        "exactly one of s3, sql, file and embedded",
        {"registry": {"s3": {"path": "s3://bucket/registry.db"}}},
        {"registry": {"embedded": {}, "s3": {"path": "s3://bucket/registry.db"}}},
    ),
    _store("exactly one of elastiCache and embedded", _cache(), {"onlineStore": {}}),
    _store(
        "exactly one of redshift and file",
        _redshift(),
        {"offlineStore": {"file": {}, **_redshift()["offlineStore"]}},
    ),
    _store(
        "exactly one of clusterId and workgroup",
        _redshift(),
        _redshift(clusterId="features", user="feast"),
    ),
    _store(
        "a user or secretArn with clusterId",
        _redshift(workgroup=None, clusterId="features", user="feast"),
        _redshift(workgroup=None, clusterId="features"),
    ),
    _store(
        "no user with workgroup: the AWS identity is the database user",
        _redshift(),
        _redshift(user="feast"),
    ),
    _store(
        "at most one of user and secretArn",
        _redshift(workgroup=None, clusterId="features", secretArn=_SECRET),
        _redshift(workgroup=None, clusterId="features", secretArn=_SECRET, user="feast"),
    ),
    _store(
        "the ARN of a Secrets Manager secret",
        _redshift(secretArn=_SECRET),
        _redshift(secretArn="redshift-login"),
    ),
    _store(
        "the ARN of an IAM role",
        _redshift(iamRole="arn:aws-us-gov:iam::123456789012:role/path/redshift"),
        _redshift(iamRole="redshift"),
    ),
    _store(
        "no caSecretRef unless TLS is enabled",
        _cache(tls={"caSecretRef": _KEY}),
        _cache(tls={"enabled": False, "caSecretRef": _KEY}),
    ),
    _store(
        "exactly one of passwordSecretRef and iam",
        _cache(auth=_PASSWORD),
        _cache(auth=_PASSWORD | _IAM),
    ),
    _store(
        "at most one of username, usernameSecretRef and iam",
        _cache(auth=_PASSWORD | {"username": "scorer"}),
        _cache(auth=_IAM | {"username": "scorer"}),
    ),
    _store(
        "TLS to be enabled with IAM authentication, as ElastiCache requires",
        _cache(auth=_IAM),
        _cache(auth=_IAM, tls={"enabled": False}),
    ),
    _store(
        "a readerEndpoint exactly with mode Standalone and readFrom PreferReplica",
        _cache(mode="Standalone", readFrom="PreferReplica", readerEndpoint="ro.example.com:6379"),
        _cache(mode="Standalone", readFrom="PreferReplica"),
    ),
    _store("an end after the start", _backfill(*_AN_HOUR), _backfill(*reversed(_AN_HOUR))),
    _store(
        "a duration greater than 0, such as 10ms, 90s, 1h30m or 30d",
        _materialization(views=[{"name": "credit_history", "maxStaleness": "1d12h"}]),
        _materialization(views=[{"name": "credit_history", "maxStaleness": "0s"}]),
    ),
    _store(
        "five cron fields (minute, hour, day of month, month, day of week), such as */15 * * * *",
        _materialization(schedule="0,30 3-5 * JAN-MAR MON"),
        _materialization(schedule="60 * * * *"),
    ),
    _store(
        "a time zone's IANA name, such as Europe/Paris",
        _materialization(timeZone="America/Argentina/Buenos_Aires"),
        _materialization(timeZone="Europe Paris"),
    ),
    _store(
        "local, ray.engine, spark.engine or the path of a Feast compute engine's class, such as"
        " my_engines.MyEngine",
        _materialization(engine={"type": "ray.engine", "options": {"max_workers": 8}}),
        _materialization(engine={"type": "lambda"}),
    ),
    _store(
        "no options with engine local",
        _materialization(engine={"type": "team.engines.OurEngine", "options": {"a": {"b": [1]}}}),
        _materialization(engine={"options": {"max_workers": 8}}),
    ),
    _store(
        "letters, digits and '_', not starting with '_', as Feast has it",
        {"project": "2_Scoring"},
        {"project": "_scoring"},
    ),
    _store(
        "https://host/path, ssh://user@host/path or user@host:path, without a password",
        {"definitions": {"git": {"url": "git@example.com:team/features.git"}}},
        {"definitions": {"git": {"url": "https://me:token@example.com/features.git"}}},
    ),
    _store(
        "a branch, a tag or a commit, which does not begin with '-'",
        {"definitions": {"git": {"url": "https://example.com/f.git", "ref": "team/v1.2"}}},
        {"definitions": {"git": {"url": "https://example.com/f.git", "ref": "--upload-pack=x"}}},
    ),
    _store(
        "an interval of at least 30s",
        {"definitions": {"git": {"url": "https://example.com/f.git", "interval": "30s"}}},
        {"definitions": {"git": {"url": "https://example.com/f.git", "interval": "29s"}}},
    ),
    _store(
        "a path inside the repository, relative to its root",
        {"definitions": {"git": {"url": "https://example.com/f.git", "path": "features"}}},
        {"definitions": {"git": {"url": "https://example.com/f.git", "path": "../features"}}},
    ),
    _store(
        "an absolute path, such as /data",
        {"registry": {"file": {"path": "/data/registry.db", "claimName": "registry"}}},
        {"registry": {"file": {"path": "data/registry.db", "claimName": "registry"}}},
    ),
    _store(
        "s3://bucket/path",
        {"registry": {"s3": {"path": "s3://bucket/registry.db"}}},
        {"registry": {"s3": {"path": "bucket/registry.db"}}},
    ),
    _store(
        "an AWS region, such as us-east-1",
        {"registry": {"s3": {"path": "s3://bucket/r.db", "region": "us-gov-west-1"}}},
        {"registry": {"s3": {"path": "s3://bucket/r.db", "region": "Virginia"}}},
    ),
    _store(
        "host:port, such as clustercfg.features.abc.use1.cache.amazonaws.com:6379",
        _cache(),
        _cache(endpoint="redis://cache.example.com"),
    ),
    _store(
        "a Kubernetes name: lower case letters, digits, '-' and '.'",
        {"definitions": {"configMap": {"name": "credit.features"}}},
        {"definitions": {"configMap": {"name": "Credit_Features"}}},
    ),
    _store(
        "sha256: and 64 hex digits, as in status",
        {"apply": {"approve": "sha256:" + "0a" * 32}},
        {"apply": {"approve": "yes"}},
    ),
    _store(
        "a Kubernetes quantity, such as 500m or 2Gi",
        {"jobs": {"resources": {"requests": {"cpu": "500m", "memory": "2Gi"}}}},
        {"jobs": {"resources": {"requests": {"memory": "2 GB"}}}},
    ),
    _store(
        "letters, digits, '_' and '-', not starting with a digit",
        _materialization(views=[{"name": "credit_history"}]),
        _materialization(views=[{"name": "credit history"}]),
    ),
    _deployment(
        "letters, digits and '_', not starting with a digit",
        _env(value="eu"),
        {"env": [{"name": "A-B", "value": "eu"}]},
    ),
    _deployment(
        "exactly one of value, secretKeyRef and configMapKeyRef",
        _env(secretKeyRef=_KEY),
        _env(value="eu", secretKeyRef=_KEY),
    ),
    _deployment(
        "no value with operator Exists",
        _toleration(operator="Exists"),
        _toleration(operator="Exists", value="yes"),
    ),
    _deployment(
        "the class name of a BentoML service",
        {"bento": {"image": "scoring:1", "service": "CreditScoring"}},
        {"bento": {"image": "scoring:1", "service": "service:CreditScoring"}},
    ),
    _deployment(
        "exactly one of image, configMap and claim",
        {"bento": {"configMap": {"name": "files"}, "service": "CreditScoring"}},
        {"bento": {"image": "a", "configMap": {"name": "b"}, "service": "CreditScoring"}},
    ),
    _deployment(
        "a folder of the claim, without a slash at the start or end",
        {"bento": {"claim": {"name": "bentos", "path": "credit/2"}, "service": "C"}},
        {"bento": {"claim": {"name": "bentos", "path": "/credit"}, "service": "C"}},
    ),
    _deployment(
        "a path without '..'",
        {"bento": {"claim": {"name": "bentos", "path": "credit"}, "service": "C"}},
        {"bento": {"claim": {"name": "bentos", "path": "credit/../b"}, "service": "C"}},
    ),
    _deployment(
        "an fsspec URL, such as s3://bucket/models, or embedded",
        {"model": {"store": "s3://bucket/models"}},
        {"model": {"store": "/models"}},
    ),
    _deployment(
        "latest, or name:version@sha256: and 64 hex digits",
        _EXTERNAL_MODEL,
        {"model": {"store": "embedded", "version": "1"}},
    ),
    _deployment(
        "training, or a model.version other than latest",
        _EXTERNAL_MODEL | {"training": None},
        {"training": None},
    ),
    _deployment(
        "a claimName with a file:// store, and only then",
        {"model": {"store": "file:///models", "claimName": "models"}},
        {"model": {"store": "file:///models"}},
    ),
    _deployment(
        "exactly one of path and query",
        _training(labels={"path": None, "query": "SELECT * FROM loans"}),
        _training(labels={"query": "SELECT * FROM loans"}),
    ),
    _deployment(
        "one query without a semicolon",
        _training(labels={"path": None, "query": "SELECT * FROM loans"}),
        _training(labels={"path": None, "query": "SELECT * FROM loans;"}),
    ),
    _deployment(
        "the target not to be in exclude",
        _training(labels={"exclude": ["loan_id"]}),
        _training(labels={"exclude": ["loan_status"]}),
    ),
    _deployment(
        "a featureDeadline shorter than the budget",
        {"latency": {"budget": "10ms", "featureDeadline": "9ms"}},
        {"latency": {"budget": "4ms"}},
    ),
    _deployment(
        "maxReplicas to be at least minReplicas",
        {"autoscaling": {"minReplicas": 3, "maxReplicas": 3, "cpuUtilization": 70}},
        {"autoscaling": {"minReplicas": 3, "maxReplicas": 2, "cpuUtilization": 70}},
    ),
    _deployment(
        "at least one of requestsPerSecond and cpuUtilization",
        {"autoscaling": {"maxReplicas": 4, "requestsPerSecond": 300}},
        {"autoscaling": {"maxReplicas": 4}},
    ),
    _deployment(
        "verify with goldenRows: its Job scores them",
        {"rollout": {"verify": True, "goldenRows": {"configMap": {"name": "golden"}}}},
        {"rollout": {"verify": False, "goldenRows": {"configMap": {"name": "golden"}}}},
    ),
    _deployment(
        "a host name in lower case",
        {"ingress": {"host": "*.scoring.example.com"}},
        {"ingress": {"host": "Scoring"}},
    ),
    _deployment(
        "a path that begins with /",
        {"ingress": {"host": "scoring.example.com", "path": "/credit"}},
        {"ingress": {"host": "scoring.example.com", "path": "credit"}},
    ),
    _deployment(
        "at most one of ingress and gateway",
        {"gateway": {"name": "public"}},
        {"gateway": {"name": "public"}, "ingress": {"host": "scoring.example.com"}},
    ),
    _deployment(
        "stdout or an fsspec URL, such as s3://…",
        {"decisionLog": {"sink": "s3://bucket/decisions"}},
        {"decisionLog": {"sink": "stderr"}},
    ),
)
