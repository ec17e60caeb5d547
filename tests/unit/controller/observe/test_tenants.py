"""The FeatureStores that share a cache: one list serves all that ask at the same time."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from hotplate.api import FeatureStore, parse_resource
from hotplate.controller.kube.client import Cluster
from hotplate.controller.observe.tenants import Tenants
from support.api.resources import feature_store_document

NOW = datetime(2026, 11, 24, tzinfo=UTC)


class Lists:
    """What the API server lists, and how often it is asked."""

    def __init__(self, count: int) -> None:
        self.bodies = [_body(number) for number in range(count)]
        self.asked = 0

    async def parts(self, *_: Any) -> AsyncIterator[list[dict[str, Any]]]:
        self.asked += 1
        await asyncio.sleep(0)
        yield self.bodies


def _body(number: int) -> dict[str, Any]:
    cache = {"elastiCache": {"endpoint": "features.example.com:6379", "mode": "Cluster"}}
    body = feature_store_document(f"store-{number}", project=f"p_{number}", onlineStore=cache)
    body["metadata"] |= {
        "namespace": "ml",
        "uid": f"uid-{number}",
        "generation": 1,
        "creationTimestamp": "2026-11-24T00:00:00Z",
    }
    return body


def _store(body: dict[str, Any]) -> FeatureStore:
    resource = parse_resource(body)
    assert isinstance(resource, FeatureStore)
    return resource


async def test_those_that_ask_at_once_share_a_list() -> None:
    lists = Lists(20)
    tenants = Tenants(cast("Cluster", lists), ("ml",), lambda: NOW)

    found = await asyncio.gather(*(tenants.around(_store(body)) for body in lists.bodies))

    assert lists.asked == 1
    assert [mine.uid for mine, _ in found if mine] == [f"uid-{number}" for number in range(20)]
    assert {len(others) for _, others in found} == {20}


async def test_tenants_are_listed_again_when_the_list_is_old_or_lacks_the_resource() -> None:
    lists, times = Lists(2), iter(NOW + timedelta(seconds=20 * turn) for turn in range(99))
    now = next(times)
    tenants = Tenants(cast("Cluster", lists), (), lambda: now)
    await tenants.around(_store(lists.bodies[0]))

    now = next(times)
    await tenants.around(_store(lists.bodies[0]))
    assert lists.asked == 2

    lists.bodies.append(_body(2))
    mine, others = await tenants.around(_store(lists.bodies[2]))
    assert lists.asked == 3
    assert (mine and mine.uid, len(others)) == ("uid-2", 3)

    lists.bodies[1]["metadata"]["generation"] = 2
    await tenants.around(_store(lists.bodies[1]))
    assert lists.asked == 4
