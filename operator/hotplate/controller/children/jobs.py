"""A Job and its pod."""

from __future__ import annotations

from dataclasses import dataclass

from hotplate.api import FeatureStore, ModelDeployment, Resource
from hotplate.api.v1alpha1 import names
from hotplate.controller.children.definitions import (
    definitions_mount,
    definitions_path,
    definitions_volumes,
    git_environment,
    git_mounts,
    git_volumes,
    init_container,
)
from hotplate.controller.children.metadata import labels, metadata, outliving
from hotplate.controller.children.pods import (
    claim,
    container,
    environment,
    mount,
    pod_spec,
    resources,
    secret_variable,
)
from hotplate.controller.children.resource_files import (
    FILE_MODE,
    resource_file_name,
    secret_sources,
    teardown_file_name,
)
from hotplate.controller.children.valkey import embedded_url
from hotplate.controller.kube.manifest import Manifest, without_empty
from hotplate.decide.jobs.specs import TEARDOWN, JobSpec, job_name
from hotplate.protocol import job_environment
from hotplate.protocol.pod_files import (
    CA_FILE,
    FOLDER,
    GOLDEN_ROWS_FILE,
    MANIFEST_FILE,
    PASSWORD_FILE,
    USERNAME_FILE,
    key_of,
)

CONTAINER = "job"

_WRITE_RESULT = 'exec hotplate job "$0" > /dev/termination-log'


@dataclass(frozen=True)
class JobContext:
    """The resource that a Job belongs to, its FeatureStore, and the default image."""

    owner: Resource
    feature_store: FeatureStore
    image: str


def job(context: JobContext, job_spec: JobSpec) -> Manifest:
    """Return the Job that does the work; its pods have no Kubernetes rights."""
    component = TEARDOWN if job_spec.outlives_owner else "job"
    selected = {**labels(context.owner, component), names.JOB_LABEL: job_spec.name}
    described = metadata(context.owner, job_name(context.owner, job_spec), component)
    described["labels"] |= {names.JOB_LABEL: job_spec.name}
    if job_spec.outlives_owner:
        described = outliving(context.owner, described)
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": described,
        "spec": {
            "backoffLimit": job_spec.on_failure.retries,
            "activeDeadlineSeconds": int(job_spec.on_failure.deadline.total_seconds()) or 1,
            "ttlSecondsAfterFinished": job_spec.kept_seconds,
            "template": {"metadata": {"labels": selected}, "spec": _pod(context, job_spec)},
        },
    }


def _pod(context: JobContext, job_spec: JobSpec) -> Manifest:
    store, settings = context.feature_store, context.feature_store.spec.jobs
    image = settings.image or context.image
    main = container(settings, CONTAINER, image) | {
        "command": ["sh", "-c", _WRITE_RESULT, job_spec.name],
        "env": [*_environment(context, job_spec), *_secrets(store), *environment(settings)],
        "volumeMounts": [
            mount("resources", FOLDER, read_only=True),
            mount("tmp", "/tmp"),  # noqa: S108 - in the pod
            *([definitions_mount()] if job_spec.needs_definitions else []),
            *(git_mounts(store) if job_spec.reads_git else []),
            *(mount(name, path) for name, path, _ in _claims(context)),
        ],
    }
    if job_spec.resources is not None:
        main["resources"] = resources(job_spec.resources)
    volumes = [
        _resource_volume(context, job_spec),
        *(definitions_volumes(store) if job_spec.needs_definitions else []),
        *(git_volumes(store) if job_spec.reads_git else []),
        *(claim(name, claim_name) for name, _, claim_name in _claims(context)),
    ]
    first = [init_container(store, image, job_spec.commit)] if job_spec.needs_definitions else []
    return pod_spec(settings, [main], volumes) | without_empty(
        {"restartPolicy": "Never", "initContainers": first}
    )


def _environment(context: JobContext, job_spec: JobSpec) -> list[Manifest]:
    store = context.feature_store
    values = {
        job_environment.MANIFEST: MANIFEST_FILE,
        **(
            {job_environment.DEFINITIONS: definitions_path(store)}
            if job_spec.needs_definitions
            else {}
        ),
        **({} if job_spec.outlives_owner else _embedded(store)),
        **({job_environment.ARTIFACTS: store.spec.artifacts} if store.spec.artifacts else {}),
        **job_spec.variables,
    }
    of_git = git_environment(store) if job_spec.reads_git else []
    return [{"name": name, "value": value} for name, value in values.items()] + of_git


def _embedded(store: FeatureStore) -> dict[str, str]:
    """Return where the embedded Valkey is, which is gone once its owner is deleted."""
    if not store.spec.uses_embedded_store:
        return {}
    return {job_environment.EMBEDDED_STORE: embedded_url(store)}


def _secrets(feature_store: FeatureStore) -> list[Manifest]:
    spec, variables = feature_store.spec, []
    if spec.registry.sql is not None:
        variables.append(
            secret_variable(job_environment.REGISTRY_URL, spec.registry.sql.secret_ref)
        )
    cache = spec.online_store.elasti_cache
    if cache is not None and cache.auth is not None and cache.auth.iam is None:
        variables.append({"name": job_environment.ONLINE_PASSWORD_FILE, "value": PASSWORD_FILE})
        if cache.auth.username_secret_ref is not None:
            variables.append({"name": job_environment.ONLINE_USERNAME_FILE, "value": USERNAME_FILE})
    if cache is not None and cache.tls.ca_secret_ref is not None:
        variables.append({"name": job_environment.ONLINE_CA_FILE, "value": CA_FILE})
    return variables


def _resource_volume(context: JobContext, job_spec: JobSpec) -> Manifest:
    owner = context.owner
    name = teardown_file_name(owner) if job_spec.outlives_owner else resource_file_name(owner)
    files: list[Manifest] = [{"configMap": {"name": name}}]
    if job_spec.golden_rows is not None:
        name_of_rows = key_of(GOLDEN_ROWS_FILE)
        item = {"key": name_of_rows, "path": name_of_rows}
        files.append({"configMap": {"name": job_spec.golden_rows, "items": [item]}})
    sources = [*files, *secret_sources(context.feature_store)]
    return {"name": "resources", "projected": {"sources": sources, "defaultMode": FILE_MODE}}


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
