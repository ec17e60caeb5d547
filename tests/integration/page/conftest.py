"""Fixtures of the scoring world."""

from scoring_fixtures import bento, model, store

__all__ = ["bento", "model", "store"]
