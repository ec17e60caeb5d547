"""What the Jobs return that plan and apply definitions."""

from __future__ import annotations

from typing import Literal

from hotplate.protocol.results import Digest, Result


class Loss(Result):
    """What people lose: a view or a feature, how it changes, and who notices.

    `keys` are the online keys that hold it, None where that is no question; `services` are the
    feature services that read it now.
    """

    name: str
    change: str
    keys: int | None = None
    services: tuple[str, ...] = ()

    def __str__(self) -> str:
        keys = [] if self.keys is None else [f"{self.keys:,} online keys"]
        services = [f"read by feature service {', '.join(self.services)}"] if self.services else []
        return "; ".join([f"{self.name}: {self.change}", *keys, *services])


class PlanFigures(Result):
    """What a plan is of, and what it changes: Feast objects, and a line for each.

    `destructive` counts deleted objects, removed features, and changed types and join keys.
    """

    revision: Digest
    plan_hash: Digest
    create: int
    update: int
    delete: int
    destructive: int = 0
    losses: tuple[Loss, ...] = ()
    summary: tuple[str, ...]


class ServiceState(Result):
    """Whether scoring processes can serve a feature service, with every reason why not."""

    name: str
    servable: bool = True
    reason: str = ""


class PlanResult(PlanFigures):
    """What applying would change, and the feature services of the definitions.

    `plan_hash` names the artifact with the whole plan (`plans`).
    """

    result: Literal["Planned"] = "Planned"
    services: tuple[ServiceState, ...] = ()


class ServiceResult(ServiceState):
    """A feature service: digits that stand for all it serves, and the views it needs.

    One that cannot be served has neither.
    """

    hash: str = ""
    views: tuple[str, ...] = ()


class RegistryState(Result):
    """Feast's registry: its version (an SQL registry's is its last change) and its bytes."""

    version: str
    size: int


class ApplyResult(PlanFigures):
    """What was applied; `read_plan` is the hash of the artifact that scoring processes read.

    `kept` is online data that is no longer defined and that a live model still reads.

    `changed_views` hold rows that do not fit their definition until they are materialized again.
    """

    result: Literal["Applied"] = "Applied"
    read_plan: Digest
    registry: RegistryState | None = None
    views: tuple[str, ...]
    services: tuple[ServiceResult, ...]
    kept: tuple[str, ...] = ()
    changed_views: tuple[str, ...] = ()
    repaired_views: tuple[str, ...] = ()
