"""`hotplate job` as a pod runs it: progress on stderr, one JSON line on stdout, an exit code."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from hotplate import jobs
from hotplate.protocol.definition_results import ApplyResult
from hotplate.protocol.job_results import ResultPart, StoredResult, parse_result
from hotplate.protocol.stored_results import assemble
from support.api.resources import feature_store_document, model_deployment_document
from support.feast.many_views import many_views, view_names
from support.feast.small_repository import DEFINITIONS, PROJECT, SmallRepository

RUN = "from hotplate.jobs.command import app; app()"


@pytest.fixture
def manifest(repository: SmallRepository) -> Path:
    path = repository.folder / "shops.yaml"
    documents = [
        feature_store_document("shops", project=PROJECT),
        model_deployment_document("shop-risk", featureStoreRef={"name": "shops"}),
    ]
    path.write_text(yaml.safe_dump_all(documents))
    return path


def job(*arguments: str, **environment: str) -> tuple[int, Any, str]:
    """Return exit code, the one JSON result, and stderr."""
    run = subprocess.run(
        [sys.executable, "-c", RUN, *arguments],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    (line,) = run.stdout.splitlines()
    return run.returncode, json.loads(line), run.stderr


def test_a_job_prints_one_result_whatever_the_definitions_print(
    repository: SmallRepository, manifest: Path
) -> None:
    repository.define(DEFINITIONS + "\nimport os\nprint('noise')\nos.system('echo more noise')\n")
    code, result, stderr = job(
        "apply",
        str(manifest),
        "--definitions",
        str(repository.folder / "repo"),
        "--embedded-store",
        repository.store,
    )
    assert (code, result["result"], result["create"]) == (0, "Applied", 6)
    assert "noise" in stderr
    assert "create feature view habits" in stderr


def test_options_come_from_the_environment_of_a_pod(
    repository: SmallRepository, manifest: Path
) -> None:
    code, result, _ = job(
        "plan",
        HOTPLATE_MANIFEST=str(manifest),
        HOTPLATE_DEFINITIONS=str(repository.folder / "repo"),
        HOTPLATE_EMBEDDED_STORE=repository.store,
    )
    assert (code, result["result"]) == (0, "Planned")


def test_a_failure_is_a_result_too_with_exit_code_1(
    repository: SmallRepository, manifest: Path
) -> None:
    repository.define("broken = (\n")
    code, result, stderr = job(
        "plan", str(manifest), "--definitions", str(repository.folder / "repo")
    )
    assert code == 1
    assert (result["result"], result["reason"]) == ("Failed", "DefinitionsInvalid")
    assert "definitions.py, line 1" in result["message"]
    assert "Traceback" not in stderr


def test_a_manifest_that_is_not_valid_is_a_failure_with_its_field(
    repository: SmallRepository,
) -> None:
    path = repository.folder / "bad.yaml"
    path.write_text(yaml.safe_dump(feature_store_document("shops", project="No Project")))
    code, result, _ = job("plan", str(path), "--definitions", str(repository.folder / "repo"))
    assert (code, result["reason"]) == (1, "ManifestInvalid")
    assert "spec.project" in result["message"]


def test_teardown_takes_the_manifest_alone(repository: SmallRepository, manifest: Path) -> None:
    jobs.apply(repository.workspace())
    jobs.materialize(repository.workspace(), "surroundings")

    code, result, _ = job("teardown", str(manifest), "--embedded-store", repository.store)

    assert code == 0
    assert result == {"result": "TornDown", "project": PROJECT, "keys": 20, "registered": True}


def test_a_result_of_150_views_is_stored_and_jobs_return_it_whole_in_parts(
    repository: SmallRepository, manifest: Path
) -> None:
    repository.define(many_views(150))
    artifacts = (repository.folder / "artifacts").as_uri()
    environment = {
        "HOTPLATE_MANIFEST": str(manifest),
        "HOTPLATE_EMBEDDED_STORE": repository.store,
        "HOTPLATE_ARTIFACTS": artifacts,
    }
    code, document, _ = job(
        "apply", **environment, HOTPLATE_DEFINITIONS=str(repository.folder / "repo")
    )
    assert (code, document["result"]) == (0, "Stored")
    stored = StoredResult.model_validate(document)
    assert stored.parts > 1

    parts = []
    for number in range(stored.parts):
        code, document, _ = job(
            "result",
            **environment,
            HOTPLATE_RESULT=stored.digest,
            HOTPLATE_RESULT_PART=str(number),
        )
        assert (code, document["result"], document["number"]) == (0, "Part", number)
        parts.append(ResultPart.model_validate(document))

    result = parse_result("apply", assemble(stored, parts))
    assert isinstance(result, ApplyResult)
    assert list(result.views) == view_names(150)
    assert sorted(service.views for service in result.services) == [
        (name,) for name in view_names(150)
    ]


def test_a_stored_result_that_is_gone_is_a_failure_that_names_it(
    repository: SmallRepository, manifest: Path
) -> None:
    digest = "sha256:" + "0" * 64
    code, result, _ = job(
        "result",
        str(manifest),
        "--embedded-store",
        repository.store,
        HOTPLATE_RESULT=digest,
        HOTPLATE_RESULT_PART="0",
    )
    assert (code, result["reason"]) == (1, "ResultMissing")
    assert digest in result["message"]
