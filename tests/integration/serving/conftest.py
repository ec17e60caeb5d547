"""The served bento, its store and its model."""

from support.scoring.fixtures import bento, model, store

__all__ = ["bento", "model", "store"]
