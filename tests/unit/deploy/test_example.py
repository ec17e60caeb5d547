"""examples/credit-scoring-aws.yaml: valid, without a secret, and filled by the stack's outputs."""

import io
import json
import sys
from importlib import util
from pathlib import Path
from typing import Any

import pytest
import yaml

from hotplate.api import FeatureStore, ModelDeployment, load_manifests
from hotplate.local.manifests import read
from support.aws.cloudformation import EXAMPLE, FILL, OUTPUTS, ROOT, template

TEXT = EXAMPLE.read_text()
OTHERS = {"ClusterName", "Bucket", "OperatorImage"}
"""Outputs that the commands of docs/aws.md use, and no line of the manifest."""

spec = util.spec_from_file_location("fill", FILL)
assert spec is not None
assert spec.loader is not None
fill = util.module_from_spec(spec)
spec.loader.exec_module(fill)


def marked() -> set[str]:
    return {found["output"] for line in TEXT.split("\n") if (found := fill.LINE.fullmatch(line))}


def test_it_is_what_plan_and_up_take_too() -> None:
    manifests = read(EXAMPLE)
    store, deployment = manifests.feature_store.spec, manifests.model_deployment.spec
    assert manifests.definitions == ROOT / "feature_repo"
    assert store.online_store.elasti_cache is not None
    assert store.online_store.elasti_cache.tls.enabled
    assert store.jobs.service_account_name != deployment.service_account_name


def test_two_lines_switch_the_same_repository_to_redshift() -> None:
    files, aws = (
        next(r for r in load_manifests(path) if isinstance(r, FeatureStore)).spec
        for path in (ROOT / "examples" / "credit-scoring.yaml", EXAMPLE)
    )
    assert [(each.name, each.value) for each in aws.jobs.env] == [
        ("CREDIT_SCORING_SOURCES", "redshift")
    ]
    assert aws.offline_store.redshift is not None
    assert aws.definitions == files.definitions
    assert aws.materialization == files.materialization


def test_it_holds_no_secret() -> None:
    words = ("password", "secret", "AKIA", "aws_access", "token")
    data = yaml.dump_all(yaml.safe_load_all(TEXT))
    assert [word for word in words if word.lower() in data.lower()] == []


def test_every_arrow_names_an_output_and_every_output_is_used() -> None:
    assert TEXT.count("# <- ") == sum(
        fill.LINE.fullmatch(line) is not None for line in TEXT.split("\n")
    )
    assert marked() == set(OUTPUTS)
    assert marked() | OTHERS == set(template()["Outputs"])


def filled(outputs: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    listed = [{"OutputKey": key, "OutputValue": value} for key, value in outputs.items()]
    stack = {"Stacks": [{"StackStatus": "CREATE_COMPLETE", "Outputs": listed}]}
    monkeypatch.setattr(sys, "stdin", io.StringIO(json.dumps(stack)))
    monkeypatch.setattr(sys, "argv", ["fill.py", str(EXAMPLE)])
    fill.main()


def test_the_stack_s_outputs_fill_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    filled(OUTPUTS, monkeypatch)
    text = capsys.readouterr().out
    (tmp_path / "mine.yaml").write_text(text)
    store, deployment = load_manifests(tmp_path / "mine.yaml")
    assert isinstance(store, FeatureStore)
    assert isinstance(deployment, ModelDeployment)
    assert "111122223333" not in text
    assert "us-east-1" not in text
    cache: Any = store.spec.online_store.elasti_cache
    assert cache.endpoint == OUTPUTS["CacheEndpoint"]
    assert cache.auth.iam.serverless is True
    assert deployment.spec.model.store == OUTPUTS["ModelStore"]


def test_a_stack_that_is_not_whole_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SystemExit, match="no output 'JobsImage': CREATE_COMPLETE"):
        filled({"Region": "eu-west-1"}, monkeypatch)
