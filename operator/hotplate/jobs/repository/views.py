"""The feature views of a project, stream views too: those that are applied, and those defined."""

from __future__ import annotations

from typing import Any


def applied_views(registry: Any, project: str) -> tuple[Any, ...]:
    """Return the feature views in Feast's registry."""
    return (
        *registry.list_feature_views(project=project),
        *registry.list_stream_feature_views(project=project),
    )


def defined_views(contents: Any) -> tuple[Any, ...]:
    """Return the feature views of a repository (Feast's RepoContents)."""
    return (*contents.feature_views, *contents.stream_feature_views)
