import copy
import json
from pathlib import Path
from typing import Any

import pytest

from hotplate.online.connection.credentials import Login
from hotplate.online.connection.iam import IamToken
from hotplate.online.errors import CredentialsError
from hotplate.protocol.errors import SettingsError
from hotplate.protocol.serving_settings import FailureAction, load_settings, parse_settings

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
    assert settings.features.on_missing is FailureAction.REFER
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


def test_without_the_variable_the_message_names_it() -> None:
    with pytest.raises(SettingsError, match="HOTPLATE_SERVING is not set"):
        load_settings({})


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"nothing\.json: No such file"):
        load_settings({"HOTPLATE_SERVING": str(tmp_path / "nothing.json")})


def test_the_password_is_a_file_that_may_change_unless_the_variable_is_set(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("of,the=file\n")
    (tmp_path / "user").write_text("scorer")
    online = {
        **SMALLEST["online"],
        "passwordEnv": "STORE_PASSWORD",
        "passwordFile": str(tmp_path / "password"),
        "usernameFile": str(tmp_path / "user"),
    }
    settings = parse_settings(json.dumps({**SMALLEST, "online": online}).encode(), "serving.json")
    connection = settings.online.connection({})
    assert connection.login() == Login("of,the=file", "scorer")
    (tmp_path / "password").write_text("of-tomorrow")
    assert connection.login() == Login("of-tomorrow", "scorer")
    assert connection.portable().login() == Login("of-tomorrow", "scorer")
    assert settings.online.connection({"STORE_PASSWORD": "s"}).login() == Login("s")
    (tmp_path / "password").unlink()
    with pytest.raises(CredentialsError, match="No such file"):
        connection.login()


def test_replicas_and_iam_are_asked_for_by_the_settings() -> None:
    iam = {"userId": "scorer", "cacheName": "features", "region": "us-east-1", "serverless": True}
    online = {**SMALLEST["online"], "iam": iam, "preferReplica": True, "readerEndpoint": "ro:6380"}
    settings = parse_settings(json.dumps({**SMALLEST, "online": online}).encode(), "serving.json")
    connection = settings.online.connection({"HOTPLATE_ZONE": "us-east-1a"})
    assert isinstance(connection.credentials, IamToken)
    assert (connection.prefer_replica, connection.zone) == (True, "us-east-1a")
    assert connection.reader == ("ro", 6380)


def test_the_password_comes_from_the_variable_that_the_settings_name() -> None:
    settings = parse_settings(changed("online.passwordEnv", "STORE_PASSWORD"), "serving.json")
    assert settings.online.connection({"STORE_PASSWORD": "s"}).password == "s"
    with pytest.raises(SettingsError, match="STORE_PASSWORD is not set"):
        settings.online.connection({})
