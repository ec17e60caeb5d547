"""What a manifest of a local run lacks is refused with the resource, the annotation and the fix."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from hotplate.local.errors import LocalError
from hotplate.local.manifests import read
from support import ROOT

EXAMPLE = (ROOT / "examples" / "driver-stats.yaml").read_text()


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    for part in ("feature_repo", "bento"):
        (tmp_path / "driver_stats" / part).mkdir(parents=True)
    path = tmp_path / "driver-stats.yaml"
    path.write_text(EXAMPLE)
    return path


def refused(manifest: Path) -> str:
    with pytest.raises(LocalError) as caught:
        read(manifest)
    return str(caught.value)


def test_a_manifest_that_is_no_file_is_refused(tmp_path: Path) -> None:
    assert "is not a file: name the YAML file" in refused(tmp_path)


def test_a_manifest_of_one_resource_is_refused_with_the_kind_that_it_lacks(manifest: Path) -> None:
    store, _, _ = EXAMPLE.partition("\n---\n")
    manifest.write_text(store)

    assert "has 0 ModelDeployment resources: expected one FeatureStore and" in refused(manifest)


def test_a_folder_that_does_not_exist_is_named_with_its_annotation(manifest: Path) -> None:
    shutil.rmtree(manifest.parent / "driver_stats" / "bento")

    message = refused(manifest)
    assert "metadata.annotations.hotplate.dev/local-bento" in message
    assert "driver_stats/bento is not a folder: expected the folder of the bento" in message


def test_golden_rows_without_their_annotation_are_refused(manifest: Path) -> None:
    rollout = "  rollout: {goldenRows: {configMap: {name: golden}}}\n  featureService:"
    manifest.write_text(EXAMPLE.replace("  featureService:", rollout))

    message = refused(manifest)
    assert "hotplate.dev/local-golden-rows: not set: expected the file of the golden" in message


def test_golden_rows_that_are_no_file_are_refused(manifest: Path) -> None:
    rollout = "  rollout: {goldenRows: {configMap: {name: golden}}}\n  featureService:"
    bento = "    hotplate.dev/local-bento:"
    text = EXAMPLE.replace("  featureService:", rollout)
    text = text.replace(bento, f"    hotplate.dev/local-golden-rows: driver_stats\n{bento}")
    manifest.write_text(text)

    assert "driver_stats is not a file" in refused(manifest)
