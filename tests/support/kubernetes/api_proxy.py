"""A proxy in front of a real API server that counts requests, refuses some, and cuts streams."""

from __future__ import annotations

import base64
import http.client
import json
import socket
import ssl
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import urlsplit

import yaml

from cluster.client import Cluster

_HOP_BY_HOP = {"connection", "transfer-encoding", "content-length", "keep-alive", "host"}
_RESET_AT_CLOSE = struct.pack("ii", 1, 0)


@dataclass
class Refusal:
    """An answer in place of the API server's, to the next requests of a method."""

    method: str
    status: int
    times: int
    headers: dict[str, str] = field(default_factory=dict)


class ApiProxy:
    """What was asked so far as (method, path), what is refused next, and the open streams."""

    def __init__(self, cluster: Cluster) -> None:
        config = yaml.safe_load(cluster.kubeconfig.read_text())
        described = config["clusters"][0]["cluster"]
        self._upstream = urlsplit(described["server"])
        self._trust = _trust(described)
        self._config = config
        self._streams: set[socket.socket] = set()
        self._lock = threading.Lock()
        self.requests: list[tuple[str, str]] = []
        self.refusals: list[Refusal] = []

    @property
    def writes(self) -> list[tuple[str, str]]:
        """All requests but reads."""
        return [each for each in self.requests if each[0] != "GET"]

    def kubeconfig(self, port: int, folder: Path) -> Path:
        """Write the kubeconfig of the cluster as seen through the proxy."""
        config = json.loads(json.dumps(self._config))
        config["clusters"][0]["cluster"] = {"server": f"http://127.0.0.1:{port}"}
        path = folder / "proxy.kubeconfig"
        path.write_text(yaml.safe_dump(config))
        return path

    def cut_streams(self) -> int:
        """Reset the connections of all watches; return how many there were."""
        with self._lock:
            streams, self._streams = self._streams, set()
        for stream in streams:
            stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_AT_CLOSE)
            stream.shutdown(socket.SHUT_RDWR)
        return len(streams)

    def refusal(self, method: str, path: str) -> Refusal | None:
        """Note a request; return the refusal that it meets, if any."""
        with self._lock:
            self.requests.append((method, path))
            for refusal in self.refusals:
                if refusal.method == method and refusal.times > 0:
                    refusal.times -= 1
                    return refusal
        return None

    def forward(self, method: str, path: str, headers: Any, body: bytes) -> Any:
        """Return the API server's response."""
        host, port = self._upstream.hostname or "", self._upstream.port
        connection = http.client.HTTPSConnection(host, port, context=self._trust)
        kept = {name: value for name, value in headers.items() if name.lower() not in _HOP_BY_HOP}
        connection.request(method, path, body or None, kept)
        return connection.getresponse()

    @contextmanager
    def streaming(self, stream: socket.socket) -> Iterator[None]:
        """Keep the connection of a watch while it lasts."""
        with self._lock:
            self._streams.add(stream)
        try:
            yield
        finally:
            with self._lock:
                self._streams.discard(stream)


class _Handler(BaseHTTPRequestHandler):
    proxy: ClassVar[ApiProxy]

    def _handle(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        refusal = self.proxy.refusal(self.command, self.path)
        if refusal is not None:
            self._refuse(refusal)
            return
        response = self.proxy.forward(self.command, self.path, self.headers, body)
        self.send_response(response.status)
        for name, value in response.getheaders():
            if name.lower() not in _HOP_BY_HOP:
                self.send_header(name, value)
        self.end_headers()
        if "watch=true" in self.path:
            with self.proxy.streaming(self.connection):
                self._copy(response)
        else:
            self._copy(response)

    def _copy(self, response: http.client.HTTPResponse) -> None:
        try:
            while chunk := response.read1(65_536):
                self.wfile.write(chunk)
        except (OSError, http.client.HTTPException):
            self.close_connection = True
        finally:
            response.close()

    def _refuse(self, refusal: Refusal) -> None:
        status = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": "refused"}
        data = json.dumps(status | {"code": refusal.status}).encode()
        self.send_response(refusal.status)
        for name, value in {"Content-Type": "application/json", **refusal.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _handle  # noqa: N815 - the base class's

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Say nothing."""


@contextmanager
def api_proxy(cluster: Cluster, folder: Path) -> Iterator[tuple[ApiProxy, Path]]:
    """Run a proxy; yield it and the kubeconfig that leads through it."""
    proxy = ApiProxy(cluster)
    handler = type("Handler", (_Handler,), {"proxy": proxy})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield proxy, proxy.kubeconfig(server.server_port, folder)
    finally:
        proxy.cut_streams()
        server.shutdown()
        thread.join()
        server.socket.close()


def _trust(described: dict[str, Any]) -> ssl.SSLContext:
    data = described.get("certificate-authority-data")
    authority = base64.b64decode(data).decode() if data else None
    return ssl.create_default_context(
        cafile=described.get("certificate-authority"), cadata=authority
    )
