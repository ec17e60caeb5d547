"""The operator has the chart's rights and no more, and its pods have none."""

import pytest

from support.kubernetes.operator import Body
from support.kubernetes.release import NAME, OPERATOR, Release

pytestmark = [pytest.mark.pods, pytest.mark.timeout(600)]

TOKEN = "/var/run/secrets/kubernetes.io/serviceaccount"


def rights(release: Release, namespace: str, account: str = "hotplate") -> dict[str, set[str]]:
    """Return the verbs of one of the release's ServiceAccounts in a namespace, by resource."""
    user = f"--as=system:serviceaccount:{release.name}:{account}"
    listed = release.cluster.kubectl("auth", "can-i", "--list", user, f"--namespace={namespace}")
    rows = [line.split("[") for line in listed.splitlines()[1:]]
    return {row[0].strip(): set(row[-1].rstrip("] ").split()) for row in rows if row[0].strip()}


def job_pods(release: Release) -> list[Body]:
    return release.pods("app.kubernetes.io/component=job")


def test_the_operator_works_as_its_own_service_account(ready: Release) -> None:
    (pod,) = ready.pods(OPERATOR)
    assert pod["spec"]["serviceAccountName"] == "hotplate"


def test_the_operator_s_log_has_no_line_for_every_probe(ready: Release) -> None:
    said = ready.cluster.kubectl("logs", "deployment/hotplate", f"--namespace={ready.name}")
    assert "/healthz" not in said


def test_the_operator_can_neither_run_commands_in_pods_nor_list_secrets(ready: Release) -> None:
    granted = rights(ready, ready.name)
    assert granted["jobs.batch"] == {"get", "list", "watch", "create", "patch", "delete"}
    assert granted["secrets"] == {"get"}
    assert not any("*" in {resource, *verbs} for resource, verbs in granted.items())
    assert not {"pods/exec", "pods/attach", "serviceaccounts/token"} & set(granted)


def test_the_operator_has_no_rights_in_other_namespaces(ready: Release) -> None:
    everybody_s = rights(ready, "default", account="default")
    assert rights(ready, "default") == everybody_s
    assert "pods" not in everybody_s


def test_pods_of_jobs_have_no_rights_no_root_and_no_writable_root(ready: Release) -> None:
    pods = job_pods(ready)
    assert pods
    for pod in pods:
        spec = pod["spec"]
        assert spec["automountServiceAccountToken"] is False
        assert spec["securityContext"]["runAsNonRoot"] is True
        assert not any("serviceAccountToken" in str(volume) for volume in spec["volumes"])
        for container in (*spec["initContainers"], *spec["containers"]):
            assert container["securityContext"]["readOnlyRootFilesystem"] is True


def test_a_scoring_pod_is_no_root_has_no_token_and_cannot_write_its_image(ready: Release) -> None:
    code = (
        "import os, pathlib\n"
        f"print(os.getuid(), pathlib.Path({TOKEN!r}).exists(), os.access('/bento', os.W_OK),"
        " os.access('/opt/hotplate', os.W_OK), os.statvfs('/').f_flag & os.ST_RDONLY)"
    )
    printed = ready.execute(f"deployment/{NAME}", "python", "-c", code)
    assert printed.split() == ["65532", "False", "False", "False", "1"]


def test_the_namespace_enforces_the_restricted_pod_security_standard(ready: Release) -> None:
    found = ready.cluster.get("namespace", ready.name)["metadata"]["labels"]
    assert found["pod-security.kubernetes.io/enforce"] == "restricted"
