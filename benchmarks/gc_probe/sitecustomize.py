"""Keeps the longest garbage-collection pause of a process in a file, once a marker file exists.

Python imports it by itself where this folder is on PYTHONPATH.
"""

import gc
import os
import time
from pathlib import Path

_FOLDER = os.environ.get("GC_PROBE")
_state = {"started": 0.0, "longest": 0.0}


def _seen(phase: str, _: dict[str, int]) -> None:
    if phase == "start":
        _state["started"] = time.perf_counter()
        return
    pause = time.perf_counter() - _state["started"]
    if pause > _state["longest"] and (Path(str(_FOLDER)) / "armed").exists():
        _state["longest"] = pause
        (Path(str(_FOLDER)) / f"{os.getpid()}.pause").write_text(str(pause))


if _FOLDER:
    gc.callbacks.append(_seen)
