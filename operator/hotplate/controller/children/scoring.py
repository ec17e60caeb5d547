"""The scoring pods: one worker each, ready only when the model and its features can be read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hotplate.api import FeatureStore, ModelDeployment
from hotplate.api.v1alpha1 import names
from hotplate.api.v1alpha1.online_store import ReadFrom
from hotplate.api.v1alpha1.traffic import Strategy
from hotplate.controller.children.bento import bento_mounts, bento_volumes
from hotplate.controller.children.metadata import labels, metadata
from hotplate.controller.children.pods import (
    claim,
    container,
    empty_dir,
    environment,
    mount,
    pod_spec,
)
from hotplate.controller.children.resource_files import FILE_MODE, secret_sources
from hotplate.controller.kube.manifest import Manifest, without_empty
from hotplate.protocol import bentoml_environment
from hotplate.protocol.pod_files import FOLDER, SETTINGS_FILE
from hotplate.protocol.serving_settings import SETTINGS_VARIABLE, ZONE_VARIABLE

COMPONENT = "scoring"
CONTAINER = "bento"
PORT = 3000

DRAIN_SECONDS = 10
"""A pod accepts requests for this long after it leaves the endpoints; BentoML would reset them."""

GRACE_SECONDS = 30
START_SECONDS = 180
PROGRESS_SECONDS = 600
_BENTOML_HOME = "/var/lib/bentoml"
_STRATEGIES = {
    Strategy.ROLLING: {
        "type": "RollingUpdate",
        "rollingUpdate": {"maxUnavailable": 0, "maxSurge": "25%"},
    },
}


@dataclass(frozen=True)
class Installed:
    """What the pods depend on besides the resources.

    With another `restart_hash` (an object that pods read at their start has changed) new pods are
    created; Secrets' files are read again without. `serving_image` is for a bento without an image.
    """

    restart_hash: str
    serving_image: str


def scoring_name(model_deployment: ModelDeployment) -> str:
    """Return the name of the Deployment, its Service, and whatever else surrounds it."""
    return names.child(model_deployment.metadata.name)


def deployment(
    model_deployment: ModelDeployment,
    feature_store: FeatureStore,
    settings: Manifest,
    installed: Installed,
) -> Manifest:
    """Return the Deployment; `settings` is the ConfigMap that its pods read.

    With an autoscaler the manifest has no replicas: they are the autoscaler's.
    """
    spec, selected = model_deployment.spec, labels(model_deployment, COMPONENT)
    body = {
        "replicas": None if spec.autoscaling else spec.replicas,
        "revisionHistoryLimit": spec.revision_history_limit,
        "progressDeadlineSeconds": PROGRESS_SECONDS,
        "strategy": _STRATEGIES[spec.rollout.strategy],
        "selector": {"matchLabels": selected},
        "template": {
            "metadata": without_empty(
                {
                    "labels": selected,
                    "annotations": {names.RESTART_HASH_ANNOTATION: installed.restart_hash},
                }
            ),
            "spec": _pod(
                model_deployment,
                feature_store,
                settings["metadata"]["name"],
                installed.serving_image,
            ),
        },
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": metadata(model_deployment, scoring_name(model_deployment), COMPONENT),
        "spec": {field: value for field, value in body.items() if value is not None},
    }


def _pod(
    model_deployment: ModelDeployment, feature_store: FeatureStore, settings: str, stock_image: str
) -> Manifest:
    spec = model_deployment.spec
    files = [{"configMap": {"name": settings}}, *secret_sources(feature_store)]
    volumes = [
        {"name": "settings", "projected": {"sources": files, "defaultMode": FILE_MODE}},
        empty_dir("bentoml", in_memory=True),
        *([claim("models", spec.model.claim_name)] if spec.model.claim_name else []),
        *bento_volumes(spec.bento),
    ]
    main = _container(model_deployment, feature_store, spec.bento.image or stock_image)
    return pod_spec(spec, [main], volumes) | {
        "terminationGracePeriodSeconds": GRACE_SECONDS,
        "topologySpreadConstraints": [
            _spread(model_deployment, "topology.kubernetes.io/zone"),
            _spread(model_deployment, "kubernetes.io/hostname"),
        ],
    }


def _container(
    model_deployment: ModelDeployment, feature_store: FeatureStore, image: str
) -> Manifest:
    spec = model_deployment.spec
    mounts = [
        mount("settings", FOLDER, read_only=True),
        mount("bentoml", _BENTOML_HOME),
        mount("tmp", "/tmp"),  # noqa: S108 - in the pod
        *bento_mounts(spec.bento),
    ]
    if spec.model.claim_name is not None:
        mounts.append(mount("models", spec.model.store.removeprefix("file://"), read_only=True))
    return container(spec, CONTAINER, image) | {
        "env": [*_environment(), *_zone(feature_store), *environment(spec)],
        "ports": [{"name": "http", "containerPort": PORT, "protocol": "TCP"}],
        "startupProbe": _probe("/readyz", periodSeconds=2, failureThreshold=START_SECONDS // 2),
        "readinessProbe": _probe("/readyz", periodSeconds=5, failureThreshold=2),
        "livenessProbe": _probe("/livez", periodSeconds=10, failureThreshold=3),
        "lifecycle": {"preStop": {"sleep": {"seconds": DRAIN_SECONDS}}},
        "volumeMounts": mounts,
    }


def _environment() -> list[Manifest]:
    values = {
        SETTINGS_VARIABLE: SETTINGS_FILE,
        bentoml_environment.HOME: _BENTOML_HOME,
        bentoml_environment.DO_NOT_TRACK: "True",
        "OMP_NUM_THREADS": "1",
    }
    return [{"name": name, "value": value} for name, value in values.items()]


def _zone(feature_store: FeatureStore) -> list[Manifest]:
    """Return the variable with the pod's zone, which Kubernetes 1.35 copies to the pod's labels.

    Without that label it is empty, and no replica is preferred to another.
    """
    cache = feature_store.spec.online_store.elasti_cache
    if cache is None or cache.read_from is not ReadFrom.PREFER_REPLICA:
        return []
    label = {"fieldRef": {"fieldPath": "metadata.labels['topology.kubernetes.io/zone']"}}
    return [{"name": ZONE_VARIABLE, "valueFrom": label}]


def _probe(path: str, **timing: Any) -> Manifest:
    """Return an HTTP probe; a TCP probe would pass long before BentoML has loaded its model."""
    return {"httpGet": {"path": path, "port": "http"}, "timeoutSeconds": 2, **timing}


def _spread(model_deployment: ModelDeployment, topology: str) -> Manifest:
    return {
        "maxSkew": 1,
        "topologyKey": topology,
        "whenUnsatisfiable": "ScheduleAnyway",
        "labelSelector": {"matchLabels": labels(model_deployment, COMPONENT)},
    }
