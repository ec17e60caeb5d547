"""`hotplate init` writes a whole project, or refuses and writes nothing."""

from pathlib import Path

import pytest

from hotplate.api import FeatureStore, ModelDeployment, load_manifests
from hotplate.cli.exit import CommandError
from hotplate.cli.scaffold import init


@pytest.mark.parametrize("name", ["fraud_check", "fraud-check", "a", "x9", "a" * 40, "a--b__c"])
def test_the_manifest_of_a_new_project_is_valid_and_names_its_own_folders(
    tmp_path: Path, name: str
) -> None:
    project = init(name, tmp_path)
    assert project == tmp_path / name
    feature_store, model_deployment = load_manifests(project / f"{name}.yaml")
    assert isinstance(feature_store, FeatureStore)
    assert isinstance(model_deployment, ModelDeployment)
    assert feature_store.metadata.name == name.replace("_", "-")
    assert feature_store.spec.project == name.replace("-", "_")
    for resource in (feature_store, model_deployment):
        (folder,) = resource.metadata.annotations.values()
        assert (project / folder).is_dir()


def test_the_example_is_named_nowhere_in_a_new_project(tmp_path: Path) -> None:
    project = init("fraud-check", tmp_path)
    for file in project.rglob("*"):
        text = file.read_text() if file.is_file() else ""
        assert "driver-stats" not in text, file
        assert "driver_stats" not in text, file
        assert "examples/" not in text, file
        assert "credit" not in text, file


def test_a_new_project_has_definitions_a_bento_and_nothing_that_runs_made(tmp_path: Path) -> None:
    project = init("mine", tmp_path)
    written = {str(file.relative_to(project)) for file in project.rglob("*") if file.is_file()}
    assert written == {
        ".gitignore",
        "README.md",
        "mine.yaml",
        "bento/Dockerfile",
        "bento/bentofile.yaml",
        "bento/page/index.html",
        "bento/page/page.js",
        "bento/service.py",
        "feature_repo/.dockerignore",
        "feature_repo/Dockerfile",
        "feature_repo/driver_data.py",
        "feature_repo/driver_features.py",
        "feature_repo/feature_store.yaml",
    }
    assert "hotplate up mine/mine.yaml" in (project / "README.md").read_text()


def test_python_files_of_a_new_project_are_python(tmp_path: Path) -> None:
    for file in init("mine", tmp_path).rglob("*.py"):
        compile(file.read_text(), file.name, "exec")


@pytest.mark.parametrize(
    "name", ["", "Fraud", "9lives", "../up", "a/b", "a b", "-a", "a-", "_a", "é", "a" * 41, "a\n"]
)
def test_a_bad_name_is_refused_and_nothing_is_written(tmp_path: Path, name: str) -> None:
    with pytest.raises(CommandError, match="expected lower-case letters, digits"):
        init(name, tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_folder_with_something_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/thesis.txt").write_text("years of work")
    with pytest.raises(CommandError, match="mine exists and is not empty"):
        init("mine", tmp_path)
    assert [file.name for file in tmp_path.rglob("*")] == ["mine", "thesis.txt"]


def test_an_empty_folder_is_used(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    assert (init("mine", tmp_path) / "mine.yaml").is_file()


def test_a_file_of_that_name_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("a file")
    with pytest.raises(CommandError, match="mine exists and is not a directory"):
        init("mine", tmp_path)
    assert (tmp_path / "mine").read_text() == "a file"


def test_a_missing_parent_is_named(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="nowhere/mine cannot be written"):
        init("mine", tmp_path / "nowhere")


def test_a_project_that_cannot_be_written_whole_is_not_left_half_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("hotplate.cli.scaffold._write", full)
    with pytest.raises(CommandError, match="No space left on device"):
        init("mine", tmp_path)
    assert not list(tmp_path.iterdir())
