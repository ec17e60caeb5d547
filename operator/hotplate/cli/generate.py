"""`hotplate init`, `crds` and `reference`: files that are generated."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from hotplate.api.render import crd
from hotplate.api.render import generated_files as generated
from hotplate.api.render.reference import references
from hotplate.cli.exit import errors_shown, fail
from hotplate.cli.scaffold import init as write_project

GeneratedFolder = Annotated[Path, typer.Argument(help="Folder to write the files into.")]
OnlyCheck = Annotated[bool, typer.Option("--check", help="Only check that the files are current.")]


def init(name: Annotated[str, typer.Argument(help="Name of the new project.")]) -> None:
    """Write a small project to start from: definitions, data, bento and manifest."""
    with errors_shown():
        folder = write_project(name, Path.cwd())
    typer.echo(f"Wrote {folder}. Run it with: hotplate up {name}/{name}.yaml")


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
