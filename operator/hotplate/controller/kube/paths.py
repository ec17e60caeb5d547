"""Paths of the API server's objects."""

from __future__ import annotations

from urllib.parse import quote


def plural(kind: str) -> str:
    """Return the plural of a kind in paths, by the rule of Kubernetes' own code generators.

    That is `UnsafeGuessKindToResource` of apimachinery, which holds for every kind used here.
    """
    word = kind.lower()
    if word.endswith("s"):
        return f"{word}es"
    return f"{word[:-1]}ies" if word.endswith("y") else f"{word}s"


def path_of(api_version: str, kind: str, namespace: str | None, name: str | None = None) -> str:
    """Return the path of an object, of all of a kind in a namespace, or of all of a kind."""
    root = f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"
    scope = f"/namespaces/{quote(namespace)}" if namespace else ""
    item = f"/{quote(name)}" if name else ""
    return f"{root}{scope}/{plural(kind)}{item}"


def resource_of(path: str) -> str:
    """Return the plural that a path names, with its subresource: `jobs`, `featurestores/status`."""
    _, _, rest = path.partition("/namespaces/")
    parts = (
        rest.split("/")[1:] if rest else path.split("/")[4 if path.startswith("/apis/") else 3 :]
    )
    return "/".join(part for number, part in enumerate(parts) if number != 1)
