"""A result of any size comes back whole, from parts that each fit a termination message."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotplate.protocol.definition_results import ApplyResult, ServiceResult
from hotplate.protocol.job_results import ResultPart, StoredResult, parse_result
from hotplate.protocol.results import Result
from hotplate.protocol.stored_results import assemble, fits, pack, part, stored
from support.job_results import result

NAMES = st.lists(st.text(min_size=1, max_size=80), max_size=300)


def applied(names: list[str]) -> ApplyResult:
    usual = result("apply")
    assert isinstance(usual, ApplyResult)
    services = tuple(ServiceResult(name=name, hash="1f" * 8, views=(name,)) for name in names)
    return usual.model_copy(update={"views": tuple(names), "services": services})


def taken_apart(whole: Result) -> tuple[StoredResult, list[ResultPart]]:
    data = pack(whole)
    found = stored(data)
    return found, [part(data, number) for number in range(found.parts)]


def distinct(count: int) -> list[str]:
    """Names that do not compress well."""
    return [hashlib.sha256(str(number).encode()).hexdigest() for number in range(count)]


@given(NAMES)
def test_a_result_is_assembled_from_its_parts(names: list[str]) -> None:
    whole = applied(names)
    found, parts = taken_apart(whole)

    assert fits(found)
    assert all(map(fits, parts))
    assert parse_result("apply", assemble(found, parts)) == whole


def test_a_thousand_views_lose_none() -> None:
    whole = applied(distinct(1000))
    found, parts = taken_apart(whole)

    assert not fits(whole)
    assert len(parts) > 10
    assert parse_result("apply", assemble(found, parts)) == whole


def test_parts_in_another_order_or_of_another_result_are_refused() -> None:
    found, parts = taken_apart(applied(distinct(200)))
    _, others = taken_apart(applied(distinct(201)))

    for wrong in (parts[::-1], parts[:-1], others):
        with pytest.raises(ValueError, match="expected sha256:"):
            assemble(found, wrong)


def test_a_part_that_is_no_base_85_is_refused() -> None:
    found, (only,) = taken_apart(applied([]))

    with pytest.raises(ValueError, match="base85"):
        assemble(found, [only.model_copy(update={"text": "~~~~~"})])


def test_an_artifact_that_is_no_packed_result_is_refused() -> None:
    data = b"not compressed"

    with pytest.raises(ValueError, match="not a packed result"):
        assemble(stored(data), [part(data, 0)])


def test_a_part_of_a_stored_result_is_never_stored_itself() -> None:
    whole = {"result": "Stored", "digest": "sha256:" + "0a" * 32, "parts": 2}

    assert parse_result("apply", whole) is not None
    assert parse_result("result", whole) is None
