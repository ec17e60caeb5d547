"""A kind cluster of the tests runs pods, and what they need to reach each other."""

import pytest

from cluster.client import Cluster, Manifest

pytestmark = [pytest.mark.pods, pytest.mark.usefixtures("images"), pytest.mark.timeout(900)]

SERVER = "import http.server; http.server.test(http.server.SimpleHTTPRequestHandler, port=8000)"
CLIENT = "import urllib.request; print(urllib.request.urlopen('http://web').status)"
IMAGE = "hotplate/operator:0.1.0"


def python(code: str) -> Manifest:
    return {"name": "main", "image": IMAGE, "command": ["python", "-c", code]}


def web(namespace: str) -> list[Manifest]:
    labels = {"app": "web"}
    probe = {"readinessProbe": {"httpGet": {"path": "/", "port": 8000}, "periodSeconds": 1}}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [python(SERVER) | probe]}}
    metadata = {"name": "web", "namespace": namespace}
    spec = {"replicas": 2, "selector": {"matchLabels": labels}, "template": template}
    ports = [{"port": 80, "targetPort": 8000}]
    return [
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec},
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": metadata,
            "spec": {"selector": labels, "ports": ports},
        },
    ]


def test_a_job_reaches_a_deployment_by_the_name_of_its_service(
    cluster: Cluster, namespace: str
) -> None:
    cluster.apply(*web(namespace))
    cluster.kubectl("rollout", "status", "deployment/web", "-n", namespace, "--timeout=120s")
    pod = {"restartPolicy": "Never", "containers": [python(CLIENT)]}
    cluster.apply(
        {
            "apiVersion": "batch/v1",
            "kind": "Job",
            "metadata": {"name": "client", "namespace": namespace},
            "spec": {"template": {"spec": pod}, "backoffLimit": 3},
        }
    )
    flags = ("-n", namespace, "--timeout=120s")
    cluster.kubectl("wait", "--for=condition=Complete", "job/client", *flags)
    assert cluster.kubectl("logs", "job/client", "-n", namespace).strip() == "200"
    listed = cluster.kubectl("exec", "deployment/web", "-n", namespace, "--", "id", "-u")
    assert listed.strip() == "65532"
