"""The Jobs of both resources: plan, apply, materialize, train, verify, teardown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from hotplate.api import FeatureStore, ModelDeployment, Resource, names
from hotplate.api.base import KeyRef
from hotplate.api.feature_store import OnFailure
from hotplate.api.model_deployment_status import PinnedModel
from hotplate.api.pods import Resources
from hotplate.api.scoring import CA_FILE, PASSWORD_FILE, USERNAME_FILE
from hotplate.controller.desired.definitions import (
    definitions_mount,
    definitions_path,
    definitions_volumes,
    init_container,
)
from hotplate.controller.desired.metadata import labels, metadata, outliving
from hotplate.controller.desired.pods import (
    claim,
    container,
    environment,
    mount,
    pod_spec,
    resources,
    secret_variable,
)
from hotplate.controller.desired.resource_files import (
    RESOURCE_FILE,
    resource_file_name,
    teardown_file_name,
)
from hotplate.controller.desired.valkey import embedded_url
from hotplate.controller.manifest import Manifest, without_empty

CONTAINER = "job"
FOLDER = "/etc/hotplate"
GOLDEN_ROWS = "rows.jsonl"
FILE_MODE = 0o440
KEPT_SECONDS = 3600
"""A finished Job is kept an hour for its logs; one that failed is then run again."""

TRAINING_KEPT_SECONDS = 86_400
"""A model that did not pass its gate is trained again after a day, and not before."""

PREFLIGHT_LIMITS = OnFailure(retries=0, deadline=timedelta(minutes=10))
PREFLIGHT_KEPT_SECONDS = 120
"""A preflight that failed is tried again after two minutes."""

TEARDOWN = "teardown"
TEARDOWN_LIMITS = OnFailure(retries=2, deadline=timedelta(hours=6))
TEARDOWN_KEPT_SECONDS = 300
"""A teardown that failed is tried again after five minutes."""

REGISTRY_URL = "HOTPLATE_REGISTRY_URL"
ONLINE_CA_FILE = "HOTPLATE_ONLINE_CA_FILE"
ONLINE_USERNAME_FILE = "HOTPLATE_ONLINE_USERNAME_FILE"
ONLINE_PASSWORD_FILE = "HOTPLATE_ONLINE_PASSWORD_FILE"  # noqa: S105 - a variable's name

_WRITE_RESULT = 'exec hotplate job "$0" > /dev/termination-log'


@dataclass(frozen=True)
class Work:
    """What one Job does: `hotplate job <name>` with these variables; `parts` make it this one."""

    name: str
    parts: tuple[str, ...]
    variables: Mapping[str, str] = field(default_factory=dict)
    on_failure: OnFailure = field(default_factory=OnFailure)
    resources: Resources | None = None
    commit: str | None = None
    kept_seconds: int = KEPT_SECONDS
    golden_rows: str | None = None
    is_last: bool = False
    """Whether it is done while its owner is deleted: without definitions, not an owner's child."""


@dataclass(frozen=True)
class JobContext:
    """For whom a Job works, on which feature store, and the image where none is named."""

    owner: Resource
    feature_store: FeatureStore
    image: str


def preflight_work(inputs: str) -> Work:
    """Return the work of checking the stores; what they refuse is asked again after a while."""
    return Work(
        "preflight", (inputs,), on_failure=PREFLIGHT_LIMITS, kept_seconds=PREFLIGHT_KEPT_SECONDS
    )


def plan_work(inputs: str) -> Work:
    """Return the work of planning the definitions."""
    return Work("plan", (inputs,))


def apply_work(inputs: str, commit: str | None) -> Work:
    """Return the work of applying the definitions as they were planned."""
    return Work("apply", (inputs,), commit=commit)


