"""A Job's pod clones over HTTPS and SSH as its own user, from the servers that its Secret knows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from hotplate.protocol import job_environment
from support.git.https_server import PASSWORD, USER, git_over_https
from support.git.pod import Pod, pod
from support.git.repository import TeamRepository
from support.git.ssh_server import SshServer, git_over_ssh, new_key
from support.valkey.certificates import Certificate, certificate


@dataclass(frozen=True)
class Clone:
    """Runs `hotplate job checkout`, or another Job, in a pod with a Secret's keys."""

    pod: Pod

    def __call__(
        self, url: str, keys: Mapping[str, str], ref: str = "main", job: str = "checkout"
    ) -> dict[str, Any]:
        self.pod.give(keys)
        self.pod.empty()
        secret = {job_environment.GIT_SECRET: str(self.pod.secret)} if keys else {}
        variables = {
            job_environment.GIT_URL: url,
            job_environment.GIT_REF: ref,
            job_environment.CHECKOUT: str(self.pod.definitions),
        }
        return self.pod.run(job, variables | secret)

    def text(self, name: str) -> str:
        """Return the text of a file that was checked out."""
        return (self.pod.definitions / name).read_text()


@pytest.fixture(scope="module")
def team(tmp_path_factory: pytest.TempPathFactory) -> TeamRepository:
    return TeamRepository.create(tmp_path_factory.mktemp("git"))


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="module")
def https(team: TeamRepository, tls: Certificate) -> Iterator[str]:
    with git_over_https(team.folder, tls.certificate, tls.key) as url:
        yield url


@pytest.fixture(scope="module")
def ssh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SshServer]:
    with git_over_ssh(tmp_path_factory.mktemp("ssh")) as server:
        yield server


@pytest.fixture
def at(https: str, ssh: SshServer, team: TeamRepository) -> dict[str, str]:
    """The repository's URLs."""
    return {"https": f"{https}/features.git", "ssh": f"{ssh.url}{team.folder}/features.git"}


@pytest.fixture
def keys(tls: Certificate, ssh: SshServer) -> dict[str, dict[str, str]]:
    """The Secrets that let the Jobs in."""
    login = {"username": USER, "password": PASSWORD, "ca.crt": tls.authority.read_text()}
    key = {"ssh-privatekey": ssh.key.read_text(), "known_hosts": ssh.known_hosts}
    return {"https": login, "ssh": key}


@pytest.fixture
def run() -> Iterator[Clone]:
    with pod() as volumes:
        yield Clone(volumes)


def refused(result: dict[str, Any], reason: str) -> str:
    assert (result["result"], result["reason"]) == ("Failed", reason), result
    message: str = result["message"]
    assert PASSWORD not in message
    return message


@pytest.mark.parametrize("kind", ["https", "ssh"])
def test_a_branch_is_checked_out_as_the_pods_user(
    kind: str, at: dict[str, str], keys: Any, run: Clone, team: TeamRepository
) -> None:
    commit = team.commit({"repo/features.py": f"kind = {kind!r}\n"})

    assert run(at[kind], keys[kind]) == {"result": "Resolved", "commit": commit}
    assert run.text("repo/features.py") == f"kind = {kind!r}\n"
    assert [each.name for each in run.pod.definitions.iterdir()] == ["repo"]


@pytest.mark.parametrize("kind", ["https", "ssh"])
def test_an_earlier_commit_is_checked_out(
    kind: str, at: dict[str, str], keys: Any, run: Clone, team: TeamRepository
) -> None:
    before = team.commit({"repo/features.py": f"before = {kind!r}\n"})
    team.commit({"repo/features.py": f"after = {kind!r}\n"})

    assert run(at[kind], keys[kind], before)["commit"] == before
    assert run.text("repo/features.py") == f"before = {kind!r}\n"


def test_a_ref_is_resolved_to_the_commit_that_is_checked_out(
    at: dict[str, str], keys: Any, run: Clone, team: TeamRepository
) -> None:
    commit = team.commit({"repo/features.py": "tagged = 1\n"})
    team.git("-C", "team", "tag", "--annotate", "--message", "first", "v1")
    team.git("-C", "team", "push", "--quiet", "origin", "v1", "HEAD:refs/heads/team/main")
    newest = team.commit({"repo/features.py": "tagged = 2\n"})

    for ref, found in (("v1", commit), ("team/main", commit), ("main", newest), (commit, commit)):
        assert run(at["https"], keys["https"], ref, "resolve")["commit"] == found
        assert run(at["https"], keys["https"], ref)["commit"] == found


@pytest.mark.parametrize("job", ["checkout", "resolve"])
def test_a_ref_that_does_not_exist_is_named(
    job: str, at: dict[str, str], keys: Any, run: Clone
) -> None:
    message = refused(run(at["https"], keys["https"], "none", job), "GitRefMissing")
    assert f"{at['https']} at none" in message


@pytest.mark.parametrize("kind", ["https", "ssh"])
def test_a_commit_that_does_not_exist_is_named(
    kind: str, at: dict[str, str], keys: Any, run: Clone
) -> None:
    assert "0a0a0a" in refused(run(at[kind], keys[kind], "0a" * 20), "GitRefMissing")


