"""What a scoring process checks before it serves, and what it is made of."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from cluster.processes import free_port
from support.scoring.bento import (
    APPLICATION,
    BENTO,
    HandWrittenStore,
    ServedBento,
    settings,
)

HEAVY = {"feast", "pandas", "sklearn", "pyarrow", "redis", "scipy", "google", "boto3", "kubernetes"}


def refusal(served: dict[str, Any], folder: Path, home: Path | None = None, **changes: Any) -> str:
    """Return the log of a process that refuses to start, which is no traceback."""
    with ServedBento(settings(served, 1, **changes), home or served["home"], folder) as bento:
        code, log = bento.ended()
    assert code == 1, log
    assert "Traceback" not in log
    return log


def stored_model(model: dict[str, Any], home: Path) -> Path:
    name, _, version = model["model"]["tag"].partition(":")
    return home / "models" / name / version


@pytest.fixture
def home(model: dict[str, Any], tmp_path: Path) -> Path:
    """A copy of the model's BENTOML_HOME, to be damaged."""
    return Path(shutil.copytree(model["home"], tmp_path / "home"))


def test_a_corrupted_model_is_refused_with_its_name_and_the_fix(
    model: dict[str, Any], home: Path, tmp_path: Path
) -> None:
    file = stored_model(model, home) / "model.onnx"
    file.write_bytes(file.read_bytes()[:-1] + b"?")
    log = refusal(model, tmp_path / "run", home)
    assert f"model {model['model']['tag']} is corrupt: model.onnx has hash" in log
    assert f"bentoml models delete -y {model['model']['tag']}" in log


def test_a_changed_contract_is_refused(model: dict[str, Any], home: Path, tmp_path: Path) -> None:
    file = stored_model(model, home) / "contract.json"
    contract = json.loads(file.read_text())
    contract["contract"]["threshold"] = 0.99
    file.write_text(json.dumps(contract))
    assert "the feature contract was changed" in refusal(model, tmp_path / "run", home)


def test_a_model_of_another_feature_service_is_refused_with_both_names(
    model: dict[str, Any], tmp_path: Path
) -> None:
    log = refusal(model, tmp_path, featureService="credit_scoring_v2")
    assert "was trained on feature service credit_scoring_v1" in log
    assert "not on credit_scoring_v2" in log


def test_a_feature_that_is_gone_since_training_is_named(
    model: dict[str, Any], tmp_path: Path
) -> None:
    log = refusal(model, tmp_path, readPlan=model["otherReadPlan"])
    assert "no longer served: credit_history:missed_payments_1y" in log


def test_an_unknown_feature_service_is_refused_with_those_there_are(
    model: dict[str, Any], tmp_path: Path
) -> None:
    log = refusal(model, tmp_path, featureService="credit_scoring")
    assert "it has: credit_scoring_v1, credit_scoring_v2" in log


def test_an_artifact_that_is_not_there_is_named(model: dict[str, Any], tmp_path: Path) -> None:
    missing = "sha256:" + "0" * 64
    lost = {"tag": model["model"]["tag"], "artifact": missing}
    assert f"no artifact {missing}" in refusal(model, tmp_path, tmp_path / "home", model=lost)


def test_a_wrong_setting_is_refused_by_its_path(model: dict[str, Any], tmp_path: Path) -> None:
    assert "online.port" in refusal(model, tmp_path, online={"host": "127.0.0.1", "port": 0})


def test_an_artifact_store_that_does_not_answer_is_named(
    model: dict[str, Any], tmp_path: Path
) -> None:
    url = f"redis://127.0.0.1:{free_port()}"
    assert "the artifact store does not answer" in refusal(model, tmp_path, artifacts=url)


def test_a_sink_of_an_unknown_kind_is_refused(model: dict[str, Any], tmp_path: Path) -> None:
    log = refusal(model, tmp_path, decisionLog={"sink": "carrier-pigeon://roof"})
    assert "decisionLog.sink: carrier-pigeon://roof" in log


def test_a_password_that_is_not_there_is_named(model: dict[str, Any], tmp_path: Path) -> None:
    online = {"host": "127.0.0.1", "port": 1, "passwordEnv": "NO_SUCH_PASSWORD"}
    assert "NO_SUCH_PASSWORD is not set" in refusal(model, tmp_path, online=online)


def test_a_model_that_is_not_in_the_store_is_imported(
    model: dict[str, Any], store: HandWrittenStore, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    with ServedBento(settings(model, store.server.port), home, tmp_path / "run") as bento:
        assert bento.ready().score()["modelVersion"] == model["model"]["tag"]
    assert (stored_model(model, home) / "model.onnx").exists()


def test_the_scoring_process_imports_nothing_that_training_needs(
    model: dict[str, Any], store: HandWrittenStore, tmp_path: Path
) -> None:
    environment = {"PYTHONPROFILEIMPORTTIME": "1"}
    changed = settings(model, store.server.port)
    with ServedBento(changed, model["home"], tmp_path, environment) as bento:
        assert bento.ready().score()["decision"] == "Approve"
        log = bento.log.read_text()
    imported = {
        line.split("|")[2].strip().partition(".")[0]
        for line in log.splitlines()
        if line.startswith("import time:")
    }
    assert "onnxruntime" in imported
    assert not imported & HEAVY


def test_the_bento_builds_without_a_network_and_scores(
    model: dict[str, Any], store: HandWrittenStore, home: Path, tmp_path: Path
) -> None:
    environment = {"BENTOML_HOME": str(home), "BENTOML_DO_NOT_TRACK": "True", "no_proxy": "*"}
    built = subprocess.run(
        [sys.executable, "-m", "bentoml", "build", str(BENTO), "--output", "tag"],
        env={**os.environ, **environment, "PIP_INDEX_URL": "http://127.0.0.1:1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stderr
    tag = built.stdout.strip().removeprefix("__tag__:")
    with ServedBento(
        settings(model, store.server.port), home, tmp_path / "run", bento=tag
    ) as bento:
        assert bento.ready().post("/score", APPLICATION).json()["decision"] == "Approve"
        assert bento.status("/") == 200
