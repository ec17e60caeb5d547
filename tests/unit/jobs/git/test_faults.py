"""What Git says is a reason that the runbook has."""

import pytest

from hotplate.jobs.git.faults import FAULTS, Fault, fault_of
from support import ROOT

RUNBOOK = (ROOT / "docs" / "runbook.md").read_text()


@pytest.mark.parametrize("fault", [*FAULTS, fault_of("")], ids=lambda each: each.reason)
def test_the_runbook_has_each_fault(fault: Fault) -> None:
    assert any(fault.reason in line.split("|")[1] for line in RUNBOOK.splitlines() if "|" in line)


@pytest.mark.parametrize(
    ("output", "reason"),
    [
        ("git@github.com: Permission denied (publickey).\nfatal: no access", "GitAccessDenied"),
        ('Load key "/etc/x": error in libcrypto\ngit@x: no', "GitAccessDenied"),
        ("remote: Repository not found.\nfatal: 'https://x/' not found", "GitRepositoryMissing"),
        ("fatal: unable to access 'https://x/': Could not resolve host: x", "GitUnreachable"),
        ("ssh: connect to host x port 22: Connection timed out", "GitUnreachable"),
        ("fatal: SSL certificate problem: self-signed", "GitCertificateUntrusted"),
        ("fatal: something else", "GitFailed"),
    ],
)
def test_what_git_prints_is_a_reason(output: str, reason: str) -> None:
    assert fault_of(output).reason == reason
