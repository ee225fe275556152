"""Mail settings on a real SMTP server: what is sent, over what, and what a server's no means."""

from __future__ import annotations

import datetime
import os
import socket
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from gateway import Gateway, find_binary, running

FROM = "Pebble Pay <codes@pay.example>"
USER, PASSWORD = b"ada", b"p@ss/word"
LOGIN = "ada:p%40ss%2Fword@"


class Inbox:
    """Takes mails, or answers something else to every recipient."""

    def __init__(self, answer: str = "250 OK") -> None:
        self.answer = answer
        self.envelopes: list[Envelope] = []
        self.logins: list[tuple[bytes, bytes]] = []

    async def handle_RCPT(
        self, _server: Any, _session: Any, envelope: Envelope, address: str, _options: Any
    ) -> str:
        if self.answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.answer

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Envelope) -> str:
        self.envelopes.append(envelope)
        return "250 taken"

    def authenticate(
        self, _server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any
    ) -> AuthResult:
        assert isinstance(data, LoginPassword)
        self.logins.append((data.login, data.password))
        known = (data.login, data.password) == (USER, PASSWORD)
        return AuthResult(success=known, handled=False)


class Server(Controller):
    """An SMTP server on a free port of this machine."""

    def __init__(self, inbox: Inbox, tls: ssl.SSLContext | None, wrapped: bool, login: bool) -> None:
        self.starttls = None if wrapped else tls
        self.login = login
        wrap = tls if wrapped else None
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = probe.getsockname()[1]
        super().__init__(inbox, hostname="127.0.0.1", port=port, ssl_context=wrap)

    def factory(self) -> SMTP:
        options: dict[str, Any] = {"tls_context": self.starttls}
        options |= {"require_starttls": self.starttls is not None}
        if self.login:
            options |= {"auth_required": True, "authenticator": self.handler.authenticate}
            options |= {"auth_require_tls": self.starttls is not None}
        return SMTP(self.handler, **options)


