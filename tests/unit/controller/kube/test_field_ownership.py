"""The operator takes over others' fields of a child, as far as it alone decides them."""

from __future__ import annotations

from typing import Any

from hotplate.controller.kube.field_ownership import ownership_metadata

OURS = {
    "manager": "hotplate",
    "operation": "Apply",
    "apiVersion": "v1",
    "fieldsType": "FieldsV1",
    "fieldsV1": {"f:spec": {"f:selector": {"f:a": {}}}},
}


def entry(fields: dict[str, Any], manager: str = "kubectl-edit", **more: str) -> dict[str, Any]:
    common = {"manager": manager, "operation": "Update", "apiVersion": "v1"}
    return common | {"fieldsV1": fields} | more


def body(*entries: dict[str, Any]) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "metadata": {"resourceVersion": "7", "managedFields": [OURS, *entries]},
    }


def test_a_field_that_was_added_by_hand_becomes_ours_to_remove() -> None:
    found = ownership_metadata(body(entry({"f:spec": {"f:selector": {"f:b": {}}}})))

    assert found is not None
    assert found["resourceVersion"] == "7"
    assert found["managedFields"] == [
        OURS | {"fieldsV1": {"f:spec": {"f:selector": {"f:a": {}, "f:b": {}}}}}
    ]


def test_fields_that_the_operator_does_not_decide_keep_their_owner() -> None:
    labels = entry({"f:metadata": {"f:labels": {"f:team": {}}}})
    scaled = entry({"f:spec": {"f:replicas": {}}}, "kube-controller-manager", subresource="scale")

    assert ownership_metadata(body(labels, scaled)) is None


def test_only_the_operators_part_of_an_edit_is_taken_over() -> None:
    edit = entry({"f:metadata": {"f:labels": {}}, "f:data": {"f:x": {}}})

    found = ownership_metadata(body(edit))

    assert found is not None
    left, ours = found["managedFields"]
    assert left["fieldsV1"] == {"f:metadata": {"f:labels": {}}}
    assert ours["fieldsV1"] == OURS["fieldsV1"] | {"f:data": {"f:x": {}}}


def test_pods_that_were_restarted_by_hand_are_not_restarted_once_more() -> None:
    annotations = {"f:annotations": {".": {}, "f:kubectl.kubernetes.io/restartedAt": {}}}
    restart = entry({"f:spec": {"f:template": {"f:metadata": annotations}}})

    assert ownership_metadata(body(restart)) is None


def test_a_child_without_managed_fields_is_left_alone() -> None:
    assert ownership_metadata({"apiVersion": "v1", "metadata": {}}) is None