def materialize_work(
    feature_store: FeatureStore, view: str, inputs: str, window: tuple[datetime, datetime] | None
) -> Work:
    """Return the work of materializing a view: a window, or from its watermark to now."""
    variables = {"HOTPLATE_VIEW": view}
    if window is not None:
        start, end = window
        variables |= {"HOTPLATE_START": start.isoformat(), "HOTPLATE_END": end.isoformat()}
    materialization = feature_store.spec.materialization
    own = [each.resources for each in materialization.views if each.name == view]
    return Work(
        "materialize",
        (view, inputs),
        variables,
        materialization.on_failure,
        next(iter(own), None),
        feature_store.status.revision.commit if feature_store.status.revision else None,
    )


def train_work(model_deployment: ModelDeployment, inputs: str, commit: str | None) -> Work:
    """Return the work of training a model."""
    training = model_deployment.spec.training
    if training is None:
        raise ValueError("a ModelDeployment without training has no Job that trains")
    variables = {"BENTOML_HOME": "/tmp/bentoml"}  # noqa: S108 - in the pod
    return Work(
        "train",
        (inputs,),
        variables,
        training.on_failure,
        training.resources,
        commit,
        TRAINING_KEPT_SECONDS,
    )


def verify_work(
    model_deployment: ModelDeployment, model: PinnedModel, inputs: str, commit: str | None
) -> Work:
    """Return the work of verifying a model before it serves."""
    training, rows = model_deployment.spec.training, model_deployment.spec.rollout.golden_rows
    variables = {
        "BENTOML_HOME": "/tmp/bentoml",  # noqa: S108 - in the pod
        "HOTPLATE_MODEL": f"{model.version}@{model.artifact}",
        **({"HOTPLATE_GOLDEN_ROWS": f"{FOLDER}/{GOLDEN_ROWS}"} if rows else {}),
    }
    return Work(
        "verify",
        (inputs,),
        variables,
        resources=training.resources if training else None,
        commit=commit,
        golden_rows=rows.config_map.name if rows else None,
    )


def teardown_work(feature_store: FeatureStore) -> Work:
    """Return the work of removing a project's data while its FeatureStore is deleted."""
    return Work(
        TEARDOWN,
        (str(feature_store.metadata.uid),),
        on_failure=TEARDOWN_LIMITS,
        kept_seconds=TEARDOWN_KEPT_SECONDS,
        is_last=True,
    )


def job_name(owner: Resource, work: Work) -> str:
    """Return the name of the Job, the same for the same work."""
    return names.job(owner.metadata.name, work.name, owner.kind, *work.parts)


def job(context: JobContext, work: Work) -> Manifest:
    """Return the Job that does the work; its pods have no Kubernetes rights."""
    component = TEARDOWN if work.is_last else "job"
    selected = {**labels(context.owner, component), names.JOB_LABEL: work.name}
    described = metadata(context.owner, job_name(context.owner, work), component)
    described["labels"] |= {names.JOB_LABEL: work.name}
    if work.is_last:
        described = outliving(context.owner, described)
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": described,
        "spec": {
            "backoffLimit": work.on_failure.retries,
            "activeDeadlineSeconds": int(work.on_failure.deadline.total_seconds()) or 1,
            "ttlSecondsAfterFinished": work.kept_seconds,
            "template": {"metadata": {"labels": selected}, "spec": _pod(context, work)},
        },
    }


def _pod(context: JobContext, work: Work) -> Manifest:
    store, settings = context.feature_store, context.feature_store.spec.jobs
    image = settings.image or context.image
    main = container(settings, CONTAINER, image) | {
        "command": ["sh", "-c", _WRITE_RESULT, work.name],
        "env": [*_environment(context, work), *_secrets(store), *environment(settings)],
        "volumeMounts": [
            mount("resources", FOLDER, read_only=True),
            mount("tmp", "/tmp"),  # noqa: S108 - in the pod
            *([] if work.is_last else [definitions_mount()]),
            *(mount(name, path) for name, path, _ in _claims(context)),
        ],
    }
    if work.resources is not None:
        main["resources"] = resources(work.resources)
    volumes = [
        _resource_volume(context, work),
        *([] if work.is_last else definitions_volumes(store)),
        *(claim(name, claim_name) for name, _, claim_name in _claims(context)),
    ]
    first = [] if work.is_last else [init_container(store, image, work.commit)]
    return pod_spec(settings, [main], volumes) | without_empty(
        {"restartPolicy": "Never", "initContainers": first}
    )


