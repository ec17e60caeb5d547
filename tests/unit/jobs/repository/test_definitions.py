"""What can be said of a Feast repository without importing Feast."""

import subprocess
import sys
from pathlib import Path

import pytest

from hotplate.jobs import JobError, revision
from hotplate.jobs.repository.definitions import load


def repository(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        path = folder / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.with_suffix(".py").write_text(text)
    return folder


def test_the_revision_is_that_of_the_definition_files_only(tmp_path: Path) -> None:
    first = revision(repository(tmp_path, features="a = 1"))
    (tmp_path / "data").mkdir()
    repository(tmp_path, data__generated="b = 2", venv__lib="c = 3")
    (tmp_path / ".venv").mkdir()
    (tmp_path / ".venv" / "x.py").write_text("")
    (tmp_path / "notes.txt").write_text("")
    assert revision(tmp_path) == first


def test_the_lock_of_an_editor_which_is_a_link_to_nothing_is_no_definition(
    tmp_path: Path,
) -> None:
    first = revision(repository(tmp_path, features="a = 1"))
    (tmp_path / ".#features.py").symlink_to("ada@laptop.1234:5678")

    assert revision(tmp_path) == first


@pytest.mark.parametrize(
    "change", [{"features": "a = 2"}, {"more": ""}, {"folder__features": "a = 1"}]
)
def test_any_change_of_a_definition_file_is_another_revision(
    tmp_path: Path, change: dict[str, str]
) -> None:
    first = revision(repository(tmp_path, features="a = 1"))
    assert revision(repository(tmp_path, **change)) != first


def test_the_revision_does_not_depend_on_where_the_repository_is(tmp_path: Path) -> None:
    here = repository(tmp_path / "here", features="a = 1", sub__more="b = 2")
    there = repository(tmp_path / "there", features="a = 1", sub__more="b = 2")
    assert revision(here) == revision(there)


def test_two_files_whose_contents_run_together_are_another_revision(tmp_path: Path) -> None:
    one = revision(repository(tmp_path / "one", a="x\n", b="y\n"))
    assert revision(repository(tmp_path / "two", a="x\ny\n", b="")) != one


@pytest.mark.parametrize("job", [revision, lambda path: load(path, "p")])
def test_a_folder_that_is_not_there_is_refused(tmp_path: Path, job) -> None:
    with pytest.raises(JobError, match="DefinitionsMissing"):
        job(tmp_path / "nowhere")


@pytest.mark.parametrize("job", [revision, lambda path: load(path, "p")])
def test_a_folder_without_a_definition_is_refused_with_what_it_would_do(
    tmp_path: Path, job
) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "x.py").write_text("a = 1")
    with pytest.raises(JobError) as caught:
        job(tmp_path)
    assert caught.value.reason == "DefinitionsEmpty"
    assert "delete every feature view" in caught.value.message


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a = 1\nb = (\n", "features.py, line 2: '(' was never closed: b = ("),
        ("\tif x\n", "features.py, line 1"),
        ("a = '\0'", "features.py"),
    ],
)
def test_what_is_not_python_is_refused_with_file_and_line(
    tmp_path: Path, text: str, said: str
) -> None:
    with pytest.raises(JobError) as caught:
        load(repository(tmp_path, features=text), "p")
    assert caught.value.reason == "DefinitionsInvalid"
    assert said in caught.value.message


def test_the_command_is_imported_without_feast_or_scikit_learn() -> None:
    heavy = "{'feast', 'sklearn', 'pandas', 'bentoml', 'skl2onnx'}"
    code = f"import sys, hotplate.jobs.command; print({heavy} & set(sys.modules))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "set()"
