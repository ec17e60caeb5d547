"""Where things are kept, and how a cluster that cannot be had says why."""

import os
import sys
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
CRDS = CHECKOUT / "crds"
GO_MODULES = Path(__file__).resolve().parent / "go"
NODE_FILES = Path(__file__).resolve().parent / "node"


class ClusterUnavailableError(Exception):
    """No cluster of the wanted level can be had here; the message says what is needed."""


def cache_folder() -> Path:
    """Return the folder for what is built once: `HOTPLATE_CACHE`, else one in the user's cache."""
    if chosen := os.environ.get("HOTPLATE_CACHE"):
        return Path(chosen)
    user_cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(user_cache) / "hotplate"


def say(line: str) -> None:
    """Print a line of progress at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
