"""A model fits a feature service, is verified, and only then takes the place of the one before."""

from __future__ import annotations

from typing import Any

from hotplate.api import FeatureStore
from hotplate.api.v1alpha1.feature_store_plan import ServiceStatus
from support.api.resources import feature_store
from support.lives import ModelLife

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


class Life(ModelLife):
    """A ModelDeployment whose models are verified, unless the spec says otherwise."""

    def __init__(self, store: FeatureStore, **spec: Any) -> None:
        super().__init__(store, **{"rollout": {"verify": True}} | spec)

    def train(self, version: str = "credit_scoring:1", artifact: str = ARTIFACT) -> Life:
        assert self.step() == ["train"]
        digest = self.store.status.revision.service("credit_scoring_v1").hash  # type: ignore[union-attr]
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


def test_a_trained_model_is_verified_before_it_is_served() -> None:
    life = Life(store()).train()

    assert life.step() == ["verify"]
    assert (life.model, life.is_served) == (None, False)
    assert life.condition("Verified") == ("Unknown", "Running")

    life.end(contractHash=CONTRACT, serviceHash=SERVICE["hash"])
    assert life.step() == []
    assert (life.model, life.is_served) == ("credit_scoring:1", True)
    assert life.condition("Verified") == ("True", "Succeeded")
    assert life.message("Verified") == "credit_scoring:1"
    assert life.step() == []


def test_a_model_that_is_not_verified_is_not_served_and_the_old_one_keeps_serving() -> None:
    life = Life(store()).serve()
    life.store = store(SERVICE | {"hash": "c1" * 8}, OTHER, read_plan="3e")
    life.train("credit_scoring:2", NEXT_ARTIFACT)
    assert life.step() == ["verify"]
    assert life.condition("Verified") == ("True", "Running")

    life.fail("verify", "ServedDiffers", "feature view credit_history: 3 differences")
    life.step()

    assert life.model == "credit_scoring:1"
    assert life.condition("Verified") == ("False", "ServedDiffers")
    assert "3 differences" in life.message("Verified")


def test_an_unrelated_view_s_change_neither_blocks_nor_trains_nor_rolls_a_model() -> None:
    life = Life(store()).serve()
    before = life.decision.serve

    life.store = store(SERVICE, OTHER | {"hash": "c1" * 8}, read_plan="3e")

    assert life.step() == []
    assert life.condition("FeaturesCompatible") == ("True", "ContractMatches")
    assert life.decision.serve == before is not None


def test_a_change_of_the_model_s_own_features_trains_it_again() -> None:
    life = Life(store()).serve()

    life.store = store(SERVICE | {"hash": "c1" * 8}, OTHER)

    assert life.step() == ["train"]
    assert life.condition("FeaturesCompatible") == ("False", "ContractDiffers")
    assert life.is_served


def test_a_missing_feature_service_is_named_with_those_that_exist() -> None:
    life = Life(store(OTHER))

    assert life.step() == []
    assert life.condition("FeaturesCompatible") == ("False", "FeatureServiceMissing")
    assert life.message("Ready").endswith("which has: other")


def test_a_feature_service_that_cannot_be_served_is_named_with_every_reason() -> None:
    life = Life(store(OTHER))
    reason = "it renames feature view v; it reads feature view w, which has online=False"
    refused = ServiceStatus(name="credit_scoring_v1", servable=False, reason=reason)
    status = life.store.status.model_copy(update={"services": (refused,)})
    life.store = life.store.model_copy(update={"status": status})

    assert life.step() == []
    assert life.condition("FeaturesCompatible") == ("False", "FeatureServiceNotServable")
    assert life.message("Ready").endswith(f"cannot be served: {reason}")


def test_the_views_that_a_model_reads_are_waited_for_by_name_and_no_others() -> None:
    life = Life(store(waiting="credit_history")).train()
    assert life.step() == []
    assert life.condition("Verified") == ("False", "NotMaterialized")
    waiting = "waiting for feature views to be materialized: credit_history"
    assert life.message("Verified") == waiting

    life.store = store(waiting="zipcode_features")
    assert life.step() == ["verify"]


def test_without_verification_a_model_is_served_once_its_views_are_materialized() -> None:
    life = Life(store(), rollout={"verify": False}).train()

    assert life.step() == []
    assert life.is_served
    assert life.condition("Verified") == ("True", "NotVerified")


