"""The tenants of all caches, listed again when they may have changed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

from hotplate.api import FeatureStore
from hotplate.api.v1alpha1 import names
from hotplate.controller.kube.client import Cluster
from hotplate.controller.kube.manifest import Manifest
from hotplate.decide.project_conflicts import Tenant

_KEPT = timedelta(seconds=10)
"""Age up to which a list serves all reconciles: n FeatureStores are not listed n times."""


class Tenants:
    """All FeatureStores of the watched namespaces that share a cache."""

    def __init__(
        self, cluster: Cluster, namespaces: tuple[str, ...], clock: Callable[[], datetime]
    ) -> None:
        self._cluster = cluster
        self._namespaces = namespaces
        self._clock = clock
        self._listed: dict[str, Tenant] = {}
        self._listed_at: datetime | None = None
        self._listing = asyncio.Lock()

    async def around(self, store: FeatureStore) -> tuple[Tenant | None, list[Tenant]]:
        """Return the FeatureStore's tenant and all tenants, from a list that is recent enough."""
        async with self._listing:
            if not self._knows(store):
                await self._list()
        return self._listed.get(store.metadata.uid or ""), list(self._listed.values())

    def _knows(self, store: FeatureStore) -> bool:
        known = self._listed.get(store.metadata.uid or "")
        is_old = self._listed_at is None or self._clock() - self._listed_at > _KEPT
        return known is not None and known.generation == store.metadata.generation and not is_old

    async def _list(self) -> None:
        listed: dict[str, Tenant] = {}
        for namespace in self._namespaces or (None,):
            parts = self._cluster.parts(names.API_VERSION, names.FEATURE_STORE, namespace)
            async for bodies in parts:
                found = (tenant(body) for body in bodies)
                listed |= {each.uid: each for each in found if each is not None}
        self._listed, self._listed_at = listed, self._clock()


def tenant(body: Manifest) -> Tenant | None:
    """Return the tenant of a FeatureStore's body, None when it shares no cache."""
    metadata, spec = body["metadata"], body["spec"]
    cache = spec.get("onlineStore", {}).get("elastiCache")
    if cache is None:
        return None
    return Tenant(
        uid=metadata["uid"],
        generation=metadata["generation"],
        name=f"{metadata['namespace']}/{metadata['name']}",
        created=metadata["creationTimestamp"],
        endpoint=str(cache.get("endpoint")).lower(),
        project=str(spec.get("project")),
    )
