"""Two writers of one registry cannot lose an update, and intervals do not pile up."""

import os
import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from feast.protos.feast.core.Registry_pb2 import Registry

from hotplate import jobs
from hotplate.jobs.registry.guarded import (
    EmbeddedRegistryStore,
    GuardedRegistryStore,
    LockedFileRegistryStore,
    RegistryConflictError,
    merged,
)
from hotplate.jobs.repository.session import change_registry, connected
from support.feast.small_repository import PROJECT, SmallRepository

Opener = Callable[[], GuardedRegistryStore]


@pytest.fixture(params=["embedded", "file"])
def opened(request: pytest.FixtureRequest, tmp_path: Path, store: str) -> Opener:
    if request.param == "file":
        return lambda: LockedFileRegistryStore(SimpleNamespace(path="registry.db"), tmp_path)
    return lambda: EmbeddedRegistryStore(SimpleNamespace(path=f"{store}#shops"), None)


def test_a_registry_that_was_never_written_is_not_found(opened: Opener) -> None:
    with pytest.raises(FileNotFoundError):
        opened().get_registry_proto()


def test_what_is_written_is_read(opened: Opener) -> None:
    opened().update_registry_proto(Registry(registry_schema_version="1"))
    assert opened().get_registry_proto().registry_schema_version == "1"


def test_a_write_of_what_another_writer_changed_is_refused(opened: Opener) -> None:
    first, second = opened(), opened()
    first.update_registry_proto(Registry())
    mine, others = second.get_registry_proto(), first.get_registry_proto()
    first.update_registry_proto(others)
    with pytest.raises(RegistryConflictError):
        second.update_registry_proto(mine)
    second.update_registry_proto(second.get_registry_proto())


def test_two_writers_of_a_new_registry_cannot_both_win(opened: Opener) -> None:
    first, second = opened(), opened()
    first.update_registry_proto(Registry())
    with pytest.raises(RegistryConflictError):
        second.update_registry_proto(Registry())


def test_a_registry_that_is_torn_down_is_gone(opened: Opener) -> None:
    store = opened()
    store.update_registry_proto(Registry())
    store.teardown()
    with pytest.raises(FileNotFoundError):
        opened().get_registry_proto()


def test_views_materialized_at_the_same_time_all_keep_their_watermarks(
    applied: SmallRepository,
) -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)

    def record(number: int) -> None:
        feast = connected(applied.workspace())
        view = feast.registry.get_feature_view(["habits", "surroundings"][number % 2], PROJECT)
        begin = start + timedelta(days=2 * number)
        end = begin + timedelta(hours=1)
        change_registry(
            feast, lambda: feast.registry.apply_materialization(view, PROJECT, begin, end)
        )

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(record, range(12)))
    views = connected(applied.workspace()).registry.list_feature_views(PROJECT)
    assert [len(view.materialization_intervals) for view in views] == [6, 6]


def test_a_writer_killed_while_it_writes_a_file_leaves_the_registry_whole(tmp_path: Path) -> None:
    config = SimpleNamespace(path="registry.db")
    LockedFileRegistryStore(config, tmp_path).update_registry_proto(Registry())
    child = os.fork()
    if child == 0:
        store = LockedFileRegistryStore(config, tmp_path)
        registry = store.get_registry_proto()
        open_file = Path.open

        def write_half_and_die(path: Path, mode: str) -> Any:
            file = open_file(path, mode)
            if mode == "wb":
                file.write(b"half a registry")
                file.flush()
                os.kill(os.getpid(), signal.SIGKILL)
            return file

        Path.open = write_half_and_die  # type: ignore[assignment,method-assign]
        store.update_registry_proto(registry)
        os._exit(0)
    assert os.WTERMSIG(os.waitpid(child, 0)[1]) == signal.SIGKILL
    again = LockedFileRegistryStore(config, tmp_path)
    again.update_registry_proto(again.get_registry_proto())


def test_intervals_that_touch_or_overlap_become_one() -> None:
    days = [datetime(2026, 1, day, tzinfo=UTC) for day in range(1, 9)]
    intervals = [(days[2], days[3]), (days[0], days[2]), (days[5], days[6]), (days[1], days[3])]
    assert merged(intervals) == [(days[0], days[3]), (days[5], days[6])]


def test_a_hundred_runs_leave_one_interval(applied: SmallRepository) -> None:
    feast = connected(applied.workspace())
    view = feast.registry.get_feature_view("habits", PROJECT)
    start = datetime(2026, 1, 1, tzinfo=UTC)
    for hour in range(100):
        feast.registry.apply_materialization(
            view, PROJECT, start + timedelta(hours=hour), start + timedelta(hours=hour + 1)
        )
    (interval,) = (
        connected(applied.workspace())
        .registry.get_feature_view("habits", PROJECT)
        .materialization_intervals
    )
    assert interval == (start, start + timedelta(hours=100))


def test_the_registry_may_be_a_file(repository: SmallRepository) -> None:
    path = str(repository.folder / "registry" / "registry.db")
    spec = {"registry": {"file": {"path": path, "claimName": "registry"}}}
    jobs.apply(repository.workspace(**spec))
    assert jobs.plan(repository.workspace(**spec)).summary == ()
    assert jobs.plan(repository.workspace()).create == 6
