"""Options that several commands have."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Manifest = Annotated[
    Path, typer.Argument(help="File with one FeatureStore and one ModelDeployment.")
]
StateFolder = Annotated[
    Path | None,
    typer.Option("--state", help="State folder; by default .hotplate/<FeatureStore's name>."),
]
Namespace = Annotated[
    str | None,
    typer.Option("-n", "--namespace", help="On a cluster, the one of KUBECONFIG: a namespace."),
]
Context = Annotated[
    str | None,
    typer.Option("--context", help="On a cluster: a context of KUBECONFIG, and its namespace."),
]
