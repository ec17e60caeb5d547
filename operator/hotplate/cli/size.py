"""`hotplate size`: what many entities take."""

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
    from hotplate.sizing.sample import Sample  # noqa: PLC0415
    from hotplate.sizing.size import Options, show_size  # noqa: PLC0415  (the extra `local`)

    fixed = dict(_entities(given) for given in entities or ())
    options = Options(Sample(rows, string_bytes), fixed, replicas, prices)
    with ended_by_signals(), errors_shown():
        show_size(manifest, options, Console())


def _entities(given: str) -> tuple[str, int]:
    name, _, count = given.rpartition("=")
    if not name or not count.isdecimal():
        fail(f"--entities {given}: expected JOIN_KEY=COUNT, such as zipcode=42000")
    return name, int(count)
