"""Which ModelDeployments depend on a FeatureStore, as the events of both report it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hotplate.api.v1alpha1 import names
from hotplate.controller.resource_key import ResourceKey


class Dependents:
    """Index of the FeatureStore that each ModelDeployment uses."""

    def __init__(self) -> None:
        self._stores: dict[ResourceKey, ResourceKey] = {}

    def update(
        self, key: ResourceKey, body: Mapping[str, Any], *, is_deleted: bool
    ) -> list[ResourceKey]:
        """Update the index by an event; return which other resources the event concerns.

        For a FeatureStore's event, the ModelDeployments that use it; for a deleted
        ModelDeployment, the FeatureStore it used, whose deletion may be waiting for it.
        """
        kind, namespace, _ = key
        if kind == names.FEATURE_STORE:
            return [dependent for dependent, store in self._stores.items() if store == key]
        if is_deleted:
            store = self._stores.pop(key, None)
            return [store] if store is not None else []
        name = str(body.get("spec", {}).get("featureStoreRef", {}).get("name"))
        self._stores[key] = ResourceKey(names.FEATURE_STORE, namespace, name)
        return []
