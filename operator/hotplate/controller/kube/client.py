"""Requests to the API server. This is the only module that knows the Kubernetes client."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import Any

from aiohttp import ClientError
from kubernetes.aio import client, config
from kubernetes.aio.config import ConfigException
from kubernetes.aio.dynamic import DynamicClient
from kubernetes.aio.dynamic.exceptions import DynamicApiError

from hotplate.api.v1alpha1 import names
from hotplate.controller.kube.manifest import Manifest, ObjectKey
from hotplate.controller.kube.paths import path_of, resource_of

_NOT_FOUND = 404
_UNAUTHORIZED = 401
_FORBIDDEN = 403
_TERMINATING = "NamespaceTerminating"
_APPLY = "application/apply-patch+yaml"
_MERGE = "application/merge-patch+json"
_METADATA_ONLY = "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io"
_SECONDS = 30
_PART = 100


class ClusterError(Exception):
    """The API server cannot be reached (no `status`) or refuses; the message says what and why."""

    def __init__(
        self, message: str, status: int | None = None, retry_after: timedelta = timedelta()
    ) -> None:
        super().__init__(message)
        self.status = status
        self.retry_after = retry_after


class KindMissingError(ClusterError):
    """The cluster does not have the kind, such as that of an add-on which is not installed."""


class NamespaceTerminatingError(ClusterError):
    """Nothing can be created in a namespace that is being deleted."""


Count = Callable[[str, str, int, float], None]
"""Takes a request: verb, plural of the kind, status code (0: no answer) and seconds."""

Wrote = Callable[[str], None]
"""Takes the `resourceVersion` of an object that was just applied."""


def _ignore(*_: Any) -> None:
    """Do nothing."""


class Cluster:
    """The API server's verbs, each one request; an object that does not exist is None."""

    def __init__(
        self, api: client.ApiClient, count: Count = _ignore, wrote: Wrote = _ignore
    ) -> None:
        self._client: Any = DynamicClient(api)  # type: ignore[no-untyped-call]
        self._count = count
        self._wrote = wrote

    async def get(self, key: ObjectKey, namespace: str) -> Manifest | None:
        """Return the body of an object, or None when it or its kind does not exist."""
        with suppress(KindMissingError):
            return await self.get_strict(key, namespace)
        return None

    async def get_strict(self, key: ObjectKey, namespace: str) -> Manifest | None:
        """Return the body of an object, or None; raise `KindMissingError`."""
        path = path_of(key.api_version, key.kind, namespace, key.name)
        return await self._request("get", "get", path)

    async def serves(self, api_version: str) -> bool:
        """Return whether the API server knows a group's version."""
        return await self._read("get", f"/apis/{api_version}") is not None

    async def version(self, key: ObjectKey, namespace: str) -> str | None:
        """Return the `resourceVersion` of an object, or None; its contents are not fetched."""
        path = path_of(key.api_version, key.kind, namespace, key.name)
        body = await self._read("get", path, header_params={"Accept": _METADATA_ONLY})
        return None if body is None else str(body["metadata"]["resourceVersion"])

    async def list(
        self, api_version: str, kind: str, namespace: str | None, selector: str = ""
    ) -> list[Manifest]:
        """Return the bodies of a kind that the selector matches; None is all namespaces."""
        parts = self.parts(api_version, kind, namespace, selector)
        return [body async for part in parts for body in part]

    async def parts(
        self, api_version: str, kind: str, namespace: str | None, selector: str = ""
    ) -> AsyncIterator[Sequence[Manifest]]:
        """Yield the bodies in parts of a hundred, for a list that is too long for the memory."""
        path = path_of(api_version, kind, namespace)
        asked = {"label_selector": selector, "limit": _PART}
        body = await self._read("list", path, **asked)
        while body is not None:
            yield body["items"]
            token = body["metadata"].get("continue")
            body = await self._read("list", path, **asked, _continue=token) if token else None

    async def apply(self, manifest: Manifest) -> Manifest | None:
        """Apply the manifest server-side; return the body, or None when its kind does not exist."""
        metadata = manifest["metadata"]
        path = path_of(
            manifest["apiVersion"], manifest["kind"], metadata["namespace"], metadata["name"]
        )
        return await self._apply(path, manifest)

    async def apply_status(self, manifest: Manifest) -> None:
        """Apply the status in the manifest; do nothing when the object is gone."""
        metadata = manifest["metadata"]
        path = path_of(
            manifest["apiVersion"], manifest["kind"], metadata["namespace"], metadata["name"]
        )
        await self._apply(f"{path}/status", manifest)

    async def patch_metadata(self, key: ObjectKey, namespace: str, metadata: Manifest) -> None:
        """Merge into an object's metadata; a conflict if its `resourceVersion` is another."""
        await self.patch(key, namespace, {"metadata": metadata}, names.FIELD_MANAGER)

    async def patch(self, key: ObjectKey, namespace: str, body: Manifest, manager: str) -> None:
        """Merge the body into an object, as that field manager."""
        path = path_of(key.api_version, key.kind, namespace, key.name)
        changed = {"body": body, "content_type": _MERGE}
        await self._request("patch", "patch", path, **changed, field_manager=manager)

    async def delete(self, key: ObjectKey, namespace: str) -> None:
        """Delete an object; what it owns is deleted in the background."""
        path = path_of(key.api_version, key.kind, namespace, key.name)
        with suppress(KindMissingError):
            await self._request("delete", "delete", path, propagation_policy="Background")

    async def _read(self, verb: str, path: str, **parameters: Any) -> Manifest | None:
        with suppress(KindMissingError):
            return await self._request(verb, "get", path, **parameters)
        return None

    async def _apply(self, path: str, manifest: Manifest) -> Manifest | None:
        parameters = {
            "body": manifest,
            "content_type": _APPLY,
            "field_manager": names.FIELD_MANAGER,
            "force_conflicts": True,
        }
        with suppress(KindMissingError):
            body = await self._request("patch", "patch", path, **parameters)
            if body is not None:
                self._wrote(body["metadata"]["resourceVersion"])
            return body
        return None

    async def _request(
        self, verb: str, method: str, path: str, **parameters: Any
    ) -> Manifest | None:
        started, code = time.monotonic(), 0
        try:
            response = await self._client.request(
                method, path, serialize=False, _request_timeout=_SECONDS, **parameters
            )
            body: Manifest = json.loads(await response.read())
            code = response.status
        except DynamicApiError as error:
            code = error.status
            if code == _NOT_FOUND and _is_status(error):
                return None
            raise _refused(error) from error
        except (OSError, ClientError) as error:
            host = self._client.configuration.host
            raise ClusterError(f"the API server at {host} does not answer: {error}") from error
        finally:
            self._count(verb, resource_of(path), code, time.monotonic() - started)
        return body


