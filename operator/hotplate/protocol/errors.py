"""The errors of documents that one process wrote and another cannot use."""

from __future__ import annotations


class SettingsError(Exception):
    """The serving settings are missing or wrong; the message has a line per field."""
