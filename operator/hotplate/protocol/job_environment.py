"""What a Job's pod finds: files that are mounted there, and environment variables."""

from __future__ import annotations

FOLDER = "/etc/hotplate"
"""The folder of a pod with the files that Hotplate mounts."""

GOLDEN_ROWS = "rows.jsonl"
"""The file in it with the golden rows of a verification."""

RESULT = "HOTPLATE_RESULT"
"""The digest of the stored result of which a Job returns a part."""

RESULT_PART = "HOTPLATE_RESULT_PART"
"""The number of that part; the first is 0."""
