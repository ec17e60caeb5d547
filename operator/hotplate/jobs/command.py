"""`hotplate job ...`: progress on stderr, exactly one JSON result on stdout, exit code 0 or 1.

Every option also comes from an environment variable, so that a pod needs no arguments.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated, TextIO, TypeVar

import typer

from hotplate import jobs
from hotplate.api import FeatureStore, ManifestError, ModelDeployment, load_manifests
from hotplate.api.v1alpha1 import names
from hotplate.jobs.errors import JobError
from hotplate.jobs.workspace import Window, Workspace
from hotplate.protocol import bentoml_environment, job_environment
from hotplate.protocol.job_results import FailedResult, Result
from hotplate.protocol.pod_files import GOLDEN_ROWS_FILE, key_of

logger = logging.getLogger(__name__)

R = TypeVar("R", FeatureStore, ModelDeployment)

app = typer.Typer(
    name="job",
    help="Run one Job of a FeatureStore or ModelDeployment, as the Job's pod does.",
    no_args_is_help=True,
)

File = Annotated[
    Path,
    typer.Argument(envvar=job_environment.MANIFEST, help="YAML file with the resources."),
]
Definitions = Annotated[
    Path | None,
    typer.Option(
        envvar=job_environment.DEFINITIONS,
        help=f"Folder of the Feast repository. If omitted, annotation {names.LOCAL_DEFINITIONS}.",
    ),
]
EmbeddedStore = Annotated[
    str | None,
    typer.Option(
        envvar=job_environment.EMBEDDED_STORE, help="redis://host:port of the embedded Valkey."
    ),
]
Artifacts = Annotated[
    str | None,
    typer.Option(
        envvar=job_environment.ARTIFACTS,
        help="Where artifacts are kept. If omitted, spec.artifacts.",
    ),
]
ModelStore = Annotated[
    Path | None,
    typer.Option(
        envvar=bentoml_environment.HOME, help="BentoML's home, which holds the model store."
    ),
]
PinnedVersion = Annotated[
    str | None,
    typer.Option(
        envvar=job_environment.MODEL,
        help="name:version@sha256:… of the model. If omitted, the last one.",
    ),
]
GoldenRows = Annotated[
    Path | None,
    typer.Option(
        envvar=job_environment.GOLDEN_ROWS,
        help=f"{key_of(GOLDEN_ROWS_FILE)} with requests and their known decisions.",
    ),
]
StoredDigest = Annotated[
    str, typer.Option(envvar=job_environment.RESULT, help="sha256:..., of the stored result.")
]
Part = Annotated[
    int, typer.Option(envvar=job_environment.RESULT_PART, help="Which part; the first is 0.")
]
View = Annotated[str, typer.Option(envvar=job_environment.VIEW, help="Name of the feature view.")]
Start = Annotated[
    str | None,
    typer.Option(
        envvar=job_environment.START,
        help="Start of the window, RFC 3339. If omitted, the last watermark.",
    ),
]
End = Annotated[
    str | None,
    typer.Option(envvar=job_environment.END, help="End of the window, RFC 3339. If omitted, now."),
]


@app.command()
def preflight(
    file: File,
    definitions: Definitions = None,
    embedded_store: EmbeddedStore = None,
) -> None:
    """Check that the stores can be reached and used, without changing anything."""
    _report(lambda: _workspace(file, definitions, embedded_store), jobs.preflight)


@app.command()
def plan(
    file: File,
    definitions: Definitions = None,
    embedded_store: EmbeddedStore = None,
) -> None:
    """Show what applying the definitions would change."""
    _report(lambda: _workspace(file, definitions, embedded_store), jobs.plan)


@app.command()
def apply(
    file: File,
    definitions: Definitions = None,
    embedded_store: EmbeddedStore = None,
    artifacts: Artifacts = None,
) -> None:
    """Apply the definitions, unless they delete more than spec.apply allows."""
    _report(lambda: _workspace(file, definitions, embedded_store, artifacts=artifacts), jobs.apply)


@app.command()
def materialize(  # noqa: PLR0913, PLR0917  an option each
    file: File,
    view: View,
    definitions: Definitions = None,
    embedded_store: EmbeddedStore = None,
    start: Start = None,
    end: End = None,
) -> None:
    """Write a feature view's window to the online store."""
    _report(
        lambda: _workspace(file, definitions, embedded_store),
        lambda workspace: jobs.materialize(workspace, view, Window(_time(start), _time(end))),
    )


