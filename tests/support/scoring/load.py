"""Applicants, scored again and again by several threads; what became of it is counted."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx

from support.scoring.bento import (
    APPLICATION,
    DAY,
    FORT_WORTH,
    HISTORY,
    HandWrittenStore,
    ServedBento,
)

APPLICANTS, THREADS = 12, 3
UNREAD = {"OnlineStoreUnavailable", "OnlineStoreTimeout"}


def applicant(number: int) -> dict[str, Any]:
    return APPLICATION | {"dob_ssn": f"19630621_{number:04d}"}


def write_applicants(store: HandWrittenStore) -> None:
    """Write each applicant with a history of their own."""
    store.write("zipcode_features", APPLICATION["zipcode"], FORT_WORTH, age=2 * DAY)
    for number in range(APPLICANTS):
        history = HISTORY | {"missed_payments_1y": number % 5, "mortgage_due": 9000 * number}
        store.write("credit_history", applicant(number)["dob_ssn"], history, age=DAY)


@dataclass
class ScoreLoad:
    """Decisions that were right, those that were referred for an unread store, and all others."""

    right: int = 0
    referred: Counter[str] = field(default_factory=Counter)
    wrong: list[Any] = field(default_factory=list)
    responses: set[str] = field(default_factory=set)

    def until(self, what: str, done: Callable[[], bool], seconds: float = 60) -> None:
        """Wait until it is so, while the load continues."""
        deadline = time.monotonic() + seconds
        while not done():
            assert time.monotonic() < deadline, f"not within {seconds:.0f} s: {what}"
            time.sleep(0.05)

    def goes_on(self, decisions: int = 60) -> None:
        """Return once so many more were right."""
        enough = self.right + decisions
        self.until("right decisions", lambda: self.right >= enough)

    def count(self, decision: dict[str, Any], expected: dict[str, Any]) -> None:
        """Count one."""
        codes = [reason["code"] for reason in decision["reasons"]]
        if decision["decision"] == "Refer" and set(codes) <= UNREAD:
            self.referred.update(codes)
            self.responses.add(str(decision["reasons"]))
        elif {name: decision[name] for name in expected} == expected:
            self.right += 1
        else:
            self.wrong.append(decision)


def known(bento: ServedBento, number: int) -> dict[str, Any]:
    """Return what is decided on an applicant while nothing goes wrong."""
    decision = bento.post("/score", applicant(number)).json()
    assert decision["decision"] in ("Approve", "Reject"), decision
    return {name: decision[name] for name in ("decision", "probability")}


@contextmanager
def scored(bento: ServedBento) -> Iterator[ScoreLoad]:
    """Score applicants as long as the context is open."""
    expected = [known(bento, number) for number in range(APPLICANTS)]
    assert len({each["probability"] for each in expected}) > 3
    load, stop, lock = ScoreLoad(), threading.Event(), threading.Lock()

    def score_on(number: int) -> None:
        with httpx.Client(timeout=10) as client:
            while not stop.is_set():
                number = (number + 1) % APPLICANTS
                response = client.post(bento.url + "/score", json=applicant(number))
                with lock:
                    if response.status_code == 200:
                        load.count(response.json(), expected[number])
                    else:
                        load.wrong.append(response.text)

    threads = [threading.Thread(target=score_on, args=(start * 4,)) for start in range(THREADS)]
    for thread in threads:
        thread.start()
    try:
        yield load
    finally:
        stop.set()
        for thread in threads:
            thread.join()
