"""A Feast repository is loaded, or refused with file, line and what to do."""

import sys
from pathlib import Path

import pytest

from hotplate import jobs
from hotplate.jobs import JobError
from support.feast.small_repository import DEFINITIONS, SmallRepository
from support.jobs.outcomes import refusal


def refused(repository: SmallRepository) -> JobError:
    return refusal(lambda: jobs.plan(repository.workspace()))


def test_a_syntax_error_is_refused_with_file_and_line(repository: SmallRepository) -> None:
    repository.define("x = 1\nbroken = (\n", "broken.py")
    error = refused(repository)
    assert error.reason == "DefinitionsInvalid"
    assert error.message.startswith("broken.py, line 2")


def test_an_error_on_import_is_refused_with_the_line_that_raised(
    repository: SmallRepository,
) -> None:
    repository.define("x = 1\ny = undefined\n", "broken.py")
    error = refused(repository)
    assert error.message == "broken.py, line 2: NameError: name 'undefined' is not defined"


def test_a_missing_module_is_refused_with_the_line_that_imports_it(
    repository: SmallRepository,
) -> None:
    repository.define("import no_such_module\n", "broken.py")
    assert "broken.py, line 1: ModuleNotFoundError" in refused(repository).message


def test_a_definition_that_exits_does_not_end_the_job_unnoticed(
    repository: SmallRepository,
) -> None:
    repository.define("raise SystemExit(0)\n", "broken.py")
    assert refused(repository).reason == "DefinitionsInvalid"


def test_definitions_without_a_feature_view_are_refused(repository: SmallRepository) -> None:
    repository.define("from feast import Entity\n\nperson = Entity(name='person')\n")
    error = refused(repository)
    assert error.reason == "DefinitionsEmpty"
    assert "defines no feature view" in error.message


def test_a_data_source_whose_file_is_missing_is_refused_by_view_and_path(
    repository: SmallRepository,
) -> None:
    (repository.folder / "repo" / "data" / "habits.parquet").unlink()
    error = refused(repository)
    assert error.reason == "DataSourceMissing"
    assert "feature view habits" in error.message
    assert "data/habits.parquet" in error.message


def test_two_views_of_one_name_are_refused(repository: SmallRepository) -> None:
    repository.redefine('name="surroundings",\n    entities', 'name="habits",\n    entities')
    error = refused(repository)
    assert error.reason == "DefinitionsInvalid"
    assert "habits" in error.message


def test_another_project_in_the_definitions_is_refused(repository: SmallRepository) -> None:
    repository.define(DEFINITIONS + "\nfrom feast import Project\nother = Project(name='other')\n")
    error = refused(repository)
    assert error.reason == "DefinitionsInvalid"
    assert "spec.project is shops" in error.message


def test_a_changed_definition_is_seen_by_the_next_job_of_the_same_process(
    repository: SmallRepository,
) -> None:
    jobs.apply(repository.workspace())
    repository.redefine("ttl=timedelta(days=60)", "ttl=timedelta(days=61)")
    assert jobs.plan(repository.workspace()).summary == ("update feature view habits (ttl)",)


def test_a_module_that_definitions_share_may_be_in_a_file_of_its_own(
    repository: SmallRepository,
) -> None:
    repository.define("DAYS = 60\n", "settings.py")
    text = DEFINITIONS.replace("timedelta(days=60)", "timedelta(days=DAYS)")
    repository.define("from settings import DAYS\n" + text)
    assert jobs.plan(repository.workspace()).create == 6


def test_a_repository_may_be_behind_a_symbolic_link(repository: SmallRepository) -> None:
    (repository.folder / "real").mkdir()
    (repository.folder / "repo").rename(repository.folder / "real" / "repo")
    (repository.folder / "repo").symlink_to(repository.folder / "real" / "repo")
    assert jobs.apply(repository.workspace()).create == 6


def test_loading_leaves_the_working_folder_and_the_module_path_alone(
    repository: SmallRepository,
) -> None:
    before = Path.cwd(), list(sys.path)
    jobs.plan(repository.workspace())
    assert (Path.cwd(), list(sys.path)) == before


def test_a_module_of_the_same_name_imported_elsewhere_does_not_hide_the_repositorys(
    repository: SmallRepository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "tables.py").write_text("HABITS = 'nowhere.parquet'\n")
    monkeypatch.syspath_prepend(elsewhere)
    import tables  # noqa: PLC0415 - it is made here

    repository.define("HABITS = 'data/habits.parquet'\n", "tables.py")
    repository.define(
        DEFINITIONS.replace('path="data/habits.parquet"', "path=HABITS").replace(
            "from datetime", "from tables import HABITS\nfrom datetime", 1
        )
    )
    assert jobs.plan(repository.workspace()).create == 6
    assert sys.modules["tables"] is tables
    del sys.modules["tables"]
