"""What to apply and what to delete, so that the cluster has exactly what is desired.

A child that is as desired is left alone: nothing is written in the steady state. Defaults, status
and an autoscaler's replicas are others'; what somebody added by hand is removed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from hotplate.api.v1alpha1 import names
from hotplate.controller.kube.field_ownership import seized
from hotplate.controller.kube.manifest import Manifest
from hotplate.decide.fingerprint import fingerprint

_QUANTITY = re.compile(r"([0-9]+(?:\.[0-9]+)?)(m|k|Ki|M|Mi|G|Gi|T|Ti)?")
_EMPTY: tuple[Any, ...] = (None, {}, [], "")
"""What the API server may drop, or add where there is nothing."""

_SUFFIXES = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12} | {
    "Ki": 2**10,
    "Mi": 2**20,
    "Gi": 2**30,
    "Ti": 2**40,
}


@dataclass(frozen=True, order=True)
class Key:
    """What tells a child of one owner from the others."""

    api_version: str
    kind: str
    name: str


@dataclass(frozen=True)
class Plan:
    """Manifests to apply, in order, and children to delete.

    `seize` has the metadata by which fields that others added are first made ours.
    """

    apply: tuple[Manifest, ...]
    delete: tuple[Key, ...]
    seize: Mapping[Key, Manifest] = field(default_factory=dict)


def key_of(manifest: Manifest) -> Key:
    """Return the key of a manifest or body."""
    return Key(manifest["apiVersion"], manifest["kind"], manifest["metadata"]["name"])


def plan(desired: Iterable[Manifest], live: Mapping[Key, Manifest]) -> Plan:
    """Return what to do, given the bodies of the owner's children that there are."""
    marked = [_marked(manifest) for manifest in desired]
    wanted = {key_of(manifest) for manifest in marked}
    seize = {key: metadata for key in wanted if (metadata := _seized(live.get(key)))}
    changed = (
        each
        for each in marked
        if key_of(each) in seize or not _is_as_desired(each, live.get(key_of(each)))
    )
    return Plan(tuple(changed), tuple(sorted(set(live) - wanted)), seize)


def _seized(live: Manifest | None) -> Manifest | None:
    return seized(live) if live is not None else None


def _marked(manifest: Manifest) -> Manifest:
    """Return the manifest with its own hash, by which a field that was given up is noticed."""
    metadata = manifest["metadata"]
    annotations = metadata.get("annotations", {}) | {
        names.SPEC_HASH_ANNOTATION: fingerprint(manifest)
    }
    return manifest | {"metadata": metadata | {"annotations": annotations}}


def _is_as_desired(desired: Manifest, live: Manifest | None) -> bool:
    return live is not None and _contains(live, desired)


def _contains(live: Any, desired: Any) -> bool:
    """Return whether all that is desired is live; lists are compared as a whole."""
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
    """Return whether both are one amount, such as 1 and 1000m: the API server rewrites them."""
    amounts = _amount(live), _amount(desired)
    return None not in amounts and amounts[0] == amounts[1]


def _amount(value: Any) -> Decimal | None:
    match = _QUANTITY.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        return None
    number, suffix = match.groups()
    return Decimal(number) / 1000 if suffix == "m" else Decimal(number) * _SUFFIXES[suffix or ""]
