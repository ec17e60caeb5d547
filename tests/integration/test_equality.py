"""A part of `make equality`: small Feast repositories under Feast and under Hotplate."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from equality.case import Case
from equality.corpus import CASES
from equality.differences import known
from equality.equality import compared
from equality.judge import Finding, Kind

PART: list[Case] = [case for case in CASES if not known(case.name)][::6]


@pytest.fixture(scope="module")
def findings() -> list[Finding]:
    with tempfile.TemporaryDirectory() as folder:
        return [each for found in compared(PART, Path(folder)) for each in found]


def test_no_surface_differs_from_feast_without_a_reason(findings: list[Finding]) -> None:
    assert [each for each in findings if each.kind is Kind.DIFFERS] == []


def test_every_case_has_compared_values(findings: list[Finding]) -> None:
    seen = {each.case for each in findings if each.values or each.kind is Kind.BOTH_REFUSE}
    refused = {each.case for each in findings if each.kind is Kind.DELIBERATE}
    assert seen | refused == {case.name for case in PART}