def _environment(context: JobContext, work: Work) -> list[Manifest]:
    store = context.feature_store
    values = {
        "HOTPLATE_MANIFEST": f"{FOLDER}/{RESOURCE_FILE}",
        **({} if work.is_last else _surroundings(store)),
        **({"HOTPLATE_ARTIFACTS": store.spec.artifacts} if store.spec.artifacts else {}),
        **work.variables,
    }
    return [{"name": name, "value": value} for name, value in values.items()]


def _surroundings(store: FeatureStore) -> dict[str, str]:
    """Return what a Job needs while its owner lives: the definitions, the embedded Valkey."""
    embedded = {"HOTPLATE_EMBEDDED_STORE": embedded_url(store)}
    return {
        "HOTPLATE_DEFINITIONS": definitions_path(store),
        **(embedded if store.spec.uses_embedded_store else {}),
    }


def _secrets(feature_store: FeatureStore) -> list[Manifest]:
    spec, variables = feature_store.spec, []
    if spec.registry.sql is not None:
        variables.append(secret_variable(REGISTRY_URL, spec.registry.sql.secret_ref))
    cache = spec.online_store.elasti_cache
    if cache is not None and cache.auth is not None and cache.auth.iam is None:
        variables.append({"name": ONLINE_PASSWORD_FILE, "value": PASSWORD_FILE})
        if cache.auth.username_secret_ref is not None:
            variables.append({"name": ONLINE_USERNAME_FILE, "value": USERNAME_FILE})
    if cache is not None and cache.tls.ca_secret_ref is not None:
        variables.append({"name": ONLINE_CA_FILE, "value": CA_FILE})
    return variables


def _resource_volume(context: JobContext, work: Work) -> Manifest:
    owner = context.owner
    name = teardown_file_name(owner) if work.is_last else resource_file_name(owner)
    files: list[Manifest] = [{"configMap": {"name": name}}]
    if work.golden_rows is not None:
        item = {"key": GOLDEN_ROWS, "path": GOLDEN_ROWS}
        files.append({"configMap": {"name": work.golden_rows, "items": [item]}})
    sources = [*files, *secret_sources(context.feature_store)]
    return {"name": "resources", "projected": {"sources": sources, "defaultMode": FILE_MODE}}


def secret_sources(feature_store: FeatureStore) -> list[Manifest]:
    """Return the sources of a projected volume that has the online store's CA, password and user.

    The kubelet replaces these files when a Secret changes, so that no pod has to be made anew.
    """
    cache = feature_store.spec.online_store.elasti_cache
    if cache is None:
        return []
    named = [(cache.tls.ca_secret_ref, CA_FILE)]
    if cache.auth is not None:
        named.append((cache.auth.password_secret_ref, PASSWORD_FILE))
        named.append((cache.auth.username_secret_ref, USERNAME_FILE))
    return [_secret_source(ref, path) for ref, path in named if ref is not None]


def _secret_source(ref: KeyRef, path: str) -> Manifest:
    item = {"key": ref.key, "path": path.rpartition("/")[2]}
    return {"secret": {"name": ref.name, "items": [item]}}


def _claims(context: JobContext) -> list[tuple[str, str, str]]:
    """Return name, path and claim of the volumes that hold a registry file or models."""
    claims = []
    registry = context.feature_store.spec.registry.file
    if registry is not None:
        claims.append(("registry", registry.path.rpartition("/")[0] or "/", registry.claim_name))
    if isinstance(context.owner, ModelDeployment):
        model = context.owner.spec.model
        if model.claim_name is not None:
            claims.append(("models", model.store.removeprefix("file://"), model.claim_name))
    return claims
