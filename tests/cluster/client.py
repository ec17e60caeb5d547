"""A running cluster as the tests see it: a kubeconfig and kubectl."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from cluster.processes import Command, output_of

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
        command: Command = [self.program, f"--kubeconfig={self.kubeconfig}", *arguments]
        return output_of(command, stdin=stdin, seconds=KUBECTL_SECONDS)

    def apply(self, *manifests: Manifest) -> None:
        """Apply manifests server-side, as the tests' own field manager."""
        listed = {"apiVersion": "v1", "kind": "List", "items": list(manifests)}
        flags = ("--server-side", "--field-manager=tests", "--filename=-")
        self.kubectl("apply", *flags, stdin=json.dumps(listed))

    def apply_files(self, paths: Iterable[Path]) -> None:
        """Apply files server-side, as the tests' own field manager."""
        for path in paths:
            flags = ("--server-side", "--field-manager=tests", f"--filename={path}")
            self.kubectl("apply", *flags)

    def load_image(self, archive: Path) -> None:
        """Bring the images of a docker-archive to where pods are started from."""
        raise NotImplementedError(f"a {self.level} cluster takes no {archive.name}")

    def get(self, *arguments: str) -> Manifest:
        """Return what `kubectl get` finds, as data."""
        body: Manifest = json.loads(self.kubectl("get", *arguments, "--output=json"))
        return body
