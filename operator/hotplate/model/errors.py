"""The errors of models that cannot be used."""

from __future__ import annotations


class ModelError(Exception):
    """The model is missing, corrupted, or made for other features than are served."""
