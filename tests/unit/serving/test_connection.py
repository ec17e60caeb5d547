from pathlib import Path
from typing import Any

import pytest

from hotplate.online.connection.credentials import Login
from hotplate.online.connection.iam import IamToken
from hotplate.online.errors import CredentialsError
from hotplate.protocol.errors import SettingsError
from hotplate.protocol.serving_settings import OnlineSettings
from hotplate.serving.connection import connection

ADDRESS: dict[str, Any] = {"host": "127.0.0.1", "port": 6379}


def test_the_password_is_a_file_that_may_change_unless_the_variable_is_set(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("of,the=file\n")
    (tmp_path / "user").write_text("scorer")
    online = {
        **ADDRESS,
        "passwordEnv": "STORE_PASSWORD",
        "passwordFile": str(tmp_path / "password"),
        "usernameFile": str(tmp_path / "user"),
    }
    settings = OnlineSettings.model_validate(online)
    found = connection(settings, {})
    assert found.login() == Login("of,the=file", "scorer")
    (tmp_path / "password").write_text("of-tomorrow")
    assert found.login() == Login("of-tomorrow", "scorer")
    assert found.portable().login() == Login("of-tomorrow", "scorer")
    assert connection(settings, {"STORE_PASSWORD": "s"}).login() == Login("s")
    (tmp_path / "password").unlink()
    with pytest.raises(CredentialsError, match="No such file"):
        found.login()


def test_replicas_and_iam_are_asked_for_by_the_settings() -> None:
    iam = {"userId": "scorer", "cacheName": "features", "region": "us-east-1", "serverless": True}
    online = {**ADDRESS, "iam": iam, "preferReplica": True, "readerEndpoint": "ro:6380"}
    settings = OnlineSettings.model_validate(online)
    found = connection(settings, {"HOTPLATE_ZONE": "us-east-1a"})
    assert isinstance(found.credentials, IamToken)
    assert (found.prefer_replica, found.zone) == (True, "us-east-1a")
    assert found.reader == ("ro", 6380)


def test_the_password_comes_from_the_variable_that_the_settings_name() -> None:
    settings = OnlineSettings.model_validate({**ADDRESS, "passwordEnv": "STORE_PASSWORD"})
    assert connection(settings, {"STORE_PASSWORD": "s"}).password == "s"
    with pytest.raises(SettingsError, match="STORE_PASSWORD is not set"):
        connection(settings, {})
