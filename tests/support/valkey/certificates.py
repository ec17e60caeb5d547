"""Certificates for tests: an authority, servers' certificates that it signs, and a TLS end."""

from __future__ import annotations

import ipaddress
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass(frozen=True)
class Certificate:
    """Paths of a server's certificate and key, and of the authority that signed it."""

    certificate: Path
    key: Path
    authority: Path


def certificate(folder: Path, host: str = "127.0.0.1", valid_days: int = 1) -> Certificate:
    """Make a certificate for a host; with negative days it has expired."""
    signer, signer_name = ec.generate_private_key(ec.SECP256R1()), _name("test authority")
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    times = (now - timedelta(days=10), now + timedelta(days=valid_days))
    authority = _builder(signer_name, signer_name, signer, (times[0], now + timedelta(days=1)))
    authority = authority.add_extension(x509.BasicConstraints(True, None), critical=True)
    usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
    authority = authority.add_extension(usage, critical=True)
    server = _builder(_name(host), signer_name, key, times)
    server = server.add_extension(x509.SubjectAlternativeName([_alternative(host)]), critical=False)
    paths = Certificate(folder / "server.crt", folder / "server.key", folder / "ca.crt")
    _write(paths.authority, authority.sign(signer, hashes.SHA256()))
    _write(paths.certificate, server.sign(signer, hashes.SHA256()))
    paths.key.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return paths


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _alternative(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    times: tuple[datetime, datetime],
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(times[0])
        .not_valid_after(times[1])
    )


def _write(path: Path, made: x509.Certificate) -> None:
    path.write_bytes(made.public_bytes(serialization.Encoding.PEM))


@contextmanager
def tls_end(made: Certificate, target: int) -> Iterator[int]:
    """Yield a port that takes TLS with the certificate and passes on to a port without."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made.certificate, made.key)
    listener = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=_accept, args=(listener, context, target), daemon=True).start()
    try:
        yield listener.getsockname()[1]
    finally:
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()


def _accept(listener: socket.socket, context: ssl.SSLContext, target: int) -> None:
    with suppress(OSError):
        while True:
            plain, _ = listener.accept()
            threading.Thread(target=_serve, args=(plain, context, target), daemon=True).start()


def _serve(plain: socket.socket, context: ssl.SSLContext, target: int) -> None:
    """Pass on requests and replies in turn: enough for clients that wait for their replies."""
    plain.settimeout(5)
    with (
        suppress(OSError),
        context.wrap_socket(plain, server_side=True) as near,
        socket.create_connection(("127.0.0.1", target)) as far,
    ):
        near.settimeout(0.002)
        far.settimeout(0.002)
        while _pass_on(near, far) and _pass_on(far, near):
            pass


def _pass_on(source: socket.socket, sink: socket.socket) -> bool:
    """Pass on what is there; return False when the source has closed."""
    try:
        data = source.recv(1 << 20)
    except TimeoutError:
        return True
    sink.settimeout(5)
    sink.sendall(data)
    sink.settimeout(0.002)
    return bool(data)
