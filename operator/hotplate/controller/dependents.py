"""Which ModelDeployments read a FeatureStore, as told by the events of both."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hotplate.api.v1alpha1 import names
from hotplate.controller.queue import Key


class Readers:
    """The FeatureStore of each ModelDeployment."""

    def __init__(self) -> None:
        self._stores: dict[Key, Key] = {}

    def of(self, key: Key, body: Mapping[str, Any], *, gone: bool) -> list[Key]:
        """Take note of a ModelDeployment; return what its event, or a FeatureStore's, concerns.

        That is who reads the FeatureStore; or the FeatureStore that is read by one less, which
        may wait for that to be deleted.
        """
        kind, namespace, _ = key
        if kind == names.FEATURE_STORE:
            return [reader for reader, store in self._stores.items() if store == key]
        if gone:
            store = self._stores.pop(key, None)
            return [store] if store is not None else []
        name = str(body.get("spec", {}).get("featureStoreRef", {}).get("name"))
        self._stores[key] = (names.FEATURE_STORE, namespace, name)
        return []
