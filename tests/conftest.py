"""What every ring of tests keeps to."""

import os
import signal

import pytest
from hypothesis import settings

pytest_plugins = ["cluster.fixtures", "support.aws.fixtures"]

settings.register_profile("busy machine", deadline=None)
settings.load_profile("busy machine")


def pytest_configure() -> None:
    """Heed Ctrl-C, and so what is started does, also when a script's background runs this."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """On CI a ring in which nothing passed has failed, whatever the reason for its skips."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    is_worker = hasattr(session.config, "workerinput")
    if os.environ.get("CI") != "true" or reporter is None or is_worker:
        return
    if exitstatus == pytest.ExitCode.OK and not reporter.stats.get("passed"):
        session.exitstatus = pytest.ExitCode.NO_TESTS_COLLECTED
