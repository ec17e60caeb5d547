"""The Jobs that have ended, as files by their names: what a cluster keeps as Job objects."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from hotplate.decide.observed import JobState, Outcome
from hotplate.local.files import write_whole
from hotplate.protocol.job_results import FailedResult, parse_result
from hotplate.protocol.results import Result


class FinishedJob(BaseModel):
    """A Job that has ended; `owner` is the kind of its resource, `job` what it did."""

    name: str
    owner: str
    job: str
    state: JobState
    reason: str
    message: str = ""
    result: dict[str, Any] | None = None
    started: datetime
    finished: datetime
    kept_seconds: int

    @property
    def expires(self) -> datetime:
        """When it is deleted; if it failed, it may run again then."""
        return self.finished + timedelta(seconds=self.kept_seconds)

    @property
    def outcome(self) -> Outcome:
        """The Job as a decision sees it."""
        return Outcome(
            self.state,
            self.reason,
            self.message,
            self._parsed(),
            started=self.started,
            finished=self.finished,
        )

    def _parsed(self) -> Result | None:
        if self.result is None:
            return None
        if self.state is JobState.FAILED:
            return FailedResult.model_validate(self.result)
        return parse_result(self.job, self.result)


class FinishedJobs:
    """The files of the Jobs that have ended, in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def all(self) -> list[FinishedJob]:
        """Return them in the order of their names; a file that cannot be read counts as none."""
        files = sorted(self._folder.glob("*.json"))
        return [job for file in files if (job := _read(file)) is not None]

    def keep(self, job: FinishedJob) -> None:
        """Write the file of a Job that has ended."""
        self._folder.mkdir(exist_ok=True)
        write_whole(self._file(job.name), job.model_dump_json(indent=2))

    def delete(self, name: str) -> None:
        """Delete the file of a Job, if it has one."""
        self._file(name).unlink(missing_ok=True)

    def failed(self) -> list[FinishedJob]:
        """Return those that failed, the one that failed last first."""
        found = [job for job in self.all() if job.state is JobState.FAILED]
        return sorted(found, key=lambda job: job.finished, reverse=True)

    def delete_failed(self) -> None:
        """Delete those that failed, so that they run again now."""
        for job in self.failed():
            self.delete(job.name)

    def delete_expired(self, now: datetime) -> bool:
        """Delete those whose time has come; return whether there was one."""
        expired = [job for job in self.all() if job.expires <= now]
        for job in expired:
            self.delete(job.name)
        return bool(expired)

    def _file(self, name: str) -> Path:
        return self._folder / f"{name}.json"


def _read(file: Path) -> FinishedJob | None:
    """Return the Job of a file, None if it is of another release: the Job then runs again."""
    try:
        job = FinishedJob.model_validate_json(file.read_text())
        is_known = job.outcome.result is not None or job.state is JobState.FAILED
    except ValidationError:
        return None
    return job if is_known else None
