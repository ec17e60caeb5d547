"""Fixtures of the scoring world."""

from support.scoring.fixtures import bento, model, store

__all__ = ["bento", "model", "store"]
