"""What the decisions about the two resources depend on, besides the resources themselves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TypeVar

from hotplate.api import FeatureStore
from hotplate.protocol.readers import Reader
from hotplate.protocol.results import Result

R = TypeVar("R", bound=Result)


class JobState(StrEnum):
    """Whether a Job is under way, and how it ended."""

    RUNNING = "Running"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"


@dataclass(frozen=True)
class Outcome:
    """How far a Job is.

    `reason` is a word in CamelCase, `message` is for a person. `result` is what the Job wrote: the
    result of its kind once it has succeeded, a `FailedResult` where it failed by itself.
    """

    state: JobState
    reason: str
    message: str = ""
    result: Result | None = None
    commit: str | None = None
    started: datetime | None = None
    finished: datetime | None = None

    def of(self, kind: type[R]) -> R:
        """Return the result of a Job that has succeeded; `TypeError` where it is another Job's."""
        if not isinstance(self.result, kind):
            raise TypeError(f"expected {kind.__name__}, the Job wrote {self.result!r}")
        return self.result


@dataclass(frozen=True)
class Valkey:
    """The embedded Valkey: whether it answers, and the UID of its pod, which its data is lost with.

    `waits_for` is the reason why its pod does not start, and a message.
    """

    ready: bool
    pod_uid: str
    waits_for: tuple[str, str] | None = None


@dataclass(frozen=True)
class FeatureStoreObserved:
    """What the decision about a FeatureStore depends on, besides the resource itself.

    `references` has the version of each object that the spec names, None where it is missing;
    `conflict` says which other FeatureStore's data this project would endanger; `changed_at` is
    when anything of the resource was last written. `readers` are the live ModelDeployments that
    read it; they may be None unless `plan_gate.needs_readers`. With `definitions_are_local`, Jobs
    read them from a folder of this machine, wherever the spec keeps them.
    """

    now: datetime
    outcomes: Mapping[str, Outcome] = field(default_factory=dict)
    valkey: Valkey | None = None
    references: Mapping[str, str | None] = field(default_factory=dict)
    conflict: str | None = None
    changed_at: datetime | None = None
    readers: tuple[Reader, ...] | None = None
    definitions_are_local: bool = False


@dataclass(frozen=True)
class Serving:
    """What serves a model now, as the body that runs it sees it.

    `available` of `wanted` instances answer and are of the newest settings, `ready` are of any;
    `replicas` exist. `problem` says why one does not come up, `stuck` why none will.
    """

    revision: str
    image: str
    url: str
    wanted: int
    available: int
    ready: int
    replicas: int
    is_complete: bool
    selector: str = ""
    problem: str = ""
    stuck: str = ""


@dataclass(frozen=True)
class ModelDeploymentObserved:
    """What the decision about a ModelDeployment depends on, besides the resource itself.

    `store` is the FeatureStore that it reads, if it exists; `serving` is what serves now;
    `references` has the version of each object that the spec names, None where it is missing;
    `missing_kinds` are kinds of children that the cluster does not have; `changed_at` is when
    anything of the resource was last written.
    """

    now: datetime
    store: FeatureStore | None = None
    outcomes: Mapping[str, Outcome] = field(default_factory=dict)
    serving: Serving | None = None
    references: Mapping[str, str | None] = field(default_factory=dict)
    missing_kinds: frozenset[str] = frozenset()
    changed_at: datetime | None = None
