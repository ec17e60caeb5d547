from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotplate.api import parse_resource
from hotplate.api.fields.base import format_duration, parse_duration
from support.api.resources import feature_store, feature_store_document


@pytest.mark.parametrize(
    ("text", "duration"),
    [
        ("10ms", timedelta(milliseconds=10)),
        ("90s", timedelta(seconds=90)),
        ("1h30m", timedelta(hours=1, minutes=30)),
        ("30d", timedelta(days=30)),
    ],
)
def test_durations_are_read_with_their_units(text: str, duration: timedelta) -> None:
    assert parse_duration(text) == duration


@pytest.mark.parametrize("text", ["", "10", "ten ms", "-1s", "1.5h", "1h 30m", "5w"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected a duration"):
        parse_duration(text)


@given(st.timedeltas(min_value=timedelta(milliseconds=1), max_value=timedelta(days=9999)))
def test_a_duration_survives_being_written_and_read(duration: timedelta) -> None:
    whole = timedelta(milliseconds=duration // timedelta(milliseconds=1))

    assert parse_duration(format_duration(whole)) == whole


def test_any_metadata_that_kubernetes_writes_is_accepted() -> None:
    document = feature_store_document()
    document["metadata"] |= {
        "creationTimestamp": "2026-11-24T00:00:00Z",
        "deletionTimestamp": None,
        "managedFields": [{"manager": "kubectl"}],
        "ownerReferences": [{"uid": "1"}],
    }

    resource = parse_resource(document)

    assert resource.metadata.name == document["metadata"]["name"]


def test_a_resource_survives_being_written_and_read() -> None:
    resource = feature_store(materialization={"schedule": "*/15 * * * *", "views": [{"name": "a"}]})

    again = parse_resource(resource.model_dump(mode="json", by_alias=True, exclude_none=True))

    assert again == resource


def test_fields_that_a_newer_operator_reported_are_ignored() -> None:
    status = {"observedGeneration": 2, "weather": "fine"}

    assert feature_store(status=status).status.observed_generation == 2


def test_a_resource_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="frozen"):
        feature_store().spec.suspend = True  # type: ignore[misc]
