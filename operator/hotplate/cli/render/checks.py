"""The checks of a preflight as a table."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from hotplate.protocol.job_results import Check, Verdict

_COLOURS = {
    Verdict.PASSED: "green",
    Verdict.WARNING: "yellow",
    Verdict.NOT_CHECKED: "yellow",
    Verdict.FAILED: "red",
}


def show_checks(checks: Sequence[Check], console: Console) -> None:
    """Print each check with its result and what it found."""
    if not checks:
        console.print("Nothing to check: every store is embedded or a file.")
        return
    table = Table("Condition", "Check", "Result", "What was found")
    for check in checks:
        colour = _COLOURS[check.verdict]
        result = f"[{colour}]{check.verdict.value}[/{colour}]"
        table.add_row(check.condition, check.name, result, escape(check.message))
    console.print(table)
