"""The Feast online store plugin: Feast's redis store, with four differences.

The server keeps the newer of two rows, so that writers cannot race; deletion is exact; connection
strings may contain any password; an entity without a row is NOT_FOUND. In feature_store.yaml, with
the options of Feast's redis store:

    online_store:
      type: hotplate.online.HotplateOnlineStore
      connection_string: "host:6379,password=..."

Instead of a password, `credentials` names a password file that may change, or IAM:

      credentials: {password_file: /run/secrets/password, username: jobs}
      credentials: {iam: {user_id: jobs, cache_name: features, region: us-east-1}}
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Literal, Self, TypeAlias

from feast import FeatureView, RepoConfig
from feast.infra.online_stores.helpers import _mmh3, _redis_key_prefix
from feast.infra.online_stores.redis import (
    RedisClient,
    RedisOnlineStore,
    RedisOnlineStoreConfig,
    RedisType,
    _versioned_fv_name,
)
from pydantic import model_validator
from redis.exceptions import NoScriptError

from hotplate.online.connection.credential_source import CredentialSource
from hotplate.online.feast.connection_string import for_feast, parse_connection_string
from hotplate.online.feast.deletion import Rows, delete_rows, delete_view
from hotplate.online.feast.proto_rows import ProtoRows, Target, calls
from hotplate.online.feast.redis_credentials import RedisCredentials
from hotplate.online.write.upsert_script import UPSERT

Progress: TypeAlias = Callable[[int], Any] | None
Call: TypeAlias = tuple[Any, ...]


class HotplateOnlineStoreConfig(RedisOnlineStoreConfig):  # type: ignore[misc]
    """The options of Feast's redis store, by the same names and with the same defaults."""

    type: Literal["hotplate.online.HotplateOnlineStore"] = "hotplate.online.HotplateOnlineStore"
    credentials: CredentialSource | None = None

    @model_validator(mode="after")
    def _glide_has_no_credentials(self) -> Self:
        if self.credentials is not None and self.client == RedisClient.glide:
            raise ValueError(
                "credentials: cannot be combined with `client: glide`, which logs in only once; "
                "leave `client` out, or put a password into connection_string"
            )
        return self


class HotplateOnlineStore(RedisOnlineStore):  # type: ignore[misc]
    """Reads and writes exactly the layout of Feast's redis store."""

    _provider: RedisCredentials | None = None

    def _parse_connection_string(
        self, connection_string: str
    ) -> tuple[list[dict[str, str]], dict[str, Any]]:
        nodes, parameters = parse_connection_string(connection_string)
        if self._provider is not None:
            parameters["credential_provider"] = self._provider
        return nodes, parameters

    def _get_client(self, online_store_config: HotplateOnlineStoreConfig) -> Any:
        self._find_credentials(online_store_config)
        return super()._get_client(online_store_config)

    async def _get_client_async(self, online_store_config: HotplateOnlineStoreConfig) -> Any:
        self._find_credentials(online_store_config)
        return await super()._get_client_async(online_store_config)

    def _get_glide_client(self, online_store_config: HotplateOnlineStoreConfig) -> Any:
        readable = {"connection_string": for_feast(online_store_config.connection_string)}
        return super()._get_glide_client(online_store_config.model_copy(update=readable))

    def _find_credentials(self, config: HotplateOnlineStoreConfig) -> None:
        if self._provider is None and config.credentials is not None:
            self._provider = RedisCredentials(config.credentials.credentials())

    def online_write_batch(
        self, config: RepoConfig, table: FeatureView, data: ProtoRows, progress: Progress
    ) -> None:
        """Write rows; the server keeps the newer of two."""
        if config.online_store.skip_dedup:
            super().online_write_batch(config, table, data, progress)
            return
        client = self._get_client(config.online_store)
        wanted = calls(_target(config, table), data)
        unknown = _unknown_script(wanted, _run(client, wanted))
        if unknown:
            client.script_load(UPSERT)
            _raise_first(_run(client, unknown))
        if progress:
            progress(len(data))

    async def online_write_batch_async(
        self, config: RepoConfig, table: FeatureView, data: ProtoRows, progress: Progress
    ) -> None:
        """Write rows like `online_write_batch`."""
        if config.online_store.skip_dedup:
            await super().online_write_batch_async(config, table, data, progress)
            return
        client = await self._get_client_async(config.online_store)
        wanted = calls(_target(config, table), data)
        unknown = _unknown_script(wanted, await _run_async(client, wanted))
        if unknown:
            await client.script_load(UPSERT)
            _raise_first(await _run_async(client, unknown))
        if progress:
            progress(len(data))

    def _get_features_for_entity(
        self, values: Sequence[Any], feature_view: str, requested_features: list[str]
    ) -> tuple[datetime | None, dict[str, Any] | None]:
        """Return no row for an entity that has none, so that Feast reports NOT_FOUND."""
        if all(value is None for value in values):
            return None, None
        row: tuple[datetime | None, dict[str, Any] | None] = super()._get_features_for_entity(
            values, feature_view, requested_features
        )
        return row

    def delete_entity_values(self, config: RepoConfig, join_keys: list[str]) -> None:
        """Delete the project's rows with these join keys."""
        delete_rows(self._get_client(config.online_store), _rows(config, join_keys))

    def delete_table(self, config: RepoConfig, table: FeatureView) -> None:
        """Delete the project's rows of one feature view."""
        view = _versioned_fv_name(table, config)
        fields = [_mmh3(f"{view}:{feature.name}") for feature in table.features]
        client = self._get_client(config.online_store)
        delete_view(client, _rows(config, table.join_keys), view, fields)


def _target(config: RepoConfig, table: FeatureView) -> Target:
    store = config.online_store
    return Target(
        project=config.project,
        view=_versioned_fv_name(table, config),
        key_version=config.entity_key_serialization_version,
        ttl_seconds=store.key_ttl_seconds or 0,
        by_slot=store.redis_type == RedisType.redis_cluster,
    )


def _rows(config: RepoConfig, join_keys: Sequence[str]) -> Rows:
    return Rows(config.project, tuple(join_keys), _redis_key_prefix(list(join_keys)))


def _run(client: Any, wanted: Sequence[Call]) -> list[Any]:
    with client.pipeline(transaction=False) as pipeline:
        for call in wanted:
            pipeline.execute_command(*call)
        replies: list[Any] = pipeline.execute(raise_on_error=False)
    return replies


async def _run_async(client: Any, wanted: Sequence[Call]) -> list[Any]:
    async with client.pipeline(transaction=False) as pipeline:
        for call in wanted:
            pipeline.execute_command(*call)
        replies: list[Any] = await pipeline.execute(raise_on_error=False)
    return replies


def _unknown_script(wanted: Sequence[Call], replies: Sequence[Any]) -> list[Call]:
    """Return the calls to servers without the script; raise any other error."""
    _raise_first([reply for reply in replies if not isinstance(reply, NoScriptError)])
    pairs = zip(wanted, replies, strict=True)
    return [call for call, reply in pairs if isinstance(reply, NoScriptError)]


def _raise_first(replies: Sequence[Any]) -> None:
    for reply in replies:
        if isinstance(reply, Exception):
            raise reply
