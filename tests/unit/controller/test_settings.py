from datetime import timedelta

from hotplate.controller.settings import OperatorSettings


def test_settings_come_from_the_environment() -> None:
    settings = OperatorSettings.from_environment(
        {
            "HOTPLATE_NAMESPACES": "ml, lending",
            "HOTPLATE_JOBS_IMAGE": "registry/jobs:1",
            "HOTPLATE_SERVING_IMAGE": "registry/serving:1",
            "HOTPLATE_RESYNC": "60",
        }
    )

    assert settings.namespaces == ("ml", "lending")
    assert settings.jobs_image == "registry/jobs:1"
    assert settings.serving_image == "registry/serving:1"
    assert settings.resync == timedelta(minutes=1)


def test_without_an_environment_the_whole_cluster_is_watched() -> None:
    assert OperatorSettings.from_environment({}) == OperatorSettings()
