"""What Git and SSH say when a repository cannot be read, as a reason with its fix."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    """A reason, what the programs print for it (in lower case), and what to do about it."""

    reason: str
    signs: tuple[str, ...]
    fix: str


SECRET = "the Secret of definitions.git.credentials"  # noqa: S105 - its description

FAULTS = (
    Fault(
        "GitHostUnknown",
        ("host key verification failed", "host key is known", "host identification has changed"),
        f"add the host's line of `ssh-keyscan HOST`, checked, to key known_hosts of {SECRET}",
    ),
    Fault(
        "GitCertificateUntrusted",
        ("certificate problem", "certificate verification failed", "certificate subject name"),
        f"add the CA that signed the server's certificate to key ca.crt of {SECRET}",
    ),
    Fault(
        "GitAccessDenied",
        (
            "permission denied",
            "authentication failed",
            "could not read username",
            "could not read password",
            "returned error: 403",
            "load key",
        ),
        f"check {SECRET}, and that its user or key may read the repository",
    ),
    Fault(
        "GitRefMissing",
        ("couldn't find remote ref", "not our ref", "unadvertised object", "single revision"),
        "name a branch, a tag or a whole commit of the repository in definitions.git.ref",
    ),
    Fault(
        "GitRepositoryMissing",
        ("not found", "does not appear to be a git repository", "does not exist"),
        "check definitions.git.url, and that the credentials may see the repository",
    ),
    Fault(
        "GitUnreachable",
        (
            "could not resolve host",
            "connection refused",
            "timed out",
            "failed to connect",
            "couldn't connect",
            "network is unreachable",
            "no route to host",
            "connection reset",
            "connection closed",
            "operation too slow",
        ),
        "check the host of definitions.git.url, and that network policies let Jobs reach it",
    ),
)
_OTHER = Fault("GitFailed", (), "correct definitions.git")


def fault_of(output: str) -> Fault:
    """Return the fault that the output shows: the first in the table that has a sign in it."""
    lower = output.lower()
    return next((each for each in FAULTS if any(sign in lower for sign in each.signs)), _OTHER)