@asynccontextmanager
async def connected(
    kubeconfig: str | None = None,
    context: str | None = None,
    *,
    in_cluster: bool = False,
    count: Count = _ignore,
    wrote: Wrote = _ignore,
) -> AsyncIterator[Cluster]:
    """Yield the cluster that this runs in, or that of a kubeconfig; None is kubectl's default."""
    configuration = client.Configuration()
    try:
        if in_cluster:
            load_incluster: Any = config.load_incluster_config
            load_incluster(client_configuration=configuration)
        else:
            load: Any = config.load_kube_config
            await load(kubeconfig, context, client_configuration=configuration)
    except ConfigException as error:
        raise ClusterError(
            f"no cluster configured: {error}; set KUBECONFIG or --context"
        ) from error
    async with client.ApiClient(configuration) as api:
        yield Cluster(api, count, wrote)


def context_namespace(context: str | None) -> str:
    """Return the namespace of a kubeconfig's context; None is the current context."""
    listed: Any = config.list_kube_config_contexts
    contexts, current = listed()
    wanted = context or current["name"]
    found = next(each for each in contexts if each["name"] == wanted)
    return str(found["context"].get("namespace", "default"))


def _refused(error: DynamicApiError) -> ClusterError:
    """Translate a refusal of the API server."""
    is_terminating = error.status == _FORBIDDEN and _TERMINATING in str(error.body)
    kind = NamespaceTerminatingError if is_terminating else ClusterError
    kind = KindMissingError if error.status == _NOT_FOUND else kind
    after = str((error.headers or {}).get("Retry-After", ""))
    wait = timedelta(seconds=int(after)) if after.isdecimal() else timedelta()
    return kind(_refusal(error), error.status, wait)


def _is_status(error: DynamicApiError) -> bool:
    """Return whether the answer is a Status; for an unknown kind it is plain text instead."""
    try:
        return str(json.loads(error.body or "")["kind"]) == "Status"
    except (TypeError, ValueError, KeyError):
        return False


def _refusal(error: DynamicApiError) -> str:
    """Return the API server's message, without its headers."""
    try:
        message = str(json.loads(error.body or "")["message"])
    except (TypeError, ValueError, KeyError):
        message = str(error.reason)
    hint = "; log in again" if error.status == _UNAUTHORIZED else ""
    return f"the API server refuses: {message}{hint}"
