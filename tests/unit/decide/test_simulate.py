from __future__ import annotations

from datetime import UTC, datetime

from hotplate.decide.jobs.specs import JobSpec
from hotplate.decide.observed import Valkey
from hotplate.decide.simulate import FeatureStoreLife
from hotplate.protocol.results import Result
from support.api.resources import feature_store
from support.job_results import result

NOW = datetime(2026, 11, 24, 10, 7, tzinfo=UTC)


def results(job_spec: JobSpec) -> Result:
    return result(job_spec.name)


def life() -> FeatureStoreLife:
    return FeatureStoreLife(feature_store(), NOW, Valkey(ready=True, pod_uid="1"))


def test_a_job_runs_until_it_is_ended() -> None:
    simulated = life()

    assert simulated.step() == ["plan"]
    assert simulated.step() == []
    simulated.jobs.succeed(simulated.jobs.running("plan"), results, NOW)
    assert simulated.step() == ["apply"]
    assert simulated.jobs.running("plan") == []


def test_a_whole_life_takes_a_step_for_each_kind_of_job() -> None:
    simulated, started = life(), []

    while (labels := simulated.step()) or simulated.jobs.running():
        started.append(labels)
        simulated.jobs.succeed(simulated.jobs.running(), results, NOW)

    views = ["materialize credit_history", "materialize zipcode_features"]
    assert started == [["plan"], ["apply"], views]
    assert simulated.conditions["Ready"].holds


def test_a_failed_job_is_a_condition_and_not_started_again() -> None:
    simulated = life()
    simulated.step()
    simulated.jobs.fail(simulated.jobs.running(), "DefinitionsFailed", "no such module", NOW)

    assert simulated.step() == []
    assert simulated.conditions["Planned"].reason == "DefinitionsFailed"
