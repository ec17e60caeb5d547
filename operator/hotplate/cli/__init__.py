"""The `hotplate` command: the only package that prints."""

from __future__ import annotations

import typer

from hotplate.cli.approve import approve
from hotplate.cli.generate import crds, init, reference
from hotplate.cli.inspect import doctor, plan, status
from hotplate.cli.size import size
from hotplate.cli.up import down, up
from hotplate.jobs.command import app as job_app

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Keeps a Feast feature store fresh and serves BentoML models from it within 10 ms.",
)
for command in (up, plan, approve, status, down, size, doctor, init, crds, reference):
    app.command()(command)
app.add_typer(job_app, name="job", help="Run one Job of a resource, as the Job's pod does.")
