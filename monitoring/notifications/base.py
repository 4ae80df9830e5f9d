"""What every kind of channel is: typed settings, a secret, a recipient where it has people, and one attempt to tell a message."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from ipaddress import ip_address
from typing import Any, ClassVar, Generic, Literal, TypeVar
from urllib.parse import quote

import idna
from pydantic import BaseModel, ConfigDict, ValidationError


class Fate(Enum):
    """What became of one attempt."""

    DELIVERED = "delivered"  # the other side took it
    REFUSED = "refused"  # no for good, to this recipient or this message: to repeat it is useless
    LATER = "later"  # not taken; it may be tried again
    UNANSWERED = (
        "unanswered"  # all was sent and the answer was lost: it may have arrived, and is repeated with the same key
    )


SAID = 500  # characters of `Answer.said`


@dataclass(frozen=True, slots=True)
class Answer:
    """What the other side made of a message.

    `said`: its words or ours on it, at most 500 characters and without a secret (`fit`).
    `is_channel_trouble`: other messages of this channel would meet the same, so the channel rests and the message is not judged.
    `retry_after_seconds`: how long the other side asks to be left alone; None = it did not say.
    """

    fate: Fate
    said: str = ""
    is_channel_trouble: bool = False
    retry_after_seconds: int | None = None


_KEY = re.compile(r"[a-z0-9-]{1,200}")
_ADDRESS = re.compile(r"https?://[!#-;=?-~]{1,900}")  # one header line, without quotes, < and >
SEVERITIES = ("info", "warning", "critical")


@dataclass(frozen=True, slots=True)
class Message:
    """One thing to tell one recipient. Raises ValueError where a value could not stand in a header.

    `key` is the same at each attempt, so that the other side can tell a repetition; `recipient` is empty where the kind of
    channel has none of its own. `url` leads to what it is about, `leave_url` (e-mail) to where the recipient leaves with one
    POST (RFC 8058). `data` is what programs read: anything that JSON can hold.
    """

    key: str
    recipient: str
    subject: str
    text: str
    written_at: datetime
    html: str = ""
    kind: str = ""
    severity: str = "info"
    url: str = ""
    leave_url: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not _KEY.fullmatch(self.key):
            raise ValueError("A message's key is made of a-z, 0-9 and - only.")
        if self.severity not in SEVERITIES:
            raise ValueError(f"A message's severity is one of {', '.join(SEVERITIES)}.")
        if self.written_at.tzinfo is None:
            raise ValueError("A message is written at an instant with its zone.")
        for address in (self.url, self.leave_url):
            if address and not _ADDRESS.fullmatch(address):
                raise ValueError("A message's addresses begin with http:// or https:// and are plain ASCII.")


class Settings(BaseModel):
    """What is set for one channel. A field's title, description and bounds make the form and the refusals; none is a secret."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


