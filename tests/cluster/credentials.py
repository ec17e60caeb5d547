"""The keys, tokens and kubeconfigs of a control plane that lives for one test run."""

import base64
import json
import secrets
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

ADMIN_GROUP = "system:masters"


def write_service_account_key(path: Path) -> None:
    """Write a private key as SEC1 PEM, the only form of an EC key that Kubernetes reads."""
    path.write_bytes(
        ec.generate_private_key(ec.SECP256R1()).private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.TraditionalOpenSSL,
            serialization.NoEncryption(),
        )
    )
    path.chmod(0o600)


def new_token() -> str:
    """Return a token that nobody guesses."""
    return secrets.token_urlsafe(32)


def write_tokens(path: Path, admin_token: str) -> None:
    """Write the API server's table of tokens with one administrator in it."""
    path.touch(0o600)
    path.write_text(f'{admin_token},admin,admin,"{ADMIN_GROUP}"\n')


def write_kubeconfig(path: Path, server: str, authority: Path, token: str) -> None:
    """Write a kubeconfig (JSON is YAML) for a server's URL, its certificate and a token."""
    certificate = base64.b64encode(authority.read_bytes()).decode()
    cluster = {"server": server, "certificate-authority-data": certificate}
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "tests",
        "clusters": [{"name": "tests", "cluster": cluster}],
        "users": [{"name": "admin", "user": {"token": token}}],
        "contexts": [{"name": "tests", "context": {"cluster": "tests", "user": "admin"}}],
    }
    path.touch(0o600)
    path.write_text(json.dumps(config, indent=2))
