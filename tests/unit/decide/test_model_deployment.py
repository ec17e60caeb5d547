"""Whole lives of a ModelDeployment, simulated: each step decides on what the last one left."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hotplate.api import FeatureStore
from hotplate.decide.observed import Serving
from support.api.resources import feature_store
from support.lives import START, ModelLife

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
            "reason": "AllFresh" if fresh == "True" else "RunLate",
            **since,
        },
    ]
    status = {"revision": revision, "embeddedStorePodUID": "pod-1", "conditions": conditions}
    return feature_store(status=status)


class Life(ModelLife):
    """A ModelDeployment whose model is trained, then served by two pods."""

    def trained(self, version: str = "credit_scoring:abc") -> None:
        """Let the training succeed."""
        self.end("train", version=version, artifact=ARTIFACT, metrics={"roc_auc": 0.8123})

    def roll_out(self, available: int = 2, problem: str = "", stuck: str = "") -> None:
        """Let two pods exist, of which so many are available."""
        self.serving = Serving(
            revision="1f1f1f",
            image="serving:1",
            url="http://credit-scoring.ml.svc",
            wanted=2,
            available=available,
            ready=available,
            replicas=2,
            is_complete=available == 2 and not stuck,
            problem=problem,
            stuck=stuck,
        )

    @property
    def served(self) -> tuple[str, str] | None:
        """The version and the read plan that should serve."""
        serve = self.decision.serve
        return (serve.model.version, serve.model.read_plan) if serve and serve.model else None

    def until_ready(self) -> Life:
        self.step()
        self.trained()
        self.step()
        self.roll_out()
        self.step()
        assert self.condition("Ready") == ("True", "ReplicasAvailable")
        return self


def test_a_missing_feature_store_is_named_and_nothing_serves() -> None:
    life = Life()

    assert life.step() == []
    assert life.decision.serve is None
    assert life.condition("Ready") == ("False", "FeatureStoreMissing")
    assert "FeatureStore credit-scoring not found" in life.message("Ready")


def test_a_model_waits_for_a_feature_store_that_has_applied_nothing() -> None:
    life = Life(feature_store())

    assert life.step() == []
    assert life.condition("FeaturesCompatible") == ("False", "FeatureStoreNotReady")


def test_a_model_is_trained_pinned_and_served() -> None:
    life = Life(applied_store())

    assert life.step() == ["train"]
    assert life.served is None
    life.trained()
    assert life.step() == []
    assert life.served == ("credit_scoring:abc", READ_PLAN)
    life.roll_out(available=1)
    life.step()
    assert life.condition("Ready") == ("False", "ReplicasUnavailable")
    assert life.message("Ready") == "1 of 2 pods are available"
    life.roll_out()
    life.step()

    assert life.condition("Ready") == ("True", "ReplicasAvailable")
    status = life.model_deployment.status
    assert status.stable is not None
    assert (status.stable.model, status.stable.ready) == ("credit_scoring:abc", "2/2")
    assert status.url == "http://credit-scoring.ml.svc"
    assert life.message("ModelTrained") == "credit_scoring:abc: roc_auc 0.812"


def test_a_steady_state_changes_nothing() -> None:
    life = Life(applied_store()).until_ready()
    before = life.model_deployment.status
    life.now += timedelta(hours=1)

    assert life.step() == []
    assert life.model_deployment.status == before


def test_a_model_that_does_not_pass_its_gate_is_not_served() -> None:
    life = Life(applied_store())
    life.step()
    life.fail("train", "GateFailed", "roc_auc 0.61 is below 0.75")
    life.step()

    assert life.served is None
    assert life.condition("ModelTrained") == ("False", "GateFailed")
    assert "roc_auc 0.61 is below 0.75" in life.message("ModelTrained")


def test_other_features_leave_the_old_model_serving_until_it_is_trained_again() -> None:
    life = Life(applied_store()).until_ready()
    before = life.served

    life.store = applied_store(NEXT_READ_PLAN)
    assert life.step() == ["train"]

    assert life.served == before
    assert life.condition("FeaturesCompatible") == ("False", "ContractDiffers")
    life.trained("credit_scoring:def")
    life.step()
    assert life.served == ("credit_scoring:def", NEXT_READ_PLAN)


def test_a_failed_training_leaves_the_old_model_serving() -> None:
    life = Life(applied_store()).until_ready()
    before = life.served
    life.store = applied_store(NEXT_READ_PLAN)
    life.step()
    life.fail("train", "OOMKilled")
    life.step()

    assert life.served == before


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


def test_an_external_model_is_served_by_its_artifact() -> None:
    version = f"credit_scoring:1@{ARTIFACT}"
    life = Life(applied_store(), training=None, model={"store": "embedded", "version": version})

    assert life.step() == []
    serve = life.decision.serve
    assert serve is not None
    assert serve.model is not None
    assert (serve.model.version, serve.model.artifact) == ("credit_scoring:1", ARTIFACT)
    assert life.condition("ModelTrained") == ("True", "ExternalModel")


def test_the_pods_keep_serving_when_the_feature_store_is_deleted() -> None:
    life = Life(applied_store()).until_ready()

    life.store = None
    life.step()

    assert life.decision.serve is None
    assert life.condition("Ready") == ("False", "FeatureStoreMissing")


def test_stale_features_are_reported() -> None:
    life = Life(applied_store(fresh="False"))
    life.step()

    assert life.condition("FeaturesFresh") == ("False", "RunLate")


def test_a_suspended_deployment_changes_nothing() -> None:
    life = Life(applied_store(), suspend=True)

    assert life.step() == []
    assert life.decision.serve is None
    assert life.condition("Ready") == ("False", "Suspended")


def test_a_missing_secret_is_named() -> None:
    life = Life(applied_store())
    life.references = {"Secret/bureau": None}

    assert life.step() == []
    assert life.condition("Ready") == ("False", "ReferenceMissing")
    assert "Secret/bureau" in life.message("Ready")


def test_a_changed_secret_restarts_pods_only_if_their_variables_come_from_it() -> None:
    key = {"name": "bureau", "key": "token"}
    life = Life(applied_store(), env=[{"name": "TOKEN", "secretKeyRef": key}]).until_ready()
    before = life.decision.serve

    life.references = {"Secret/cache-password": "2"}
    life.step()
    assert life.decision.serve == before is not None

    life.references = {"Secret/bureau": "2"}
    life.step()
    assert life.decision.serve != before


def test_a_rollout_that_is_stuck_says_why() -> None:
    life = Life(applied_store()).until_ready()
    life.roll_out(stuck="pod scoring-1: Error: error: the model is corrupt")
    life.step()

    assert life.condition("Progressing") == ("False", "RolloutStuck")
    assert life.message("Ready") == "pod scoring-1: Error: error: the model is corrupt"


def test_a_rollout_in_progress_says_why_a_pod_does_not_start() -> None:
    life = Life(applied_store()).until_ready()
    life.roll_out(available=1, problem="pod scoring-1: Unschedulable: no node")
    life.step()

    assert life.condition("Progressing") == ("True", "RollingOut")
    assert life.message("Progressing") == "pod scoring-1: Unschedulable: no node"


def test_a_clock_that_is_set_back_a_minute_trains_no_model_again() -> None:
    training = {"labels": LABELS, "schedule": "0 * * * *"}
    life = Life(applied_store(), training=training).until_ready()
    life.now = START.replace(hour=11, minute=0, second=10)
    assert life.step() == ["train"]
    life.trained()
    life.step()

    life.now -= timedelta(minutes=1)

    assert life.step() == []


def test_a_gateway_without_its_crd_is_reported() -> None:
    life = Life(applied_store(), gateway={"name": "public"}).until_ready()

    life.missing_kinds = frozenset({"HTTPRoute", "ServiceMonitor"})
    life.step()

    assert life.condition("Ready") == ("False", "CRDMissing")


def test_pods_that_do_not_start_are_polled() -> None:
    life = Life(applied_store()).until_ready()
    assert life.decision.requeue_at is None

    life.roll_out(available=1)
    life.step()

    assert life.decision.requeue_at == START + timedelta(seconds=10)


def test_a_model_that_waits_is_polled_at_growing_intervals() -> None:
    life = Life(applied_store())
    life.references = {"Secret/bureau": None}
    life.step()
    assert life.decision.requeue_at == START + timedelta(seconds=10)

    life.changed_at, life.now = START, START + timedelta(minutes=6)
    life.step()
    assert life.decision.requeue_at == life.now + timedelta(minutes=3)


def test_a_suspended_model_is_not_polled() -> None:
    life = Life(applied_store(), suspend=True)
    life.step()

    assert life.decision.requeue_at is None


def test_every_condition_of_a_model_is_about_the_newest_generation() -> None:
    life = Life(applied_store()).until_ready()

    metadata = life.model_deployment.metadata.model_copy(update={"generation": 4})
    life.model_deployment = life.model_deployment.model_copy(update={"metadata": metadata})
    life.step()

    status = life.decision.status
    assert status.observed_generation == 4
    assert {each.observed_generation for each in status.conditions} == {4}


def test_the_message_of_ready_says_why_a_pod_does_not_start() -> None:
    life = Life(applied_store()).until_ready()
    life.roll_out(available=1, problem="pod scoring-1: ImagePullBackOff: no such image")
    life.step()

    assert life.condition("Ready") == ("False", "ReplicasUnavailable")
    assert life.message("Ready") == (
        "1 of 2 pods are available; pod scoring-1: ImagePullBackOff: no such image"
    )
