"""A part of `make day-of-faults`: a few hours of a team's life under faults."""

from __future__ import annotations

from pathlib import Path

import pytest

from day_of_faults.day import LEAST_RUNS, LEAST_VIEWS, played
from day_of_faults.played import Tally
from day_of_faults.script import DESTRUCTIVE, ENTITIES, script


@pytest.fixture(scope="module")
def tallies(tmp_path_factory: pytest.TempPathFactory) -> tuple[Tally, Tally]:
    folder: Path = tmp_path_factory.mktemp("day")
    return played(script(LEAST_RUNS, LEAST_VIEWS), folder)


def test_hotplate_loses_nothing_under_the_faults(tallies: tuple[Tally, Tally]) -> None:
    hotplate, _ = tallies
    assert hotplate.is_clean, hotplate
    assert hotplate.rows == LEAST_VIEWS * ENTITIES
    assert hotplate.failed > 2
    assert hotplate.stale > 120
    assert hotplate.needless < 30


def test_the_same_day_costs_rows_under_feast_alone(tallies: tuple[Tally, Tally]) -> None:
    _, feast = tallies
    assert feast.rows_lost
    assert feast.destroyed == DESTRUCTIVE
    assert feast.stale_unsaid == feast.stale > 120
