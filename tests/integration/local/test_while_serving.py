"""A run that serves keeps its resources as its files have them, edit by edit."""

from __future__ import annotations

import json
import re
import shutil
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from hotplate.local.state import State
from support import ROOT
from support.local.process import Run

READY = "Ctrl-C ends it."
SECOND_VIEW = """
driver_ratings = FeatureView(
    name="driver_ratings",
    entities=[driver],
    schema=[Field(name="driver_id", dtype=Int64), Field(name="acc_rate", dtype=Float64)],
    source=driver_hourly_stats.batch_source,
)
"""


class Served:
    """A run that serves, whose files a test edits."""

    def __init__(self, manifest: Path, run: Run) -> None:
        self.manifest, self.run = manifest, run
        self.definitions = manifest.parent / "driver_stats" / "feature_repo" / "driver_features.py"
        self.state = State(run.folder)
        self._before = 0

    def edit(self, file: Path, old: str, new: str) -> None:
        """Save the file with an edit."""
        text = file.read_text()
        assert old in text, f"{old} is not in {text}"
        self._before = len(self.run.output())
        file.write_text(text.replace(old, new))

    def until(self, text: str) -> str:
        """Wait until the run has printed the text since the last edit; return all since then."""
        self.run.until(text, after=self._before)
        return self.run.output()[self._before :]

    def model(self) -> str:
        """Return the model that answers; nothing while none does."""
        request = example(self.run.output())
        try:
            answer = httpx.post(f"{self.run.url}/score", json=request, timeout=10)
        except httpx.TransportError:
            return ""
        return str(answer.json().get("modelVersion", ""))


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One run that serves for the module: each test edits what the one before has left."""
    folder = tmp_path_factory.mktemp("project")
    shutil.copytree(ROOT / "examples" / "driver_stats", folder / "driver_stats")
    manifest = folder / "driver-stats.yaml"
    text = (ROOT / "examples" / manifest.name).read_text()
    patient = "  latency: {budget: 5s, featureDeadline: 4s}\n  featureService:"
    text = text.replace("  featureService:", patient).replace('"5 * * * *"', '"0 0 1 1 *"')
    manifest.write_text(text)
    run = Run(folder / "state", manifest)
    try:
        yield Served(manifest, run.until(READY, seconds=240))
    finally:
        run.end()


def test_a_view_that_the_spec_does_not_name_is_applied_and_not_materialized(served) -> None:
    end = "\ndriver_stats_v1 = FeatureService("
    served.edit(served.definitions, end, SECOND_VIEW + end)

    served.until("✓ apply")
    output = served.until("✓ materialize driver_hourly_stats")
    assert "materialize driver_ratings" not in output
    store = served.state.feature_store()
    assert [view.name for view in store.status.views] == ["driver_hourly_stats"]


def test_a_plan_that_deletes_a_view_is_blocked_until_it_is_approved(served) -> None:
    served.edit(served.definitions, SECOND_VIEW, "")
    output = served.until("ApplyBlocked")
    assert "… apply" not in output
    approve = re.search(r"spec.apply.approve: (sha256:\S+)", output)
    assert approve is not None

    served.edit(
        served.manifest,
        "  materialization:",
        f"  apply: {{approve: {approve[1]}}}\n  materialization:",
    )
    served.until("✓ apply")


def test_an_edited_training_trains_a_model_that_takes_over_once_it_is_verified(served) -> None:
    before = served.model()

    served.edit(served.manifest, "  training:\n", "  training:\n    tree: {maxDepth: 4}\n")
    served.until("✓ train")
    served.until("✓ verify")
    until(lambda: served.model() not in {before, ""})


def test_a_model_whose_golden_rows_differ_does_not_take_over(served) -> None:
    before = served.model()
    rows = served.manifest.with_name("rows.jsonl")
    request = example(served.run.output())
    rows.write_text(json.dumps({"request": request, "probability": 0.0001}) + "\n")

    bento = "    hotplate.dev/local-bento:"
    text = served.manifest.read_text()
    text = text.replace(bento, f"    hotplate.dev/local-golden-rows: rows.jsonl\n{bento}")
    served.manifest.write_text(text)
    rollout = "  rollout: {goldenRows: {configMap: {name: golden}}}\n  training:\n"
    served.edit(
        served.manifest,
        "  training:\n    tree: {maxDepth: 4}",
        f"{rollout}    tree: {{maxDepth: 5}}",
    )
    served.until("✓ train")
    output = served.until("✗ verify")
    assert "GoldenRowsDiffer" in output
    assert served.model() == before

    served.edit(served.manifest, rollout, "  training:\n")
    served.until("✓ verify")
    until(lambda: served.model() not in {before, ""})


def test_a_backfill_writes_its_window(served) -> None:
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    window = (
        f"start: {today - timedelta(days=3):%Y-%m-%dT00:00:00Z}, end: {today:%Y-%m-%dT00:00:00Z}"
    )

    backfills = f"  backfills:\n    - {{name: first, {window}, chunk: 2d}}\n  materialization:"
    served.edit(served.manifest, "  materialization:", backfills)
    served.until("✓ materialize driver_hourly_stats")
    until(lambda: [each.done for each in served.state.feature_store().status.backfills] == [2])


def test_a_job_is_retried_as_often_as_the_spec_says_and_ended_at_its_deadline(served) -> None:
    before = served.model()

    limits = "    onFailure: {retries: 1}\n    tree: {maxDepth: 5}"
    served.edit(served.manifest, "    tree: {maxDepth: 5}", limits.replace("5}", "6}"))
    served.until("✓ verify")
    until(lambda: served.model() not in {before, ""})
    before = served.model()

    served.edit(served.manifest, "minimum: 0.75", "minimum: 0.999")
    output = served.until("✗ train")
    assert output.count("train: attempt") == 1
    assert "GateFailed" in output
    served.edit(served.manifest, "retries: 1}", "retries: 1, deadline: 1ms}")
    assert "DeadlineExceeded" in served.until("✗ train")
    assert served.model() == before


def test_what_is_suspended_says_so_and_serves(served) -> None:
    served.edit(served.manifest, "  project:", "  suspend: true\n  project:")

    assert "spec.suspend is true" in served.until("FeatureStore driver-stats: Suspended")
    assert served.model()
    served.edit(served.manifest, "  suspend: true\n", "")
    served.until("has changed")


def test_a_schedule_that_is_due_is_run(served) -> None:
    (view,) = served.state.feature_store().status.views
    last = view.last_run.due
    until(lambda: datetime.now(UTC) - last > timedelta(minutes=1), seconds=61)

    due = datetime.now(UTC) - timedelta(seconds=1)
    served.edit(served.manifest, '"0 0 1 1 *"', f'"{due.minute} {due.hour} * * *"')
    served.until("✓ materialize driver_hourly_stats")


def example(output: str) -> dict[str, Any]:
    """Return the example request of the printed curl line."""
    found = re.search(r"-d '(\{.*\})'", output)
    assert found is not None, output
    request: dict[str, Any] = json.loads(found[1])
    return request


def until(check: Callable[[], bool], seconds: float = 60) -> None:
    """Wait until the check holds."""
    deadline = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < deadline, "not in time"
        time.sleep(0.2)
