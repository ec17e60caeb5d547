import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotplate.api.v1alpha1 import names

OWNERS = st.from_regex(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?", fullmatch=True)


def test_a_short_name_is_kept() -> None:
    assert names.child("credit-scoring", "valkey") == "credit-scoring-valkey"


@given(OWNERS)
def test_every_child_name_is_a_dns_label_that_any_kind_accepts(owner: str) -> None:
    name = names.child(owner, "valkey")

    assert len(name) <= names.MAX_CHILD_NAME
    assert re.fullmatch(r"[a-z]([a-z0-9-]*[a-z0-9])?", name)


@given(OWNERS, OWNERS)
def test_two_owners_never_share_a_child(one: str, other: str) -> None:
    same = names.child(one, "valkey") == names.child(other, "valkey")

    assert same == (one == other)


@pytest.mark.parametrize("length", [63, 64, 253])
def test_a_label_value_fits_and_stays_unique(length: int) -> None:
    one, other = "a" * length, "a" * (length - 1) + "b"

    assert len(names.label_value(one)) <= 63
    assert names.label_value(one) != names.label_value(other)


def test_a_job_for_another_window_has_another_name() -> None:
    one = names.job("credit-scoring", "materialize", "credit_history", "2026-11-24T00:00:00Z")
    other = names.job("credit-scoring", "materialize", "credit_history", "2026-11-24T00:15:00Z")

    assert one != other
    assert one == names.job(
        "credit-scoring", "materialize", "credit_history", "2026-11-24T00:00:00Z"
    )
