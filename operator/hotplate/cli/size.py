"""`hotplate size`: how large a cache must be, how long loading takes, what it costs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from hotplate.cli.exit import ended_by_signals, errors_shown, fail
from hotplate.cli.options import Manifest


def size(  # noqa: PLR0913  (a command's options are its parameters)
    manifest: Manifest,
    *,
    entities: Annotated[
        list[str] | None,
        typer.Option(
            help="Fixed number of entities of a join key, such as zipcode=42000.",
            metavar="JOIN_KEY=COUNT",
        ),
    ] = None,
    rows: Annotated[int, typer.Option(help="Rows to measure of each view.", min=1000)] = 50_000,
    string_bytes: Annotated[
        int, typer.Option(help="Bytes of a string in views without a table to sample.", min=1)
    ] = 16,
    replicas: Annotated[int, typer.Option(help="Replicas of each shard.", min=0, max=5)] = 1,
    prices: Annotated[
        Path | None, typer.Option(help="Price table. If omitted, Hotplate's example prices.")
    ] = None,
) -> None:
    """Measure the views' entities, and show the nodes, hours and costs of many of them."""
    from hotplate.cli.render.sizing import show_groups, show_sizes  # noqa: PLC0415
    from hotplate.sizing.sample import Sample  # noqa: PLC0415  (needs the extra `local`)
    from hotplate.sizing.size import Options  # noqa: PLC0415
    from hotplate.sizing.size import size as measure  # noqa: PLC0415

    fixed = dict(_entities(given) for given in entities or ())
    options = Options(Sample(rows, string_bytes), fixed, replicas, prices)
    with ended_by_signals(), errors_shown():
        report, console = measure(manifest, options), Console()
        show_groups(report.groups, report.rows, console)
        show_sizes(report.sizes, report.layout, report.prices, console)


def _entities(given: str) -> tuple[str, int]:
    name, _, count = given.rpartition("=")
    if not name or not count.isdecimal():
        fail(f"--entities {given}: expected JOIN_KEY=COUNT, such as zipcode=42000")
    return name, int(count)
