from typing import Any

import pytest

from hotplate.api import FeatureStore
from hotplate.controller.projects import conflict
from resources import feature_store


def store(name: str, project: str, created: str, endpoint: str = "cache:6379") -> FeatureStore:
    """Return a FeatureStore on a cache, made on a day of November."""
    found = feature_store(
        name,
        project=project,
        onlineStore={"elastiCache": {"endpoint": endpoint}},
    )
    changed: dict[str, Any] = {"uid": name, "creationTimestamp": f"2026-11-{created}T00:00:00Z"}
    metadata = type(found.metadata).model_validate(found.metadata.model_dump() | changed)
    return found.model_copy(update={"metadata": metadata})


def test_the_same_project_on_one_cache_is_refused_to_the_younger_one() -> None:
    old, young = store("old", "scoring", "01"), store("young", "scoring", "02")

    assert "project scoring of FeatureStore ml/old" in (conflict(young, [old, young]) or "")
    assert conflict(old, [old, young]) is None


@pytest.mark.parametrize(("one", "other"), [("prod", "my_prod"), ("my_prod", "prod")])
def test_a_project_that_another_one_ends_with_is_refused(one: str, other: str) -> None:
    assert conflict(store("young", one, "02"), [store("old", other, "01")]) is not None


def test_projects_that_only_begin_alike_live_together() -> None:
    assert conflict(store("young", "prod", "02"), [store("old", "prod_2", "01")]) is None


def test_the_same_project_on_another_cache_is_fine() -> None:
    old = store("old", "scoring", "01", "other:6379")

    assert conflict(store("young", "scoring", "02"), [old]) is None


def test_the_same_cache_is_known_by_its_name_in_capitals() -> None:
    old = store("old", "scoring", "01", "CACHE:6379")

    assert conflict(store("young", "scoring", "02"), [old]) is not None


def test_embedded_stores_are_each_their_own() -> None:
    assert conflict(feature_store("a"), [feature_store("b")]) is None
