"""A node whose clock is off AWS's by more than five minutes is told so, with how to mend it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from hotplate.jobs.tasks.preflight import checks
from support.feast.small_repository import PROJECT, SmallRepository
from support.valkey.cache import IDENTITY, Cache, cache_of
from support.valkey.iam_users import KEY_ID, SECRET_KEY

AHEAD = 1200
REFUSAL = b"<ErrorResponse><Error><Code>SignatureDoesNotMatch</Code></Error></ErrorResponse>"


class Sts(BaseHTTPRequestHandler):
    """STS, as it refuses a signature that is too old for its clock."""

    def do_POST(self) -> None:
        self.send_response(403)
        self.send_header("Content-Length", str(len(REFUSAL)))
        self.end_headers()
        self.wfile.write(REFUSAL)

    def date_time_string(self, timestamp: float | None = None) -> str:
        return super().date_time_string((timestamp or time.time()) + AHEAD)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def sts(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Sts)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", f"http://127.0.0.1:{server.server_address[1]}")
    yield
    server.shutdown()
    server.server_close()


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cache]:
    """A cache whose service has another time than this machine."""
    with cache_of(tmp_path, shards=1, replicas=0, project=PROJECT) as running:
        monkeypatch.setenv("HOTPLATE_ONLINE_CA_FILE", str(running.authority))
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY_ID)
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET_KEY)
        running.users.clock = lambda: time.time() + AHEAD
        yield running


def auth_of(repository: SmallRepository, cache: Cache) -> tuple[str, str]:
    iam = {"userId": IDENTITY.user_id, "cacheName": "features", "region": IDENTITY.region}
    spec: dict[str, Any] = {
        "endpoint": f"127.0.0.1:{cache.ends[0].port}",
        "tls": {"caSecretRef": {"name": "ca", "key": "ca.pem"}},
        "auth": {"iam": iam},
    }
    (found,) = checks(repository.workspace(onlineStore={"elastiCache": spec}))
    return found.reason, found.message


@pytest.mark.usefixtures("sts")
def test_a_clock_that_is_too_far_off_is_the_condition(
    repository: SmallRepository, cache: Cache
) -> None:
    reason, message = auth_of(repository, cache)
    assert reason == "RequestTimeTooSkewed"
    assert "behind AWS's, of the 300 s" in message
    assert "Amazon Time Sync Service" in message


def test_without_an_answer_of_sts_the_clock_is_named_among_the_causes(
    repository: SmallRepository, cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", "http://127.0.0.1:9")
    reason, message = auth_of(repository, cache)
    assert reason == "OnlineStoreRefused"
    assert "this node's clock" in message
