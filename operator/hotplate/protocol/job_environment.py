"""What a Job's pod finds: the files that are mounted there."""

from __future__ import annotations

FOLDER = "/etc/hotplate"
"""The folder of a pod with the files that Hotplate mounts."""

GOLDEN_ROWS = "rows.jsonl"
"""The file in it with the golden rows of a verification."""
