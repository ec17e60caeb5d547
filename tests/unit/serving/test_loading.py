from pathlib import Path

import pytest

from hotplate.model.errors import ModelError
from hotplate.protocol.errors import SettingsError
from hotplate.protocol.serving_settings import ModelSettings, OnlineSettings, ServingSettings
from hotplate.serving.loading import load_model, load_settings


def test_without_the_variable_the_message_names_it() -> None:
    with pytest.raises(SettingsError, match="HOTPLATE_SERVING is not set"):
        load_settings({})


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"nothing\.json: No such file"):
        load_settings({"HOTPLATE_SERVING": str(tmp_path / "nothing.json")})


def test_embedded_artifacts_without_an_embedded_store_are_refused() -> None:
    digest = "sha256:" + "0" * 64
    settings = ServingSettings(
        online=OnlineSettings(host="cache", port=6379),
        artifacts=None,
        read_plan=digest,
        model=ModelSettings(tag="credit:1", artifact=digest),
        feature_service="credit_scoring_v1",
    )
    with pytest.raises(ModelError, match="the FeatureStore embeds no store"):
        load_model(settings)
