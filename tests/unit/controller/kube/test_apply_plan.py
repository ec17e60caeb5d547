from copy import deepcopy
from typing import Any

from hotplate.controller.kube.apply_plan import ApplyPlan, apply_plan
from hotplate.controller.kube.manifest import object_key


def manifest(name: str = "scoring", **spec: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": spec}


def live_after(*manifests: dict[str, Any]) -> dict[Any, Any]:
    """Return the bodies that a cluster has after the manifests were applied."""
    applied = apply_plan(manifests, {}).apply
    return {object_key(body): deepcopy(body) for body in applied}


def test_what_is_missing_is_applied_in_order() -> None:
    found = apply_plan([manifest("a"), manifest("b")], {})

    assert [each["metadata"]["name"] for each in found.apply] == ["a", "b"]


def test_what_is_as_desired_is_left_alone() -> None:
    assert apply_plan([manifest(port=80)], live_after(manifest(port=80))) == ApplyPlan((), ())


def test_a_default_that_the_api_server_added_is_left_alone() -> None:
    live = live_after(manifest(ports=[{"port": 80}]))
    (body,) = live.values()
    body["spec"]["clusterIP"] = "10.0.0.1"
    body["spec"]["ports"][0]["protocol"] = "TCP"
    body["metadata"]["resourceVersion"] = "7"

    assert apply_plan([manifest(ports=[{"port": 80}])], live).apply == ()


def test_a_value_that_was_edited_by_hand_is_applied_again() -> None:
    live = live_after(manifest(ports=[{"port": 80}]))
    next(iter(live.values()))["spec"]["ports"][0]["port"] = 81

    assert len(apply_plan([manifest(ports=[{"port": 80}])], live).apply) == 1


def test_an_entry_that_was_added_to_a_list_by_hand_is_removed() -> None:
    live = live_after(manifest(ports=[{"port": 80}]))
    next(iter(live.values()))["spec"]["ports"].append({"port": 81})

    assert len(apply_plan([manifest(ports=[{"port": 80}])], live).apply) == 1


def test_a_field_that_is_no_longer_desired_is_noticed() -> None:
    live = live_after(manifest(port=80, timeout=3))

    assert len(apply_plan([manifest(port=80)], live).apply) == 1


def test_a_label_that_was_removed_by_hand_comes_back() -> None:
    desired = manifest()
    desired["metadata"]["labels"] = {"a": "b"}
    live = live_after(desired)
    del next(iter(live.values()))["metadata"]["labels"]

    assert len(apply_plan([desired], live).apply) == 1


def test_a_quantity_that_the_api_server_rewrote_is_the_same() -> None:
    live = live_after(manifest(cpu="1000m", memory="1024Mi"))
    next(iter(live.values()))["spec"] |= {"cpu": "1", "memory": "1Gi"}

    assert apply_plan([manifest(cpu="1000m", memory="1024Mi")], live).apply == ()


def test_another_quantity_is_applied() -> None:
    live = live_after(manifest(cpu="500m"))
    next(iter(live.values()))["spec"]["cpu"] = "1"

    assert len(apply_plan([manifest(cpu="500m")], live).apply) == 1


def test_an_empty_map_that_the_api_server_dropped_is_the_same() -> None:
    live = live_after(manifest(selector={}))
    del next(iter(live.values()))["spec"]["selector"]

    assert apply_plan([manifest(selector={})], live).apply == ()


def test_a_child_that_is_no_longer_desired_is_deleted() -> None:
    live = live_after(manifest("a"), manifest("b"))

    assert [key.name for key in apply_plan([manifest("a")], live).delete] == ["b"]
