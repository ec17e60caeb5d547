"""What `hotplate plan` and `hotplate status` print, of this machine and of a cluster alike."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from rich.console import Console
from rich.markup import escape
from rich.table import Table


@dataclass(frozen=True)
class ShownView:
    """A feature view; `problem` says why its last materialization failed, if it did."""

    name: str
    watermark: datetime | None
    rows: int | None
    problem: str = ""


@dataclass(frozen=True)
class ShownModel:
    """A model with what it scored on held-out rows; `serving` says by what and how well."""

    version: str
    metrics: Mapping[str, float] = field(default_factory=dict)
    serving: str = ""


@dataclass(frozen=True)
class ShownStore:
    """A feature store: `state` is one line on whether all is well."""

    name: str
    state: str
    revision: str = ""
    views: tuple[ShownView, ...] = ()
    models: tuple[ShownModel, ...] = ()


@dataclass(frozen=True)
class ShownPlan:
    """What an apply would change, and the gate that it has to pass.

    `note` says what has become of the plan, where it is one of the past.
    """

    summary: tuple[str, ...]
    counts: tuple[int, int, int]
    hash: str
    max_deletions: int
    approve: str | None = None
    note: str = ""

    @property
    def is_blocked(self) -> bool:
        """Whether it deletes more than may be deleted without its approval."""
        return self.counts[2] > self.max_deletions and self.approve != self.hash


def short(digest: str) -> str:
    """Return the first digits of a hash, for a person."""
    return digest.removeprefix("sha256:")[:12]


def show_stores(stores: Iterable[ShownStore], now: datetime, console: Console) -> None:
    """Print each feature store: its state, revision, views and models."""
    for store in stores:
        _line(console, f"[bold]{escape(store.name)}[/bold]: {escape(store.state)}")
        if store.revision:
            _line(console, f"  revision {escape(short(store.revision))}")
        if store.views:
            console.print(_views(store.views, now))
        for view in store.views:
            if view.problem:
                _line(console, f"  {escape(view.name)}: {escape(view.problem)}")
        for model in store.models:
            _show_model(model, console)


def show_plan(plan: ShownPlan, console: Console) -> None:
    """Print the plan, its figures, and whether `spec.apply` lets it pass."""
    for line in plan.summary:
        _line(console, escape(line))
    _line(console, "{} to create, {} to update, {} to delete".format(*plan.counts))
    if plan.is_blocked:
        _line(
            console,
            f"It deletes more than spec.apply.maxDeletions ({plan.max_deletions}) and will be "
            f"refused, unless spec.apply.approve is {plan.hash}",
        )
    if plan.note:
        _line(console, escape(plan.note))


def _show_model(model: ShownModel, console: Console) -> None:
    metrics = ", ".join(f"{name} {value:g}" for name, value in model.metrics.items())
    if model.version:
        figures = f" ({metrics})" if metrics else ""
        _line(console, f"  model {escape(model.version)}{escape(figures)}")
    if model.serving:
        _line(console, f"  {escape(model.serving)}")


def _views(views: Iterable[ShownView], now: datetime) -> Table:
    table = Table(box=None, pad_edge=True)
    for column in ("VIEW", "WATERMARK (UTC)", "STALENESS", "ROWS"):
        table.add_column(column, justify="right" if column == "ROWS" else "left", no_wrap=True)
    for view in views:
        rows = "" if view.rows is None else f"{view.rows:,}"
        table.add_row(view.name, *_age(view.watermark, now), rows)
    return table


def _age(watermark: datetime | None, now: datetime) -> tuple[str, str]:
    """Return the watermark and its age as text."""
    if watermark is None:
        return "never", ""
    staleness = timedelta(seconds=round((now - watermark).total_seconds()))
    return f"{watermark:%Y-%m-%d %H:%M:%S}", str(staleness)


def _line(console: Console, text: str) -> None:
    console.print(text, highlight=False, soft_wrap=True)
