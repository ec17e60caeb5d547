"""Where the API server has the objects of each kind."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from urllib.parse import quote

from hotplate.api.v1alpha1 import names

PLURALS: Mapping[str, str] = MappingProxyType(
    {
        "ConfigMap": "configmaps",
        "Deployment": "deployments",
        "Event": "events",
        names.FEATURE_STORE: names.FEATURE_STORES,
        "HTTPRoute": "httproutes",
        "HorizontalPodAutoscaler": "horizontalpodautoscalers",
        "Ingress": "ingresses",
        "Job": "jobs",
        names.MODEL_DEPLOYMENT: names.MODEL_DEPLOYMENTS,
        "NetworkPolicy": "networkpolicies",
        "Pod": "pods",
        "PodDisruptionBudget": "poddisruptionbudgets",
        "Secret": "secrets",
        "Service": "services",
        "ServiceMonitor": "servicemonitors",
        "StatefulSet": "statefulsets",
    }
)
"""The kinds that the operator reads and writes; each is in the table of its rights."""


def path_of(api_version: str, kind: str, namespace: str | None, name: str | None = None) -> str:
    """Return the path of an object, of all of a kind in a namespace, or of all of a kind."""
    root = f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"
    scope = f"/namespaces/{quote(namespace)}" if namespace else ""
    item = f"/{quote(name)}" if name else ""
    return f"{root}{scope}/{PLURALS[kind]}{item}"


def plural_of(path: str) -> str:
    """Return the plural of the kind that a path is about, with `/status` if it is."""
    _, _, rest = path.partition("/namespaces/")
    parts = (
        rest.split("/")[1:] if rest else path.split("/")[4 if path.startswith("/apis/") else 3 :]
    )
    return "/".join(part for number, part in enumerate(parts) if number != 1)
