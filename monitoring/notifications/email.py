"""E-mail by SMTP, spoken step by step, so that it is known at which moment an attempt failed and what that says."""

from __future__ import annotations

import re
import smtplib
import socket
import ssl
import time
import unicodedata
from base64 import b64encode
from contextlib import suppress
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from typing import Literal

from pydantic import Field, ValidationInfo, field_validator

from monitoring.notifications.base import (
    Answer,
    Channel,
    Fate,
    Message,
    RecipientRefused,
    Settings,
    SettingsRefused,
    ascii_host,
    encodable,
    fit,
    is_loopback,
    one_line,
)

_LOCAL_PART = re.compile(
    r"[\w!#$%&'*+/=?^`{|}~-]+(\.[\w!#$%&'*+/=?^`{|}~-]+)*"
)  # RFC 5321 without quotes; \w: RFC 6531
_OURS_TO_MEND = (421, 503, 530, 534, 535, 538)  # said to one recipient, but of the connection or the sign-in
_SUBJECT = 200


class EmailSettings(Settings):
    """A mail server, and in whose name mail goes out."""

    host: str = Field(
        min_length=1,
        max_length=253,
        title="Mail server",
        description="Name or address of the server that takes the mail.",
    )
    port: int = Field(
        default=587,
        ge=1,
        le=65535,
        title="Port",
        description="587 with STARTTLS, 465 with TLS, 25 without either, as a rule.",
    )
    security: Literal["starttls", "tls", "none"] = Field(
        default="starttls",
        title="Security",
        description="starttls: encrypted before anything is said. tls: encrypted from the first byte. none: in clear, without a "
        "sign-in. Certificates are verified.",
    )
    user_name: str = Field(
        default="", max_length=200, title="User name", description="Empty where the server asks for no sign-in."
    )
    from_address: str = Field(
        min_length=3,
        max_length=254,
        title="From",
        description="The address that mail comes from and that answers go to.",
    )
    from_name: str = Field(
        default="Maintenance Portal", max_length=80, title="Name of the sender", description="Shown beside the address."
    )

    @field_validator("host")
    @classmethod
    def _host(cls, value: str) -> str:
        return ascii_host(value)

    @field_validator("user_name")
    @classmethod
    def _user_name(cls, value: str, info: ValidationInfo) -> str:
        if not value.isascii() or not value.isprintable():
            raise ValueError("A user name with other than plain ASCII letters cannot be sent here.")
        # Judged only where both others are right: a wrong one has its own refusal.
        if value and info.data.get("security") == "none" and not is_loopback(info.data.get("host", "localhost")):
            raise ValueError(
                "Without encryption no password is sent: choose starttls or tls, or leave the user name empty."
            )
        return value

    @field_validator("from_address")
    @classmethod
    def _from_address(cls, value: str) -> str:
        address = read_address(value)
        if not address.isascii():
            raise ValueError("The sender's address must be plain ASCII before the @, since many servers take no other.")
        return address

    @field_validator("from_name")
    @classmethod
    def _from_name(cls, value: str) -> str:
        return one_line(value)


def read_address(text: str) -> str:
    """One address without a display name, its domain in lower case and as IDNA. Raises ValueError with a sentence."""
    address = unicodedata.normalize("NFC", text.strip())
    shown = one_line(address)[:100]
    if not address:
        raise ValueError("An e-mail address is needed.")
    if "," in address or ";" in address or address.count("@") > 1:
        raise ValueError("One address only, please.")
    if "<" in address or any(character.isspace() for character in address):
        raise ValueError(f"“{shown}” has more than the address: only what looks like name@example.org, please.")
    local, at, domain = address.partition("@")
    if not at or not local or not domain:
        raise ValueError(f"“{shown}” is not an e-mail address: it looks like name@example.org.")
    if not _LOCAL_PART.fullmatch(local) or len(local.encode()) > 64:
        raise ValueError(f"What stands before the @ in “{shown}” is nothing that mail servers take.")
    if domain.startswith("["):
        raise ValueError(f"“{shown}” names a number: a mail domain is needed after the @.")
    host = ascii_host(domain)
    if host != "localhost" and ("." not in host or "_" in host or host.rpartition(".")[2].isdigit()):
        raise ValueError(f"The domain of “{shown}” is not complete: it looks like example.org.")
    if len(address := f"{local}@{host}") > 254:
        raise ValueError("This address is longer than mail servers take.")
    return address


