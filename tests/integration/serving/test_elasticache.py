"""A real bento on a cluster with TLS and logins that change: it keeps deciding right."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from hotplate.jobs.repository.projects import client_of
from support.aws.pod_identity import POD_TOKEN, pod_identity
from support.leaks import leaks
from support.scoring.bento import ROOT, HandWrittenStore, ServedBento, settings
from support.scoring.load import THREADS, ScoreLoad, scored, write_applicants
from support.valkey.cache import IDENTITY, PASSWORD, Cache, cache_of
from support.valkey.elasticache import admin
from support.valkey.iam_users import SECRET_KEY

NEXT, WRONG = 'of-tomorrow,x="y"\'', "planted-wrong,x=y"
SHARDS = 3
LATENCY = {"budgetSeconds": 2, "featureDeadlineSeconds": 1}


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[Cache]:
    with cache_of(tmp_path, SHARDS, replicas=1, project="credit_scoring") as running:
        write_applicants(HandWrittenStore(running.servers[0], client_of(running.worker())))
        yield running


def serving(model: dict[str, Any], cache: Cache, **login: Any) -> dict[str, Any]:
    """Return the serving settings; the decision log has all that it can have."""
    online = {
        "host": "127.0.0.1",
        "port": cache.ends[0].port,
        "tls": True,
        "cluster": True,
        "caFile": str(cache.authority),
        **login,
    }
    log = {"personalData": True}
    return settings(model, 0, online=online, latency=LATENCY, decisionLog=log)


def replace(file: Path, text: str) -> None:
    """Replace a file at once, as the kubelet does."""
    new = file.with_suffix(".new")
    new.write_text(text)
    new.rename(file)


def readable(bento: ServedBento, load: ScoreLoad) -> dict[str, str]:
    """Return all that can be read of a scoring process."""
    return {
        "log with decision log": bento.log.read_text(),
        "metrics": httpx.get(bento.url + "/metrics").text,
        "settings": (bento.folder / "serving.json").read_text(),
        "API": httpx.get(bento.url + "/docs.json").text,
        "arguments": Path(f"/proc/{bento.worker}/cmdline").read_text(),
        "reasons": " ".join(["reasons:", *load.responses]),
    }


def test_a_rotated_password_and_a_failover_reach_a_bento_that_goes_on_deciding(
    model: dict[str, Any], cache: Cache, tmp_path: Path
) -> None:
    file = tmp_path / "password"
    file.write_text(PASSWORD)
    changed = serving(model, cache, username="worker", passwordFile=str(file))
    with (
        ServedBento(changed, model["home"], tmp_path / "bento") as bento,
        scored(bento.ready()) as load,
    ):
        worker, ended = bento.worker, 0
        load.goes_on()
        logins = cache.commands(b"AUTH")
        for server in cache.servers:
            admin(server).execute_command("ACL", "SETUSER", "worker", f">{NEXT}")
        replace(file, NEXT)
        load.until("logins renewed", lambda: cache.commands(b"AUTH") >= logins + SHARDS)
        for server in cache.servers:
            admin(server).execute_command("ACL", "SETUSER", "worker", f"<{PASSWORD}")
        load.goes_on()
        assert not load.referred

        ended += cache.end_connections()
        load.goes_on()
        assert load.referred.total() <= ended * THREADS

        replace(file, WRONG)
        cache.end_connections()
        load.until("a refused login", lambda: any("WRONGPASS" in each for each in load.responses))
        replace(file, NEXT)
        load.goes_on()

        cache.servers[0].terminate()
        before = load.referred.total()
        load.until("reads that fail", lambda: load.referred.total() > before)
        load.goes_on(500)
        assert bento.worker == worker
        found = readable(bento, load)
    assert load.wrong == []
    assert '"dob_ssn"' in found["log with decision log"]
    assert "WRONGPASS" in found["log with decision log"] + found["reasons"]
    assert leaks((PASSWORD, NEXT, WRONG), found) == []


def test_a_bento_with_iam_goes_on_while_tokens_connections_and_aws_credentials_expire(
    model: dict[str, Any], cache: Cache, tmp_path: Path
) -> None:
    started = time.time()
    cache.users.clock = lambda: started + (time.time() - started) * 300
    iam = {"userId": IDENTITY.user_id, "cacheName": "features", "region": IDENTITY.region}
    sessions = ["planted-session-one", "planted-session-two"]
    cache.users.session_token = sessions[0]
    with pod_identity(tmp_path, sessions[0]) as pod:
        environment = {
            **pod.environment,
            "FAST_CLOCK_STARTED": str(started),
            "PYTHONPATH": str(ROOT / "tests/support/fast_clock"),
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        for end in cache.ends:
            end.lifetime = 4.0
        folder = tmp_path / "bento"
        with (
            ServedBento(
                serving(model, cache, iam=iam), model["home"], folder, environment
            ) as bento,
            scored(bento.ready()) as load,
        ):
            lives(load, 5)
            pod.session_token = cache.users.session_token = sessions[1]
            lives(load, 5)
            found = readable(bento, load)
    assert load.wrong == []
    assert load.referred.total() <= THREADS * sum(end.expired for end in cache.ends)
    used = list(dict.fromkeys(cache.users.tokens))
    assert len(used) > 4
    assert {session for session in sessions if any(session in token for token in used)} == {
        *sessions
    }
    signatures = [token.rpartition("X-Amz-Signature=")[2] for token in used]
    assert leaks((*sessions, *signatures, SECRET_KEY, POD_TOKEN), found) == []


def lives(load: ScoreLoad, seconds: float) -> None:
    """Let the load go on for longer than a token and a connection live."""
    ends = time.monotonic() + seconds
    load.until("the time is over", lambda: time.monotonic() > ends)
    load.goes_on()
