"""Whole lives of a ModelDeployment, simulated: each step decides on what the last one left."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from hotplate.api import FeatureStore
from hotplate.api.v1alpha1.model_deployment_status import ModelDeploymentStatus
from hotplate.controller.children import model_deployment_children
from hotplate.controller.observe.serving import serving
from hotplate.decide.jobs.specs import job_name
from hotplate.decide.model_deployment import ModelDeploymentDecision, decide
from hotplate.decide.observed import JobState, ModelDeploymentObserved, Outcome
from support.api.resources import feature_store, model_deployment
from support.job_results import result
from support.lives import Decided

START = datetime(2026, 11, 24, 10, 7, tzinfo=UTC)
READ_PLAN, NEXT_READ_PLAN = "sha256:" + "2e" * 32, "sha256:" + "3e" * 32
ARTIFACT = "sha256:" + "4e" * 32
LABELS = {"path": "data/loans.parquet", "target": "loan_status"}


def applied_store(
    read_plan: str = READ_PLAN, fresh: str = "True", applied: str = "Succeeded"
) -> FeatureStore:
    """Return a FeatureStore that has applied its definitions, and may do so again."""
    revision = {
        "id": "1f1f1f1f1f1f",
        "planHash": "sha256:" + "0a" * 32,
        "readPlan": read_plan,
        "appliedAt": "2026-11-24T10:00:00Z",
    }
    since = {"message": "", "lastTransitionTime": "2026-11-24T10:00:00Z"}
    holds = "True" if applied == "Succeeded" else "False"
    conditions = [
        {"type": "Applied", "status": holds, "reason": applied, **since},
        {
            "type": "Fresh",
            "status": fresh,
            "reason": "AllFresh" if fresh == "True" else "Stale",
            **since,
        },
    ]
    status = {"revision": revision, "embeddedStorePodUID": "pod-1", "conditions": conditions}
    return feature_store(status=status)


class Life(Decided):
    """A ModelDeployment with the children and Jobs that it was given."""

    def __init__(self, store: FeatureStore | None = None, **spec: Any) -> None:
        self.resource = model_deployment(**spec)
        self.store = store
        self.now = START
        self.outcomes: dict[str, Outcome] = {}
        self.deployment: dict[str, Any] | None = None
        self.pods: list[dict[str, Any]] = []
        self.references: dict[str, str | None] = {}
        self.missing_kinds: frozenset[str] = frozenset()
        self.changed_at: datetime | None = None
        self.decision = ModelDeploymentDecision((), (), None, ModelDeploymentStatus(), None)

    def step(self) -> list[str]:
        """Reconcile once; return the names of the Jobs that were started."""
        observed = ModelDeploymentObserved(
            self.now,
            self.store,
            dict(self.outcomes),
            serving(self.resource, self.deployment, self.pods),
            self.references,
            missing_kinds=self.missing_kinds,
            changed_at=self.changed_at,
        )
        self.decision = decide(self.resource, observed)
        self.resource = self.resource.model_copy(update={"status": self.decision.status})
        for job_spec in self.decision.to_start:
            name = job_name(self.resource, job_spec)
            self.outcomes[name] = Outcome(JobState.RUNNING, "Running", started=self.now)
        return [job_spec.name for job_spec in self.decision.to_start]

    def trained(self, version: str = "credit_scoring:abc") -> None:
        """End the training well."""
        trained = result("train", version=version, artifact=ARTIFACT, metrics={"roc_auc": 0.8123})
        for name, outcome in self.outcomes.items():
            if outcome.state is JobState.RUNNING:
                self.outcomes[name] = Outcome(
                    JobState.SUCCEEDED, "Succeeded", result=trained, finished=self.now
                )

    def roll_out(self, available: int = 2) -> None:
        """Let the cluster make the Deployment's pods."""
        self.deployment = json.loads(json.dumps(self.child("Deployment")))
        assert self.deployment is not None
        self.deployment["metadata"]["generation"] = 1
        self.deployment["spec"].setdefault("replicas", 2)
        self.deployment["status"] = {
            "observedGeneration": 1,
            "replicas": 2,
            "updatedReplicas": 2,
            "availableReplicas": available,
        }

    @property
    def children(self) -> tuple[Any, ...] | None:
        """What the operator makes of the decision; None where it leaves all as it is."""
        if self.decision.serve is None or self.store is None:
            return None
        return model_deployment_children(self.resource, self.store, self.decision.serve, "s:1")

    def child(self, kind: str) -> Any:
        return next((each for each in self.children or () if each["kind"] == kind), None)

    def settings(self) -> dict[str, Any]:
        for child in self.children or ():
            if "serving.json" in child.get("data", {}):
                settings: dict[str, Any] = json.loads(child["data"]["serving.json"])
                return settings
        raise AssertionError("there are no settings")

    def until_ready(self) -> Life:
        self.step()
        self.trained()
        self.step()
        self.roll_out()
        self.step()
        assert self.condition("Ready") == ("True", "ReplicasAvailable")
        return self


