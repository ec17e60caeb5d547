"""`python -m hotplate.cli` is the `hotplate` command."""

from hotplate.cli import app

app()
