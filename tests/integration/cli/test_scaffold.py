"""`hotplate up` runs what `hotplate init` wrote, as it is."""

import json
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cluster.processes import free_port

HOTPLATE = str(Path(sys.executable).with_name("hotplate"))
READY_SECONDS = 150
TRIP = {"driver_id": 1006, "distance_km": 7.5, "weather": "RAIN"}


@contextmanager
def running(manifest: str, folder: Path) -> Iterator[str]:
    """Run the manifest in the folder until the block ends; yield its URL when it is ready."""
    url = f"http://127.0.0.1:{(port := free_port())}"
    log = folder / "up.log"
    with log.open("w") as output:
        command = [HOTPLATE, "up", manifest, "--port", str(port)]
        process = subprocess.Popen(command, cwd=folder, stdout=output, stderr=output)
    try:
        deadline = time.monotonic() + READY_SECONDS
        while "Ctrl-C ends it" not in log.read_text():
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.2)
        yield url
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(20)


def answer(url: str, body: Any = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=10) as response:
        return json.load(response)


def test_a_new_project_runs_at_once_and_decides(tmp_path: Path) -> None:
    subprocess.run([HOTPLATE, "init", "on-time"], cwd=tmp_path, check=True)
    with running("on-time/on-time.yaml", tmp_path) as url:
        decision = answer(f"{url}/explain", TRIP)
        api = answer(f"{url}/docs.json")
    assert decision["decision"] in {"Approve", "Reject"}
    assert decision["features"]["driver_hourly_stats"]["status"] == "PRESENT"
    assert 0 <= decision["features"]["driver_hourly_stats"]["ageSeconds"] <= 7200
    assert decision["featureService"] == "on_time_v1"
    assert decision["modelVersion"].startswith("on-time:")
    assert decision["values"]["driver_hourly_stats"]["avg_daily_trips"] > 0
    schema = api["paths"]["/explain"]["post"]["requestBody"]["content"]["application/json"][
        "schema"
    ]
    assert schema["example"] == TRIP, "the form takes its example from here"
