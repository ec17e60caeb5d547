"""Options that several commands have."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Manifest = Annotated[
    Path, typer.Argument(help="YAML file with one FeatureStore and one ModelDeployment.")
]
StateFolder = Annotated[
    Path | None,
    typer.Option("--state", help="State folder of a local run. If omitted, .hotplate/NAME."),
]
StateFolders = Annotated[
    Path | None,
    typer.Option("--state", help="State folder of a local run. If omitted, all in .hotplate."),
]
Namespace = Annotated[
    str | None,
    typer.Option("-n", "--namespace", help="Namespace on the cluster of KUBECONFIG."),
]
Context = Annotated[
    str | None,
    typer.Option("--context", help="Context of KUBECONFIG. Without -n, its own namespace is used."),
]