@app.command()
def train(
    file: File,
    definitions: Definitions = None,
    embedded_store: EmbeddedStore = None,
    model_store: ModelStore = None,
) -> None:
    """Train the model, and save it if it passes the gate."""
    _report(
        lambda: _workspace(file, definitions, embedded_store, model_store=model_store),
        lambda workspace: jobs.train(workspace, _only(file, ModelDeployment)),
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
    _report(
        lambda: _workspace(file, definitions, embedded_store, model_store=model_store),
        lambda workspace: jobs.verify(
            workspace,
            _verified_model(file, model) if model_store and _all(file, ModelDeployment) else None,
            golden_rows,
        ),
    )


@app.command()
def teardown(file: File, embedded_store: EmbeddedStore = None) -> None:
    """Remove the project's rows from the online store and its objects from the registry."""
    _report(lambda: _workspace(file, file.parent, embedded_store), jobs.teardown)


@app.command()
def result(
    file: File,
    digest: StoredDigest,
    part: Part,
    embedded_store: EmbeddedStore = None,
    artifacts: Artifacts = None,
) -> None:
    """Return one part of a result that does not fit a termination message."""
    _report(
        lambda: _workspace(file, file.parent, embedded_store, artifacts=artifacts),
        lambda workspace: jobs.result_part(workspace, digest, part),
    )


def _verified_model(file: Path, version: str | None) -> ModelDeployment:
    """Return the ModelDeployment, of that version of its model where one is given."""
    found = _only(file, ModelDeployment)
    return found if version is None else found.of_model(version)


def _report(workspace: Callable[[], Workspace], job: Callable[[Workspace], Result]) -> None:
    """Run the job; print its result or failure as JSON, and exit."""
    logging.basicConfig(
        level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(message)s", force=True
    )
    with _stdout_kept() as stdout:
        result = _result(workspace, job)
        stdout.write(result.to_json() + "\n")
    raise typer.Exit(code=int(isinstance(result, FailedResult)))


def _result(workspace: Callable[[], Workspace], job: Callable[[Workspace], Result]) -> Result:
    try:
        where = workspace()
        return jobs.fitting(where, job(where))
    except JobError as error:
        logger.error("%s", error)  # noqa: TRY400  the message says it all
        return FailedResult.of(error.reason, error.message)
    except ManifestError as error:
        logger.error("%s", error)  # noqa: TRY400
        return FailedResult.of("ManifestInvalid", str(error))
    except Exception as error:
        logger.exception("the job failed unexpectedly")
        return FailedResult.of("JobFailed", f"{type(error).__name__}: {error}")


@contextmanager
def _stdout_kept() -> Iterator[TextIO]:
    """Yield the real stdout; what Feast and the definitions print goes to stderr meanwhile."""
    sys.stdout.flush()
    kept = os.dup(1)
    os.dup2(2, 1)
    try:
        with os.fdopen(os.dup(kept), "w") as stdout:
            yield stdout
    finally:
        sys.stdout.flush()
        os.dup2(kept, 1)
        os.close(kept)


def _workspace(
    file: Path,
    definitions: Path | None,
    embedded_store: str | None,
    *,
    artifacts: str | None = None,
    model_store: Path | None = None,
) -> Workspace:
    feature_store = _only(file, FeatureStore)
    return Workspace(
        feature_store,
        (definitions or _local_definitions(file, feature_store)).resolve(),
        embedded_store,
        model_store,
        artifacts,
    )


def _local_definitions(file: Path, feature_store: FeatureStore) -> Path:
    relative = feature_store.metadata.annotations.get(names.LOCAL_DEFINITIONS)
    if relative is None:
        raise JobError(
            "DefinitionsMissing",
            f"{file}: no definitions were given: pass --definitions, or set the annotation "
            f"{names.LOCAL_DEFINITIONS}",
        )
    return file.parent / relative


def _only(file: Path, kind: type[R]) -> R:
    found = _all(file, kind)
    if len(found) != 1:
        raise JobError(
            "ManifestInvalid", f"{file} holds {len(found)} {kind.__name__} resources: expected one"
        )
    return found[0]


def _all(file: Path, kind: type[R]) -> list[R]:
    return [each for each in load_manifests(file) if isinstance(each, kind)]


def _time(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise JobError(
            "WindowInvalid", f"{text}: expected a time such as 2026-01-31T00:00Z"
        ) from error
