"""What to apply and what to delete, so that the cluster has exactly what is desired.

A child that is as desired is left alone, so that nothing is written in the steady state. Defaults,
status and an autoscaler's replicas belong to others. A field that somebody added by hand is
removed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from hotplate.api.v1alpha1 import names
from hotplate.controller.kube.field_ownership import ownership_metadata
from hotplate.controller.kube.manifest import Manifest, ObjectKey, object_key
from hotplate.decide.fingerprint import fingerprint

_QUANTITY = re.compile(r"([0-9]+(?:\.[0-9]+)?)(m|k|Ki|M|Mi|G|Gi|T|Ti)?")
_EMPTY: tuple[Any, ...] = (None, {}, [], "")
"""Values that the API server may drop, or add where nothing was given."""

_SUFFIXES = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12} | {
    "Ki": 2**10,
    "Mi": 2**20,
    "Gi": 2**30,
    "Ti": 2**40,
}


@dataclass(frozen=True)
class ApplyPlan:
    """Manifests to apply, in order, and children to delete.

    `take_ownership` has the metadata that makes fields which others added the operator's. It is
    written before the manifests are applied.
    """

    apply: tuple[Manifest, ...]
    delete: tuple[ObjectKey, ...]
    take_ownership: Mapping[ObjectKey, Manifest] = field(default_factory=dict)


def apply_plan(desired: Iterable[Manifest], live: Mapping[ObjectKey, Manifest]) -> ApplyPlan:
    """Return what to do, given the bodies of the owner's children that exist."""
    marked = [_marked(manifest) for manifest in desired]
    wanted = {object_key(manifest) for manifest in marked}
    taken = {key: metadata for key in wanted if (metadata := _ownership(live.get(key)))}
    changed = (
        each
        for each in marked
        if object_key(each) in taken or not _is_as_desired(each, live.get(object_key(each)))
    )
    return ApplyPlan(tuple(changed), tuple(sorted(set(live) - wanted)), taken)


def _ownership(live: Manifest | None) -> Manifest | None:
    return ownership_metadata(live) if live is not None else None


def _marked(manifest: Manifest) -> Manifest:
    """Return the manifest with its own hash, which shows that a field was dropped from it."""
    metadata, spec_hash = manifest["metadata"], fingerprint(manifest)
    annotations = metadata.get("annotations", {}) | {names.SPEC_HASH_ANNOTATION: spec_hash}
    return manifest | {"metadata": metadata | {"annotations": annotations}}


def _is_as_desired(desired: Manifest, live: Manifest | None) -> bool:
    return live is not None and _contains(live, desired)


def _contains(live: Any, desired: Any) -> bool:
    """Return whether every desired value is live; lists are compared as a whole."""
    if desired in _EMPTY and live in _EMPTY:
        return True
    if isinstance(desired, Mapping):
        return isinstance(live, Mapping) and all(
            _contains(live.get(field), value) for field, value in desired.items()
        )
    if isinstance(desired, list):
        return (
            isinstance(live, list)
            and len(live) == len(desired)
            and all(_contains(*pair) for pair in zip(live, desired, strict=True))
        )
    return bool(live == desired) or _equal_quantities(live, desired) or (not live and not desired)


def _equal_quantities(live: Any, desired: Any) -> bool:
    """Return whether both are the same amount: the API server may rewrite 1000m as 1."""
    amounts = _amount(live), _amount(desired)
    return None not in amounts and amounts[0] == amounts[1]


def _amount(value: Any) -> Decimal | None:
    match = _QUANTITY.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        return None
    number, suffix = match.groups()
    return Decimal(number) / 1000 if suffix == "m" else Decimal(number) * _SUFFIXES[suffix or ""]
