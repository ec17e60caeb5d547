"""Nothing that somebody wrote to the registry runs in a Job: functions come from definitions."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import dill
import pytest
import redis
from feast.protos.feast.core.OnDemandFeatureView_pb2 import OnDemandFeatureView
from feast.protos.feast.core.Registry_pb2 import Registry

from hotplate import jobs
from hotplate.model.artifact_store import artifact_store
from hotplate.protocol.read_plan import ReadPlan
from support.feast.small_repository import SmallRepository, shop_model

STREAM = '''

from feast.stream_feature_view import stream_feature_view
from feast import PushSource

pushed = PushSource(name="pushed", batch_source=habits.batch_source)


@stream_feature_view(
    entities=[person],
    ttl=timedelta(days=60),
    mode="pandas",
    schema=[Field(name="person", dtype=String), Field(name="spent", dtype=Float64)],
    timestamp_field="event_timestamp",
    online=False,
    source=pushed,
)
def purchases(frame):
    """Return the frame."""
    return frame
'''


class Touch:
    """Makes a file when it is unpickled."""

    def __init__(self, marker: Path) -> None:
        self.marker = str(marker)

    def __reduce__(self) -> Any:
        return os.mkdir, (self.marker,)


def tampered(function: Any, marker: Path) -> None:
    """Let a function of the registry make the marker when it is read, in both of its forms."""
    function.body = dill.dumps(Touch(marker))
    function.body_text = (
        f"import os\nos.mkdir({str(marker)!r})\n"
        f"def {function.name}(inputs, made=os.mkdir({str(marker)!r})):\n"
        f"    os.mkdir({str(marker)!r})\n    return {{'spent_per_visit': 0.0}}\n"
    )


def registry_of(valkey: redis.Redis) -> Registry:
    return Registry.FromString(valkey.hget("hotplate:registry:shops", "registry"))


@pytest.fixture
def marker(repository: SmallRepository, valkey: redis.Redis, tmp_path: Path) -> Path:
    """Apply the definitions, tamper with every function in the registry; return the marker."""
    text = (repository.folder / "repo" / "definitions.py").read_text()
    repository.define(text + STREAM)
    jobs.apply(repository.workspace())
    registry, marker = registry_of(valkey), tmp_path / "ran"
    for view in registry.on_demand_feature_views:
        tampered(view.spec.feature_transformation.user_defined_function, marker)
    for stream in registry.stream_feature_views:
        tampered(stream.spec.user_defined_function, marker)
        tampered(stream.spec.feature_transformation.user_defined_function, marker)
    valkey.hset("hotplate:registry:shops", "registry", registry.SerializeToString())
    return marker


def on_demand_view(valkey: redis.Redis) -> OnDemandFeatureView:
    (view,) = registry_of(valkey).on_demand_feature_views
    return view


def test_the_marker_shows_what_feast_runs_of_a_registry(marker: Path, valkey: redis.Redis) -> None:
    text = on_demand_view(valkey).spec.feature_transformation.user_defined_function.body_text
    with pytest.raises(FileExistsError):
        exec(text, {})
    assert marker.exists()


def test_plan_apply_materialize_train_and_verify_run_nothing_of_the_registry(
    repository: SmallRepository, marker: Path
) -> None:
    workspace = repository.workspace()
    plan = jobs.plan(workspace)
    assert plan.update > 0
    for view in ("habits", "surroundings"):
        jobs.materialize(workspace, view)
    jobs.train(workspace, shop_model())
    jobs.verify(workspace, shop_model())
    assert not marker.exists()
    jobs.apply(workspace)
    assert jobs.plan(workspace).update == 0
    assert not marker.exists()


def test_the_read_plan_has_the_function_of_the_definitions(
    repository: SmallRepository, marker: Path
) -> None:
    first = jobs.apply(repository.workspace())
    plan = ReadPlan.from_json(artifact_store(repository.store).get(first.read_plan))
    (view,) = plan.on_demand_views
    assert "Divide what was spent" in view.source
    assert not marker.exists()


def test_a_job_that_writes_the_registry_keeps_the_bytes_of_functions(
    repository: SmallRepository, marker: Path, valkey: redis.Redis
) -> None:
    before = on_demand_view(valkey)
    jobs.materialize(repository.workspace(), "habits")
    after = on_demand_view(valkey)
    assert after.spec.feature_transformation == before.spec.feature_transformation
    assert not marker.exists()
