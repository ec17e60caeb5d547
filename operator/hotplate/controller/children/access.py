"""What surrounds the scoring pods: how they are reached, protected, scaled and monitored."""

from __future__ import annotations

from hotplate.api import ModelDeployment
from hotplate.controller.children.metadata import labels, metadata
from hotplate.controller.children.scoring import COMPONENT, scoring_name
from hotplate.controller.kube.manifest import Manifest, without_empty

REQUEST_RATE = "bentoml_service_request_per_second"
"""Pod metric that an adapter derives from the rate of bentoml_service_request_total."""


def service(model_deployment: ModelDeployment) -> Manifest:
    """Return the Service that receives requests on port 80."""
    spec = {
        "selector": labels(model_deployment, COMPONENT),
        "ports": [{"name": "http", "port": 80, "targetPort": "http", "protocol": "TCP"}],
    }
    return _child(model_deployment, "v1", "Service", spec)


def disruption_budget(model_deployment: ModelDeployment) -> Manifest | None:
    """Return the PodDisruptionBudget; None for a single pod, since it would block every drain."""
    scaling = model_deployment.spec.autoscaling
    least = scaling.min_replicas if scaling else model_deployment.spec.replicas
    if least < 2:
        return None
    spec = {
        "maxUnavailable": 1,
        "selector": {"matchLabels": labels(model_deployment, COMPONENT)},
    }
    return _child(model_deployment, "policy/v1", "PodDisruptionBudget", spec)


def autoscaler(model_deployment: ModelDeployment) -> Manifest | None:
    """Return the HorizontalPodAutoscaler, if the spec has autoscaling."""
    scaling = model_deployment.spec.autoscaling
    if scaling is None:
        return None
    name = scoring_name(model_deployment)
    spec = {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": name},
        "minReplicas": scaling.min_replicas,
        "maxReplicas": scaling.max_replicas,
        "metrics": [
            *_rate_metric(scaling.requests_per_second),
            *_cpu_metric(scaling.cpu_utilization),
        ],
    }
    return _child(model_deployment, "autoscaling/v2", "HorizontalPodAutoscaler", spec)


def network_policy(model_deployment: ModelDeployment) -> Manifest | None:
    """Return the NetworkPolicy, if the spec restricts who may reach the pods."""
    policy = model_deployment.spec.network_policy
    if policy is None:
        return None
    peers: list[Manifest] = [{"podSelector": {}}]
    if policy.from_namespaces:
        peers.append({"namespaceSelector": {"matchLabels": dict(policy.from_namespaces)}})
    spec = {
        "podSelector": {"matchLabels": labels(model_deployment, COMPONENT)},
        "policyTypes": ["Ingress"],
        "ingress": [{"from": peers, "ports": [{"port": "http", "protocol": "TCP"}]}],
    }
    return _child(model_deployment, "networking.k8s.io/v1", "NetworkPolicy", spec)


def ingress(model_deployment: ModelDeployment) -> Manifest | None:
    """Return the Ingress, if the spec has one."""
    wanted = model_deployment.spec.ingress
    if wanted is None:
        return None
    backend = {"service": {"name": scoring_name(model_deployment), "port": {"name": "http"}}}
    path = {"path": wanted.path, "pathType": "Prefix", "backend": backend}
    tls = [{"hosts": [wanted.host], "secretName": wanted.tls_secret_name}]
    spec = {
        "ingressClassName": wanted.class_name,
        "rules": [{"host": wanted.host, "http": {"paths": [path]}}],
        "tls": tls if wanted.tls_secret_name else None,
    }
    return _child(model_deployment, "networking.k8s.io/v1", "Ingress", without_empty(spec))


def http_route(model_deployment: ModelDeployment) -> Manifest | None:
    """Return the HTTPRoute, if the spec names a Gateway."""
    gateway = model_deployment.spec.gateway
    if gateway is None:
        return None
    parent = {
        "group": "gateway.networking.k8s.io",
        "kind": "Gateway",
        "name": gateway.name,
        "namespace": gateway.namespace,
        "sectionName": gateway.section_name,
    }
    rule = {
        "matches": [{"path": {"type": "PathPrefix", "value": gateway.path}}],
        "backendRefs": [{"name": scoring_name(model_deployment), "port": 80}],
    }
    spec = {
        "parentRefs": [without_empty(parent)],
        "hostnames": list(gateway.hostnames),
        "rules": [rule],
    }
    version = "gateway.networking.k8s.io/v1"
    return _child(model_deployment, version, "HTTPRoute", without_empty(spec))


def service_monitor(model_deployment: ModelDeployment) -> Manifest:
    """Return the ServiceMonitor by which Prometheus finds the pods."""
    spec = {
        "selector": {"matchLabels": labels(model_deployment, COMPONENT)},
        "endpoints": [{"port": "http", "path": "/metrics"}],
    }
    return _child(model_deployment, "monitoring.coreos.com/v1", "ServiceMonitor", spec)


def url(model_deployment: ModelDeployment) -> str:
    """Return the URL for requests: that of the Ingress if it exists, else the cluster's own."""
    spec, name = model_deployment.spec, scoring_name(model_deployment)
    if spec.ingress is not None:
        scheme = "https" if spec.ingress.tls_secret_name else "http"
        return f"{scheme}://{spec.ingress.host}{spec.ingress.path}"
    return f"http://{name}.{model_deployment.metadata.namespace}.svc"


def _rate_metric(requests_per_second: int | None) -> list[Manifest]:
    if requests_per_second is None:
        return []
    target = {"type": "AverageValue", "averageValue": str(requests_per_second)}
    return [{"type": "Pods", "pods": {"metric": {"name": REQUEST_RATE}, "target": target}}]


def _cpu_metric(utilization: int | None) -> list[Manifest]:
    if utilization is None:
        return []
    target = {"type": "Utilization", "averageUtilization": utilization}
    return [{"type": "Resource", "resource": {"name": "cpu", "target": target}}]


def _child(model_deployment: ModelDeployment, version: str, kind: str, spec: Manifest) -> Manifest:
    described = metadata(model_deployment, scoring_name(model_deployment), COMPONENT)
    return {"apiVersion": version, "kind": kind, "metadata": described, "spec": spec}
