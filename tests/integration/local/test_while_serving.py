"""A run that serves keeps its resources as the manifest has them, edit by edit."""

from __future__ import annotations

import json
import re
from pathlib import Path

import httpx
from local.conftest import Run

READY = "Ctrl-C ends it."
NEVER = '"0 0 1 1 *"'
SECOND_VIEW = """
driver_second_stats = FeatureView(
    name="driver_second_stats",
    entities=[driver],
    schema=[Field(name="driver_id", dtype=Int64), Field(name="acc_rate", dtype=Float64)],
    source=driver_hourly_stats.batch_source,
)
"""


class Served:
    """A run that serves, whose manifest and definitions a test edits."""

    def __init__(self, manifest: Path, run: Run) -> None:
        self.manifest, self.run = manifest, run
        self.definitions = manifest.parent / "driver_stats" / "feature_repo" / "driver_features.py"
        self._read = 0

    def edit(self, file: Path, old: str, new: str) -> None:
        """Save the file with an edit."""
        text = file.read_text()
        assert old in text, f"{old}\nis not in\n{text}"
        self._read = len(self.run.output())
        file.write_text(text.replace(old, new))

    def until(self, text: str) -> str:
        """Wait until the run has printed the text since the last edit; return what it printed."""
        self.run.until_after(self._read, text)
        return self.run.output()[self._read :]

    def score(self) -> dict[str, object]:
        """Return the answer to the example's request."""
        found = re.search(r"-d '(\{.*\})'", self.run.output())
        assert found is not None
        answer = httpx.post(f"{self.run.url}/score", json=json.loads(found[1]), timeout=10)
        scored: dict[str, object] = answer.json()
        return scored
