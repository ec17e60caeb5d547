"""The one error that ends a job."""

from __future__ import annotations


class JobError(Exception):
    """A job cannot go on: a reason in CamelCase for a condition, and a message with what to do."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(reason, message)
        self.reason = reason
        self.message = message

    def __str__(self) -> str:
        return f"{self.reason}: {self.message}"
