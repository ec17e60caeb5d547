"""`hotplate init`, `crds` and `reference`: files that are generated."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from hotplate.api.render import crd
from hotplate.api.render import generated_files as generated
from hotplate.api.render.reference import references
from hotplate.cli.exit import fail

GeneratedFolder = Annotated[Path, typer.Argument(help="Where the files go.")]
OnlyCheck = Annotated[bool, typer.Option("--check", help="Only say whether they are current.")]


def init(name: Annotated[str, typer.Argument(help="Name of the new project.")]) -> None:
    """Write a small project of your own: definitions, data, bento and manifest."""
    from hotplate.cli.scaffold import InitError  # noqa: PLC0415
    from hotplate.cli.scaffold import init as write_project  # noqa: PLC0415

    try:
        folder = write_project(name, Path.cwd())
    except InitError as error:
        fail(error)
    typer.echo(f"{folder} is written; run it: hotplate up {name}/{name}.yaml")


def crds(folder: GeneratedFolder, check: OnlyCheck = False) -> None:
    """Write the CustomResourceDefinitions of FeatureStore and ModelDeployment."""
    _generate("crds", folder, crd.custom_resource_definitions(), only_check=check)


def reference(folder: GeneratedFolder, check: OnlyCheck = False) -> None:
    """Write the reference of FeatureStore and ModelDeployment as Markdown."""
    _generate("reference", folder, references(), only_check=check)


def _generate(command: str, folder: Path, texts: Mapping[str, str], *, only_check: bool) -> None:
    if not only_check:
        generated.write(folder, texts)
    elif stale := generated.stale_files(folder, texts):
        listed = ", ".join(map(str, stale))
        fail(f"not current: {listed}; write them with `hotplate {command} {folder}`")
