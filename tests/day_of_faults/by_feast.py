"""The day under plain Feast: `feast apply` at each push, `materialize-incremental` by a CronJob."""

from __future__ import annotations

import contextlib
import io
import multiprocessing
import os
import signal
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from feast.infra.online_stores.redis import RedisOnlineStore
from feast.repo_contents import RepoContents
from feast.repo_operations import apply_total_with_repo_instance

from equality.by_feast import feast_store, objects
from support.feast.user_process import user_process


@dataclass
class FeastSide:
    """A repository, its registry's file and its database; nothing watches it."""

    project: str
    folder: Path
    port: int
    done: dict[str, datetime] = field(default_factory=dict)
    runs: int = 0
    failed: int = 0
    warns: bool = False

    @property
    def store(self) -> Any:
        """Return it as a process that starts now reads it."""
        return feast_store(self.project, self.folder, self.port)

    def push(self, now: datetime) -> None:
        with user_process(), contextlib.redirect_stdout(io.StringIO()):
            store = self.store
            apply_total_with_repo_instance(
                store, self.project, store.registry, _contents(self.folder), True
            )

    def due(self, now: datetime) -> list[str]:
        with user_process():
            return sorted(view.name for view in self.store.list_feature_views())

    def materialize(self, view: str, now: datetime, *, is_killed: bool) -> None:
        if is_killed:
            context = multiprocessing.get_context("forkserver")
            process = context.Process(target=_killed, args=(self, view, now))
            process.start()
            process.join()
            assert process.exitcode in {-9, 0}, process.exitcode
            if process.exitcode == 0:  # without a row to write, nothing is in mid-write
                self._succeeded(view, now)
            else:
                self.failed += 1
            return
        try:
            self.write(view, now)
        except Exception:  # noqa: BLE001  a pod that fails is run again in the next tick
            self.failed += 1
            return
        self._succeeded(view, now)

    def _succeeded(self, view: str, now: datetime) -> None:
        self.runs += 1
        self.done[view] = now

    def write(self, view: str, now: datetime) -> None:
        """Materialize up to now."""
        quiet = io.StringIO()
        with user_process(), contextlib.redirect_stdout(quiet), contextlib.redirect_stderr(quiet):
            self.store.materialize_incremental(now, [view])

    def look(self, now: datetime) -> None:
        """Nothing looks."""


def _contents(folder: Path) -> RepoContents:
    kinds: dict[str, list[Any]] = {"Entity": [], "FeatureView": [], "FeatureService": []}
    for each in objects(folder):
        kinds[type(each).__name__].append(each)
    views = kinds["FeatureView"]
    return RepoContents(
        projects=[],
        data_sources=[view.batch_source for view in views],
        feature_views=views,
        on_demand_feature_views=[],
        stream_feature_views=[],
        entities=kinds["Entity"],
        feature_services=kinds["FeatureService"],
        permissions=[],
        label_views=[],
    )


def _killed(side: FeastSide, view: str, now: datetime) -> None:
    write = RedisOnlineStore.online_write_batch

    def write_half(self: Any, config: Any, table: Any, data: Any, progress: Any) -> None:
        write(self, config, table, data[: len(data) // 2], progress)
        os.kill(os.getpid(), signal.SIGKILL)

    RedisOnlineStore.online_write_batch = write_half  # type: ignore[method-assign]
    side.write(view, now)
