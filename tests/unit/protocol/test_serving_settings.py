import copy
import json
from typing import Any

import pytest

from hotplate.protocol.errors import SettingsError
from hotplate.protocol.serving_settings import Fallback, parse_settings

DIGEST = "sha256:" + "0" * 64
SMALLEST: dict[str, Any] = {
    "online": {"host": "127.0.0.1", "port": 6379},
    "artifacts": "file:///artifacts",
    "readPlan": DIGEST,
    "model": {"tag": "credit_scoring:abc", "artifact": DIGEST},
    "featureService": "credit_scoring_v1",
}


def changed(path: str, value: Any) -> bytes:
    settings = copy.deepcopy(SMALLEST)
    *parents, last = path.split(".")
    place = settings
    for parent in parents:
        place = place.setdefault(parent, {})
    place[last] = value
    return json.dumps(settings).encode()


def test_what_is_not_set_has_the_documented_default() -> None:
    settings = parse_settings(json.dumps(SMALLEST).encode(), "serving.json")
    assert settings.latency.budget_seconds == 0.010
    assert settings.latency.feature_deadline_seconds == 0.004
    assert settings.features.on_missing is Fallback.REFER
    assert settings.decision_log.sink == "stdout"
    assert not settings.decision_log.personal_data


@pytest.mark.parametrize(
    ("path", "value", "named"),
    [
        ("online.port", 0, "online.port"),
        ("online.port", "many", "online.port"),
        ("readPlan", "latest", "readPlan"),
        ("model.tag", "credit_scoring", "model.tag"),
        ("features.onMissing", "Guess", "features.onMissing"),
        ("latency.featureDeadlineSeconds", 0, "latency.featureDeadlineSeconds"),
        ("latency.budgetSeconds", 0.001, "featureDeadlineSeconds must be less"),
        ("decisionLog.sampleRate", 2, "decisionLog.sampleRate"),
        ("decisionLog.sink", "nowhere", "decisionLog.sink"),
        ("tpyo", 1, "tpyo"),
    ],
)
def test_a_wrong_setting_is_refused_by_its_path(path: str, value: Any, named: str) -> None:
    with pytest.raises(SettingsError, match=f"serving.json: .*{named}"):
        parse_settings(changed(path, value), "serving.json")


def test_every_wrong_setting_has_a_line() -> None:
    settings = {**SMALLEST, "readPlan": "x", "artifacts": ""}
    with pytest.raises(SettingsError) as caught:
        parse_settings(json.dumps(settings).encode(), "serving.json")
    assert len(str(caught.value).splitlines()) == 2


def test_settings_that_are_not_json_are_refused() -> None:
    with pytest.raises(SettingsError, match="Invalid JSON"):
        parse_settings(b"{", "serving.json")


def test_a_document_has_what_was_set_and_is_parsed_to_the_same_settings() -> None:
    iam = {"userId": "scorer", "cacheName": "features", "region": "us-east-1", "serverless": True}
    online = {**SMALLEST["online"], "caFile": "/ca.pem", "iam": iam}
    written = {**SMALLEST, "online": online, "latency": {"budgetSeconds": 0.02}}
    settings = parse_settings(json.dumps(written).encode(), "serving.json")
    assert settings.document() == written
    assert parse_settings(json.dumps(settings.document()).encode(), "serving.json") == settings
