"""Plans tell the truth, and apply deletes nothing that was not allowed."""

import json
from datetime import timedelta

import pytest
import redis
from feast.feature_view import FeatureViewState

from hotplate import jobs
from hotplate.jobs import JobError, Workspace
from hotplate.jobs.repository.session import connected
from hotplate.model.artifact_store import artifact_store
from hotplate.protocol import plans
from hotplate.protocol.read_plan import ReadPlan
from support.feast.small_repository import DEFINITIONS, SmallRepository, make_repository

WITHOUT_SURROUNDINGS = DEFINITIONS.replace("[habits, surroundings, thrift]", "[habits, thrift]")
WITHOUT_SURROUNDINGS = (
    WITHOUT_SURROUNDINGS[: WITHOUT_SURROUNDINGS.index("surroundings = ")]
    + WITHOUT_SURROUNDINGS[WITHOUT_SURROUNDINGS.index("\n\n@on_demand") :]
)


def read_plan(repository: SmallRepository, digest: str) -> ReadPlan:
    return ReadPlan.from_json(artifact_store(repository.store).get(digest))


def test_a_first_plan_creates_every_object_and_changes_nothing(repository: SmallRepository) -> None:
    first, second = jobs.plan(repository.workspace()), jobs.plan(repository.workspace())
    assert (first.create, first.update, first.delete) == (6, 0, 0)
    assert "create feature view habits" in first.summary
    assert second == first


def test_the_whole_plan_is_an_artifact_under_the_hash_that_approves_it(
    applied: SmallRepository,
) -> None:
    applied.define(DEFINITIONS.replace('"shops", dtype=Int64', '"shops", dtype=String'))

    plan = jobs.plan(applied.workspace())

    kept = plans.from_json(artifact_store(applied.store).get(plan.plan_hash))
    assert tuple(map(str, kept)) == plan.summary
    (features,) = [
        field
        for change in kept
        if change.name == "surroundings"
        for field in change.fields
        if field.field == "features"
    ]
    assert "value_type: INT64" in features.before
    assert features.after.count("value_type: STRING") == features.before.count("STRING") + 1


def test_a_plan_of_what_was_applied_and_materialized_is_empty(applied: SmallRepository) -> None:
    jobs.materialize(applied.workspace(), "habits")
    plan = jobs.plan(applied.workspace())
    assert (plan.create, plan.update, plan.delete, plan.summary) == (0, 0, 0, ())


def test_apply_writes_the_read_plan_of_scoring_processes(repository: SmallRepository) -> None:
    result = jobs.apply(repository.workspace())
    plan = read_plan(repository, result.read_plan)
    assert plan.project == "shops"
    assert [view.name for view in plan.views] == ["habits", "surroundings"]
    assert [(key.name, key.dtype) for key in plan.views[0].join_keys] == [("person", "STRING")]
    assert [(each.name, each.dtype) for each in plan.views[0].features] == [
        ("visits", "INT64"),
        ("spent", "DOUBLE"),
    ]
    assert plan.views[0].ttl_seconds == 60 * 24 * 3600
    assert [(each.view, each.name) for each in plan.service("shop_risk").features] == [
        ("habits", "visits"),
        ("habits", "spent"),
        ("surroundings", "district"),
        ("surroundings", "shops"),
        ("thrift", "spent_per_visit"),
    ]
    assert result.views == ("habits", "surroundings")


def test_the_text_of_an_on_demand_view_runs_alone(repository: SmallRepository) -> None:
    plan = read_plan(repository, jobs.apply(repository.workspace()).read_plan)
    (view,) = plan.on_demand_views
    namespace: dict = {}
    exec(view.source, namespace)
    assert namespace[view.function]({"visits": 3, "spent": 8.0}) == {"spent_per_visit": 2.0}
    assert {(each.name, each.view, each.feature) for each in view.inputs} == {
        ("visits", "habits", "visits"),
        ("habits__visits", "habits", "visits"),
        ("spent", "habits", "spent"),
        ("habits__spent", "habits", "spent"),
    }


def test_the_same_definitions_give_the_same_read_plan(applied: SmallRepository) -> None:
    again = jobs.apply(applied.workspace())
    assert again.read_plan == jobs.apply(applied.workspace()).read_plan
    assert (again.create, again.update, again.delete) == (0, 0, 0)


def test_a_plan_that_deletes_a_view_is_blocked_with_its_name_and_hash(
    applied: SmallRepository,
) -> None:
    applied.define(WITHOUT_SURROUNDINGS)
    planned = jobs.plan(applied.workspace())
    with pytest.raises(JobError) as caught:
        jobs.apply(applied.workspace())
    assert caught.value.reason == "ApplyBlocked"
    assert "feature view surroundings" in caught.value.message
    assert planned.plan_hash in caught.value.message
    applied.define()
    assert jobs.plan(applied.workspace()).summary == ()


def test_a_blocked_plan_passes_when_its_very_hash_is_approved(applied: SmallRepository) -> None:
    applied.define(WITHOUT_SURROUNDINGS)
    planned = jobs.plan(applied.workspace())
    result = jobs.apply(applied.workspace(apply={"approve": planned.plan_hash}))
    assert result.delete == 1
    assert result.views == ("habits",)


def test_an_approval_of_another_plan_does_not_let_it_pass(applied: SmallRepository) -> None:
    applied.define(WITHOUT_SURROUNDINGS)
    approved = jobs.plan(applied.workspace()).plan_hash
    applied.define(WITHOUT_SURROUNDINGS.replace("days=60", "days=1"))
    with pytest.raises(JobError, match="ApplyBlocked"):
        jobs.apply(applied.workspace(apply={"approve": approved}))


