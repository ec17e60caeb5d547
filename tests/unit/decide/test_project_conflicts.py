from typing import Any

import pytest

from hotplate.controller.observe.tenants import tenant
from hotplate.decide.project_conflicts import Tenant, conflict
from support.api.resources import feature_store_document


def body(name: str, project: str, created: str, endpoint: str = "cache:6379") -> dict[str, Any]:
    """Return a FeatureStore on a cache, made on a day of November."""
    document = feature_store_document(
        name, project=project, onlineStore={"elastiCache": {"endpoint": endpoint}}
    )
    document["metadata"] |= {
        "namespace": "ml",
        "uid": name,
        "generation": 1,
        "creationTimestamp": f"2026-11-{created}T00:00:00Z",
    }
    return document


def store(name: str, project: str, created: str, endpoint: str = "cache:6379") -> Tenant:
    found = tenant(body(name, project, created, endpoint))
    assert found is not None
    return found


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


def test_an_embedded_store_has_no_neighbours() -> None:
    document = feature_store_document()
    document["metadata"] |= {"uid": "1", "generation": 1}

    assert tenant(document) is None
