"""Views that Hotplate cannot write and read as Feast does, refused with what to do instead."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import yaml

from hotplate.jobs.errors import JobError
from hotplate.jobs.repository.read_plan import features_of
from hotplate.online.layout.fields import field_of

MAX_FEATURES = 3_998
"""Features of a view that one script of the online store can write: Lua passes 8,000 values."""

_VERSIONED = "enable_online_feature_view_versioning"


def refuse_views(views: Iterable[Any]) -> None:
    """Refuse views that are to be online and cannot be; raise `JobError` with every reason."""
    online = [view for view in views if view.online]
    reasons = [*chain.from_iterable(map(_reasons, online)), *_shared_fields(online)]
    if reasons:
        raise JobError("ViewsRefused", "; ".join(reasons))


def refuse_versions(definitions: Path) -> None:
    """Refuse a repository whose own Feast clients read and write versions of views online."""
    file = definitions / "feature_store.yaml"
    settings = yaml.safe_load(file.read_text(encoding="utf-8")) if file.is_file() else None
    registry = settings.get("registry") if isinstance(settings, dict) else None
    if isinstance(registry, dict) and registry.get(_VERSIONED):
        raise JobError(
            "ViewsRefused",
            f"{file.name} sets registry.{_VERSIONED}: rows of a version have fields of their own,"
            " which Jobs do not write and scoring processes do not read; remove the line",
        )


def transforms(view: Any) -> bool:
    """Whether the rows of a view (Feast's) are computed from its source, not read from it."""
    names = ("feature_transformation", "udf", "_raw_udf_proto", "aggregations", "source_views")
    return any(getattr(view, name, None) for name in names)


def _reasons(view: Any) -> Iterator[str]:
    if transforms(view):
        yield (
            f"feature view {view.name} has a transformation, aggregations or views as its source,"
            " which a materialization does not run: compute the values in its data source, or set"
            " online=False"
        )
    features = len(features_of(view))
    if features > MAX_FEATURES:
        yield (
            f"feature view {view.name} has {features:,} features, and a row holds at most"
            f" {MAX_FEATURES:,}: split it"
        )
    if view.ttl and view.ttl.total_seconds() % 1:
        yield (
            f"feature view {view.name} has a ttl of {view.ttl.total_seconds():g} s, which is not"
            " of whole seconds: round it"
        )


def _shared_fields(views: Iterable[Any]) -> Iterator[str]:
    """Yield the features whose values would have the same field of the same Redis hash."""
    found: dict[tuple[frozenset[str], bytes], list[str]] = defaultdict(list)
    for view in views:
        keys = frozenset(view.join_keys)
        for feature in features_of(view):
            name = f"{view.name}:{feature.name}"
            found[keys, field_of(view.name, feature.name)].append(name)
    for names in found.values():
        if len(names) > 1:
            yield (
                f"features {' and '.join(names)} have the same field in the online store, a hash"
                " of 32 bits of their names: rename one"
            )
