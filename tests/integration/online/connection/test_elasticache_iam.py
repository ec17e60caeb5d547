"""IAM authentication of a cache, checked as ElastiCache checks it."""

from __future__ import annotations

import time

import pytest

from hotplate.online import OnlineStoreUnavailable
from hotplate.online.connection.iam import IamToken
from support.valkey.cache import (
    IDENTITY,
    Cache,
    fill,
    reads,
)


@pytest.mark.usefixtures("aws_identity")
async def test_iam_works_in_jobs_and_scoring_processes(cache: Cache) -> None:
    before = len(cache.users.tokens)
    assert await reads(cache.connection(credentials=IamToken(IDENTITY)))
    assert len(cache.users.tokens) > before
    assert not cache.users.refusals


@pytest.mark.usefixtures("aws_identity")
@pytest.mark.parametrize("ahead", [-295, 295])
async def test_a_clock_that_is_five_minutes_off_either_way_is_let_in(
    cache: Cache, ahead: int
) -> None:
    token = IamToken(IDENTITY, lambda: time.time() + ahead)
    assert await reads(cache.connection(credentials=token))
    assert not cache.users.refusals


@pytest.mark.usefixtures("aws_identity")
@pytest.mark.parametrize(("ahead", "why"), [(-700, "expired"), (320, "not yet valid")])
async def test_a_clock_that_is_further_off_is_refused(cache: Cache, ahead: int, why: str) -> None:
    token = IamToken(IDENTITY, lambda: time.time() + ahead)
    try:
        with pytest.raises(OnlineStoreUnavailable, match="WRONGPASS"):
            fill(cache.connection(credentials=token))
        assert set(cache.users.refusals) == {why}
    finally:
        cache.users.refusals.clear()


@pytest.mark.usefixtures("aws_identity")
async def test_a_serverless_cache_wants_its_resource_type(cache: Cache) -> None:
    cache.users.serverless = True
    try:
        serverless = IDENTITY.model_copy(update={"serverless": True})
        assert await reads(cache.connection(credentials=IamToken(serverless)))
        with pytest.raises(OnlineStoreUnavailable, match="WRONGPASS"):
            fill(cache.connection(credentials=IamToken(IDENTITY)))
    finally:
        cache.users.serverless = False
        cache.users.refusals.clear()
