"""What the operator reports of the definitions: planned, applied, and what they serve."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field

from hotplate.api.fields.base import Reported, list_map

Message = Annotated[str, Field(max_length=4096)]


class ServiceStatus(Reported):
    """A feature service of the definitions, as they were last planned or applied."""

    name: str = Field(description="Name of the feature service.")
    servable: bool = Field(description="Whether scoring processes can serve it.")
    reason: Message = Field(default="", description="Every reason why not, and what to do.")


class AppliedService(Reported):
    """A feature service of the applied definitions."""

    name: str = Field(description="Name of the feature service.")
    hash: str = Field(description="Hash that changes when anything it serves changes.")
    views: tuple[str, ...] = Field(default=(), description="Feature views that it reads.")


class AppliedRevision(Reported):
    """The definitions that are applied to the registry and the online store."""

    id: str = Field(description="Hash of the definitions' files.")
    commit: str | None = Field(default=None, description="Commit that the Git ref stands for.")
    plan_hash: str = Field(description="Hash of the plan that was applied.")
    read_plan: str = Field(description="Hash of the read plan of the scoring processes.")
    services: tuple[AppliedService, ...] = Field(
        default=(),
        description="The feature services.",
        json_schema_extra=list_map("name"),
    )
    views: tuple[str, ...] = Field(
        default=(), description="Feature views that can be materialized."
    )
    has_all_services: bool = Field(
        default=False,
        description="False in a status of an old release that lists only some of the services.",
    )
    applied_at: datetime = Field(description="When they were applied.")

    def service(self, name: str) -> AppliedService | None:
        """Return the feature service of that name, if it is listed."""
        return next((each for each in self.services if each.name == name), None)


class RegistryStatus(Reported):
    """Feast's registry after the last Job that wrote it."""

    version: str = Field(
        description="Feast's version of the registry; of an SQL registry, its last change."
    )
    size: int = Field(description="Size of all its objects in bytes.")


class PlanSummary(Reported):
    """What applying the definitions would change."""

    hash: str = Field(description="Hash that approves the plan in spec.apply.approve.")
    revision: str = Field(default="", description="Hash of the definitions' files.")
    commit: str | None = Field(default=None, description="Commit that the Git ref stands for.")
    create: int = Field(default=0, description="Feast objects to create.")
    update: int = Field(default=0, description="Feast objects to update.")
    delete: int = Field(default=0, description="Feast objects to delete.")
    destructive: int = Field(
        default=0,
        description=(
            "Changes that take something away: deleted objects, removed features, changed types"
            " and join keys. This is what spec.apply.maxDeletions limits."
        ),
    )
    losses: tuple[str, ...] = Field(
        default=(),
        description="First of what is taken away, with the online keys that hold it.",
    )
    losing_services: tuple[str, ...] = Field(
        default=(),
        description=(
            "Feature services that read what is taken away, or that cannot be served any more."
        ),
    )
    summary: tuple[str, ...] = Field(default=(), description="First lines of the plan.")

    @property
    def destroys(self) -> int:
        """The destructive changes; the status of an older release counts deleted objects alone."""
        return max(self.delete, self.destructive)
