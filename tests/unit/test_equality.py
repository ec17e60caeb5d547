"""The corpus of `make equality` and its declared differences hold together."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from equality.corpus import CASES
from equality.differences import DELIBERATE, KNOWN
from support import ROOT

ONLINE_STORE = (ROOT / "docs" / "online-store.md").read_text()
NAMES = [case.name for case in CASES]


def test_the_names_of_the_cases_are_unique() -> None:
    assert len(NAMES) >= 60
    assert [name for name, times in Counter(NAMES).items() if times > 1] == []


@pytest.mark.parametrize("difference", DELIBERATE)
def test_the_documentation_has_each_deliberate_difference(difference: str) -> None:
    _, _, section = ONLINE_STORE.partition("## Where the values differ")
    lines = re.findall(r"^\| ([^|]+) \|", section.partition("\n## ")[0], re.MULTILINE)
    assert difference in lines


def test_every_difference_that_a_case_expects_is_declared() -> None:
    expected = {each.difference for case in CASES for each in case.expected}
    assert expected <= set(DELIBERATE)


def test_every_known_fault_names_cases_that_exist() -> None:
    assert {name for names in KNOWN.values() for name in names} <= set(NAMES)
