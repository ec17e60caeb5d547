"""The error that ends a Job."""

from __future__ import annotations


class JobError(Exception):
    """A Job failed: a CamelCase reason for a condition, and a message that names the fix."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(reason, message)
        self.reason = reason
        self.message = message

    def __str__(self) -> str:
        return f"{self.reason}: {self.message}"
