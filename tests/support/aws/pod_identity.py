"""The endpoint of EKS Pod Identity: credentials of a role for who shows the pod's token."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from support.valkey.iam_users import KEY_ID, SECRET_KEY

POD_TOKEN = "planted-pod-token"


@dataclass
class PodIdentity:
    """Gives out credentials with the session token of the moment."""

    session_token: str
    environment: dict[str, str]
    asked: int = 0


@contextmanager
def pod_identity(folder: Path, session_token: str) -> Iterator[PodIdentity]:
    """Run the endpoint; its environment is what EKS adds to a pod's."""
    file = folder / "eks-pod-identity-token"
    file.write_text(POD_TOKEN)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            is_pod = self.headers.get("Authorization") == POD_TOKEN
            given.asked += is_pod
            body = json.dumps(
                {
                    "AccessKeyId": KEY_ID,
                    "SecretAccessKey": SECRET_KEY,
                    "Token": given.session_token,
                    "Expiration": f"{datetime.now(UTC) + timedelta(hours=6):%Y-%m-%dT%H:%M:%SZ}",
                }
            ).encode()
            self.send_response(200 if is_pod else 401)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    url = f"http://127.0.0.1:{server.server_address[1]}/v1/credentials"
    environment = {
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": url,
        "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": str(file),
    }
    given = PodIdentity(session_token, environment)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield given
    finally:
        server.shutdown()
        server.server_close()
