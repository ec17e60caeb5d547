"""Bytes and rates become nodes, hours and dollars."""

from pathlib import Path
from typing import Any

import pytest

from hotplate.local.errors import LocalError
from hotplate.sizing.calculation import (
    GIB,
    EntityGroup,
    Layout,
    cache_for,
    data_bytes,
    materialization_seconds,
    sizes,
    usd_per_million,
)
from hotplate.sizing.prices import NodeType, PriceTable, load_prices

PERSONS = EntityGroup(("dob_ssn",), ("credit_history", "income"), 250.0, 50_000.0)
PLACES = EntityGroup(("zipcode",), ("zipcode_features",), 200.0, 25_000.0)
GROUPS = (PERSONS, PLACES)


def prices(*nodes: tuple[str, float, float, float], **fields: Any) -> PriceTable:
    """Return a table of these nodes: type, GiB, reads a second, USD an hour."""
    types = [
        NodeType(type=name, memoryGiB=gib, readsPerSecond=reads, usdPerHour=usd)
        for name, gib, reads, usd in nodes
    ]
    return load_prices().model_copy(update={"nodes": tuple(types), "max_nodes": 500} | fields)


SMALL = ("small", 10.0, 100_000, 0.2)
LARGE = ("large", 100.0, 1_000_000, 1.4)


def test_every_group_grows_but_those_that_are_fixed() -> None:
    assert data_bytes(GROUPS, 1_000, Layout()) == 450_000
    assert data_bytes(GROUPS, 1_000, Layout(fixed={"zipcode": 10})) == 252_000


@pytest.mark.parametrize(
    ("held", "reads", "shards"),
    [(1, 1, 1), (7.5 * GIB, 1, 1), (7.6 * GIB, 1, 2), (1, 50_000, 1), (1, 50_001, 2)],
)
def test_a_quarter_of_the_memory_and_half_of_the_reads_are_kept(
    held: float, reads: float, shards: int
) -> None:
    cache = cache_for(held, reads, Layout(replicas=2), prices(SMALL))
    assert cache is not None
    assert (cache.shards, cache.nodes) == (shards, shards * 3)
    assert cache.usd_per_hour == pytest.approx(shards * 3 * 0.2)


def test_replicas_carry_reads_only_where_they_are_read_from() -> None:
    few = cache_for(1, 400_000, Layout(reads_from_replicas=True), prices(SMALL))
    many = cache_for(1, 400_000, Layout(), prices(SMALL))
    assert few is not None
    assert many is not None
    assert (few.shards, many.shards) == (4, 8)


def test_the_cheapest_cluster_that_is_allowed_is_taken() -> None:
    table = prices(SMALL, LARGE)
    cheap, many = cache_for(75 * GIB, 1, Layout(), table), cache_for(1, 2_000_000, Layout(), table)
    assert cheap is not None
    assert cheap.node.type == "large"
    assert many is not None
    assert (many.node.type, many.shards) == ("large", 4)
    assert cache_for(1_000 * GIB, 1, Layout(), prices(SMALL, max_nodes=100)) is None


def test_a_view_is_written_by_one_job_and_jobs_run_side_by_side() -> None:
    assert materialization_seconds(GROUPS, 100_000, Layout(jobs=4)) == 4.0
    assert materialization_seconds(GROUPS, 100_000, Layout(jobs=1)) == 8.0
    assert materialization_seconds(GROUPS, 100_000, Layout(jobs=4, workers=8)) == 0.5
    assert materialization_seconds((PERSONS,), 100_000, Layout(jobs=1)) == 4.0
    assert materialization_seconds((PLACES,), 100_000, Layout(jobs=2)) == 4.0


def test_decisions_cost_the_cache_the_cores_and_the_cluster() -> None:
    table = prices(("node", 10.0, 100_000, 1.0))
    cache = cache_for(1, 1, Layout(replicas=0), table)
    assert cache is not None
    hourly = 1.0 + 2 * table.scoring.usd_per_core_hour + table.scoring.usd_per_cluster_hour
    assert usd_per_million(cache, 1_000, table) == pytest.approx(hourly / 3.6)


def test_each_size_is_told_even_where_no_cluster_is_large_enough() -> None:
    found = list(sizes(GROUPS, Layout(), prices(SMALL, max_nodes=4)))
    assert len(found) == 9
    assert found[0].cache is not None
    assert found[-1].cache is None
    assert found[-1].usd_per_million is None


def test_the_price_table_is_read_from_a_file_or_refused_by_field(tmp_path: Path) -> None:
    file = tmp_path / "prices.yaml"
    own = load_prices()
    file.write_text(own.model_dump_json(by_alias=True))
    assert load_prices(file) == own
    file.write_text("date: 2026-11-24\nnodes: []\n")
    with pytest.raises(LocalError, match=r"prices.yaml: region: Field required"):
        load_prices(file)
    with pytest.raises(LocalError, match="expected a price table in YAML"):
        load_prices(tmp_path / "none.yaml")