def test_without_its_feature_store_nothing_is_made_and_it_is_named() -> None:
    life = Life()

    assert life.step() == []
    assert life.children is None
    assert life.condition("Ready") == ("False", "FeatureStoreMissing")
    assert "FeatureStore credit-scoring not found" in life.full("Ready").message


def test_a_feature_store_that_has_applied_nothing_is_waited_for() -> None:
    life = Life(feature_store())

    assert life.step() == []
    assert life.condition("FeaturesCompatible") == ("False", "FeatureStoreNotReady")


def test_a_model_is_trained_pinned_and_served() -> None:
    life = Life(applied_store())

    assert life.step() == ["train"]
    assert life.child("Deployment") is None
    life.trained()
    assert life.step() == []
    assert life.settings()["model"] == {"tag": "credit_scoring:abc", "artifact": ARTIFACT}
    assert life.settings()["readPlan"] == READ_PLAN
    life.roll_out(available=1)
    life.step()
    assert life.condition("Ready") == ("False", "ReplicasUnavailable")
    assert life.full("Ready").message == "1 of 2 pods are available"
    life.roll_out()
    life.step()

    assert life.condition("Ready") == ("True", "ReplicasAvailable")
    status = life.resource.status
    assert status.stable is not None
    assert (status.stable.model, status.stable.ready) == ("credit_scoring:abc", "2/2")
    assert status.url == "http://credit-scoring.ml.svc"
    assert life.full("ModelTrained").message == "credit_scoring:abc: roc_auc 0.812"


def test_a_steady_state_changes_nothing() -> None:
    life = Life(applied_store()).until_ready()
    before = life.resource.status
    life.now += timedelta(hours=1)

    assert life.step() == []
    assert life.resource.status == before


def test_a_deployment_s_status_of_an_older_spec_does_not_count() -> None:
    life = Life(applied_store()).until_ready()
    assert life.deployment is not None
    life.deployment["metadata"]["generation"] = 2
    life.step()

    assert life.condition("Ready") == ("False", "ReplicasUnavailable")


def test_a_model_that_does_not_pass_its_gate_is_not_served() -> None:
    life = Life(applied_store())
    life.step()
    (name,) = life.outcomes
    life.outcomes[name] = Outcome(
        JobState.FAILED, "GateFailed", "roc_auc 0.61 is below 0.75", finished=START
    )
    life.step()

    assert life.child("Deployment") is None
    assert life.condition("ModelTrained") == ("False", "GateFailed")
    assert "roc_auc 0.61 is below 0.75" in life.full("ModelTrained").message


def test_other_features_leave_the_old_model_serving_until_it_is_trained_again() -> None:
    life = Life(applied_store()).until_ready()
    before = life.settings()

    life.store = applied_store(NEXT_READ_PLAN)
    assert life.step() == ["train"]

    assert life.settings() == before
    assert life.condition("FeaturesCompatible") == ("False", "ContractDiffers")
    life.trained("credit_scoring:def")
    life.step()
    assert life.settings()["readPlan"] == NEXT_READ_PLAN
    assert life.settings()["model"]["tag"] == "credit_scoring:def"