@pytest.mark.parametrize("ref", ["--upload-pack=touch /tmp/x", "-x", "+main", "main:other", "a b"])
@pytest.mark.parametrize("job", ["checkout", "resolve"])
def test_a_ref_that_could_be_something_else_is_refused(
    job: str, ref: str, at: dict[str, str], keys: Any, run: Clone
) -> None:
    refused(run(at["https"], keys["https"], ref, job), "GitRefInvalid")


def test_a_server_whose_host_key_is_not_known_is_refused(
    at: dict[str, str], keys: Any, run: Clone, tmp_path: Path, ssh: SshServer
) -> None:
    other = f"[127.0.0.1]:{ssh.port} {new_key(tmp_path / 'other')}\n"
    for hosts in ("", other):
        message = refused(run(at["ssh"], keys["ssh"] | {"known_hosts": hosts}), "GitHostUnknown")
        assert "ssh-keyscan" in message
    without = {"ssh-privatekey": keys["ssh"]["ssh-privatekey"]}
    assert "no key known_hosts" in refused(run(at["ssh"], without), "GitHostUnknown")


def test_ssh_without_a_key_names_the_key(at: dict[str, str], run: Clone) -> None:
    assert "ssh-privatekey" in refused(run(at["ssh"], {}), "GitKeyMissing")


def test_a_key_that_may_not_log_in_is_refused(
    at: dict[str, str], keys: Any, run: Clone, tmp_path: Path
) -> None:
    new_key(tmp_path / "other")
    other = {"ssh-privatekey": (tmp_path / "other").read_text()}

    refused(run(at["ssh"], keys["ssh"] | other), "GitAccessDenied")


@pytest.mark.parametrize("login", [{"password": "wrong"}, {"password": None}])
def test_a_login_that_is_wrong_or_missing_is_refused(
    login: dict[str, str | None], at: dict[str, str], keys: Any, run: Clone
) -> None:
    given = {name: text for name, text in (keys["https"] | login).items() if text is not None}

    assert "definitions.git.credentials" in refused(run(at["https"], given), "GitAccessDenied")


def test_a_server_whose_authority_is_not_known_is_refused(
    at: dict[str, str], keys: Any, run: Clone
) -> None:
    login = {name: text for name, text in keys["https"].items() if name != "ca.crt"}

    assert "ca.crt" in refused(run(at["https"], login), "GitCertificateUntrusted")


def test_the_password_is_for_its_own_server_alone(
    https: str, tls: Certificate, keys: Any, run: Clone, tmp_path: Path
) -> None:
    with git_over_https(tmp_path, tls.certificate, tls.key, elsewhere=https) as redirecting:
        result = run(f"{redirecting}/features.git", keys["https"])
    refused(result, "GitAccessDenied")


def test_other_protocols_are_refused(keys: Any, run: Clone, team: TeamRepository) -> None:
    result = run(f"file://{team.folder}/features.git", keys["ssh"])

    assert "not allowed" in refused(result, "GitFailed")


def test_a_repository_or_server_that_does_not_exist_is_named(
    https: str, keys: Any, run: Clone
) -> None:
    refused(run(f"{https}/other.git", keys["https"]), "GitRepositoryMissing")
    refused(run("https://127.0.0.1:1/features.git", keys["https"]), "GitUnreachable")


@pytest.mark.parametrize("target", ["/etc/passwd", "../../outside", "../here/../outside"])
def test_a_link_out_of_the_repository_is_refused(
    target: str, at: dict[str, str], keys: Any, run: Clone, team: TeamRepository
) -> None:
    (team.tree / "here").symlink_to(".")
    (team.tree / "repo/link.py").symlink_to(target)
    team.push()
    try:
        message = refused(run(at["https"], keys["https"]), "GitLinkOutside")
        assert message.startswith("repo/link.py is a symbolic link out of the repository")
        assert target in message
    finally:
        (team.tree / "repo/link.py").unlink()
        (team.tree / "here").unlink()
        team.push()


def test_a_link_inside_of_the_repository_is_kept(
    at: dict[str, str], keys: Any, run: Clone, team: TeamRepository
) -> None:
    (team.tree / "repo/same.py").symlink_to("../repo/features.py")
    team.push()

    run(at["https"], keys["https"])
    assert run.text("repo/same.py")


def test_submodules_are_not_cloned(
    at: dict[str, str], keys: Any, run: Clone, team: TeamRepository
) -> None:
    other = f"{team.folder}/features.git"
    team.git("-C", "team", "submodule", "--quiet", "add", other, "vendor")
    commit = team.push()

    assert run(at["https"], keys["https"])["commit"] == commit
    assert list((run.pod.definitions / "vendor").iterdir()) == []


def test_the_configuration_of_the_machine_does_not_count(
    at: dict[str, str], keys: Any, run: Clone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_SSH_COMMAND", "false")
    monkeypatch.setenv("GIT_DIR", "/nowhere")

    assert run(at["ssh"], keys["ssh"])["result"] == "Resolved"
