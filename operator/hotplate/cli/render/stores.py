"""Feature stores with their views, and the models that read them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from rich.console import Console
from rich.table import Table

from hotplate.api import FeatureStore, ModelDeployment
from hotplate.api.v1alpha1.feature_store_status import FeatureStoreStatus, JobRun, ViewProgress
from hotplate.api.v1alpha1.model_deployment_status import ModelDeploymentStatus
from hotplate.cli.render.text import readiness, show_heading, show_line

_FINE = ("Running", "Succeeded")


def show_resources(
    stores: Sequence[FeatureStore],
    model_deployments: Sequence[ModelDeployment],
    now: datetime,
    console: Console,
) -> None:
    """Print each FeatureStore with the ModelDeployments that read it, then those without one."""
    for store in stores:
        show_heading(store.metadata.name, readiness(store), console)
        show_store(store.status, now, console)
        _show_readers(store.metadata.name, model_deployments, console)
    known = {store.metadata.name for store in stores}
    for name in sorted({each.spec.feature_store_ref.name for each in model_deployments} - known):
        show_heading(name, "no such FeatureStore", console)
        _show_readers(name, model_deployments, console)


def show_store(status: FeatureStoreStatus, now: datetime, console: Console) -> None:
    """Print the revision of a feature store, its views, and each materialization that failed."""
    if status.revision is not None:
        show_line(f"  revision {status.revision.id}", console)
    if status.views:
        console.print(_views(status.views, now))
    for view in status.views:
        if problem := _problem(view.last_run):
            show_line(f"  {view.name}: {problem}", console)


def show_model(status: ModelDeploymentStatus, console: Console) -> None:
    """Print the model that serves, with the metrics of the training that made it."""
    if status.model is None:
        return
    trained, version = status.training, status.model.version
    metrics = trained.metrics if trained is not None and trained.version == version else {}
    figures = ", ".join(f"{name} {value:g}" for name, value in metrics.items())
    show_line(f"  model {version}{f' ({figures})' if figures else ''}", console)


def _show_readers(
    store: str, model_deployments: Iterable[ModelDeployment], console: Console
) -> None:
    for each in model_deployments:
        if each.spec.feature_store_ref.name == store:
            show_model(each.status, console)
            show_line(f"  ModelDeployment {each.metadata.name}: {_serving(each)}", console)


def _serving(model_deployment: ModelDeployment) -> str:
    status = model_deployment.status
    pods = f"{status.stable.ready} pods at {status.url}; " if status.stable is not None else ""
    return f"{pods}{readiness(model_deployment)}"


def _problem(run: JobRun | None) -> str:
    if run is None or run.result in _FINE:
        return ""
    return f"Job {run.job}: {run.result}: {run.message}".rstrip(": ")


def _views(views: Iterable[ViewProgress], now: datetime) -> Table:
    table = Table(box=None, pad_edge=True)
    for column in ("VIEW", "WATERMARK (UTC)", "STALENESS", "ROWS"):
        table.add_column(column, justify="right" if column == "ROWS" else "left", no_wrap=True)
    for view in views:
        rows = "" if view.rows is None else f"{view.rows:,}"
        table.add_row(view.name, *_staleness(view.watermark, now), rows)
    return table


def _staleness(watermark: datetime | None, now: datetime) -> tuple[str, str]:
    """Return the watermark and its age as text."""
    if watermark is None:
        return "never", ""
    staleness = timedelta(seconds=round((now - watermark).total_seconds()))
    return f"{watermark:%Y-%m-%d %H:%M:%S}", str(staleness)
