"""The other sides of notifications, on loopback: a mail server and an HTTP receiver that do what a test tells them.

    with Mailbox() as mailbox:
        ...send to mailbox.host, mailbox.port...
        assert mailbox.letters[0].mail["Subject"] == "Run 7 failed"

    with Receiver() as receiver:
        receiver.status = 503
        ...post to receiver.url...
        assert receiver.requests[0].body

Both have a free port of their own and keep it: after `stop` nobody listens there, and after `start` the same one does again.
What they are told holds from the next request on, and what came stays in the list over a stop.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Literal, NamedTuple, Self

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

HOST = "127.0.0.1"


class _Peer:
    """A port that stays one's own: bound also while nobody listens on it, so that the test's connections are refused."""

    host = HOST

    def __init__(self) -> None:
        self._door = _bound(0)
        self.port: int = self._door.getsockname()[1]

    def start(self) -> None:
        """Listen, also again after `stop`."""
        raise NotImplementedError

    def stop(self) -> None:
        """End all connections and listen no longer."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self._door.close()


def _bound(port: int) -> socket.socket:
    door = socket.socket()
    door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    door.bind((HOST, port))
    return door


class Letter(NamedTuple):
    """One mail as it came: the envelope, its bytes, and the same read."""

    sender: str
    recipient: str
    raw: bytes
    mail: EmailMessage


@dataclass(eq=False)
class Mailbox(_Peer):
    """A mail server. Answers are whole lines, such as "550 5.1.1 No such person"; empty = yes.

    `sign_in`: the user name and password it demands. `security` and `certificate`: encrypted with that certificate
    (`self_signed`). `drops_after_data`: takes the letter and is gone before it answers. `takes_umlauts`: offers SMTPUTF8.
    """

    sender_answer: str = ""
    recipient_answer: str = ""
    data_answer: str = ""
    drops_after_data: bool = False
    sign_in: tuple[str, str] | None = None
    security: Literal["none", "starttls", "tls"] = "none"
    certificate: Certificate | None = None
    takes_umlauts: bool = True
    letters: list[Letter] = field(default_factory=list)
    sign_ins: int = 0

    def __post_init__(self) -> None:
        super().__init__()
        logging.getLogger("mail.log").setLevel(logging.CRITICAL)  # aiosmtpd tells each refusal there

    def start(self) -> None:
        """All of the loop's work is done in its own thread: in that of the test another one may run, as that of a browser."""
        self._loop = asyncio.new_event_loop()
        self._connections: list[SMTP] = []
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        listen = self._loop.create_server(self._protocol, sock=self._door, ssl=self._context("tls"))
        self._server = asyncio.run_coroutine_threadsafe(listen, self._loop).result()

    def stop(self) -> None:
        if self._loop.is_closed():
            return
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self._door = _bound(self.port)

    async def _close(self) -> None:
        self._server.close()
        for connection in self._connections:
            if isinstance(connection.transport, asyncio.WriteTransport):
                connection.transport.abort()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    def _protocol(self) -> SMTP:
        connection = SMTP(
            self,
            hostname="mailbox.example.org",
            ident="mailbox",
            loop=self._loop,
            enable_SMTPUTF8=self.takes_umlauts,
            tls_context=self._context("starttls"),
            authenticator=self._signed_in,
            auth_require_tls=False,
        )
        self._connections.append(connection)
        return connection

    def _context(self, security: str) -> ssl.SSLContext | None:
        if self.security != security:
            return None
        assert self.certificate is not None
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(self.certificate.path, self.certificate.key)
        return context

    def _signed_in(self, server: SMTP, session: Session, envelope: Envelope, how: str, data: Any) -> AuthResult:
        self.sign_ins += 1
        given = (data.login.decode(), data.password.decode()) if isinstance(data, LoginPassword) else None
        return AuthResult(success=given == self.sign_in, handled=False)

    async def handle_MAIL(  # noqa: N802 - aiosmtpd's names
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.sign_in and not session.authenticated:
            return "530 5.7.0 Authentication required"
        if not self.sender_answer:
            envelope.mail_from = address
            envelope.mail_options.extend(options)
        return self.sender_answer or "250 OK"

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if not self.recipient_answer:
            envelope.rcpt_tos.append(address)
        return self.recipient_answer or "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        if not self.data_answer:
            assert isinstance(envelope.content, bytes)
            read = message_from_bytes(envelope.content, policy=policy.default)
            assert isinstance(read, EmailMessage)
            self.letters.append(Letter(envelope.mail_from or "", envelope.rcpt_tos[0], envelope.content, read))
        if self.drops_after_data:
            assert isinstance(server.transport, asyncio.WriteTransport)
            server.transport.abort()
        return self.data_answer or "250 OK"


class Request(NamedTuple):
    """One request as it came."""

    method: str
    path: str
    headers: dict[str, str]  # names in lower case
    body: bytes


@dataclass(eq=False)
class Receiver(_Peer):
    """An HTTP server. It answers with `status` and `headers`, an empty body, and keeps every request.

    `drops`: reads the request and is gone before it answers. `is_silent`: reads it and never answers, until it is stopped.
    """

    status: int = 204
    headers: dict[str, str] = field(default_factory=dict)
    drops: bool = False
    is_silent: bool = False
    requests: list[Request] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()
        self.url = f"http://{HOST}:{self.port}/"
        self._server: ThreadingHTTPServer | None = None

    def start(self) -> None:
        server = ThreadingHTTPServer((HOST, self.port), _handler(self), bind_and_activate=False)
        server.daemon_threads = True
        server.socket.close()
        server.socket = self._door
        server.server_address = (HOST, self.port)
        server.server_name, server.server_port = HOST, self.port
        server.server_activate()
        self._ended = threading.Event()
        self._server = server
        self._thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        if self._server is None:
            return
        self._ended.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        self._server = None
        self._door = _bound(self.port)

    def take(self, handler: BaseHTTPRequestHandler) -> None:
        """One request, and what this receiver was told to do with it."""
        length = int(handler.headers.get("Content-Length") or 0)
        headers = {name.lower(): value for name, value in handler.headers.items()}
        self.requests.append(Request(handler.command, handler.path, headers, handler.rfile.read(length)))
        handler.close_connection = True
        if self.is_silent:
            self._ended.wait()
        if self.drops or self.is_silent:
            return
        handler.send_response(self.status)
        for name, value in self.headers.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", "0")
        handler.end_headers()


def _handler(receiver: Receiver) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            receiver.take(self)

        do_GET = do_PUT = do_POST  # noqa: N815

        def log_message(self, *_: object) -> None:
            """Nothing on the terminal of the tests."""

    return Handler


class Certificate(NamedTuple):
    """Files in PEM: a certificate that vouches for itself, and its key."""

    path: Path
    key: Path


def self_signed(folder: Path) -> Certificate:
    """A certificate for this machine that nobody trusts, unless SSL_CERT_FILE names it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    today = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(today - timedelta(days=1))
        .not_valid_after(today + timedelta(days=30))
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ip_address(HOST))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    made = Certificate(folder / "certificate.pem", folder / "key.pem")
    made.path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    made.key.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return made
