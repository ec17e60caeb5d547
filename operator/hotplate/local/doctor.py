"""`hotplate doctor`: the checks of a preflight from this machine, as a table."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from hotplate import jobs
from hotplate.api import FeatureStore, load_manifests
from hotplate.api.v1alpha1 import names
from hotplate.jobs.tasks.preflight import checks
from hotplate.local.errors import LocalError
from hotplate.protocol.job_results import Check, Verdict

_COLOURS = {
    Verdict.PASSED: "green",
    Verdict.WARNING: "yellow",
    Verdict.NOT_CHECKED: "yellow",
    Verdict.FAILED: "red",
}


def doctor(manifest: Path, console: Console) -> bool:
    """Check the stores of a FeatureStore; print a table and return whether none failed.

    Raises `LocalError`, `ManifestError` or `JobError` where nothing can be checked.
    """
    stores = [each for each in load_manifests(manifest) if isinstance(each, FeatureStore)]
    if len(stores) != 1:
        raise LocalError(f"{manifest} holds {len(stores)} FeatureStore resources: expected one")
    folder = stores[0].metadata.annotations.get(names.LOCAL_DEFINITIONS, ".")
    found = checks(jobs.Workplace(stores[0], manifest.parent / folder))
    if not found:
        console.print("Nothing to check: the stores are embedded, or files.")
        return True
    console.print(_table(found))
    return all(check.verdict is not Verdict.FAILED for check in found)


def _table(found: list[Check]) -> Table:
    table = Table("Condition", "Check", "Result", "What was found")
    for check in found:
        colour = _COLOURS[check.verdict]
        result = f"[{colour}]{check.verdict.value}[/{colour}]"
        table.add_row(check.condition, check.name, result, escape(check.message))
    return table
