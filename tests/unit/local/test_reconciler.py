"""A local run decides as the operator does, for as long as it serves."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from hotplate.local.errors import LocalError
from hotplate.local.run import prepared
from support.local.played import LocalLife

TRAINING = {"labels": {"path": "data/loans.parquet", "target": "loan_status"}}
BACKFILL = {"name": "year", "start": "2025-01-01T00:00:00Z", "end": "2025-03-02T00:00:00Z"}


def test_a_first_run_plans_applies_materializes_trains_and_serves(tmp_path: Path) -> None:
    life = LocalLife(tmp_path)

    assert life.step() == ["plan"]
    assert life.end("plan") == ["apply"]
    started = life.end("apply")
    assert started == ["materialize credit_history", "materialize zipcode_features", "train"]
    life.end("materialize")
    life.end("train")
    assert life.reconciled.serve is not None
    assert life.reconciled.serve.settings.model.tag == "credit_scoring:abc"
    assert life.condition("Ready") == ("True", "Ready")


def test_definitions_in_git_are_read_from_the_local_folder(tmp_path: Path) -> None:
    git = {"url": "https://example.com/features.git"}
    life = LocalLife(tmp_path, {"definitions": {"git": git}}).until_served()

    assert "start resolve" not in life.heard.lines
    assert life.later(hours=1) == []
    assert life.condition("Ready") == ("True", "Ready")


def test_a_second_run_starts_no_job(tmp_path: Path) -> None:
    life = LocalLife(tmp_path).until_served()

    life.begin()
    assert life.step() == []
    assert life.reconciled.serve is not None


def test_only_the_views_that_the_spec_names_are_materialized(tmp_path: Path) -> None:
    life = LocalLife(tmp_path, {"materialization": {"views": [{"name": "credit_history"}]}})
    life.step()
    life.end("plan")

    assert life.end("apply") == ["materialize credit_history", "train"]


def test_no_more_materializations_run_than_parallelism_allows(tmp_path: Path) -> None:
    life = LocalLife(tmp_path, {"materialization": {"parallelism": 1}})
    life.step()
    life.end("plan")

    assert life.end("apply") == ["materialize credit_history", "train"]
    assert life.end("materialize") == ["materialize zipcode_features"]


def test_a_schedule_that_is_due_while_it_serves_runs_in_its_time_zone(tmp_path: Path) -> None:
    schedule = {"schedule": "30 16 * * *", "timeZone": "Asia/Kolkata"}
    life = LocalLife(tmp_path, {"materialization": schedule}).until_served()
    assert life.reconciled.requeue_at is not None
    assert life.reconciled.requeue_at.strftime("%H:%M") == "11:00"

    assert life.later(minutes=52) == []
    assert life.later(minutes=1) == ["materialize credit_history", "materialize zipcode_features"]


def test_an_edited_training_trains_again_and_takes_over(tmp_path: Path) -> None:
    life = LocalLife(tmp_path).until_served()

    life.change(model={"training": TRAINING | {"tree": {"maxDepth": 3}}})
    assert life.step() == ["train"]
    assert life.reconciled.serve is not None
    assert life.reconciled.serve.settings.model.tag == "credit_scoring:abc"
    life.end("train", version="credit_scoring:def")
    assert life.reconciled.serve.settings.model.tag == "credit_scoring:def"


def test_a_training_that_is_due_trains_again(tmp_path: Path) -> None:
    life = LocalLife(tmp_path, model={"training": TRAINING | {"schedule": "0 12 * * *"}})
    life.until_served()

    assert life.later(hours=2) == ["train"]


def test_a_model_that_is_not_verified_leaves_the_one_before_serving(tmp_path: Path) -> None:
    life = LocalLife(tmp_path, model={"rollout": {"verify": True}}).until_served()

    assert life.later(seconds=10) == []
    life.change(model={"training": TRAINING | {"tree": {"maxDepth": 3}}})
    life.step()
    assert life.end("train", version="credit_scoring:def") == ["verify"]
    for seconds in (1, 2, 4):
        life.fail("verify", "GoldenRowsDiffer")
        assert life.later(seconds=seconds) == ["verify"]
    life.fail("verify", "GoldenRowsDiffer")

    assert life.condition("Verified", "model") == ("False", "GoldenRowsDiffer")
    assert life.reconciled.serve is not None
    assert life.reconciled.serve.settings.model.tag == "credit_scoring:abc"


def with_golden_rows(folder: Path) -> tuple[LocalLife, Path]:
    """Return a life that serves a model verified by golden rows, and their file."""
    rows = folder / "rows.jsonl"
    rows.write_text("{}")
    rollout = {"verify": True, "goldenRows": {"configMap": {"name": "golden"}}}
    life = LocalLife(folder)
    life.change(model={"rollout": rollout}, golden_rows=rows)
    return life.until_served(), rows


def test_changed_golden_rows_verify_the_model_again(tmp_path: Path) -> None:
    life, rows = with_golden_rows(tmp_path)
    assert life.heard.lines.count("start verify") == 1

    rows.write_text("{} ")
    assert life.step() == ["verify"]
    (call,) = life.runner.calls.values()
    assert call.environment["HOTPLATE_GOLDEN_ROWS"] == str(rows)


def test_golden_rows_without_their_file_are_waited_for(tmp_path: Path) -> None:
    life, rows = with_golden_rows(tmp_path)

    rows.unlink()
    assert life.step() == []
    assert life.condition("Ready", "model") == ("False", "ReferenceMissing")
    with pytest.raises(LocalError, match=r"golden not found.*local-golden-rows"):
        prepared(life.reconciled)
    rows.write_text("{} ")
    assert life.later(minutes=1) == ["verify"]


def test_backfills_run_chunk_by_chunk_once_all_views_are_there(tmp_path: Path) -> None:
    life = LocalLife(tmp_path, {"backfills": [BACKFILL | {"views": ["credit_history"]}]})
    life.step()
    life.end("plan")
    life.end("apply")

    assert life.end("materialize") == ["materialize credit_history"]
    (name,) = life.running("materialize")
    assert life.runner.calls[name].environment["HOTPLATE_START"] == "2025-01-01T00:00:00+00:00"
    assert life.end("materialize") == ["materialize credit_history"]
    assert life.end("materialize") == []
    (backfill,) = life.reconciled.feature_store.status.backfills
    assert (backfill.done, backfill.total) == (2, 2)


def test_a_plan_that_deletes_more_than_is_allowed_is_not_applied(tmp_path: Path) -> None:
    life = LocalLife(tmp_path).until_served()

    (life.definitions / "features.py").write_text("# none")
    life.change()
    assert life.step() == ["plan"]
    assert life.end("plan", planHash="sha256:" + "0b" * 32, delete=2) == []
    assert life.condition("Applied") == ("False", "ApplyBlocked")


def test_definitions_that_are_set_back_are_planned_and_applied_again(tmp_path: Path) -> None:
    life = LocalLife(tmp_path).until_served()
    for text in ("# other", ""):
        life.now += timedelta(minutes=1)
        (life.definitions / "features.py").write_text(text)
        life.change()
        assert life.step() == ["plan"]
        assert life.end("plan") == ["apply"]
        life.end("apply")
        life.end("materialize")


def test_an_apply_that_was_killed_is_undone_by_applying_what_was_there_before(
    tmp_path: Path,
) -> None:
    life = LocalLife(tmp_path).until_served()
    life.now += timedelta(minutes=1)
    (life.definitions / "features.py").write_text("# other")
    life.change()
    life.step()
    assert life.end("plan") == ["apply"]

    (life.definitions / "features.py").write_text("")
    life.begin()
    assert life.step() == ["plan"]
    assert life.end("plan") == ["apply"]


def test_what_is_suspended_starts_nothing_and_serves_what_there_is(tmp_path: Path) -> None:
    life = LocalLife(tmp_path, {"materialization": {"schedule": "0 * * * *"}}).until_served()

    life.change(store={"suspend": True}, model={"suspend": True})
    life.begin()
    assert life.later(hours=5) == []
    assert life.condition("Ready") == ("False", "Suspended")
    assert life.reconciled.serve is not None


def test_retrain_trains_a_model_of_the_same_inputs_once_more(tmp_path: Path) -> None:
    life = LocalLife(tmp_path).until_served()

    life.change(retrain=True)
    assert life.step() == ["train"]
    life.end("train")
    life.change()
    assert life.step() == []


def test_a_new_value_of_the_refresh_annotation_trains_again(tmp_path: Path) -> None:
    life = LocalLife(tmp_path).until_served()

    for value in ("monday", "tuesday"):
        life.annotate_model(value)
        assert life.step() == ["train"]
        life.end("train")
        life.change()
        assert life.step() == []


def test_the_refresh_annotation_and_retrain_each_train_again(tmp_path: Path) -> None:
    life = LocalLife(tmp_path).until_served()

    life.annotate_model("monday")
    assert life.step() == ["train"]
    life.end("train")
    life.change(retrain=True)
    assert life.step() == ["train"]
    life.end("train")
    life.annotate_model("tuesday")
    assert life.step() == ["train"]


def test_lost_data_of_the_embedded_valkey_start_over(tmp_path: Path) -> None:
    life = LocalLife(tmp_path).until_served()

    life.begin()
    lost = life.reconciler._store.__class__("redis://127.0.0.1:6379", "uid-2")
    life.reconciler._store = lost
    assert life.step() == ["plan"]


def test_a_job_whose_process_went_with_an_earlier_run_runs_again(tmp_path: Path) -> None:
    life = LocalLife(tmp_path)
    life.step()

    life.begin()
    assert life.step() == ["plan"]


def test_a_job_that_failed_in_an_earlier_run_runs_again(tmp_path: Path) -> None:
    life = LocalLife(tmp_path, model={"training": TRAINING | {"onFailure": {"retries": 0}}})
    life.step()
    life.end("plan")
    life.end("apply")
    assert life.fail("train", "GateFailed") == []

    life.begin()
    assert "train" in life.step()


def test_the_project_of_a_feature_store_cannot_change(tmp_path: Path) -> None:
    life = LocalLife(tmp_path).until_served()

    with pytest.raises(LocalError, match=r"spec.project: other: expected credit_scoring.*--fresh"):
        life.change(store={"project": "other"})


def test_the_generation_rises_with_each_change_of_the_spec(tmp_path: Path) -> None:
    life = LocalLife(tmp_path).until_served()
    before = life.reconciled.feature_store.metadata

    life.change()
    life.step()
    assert life.reconciled.feature_store.metadata.generation == before.generation
    life.change(store={"suspend": True})
    life.step()
    after = life.reconciled.feature_store.metadata
    assert (after.uid, after.generation) == (before.uid, (before.generation or 0) + 1)