def test_a_failed_training_leaves_the_old_model_serving() -> None:
    life = Life(applied_store()).until_ready()
    before = life.settings()
    life.store = applied_store(NEXT_READ_PLAN)
    life.step()
    running = [name for name, each in life.outcomes.items() if each.state is JobState.RUNNING]
    life.outcomes[running[0]] = Outcome(JobState.FAILED, "OOMKilled", finished=START)
    life.step()

    assert life.settings() == before


def test_a_model_is_trained_again_when_its_schedule_is_due() -> None:
    training = {"labels": LABELS, "schedule": "0 * * * *"}
    life = Life(applied_store(), training=training).until_ready()
    assert life.decision.requeue_at == datetime(2026, 11, 24, 11, 0, tzinfo=UTC)

    life.now = datetime(2026, 11, 24, 11, 0, tzinfo=UTC)

    assert life.step() == ["train"]


def test_a_training_that_runs_is_not_overtaken() -> None:
    training = {"labels": LABELS, "schedule": "0 * * * *"}
    life = Life(applied_store(), training=training)
    life.step()

    life.now += timedelta(hours=3)

    assert life.step() == []


def test_no_training_starts_while_the_feature_store_applies() -> None:
    life = Life(applied_store(applied="Running"))
    assert life.step() == []

    life.store = applied_store()
    assert life.step() == ["train"]


def test_no_training_starts_while_the_embedded_store_s_pod_is_unknown() -> None:
    life = Life(applied_store()).until_ready()
    known = life.store
    assert known is not None
    status = known.status.model_copy(update={"embedded_store_pod_uid": ""})
    life.store = known.model_copy(update={"status": status})

    assert life.step() == []
    life.store = known
    assert life.step() == []


def test_a_blocked_apply_does_not_keep_a_model_from_its_training() -> None:
    assert Life(applied_store(applied="ApplyBlocked")).step() == ["train"]


def test_a_model_that_is_brought_is_served_by_its_artifact() -> None:
    version = f"credit_scoring:1@{ARTIFACT}"
    life = Life(applied_store(), training=None, model={"store": "embedded", "version": version})

    assert life.step() == []
    assert life.settings()["model"] == {"tag": "credit_scoring:1", "artifact": ARTIFACT}
    assert life.condition("ModelTrained") == ("True", "ExternalModel")


def test_a_feature_store_that_goes_leaves_the_pods_serving() -> None:
    life = Life(applied_store()).until_ready()

    life.store = None
    life.step()

    assert life.children is None
    assert life.condition("Ready") == ("False", "FeatureStoreMissing")


def test_stale_features_are_told() -> None:
    life = Life(applied_store(fresh="False"))
    life.step()

    assert life.condition("FeaturesFresh") == ("False", "Stale")


def test_a_suspended_deployment_changes_nothing() -> None:
    life = Life(applied_store(), suspend=True)

    assert life.step() == []
    assert life.children is None
    assert life.condition("Ready") == ("False", "Suspended")


def test_a_missing_secret_is_named() -> None:
    life = Life(applied_store())
    life.references = {"Secret/bureau": None}

    assert life.step() == []
    assert life.condition("Ready") == ("False", "ReferenceMissing")
    assert "Secret/bureau" in life.full("Ready").message


def test_a_secret_that_changed_makes_new_pods_only_where_they_take_variables_from_it() -> None:
    key = {"name": "bureau", "key": "token"}
    life = Life(applied_store(), env=[{"name": "TOKEN", "secretKeyRef": key}]).until_ready()
    before = life.child("Deployment")["spec"]["template"]

    life.references = {"Secret/cache-password": "2"}
    life.step()
    assert life.child("Deployment")["spec"]["template"] == before

    life.references = {"Secret/bureau": "2"}
    life.step()
    assert life.child("Deployment")["spec"]["template"] != before


def test_a_pod_that_refuses_to_serve_says_why() -> None:
    life = Life(applied_store()).until_ready()
    assert life.deployment is not None
    life.deployment["status"] |= {
        "availableReplicas": 2,
        "updatedReplicas": 1,
        "replicas": 3,
        "conditions": [{"type": "Progressing", "reason": "ProgressDeadlineExceeded"}],
    }
    ended = {"reason": "Error", "exitCode": 1, "message": "error: the model is corrupt"}
    bento = {"name": "bento", "ready": False, "lastState": {"terminated": ended}}
    pod = {"metadata": {"name": "scoring-1"}, "status": {"containerStatuses": [bento]}}
    life.pods = [pod]
    life.step()

    assert life.condition("Progressing") == ("False", "RolloutStuck")
    assert life.full("Ready").message == "pod scoring-1: Error: error: the model is corrupt"


