"""`hotplate up` and `down`: a feature store and its model on this machine."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console

from hotplate.cli.exit import ended_by_signals, errors_shown
from hotplate.cli.options import Manifest, StateFolder, StateFolders


def up(  # noqa: PLR0913  (a command's options are its parameters)
    manifest: Manifest,
    *,
    state: StateFolder = None,
    host: Annotated[str, typer.Option(help="Address to serve on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to serve on.", min=1, max=65535)] = 3000,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Discard the state of earlier runs first.")
    ] = False,
    retrain: Annotated[
        bool, typer.Option("--retrain", help="Train a new model, even if one exists.")
    ] = False,
    detach: Annotated[
        bool, typer.Option("-d", "--detach", help="Run in the background; `hotplate down` ends it.")
    ] = False,
) -> None:
    """Run a feature store and its model on this machine until Ctrl-C."""
    from hotplate.local.detached import up_detached  # noqa: PLC0415  (needs the extra `local`)
    from hotplate.local.progress import Steps  # noqa: PLC0415
    from hotplate.local.up import Options  # noqa: PLC0415
    from hotplate.local.up import up as run_up  # noqa: PLC0415

    options = Options(manifest, state, host, port, fresh, retrain)
    with ended_by_signals(), errors_shown():
        if detach:
            up_detached(options)
        else:
            run_up(options, Steps(Console()))


def down(state: StateFolders = None) -> None:
    """End the runs that `hotplate up` started in this folder."""
    from hotplate.local.status import down as end  # noqa: PLC0415  (needs the extra `local`)

    console, ended = Console(), []
    with errors_shown():
        for name in end(state):
            console.print(f"{name} is down.", highlight=False)
            ended.append(name)
    if not ended:
        console.print("Nothing is running.")
