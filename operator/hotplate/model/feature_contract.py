"""The feature contract: what a model was trained on, stored with it and checked before it serves.

It holds the ordered features with their types and categories, the feature service and the hash
of its part of the read plan, the target and the decision threshold, and the hash of the model
file. Training, verification and serving encode rows and compare contracts with the code here.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from hotplate.model.errors import ContractError, ContractMismatchError
from hotplate.protocol.read_plan import ReadPlan, ReadPlanError, value_names

UNKNOWN_CATEGORY = -1.0
"""The code of a category that training never saw."""

REQUEST = "request"
"""The source of a feature that comes with the request, not from a feature view."""


class ContractFeature(BaseModel):
    """One input of the model: its name, where it comes from, and how it becomes a number."""

    model_config = ConfigDict(frozen=True)

    name: str
    source: str = Field(description="`request`, or the name of the (on-demand) feature view")
    dtype: str = Field(description="Feast value type name, such as INT64 or STRING")
    categories: tuple[str, ...] | None = Field(
        default=None, description="sorted categories; a category's code is its position"
    )


class FeatureContract(BaseModel):
    """The inputs of one model in order, and the decision it makes of its output."""

    model_config = ConfigDict(frozen=True)

    feature_service: str
    service_hash: str = Field(description="hash of the feature service's part of the read plan")
    features: tuple[ContractFeature, ...]
    target: str
    threshold: float = Field(description="the probability at and above which to reject")
    model_hash: str = Field(description="sha256: and the hex digest of the model file")

    @property
    def hash(self) -> str:
        """`sha256:` and the hex digest of the contract's canonical JSON."""
        return "sha256:" + hashlib.sha256(self._canonical()).hexdigest()

    def to_json(self) -> bytes:
        """Return the contract with its hash, as JSON."""
        return json.dumps({"contract": self.model_dump(mode="json"), "hash": self.hash}).encode()

    @classmethod
    def from_json(cls, data: bytes) -> Self:
        """Return the contract in that JSON; raise `ContractError` when it is not as written."""
        try:
            raw = json.loads(data)
            contract = cls.model_validate(raw["contract"])
        except (ValueError, KeyError, TypeError) as error:
            raise ContractError(f"not a feature contract: {error}") from error
        if contract.hash != raw.get("hash"):
            raise ContractError(f"the feature contract was changed: {raw.get('hash')} was written")
        return contract

    def encode(self, rows: Sequence[Mapping[str, Any]]) -> NDArray[np.float32]:
        """Return the rows as the model's input, shape (rows, features).

        A category that training never saw is `UNKNOWN_CATEGORY`; a row must have every feature.
        """
        encoded = [[number(row[name]) for name, number in self._numbers] for row in rows]
        return np.array(encoded, dtype=np.float32).reshape(len(rows), len(self.features))

    @cached_property
    def _numbers(self) -> tuple[tuple[str, Any], ...]:
        return tuple((feature.name, _number(feature)) for feature in self.features)

    def _canonical(self) -> bytes:
        return json.dumps(
            self.model_dump(mode="json"), sort_keys=True, separators=(",", ":")
        ).encode()


def _number(feature: ContractFeature) -> Any:
    """Return the function that turns a value of the feature into a number."""
    if feature.categories is None:
        return float
    codes = {category: float(code) for code, category in enumerate(feature.categories)}
    return lambda value: codes.get(value, UNKNOWN_CATEGORY)


def requested(contract: FeatureContract) -> tuple[str, ...]:
    """Return the names of the features that a request brings."""
    return tuple(each.name for each in contract.features if each.source == REQUEST)


def served_features(served: ReadPlan) -> tuple[ContractFeature, ...]:
    """Return the features of the one feature service in the read plan, in order."""
    types = {
        (view.name, feature.name): feature.dtype
        for view in served.views
        for feature in view.features
    } | {
        (view.name, feature.name): feature.dtype
        for view in served.on_demand_views
        for feature in view.outputs
    }
    names = value_names(served)
    return tuple(
        ContractFeature(
            name=names[each.view, each.name], source=each.view, dtype=types[each.view, each.name]
        )
        for each in served.feature_services[0].features
    )


def check_contract(tag: str, contract: FeatureContract, plan: ReadPlan, service: str) -> None:
    """Raise `ContractMismatchError` unless the plan serves what the model was trained on."""
    if contract.feature_service != service:
        raise ContractMismatchError(
            f"model {tag} was trained on feature service {contract.feature_service}, not on "
            f"{service}: set featureService to {contract.feature_service}, or train the model again"
        )
    try:
        served = plan.for_service(service)
    except ReadPlanError as error:
        raise ContractMismatchError(f"model {tag}: {error}") from error
    if contract.service_hash != served.hash:
        raise ContractMismatchError(
            f"model {tag} was trained on other features than feature service {service} has: "
            f"{differences(contract, served)}; restore the definitions, or train the model again"
        )


def differences(contract: FeatureContract, served: ReadPlan) -> str:
    """Return how the features of a service in its read plan differ from those of the model."""
    before = {each.name: each for each in contract.features if each.source != REQUEST}
    now = {each.name: each for each in served_features(served)}
    removed = [_shown(each) for name, each in before.items() if name not in now]
    added = [_shown(each) for name, each in now.items() if name not in before]
    changed = [
        f"{_shown(before[name])} is now {_shown(each)}"
        for name, each in now.items()
        if name in before and _shown(each) != _shown(before[name])
    ]
    parts = [
        f"{kind}: {', '.join(features)}"
        for kind, features in (("no longer served", removed), ("new", added), ("changed", changed))
        if features
    ]
    return "; ".join(parts) or "a ttl, a join key, the order or an on-demand function changed"


def _shown(feature: ContractFeature) -> str:
    return f"{feature.source}:{feature.name} ({feature.dtype})"
