"""An edit takes effect once it is saved, and one that is refused leaves all as it was."""

from __future__ import annotations

from pathlib import Path

import pytest

from hotplate.local.edits import Edits, Version
from hotplate.local.errors import LocalError
from hotplate.local.manifests import Manifests
from support import ROOT

EXAMPLE = (ROOT / "examples" / "driver-stats.yaml").read_text()


class Edited:
    """A manifest with its folders, and what was heard of its edits."""

    def __init__(self, folder: Path) -> None:
        self.manifest = folder / "driver-stats.yaml"
        self.definitions = folder / "driver_stats" / "feature_repo" / "features.py"
        for part in ("feature_repo", "bento"):
            (folder / "driver_stats" / part).mkdir(parents=True)
        self.definitions.write_text("")
        self.manifest.write_text(EXAMPLE)
        self.updates: list[Manifests] = []
        self.lines: list[str] = []
        version = Version.read(self.manifest)
        self.edits = Edits(self.manifest, version, self.updates.append, self.lines.append)

    def write(self, old: str, new: str) -> None:
        text = self.manifest.read_text()
        assert old in text
        self.manifest.write_text(text.replace(old, new))

    def taken_up(self) -> bool:
        """Ask twice: an edit has to be the same for a while."""
        return self.edits.take_up() or self.edits.take_up()


@pytest.fixture
def edited(tmp_path: Path) -> Edited:
    return Edited(tmp_path)


def test_nothing_is_taken_up_while_no_file_changes(edited: Edited) -> None:
    assert not edited.taken_up()
    assert edited.updates == []


def test_an_edit_is_taken_up_when_it_stays_the_same(edited: Edited) -> None:
    edited.write("minimum: 0.75", "minimum: 0.80")

    assert not edited.edits.take_up()
    assert edited.edits.take_up()
    (manifests,) = edited.updates
    assert manifests.model_deployment.spec.training is not None
    assert manifests.model_deployment.spec.training.gate[0].minimum == 0.8
    assert not edited.taken_up()


def test_a_change_of_the_definitions_is_an_edit(edited: Edited) -> None:
    edited.definitions.write_text("# another")

    assert edited.taken_up()


def test_an_invalid_manifest_is_printed_once_and_not_taken_up(edited: Edited) -> None:
    edited.write("target: late", "targets: late")

    assert not edited.taken_up()
    assert not edited.taken_up()
    assert edited.updates == []
    (line,) = edited.lines
    assert "spec.training.labels" in line


def test_another_bento_waits_for_the_next_run(edited: Edited) -> None:
    edited.write("service: TripScoring", "service: Other")

    assert not edited.taken_up()
    assert "next `hotplate up`" in edited.lines[0]


def test_an_update_that_is_refused_is_printed(edited: Edited) -> None:
    def refuse(_: Manifests) -> None:
        raise LocalError("spec.project cannot change")

    edits = Edits(edited.manifest, Version.read(edited.manifest), refuse, edited.lines.append)
    edited.write("project: driver_stats", "project: other")
    assert not edits.take_up()
    assert not edits.take_up()
    assert edited.lines == ["error: spec.project cannot change"]


def test_a_save_while_an_edit_is_taken_up_is_an_edit_too(edited: Edited) -> None:
    def update(manifests: Manifests) -> None:
        if not edited.updates:
            edited.write("minimum: 0.80", "minimum: 0.85")
        edited.updates.append(manifests)

    edits = Edits(edited.manifest, Version.read(edited.manifest), update, edited.lines.append)
    edited.write("minimum: 0.75", "minimum: 0.80")
    assert [edits.take_up() for _ in range(4)] == [False, True, False, True]
    training = edited.updates[-1].model_deployment.spec.training
    assert training is not None
    assert training.gate[0].minimum == 0.85


def test_a_save_before_the_first_question_is_an_edit(edited: Edited) -> None:
    """A run asks only once it serves, minutes after it has read the manifest."""
    edited.definitions.write_text("# saved while the run prepared")

    assert edited.taken_up()
