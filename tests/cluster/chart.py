"""The chart as Helm renders it, and the golden files that show what a change of it does."""

import json
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import yaml

from cluster.binaries import binary
from cluster.client import Manifest
from cluster.processes import Command, output_of
from cluster.settings import CHECKOUT

CHART = CHECKOUT / "charts" / "hotplate"
GOLDEN = CHECKOUT / "tests" / "integration" / "tool" / "golden"
RELEASE, NAMESPACE = "hotplate", "ml"

Values = Mapping[str, Any]
CASES: Mapping[str, Values] = MappingProxyType(
    {
        "default": {},
        "cluster-wide": {"watch": {"cluster": True}},
        "two-namespaces": {"watch": {"namespaces": ["team-a", "team-b"]}},
        "monitoring": {
            "metrics": {"serviceMonitor": {"enabled": True}},
            "dashboard": {"enabled": True},
            "alerts": {"enabled": True},
        },
    }
)


def helm_template(values: Values) -> str:
    """Return what `helm template` prints; raise CommandFailedError when it refuses the values."""
    flags = ["--namespace", NAMESPACE, "--values=-"]
    command: Command = [binary("helm"), "template", RELEASE, CHART, *flags]
    return output_of(command, stdin=json.dumps(dict(values)))


def rendered(values: Values) -> list[Manifest]:
    """Return the chart's manifests for the values."""
    return [manifest for manifest in yaml.safe_load_all(helm_template(values)) if manifest]


def golden(case: str) -> tuple[Path, str]:
    """Return a case's golden file and what it should hold; the definitions have their own test."""
    text = helm_template({**CASES[case], "crds": {"install": False}})
    lines = (line.rstrip() for line in text.splitlines())
    return GOLDEN / f"{case}.yaml", "\n".join(lines).strip() + "\n"


def write_golden() -> None:
    """Write every golden file again."""
    GOLDEN.mkdir(exist_ok=True)
    for case in CASES:
        path, text = golden(case)
        path.write_text(text)
