"""A receiver that answers in any way, HTTP or not, and certificates that are right or wrong."""

from __future__ import annotations

import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from enum import Enum, auto
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from faults import PATIENCE_SECONDS

HOST = "127.0.0.1"


class Cue(Enum):
    """What a receiver does in its answer, other than sending."""

    WAIT = auto()  # until the test lets it go on
    RESET = auto()  # end the connection as a machine does that has lost it


#: Bytes and cues, one after the other. Then the connection is closed.
Answer = Callable[[], Iterator[bytes | Cue]]


class Hostile:
    """Answers every webhook as it is told to, byte for byte."""

    def __init__(self, answer: Answer, tls: ssl.SSLContext | None = None) -> None:
        self.go_on = threading.Event()
        self.begun = 0  # requests that came; where there is TLS, connections
        self.ended = 0
        self._answer, self._tls = answer, tls
        self._counting = threading.Lock()
        self._socket = socket.create_server((HOST, 0), backlog=64)
        scheme = "https" if tls else "http"
        self.url = f"{scheme}://{HOST}:{self._socket.getsockname()[1]}/hook?key=planted"
        threading.Thread(target=self._listen, daemon=True).start()

    def close(self) -> None:
        self.go_on.set()
        # Closing alone does not wake who waits for a connection.
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _listen(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return  # closed
            threading.Thread(target=self._serve, args=[connection], daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        connection.settimeout(PATIENCE_SECONDS)
        begun = False
        try:
            if self._tls:
                begun = self._begin()
                self.go_on.wait(PATIENCE_SECONDS)
                connection = self._tls.wrap_socket(connection, server_side=True)
            take_request(connection)
            begun = begun or self._begin()
            for part in self._answer():
                if part is Cue.WAIT:
                    self.go_on.wait(PATIENCE_SECONDS)
                elif part is Cue.RESET:
                    # Lingering for no time at all is a reset.
                    linger = struct.pack("ii", 1, 0)
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                else:
                    connection.sendall(part)
        except OSError:
            pass  # whoever sent it has gone
        finally:
            connection.close()
            with self._counting:
                self.ended += begun

    def _begin(self) -> bool:
        with self._counting:
            self.begun += 1
        return True


def take_request(connection: socket.socket) -> None:
    """Read a request to its end."""
    received = b""
    while b"\r\n\r\n" not in received:
        received += _some(connection)
    head, _, body = received.partition(b"\r\n\r\n")
    lines = [line.partition(b":") for line in head.lower().splitlines()]
    length = next(int(value) for name, _, value in lines if name == b"content-length")
    while len(body) < length:
        body += _some(connection)


def _some(connection: socket.socket) -> bytes:
    chunk = connection.recv(65536)
    if not chunk:
        raise ConnectionResetError("nothing more comes")
    return chunk


class Authority:
    """Signs certificates. `file` is what a gateway has to trust to accept them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._name, self._key = _name("Authority of the tests"), ec.generate_private_key(ec.SECP256R1())
        certificate = _certificate(self._name, self._key, self._name, self._key, is_authority=True)
        self.file = folder / "authority.pem"
        self.file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))

    def tls(self, host: str = HOST, *, days: int = 30, self_signed: bool = False) -> ssl.SSLContext:
        """What a server for this host needs; its certificate is valid for so many days from now."""
        subject, key = _name("A receiver"), ec.generate_private_key(ec.SECP256R1())
        issuer, signs = (subject, key) if self_signed else (self._name, self._key)
        certificate = _certificate(subject, key, issuer, signs, host=host, days=days)
        file = self._folder / f"receiver-{certificate.serial_number}.pem"
        file.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
            + certificate.public_bytes(serialization.Encoding.PEM)
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return context


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _certificate(
    subject: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    issuer: x509.Name,
    signs: ec.EllipticCurvePrivateKey,
    *,
    host: str | None = None,
    days: int = 30,
    is_authority: bool = False,
) -> x509.Certificate:
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=60))
        .not_valid_after(now + timedelta(days=days))
    )
    if is_authority:
        limits = x509.BasicConstraints(ca=True, path_length=0)
        builder = builder.add_extension(limits, critical=True)
    if host:
        numeric = host.replace(".", "").isdigit()
        alone = x509.IPAddress(ip_address(host)) if numeric else x509.DNSName(host)
        builder = builder.add_extension(x509.SubjectAlternativeName([alone]), critical=False)
    return builder.sign(signs, hashes.SHA256())
