"""Views that cannot be written and read as Feast does are refused, all with what to do."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from feast import (
    BatchFeatureView,
    Entity,
    FeatureView,
    Field,
    FileSource,
    PushSource,
    StreamFeatureView,
    ValueType,
)
from feast.aggregation import Aggregation
from feast.types import Float64, Int64

from hotplate.jobs.errors import JobError
from hotplate.jobs.repository.refusals import MAX_FEATURES, refuse_versions, refuse_views
from hotplate.online.layout.fields import field_of

USER = Entity(name="user", value_type=ValueType.INT64)
SHOP = Entity(name="shop", value_type=ValueType.INT64)
SOURCE = FileSource(name="rows", path="rows.parquet", timestamp_field="at")


def doubled(frame: pd.DataFrame) -> pd.DataFrame:
    """Double a frame."""
    return frame * 2


def view(name: str = "v", *features: str, kind: type = FeatureView, **options: Any) -> Any:
    given: dict[str, Any] = {
        "name": name,
        "entities": [USER],
        "ttl": timedelta(days=1),
        "schema": [Field(name=each, dtype=Float64) for each in features or ("x",)],
        "source": SOURCE,
        "online": True,
    } | options
    key = given["entities"][0].name
    return kind(**given | {"schema": [*given["schema"], Field(name=key, dtype=Int64)]})


def transformed(**options: Any) -> Any:
    function = {"mode": "pandas", "udf": doubled, "udf_string": "def doubled(frame): ..."}
    return view(kind=BatchFeatureView, **function | options)


def streamed(**options: Any) -> Any:
    pushed = PushSource(name="pushed", batch_source=SOURCE)
    return view(kind=StreamFeatureView, source=pushed, timestamp_field="at", **options)


AGGREGATION = Aggregation(column="x", function="sum", time_window=timedelta(days=1))


def refusal(*views: Any) -> str:
    with pytest.raises(JobError, match="ViewsRefused") as caught:
        refuse_views(views)
    return caught.value.message


@pytest.mark.parametrize(
    "refused",
    [
        transformed(),
        view(kind=BatchFeatureView, aggregations=[AGGREGATION]),
        streamed(mode="pandas", udf=doubled, udf_string="def doubled(frame): ..."),
        streamed(aggregations=[AGGREGATION]),
    ],
)
def test_a_view_whose_rows_are_computed_is_refused_and_never_written_raw(refused: Any) -> None:
    assert "feature view v has a transformation" in refusal(refused)


def test_a_computed_view_that_is_not_online_is_not_refused() -> None:
    refuse_views([transformed(online=False), view("w")])


def test_batch_and_stream_views_without_transformation_are_not_refused() -> None:
    refuse_views([view("a", kind=BatchFeatureView), streamed(name="b")])


@pytest.mark.parametrize(
    ("seconds", "shown"), [(0.5, "0.5 s"), (1.5, "1.5 s"), (0.000001, "1e-06 s")]
)
def test_a_ttl_that_is_not_of_whole_seconds_is_refused(seconds: float, shown: str) -> None:
    assert f"a ttl of {shown}" in refusal(view(ttl=timedelta(seconds=seconds)))


@pytest.mark.parametrize("ttl", [None, timedelta(0), timedelta(seconds=1), timedelta(days=1)])
def test_other_ttls_are_not_refused(ttl: timedelta | None) -> None:
    refuse_views([view(ttl=ttl)])


def test_a_view_of_more_features_than_a_row_holds_is_refused() -> None:
    names = [f"f{number}" for number in range(MAX_FEATURES + 1)]
    refuse_views([view("v", *names[:MAX_FEATURES])])
    assert "has 3,999 features, and a row holds at most 3,998" in refusal(view("v", *names))


def namesakes(first: str, second: str) -> tuple[str, str]:
    """Return a feature of each of two views whose fields in the online store are equal."""
    ours = {field_of(first, f"f{number}"): f"f{number}" for number in range(70_000)}
    for number in range(1_000_000):
        name = f"g{number}"
        if (field := field_of(second, name)) in ours:
            return ours[field], name
    raise AssertionError("no two names found")


def test_two_features_of_one_view_with_the_same_field_are_refused() -> None:
    one, other = namesakes("v", "v")
    message = refusal(view("v", one, other, "x"))
    assert f"features v:{one} and v:{other} have the same field" in message


def test_two_views_of_one_entity_with_a_field_in_common_are_refused_and_others_are_not() -> None:
    one, other = namesakes("v", "w")
    assert f"v:{one} and w:{other}" in refusal(view("v", one), view("w", other))
    refuse_views([view("v", one), view("w", other, entities=[SHOP])])


def test_every_reason_is_given_at_once() -> None:
    message = refusal(transformed(name="a"), view("b", ttl=timedelta(seconds=0.5)))
    assert [part.split(" has ")[0] for part in message.split("; ")] == [
        "feature view a",
        "feature view b",
    ]


@pytest.mark.parametrize(
    ("text", "is_refused"),
    [
        ("registry: {path: r.db, enable_online_feature_view_versioning: true}", True),
        ("registry: {path: r.db, enable_online_feature_view_versioning: false}", False),
        ("registry: data/registry.db\nproject: shops", False),
        ("", False),
    ],
)
def test_versions_of_views_online_are_refused(text: str, is_refused: bool, tmp_path: Path) -> None:
    refuse_versions(tmp_path)
    (tmp_path / "feature_store.yaml").write_text(text)
    if not is_refused:
        refuse_versions(tmp_path)
        return
    with pytest.raises(JobError, match="enable_online_feature_view_versioning"):
        refuse_versions(tmp_path)
