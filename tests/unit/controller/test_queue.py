import asyncio
from datetime import UTC, datetime, timedelta

from hotplate.controller.dependents import Dependents
from hotplate.controller.kube.client import ClusterError
from hotplate.controller.queue import EchoFilter, GoneError, Queue
from hotplate.controller.resource_key import ResourceKey

KEY = ResourceKey("FeatureStore", "ml", "credit-scoring")
DEPENDENT = ResourceKey("ModelDeployment", "ml", "scoring")
LONG = timedelta(hours=1)


class Reconciles:
    """A reconcile that takes a moment, counts, and fails or falls due as given."""

    def __init__(self, *outcomes: datetime | Exception | None) -> None:
        self.outcomes = list(outcomes)
        self.calls: list[ResourceKey] = []
        self.at_once = 0
        self._called = asyncio.Semaphore(0)
        self.most_at_once = 0

    async def __call__(self, kind: str, namespace: str, name: str) -> datetime | None:
        self.calls.append(ResourceKey(kind, namespace, name))
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


async def test_events_that_arrive_during_a_reconcile_are_coalesced_into_one_more() -> None:
    reconciles = Reconciles()
    queue = Queue(reconciles, LONG)

    await asyncio.gather(*(queue.process(KEY) for _ in range(50)))

    assert reconciles.most_at_once == 1
    assert len(reconciles.calls) <= 2


async def test_at_most_16_resources_are_reconciled_concurrently_and_none_is_left_out() -> None:
    reconciles = Reconciles()
    queue = Queue(reconciles, LONG)
    keys = [KEY._replace(name=f"store-{number}") for number in range(100)]

    await asyncio.gather(*(queue.process(key) for key in keys))

    assert reconciles.most_at_once <= 16
    assert sorted(reconciles.calls) == sorted(keys)


async def test_an_event_during_a_reconcile_is_not_lost() -> None:
    reconciles = Reconciles()
    queue = Queue(reconciles, LONG)
    first = asyncio.create_task(queue.process(KEY))
    await reconciles.until(1)

    await queue.process(KEY)
    await first

    assert len(reconciles.calls) == 2


async def test_the_operators_own_writes_do_not_requeue_a_resource() -> None:
    reconciles, echoes = Reconciles(), EchoFilter()
    queue = Queue(reconciles, LONG, echoes=echoes)
    echoes.remember("7")

    await queue.process(KEY, "7")
    assert reconciles.calls == []
    await queue.process(KEY, "7")  # reported once more, such as after a watch was restarted
    await queue.process(KEY, "8")

    assert len(reconciles.calls) == 2


async def test_an_event_that_arrives_before_the_answer_to_its_write_is_an_echo_too() -> None:
    echoes = EchoFilter()
    queue: Queue
    calls = []

    async def reconcile(*key: str) -> None:
        calls.append(key)
        queue.add(KEY, "7")
        await asyncio.sleep(0)
        echoes.remember("7")

    queue = Queue(reconcile, LONG, echoes=echoes)
    await queue.process(KEY)
    await asyncio.gather(*queue._tasks)

    assert calls == [KEY]


async def test_a_change_by_somebody_else_besides_an_own_one_is_reconciled() -> None:
    reconciles, echoes = Reconciles(), EchoFilter()
    queue = Queue(reconciles, LONG, echoes=echoes)
    echoes.remember("7")

    for version in ("7", "8", None):
        queue.add(KEY, version)
    await reconciles.until(1)

    assert reconciles.calls == [KEY]


def test_own_writes_that_no_event_ever_reports_are_forgotten() -> None:
    echoes = EchoFilter()

    for version in range(20_000):
        echoes.remember(str(version))

    assert not echoes.are_own(["0"])
    assert echoes.are_own(["19999"])
    assert len(echoes._versions) <= 10_000


async def test_two_resources_are_reconciled_at_once() -> None:
    reconciles = Reconciles()
    queue = Queue(reconciles, LONG)

    await asyncio.gather(queue.process(KEY), queue.process(DEPENDENT))

    assert reconciles.most_at_once == 2


async def test_a_resource_is_reconciled_again_without_an_event() -> None:
    reconciles = Reconciles()

    await Queue(reconciles, timedelta(milliseconds=20)).process(KEY)

    await reconciles.until(3)


async def test_what_falls_due_comes_before_the_resync() -> None:
    reconciles = Reconciles(datetime.now(UTC) - timedelta(seconds=5))

    await Queue(reconciles, LONG).process(KEY)

    await reconciles.until(2)


async def test_a_reconcile_that_fails_is_retried_soon() -> None:
    reconciles = Reconciles(RuntimeError("the API server is gone"))

    await Queue(reconciles, LONG).process(KEY)

    await reconciles.until(2)


async def test_a_resource_that_is_gone_is_not_reconciled_again() -> None:
    reconciles = Reconciles()
    queue = Queue(reconciles, timedelta(milliseconds=20))
    await queue.process(KEY)

    queue.forget(KEY)
    await asyncio.sleep(0.1)

    assert len(reconciles.calls) == 1


async def test_an_event_of_a_remaining_child_does_not_requeue_a_resource_that_is_gone() -> None:
    reconciles = Reconciles(GoneError("credit-scoring"))

    await Queue(reconciles, timedelta(milliseconds=20)).process(KEY)
    await asyncio.sleep(0.1)

    assert len(reconciles.calls) == 1


def test_a_feature_store_has_the_dependents_that_name_it() -> None:
    dependents = Dependents()
    body = {"spec": {"featureStoreRef": {"name": "credit-scoring"}}}

    assert dependents.update(DEPENDENT, body, is_deleted=False) == []
    assert dependents.update(KEY, {}, is_deleted=False) == [DEPENDENT]
    assert dependents.update(KEY._replace(name="other"), {}, is_deleted=False) == []
    assert dependents.update(KEY._replace(namespace="other"), {}, is_deleted=False) == []

    dependents.update(DEPENDENT, body, is_deleted=True)
    assert dependents.update(KEY, {}, is_deleted=False) == []


async def test_a_retry_waits_as_long_as_the_api_server_asks() -> None:
    busy = ClusterError("too many requests", 429, timedelta(seconds=40))
    queue = Queue(Reconciles(busy), LONG)

    await queue.process(KEY)

    timer = queue._timers[KEY]
    assert timer.when() - asyncio.get_running_loop().time() > 30
    queue.forget(KEY)
