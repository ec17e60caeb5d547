"""What a Job left behind, and how it refused."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from hotplate.jobs import JobError
from hotplate.jobs.repository.session import connected
from support.feast.small_repository import PROJECT, SmallRepository


def watermark(repository: SmallRepository, view: str) -> datetime | None:
    """Return the end of a view's last materialization, from the registry."""
    found = connected(repository.workspace()).registry.get_feature_view(view, PROJECT)
    return found.most_recent_end_time


def refusal(work: Callable[[], Any]) -> JobError:
    """Do the work; return the error that it ends with, which shows no trace."""
    with pytest.raises(JobError) as caught:
        work()
    assert "Traceback" not in caught.value.message
    return caught.value
