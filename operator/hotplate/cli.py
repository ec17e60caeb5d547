"""The `hotplate` command."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from rich.console import Console

from hotplate.api import ManifestError
from hotplate.api import crd as crd_files
from hotplate.jobs import JobError
from hotplate.jobs.command import app as job_app
from hotplate.local.errors import LocalError

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Keeps a Feast feature store fresh and serves BentoML models off it within 10 ms.",
)
app.add_typer(job_app, name="job", help="What a Job's pod runs: one job on one resource.")

Manifest = Annotated[
    Path, typer.Argument(help="File with one FeatureStore and one ModelDeployment.")
]
StateFolder = Annotated[
    Path | None,
    typer.Option("--state", help="State folder; by default .hotplate/<FeatureStore's name>."),
]


@app.command()
def up(  # noqa: PLR0913  (a command's options are its parameters)
    manifest: Manifest,
    *,
    state: StateFolder = None,
    host: Annotated[str, typer.Option(help="Address to serve on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to serve on.", min=1, max=65535)] = 3000,
    fresh: Annotated[bool, typer.Option("--fresh", help="Forget earlier runs first.")] = False,
    retrain: Annotated[bool, typer.Option("--retrain", help="Train the model anew.")] = False,
    detach: Annotated[
        bool, typer.Option("-d", "--detach", help="Run in the background; end with `down`.")
    ] = False,
) -> None:
    """Run a feature store and its model on this machine, until Ctrl-C."""
    from hotplate.local.detached import up_detached  # noqa: PLC0415  (needs the extra `local`)
    from hotplate.local.steps import Steps  # noqa: PLC0415
    from hotplate.local.up import Options  # noqa: PLC0415
    from hotplate.local.up import up as run_up  # noqa: PLC0415

    options = Options(manifest, state, host, port, fresh, retrain)
    with _ended_by_signals(), _errors_shown():
        if detach:
            up_detached(options)
        else:
            run_up(options, Steps(Console()))


@app.command()
def plan(manifest: Manifest, state: StateFolder = None) -> None:
    """Show what applying the definitions would change; change nothing."""
    from hotplate.local.planned import show_plan  # noqa: PLC0415

    with _ended_by_signals(), _errors_shown():
        show_plan(manifest, state, Console())


@app.command()
def status(state: StateFolder = None) -> None:
    """Show views, watermarks, rows and models of the runs started in this folder."""
    from hotplate.local.status import show_status  # noqa: PLC0415

    with _errors_shown():
        show_status(state, Console())


@app.command()
def down(state: StateFolder = None) -> None:
    """End what `hotplate up -d` started in this folder."""
    from hotplate.local.status import down as end  # noqa: PLC0415

    with _errors_shown():
        end(state, Console())


@app.command()
def init(name: Annotated[str, typer.Argument(help="Name of the new project.")]) -> None:
    """Write a small project of your own: definitions, data, bento and manifest."""
    from hotplate.init import InitError  # noqa: PLC0415
    from hotplate.init import init as write_project  # noqa: PLC0415

    try:
        folder = write_project(name, Path.cwd())
    except InitError as error:
        _fail(error)
    typer.echo(f"{folder} is written; run it: hotplate up {name}/{name}.yaml")


@app.command()
def crds(
    folder: Annotated[Path, typer.Argument(help="Where the CustomResourceDefinitions go.")],
    check: Annotated[
        bool, typer.Option("--check", help="Only say whether they are current.")
    ] = False,
) -> None:
    """Write the CustomResourceDefinitions of FeatureStore and ModelDeployment."""
    if not check:
        crd_files.write(folder)
    elif stale := crd_files.stale_files(folder):
        _fail(
            f"not current: {', '.join(map(str, stale))}; write them with `hotplate crds {folder}`"
        )


@contextmanager
def _errors_shown() -> Iterator[None]:
    try:
        yield
    except (LocalError, ManifestError, JobError) as error:
        _fail(error)


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    """Let SIGTERM end a run as Ctrl-C does, and end quietly."""

    def interrupt(*_: Any) -> NoReturn:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    except KeyboardInterrupt:
        typer.echo("Ended.")


def _fail(error: Exception | str) -> NoReturn:
    typer.secho(f"error: {error}", fg=typer.colors.RED, err=True)
    raise typer.Exit(1)


if __name__ == "__main__":
    app()