def letter(settings: EmailSettings, message: Message, recipient: str) -> bytes:
    """The mail as it is sent, lines ended by CRLF. Pure. Plain ASCII, unless the recipient's own address is not."""
    mail = EmailMessage(policy=SMTP.clone(utf8=not recipient.isascii()))
    user, _, domain = settings.from_address.rpartition("@")
    mail["From"] = Address(settings.from_name, user, domain)
    mail["To"] = Address("", *recipient.rsplit("@", 1))
    mail["Subject"] = one_line(message.subject)[:_SUBJECT]
    mail["Date"] = message.written_at
    if message.severity == "critical":  # nothing is marked as of little importance: to whom it is sent, it matters
        mail["Importance"], mail["X-Priority"] = "high", "1"
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody's absence answers it
    mail["X-Auto-Response-Suppress"] = "OOF, AutoReply"  # the same in Exchange's words
    mail.set_content(encodable(message.text), cte="quoted-printable")  # ASCII, so that no server has to support more
    if message.html:
        mail.add_alternative(encodable(message.html), subtype="html", cte="quoted-printable")
    # The library folds a long line by encoding it, after which no reader knows an address in it: these go as they are.
    ours = [f"Message-ID: <{message.key}@{domain}>"]
    if message.leave_url:
        ours += [f"List-Unsubscribe: <{message.leave_url}>", "List-Unsubscribe-Post: List-Unsubscribe=One-Click"]
    return "".join(f"{line}\r\n" for line in ours).encode("ascii") + mail.as_bytes()


