"""Chats, on-call services and push services: whatever apprise speaks, told by one address that holds its tokens.

What is allowed: a service on the network, told with the address alone. Not allowed is what apprise could do beside that:
tell only the machine that the portal runs on, read or write files, fetch other addresses, or send what has its own kind of
channel here. The rules look at what apprise says of a service, so that they hold for services that it will learn.
"""

from __future__ import annotations

import logging
import re
from typing import Any
from urllib.parse import unquote

import apprise
from apprise import AppriseAttachment, NotifyBase, NotifyFormat, NotifyType
from apprise.logger import NotifyLogEntry
from apprise.plugins import N_MGR, url_to_dict
from apprise.result import AppriseResult, AppriseResultStatus
from pydantic import Field

from monitoring.notifications.base import (
    Answer,
    Channel,
    Fate,
    Message,
    Settings,
    SettingsRefused,
    encodable,
    fit,
    one_line,
)

# At DEBUG apprise tells how a connection failed, and with it addresses and tokens: it goes to `said`, scrubbed, and nowhere else.
_log = logging.getLogger("apprise")
_log.setLevel(logging.DEBUG)
_log.propagate = False
_log.addHandler(logging.NullHandler())

_TYPES = {"critical": NotifyType.FAILURE, "warning": NotifyType.WARNING, "info": NotifyType.INFO}
_LEVELS = ("WARNING", "ERROR", "CRITICAL")
_LOST = ("Read timed out", "Connection aborted", "Remote end closed", "Connection reset", "Connection broken")
_ANSWERED = "error="  # apprise's words for a status that came back

_REFUSED = {
    "mailto": "E-mail has a kind of channel of its own, which knows each recipient and what became of each mail.",
    "deltachat": "E-mail has a kind of channel of its own, which knows each recipient and what became of each mail.",
    "vapid": "This service reads and writes files on the portal's machine, which no channel does.",
    "rsyslog": "A log server never answers, so nobody could know whether a message arrived.",
}  # by the first protocol of the service


class ChatSettings(Settings):
    """The little that is not part of the address."""

    with_link: bool = Field(
        default=True, title="With a link", description="A line with the address of the page that the message is about."
    )


class Chat(Channel[ChatSettings]):
    """A message to a chat, an on-call service or a phone."""

    name = "chat"
    title = "Chat and on-call"
    is_for_people = False
    needs_secret = "always"
    secret_title = "Address"
    secret_help = (
        "An apprise address, which holds the tokens of the service: slack://…, workflows://… (Teams), mmost://…, pagerduty://…, "
        "opsgenie://…, ntfys://…, tgram://… How each is made stands at https://appriseit.com/services/."
    )
    settings = ChatSettings

    def check_secret(self, secret: str | None) -> None:
        super().check_secret(secret)
        try:
            _service(secret or "", timeout_seconds=1)
        except ValueError as refusal:
            raise SettingsRefused({"secret": str(refusal)}) from None

    def describe(self, settings: ChatSettings, secret: str | None) -> str:
        """The service's name only: any other part of the address may be a token."""
        try:
            return str(_kind(secret or "").service_name)
        except ValueError:
            return "unknown service"

    def send(self, settings: ChatSettings, secret: str | None, message: Message, timeout_seconds: float) -> Answer:
        """apprise tells only yes or no; what it logged meanwhile says why, and whether the no came before or after sending."""
        try:
            service = _service(secret or "", timeout_seconds)
        except ValueError as refusal:
            return Answer(Fate.LATER, fit(str(refusal)), is_channel_trouble=True)
        text = encodable(message.text)
        if settings.with_link and message.url and message.url not in text:
            text = f"{text}\n\n{message.url}"
        sender = apprise.Apprise(asset=_asset())
        sender.add(service)
        result = sender.notify(
            body=text,
            title=one_line(message.subject),
            notify_type=_TYPES[message.severity],
            body_format=NotifyFormat.TEXT,
            timeout=timeout_seconds,
            log_level=logging.DEBUG,
        )
        return _judged(result, secret or "")


