"""Group, version, kinds, labels, annotations and the names of child objects, in one place."""

from __future__ import annotations

import hashlib
import re

GROUP = "hotplate.dev"
VERSION = "v1alpha1"
API_VERSION = f"{GROUP}/{VERSION}"

FEATURE_STORE = "FeatureStore"
FEATURE_STORES = "featurestores"
MODEL_DEPLOYMENT = "ModelDeployment"
MODEL_DEPLOYMENTS = "modeldeployments"
CATEGORY = "hotplate"

FIELD_MANAGER = "hotplate"
FINALIZER = f"{GROUP}/finalizer"

LOCAL_DEFINITIONS = f"{GROUP}/local-definitions"
"""Annotation: folder of the Feast repository, relative to the manifest; local runs only."""

LOCAL_BENTO = f"{GROUP}/local-bento"
"""Annotation: folder of the bento, relative to the manifest; local runs only."""

LOCAL_GOLDEN_ROWS = f"{GROUP}/local-golden-rows"
"""Annotation: the file of the golden rows, relative to the manifest; local runs only."""

LOCAL_RETRAINED = f"{GROUP}/local-retrained"
"""Annotation: when `hotplate up --retrain` last trained the model; local runs write it."""

MANAGED_BY_LABEL = "app.kubernetes.io/managed-by"
NAME_LABEL = "app.kubernetes.io/name"
INSTANCE_LABEL = "app.kubernetes.io/instance"
COMPONENT_LABEL = "app.kubernetes.io/component"
OWNER_KIND_LABEL = f"{GROUP}/owner-kind"
JOB_LABEL = f"{GROUP}/job"

OWNER_ANNOTATION = f"{GROUP}/owner"
"""Annotation of a child that outlives its owner: the name of that resource."""

SPEC_HASH_ANNOTATION = f"{GROUP}/spec-hash"
"""Annotation of a child: the hash of its manifest, which changes when a field is dropped too."""

RESTART_HASH_ANNOTATION = f"{GROUP}/restart-hash"
"""Annotation of scoring pods: the hash of the objects that they read when they start."""

REFRESH_ANNOTATION = f"{GROUP}/refresh"
"""Annotation: a new value plans a FeatureStore's definitions again, or trains a model again."""

MAX_CHILD_NAME = 52
"""Characters: a StatefulSet adds 11 to its name in a label, which holds 63."""

_DIGEST = 8


def label_value(name: str) -> str:
    """Return the name as a label value: itself, or shortened to 63 characters with a hash."""
    return name if len(name) <= 63 else _shortened(name, 63)


def child(owner: str, suffix: str = "", limit: int = MAX_CHILD_NAME) -> str:
    """Return the name of an owner's child: a DNS label that is valid for every kind of object.

    A name that is too long, has dots or begins with a digit is changed and gets a hash of the
    original, so that two owners never share a child.
    """
    tail = f"-{suffix}" if suffix else ""
    room = limit - len(tail)
    label = re.sub(r"[^a-z0-9-]", "-", owner)
    if not label[0].isalpha():
        label = f"h-{label}"
    if label == owner and len(owner) <= room:
        return owner + tail
    return _shortened(owner, room, label) + tail


def job(owner: str, job_name: str, *parts: str) -> str:
    """Return the name of a Job, the same for the same parts (a revision, a view, a window)."""
    return child(owner, f"{job_name}-{digest(owner, job_name, *parts)}")


def digest(*parts: str) -> str:
    """Return 8 hex digits that stand for the parts."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:_DIGEST]


def revision_id(digest_or_commit: str) -> str:
    """Return what a revision is called: the first 12 digits of its hash or commit."""
    return digest_or_commit.removeprefix("sha256:")[:12]


def _shortened(name: str, limit: int, label: str | None = None) -> str:
    kept = (label or name)[: limit - _DIGEST - 1].rstrip("-.")
    return f"{kept}-{digest(name)}"
