"""A command for each Job."""

import typer

from hotplate import jobs
from hotplate.api import ModelDeployment
from hotplate.jobs import git
from hotplate.jobs.command.inputs import (
    every,
    only,
    readers_of,
    time_of,
    verified_model,
    workspace_of,
)
from hotplate.jobs.command.options import (
    Artifacts,
    Checkout,
    Definitions,
    EmbeddedStore,
    End,
    File,
    GitRef,
    GitSecret,
    GitUrl,
    GoldenRows,
    ModelStore,
    Part,
    PinnedVersion,
    PlanHash,
    Readers,
    Start,
    StoredDigest,
    View,
)
from hotplate.jobs.command.report import emit, report
from hotplate.jobs.workspace import Window
from hotplate.protocol.job_results import CommitResult

app = typer.Typer(
    name="job",
    help="Run one Job of a FeatureStore or ModelDeployment, as the Job's pod does.",
    no_args_is_help=True,
)


@app.command()
def resolve(url: GitUrl, ref: GitRef, secret: GitSecret = None) -> None:
    """Return the commit that a branch, tag or commit of a Git repository stands for."""
    emit(lambda: CommitResult(commit=git.resolve(git.Source(url, ref, secret))))


@app.command()
def checkout(url: GitUrl, ref: GitRef, folder: Checkout, secret: GitSecret = None) -> None:
    """Put the files of a branch, tag or commit of a Git repository into a folder."""
    emit(lambda: CommitResult(commit=git.checkout(git.Source(url, ref, secret), folder)))


@app.command()
def preflight(
    file: File,
    definitions: Definitions = None,
    embedded_store: EmbeddedStore = None,
) -> None:
    """Check that the stores can be reached and used, without changing anything."""
    report(lambda: workspace_of(file, definitions, embedded_store), jobs.preflight)


@app.command()
def plan(
    file: File,
    definitions: Definitions = None,
    embedded_store: EmbeddedStore = None,
) -> None:
    """Show what applying the definitions would change."""
    report(lambda: workspace_of(file, definitions, embedded_store), jobs.plan)


@app.command()
def apply(  # noqa: PLR0913, PLR0917  an option each
    file: File,
    definitions: Definitions = None,
    embedded_store: EmbeddedStore = None,
    artifacts: Artifacts = None,
    plan_hash: PlanHash = None,
    readers: Readers = None,
) -> None:
    """Apply the definitions, unless they take away more than spec.apply allows."""
    report(
        lambda: workspace_of(
            file,
            definitions,
            embedded_store,
            artifacts=artifacts,
            plan_hash=plan_hash,
            readers=readers_of(readers),
        ),
        jobs.apply,
    )


@app.command()
def materialize(  # noqa: PLR0913, PLR0917  an option each
    file: File,
    view: View,
    definitions: Definitions = None,
    embedded_store: EmbeddedStore = None,
    start: Start = None,
    end: End = None,
    readers: Readers = None,
) -> None:
    """Write a feature view's window to the online store."""
    report(
        lambda: workspace_of(file, definitions, embedded_store, readers=readers_of(readers)),
        lambda workspace: jobs.materialize(workspace, view, Window(time_of(start), time_of(end))),
    )


@app.command()
def train(
    file: File,
    definitions: Definitions = None,
    embedded_store: EmbeddedStore = None,
    model_store: ModelStore = None,
) -> None:
    """Train the model, and save it if it passes the gate."""
    report(
        lambda: workspace_of(file, definitions, embedded_store, model_store_home=model_store),
        lambda workspace: jobs.train(workspace, only(file, ModelDeployment)),
    )


@app.command()
def verify(  # noqa: PLR0913, PLR0917  an option each
    file: File,
    definitions: Definitions = None,
    embedded_store: EmbeddedStore = None,
    model_store: ModelStore = None,
    model: PinnedVersion = None,
    golden_rows: GoldenRows = None,
) -> None:
    """Compare the online store with the offline store, and the model with the feature service."""
    report(
        lambda: workspace_of(file, definitions, embedded_store, model_store_home=model_store),
        lambda workspace: jobs.verify(
            workspace,
            verified_model(file, model) if model_store and every(file, ModelDeployment) else None,
            golden_rows,
        ),
    )


@app.command()
def teardown(file: File, embedded_store: EmbeddedStore = None) -> None:
    """Remove the project's rows from the online store and its objects from the registry."""
    report(lambda: workspace_of(file, file.parent, embedded_store), jobs.teardown)


@app.command()
def result(
    file: File,
    digest: StoredDigest,
    part: Part,
    embedded_store: EmbeddedStore = None,
    artifacts: Artifacts = None,
) -> None:
    """Return one part of a result that does not fit a termination message."""
    report(
        lambda: workspace_of(file, file.parent, embedded_store, artifacts=artifacts),
        lambda workspace: jobs.result_part(workspace, digest, part),
    )