@contextmanager
def serving(
    inbox: Inbox,
    tls: ssl.SSLContext | None = None,
    *,
    wrapped: bool = False,
    login: bool = False,
) -> Iterator[int]:
    server = Server(inbox, tls, wrapped, login)
    server.start()
    try:
        yield server.port
    finally:
        server.stop()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A self-signed certificate for this machine, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    names = x509.SubjectAlternativeName(
        [x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))]
    )
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(names, critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    path = tmp_path_factory.mktemp("tls") / "server.pem"
    path.write_bytes(signed.public_bytes(serialization.Encoding.PEM) + private)
    return path


def context(certificate: Path) -> ssl.SSLContext:
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(certificate)
    return tls


def gate(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("GATE_")}
    return subprocess.run(
        [find_binary(), *arguments], env=clean | variables, capture_output=True, text=True, timeout=60
    )


def try_mail(url: str, to: str = "jane@example.com", **more: str) -> subprocess.CompletedProcess[str]:
    tried = gate("mail", "test", "--to", to, GATE_SMTP_URL=url, GATE_MAIL_FROM=FROM, **more)
    assert "word" not in tried.stdout + tried.stderr, "a password is not shown"
    return tried


def test_a_server_on_this_machine_takes_it() -> None:
    inbox = Inbox()
    with serving(inbox) as port:
        tried = try_mail(f"smtp://127.0.0.1:{port}")
    assert tried.returncode == 0, tried.stderr
    assert f"smtp://127.0.0.1:{port}" in tried.stdout
    [envelope] = inbox.envelopes
    assert (envelope.mail_from, envelope.rcpt_tos) == ("codes@pay.example", ["jane@example.com"])
    mail = message_from_bytes(envelope.content)
    assert (mail["From"], mail["To"]) == ('"Pebble Pay" <codes@pay.example>', "jane@example.com")
    assert mail["Message-ID"].endswith("@pay.example>") and mail["Date"]
    assert (mail.get_content_type(), mail["Auto-Submitted"]) == ("text/plain", "auto-generated")


def test_starttls_with_a_certificate_that_is_trusted_and_a_password(
    certificate: Path, tmp_path: Path
) -> None:
    inbox = Inbox()
    with serving(inbox, context(certificate), login=True) as port:
        url = f"smtp://{LOGIN}localhost:{port}?tls=required"
        strange = try_mail(url)
        assert strange.returncode == 1 and "would be sent again" in strange.stderr, strange.stderr
        assert (inbox.envelopes, inbox.logins) == ([], []), "nothing was said to a stranger"
        # The file that a service manager hands over, as for the master key.
        (tmp_path / "smtp-url").write_text(url + "\n")
        variables = {"GATE_SMTP_URL_FILE": str(tmp_path / "smtp-url"), "GATE_MAIL_FROM": FROM}
        to = ("mail", "test", "--to", "jane@example.com")
        trusted = gate(*to, **variables, SSL_CERT_FILE=str(certificate))
        assert trusted.returncode == 0, trusted.stderr
        assert inbox.logins == [(USER, PASSWORD)] and len(inbox.envelopes) == 1
        wrong = url.replace("ada:", "bob:")
        refused = try_mail(wrong, SSL_CERT_FILE=str(certificate))
        assert refused.returncode == 1 and "answered 535" in refused.stderr, refused.stderr


def test_tls_from_the_first_byte(certificate: Path) -> None:
    inbox = Inbox()
    with serving(inbox, context(certificate), wrapped=True) as port:
        url = f"smtps://localhost:{port}"
        assert try_mail(url).returncode == 1
        tried = try_mail(url, SSL_CERT_FILE=str(certificate))
    assert tried.returncode == 0, tried.stderr
    assert len(inbox.envelopes) == 1


def test_nothing_is_said_where_tls_is_not_offered() -> None:
    inbox = Inbox()
    with serving(inbox) as port:
        tried = try_mail(f"smtp://{LOGIN}localhost:{port}?tls=required")
    assert tried.returncode == 1, tried.stdout
    assert "does not offer what is needed" in tried.stderr, tried.stderr
    assert (inbox.envelopes, inbox.logins) == ([], [])


@pytest.mark.parametrize(
    ("answer", "means"),
    [
        ("451 4.7.1 later, please", "A code would be sent again"),
        ("550 5.1.1 nobody here", "A code would not be sent again"),
    ],
)
def test_what_a_no_means(answer: str, means: str) -> None:
    inbox = Inbox(answer)
    with serving(inbox) as port:
        tried = try_mail(f"smtp://127.0.0.1:{port}")
    assert tried.returncode == 1
    assert means in tried.stderr and answer[:3] in tried.stderr, tried.stderr
    assert answer[10:] in tried.stderr, "an operator reads the server's own words"


def test_a_server_that_hangs_is_not_waited_for() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        tried = try_mail(f"smtp://127.0.0.1:{silent.getsockname()[1]}")
    assert tried.returncode == 1
    assert "did not answer in time" in tried.stderr, tried.stderr
    assert "would be sent again" in tried.stderr


def test_a_server_that_is_gone() -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    tried = try_mail(f"smtp://127.0.0.1:{port}")
    assert tried.returncode == 1
    assert "cannot be reached" in tried.stderr and "would be sent again" in tried.stderr


def test_settings_that_cannot_be_used() -> None:
    for url, told in [
        ("smtp://localhost?tls=opportunistic", "GATE_SMTP_URL must be smtps:// or smtp://"),
        ("https://example.com", "GATE_SMTP_URL must be smtps:// or smtp://"),
    ]:
        assert told in try_mail(url).stderr
    assert "no mail server is named" in gate("mail", "test", "--to", "jane@example.com").stderr
    assert "is no e-mail address" in try_mail("smtp://localhost", to="jane").stderr
    alone = gate("mail", "test", "--to", "a@b.example", GATE_SMTP_URL="smtp://localhost")
    assert "A mail server is named, and mail_from is not." in alone.stderr


def test_the_doctor_says_what_is_wrong(tmp_path: Path) -> None:
    with running(Gateway(tmp_path)) as gateway:
        gateway.stop()
        doctor = ("doctor", "--data-dir", str(tmp_path / "data"))
        assert "there is none: live mode sends no mail" in gate(*doctor).stdout
        inbox = Inbox()
        with serving(inbox) as port:
            mail = {"GATE_SMTP_URL": f"smtp://127.0.0.1:{port}", "GATE_MAIL_FROM": FROM}
            well = gate(*doctor, **mail)
            assert well.returncode == 0 and f"smtp://127.0.0.1:{port}" in well.stdout, well.stderr
        gone = gate(*doctor, **mail)
        assert gone.returncode == 1
        assert "the mail server does not answer" in gone.stdout, gone.stdout
    assert inbox.envelopes == [], "it only says hello"
