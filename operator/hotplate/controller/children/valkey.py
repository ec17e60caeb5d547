"""The embedded Valkey: one pod without a disk, for development."""

from __future__ import annotations

from hotplate.api import FeatureStore
from hotplate.api.v1alpha1 import names
from hotplate.api.v1alpha1.pods import PodSettings
from hotplate.controller.children.metadata import labels, metadata
from hotplate.controller.children.pods import container, empty_dir, mount, pod_spec
from hotplate.controller.kube.manifest import Manifest

COMPONENT = "valkey"
PORT = 6379

_ARGUMENTS = ["--port", str(PORT), "--protected-mode", "no", "--dir", "/data", "--save", "60 1"]


def valkey_name(feature_store: FeatureStore) -> str:
    """Return the name of the StatefulSet and of its Service."""
    return names.child(feature_store.metadata.name, COMPONENT)


def embedded_url(feature_store: FeatureStore) -> str:
    """Return redis://host:port of the embedded Valkey."""
    return f"redis://{valkey_name(feature_store)}.{feature_store.metadata.namespace}.svc:{PORT}"


def valkey_service(feature_store: FeatureStore) -> Manifest:
    """Return the Service by which Jobs and scoring pods reach the Valkey."""
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": metadata(feature_store, valkey_name(feature_store), COMPONENT),
        "spec": {
            "selector": labels(feature_store, COMPONENT),
            "ports": [{"name": "redis", "port": PORT, "targetPort": "redis", "protocol": "TCP"}],
        },
    }


def valkey_stateful_set(feature_store: FeatureStore, image: str) -> Manifest:
    """Return the StatefulSet; its data is lost with its pod, and then materialized again."""
    selected = labels(feature_store, COMPONENT)
    return {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": metadata(feature_store, valkey_name(feature_store), COMPONENT),
        "spec": {
            "replicas": 1,
            "serviceName": valkey_name(feature_store),
            "selector": {"matchLabels": selected},
            "template": {
                "metadata": {"labels": selected},
                "spec": _pod(feature_store, image),
            },
        },
    }


def _pod(feature_store: FeatureStore, image: str) -> Manifest:
    jobs = feature_store.spec.jobs
    settings = PodSettings(
        image_pull_policy=jobs.image_pull_policy,
        image_pull_secrets=jobs.image_pull_secrets,
        node_selector=jobs.node_selector,
        tolerations=jobs.tolerations,
    )
    server = container(settings, COMPONENT, image) | {
        "command": ["valkey-server"],
        "args": _ARGUMENTS,
        "ports": [{"name": "redis", "containerPort": PORT, "protocol": "TCP"}],
        "readinessProbe": {"tcpSocket": {"port": "redis"}, "periodSeconds": 2},
        "volumeMounts": [mount("data", "/data"), mount("tmp", "/tmp")],  # noqa: S108
    }
    return pod_spec(settings, [server], [empty_dir("data")])
