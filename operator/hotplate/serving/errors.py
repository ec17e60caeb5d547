"""The errors that keep a scoring process from starting; each says what differs and what to do."""

from __future__ import annotations


class ServingError(Exception):
    """The scoring process cannot start."""


class SettingsError(ServingError):
    """The serving settings are missing or wrong; the message has a line per field."""


class ModelError(ServingError):
    """The model is missing, corrupted, or made for other features than are served."""
