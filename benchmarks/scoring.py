"""POST /score end to end: the bento, a bare ASGI server with its reader and model, the blog's way.

All services, their Valkey and the client share one core and take turns of 25 requests; what the
first request of a turn takes, after the others have emptied the caches, is a row of its own. In
the open loop the bento has that core for itself, the generator and Valkey have the other one.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from benchmarks.harness import TURN, Figure, Latencies, Report, interleaved, percentile, pin
from benchmarks.load import Client, on_the_other_core, open_loop
from cluster.processes import free_port
from support.scoring.bento import BENTO, HandWrittenStore, make_model, settings
from support.valkey.server import valkey_server

HERE = Path(__file__).parent
RATE = 1_000
SECONDS = 10.0
BUDGET_MICROSECONDS = 10_000.0


def measure(calls: int = 2_000, seconds: float = SECONDS) -> Report:
    """Return the figures of whole decisions."""
    pin()
    report = Report()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        store = HandWrittenStore(stack.enter_context(valkey_server(save="")))
        store.write_example()
        world = make_model(folder / "model")
        (folder / "serving.json").write_text(json.dumps(settings(world, store.server.port)))
        _prepare_blog(folder, store.server.port)
        probe = folder / "probe"
        probe.mkdir()
        ports, ready = _services(stack, folder, probe)
        _latencies(report, ports, calls)
        (probe / "armed").touch()
        with on_the_other_core(store.pid):
            latencies = open_loop(ports["Hotplate bento"], RATE, seconds)
        pauses = [float(path.read_text()) for path in probe.glob("*.pause")]
    _open_loop_rows(report, latencies)
    longest = 1000 * max(pauses, default=0.0)
    ours, blog = ready["Hotplate bento"], ready["blog's way"]
    for name, seconds_taken in ready.items():
        row = {"benchmark": "start to ready", "contender": name, "ms": 1000 * seconds_taken}
        report.rows.append(row)
    report.figures += [
        Figure("longest GC pause after warm-up, ms", longest, 10, 3),
        Figure("start to ready / the blog's way", ours / blog, 1 / 3, 1 / 5),
    ]
    return report


def _prepare_blog(folder: Path, port: int) -> None:
    (folder / "blog").mkdir()
    command = [sys.executable, "-m", "benchmarks.blog.prepare", str(folder / "blog")]
    subprocess.run([*command, f"127.0.0.1:{port}"], check=True, stdout=subprocess.DEVNULL)


def _services(
    stack: ExitStack, folder: Path, probe: Path
) -> tuple[dict[str, int], dict[str, float]]:
    """Start the services one after the other; return their ports and seconds to ready."""
    home = str(folder / "model" / "home")
    ours = {"BENTOML_HOME": home, "HOTPLATE_SERVING": str(folder / "serving.json")}
    probed = {
        "GC_PROBE": str(probe),
        "PYTHONPATH": f"{HERE / 'gc_probe'}:{os.environ['PYTHONPATH']}",
    }
    serve = [sys.executable, "-m", "bentoml", "serve"]
    uvicorn = [sys.executable, "-m", "uvicorn", "benchmarks.bare_app:app", "--no-access-log"]
    blog = {"BLOG_FOLDER": str(folder / "blog"), "BENTOML_HOME": str(folder / "home")}
    commands: dict[str, tuple[list[str], dict[str, str]]] = {
        "Hotplate bento": (
            [*serve, "service:CreditScoring", "--working-dir", str(BENTO)],
            ours | probed,
        ),
        "bare uvicorn": (uvicorn, ours),
        "blog's way": ([*serve, "service:Blog", "--working-dir", str(HERE / "blog")], blog),
    }
    ports, ready = {}, {}
    for name, (command, environment) in commands.items():
        ports[name] = free_port()
        started = time.perf_counter()
        stack.enter_context(_running(command, ports[name], environment))
        ready[name] = time.perf_counter() - started
    return ports, ready


@contextmanager
def _running(command: list[str], port: int, environment: dict[str, str]) -> Iterator[None]:
    """Run a service; enter when it answers a request."""
    process = subprocess.Popen(
        [*command, "--host", "127.0.0.1", "--port", str(port)],
        env={**os.environ, **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        process_group=0,
    )
    try:
        _await_answer(process, port)
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)


def _await_answer(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        if process.poll() is not None:
            sys.exit(f"a service ended with {process.returncode}")
        try:
            Client(port)()
        except (OSError, IndexError):
            time.sleep(0.05)
        else:
            return
    sys.exit("a service did not answer within two minutes")


def _latencies(report: Report, ports: dict[str, int], calls: int) -> None:
    clients = {name: Client(port) for name, port in ports.items()}
    found = interleaved(clients, calls)
    report.add("POST /score", found)
    first = {name: [run[::TURN] for run in runs] for name, runs in found.runs.items()}
    report.add("POST /score, first of a turn", Latencies(first))
    p50 = {name: found.percentile(name, 50) for name in ports}
    ours = p50["Hotplate bento"]
    report.figures += [
        Figure("POST /score p50 / the blog's way", ours / p50["blog's way"], 1 / 15, 1 / 40),
        Figure("POST /score p50 / bare uvicorn", ours / p50["bare uvicorn"], 7, 3),
    ]


def _open_loop_rows(report: Report, latencies: list[float]) -> None:
    share = sum(late > BUDGET_MICROSECONDS for late in latencies) / len(latencies)
    row = {f"p{n}": round(percentile(latencies, n), 1) for n in (50, 99, 99.9)}
    title = f"open loop, {RATE:,}/s"
    report.rows.append({"benchmark": title, "contender": "Hotplate bento"} | row)
    name = f"open loop {RATE:,}/s on one core: share over 10 ms"
    report.figures.append(Figure(name, share, 0.01, 0.0005))
