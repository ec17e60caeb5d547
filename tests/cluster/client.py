"""A running cluster as the tests see it: a kubeconfig and kubectl."""

import json
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from cluster.processes import output_of

Manifest = dict[str, Any]
KUBECTL_SECONDS = 300  # kubectl wait and rollout status have a --timeout of their own


class Level(StrEnum):
    """How much of Kubernetes runs."""

    CONTROL_PLANE = "control-plane"  # the API and its controllers; pods stay Pending
    KIND = "kind"  # nodes too: pods run
    KUBECONFIG = "kubeconfig"  # the cluster that $KUBECONFIG names


@dataclass(frozen=True)
class Cluster:
    """A cluster that answers."""

    level: Level
    kubeconfig: Path
    program: Path  # kubectl

    def kubectl(self, *arguments: str, stdin: str | None = None) -> str:
        """Run kubectl and return its stdout; raise CommandFailedError with its stderr."""
        command: list[str | Path] = [self.program, f"--kubeconfig={self.kubeconfig}", *arguments]
        return output_of(command, stdin=stdin, seconds=KUBECTL_SECONDS)

    def apply(self, *manifests: Manifest) -> None:
        """Apply manifests server-side, as the tests' own field manager."""
        listed = {"apiVersion": "v1", "kind": "List", "items": list(manifests)}
        flags = ("--server-side", "--field-manager=tests", "--filename=-")
        self.kubectl("apply", *flags, stdin=json.dumps(listed))

    def get(self, *arguments: str) -> Manifest:
        """Return what `kubectl get` finds, as data."""
        body: Manifest = json.loads(self.kubectl("get", *arguments, "--output=json"))
        return body
