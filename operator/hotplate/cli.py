"""The `hotplate` command."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Coroutine, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer
from rich.console import Console

from hotplate.api import ManifestError, crd, generated
from hotplate.api.reference import references
from hotplate.jobs import JobError
from hotplate.jobs.command import app as job_app
from hotplate.local.errors import LocalError

if TYPE_CHECKING:
    from hotplate.remote.read import Place

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
Namespace = Annotated[
    str | None,
    typer.Option("-n", "--namespace", help="On a cluster, the one of KUBECONFIG: a namespace."),
]
Context = Annotated[
    str | None,
    typer.Option("--context", help="On a cluster: a context of KUBECONFIG, and its namespace."),
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
def plan(
    target: Annotated[
        str | None,
        typer.Argument(
            metavar="MANIFEST | [NAME]",
            help="On this machine a manifest; on a cluster a FeatureStore, if there are several.",
            show_default=False,
        ),
    ] = None,
    state: StateFolder = None,
    namespace: Namespace = None,
    context: Context = None,
) -> None:
    """Show what applying the definitions would change; change nothing.

    With -n or --context: the last plan of a FeatureStore on a cluster.
    """
    place = _place(state, namespace, context)
    if place is not None:
        from hotplate.remote.read import print_plan  # noqa: PLC0415

        _on_cluster(print_plan(place, target, Console()))
        return
    from hotplate.local.planned import show_plan  # noqa: PLC0415  (needs the extra `local`)

    if target is None:
        _fail("expected a manifest, or -n NAMESPACE for a cluster")
    with _ended_by_signals(), _errors_shown():
        show_plan(_manifest(target), state, Console())


@app.command()
def status(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="[NAME]",
            help="On a cluster: one FeatureStore or ModelDeployment.",
            show_default=False,
        ),
    ] = None,
    state: StateFolder = None,
    namespace: Namespace = None,
    context: Context = None,
) -> None:
    """Show views, watermarks, rows and models of the runs started in this folder.

    With -n or --context: of the resources on a cluster.
    """
    place = _place(state, namespace, context)
    if place is not None:
        from hotplate.remote.read import print_status  # noqa: PLC0415

        _on_cluster(print_status(place, name, Console()))
        return
    from hotplate.local.status import show_status  # noqa: PLC0415  (needs the extra `local`)

    if name is not None:
        _fail(f"{name}: a name is of a cluster, give -n NAMESPACE; a folder is --state {name}")
    with _errors_shown():
        show_status(state, Console())


@app.command()
def down(state: StateFolder = None) -> None:
    """End what `hotplate up -d` started in this folder."""
    from hotplate.local.status import down as end  # noqa: PLC0415

    with _errors_shown():
        end(state, Console())


@app.command()
def size(  # noqa: PLR0913  (a command's options are its parameters)
    manifest: Manifest,
    *,
    entities: Annotated[
        list[str] | None,
        typer.Option(
            help="Entities that do not grow with the rest: JOIN_KEY=COUNT.", metavar="KEY=N"
        ),
    ] = None,
    rows: Annotated[int, typer.Option(help="Rows of each view to measure.", min=1000)] = 50_000,
    string_bytes: Annotated[
        int, typer.Option(help="Bytes of a string, where there is no table to look at.", min=1)
    ] = 16,
    replicas: Annotated[int, typer.Option(help="Replicas of a shard.", min=0, max=5)] = 1,
    prices: Annotated[
        Path | None, typer.Option(help="Price table in the place of Hotplate's examples.")
    ] = None,
) -> None:
    """Measure what the views' entities take, and show nodes, hours and costs of many of them."""
    from hotplate.sizing.sized import Options, show_size  # noqa: PLC0415  (the extra `local`)
    from hotplate.sizing.tables import Sample  # noqa: PLC0415

    fixed = dict(_entities(given) for given in entities or ())
    options = Options(Sample(rows, string_bytes), fixed, replicas, prices)
    with _ended_by_signals(), _errors_shown():
        show_size(manifest, options, Console())


def _entities(given: str) -> tuple[str, int]:
    name, _, count = given.rpartition("=")
    if not name or not count.isdecimal():
        _fail(f"--entities {given}: expected JOIN_KEY=COUNT, such as zipcode=42000")
    return name, int(count)


@app.command()
def doctor(
    manifest: Annotated[Path, typer.Argument(help="File with one FeatureStore.")],
) -> None:
    """Check that the stores are there and let the feature store work; change nothing.

    The cache's password comes from HOTPLATE_ONLINE_PASSWORD, its CA from HOTPLATE_ONLINE_CA_FILE.
    """
    from hotplate.local.doctor import doctor as check  # noqa: PLC0415

    with _errors_shown():
        if not check(manifest, Console()):
            raise typer.Exit(1)


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


GeneratedFolder = Annotated[Path, typer.Argument(help="Where the files go.")]
OnlyCheck = Annotated[bool, typer.Option("--check", help="Only say whether they are current.")]


@app.command()
def crds(folder: GeneratedFolder, check: OnlyCheck = False) -> None:
    """Write the CustomResourceDefinitions of FeatureStore and ModelDeployment."""
    _generate("crds", folder, crd.custom_resource_definitions(), only_check=check)


@app.command()
def reference(folder: GeneratedFolder, check: OnlyCheck = False) -> None:
    """Write the reference of FeatureStore and ModelDeployment as Markdown."""
    _generate("reference", folder, references(), only_check=check)


def _generate(command: str, folder: Path, texts: Mapping[str, str], *, only_check: bool) -> None:
    if not only_check:
        generated.write(folder, texts)
    elif stale := generated.stale_files(folder, texts):
        listed = ", ".join(map(str, stale))
        _fail(f"not current: {listed}; write them with `hotplate {command} {folder}`")


def _place(state: Path | None, namespace: str | None, context: str | None) -> Place | None:
    """Return where on a cluster to look, or None for this machine."""
    if namespace is None and context is None:
        return None
    if state is not None:
        _fail("--state is of this machine, -n and --context are of a cluster: expected one of them")
    try:
        from hotplate.remote.read import Place  # noqa: PLC0415  (needs the extra `operator`)
    except ModuleNotFoundError as error:
        _fail(f"a cluster needs {error.name}: pip install 'hotplate[operator]'")
    return Place(context, namespace)


def _on_cluster(printing: Coroutine[Any, Any, None]) -> None:
    from hotplate.controller.cluster import ClusterError  # noqa: PLC0415
    from hotplate.remote.errors import RemoteError  # noqa: PLC0415

    try:
        asyncio.run(printing)
    except (ClusterError, RemoteError) as error:
        _fail(error)


def _manifest(target: str) -> Path:
    path = Path(target)
    if not path.exists() and path.suffix not in (".yaml", ".yml"):
        _fail(f"{target}: expected a file, and there is none; on a cluster: -n NAMESPACE {target}")
    return path


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