def test_as_many_deletions_as_allowed_pass(applied: SmallRepository) -> None:
    applied.define(WITHOUT_SURROUNDINGS)
    assert jobs.apply(applied.workspace(apply={"maxDeletions": 1})).delete == 1


def test_an_empty_repository_is_refused_and_loses_nothing(applied: SmallRepository) -> None:
    (applied.folder / "repo" / "definitions.py").unlink()
    with pytest.raises(JobError, match="DefinitionsEmpty"):
        jobs.apply(applied.workspace(apply={"maxDeletions": 1000}))
    applied.define()
    assert jobs.plan(applied.workspace()).summary == ()


def test_applying_an_update_keeps_rows_and_watermark(applied: SmallRepository) -> None:
    first = jobs.materialize(applied.workspace(), "habits")
    applied.redefine('"visits", dtype=Int64', '"visits", dtype=Int64, description="a month"')
    assert jobs.apply(applied.workspace()).update >= 1
    second = jobs.materialize(applied.workspace(), "habits")
    assert second.start == first.end - timedelta(hours=1)


def test_a_project_whose_name_ends_another_on_the_same_store_is_refused(
    applied: SmallRepository, tmp_path, store: str
) -> None:
    other = make_repository(tmp_path / "other", store)
    with pytest.raises(JobError) as caught:
        jobs.apply(other.workspace(project="my_shops"))
    assert caught.value.reason == "ProjectConflict"
    assert "project shops" in caught.value.message
    jobs.apply(other.workspace(project="shops_of_mine"))


def test_a_view_left_materializing_by_a_killed_feast_is_repaired(
    applied: SmallRepository, valkey: redis.Redis
) -> None:
    jobs.materialize(applied.workspace(), "habits")
    feast = connected(applied.workspace())
    view = feast.registry.get_feature_view("habits", "shops")
    view.state = FeatureViewState.MATERIALIZING
    feast.registry.apply_feature_view(view, "shops")
    assert jobs.apply(applied.workspace()).repaired_views == ("habits",)
    view = connected(applied.workspace()).registry.get_feature_view("habits", "shops")
    assert view.state is FeatureViewState.AVAILABLE_ONLINE


RETURN = '{"spent_per_visit": spent / (visits + 1)}'


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        (
            {"    singleton=True,\n": "", RETURN: '{"spent_per_visit": spent}'},
            "not a Python function of one row",
        ),
        (
            {"from datetime": "import math\nfrom datetime", RETURN: "{'spent_per_visit': math.e}"},
            "uses math of its module",
        ),
        ({"features=[habits,": "features=[habits.with_name('mine'),"}, "renames feature view"),
    ],
)
def test_a_service_that_scoring_processes_cannot_serve_blocks_no_other(
    repository: SmallRepository, changes: dict[str, str], why: str
) -> None:
    text = DEFINITIONS + 'visits_only = FeatureService(name="visits_only", features=[habits])\n'
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new, 1)
    repository.define(text)
    planned, applied = jobs.plan(repository.workspace()), jobs.apply(repository.workspace())
    for services in (planned.services, applied.services):
        found = {each.name: each for each in services}
        assert why in found["shop_risk"].reason
        assert not found["shop_risk"].servable
        assert found["visits_only"].servable
    assert applied.views == ("habits", "surroundings")
    assert read_plan(repository, applied.read_plan).service("visits_only")


def test_an_on_demand_view_that_lacks_its_feature_is_refused_as_feast_does(
    repository: SmallRepository,
) -> None:
    repository.redefine(RETURN, '{"other": spent}')
    with pytest.raises(JobError, match=r"(?s)DefinitionsInvalid.*spent_per_visit"):
        jobs.apply(repository.workspace())


def test_a_store_that_does_not_answer_is_named(repository: SmallRepository) -> None:
    nowhere = Workspace(
        repository.workspace().feature_store, repository.folder / "repo", "redis://127.0.0.1:1"
    )
    with pytest.raises(JobError) as caught:
        jobs.apply(nowhere)
    assert caught.value.reason == "OnlineStoreUnreachable"
    assert "embedded store redis://127.0.0.1:1 does not answer" in caught.value.message


def test_a_registry_that_cannot_be_read_is_named(repository: SmallRepository) -> None:
    path = repository.folder / "registry.db"
    path.write_bytes(b"no registry")
    spec = {"registry": {"file": {"path": str(path), "claimName": "registry"}}}
    with pytest.raises(JobError) as caught:
        jobs.plan(repository.workspace(**spec))
    assert caught.value.reason == "RegistryFailed"
    assert str(path) in caught.value.message
    assert path.read_bytes() == b"no registry"


def test_what_feast_refuses_to_apply_is_told(repository: SmallRepository) -> None:
    repository.redefine("timedelta(days=400),\n", "timedelta(days=400),\n    version='v0',\n")
    jobs.apply(repository.workspace())
    definitions = repository.folder / "repo" / "definitions.py"
    definitions.write_text(definitions.read_text().replace("days=400", "days=300"))
    with pytest.raises(JobError) as caught:
        jobs.apply(repository.workspace())
    assert caught.value.reason == "ApplyFailed"
    assert "surroundings" in caught.value.message


def test_the_result_is_one_line_of_json(repository: SmallRepository) -> None:
    line = jobs.apply(repository.workspace()).to_json()
    assert "\n" not in line
    assert json.loads(line)["planHash"].startswith("sha256:")