def _asset() -> apprise.AppriseAsset:
    """apprise without what it does of its own: no files, no pictures of others, no redirections, no plug-ins from elsewhere."""
    return apprise.AppriseAsset(
        app_id="Maintenance Portal",
        app_desc="Maintenance Portal",
        app_url="",
        image_url_mask="",
        image_url_logo="",
        image_path_mask=False,
        plugin_paths=[],
        storage_mode=apprise.PersistentStoreMode.MEMORY,
        http_redirects=False,
        allow_templates=False,
        pgp_autogen=False,
        pem_autogen=False,
        async_mode=False,
    )


def _kind(address: str) -> type[NotifyBase]:
    """The service that an address speaks of. Raises ValueError."""
    parsed = url_to_dict(address) if address.isprintable() else None  # type: ignore[no-untyped-call]
    if not parsed:
        raise ValueError(
            "This is not an address that apprise can read: it begins with the service's own word, such as slack://."
        )
    found: type[NotifyBase] = N_MGR[parsed["schema"]]
    return found


def _service(address: str, timeout_seconds: float) -> NotifyBase:
    """The service, ready to be told. Raises ValueError with a sentence that repeats nothing of the address."""
    kind = _kind(address)
    if refusal := _refusal(kind):
        raise ValueError(refusal)
    service = apprise.Apprise.instantiate(address, asset=_asset())
    if service is None:
        raise ValueError(f"{kind.service_name} does not take this address: a part of it is missing or cannot be right.")
    if any(isinstance(value, AppriseAttachment) and len(value) for value in vars(service).values()):
        raise ValueError("This address has a file or another address read, which no channel does.")
    if not service.verify_certificate:
        raise ValueError("Certificates are always verified: leave verify=no out of the address.")
    # What an address may ask of apprise and this portal does itself: to go on after a no, to repeat, to wait, to follow.
    service.optional, service.retry, service.redirects = False, 0, False
    service.socket_connect_timeout = service.socket_read_timeout = timeout_seconds
    return service


def _refusal(kind: type[NotifyBase]) -> str:
    """Why a service is not told from here, or nothing."""
    name = str(kind.service_name)
    if "{schema}://" in kind.templates:  # an address that names nobody: desktop notices, the log of this machine, lamps
        return f"{name} tells only the machine that the portal runs on, where nobody reads it."
    protocols: tuple[Any, ...] = (kind.protocol, kind.secure_protocol)
    words = [word for one in protocols if one for word in ((one,) if isinstance(one, str) else one)]
    for word in words:
        if word in _REFUSED:
            return _REFUSED[word]
    return "" if kind.enabled else f"{name} needs a program library that is not installed here."


def _judged(result: AppriseResult, address: str) -> Answer:
    """What apprise's yes or no means, by its log."""
    if result.status is AppriseResultStatus.SUCCESS:
        return Answer(Fate.DELIVERED, "The service took the message.")
    if result.status is AppriseResultStatus.TIMEOUT:
        return Answer(Fate.UNANSWERED, "The service did not answer in time.")
    entries: list[NotifyLogEntry] = list(result.logs())
    told = " ".join(dict.fromkeys(entry.message for entry in entries if entry.level in _LEVELS))
    said = fit(told or "The service did not take the message.", *tokens(address))
    is_lost = any(entry.level == "DEBUG" and any(word in entry.message for word in _LOST) for entry in entries)
    if is_lost and _ANSWERED not in told:
        return Answer(Fate.UNANSWERED, said)
    return Answer(Fate.LATER, said, is_channel_trouble=True)


def tokens(address: str) -> list[str]:
    """All that may be a secret in an address: each of its parts but the first word, as written and decoded. Pure."""
    rest = address.partition("://")[2]
    parts = {part for text in (rest, unquote(rest)) for part in re.split(r"[/:@?&=#,;+\s]+", text)}
    return [rest, *sorted(part for part in parts if len(part) > 2)]


CHANNEL = Chat()
