"""`ray.engine`: the workers of a Ray cluster write the rows of a view in parallel.

Options and connection are those of Feast's Ray engine. Its reading and writing are not used: Feast
0.67 logs what its workers fail to write and reports success, drops rows by the worker's clock, and
passes rows through pandas, where an integer beside a null becomes a float.

Workers run the Jobs' image, since they import `hotplate`. They read files that the offline store
exports themselves, such as those of Redshift's UNLOAD to S3. Rows of other offline stores pass
through the Job's pod, as `latest_rows` returns them.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import reduce
from typing import Any

import fsspec
import pyarrow as pa

from hotplate.jobs.errors import JobError
from hotplate.jobs.offline.engines import TYPE_FIELD, ViewWindow, engine_config
from hotplate.jobs.offline.pull import latest_rows, offline_errors, pull_job
from hotplate.jobs.offline.row_writer import RowWriter, too_many_null_keys
from hotplate.jobs.repository.online_errors import online_error
from hotplate.jobs.workspace import Workspace
from hotplate.online.errors import OnlineStoreUnavailable
from hotplate.online.write.writer import TooManyNullKeysError, WriteResult

logger = logging.getLogger(__name__)

RAY_ENGINE = "ray.engine"

PART_ROWS = 100_000
"""Rows that one task writes, if the Job's pod pulled them."""


def write_by_ray(workspace: Workspace, window: ViewWindow, writer: RowWriter) -> WriteResult:
    """Pull the window, write it on the Ray cluster, and return what became of the rows.

    Raises:
        JobError: EngineMissing, EngineInvalid, EngineFailed, OfflineStoreFailed, or the online
            store refuses.

    """
    config = _connect(workspace)
    with offline_errors(window.view), _parts(window) as parts:
        try:
            result = _write(config, writer, parts)
        except JobError:
            raise
        except TooManyNullKeysError as error:
            raise too_many_null_keys(window.view.name, error.args[0]) from error
        except Exception as error:
            raise _worker_error(window, error) from error
    logger.info("%s: written by Ray: %s", window.view.name, result)
    return result


def _connect(workspace: Workspace) -> Any:
    """Return the engine's options, connected to the cluster that they name."""
    config = engine_config(workspace).batch_engine
    from feast.infra.ray_initializer import ensure_ray_initialized  # noqa: PLC0415  (needs Ray)

    try:
        ensure_ray_initialized(config)
    except Exception as error:
        raise JobError(
            "EngineFailed",
            f"{TYPE_FIELD} {RAY_ENGINE}: no Ray cluster at {config.ray_address or 'this machine'}: "
            f"{_last_line(error)}",
        ) from error
    return config


@contextmanager
def _parts(window: ViewWindow) -> Iterator[Iterator[Any]]:
    """Yield what each task writes: parquet files, deleted afterwards, or rows pulled here."""
    job = pull_job(window.store, window.view, window.start, window.end)
    if not job.supports_remote_storage_export():
        yield _tables(latest_rows(window.store, window.view, window.start, window.end).batches)
        return
    files = job.to_remote_storage()
    try:
        yield iter(files)
    finally:
        for file in files:
            file_system, path = fsspec.url_to_fs(file)
            file_system.rm(path)


def _tables(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.Table]:
    """Yield the rows as tables of at most `PART_ROWS`."""
    pending: list[pa.RecordBatch] = []
    for batch in batches:
        for at in range(0, batch.num_rows, PART_ROWS):
            part = batch.slice(at, PART_ROWS)
            if sum(each.num_rows for each in pending) + part.num_rows > PART_ROWS:
                yield pa.Table.from_batches(pending)
                pending = []
            pending.append(part)
    if pending:
        yield pa.Table.from_batches(pending)


def _write(config: Any, writer: RowWriter, parts: Iterator[Any]) -> WriteResult:
    """Run a task for each part, as many at once as the options allow; return the sum.

    The first task that fails cancels the others.
    """
    import ray  # noqa: PLC0415  (the extra `ray`)

    writer = replace(writer, connection=writer.connection.portable())
    task = ray.remote(RowWriter.write).options(**(config.worker_task_options or {}))
    most = config.write_concurrency or config.max_workers
    running: list[Any] = []
    total = WriteResult()
    try:
        for part in parts:
            running.append(task.remote(writer, part))
            while most and len(running) >= most:
                (done,), running = ray.wait(running)
                total = _added(total, ray.get(done), writer)
        return reduce(lambda a, b: _added(a, b, writer), ray.get(running), total)
    finally:
        for each in running:
            ray.cancel(each)


def _added(total: WriteResult, result: WriteResult, writer: RowWriter) -> WriteResult:
    """Return the sum; raise `TooManyNullKeysError` when it is beyond the writer's limit."""
    total += result
    limit = writer.options.max_null_keys
    if limit is not None and total.null_keys > limit:
        raise TooManyNullKeysError(total.null_keys)
    return total


def _worker_error(window: ViewWindow, error: Exception) -> JobError:
    """Return the error of a worker; Ray's error wraps it."""
    cause = getattr(error, "cause", None) or error
    if isinstance(cause, OnlineStoreUnavailable):
        return online_error(_place(window), cause)
    if isinstance(cause, TooManyNullKeysError):
        return too_many_null_keys(window.view.name, cause.args[0])
    if isinstance(cause, ValueError):
        return JobError("RowsInvalid", f"feature view {window.view.name}: {cause}")
    return JobError("EngineFailed", f"feature view {window.view.name}: {_last_line(error)}")


def _place(window: ViewWindow) -> str:
    return f"feature view {window.view.name}, the next run writes the rest"


def _last_line(error: BaseException) -> str:
    """Return the last line, which follows the worker's traceback."""
    return f"{error}".strip().rpartition("\n")[2]
