"""Feast as in a process of its user, whatever a Job has changed of it in this one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from feast import FeatureView, OnDemandFeatureView
from feast.stream_feature_view import StreamFeatureView

_VIEWS = (FeatureView, StreamFeatureView, OnDemandFeatureView)
_READ = {view: vars(view)["from_proto"] for view in _VIEWS}
"""How Feast reads views of a registry; a Job's process reads them without their functions."""


@contextmanager
def user_process() -> Iterator[None]:
    """Let Feast read views with their functions until the block ends."""
    changed = {view: vars(view)["from_proto"] for view in _VIEWS}
    _set(_READ)
    try:
        yield
    finally:
        _set(changed)


def _set(read: dict[type, object]) -> None:
    for view, function in read.items():
        view.from_proto = function  # type: ignore[attr-defined]
