"""Git as a program: its environment, and its failures as errors of a Job."""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from hotplate.jobs.errors import JobError
from hotplate.jobs.git.faults import SECRET, fault_of

_LINES = 5
_HELPER = (
    "!f() { test \"$1\" = get && printf 'username=%s\\npassword=%s\\n'"
    ' "$CHECKOUT_USERNAME" "$(cat "$CHECKOUT_PASSWORD_FILE")"; }; f'
)


@dataclass(frozen=True)
class Source:
    """A repository, the branch, tag or commit to read, and the folder of its Secret, if any.

    The folder has the keys of a Secret of type kubernetes.io/basic-auth (username, password and,
    for a CA of one's own, ca.crt) or kubernetes.io/ssh-auth (ssh-privatekey and known_hosts).
    """

    url: str
    ref: str
    secret: Path | None = None

    @property
    def is_ssh(self) -> bool:
        """Whether it is read over SSH."""
        return not self.url.startswith("https://")

    @property
    def name(self) -> str:
        """What messages call it."""
        return f"{self.url} at {self.ref}"

    def file(self, key: str) -> Path | None:
        """Return the file of a key of the Secret, if it has that key."""
        path = self.secret / key if self.secret is not None else None
        return path if path is not None and path.is_file() else None


def git(source: Source, *arguments: str, folder: Path | None = None) -> str:
    """Run Git for the source, in the repository's folder if one is given; return its output.

    Raises:
        JobError: one of the reasons of `faults`, GitKeyMissing, GitHostUnknown.
    """
    where = () if folder is None else (f"--git-dir={folder}",)
    ended = subprocess.run(  # noqa: S603  (our own arguments)
        ["git", *where, *arguments],  # noqa: S607  (the image's git)
        env=environment(source),
        capture_output=True,
        text=True,
        errors="replace",
        stdin=subprocess.DEVNULL,
        check=False,
    )
    if ended.returncode != 0:
        raise _error(source, ended.stderr or f"git ended with exit code {ended.returncode}")
    return ended.stdout


def environment(source: Source) -> dict[str, str]:
    """Return Git's environment: that of the process without its GIT_ variables, and the source's.

    Raises:
        JobError: GitKeyMissing or GitHostUnknown, the Secret lacks a key that SSH needs.
    """
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    access = _ssh(source) if source.is_ssh else _https(source)
    return {
        **inherited,
        "LC_ALL": "C",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ASKPASS": "",
        "GIT_ALLOW_PROTOCOL": "https:ssh",
        **access,
    }


def _ssh(source: Source) -> dict[str, str]:
    key, hosts = source.file("ssh-privatekey"), source.file("known_hosts")
    if key is None:
        raise JobError(
            "GitKeyMissing",
            f"{source.name}: SSH needs a private key: name a Secret with the keys ssh-privatekey"
            " and known_hosts in definitions.git.credentials",
        )
    if hosts is None:
        raise JobError(
            "GitHostUnknown",
            f"{source.name}: {SECRET} has no key known_hosts, without which any server could"
            " answer: add the host's line of `ssh-keyscan HOST`, checked",
        )
    options = {
        "BatchMode": "yes",
        "IdentitiesOnly": "yes",
        "StrictHostKeyChecking": "yes",
        "UserKnownHostsFile": hosts,
        "GlobalKnownHostsFile": os.devnull,
        "ConnectTimeout": 15,
        "ServerAliveInterval": 15,
    }
    words = ["ssh", "-F", os.devnull, "-i", str(key)]
    words += [word for name, value in options.items() for word in ("-o", f"{name}={value}")]
    return {"GIT_SSH_COMMAND": shlex.join(words), "GIT_SSH_VARIANT": "ssh"}


def _https(source: Source) -> dict[str, str]:
    """Return what HTTPS needs; the password is for the source's own server alone."""
    password, username = source.file("password"), source.file("username")
    authority = source.file("ca.crt")
    settings = {"http.lowSpeedLimit": "1000", "http.lowSpeedTime": "60"}
    variables = {} if authority is None else {"GIT_SSL_CAINFO": str(authority)}
    if password is not None:
        server = f"https://{urlsplit(source.url).netloc}"
        settings[f"credential.{server}.helper"] = _HELPER
        variables["CHECKOUT_PASSWORD_FILE"] = str(password)
        variables["CHECKOUT_USERNAME"] = username.read_text().strip() if username else "git"
    return variables | dict(_configuration(settings))


def _configuration(settings: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    yield "GIT_CONFIG_COUNT", str(len(settings))
    for number, (key, value) in enumerate(settings.items()):
        yield f"GIT_CONFIG_KEY_{number}", key
        yield f"GIT_CONFIG_VALUE_{number}", value


def _error(source: Source, output: str) -> JobError:
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    fault = fault_of(output)
    return JobError(fault.reason, f"{source.name}: {'; '.join(lines[-_LINES:])}: {fault.fix}")