class SettingsRefused(ValueError):
    """Settings, or a secret (under `secret`), that a channel does not take: `problems` maps each field to its reason."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__("; ".join(f"{name}: {reason}" for name, reason in problems.items()))
        self.problems = dict(problems)


class RecipientRefused(ValueError):
    """A recipient that cannot be one; the text says why."""


S = TypeVar("S", bound=Settings)


class Channel(Generic[S]):
    """A kind of way to tell. Stateless: settings and secret come with each call, so one instance serves all channels of its kind."""

    name: ClassVar[str]
    title: ClassVar[str]
    is_for_people: ClassVar[bool]  # has recipients of its own; where not, a message's recipient is empty
    needs_secret: ClassVar[Literal["never", "optional", "always"]]
    secret_title: ClassVar[str] = ""
    secret_help: ClassVar[str] = ""
    settings: type[S]
    place: ClassVar[
        tuple[str, ...]
    ] = ()  # the settings that say where the secret is sent, or what guards it on its way

    def leads_to(self, stored: Mapping[str, Any]) -> tuple[Any, ...]:
        """Where stored settings have the secret sent: another place than before needs it anew."""
        return tuple(stored.get(name) for name in self.place)

    def read_settings(self, typed: Mapping[str, Any]) -> S:
        """Settings from what was typed or stored. Raises SettingsRefused, naming each wrong field."""
        if not isinstance(typed, Mapping):
            raise SettingsRefused({"settings": "They are no names with values."})
        try:
            return self.settings.model_validate(dict(typed))
        except ValidationError as refusal:
            errors = refusal.errors(include_url=False, include_context=False, include_input=False)
            raise SettingsRefused(
                {
                    ".".join(map(str, error["loc"])) or "settings": _reason(error["type"], error["msg"])
                    for error in errors
                }
            ) from None

    def check_secret(self, secret: str | None) -> None:
        """Whether this can be the secret of such a channel. Raises SettingsRefused under `secret`, never with the secret in it."""
        if secret and self.needs_secret == "never":
            raise SettingsRefused({"secret": f"{self.title} takes no secret."})
        if not secret and self.needs_secret == "always":
            raise SettingsRefused({"secret": f"{self.secret_title} is needed."})

    def read_recipient(self, text: str) -> str:
        """The recipient in the one form in which it is kept. Raises RecipientRefused."""
        if text.strip():
            raise RecipientRefused(f"{self.title} has no recipients of its own.")
        return ""

    def send(self, settings: S, secret: str | None, message: Message, timeout_seconds: float) -> Answer:
        """One attempt, of about `timeout_seconds` at most. Never raises for what a network or the other side may do."""
        raise NotImplementedError

    def describe(self, settings: S, secret: str | None) -> str:
        """Where it goes, for pages: without anything that would let a reader send there."""
        raise NotImplementedError


def _reason(kind: str, words: str) -> str:
    """A refusal of pydantic's in words for a form."""
    if kind == "extra_forbidden":
        return "is not a setting of this kind of channel"
    if kind == "missing":
        return "This is needed."
    return words.removeprefix("Value error, ")


def fit(text: str, *secrets: str | None) -> str:
    """Words of another side as they may be kept and shown: on one line, 500 characters at most, without these secrets in
    their usual disguises and without the credentials of an address."""
    words = encodable(text)
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        for disguise in _disguises(secret):
            words = re.sub(re.escape(disguise), "…", words, flags=re.IGNORECASE)  # hosts are told in lower case
    words = one_line(re.sub(r"://[^/\s@]+@", "://…@", words))
    return words if len(words) <= SAID else words[: SAID - 1] + "…"


def _disguises(secret: str) -> set[str]:
    clear = encodable(secret)
    return {secret, quote(clear, safe=""), quote(clear), base64.b64encode(clear.encode()).decode()}


def one_line(text: str) -> str:
    """The text without line breaks and control characters, fit for a header or a line of a list."""
    return " ".join(re.sub(r"[\x00-\x20\x7f-\x9f\u2028\u2029]+", " ", encodable(text)).split())


def encodable(text: str) -> str:
    """The text with a mark where it holds what no encoding carries: halves of characters, as misread bytes leave them."""
    return text.encode("utf-8", "replace").decode("utf-8")


def is_loopback(host: str) -> bool:
    """Whether a host is this machine itself, by its name or number alone, without asking anybody."""
    if host.lower() == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")


def ascii_host(text: str) -> str:
    """A host as the network knows it: lower case, other letters than ASCII in their IDNA form; addresses by number as they are.

    Raises ValueError with a sentence.
    """
    host = text.strip().rstrip(".").lower()
    try:
        return str(ip_address(host))
    except ValueError:
        pass
    if not host.isascii():
        try:
            host = idna.encode(host, uts46=True).decode()
        except idna.IDNAError:
            raise ValueError(f"“{one_line(text)}” is not a name that a host can have.") from None
    if len(host) > 253 or not all(map(_LABEL.fullmatch, host.split("."))):
        raise ValueError(f"“{one_line(text)}” is not a name that a host can have.")
    return host
