"""What to do about a Job that met one of its limits, in the words of its fields."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

_MEMORY = "raise the memory limit in its resources"

_LIMITS: Mapping[tuple[str, str], str] = MappingProxyType(
    {
        ("OOMKilled", "materialize"): f"{_MEMORY}, or materialize smaller windows",
        ("DeadlineExceeded", "materialize"): (
            "raise spec.materialization.onFailure.deadline, or materialize smaller windows"
        ),
        ("DeadlineExceeded", "train"): "raise spec.training.onFailure.deadline",
    }
)
_LIMITS_OF_OTHERS: Mapping[str, str] = MappingProxyType(
    {"OOMKilled": _MEMORY, "DeadlineExceeded": "its log says what it waited for"}
)


def limit_hint(reason: str, job: str = "") -> str:
    """Return what to do about the reason, empty for one that is no limit; `job` is its name."""
    return _LIMITS.get((reason, job), _LIMITS_OF_OTHERS.get(reason, ""))
