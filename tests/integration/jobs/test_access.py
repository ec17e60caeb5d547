"""Everything that Jobs do, they do with a user that has exactly the documented access string."""

from __future__ import annotations

from pathlib import Path

import pytest

from elasticache import admin, guard, set_user
from hotplate import jobs
from hotplate.online.access import access_string
from jobs_world import PERSONS, PLACES, PROJECT, make_world
from valkey_cluster import valkey_cluster

PASSWORD = "p,a=s s'\"w\\ö"


def test_a_user_with_exactly_the_access_string_lives_a_feature_store_s_whole_life(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOTPLATE_ONLINE_PASSWORD", PASSWORD)
    with valkey_cluster(shards=2) as servers:
        guard(servers)
        set_user(servers, "jobs", access_string(PROJECT), PASSWORD)
        world = make_world(tmp_path, "")
        key = {"name": "cache", "key": "password"}
        cache = {
            "endpoint": f"127.0.0.1:{servers[0].port}",
            "tls": {"enabled": False},
            "auth": {"username": "jobs", "passwordSecretRef": key},
        }
        workplace = world.workplace(
            onlineStore={"elastiCache": cache},
            registry={"file": {"path": str(tmp_path / "registry.db"), "claimName": "registry"}},
            artifacts=f"file://{tmp_path}/artifacts",
            apply={"maxDeletions": 9},
        )

        assert jobs.preflight(workplace).result == "Checked"
        jobs.apply(workplace)
        assert jobs.materialize(workplace, "habits").rows == PERSONS
        assert jobs.materialize(workplace, "surroundings").rows == PLACES
        world.redefine('Field(name="district", dtype=String),', "")
        assert jobs.apply(workplace).changed_views == ("surroundings",)
        jobs.materialize(workplace, "surroundings")
        assert jobs.verify(workplace).views[0].sampled == 200
        assert jobs.teardown(workplace).keys == PERSONS + PLACES
        left = [key for server in servers for key in admin(server).keys("*")]
        assert left == []
