"""Webhooks: a signed POST of JSON, as Standard Webhooks (standardwebhooks.com) has it, to whoever holds the secret.

A receiver verifies before it reads. It takes the body as the bytes that came, not as JSON written anew:

    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    key = base64.b64decode(secret.removeprefix("whsec_"))  # a secret without whsec_ is its own key, as UTF-8
    expected = "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    genuine = any(hmac.compare_digest(expected, one) for one in headers["webhook-signature"].split())

and refuses a `webhook-timestamp` (seconds since 1970, UTC) that is more than five minutes away from its clock; `is_genuine`
does all of it, and the libraries of Standard Webhooks do the same. `webhook-id` is the same at each attempt: what has come
already is answered with 2xx and not acted on again. 410 says that this message is wanted no more, 429 and 503 with
`Retry-After` that others come later.
"""

from __future__ import annotations

import binascii
import hashlib
import hmac
import re
from base64 import b64decode, b64encode
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import SplitResult, urlsplit

import orjson
import requests
from pydantic import Field, ValidationInfo, field_validator
from requests.auth import AuthBase
from requests.exceptions import ConnectTimeout, ProxyError, RequestException, SSLError, Timeout
from urllib3.exceptions import MaxRetryError, ProtocolError, ReadTimeoutError

from monitoring.notifications.base import (
    Answer,
    Channel,
    Fate,
    Message,
    Settings,
    SettingsRefused,
    ascii_host,
    encodable,
    fit,
    is_loopback,
    one_line,
)

TOLERANCE = timedelta(minutes=5)
_SHORTEST = 16  # bytes of a signing secret
_PREFIX = "whsec_"
_OURS_TO_MEND = (401, 403, 404, 407)
_COMES_LATER = (408, 425, 429)
_LONGEST_PAUSE = 24 * 3600  # seconds that a receiver may ask for


class WebhookSettings(Settings):
    """Where the messages are posted to."""

    url: str = Field(
        min_length=8,
        max_length=1000,
        title="Address",
        description="Where to post, for example https://hooks.example.org/portal.",
    )
    allow_plain_http: bool = Field(
        default=False,
        validate_default=True,
        title="Allow http",
        description="Messages then pass the network in clear, though signed. To this machine itself http is always allowed.",
    )

    @field_validator("url")
    @classmethod
    def _url(cls, value: str) -> str:
        _split(value)
        return value

    @field_validator("allow_plain_http")
    @classmethod
    def _plain_http(cls, value: bool, info: ValidationInfo) -> bool:
        parts = urlsplit(info.data.get("url", ""))  # a wrong address has its own refusal
        if parts.scheme == "http" and not value and not is_loopback(parts.hostname or ""):
            raise ValueError(
                "The address begins with http, so messages would pass in clear: use https, or allow it here."
            )
        return value


def _split(url: str) -> SplitResult:
    """The parts of an address that may be posted to. Raises ValueError with a sentence."""
    if not url.isprintable() or " " in url or "\\" in url:
        raise ValueError("An address has no blanks, backslashes or control characters.")
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise ValueError("This is not an address: it looks like https://hooks.example.org/portal.") from None
    if parts.scheme not in ("http", "https") or not host:
        raise ValueError("An address begins with https:// and a host.")
    if "@" in parts.netloc:
        raise ValueError(
            "An address with a user name or password in it is not taken: receivers know us by the signature."
        )
    if parts.fragment:
        raise ValueError("What stands behind # is never sent: leave it out.")
    ascii_host(host)
    try:
        requests.PreparedRequest().prepare_url(url, None)
    except RequestException:
        raise ValueError(f"“{one_line(host)}” is not a name that a host can have.") from None
    return parts


class Webhook(Channel[WebhookSettings]):
    """A signed POST to an address, for programs."""

    name = "webhook"
    title = "Webhook"
    is_for_people = False
    needs_secret = "always"
    secret_title = "Signing secret"
    secret_help = "The receiver verifies with it that a message is from here: whsec_ and base64, or any text of 16 characters or more."
    settings = WebhookSettings
    place = ("url", "allow_plain_http")

    def check_secret(self, secret: str | None) -> None:
        super().check_secret(secret)
        try:
            _signing_key(secret or "")
        except ValueError as refusal:
            raise SettingsRefused({"secret": str(refusal)}) from None

    def describe(self, settings: WebhookSettings, secret: str | None) -> str:
        """Without path and query, since many receivers take who knows these for somebody who may post."""
        parts = urlsplit(settings.url)
        return f"{parts.scheme}://{parts.netloc}" + ("/…" if parts.path.strip("/") or parts.query else "")

    def send(self, settings: WebhookSettings, secret: str | None, message: Message, timeout_seconds: float) -> Answer:
        """Each wait for the receiver takes `timeout_seconds` at most. Only the status and Retry-After of its answer are read."""
        moment = datetime.now(UTC)
        posted = body(message)
        try:
            headers = signed_headers(secret or "", message.key, posted, moment)
        except ValueError as refusal:
            return _trouble(str(refusal))
        host = urlsplit(settings.url).hostname or ""
        try:
            with requests.Session() as session:
                answer = session.post(
                    settings.url,
                    data=posted,
                    headers=headers,
                    auth=_Nobody(),
                    timeout=timeout_seconds,
                    allow_redirects=False,
                    stream=True,
                    # A company's proxy is used, but not for what never leaves this machine.
                    proxies={"no_proxy": host} if is_loopback(host) else None,
                )
                answer.close()
        except (RequestException, UnicodeError, ValueError) as error:
            return _unreached(error)
        return judged(answer.status_code, answer.headers.get("Retry-After", ""), moment)