def test_an_external_model_is_verified_and_pinned_with_its_contract() -> None:
    external = {"store": "embedded", "version": f"credit_scoring:7@{ARTIFACT}"}
    life = Life(store(), training=None, model=external)
    assert life.step() == ["verify"]

    life.end(contractHash=CONTRACT, serviceHash=SERVICE["hash"])
    life.step()
    assert (life.model, life.is_served) == ("credit_scoring:7", True)
    assert life.decision.status.model is not None
    assert life.decision.status.model.contract_hash == CONTRACT

    life.store = store(SERVICE | {"hash": "c1" * 8}, OTHER)
    assert life.step() == []
    assert life.condition("FeaturesCompatible") == ("False", "ContractDiffers")


def test_golden_rows_reach_the_job_and_new_ones_verify_the_model_that_serves() -> None:
    life = Life(store(), rollout=GOLDEN)
    life.references = {"ConfigMap/golden": "1"}
    life.serve()
    (verify,) = (each for each in life.jobs.specs.values() if each.name == "verify")
    assert verify.golden_rows == "golden"
    assert verify.variables["HOTPLATE_GOLDEN_ROWS"] == "/etc/hotplate/rows.jsonl"
    assert verify.variables["HOTPLATE_MODEL"] == f"credit_scoring:1@{ARTIFACT}"

    life.references = {"ConfigMap/golden": "2"}
    assert life.step() == ["verify"]
    life.fail("verify", "GoldenRowsDiffer", "1 of 2 golden rows do not match")
    life.step()
    assert life.condition("Verified") == ("False", "GoldenRowsDiffer")
    assert life.is_served


def test_missing_golden_rows_are_named() -> None:
    life = Life(store(), rollout=GOLDEN)
    life.references = {"ConfigMap/golden": None}

    assert life.step() == []
    assert "ConfigMap/golden" in life.message("Ready")


def stale(store: FeatureStore) -> FeatureStore:
    """Return the FeatureStore with its first view no longer fresh."""
    first, *others = store.status.views
    views = (first.model_copy(update={"fresh": False}), *others)
    status = store.status.model_copy(update={"views": views})
    return store.model_copy(update={"status": status})


def test_no_training_starts_on_a_stale_view_when_the_manifest_asks_for_fresh_ones() -> None:
    life = Life(stale(store()), features={"requireFresh": True})

    assert life.step() == []
    assert life.condition("ModelTrained") == ("False", "FeaturesStale")
    assert Life(stale(store())).step() == ["train"]

    life.store = store()
    assert life.step() == ["train"]


def test_a_new_model_waits_for_stale_views_and_the_one_before_keeps_serving() -> None:
    life = Life(store(), features={"requireFresh": True}).serve()
    life.store = store(SERVICE | {"hash": "c1" * 8}, OTHER)
    life.train("credit_scoring:2", NEXT_ARTIFACT)
    life.store = stale(life.store)

    assert life.step() == []
    assert (life.model, life.is_served) == ("credit_scoring:1", True)
    assert life.condition("Verified") == ("False", "FeaturesStale")

    life.store = store(SERVICE | {"hash": "c1" * 8}, OTHER)
    assert life.step() == ["verify"]


def test_a_training_is_followed_to_its_end_after_its_feature_service_is_gone() -> None:
    life = Life(store())
    assert life.step() == ["train"]
    life.store = store(OTHER)

    life.end(version="credit_scoring:1", artifact=ARTIFACT, contractHash=CONTRACT, rows=1)
    assert life.step() == []

    status = life.decision.status
    assert status.training is not None
    assert status.training.run.result == "Succeeded"
    assert status.candidate is not None
    assert status.candidate.version == "credit_scoring:1"
    assert life.model is None


def test_a_verification_is_followed_to_its_end_after_its_feature_service_is_gone() -> None:
    life = Life(store()).train()
    assert life.step() == ["verify"]
    life.store = store(OTHER)
    life.end(contractHash=CONTRACT, serviceHash=SERVICE["hash"])

    assert life.step() == []
    assert life.decision.status.verify_run is not None
    assert life.decision.status.verify_run.result == "Succeeded"
    assert life.model is None

    life.store = store()
    assert life.step() == []
    assert life.model == "credit_scoring:1"
