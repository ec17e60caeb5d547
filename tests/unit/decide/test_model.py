"""A model fits a feature service, is verified, and only then takes the place of the one before."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from hotplate.api import FeatureStore
from hotplate.api.v1alpha1 import names
from hotplate.controller.children import model_deployment_children
from hotplate.controller.children.jobs import JobContext, job
from hotplate.decide.jobs.specs import job_name
from hotplate.decide.model_deployment import ModelDeploymentDecision, decide
from hotplate.decide.observed import JobState, ModelDeploymentObserved, Outcome
from support.api.resources import feature_store, model_deployment
from support.job_results import result

NOW = datetime(2026, 11, 24, 10, 7, tzinfo=UTC)
ARTIFACT, NEXT_ARTIFACT = "sha256:" + "4e" * 32, "sha256:" + "5e" * 32
CONTRACT = "sha256:" + "6e" * 32
SERVICE = {"name": "credit_scoring_v1", "hash": "a1" * 8, "views": ["credit_history"]}
OTHER = {"name": "other", "hash": "b1" * 8, "views": ["zipcode_features"]}
GOLDEN = {"verify": True, "goldenRows": {"configMap": {"name": "golden"}}}


def store(*services: dict[str, Any], read_plan: str = "2e", waiting: str = "") -> FeatureStore:
    """Return a FeatureStore with these services; `waiting` names a view without a watermark."""
    revision = {
        "id": "1f1f1f1f1f1f",
        "planHash": "sha256:" + "0a" * 32,
        "readPlan": "sha256:" + read_plan * 32,
        "services": services or (SERVICE, OTHER),
        "hasAllServices": True,
        "appliedAt": "2026-11-24T10:00:00Z",
    }
    views = [
        {"name": name, **({} if name == waiting else {"watermark": "2026-11-24T10:00:00Z"})}
        for name in ("credit_history", "zipcode_features")
    ]
    status = {"revision": revision, "views": views, "embeddedStorePodUID": "pod-1"}
    return feature_store(status=status)


class Life:
    """A ModelDeployment with its Jobs, which end when the test says so."""

    def __init__(self, features: FeatureStore, **spec: Any) -> None:
        self.resource = model_deployment(**({"rollout": {"verify": True}} | spec))
        self.features = features
        self.outcomes: dict[str, Outcome] = {}
        self.jobs: dict[str, dict[str, Any]] = {}
        self.references: dict[str, str | None] = {}
        self.decision = self._decide()

    def _decide(self) -> ModelDeploymentDecision:
        observed = ModelDeploymentObserved(
            NOW, self.features, dict(self.outcomes), references=self.references
        )
        return decide(self.resource, observed)

    def step(self) -> list[str]:
        self.decision = self._decide()
        self.resource = self.resource.model_copy(update={"status": self.decision.status})
        for job_spec in self.decision.to_start:
            name = job_name(self.resource, job_spec)
            self.outcomes[name] = Outcome(JobState.RUNNING, "Running")
            context = JobContext(self.resource, self.features, "jobs:1")
            self.jobs[name] = job(context, job_spec)
        return [job_spec.name for job_spec in self.decision.to_start]

    def end(self, **changes: Any) -> None:
        """End what runs well, with its usual result but for these changes."""
        for name in self._running():
            label = self.jobs[name]["metadata"]["labels"][names.JOB_LABEL]
            self.outcomes[name] = Outcome(
                JobState.SUCCEEDED, "Succeeded", result=result(label, **changes), finished=NOW
            )

    def fail(self, reason: str, message: str) -> None:
        for name in self._running():
            self.outcomes[name] = Outcome(JobState.FAILED, reason, message, finished=NOW)

    def deployments(self) -> list[Any]:
        """What the operator makes of the decision."""
        assert self.decision.serve is not None
        children = model_deployment_children(
            self.resource, self.features, self.decision.serve, "serving:1"
        )
        return [child for child in children if child["kind"] == "Deployment"]

    def _running(self) -> list[str]:
        return [name for name, each in self.outcomes.items() if each.state is JobState.RUNNING]

    def train(self, version: str = "credit_scoring:1", artifact: str = ARTIFACT) -> Life:
        assert self.step() == ["train"]
        digest = self.features.status.revision.service("credit_scoring_v1").hash  # type: ignore[union-attr]
        self.end(
            version=version,
            artifact=artifact,
            contractHash=CONTRACT,
            serviceHash=digest,
            rows=1,
            metrics={},
        )
        return self

    def serve(self) -> Life:
        self.train()
        assert self.step() == ["verify"]
        self.end(contractHash=CONTRACT, serviceHash=SERVICE["hash"])
        self.step()
        assert self.model == "credit_scoring:1"
        return self

    @property
    def model(self) -> str | None:
        model = self.decision.status.model
        return model.version if model else None

    @property
    def is_served(self) -> bool:
        return self.decision.serve is not None and self.decision.serve.model is not None

    def condition(self, kind: str) -> tuple[str, str, str]:
        found = next(each for each in self.decision.status.conditions if each.type == kind)
        return found.status.value, found.reason, found.message


def test_a_trained_model_is_verified_before_it_is_served() -> None:
    life = Life(store()).train()

    assert life.step() == ["verify"]
    assert (life.model, life.is_served) == (None, False)
    assert life.condition("Verified")[:2] == ("Unknown", "Running")

    life.end(contractHash=CONTRACT, serviceHash=SERVICE["hash"])
    assert life.step() == []
    assert (life.model, life.is_served) == ("credit_scoring:1", True)
    assert life.condition("Verified") == ("True", "Succeeded", "credit_scoring:1")
    assert life.step() == []


def test_a_model_that_is_not_verified_is_not_served_and_the_old_one_goes_on() -> None:
    life = Life(store()).serve()
    life.features = store(SERVICE | {"hash": "c1" * 8}, OTHER, read_plan="3e")
    life.train("credit_scoring:2", NEXT_ARTIFACT)
    assert life.step() == ["verify"]
    assert life.condition("Verified")[:2] == ("True", "Running")

    life.fail("ServedDiffers", "feature view credit_history: 3 differences")
    life.step()

    assert life.model == "credit_scoring:1"
    assert life.condition("Verified")[:2] == ("False", "ServedDiffers")
    assert "3 differences" in life.condition("Verified")[2]


def test_an_unrelated_view_s_change_neither_blocks_nor_trains_nor_rolls_a_model() -> None:
    life = Life(store()).serve()
    before = life.deployments()

    life.features = store(SERVICE, OTHER | {"hash": "c1" * 8}, read_plan="3e")

    assert life.step() == []
    assert life.condition("FeaturesCompatible")[:2] == ("True", "ContractMatches")
    assert life.deployments() == before != []


def test_a_change_of_the_model_s_own_features_trains_it_again() -> None:
    life = Life(store()).serve()

    life.features = store(SERVICE | {"hash": "c1" * 8}, OTHER)

    assert life.step() == ["train"]
    assert life.condition("FeaturesCompatible")[:2] == ("False", "ContractDiffers")
    assert life.is_served


def test_a_feature_service_that_is_not_there_is_named_with_those_that_are() -> None:
    life = Life(store(OTHER))

    assert life.step() == []
    assert life.condition("FeaturesCompatible")[:2] == ("False", "FeatureServiceMissing")
    assert life.condition("Ready")[2].endswith("which has: other")


def test_the_views_that_a_model_reads_are_waited_for_by_name_and_no_others() -> None:
    life = Life(store(waiting="credit_history")).train()
    assert life.step() == []
    assert life.condition("Verified") == (
        "False",
        "NotMaterialized",
        "waiting for feature views to be materialized: credit_history",
    )

    life.features = store(waiting="zipcode_features")
    assert life.step() == ["verify"]


def test_without_verification_a_model_is_served_when_its_views_are_there() -> None:
    life = Life(store(), rollout={"verify": False}).train()

    assert life.step() == []
    assert life.is_served
    assert life.condition("Verified")[:2] == ("True", "NotVerified")


def test_a_model_that_was_brought_is_verified_and_pinned_with_its_contract() -> None:
    brought = {"store": "embedded", "version": f"credit_scoring:7@{ARTIFACT}"}
    life = Life(store(), training=None, model=brought)
    assert life.step() == ["verify"]

    life.end(contractHash=CONTRACT, serviceHash=SERVICE["hash"])
    life.step()
    assert (life.model, life.is_served) == ("credit_scoring:7", True)
    assert life.decision.status.model is not None
    assert life.decision.status.model.contract_hash == CONTRACT

    life.features = store(SERVICE | {"hash": "c1" * 8}, OTHER)
    assert life.step() == []
    assert life.condition("FeaturesCompatible")[:2] == ("False", "ContractDiffers")


def test_golden_rows_reach_the_job_and_new_ones_verify_the_model_that_serves() -> None:
    life = Life(store(), rollout=GOLDEN)
    life.references = {"ConfigMap/golden": "1"}
    life.serve()
    (verify,) = (job for name, job in life.jobs.items() if "verify" in name)
    pod = verify["spec"]["template"]["spec"]
    variables = {each["name"]: each.get("value") for each in pod["containers"][0]["env"]}
    assert variables["HOTPLATE_GOLDEN_ROWS"] == "/etc/hotplate/rows.jsonl"
    assert variables["HOTPLATE_MODEL"] == f"credit_scoring:1@{ARTIFACT}"
    assert any("golden" in str(volume) for volume in pod["volumes"])

    life.references = {"ConfigMap/golden": "2"}
    assert life.step() == ["verify"]
    life.fail("GoldenRowsDiffer", "1 of 2 golden rows do not match")
    life.step()
    assert life.condition("Verified")[:2] == ("False", "GoldenRowsDiffer")
    assert life.is_served


def test_golden_rows_that_are_not_there_are_named() -> None:
    life = Life(store(), rollout=GOLDEN)
    life.references = {"ConfigMap/golden": None}

    assert life.step() == []
    assert "ConfigMap/golden" in life.condition("Ready")[2]
