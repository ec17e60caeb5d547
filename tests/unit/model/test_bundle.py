import json
from pathlib import Path

import bentoml
import pytest
from bentoml._internal.models.model import ModelStore

from hotplate.model.artifact_store import FileArtifactStore, digest_of
from hotplate.model.bundle import Bundle, BundleStore
from hotplate.model.errors import ModelCorruptError, ModelMissingError
from support.scoring.plan import contract

ONNX = b"an ONNX graph"


def bundle(onnx: bytes = ONNX, threshold: float = 0.5) -> Bundle:
    made = contract(threshold=threshold, model_hash=digest_of(onnx))
    return Bundle.of("credit", made, onnx)


@pytest.fixture
def store(tmp_path: Path) -> BundleStore:
    return BundleStore(tmp_path / "home")


@pytest.fixture
def artifacts(tmp_path: Path) -> FileArtifactStore:
    return FileArtifactStore(f"file://{tmp_path}/artifacts")


def folder(tmp_path: Path, saved: Bundle) -> Path:
    return tmp_path / "home/models" / saved.tag.replace(":", "/")


def test_the_version_is_the_first_digits_of_the_contracts_hash() -> None:
    digits = bundle().contract.hash.removeprefix("sha256:")[:16]
    assert bundle().tag == f"credit:{digits}"
    assert bundle(threshold=0.6).tag != bundle().tag


def test_a_saved_bundle_is_opened_by_its_tag_and_as_the_latest(store: BundleStore) -> None:
    store.save(bundle(), metadata={"metrics": {"recall": 0.5}}, files={})
    assert store.open(bundle().tag) == bundle()
    assert store.open("credit:latest").contract == bundle().contract


def test_the_files_of_a_bundle_are_those_that_earlier_releases_wrote(
    store: BundleStore, tmp_path: Path
) -> None:
    store.save(bundle(), metadata={}, files={"estimator.joblib": b"an estimator"})
    saved = folder(tmp_path, bundle())
    assert (saved / "model.onnx").read_bytes() == ONNX
    assert (saved / "estimator.joblib").read_bytes() == b"an estimator"
    written = json.loads((saved / "contract.json").read_bytes())
    assert set(written) == {"contract", "hash"}
    assert written["hash"] == bundle().contract.hash
    assert set(written["contract"]) == {
        "feature_service",
        "service_hash",
        "features",
        "target",
        "threshold",
        "model_hash",
    }


def test_an_intact_bundle_is_not_written_again(store: BundleStore, tmp_path: Path) -> None:
    store.save(bundle(), metadata={}, files={"notes": b"first"})
    store.save(bundle(), metadata={}, files={"notes": b"second"})
    assert (folder(tmp_path, bundle()) / "notes").read_bytes() == b"first"


@pytest.mark.parametrize("file", ["model.onnx", "contract.json", "model.yaml"])
def test_an_incomplete_bundle_is_replaced(store: BundleStore, tmp_path: Path, file: str) -> None:
    store.save(bundle(), metadata={}, files={})
    (folder(tmp_path, bundle()) / file).unlink()
    store.save(bundle(), metadata={}, files={})
    assert store.open(bundle().tag) == bundle()


def test_a_model_file_of_another_hash_is_refused_with_both_hashes(
    store: BundleStore, tmp_path: Path
) -> None:
    store.save(bundle(), metadata={}, files={})
    (folder(tmp_path, bundle()) / "model.onnx").write_bytes(b"other")
    with pytest.raises(ModelCorruptError) as caught:
        store.open(bundle().tag)
    assert str(caught.value) == (
        f"model {bundle().tag} is corrupt: model.onnx has hash {digest_of(b'other')}, "
        f"the contract expects {digest_of(ONNX)}"
    )


def test_a_contract_that_was_changed_is_refused(store: BundleStore, tmp_path: Path) -> None:
    store.save(bundle(), metadata={}, files={})
    path = folder(tmp_path, bundle()) / "contract.json"
    path.write_text(path.read_text().replace('"threshold": 0.5', '"threshold": 0.9'))
    with pytest.raises(ModelCorruptError, match="the feature contract was changed"):
        store.open(bundle().tag)


def test_a_model_that_is_not_in_the_store_is_named(store: BundleStore) -> None:
    with pytest.raises(ModelMissingError, match="model credit:1 is not in the model store"):
        store.open("credit:1")


def test_a_bundle_travels_to_another_store_as_an_artifact(
    store: BundleStore, artifacts: FileArtifactStore, tmp_path: Path
) -> None:
    store.save(bundle(), metadata={}, files={})
    artifact = artifacts.put(store.export(bundle().tag))
    elsewhere = BundleStore(tmp_path / "elsewhere")
    assert elsewhere.fetch(bundle().tag, artifact, artifacts) == bundle()
    assert elsewhere.open(bundle().tag) == bundle()


def test_a_bundle_in_the_store_needs_no_artifact(
    store: BundleStore, artifacts: FileArtifactStore
) -> None:
    store.save(bundle(), metadata={}, files={})
    assert store.fetch(bundle().tag, "sha256:none", artifacts) == bundle()


def test_an_archive_that_bentoml_exported_by_itself_is_imported(
    store: BundleStore, artifacts: FileArtifactStore, tmp_path: Path
) -> None:
    (tmp_path / "theirs").mkdir()
    theirs = ModelStore(tmp_path / "theirs")
    with bentoml.models.create(bundle().tag, _model_store=theirs) as model:
        Path(model.path_of("model.onnx")).write_bytes(ONNX)
        Path(model.path_of("contract.json")).write_bytes(bundle().contract.to_json())
    path = bentoml.models.export_model(
        bundle().tag, str(tmp_path / "theirs.bentomodel"), _model_store=theirs
    )
    artifact = artifacts.put(Path(path).read_bytes())
    assert store.fetch(bundle().tag, artifact, artifacts) == bundle()


def test_an_artifact_that_is_missing_is_named(
    store: BundleStore, artifacts: FileArtifactStore
) -> None:
    missing = digest_of(b"nothing")
    with pytest.raises(
        ModelMissingError, match=f"model credit:1: no artifact {missing} in file://"
    ):
        store.fetch("credit:1", missing, artifacts)


def test_an_artifact_that_is_no_archive_is_refused(
    store: BundleStore, artifacts: FileArtifactStore
) -> None:
    with pytest.raises(ModelMissingError, match="is not an exported model"):
        store.fetch("credit:1", artifacts.put(b"no archive"), artifacts)


def test_an_artifact_of_another_model_is_refused_with_both_tags(
    store: BundleStore, artifacts: FileArtifactStore, tmp_path: Path
) -> None:
    store.save(bundle(), metadata={}, files={})
    artifact = artifacts.put(store.export(bundle().tag))
    with pytest.raises(ModelMissingError, match=f"is model {bundle().tag}, not credit:other"):
        BundleStore(tmp_path / "elsewhere").fetch("credit:other", artifact, artifacts)