class _Said(Exception):
    """How an attempt ended before its end."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.said)
        self.answer = answer


class Email(Channel[EmailSettings]):
    """One mail to one recipient by a mail server."""

    name = "email"
    title = "E-mail"
    is_for_people = True
    needs_secret = "optional"
    secret_title = "Password"
    secret_help = "What the user name signs in with at the mail server."
    settings = EmailSettings
    place = ("host", "port", "security", "user_name")

    def check_secret(self, secret: str | None) -> None:
        super().check_secret(secret)
        if secret and not (secret.isascii() and secret.isprintable()):
            raise SettingsRefused({"secret": "A password with other than plain ASCII letters cannot be sent here."})

    def read_recipient(self, text: str) -> str:
        try:
            return read_address(text)
        except ValueError as refusal:
            raise RecipientRefused(str(refusal)) from None

    def describe(self, settings: EmailSettings, secret: str | None) -> str:
        how = {"starttls": "STARTTLS", "tls": "TLS", "none": "not encrypted"}[settings.security]
        return f"{settings.host}:{settings.port} ({how}), from {settings.from_address}"

    def send(self, settings: EmailSettings, secret: str | None, message: Message, timeout_seconds: float) -> Answer:
        try:
            recipient = self.read_recipient(message.recipient)
        except RecipientRefused as refusal:
            return Answer(Fate.REFUSED, fit(str(refusal)))
        talk = _Talk(settings, secret, timeout_seconds)
        try:
            talk.begin()
            return talk.tell(recipient, letter(settings, message, recipient))
        except _Said as said:
            return said.answer
        finally:
            talk.end()


class _Talk:
    """One connection to a mail server, from greeting to farewell. Raises _Said wherever it comes to an end."""

    def __init__(self, settings: EmailSettings, secret: str | None, timeout_seconds: float) -> None:
        self._settings = settings
        self._secret = secret
        self._ends = time.monotonic() + timeout_seconds
        self._tls = ssl.create_default_context() if settings.security != "none" else None  # reads many files
        self._smtp: smtplib.SMTP = (
            smtplib.SMTP_SSL(timeout=timeout_seconds, local_hostname="localhost", context=self._tls)
            if settings.security == "tls"
            else smtplib.SMTP(
                timeout=timeout_seconds, local_hostname="localhost"
            )  # else it looks its own name up, for seconds
        )

    def begin(self) -> None:
        """Connect, encrypt and sign in."""
        settings = self._settings
        try:
            # The class knows the name to verify only from its constructor, which would also connect and hide the moment.
            self._smtp._host = settings.host  # type: ignore[attr-defined]
            code, words = self._smtp.connect(settings.host, settings.port)
            self._expect(code == 220, code, words)
            self._smtp.local_hostname = _own_name(self._smtp)
            self._smtp.ehlo_or_helo_if_needed()
            if settings.security == "starttls":
                self._in_time()
                code, words = self._smtp.starttls(context=self._tls)
                self._expect(code == 220, code, words)
                self._smtp.ehlo_or_helo_if_needed()
            if settings.user_name:
                if not self._secret:
                    raise _Said(self._trouble("A user name is set for this channel, but no password."))
                self._in_time()
                self._smtp.login(settings.user_name, self._secret)
        except smtplib.SMTPAuthenticationError as error:
            raise _Said(
                self._trouble(f"The sign-in was refused: {_answer(error.smtp_code, error.smtp_error)}")
            ) from None
        except smtplib.SMTPResponseException as error:
            raise _Said(self._trouble(_answer(error.smtp_code, error.smtp_error))) from None
        except ssl.SSLError as error:
            raise _Said(self._trouble(f"No encrypted connection: {_tls_reason(error)}")) from None
        except (OSError, smtplib.SMTPException, ValueError) as error:
            raise _Said(self._trouble(f"The mail server cannot be used: {error}")) from None

    def tell(self, recipient: str, letter: bytes) -> Answer:
        """Hand over the letter; what the last answer, or its absence, says."""
        smtp = self._smtp
        options = []
        if not recipient.isascii():
            if not (smtp.has_extn("smtputf8") and smtp.has_extn("8bitmime")):
                return Answer(
                    Fate.REFUSED, "The mail server takes no addresses with other than ASCII letters before the @."
                )
            options = ["SMTPUTF8", "BODY=8BITMIME"]
        try:
            self._in_time()
            code, words = smtp.mail(self._settings.from_address, options)
            self._expect(code == 250, code, words)
            self._in_time()
            code, words = smtp.rcpt(recipient)
            if code not in (250, 251):
                return self._judged(code, words)
            self._in_time()
            code, words = smtp.docmd("DATA")
            if code != 354:
                return self._judged(code, words)
            self._in_time()
            # Without its last line a letter has no end and no server takes it: what fails up to here cannot have arrived.
            smtp.send(re.sub(rb"(?m)^\.", b"..", letter).removesuffix(b"\r\n") + b"\r\n.\r\n")
        except (OSError, smtplib.SMTPException) as error:
            return self._trouble(f"The mail server was lost before the message was sent: {error}")
        try:
            self._in_time()
            code, words = smtp.getreply()
        except (OSError, smtplib.SMTPException):
            code, words = -1, b""
        if code >= 400:
            return self._judged(code, words)
        if 200 <= code < 300:
            return Answer(Fate.DELIVERED, self._fit(_answer(code, words)))
        return Answer(Fate.UNANSWERED, "The message was sent and the mail server's answer was lost.")

    def end(self) -> None:
        """Say farewell where that is possible; what became of the message is known already."""
        with suppress(OSError, smtplib.SMTPException):
            if self._smtp.sock is not None:
                self._smtp.sock.settimeout(1)
                self._smtp.quit()
        self._smtp.close()

    def _in_time(self) -> None:
        """What is left of the time is all that the next answer may take."""
        left = self._ends - time.monotonic()
        if left <= 0:
            raise TimeoutError("it took too long")
        if self._smtp.sock is not None:
            self._smtp.sock.settimeout(left)

    def _expect(self, is_right: bool, code: int, words: bytes) -> None:
        if not is_right:
            raise _Said(self._trouble(_answer(code, words)))

    def _judged(self, code: int, words: bytes) -> Answer:
        """What a refusal of this recipient or message means."""
        if code in _OURS_TO_MEND or code < 400:
            return self._trouble(_answer(code, words))
        return Answer(Fate.REFUSED if code >= 500 else Fate.LATER, self._fit(_answer(code, words)))

    def _trouble(self, words: str) -> Answer:
        return Answer(Fate.LATER, self._fit(words), is_channel_trouble=True)

    def _fit(self, words: str) -> str:
        """Without the password, also in the forms in which it is sent."""
        if not self._secret:
            return fit(words)
        signed = b64encode(f"\0{self._settings.user_name}\0{self._secret}".encode()).decode()
        return fit(words, self._secret, signed)


def _own_name(smtp: smtplib.SMTP) -> str:
    """How we greet: by our full name where the machine knows it without asking, else by our address (RFC 5321, 4.1.3)."""
    if "." in (name := socket.gethostname()):
        return name
    address = smtp.sock.getsockname()[0] if smtp.sock else "127.0.0.1"
    return f"[IPv6:{address}]" if ":" in address else f"[{address}]"


def _answer(code: int, words: bytes | str) -> str:
    text = words.decode("utf-8", "replace") if isinstance(words, bytes) else words
    return f"{code} {text}" if code > 0 else "The other side does not speak SMTP."


def _tls_reason(error: ssl.SSLError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the certificate is not accepted ({error.verify_message})."
    return (error.reason or "it was broken off").replace("_", " ").lower() + "."


CHANNEL = Email()
