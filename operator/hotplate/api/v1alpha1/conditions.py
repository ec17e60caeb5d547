"""The conditions of both resources: facts with a reason, figures, and their last transition."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from hotplate.api.fields.base import Reported
from hotplate.api.fields.rules import matching


class ConditionStatus(StrEnum):
    """Whether a condition is true; Unknown until that has been observed."""

    TRUE = "True"
    FALSE = "False"
    UNKNOWN = "Unknown"


class ConditionType(StrEnum):
    """What a condition reports.

    `Ready` summarizes the others and comes first; `Stalled` is present only while the resource is
    stalled.
    """

    READY = "Ready"
    ONLINE_STORE_REACHABLE = "OnlineStoreReachable"
    OFFLINE_STORE_REACHABLE = "OfflineStoreReachable"
    REGISTRY_REACHABLE = "RegistryReachable"
    DEFINITIONS_RESOLVED = "DefinitionsResolved"
    PLANNED = "Planned"
    APPLIED = "Applied"
    MATERIALIZED = "Materialized"
    FRESH = "Fresh"
    FEATURES_COMPATIBLE = "FeaturesCompatible"
    FEATURES_FRESH = "FeaturesFresh"
    MODEL_TRAINED = "ModelTrained"
    VERIFIED = "Verified"
    PROGRESSING = "Progressing"
    DELETING = "Deleting"
    STALLED = "Stalled"


class Reason(StrEnum):
    """Why a condition has its status; a Job that fails adds its own, such as GateFailed."""

    # of Ready
    READY = "Ready"
    SUSPENDED = "Suspended"
    INVALID_SPEC = "InvalidSpec"
    PROJECT_CONFLICT = "ProjectConflict"
    REFERENCE_MISSING = "ReferenceMissing"
    NAME_CONFLICT = "NameConflict"
    CRD_MISSING = "CRDMissing"
    # of Jobs and what follows from them
    PENDING = "Pending"
    RUNNING = "Running"
    SUCCEEDED = "Succeeded"
    JOB_FAILED = "JobFailed"
    APPLY_BLOCKED = "ApplyBlocked"
    # of the online store
    REACHABLE = "Reachable"
    DEVELOPMENT_STORE = "DevelopmentStore"
    STORE_STARTING = "StoreStarting"
    # of views
    ALL_FRESH = "AllFresh"
    RUN_LATE = "RunLate"
    FEATURES_STALE = "FeaturesStale"
    SOURCE_SILENT = "SourceSilent"
    NO_ROWS_IN_WINDOW = "NoRowsInWindow"
    NO_MAX_STALENESS = "NoMaxStaleness"
    ALL_MATERIALIZED = "AllMaterialized"
    NOT_MATERIALIZED = "NotMaterialized"
    INVALID_SCHEDULE = "InvalidSchedule"
    # of a FeatureStore that is being deleted
    IN_USE = "InUse"
    STOPPING_JOBS = "StoppingJobs"
    TEARING_DOWN = "TearingDown"
    NAMESPACE_TERMINATING = "NamespaceTerminating"
    # of a ModelDeployment
    FEATURE_STORE_MISSING = "FeatureStoreMissing"
    FEATURE_STORE_NOT_READY = "FeatureStoreNotReady"
    CONTRACT_MATCHES = "ContractMatches"
    CONTRACT_DIFFERS = "ContractDiffers"
    FEATURE_SERVICE_MISSING = "FeatureServiceMissing"
    FEATURE_SERVICE_NOT_SERVABLE = "FeatureServiceNotServable"
    NOT_VERIFIED = "NotVerified"
    EXTERNAL_MODEL = "ExternalModel"
    MODEL_MISSING = "ModelMissing"
    REPLICAS_AVAILABLE = "ReplicasAvailable"
    REPLICAS_UNAVAILABLE = "ReplicasUnavailable"
    ROLLOUT_COMPLETE = "RolloutComplete"
    ROLLING_OUT = "RollingOut"
    ROLLOUT_STUCK = "RolloutStuck"


UNSEEN = "no operator has reconciled it yet: is one watching its namespace?"
"""Message of `Ready` until an operator writes it, from the CRD's default."""


class Condition(Reported):
    """One condition, in the shape that `kubectl wait --for=condition=...` reads."""

    type: Annotated[str, Field(max_length=64)] = Field(description="What the condition reports.")
    status: ConditionStatus = Field(description="True, False, or Unknown.")
    reason: Annotated[
        str,
        Field(max_length=128),
        matching(r"[A-Z][A-Za-z0-9]*", "expected one word in CamelCase"),
    ] = Field(description="Why, as one word that the runbook explains.")
    message: Annotated[str, Field(max_length=4096)] = Field(
        default="", description="Why, with figures and what to do."
    )
    observed_generation: int = Field(
        default=0, description="Generation of the resource that the condition is about."
    )
    last_transition_time: datetime = Field(description="When `status` last changed.")

    @property
    def holds(self) -> bool:
        """Whether the condition is True."""
        return self.status is ConditionStatus.TRUE


Conditions = Annotated[tuple[Condition, ...], Field(max_length=16)]


def condition_of(conditions: Conditions, kind: ConditionType) -> Condition | None:
    """Return the condition of a type, if it is reported."""
    return next((each for each in conditions if each.type == kind), None)
