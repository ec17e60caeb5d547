"""A cluster that cannot be had says why; its tests are skipped, or fail on CI."""

from pathlib import Path

import pytest

from cluster.fixtures import cannot_run, of_kubeconfig
from cluster.processes import free_port
from cluster.settings import ClusterUnavailableError


def test_a_kubeconfig_whose_cluster_does_not_answer_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kubeconfig = tmp_path / "kubeconfig"
    server = f"http://127.0.0.1:{free_port()}"
    kubeconfig.write_text(
        f"{{clusters: [{{name: a, cluster: {{server: '{server}'}}}}],"
        " contexts: [{name: a, context: {cluster: a}}], current-context: a}"
    )
    monkeypatch.setenv("KUBECONFIG", str(kubeconfig))
    with pytest.raises(ClusterUnavailableError, match=r"does not answer(.|\n)*refused"):
        of_kubeconfig()


def test_without_a_kubeconfig_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KUBECONFIG", raising=False)
    with pytest.raises(ClusterUnavailableError, match="KUBECONFIG"):
        of_kubeconfig()


def test_the_tests_of_a_cluster_that_cannot_be_had_are_skipped_with_the_reason(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="no kernel for it"):
        cannot_run("no kernel for it")


def test_on_ci_they_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="no kernel for it"):
        cannot_run("no kernel for it")
