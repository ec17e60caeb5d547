"""Where a scoring pod gets its bento: from its own image, or from a volume of the stock image."""

from __future__ import annotations

from hotplate.api.v1alpha1.model_source import Bento
from hotplate.controller.children.pods import mount
from hotplate.controller.kube.manifest import Manifest

FOLDER = "/bento"
"""Folder in which the serving image looks for the bento."""

_VOLUME = "bento"


def bento_volumes(bento: Bento) -> list[Manifest]:
    """Return the volume with the bento; none if the image has it."""
    if bento.config_map is not None:
        return [{"name": _VOLUME, "configMap": {"name": bento.config_map.name}}]
    if bento.claim is not None:
        source = {"claimName": bento.claim.name, "readOnly": True}
        return [{"name": _VOLUME, "persistentVolumeClaim": source}]
    return []


def bento_mounts(bento: Bento) -> list[Manifest]:
    """Return the mount of that volume."""
    if bento.image is not None:
        return []
    mounted = mount(_VOLUME, FOLDER, read_only=True)
    return [mounted if bento.claim is None else mounted | {"subPath": bento.claim.path}]