def test_a_pod_that_no_node_takes_says_why() -> None:
    life = Life(applied_store()).until_ready()
    life.roll_out(available=1)
    unschedulable = {"reason": "Unschedulable", "message": "claim bentos not found"}
    life.pods = [{"metadata": {"name": "scoring-1"}, "status": {"conditions": [unschedulable]}}]
    life.step()

    assert life.condition("Progressing") == ("True", "RollingOut")
    message = life.full("Progressing").message
    assert message.startswith("pod scoring-1: Unschedulable: claim bentos not found: no node")


def test_a_clock_that_is_set_back_a_minute_trains_no_model_again() -> None:
    training = {"labels": LABELS, "schedule": "0 * * * *"}
    life = Life(applied_store(), training=training).until_ready()
    life.now = START.replace(hour=11, minute=0, second=10)
    assert life.step() == ["train"]
    life.trained()
    life.step()

    life.now -= timedelta(minutes=1)

    assert life.step() == []


def test_a_way_in_of_a_kind_that_the_cluster_has_not_is_told() -> None:
    life = Life(applied_store(), gateway={"name": "public"}).until_ready()

    life.missing_kinds = frozenset({"HTTPRoute", "ServiceMonitor"})
    life.step()

    assert life.condition("Ready") == ("False", "CRDMissing")


def test_pods_that_do_not_come_up_are_looked_at_again() -> None:
    life = Life(applied_store()).until_ready()
    assert life.decision.requeue_at is None

    life.roll_out(available=1)
    life.step()

    assert life.decision.requeue_at == START + timedelta(seconds=10)


def test_a_model_that_waits_is_looked_at_again_soon_and_ever_more_seldom() -> None:
    life = Life(applied_store())
    life.references = {"Secret/bureau": None}
    life.step()
    assert life.decision.requeue_at == START + timedelta(seconds=10)

    life.changed_at, life.now = START, START + timedelta(minutes=6)
    life.step()
    assert life.decision.requeue_at == life.now + timedelta(minutes=3)


def test_a_model_that_is_suspended_waits_for_nothing() -> None:
    life = Life(applied_store(), suspend=True)
    life.step()

    assert life.decision.requeue_at is None


def test_every_condition_of_a_model_is_about_the_newest_generation() -> None:
    life = Life(applied_store()).until_ready()

    metadata = life.resource.metadata.model_copy(update={"generation": 4})
    life.resource = life.resource.model_copy(update={"metadata": metadata})
    life.step()

    status = life.decision.status
    assert status.observed_generation == 4
    assert {each.observed_generation for each in status.conditions} == {4}


def test_what_keeps_pods_from_coming_up_is_in_the_message_of_ready() -> None:
    life = Life(applied_store()).until_ready()
    life.roll_out(available=1)
    waiting = {"reason": "ErrImagePull", "message": "no such image"}
    container = {"name": "bento", "ready": False, "state": {"waiting": waiting}}
    life.pods = [{"metadata": {"name": "scoring-1"}, "status": {"containerStatuses": [container]}}]

    life.step()

    assert life.condition("Ready") == ("False", "ReplicasUnavailable")
    assert life.full("Ready").message == (
        "1 of 2 pods are available; pod scoring-1: ImagePullBackOff: no such image: the image"
        " cannot be pulled: check its name and imagePullSecrets"
    )


def test_pods_that_may_not_be_made_are_told() -> None:
    life = Life(applied_store()).until_ready()
    life.roll_out(available=0)
    assert life.deployment is not None
    refused = {"type": "ReplicaFailure", "status": "True", "message": "exceeded quota: small"}
    life.deployment["status"] |= {"conditions": [refused], "updatedReplicas": 0}

    life.step()

    assert life.full("Progressing").message == "exceeded quota: small"
    assert life.full("Ready").message == "0 of 2 pods are available; exceeded quota: small"