class _Nobody(AuthBase):
    """Signs in nowhere: without it requests looks for the host's password in the .netrc of whoever runs the portal."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        return request


def body(message: Message) -> bytes:
    """The JSON that is posted and signed. Pure."""
    content = {
        "type": message.kind,
        "id": message.key,
        "timestamp": message.written_at.astimezone(UTC),
        "severity": message.severity,
        "subject": one_line(message.subject),
        "text": encodable(message.text),
        "url": message.url,
        "data": _encodable(message.data),
    }
    return orjson.dumps(content, default=str, option=orjson.OPT_UTC_Z)


def _encodable(value: Any) -> Any:
    """The same with texts that every encoding carries, and with keys that are texts."""
    if isinstance(value, str):
        return encodable(value)
    if isinstance(value, Mapping):
        return {encodable(str(key)): _encodable(inner) for key, inner in value.items()}
    return [_encodable(inner) for inner in value] if isinstance(value, list | tuple) else value


def signed_headers(secret: str, key: str, posted: bytes, moment: datetime) -> dict[str, str]:
    """The headers of one attempt. Pure. Raises ValueError where the secret is none."""
    stamp = str(int(moment.timestamp()))
    return {
        "content-type": "application/json",
        "user-agent": "Maintenance-Portal",
        "webhook-id": key,
        "webhook-timestamp": stamp,
        "webhook-signature": _signature(_signing_key(secret), key, stamp, posted),
    }


def is_genuine(secret: str, headers: Mapping[str, str], posted: bytes, moment: datetime) -> bool:
    """Whether a request, its body as the bytes that came, was signed with this secret within five minutes of `moment`. Pure.

    Of several signatures, as while a secret is changed, one is enough. Raises ValueError where the secret is none.
    """
    given = {name.lower(): value for name, value in headers.items()}
    key, stamp = given.get("webhook-id", ""), given.get("webhook-timestamp", "")
    if not re.fullmatch(r"[0-9]{1,11}", stamp) or abs(moment.timestamp() - int(stamp)) > TOLERANCE.total_seconds():
        return False
    expected = _signature(_signing_key(secret), key, stamp, posted).encode()
    return any(hmac.compare_digest(expected, one.encode()) for one in given.get("webhook-signature", "").split())


def _signature(signing_key: bytes, key: str, stamp: str, posted: bytes) -> str:
    digest = hmac.new(signing_key, f"{key}.{stamp}.".encode() + posted, hashlib.sha256).digest()
    return f"v1,{b64encode(digest).decode()}"


def _signing_key(secret: str) -> bytes:
    """The bytes to sign with. Raises ValueError with a sentence that does not repeat the secret."""
    if secret.startswith(_PREFIX):
        try:
            signing_key = b64decode(secret.removeprefix(_PREFIX), validate=True)
        except (binascii.Error, ValueError):
            raise ValueError("What stands behind whsec_ is not base64.") from None
        if len(signing_key) < _SHORTEST:
            raise ValueError("The signing secret is too short: behind whsec_ stand 16 bytes or more, as base64.")
        return signing_key
    if len(secret.strip()) < _SHORTEST:
        raise ValueError("The signing secret is too short: 16 characters or more.")
    return secret.encode("utf-8", "replace")


def judged(status: int, retry_after: str, moment: datetime) -> Answer:
    """What a receiver's status says of the message. Pure."""
    said = f"The receiver answered with status {status}."
    if 200 <= status < 300:
        return Answer(Fate.DELIVERED, said)
    if status in _OURS_TO_MEND:
        return _trouble(f"{said[:-1]}: it does not know this address, or not who we are.")
    if 300 <= status < 400:
        return _trouble(f"{said[:-1]}: it has moved. Redirections are not followed; enter the new address.")
    if status in _COMES_LATER or status >= 500 or status < 200:
        return Answer(Fate.LATER, said, retry_after_seconds=pause(retry_after, moment))
    return Answer(Fate.REFUSED, said)


def pause(retry_after: str, moment: datetime) -> int | None:
    """Seconds that a Retry-After (RFC 9110, 10.2.3: seconds or a date) asks for, a day at most; None where it says nothing. Pure."""
    text = retry_after.strip()
    if re.fullmatch(r"[0-9]{1,9}", text):
        return min(int(text), _LONGEST_PAUSE)
    try:
        until = parsedate_to_datetime(text)
    except (ValueError, TypeError):
        return None
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    return max(0, min(round((until - moment).total_seconds()), _LONGEST_PAUSE))


def _unreached(error: Exception) -> Answer:
    """Which side of the moment of sending a failure lies on. The errors' own words hold the address, and are not repeated."""
    if isinstance(error, ConnectTimeout):
        return _trouble("The receiver cannot be reached: no answer to the connection.")
    if isinstance(error, SSLError):
        return _trouble("The receiver's certificate is not accepted, or no encrypted connection comes about.")
    if isinstance(error, ProxyError):
        return _trouble("The proxy on the way to the receiver did not let us through.")
    cause = error.args[0] if error.args else None
    if isinstance(error, Timeout) or isinstance(cause, ProtocolError | ReadTimeoutError):
        return Answer(Fate.UNANSWERED, "The message was sent and the receiver's answer was lost.")
    if isinstance(cause, MaxRetryError):
        return _trouble("The receiver cannot be reached: its name is not known, or nobody listens there.")
    return _trouble("The receiver cannot be reached at this address.")


def _trouble(words: str) -> Answer:
    return Answer(Fate.LATER, fit(words), is_channel_trouble=True)


CHANNEL = Webhook()
