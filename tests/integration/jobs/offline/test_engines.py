"""Materialized by another engine than the Job's own process, the same bytes are there."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import redis

from hotplate import jobs
from hotplate.jobs import JobError, Window, Workspace
from hotplate.jobs.offline import ray as on_ray
from support.aws.cloud import Cloud
from support.aws.redshift import in_redshift
from support.feast.ray_head import ray_head
from support.feast.small_repository import PERSONS, PLACES, SmallRepository, full
from support.jobs.outcomes import watermark

TEAM_ENGINE = "support.feast.team_engines.TeamEngine"


@pytest.fixture(scope="module")
def ray_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with ray_head(tmp_path_factory.mktemp("ray")) as address:
        yield address


def on_engine(repository: SmallRepository, engine: str, **options: Any) -> Workspace:
    settings = {"type": engine, **({"options": options} if options else {})}
    return repository.workspace(materialization={"engine": settings})


def written_rows(valkey: redis.Redis) -> dict[bytes, dict[bytes, bytes]]:
    """Return the entities of the store, their fields and their bytes."""
    entities = [key for key in valkey.scan_iter() if not key.startswith(b"hotplate")]
    return {key: valkey.hgetall(key) for key in entities}


def last_month() -> Window:
    now = datetime.now(UTC)
    return Window(now - timedelta(days=59), now)


def rows_by(workspace: Workspace, window: Window, valkey: redis.Redis) -> Any:
    """Return what is there when the view is written by this engine alone."""
    if before := written_rows(valkey):
        valkey.delete(*before)
    result = jobs.materialize(workspace, "habits", window)
    return result.rows, written_rows(valkey)


def give_visits_gaps(repository: SmallRepository) -> None:
    """Make integers null here and there, and one larger than a float can hold."""
    path = repository.folder / "repo" / "data" / "habits.parquet"
    table = pq.read_table(path)
    visits = [None if at % 7 == 0 else 2**53 + 1 + at for at in range(table.num_rows)]
    place = table.schema.get_field_index("visits")
    pq.write_table(table.set_column(place, "visits", pa.array(visits, pa.int64())), path)


def test_ray_writes_the_very_bytes_that_the_job_s_own_process_writes(
    applied: SmallRepository, valkey: redis.Redis, ray_address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(on_ray, "PART_ROWS", 100)
    give_visits_gaps(applied)
    window = last_month()
    here = rows_by(applied.workspace(), window, valkey)
    by_ray = on_engine(applied, "ray.engine", ray_address=ray_address, max_workers=2)
    assert here[0] == len(here[1]) == PERSONS
    assert rows_by(by_ray, window, valkey) == here
    assert watermark(applied, "habits") == window.end


def test_ray_s_workers_read_what_redshift_unloads_and_leave_nothing_behind(
    shops: SmallRepository, valkey: redis.Redis, ray_address: str, cloud: Cloud
) -> None:
    redshift, window = in_redshift(), last_month()
    jobs.apply(shops.workspace(**redshift))
    here = rows_by(shops.workspace(**redshift), window, valkey)
    environment = {"env_vars": cloud.environment}
    options = {"ray_address": ray_address, "worker_task_options": {"runtime_env": environment}}
    engine = {"engine": {"type": "ray.engine", "options": options}}
    by_ray = shops.workspace(materialization=engine, **redshift)
    assert here[0] == len(here[1]) == PERSONS
    assert rows_by(by_ray, window, valkey) == here
    assert cloud.objects() == []


def test_a_row_that_a_worker_of_ray_cannot_write_leaves_the_watermark_alone(
    applied: SmallRepository, valkey: redis.Redis, ray_address: str
) -> None:
    by_ray = on_engine(applied, "ray.engine", ray_address=ray_address)
    with full(valkey), pytest.raises(JobError) as caught:
        jobs.materialize(by_ray, "habits")
    assert caught.value.reason == "OnlineStoreFull"
    assert "OOM" in caught.value.message
    assert "\n" not in caught.value.message
    assert watermark(applied, "habits") is None
    assert jobs.materialize(by_ray, "habits").rows == PERSONS
    assert jobs.materialize(by_ray, "surroundings").rows == PLACES
    assert jobs.verify(applied.workspace()).views[0].sampled == 200


def test_an_engine_of_a_team_s_own_writes_by_the_same_store(
    applied: SmallRepository, valkey: redis.Redis
) -> None:
    window = last_month()
    rows, here = rows_by(applied.workspace(), window, valkey)
    by_team = on_engine(applied, TEAM_ENGINE, backend="pandas")
    assert rows_by(by_team, window, valkey) == (None, here)
    assert watermark(applied, "habits") == window.end
    assert rows == PERSONS


def test_an_engine_that_fails_leaves_the_watermark_alone(
    applied: SmallRepository, valkey: redis.Redis
) -> None:
    with full(valkey), pytest.raises(JobError) as caught:
        jobs.materialize(on_engine(applied, TEAM_ENGINE, backend="pandas"), "habits")
    assert caught.value.reason == "EngineFailed"
    assert "feature view habits, spec.materialization.engine.type" in caught.value.message
    assert watermark(applied, "habits") is None


@pytest.mark.parametrize(
    ("engine", "options", "reason", "message"),
    [
        ("nowhere.NoEngine", {}, "EngineMissing", "nowhere.NoEngine"),
        (
            "ray.engine",
            {"adress": "ray://head"},
            "EngineInvalid",
            "options.adress: expected one of",
        ),
        (
            "ray.engine",
            {"max_workers": "two"},
            "EngineInvalid",
            "options.max_workers: Input should",
        ),
    ],
)
def test_an_engine_that_is_not_there_or_an_option_it_lacks_is_named(
    applied: SmallRepository, engine: str, options: dict[str, Any], reason: str, message: str
) -> None:
    with pytest.raises(JobError) as caught:
        jobs.materialize(on_engine(applied, engine, **options), "habits")
    assert caught.value.reason == reason
    assert message in caught.value.message
    assert watermark(applied, "habits") is None
