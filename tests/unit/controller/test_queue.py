import asyncio
from datetime import UTC, datetime, timedelta

from hotplate.controller.dependents import Readers
from hotplate.controller.kube.client import ClusterError
from hotplate.controller.own_writes import OwnWrites
from hotplate.controller.queue import GoneError, Key, Triggers

KEY: Key = ("FeatureStore", "ml", "credit-scoring")
READER: Key = ("ModelDeployment", "ml", "scoring")
LONG = timedelta(hours=1)


class Reconciles:
    """A reconcile that takes a moment, counts, and fails or falls due as it is told."""

    def __init__(self, *outcomes: datetime | Exception | None) -> None:
        self.outcomes = list(outcomes)
        self.calls: list[Key] = []
        self.at_once = 0
        self._called = asyncio.Semaphore(0)
        self.most_at_once = 0

    async def __call__(self, kind: str, namespace: str, name: str) -> datetime | None:
        self.calls.append((kind, namespace, name))
        self._called.release()
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        await asyncio.sleep(0.01)
        self.at_once -= 1
        outcome = self.outcomes.pop(0) if self.outcomes else None
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    async def until(self, count: int) -> None:
        """Wait for the first calls; to be called once."""
        async with asyncio.timeout(5):
            for _ in range(count):
                await self._called.acquire()


async def test_events_that_come_while_a_resource_is_reconciled_are_one_more_time() -> None:
    reconciles = Reconciles()
    triggers = Triggers(reconciles, LONG)

    await asyncio.gather(*(triggers.fire(KEY) for _ in range(50)))

    assert reconciles.most_at_once == 1
    assert len(reconciles.calls) <= 2


async def test_few_resources_are_reconciled_at_one_time_and_none_is_left_out() -> None:
    reconciles = Reconciles()
    triggers = Triggers(reconciles, LONG)
    keys: list[Key] = [("FeatureStore", "ml", f"store-{number}") for number in range(100)]

    await asyncio.gather(*(triggers.fire(key) for key in keys))

    assert reconciles.most_at_once <= 16
    assert sorted(reconciles.calls) == sorted(keys)


async def test_an_event_during_a_reconcile_is_not_lost() -> None:
    reconciles = Reconciles()
    triggers = Triggers(reconciles, LONG)
    first = asyncio.create_task(triggers.fire(KEY))
    await reconciles.until(1)

    await triggers.fire(KEY)
    await first

    assert len(reconciles.calls) == 2


async def test_what_the_operator_wrote_itself_is_no_reason_to_look_again() -> None:
    reconciles, own = Reconciles(), OwnWrites()
    triggers = Triggers(reconciles, LONG, own=own)
    own.note("7")

    await triggers.fire(KEY, "7")
    assert reconciles.calls == []
    await triggers.fire(KEY, "7")  # told of once more, such as after a watch began anew
    await triggers.fire(KEY, "8")

    assert len(reconciles.calls) == 2


async def test_an_event_that_overtakes_the_answer_to_its_write_is_no_news_either() -> None:
    own = OwnWrites()
    triggers: Triggers
    calls = []

    async def reconcile(*key: str) -> None:
        calls.append(key)
        triggers.soon(KEY, "7")
        await asyncio.sleep(0)
        own.note("7")

    triggers = Triggers(reconcile, LONG, own=own)
    await triggers.fire(KEY)
    await asyncio.gather(*triggers._tasks)

    assert calls == [KEY]


async def test_a_change_by_somebody_else_beside_an_own_one_is_looked_at() -> None:
    reconciles, own = Reconciles(), OwnWrites()
    triggers = Triggers(reconciles, LONG, own=own)
    own.note("7")

    for version in ("7", "8", None):
        triggers.soon(KEY, version)
    await reconciles.until(1)

    assert reconciles.calls == [KEY]


def test_own_writes_that_nobody_tells_of_are_forgotten_some_day() -> None:
    own = OwnWrites()

    for version in range(20_000):
        own.note(str(version))

    assert not own.explain(["0"])
    assert own.explain(["19999"])
    assert len(own._versions) <= 10_000


async def test_two_resources_are_reconciled_at_once() -> None:
    reconciles = Reconciles()
    triggers = Triggers(reconciles, LONG)

    await asyncio.gather(triggers.fire(KEY), triggers.fire(READER))

    assert reconciles.most_at_once == 2


async def test_a_resource_is_looked_at_again_without_an_event() -> None:
    reconciles = Reconciles()

    await Triggers(reconciles, timedelta(milliseconds=20)).fire(KEY)

    await reconciles.until(3)


async def test_what_falls_due_comes_before_the_resync() -> None:
    reconciles = Reconciles(datetime.now(UTC) - timedelta(seconds=5))

    await Triggers(reconciles, LONG).fire(KEY)

    await reconciles.until(2)


async def test_a_reconcile_that_fails_is_tried_again_soon() -> None:
    reconciles = Reconciles(RuntimeError("the API server is gone"))

    await Triggers(reconciles, LONG).fire(KEY)

    await reconciles.until(2)


async def test_a_resource_that_is_gone_is_looked_at_no_more() -> None:
    reconciles = Reconciles()
    triggers = Triggers(reconciles, timedelta(milliseconds=20))
    await triggers.fire(KEY)

    triggers.forget(KEY)
    await asyncio.sleep(0.1)

    assert len(reconciles.calls) == 1


async def test_an_event_of_a_child_that_is_left_does_not_bring_a_gone_resource_back() -> None:
    reconciles = Reconciles(GoneError("credit-scoring"))

    await Triggers(reconciles, timedelta(milliseconds=20)).fire(KEY)
    await asyncio.sleep(0.1)

    assert len(reconciles.calls) == 1


def test_a_feature_store_has_the_readers_that_name_it() -> None:
    readers = Readers()
    body = {"spec": {"featureStoreRef": {"name": "credit-scoring"}}}

    assert readers.of(READER, body, gone=False) == []
    assert readers.of(KEY, {}, gone=False) == [READER]
    assert readers.of(("FeatureStore", "ml", "other"), {}, gone=False) == []
    assert readers.of(("FeatureStore", "other", "credit-scoring"), {}, gone=False) == []

    readers.of(READER, body, gone=True)
    assert readers.of(KEY, {}, gone=False) == []


async def test_an_api_server_that_asks_for_time_is_given_it() -> None:
    busy = ClusterError("too many requests", 429, timedelta(seconds=40))
    triggers = Triggers(Reconciles(busy), LONG)

    await triggers.fire(KEY)

    timer = triggers._timers[KEY]
    assert timer.when() - asyncio.get_running_loop().time() > 30
    triggers.forget(KEY)
