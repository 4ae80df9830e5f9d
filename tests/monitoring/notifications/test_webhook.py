"""Webhooks: a receiver can tell who posts, each status has its fate, and nothing follows, signs in or repeats what it should not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from monitoring.notifications.base import Fate, SettingsRefused
from monitoring.notifications.webhook import CHANNEL, WebhookSettings, is_genuine, pause, signed_headers
from tests.monitoring.notifications.messages import WRITTEN_AT, message
from tests.monitoring.notifications.receivers import Receiver

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
SECONDS = 20  # never waited for, unless something hangs


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as running:
        yield running


def settings(receiver: Receiver) -> WebhookSettings:
    return CHANNEL.read_settings({"url": f"{receiver.url}hooks/t0ken?of=us"})


@pytest.mark.parametrize("secret", [SECRET, "sixteen letters!"])
def test_a_receiver_that_has_the_secret_knows_who_posted_what_and_when(receiver: Receiver, secret: str) -> None:
    data = {"run": 7, "at": WRITTEN_AT, "error": "half \udcff", 3: ("a", float("nan"))}
    sent = message(severity="warning", recipient="", data=data)
    assert CHANNEL.send(settings(receiver), secret, sent, SECONDS).fate is Fate.DELIVERED
    (request,) = receiver.requests
    now = datetime.now(UTC)
    assert (request.method, request.path) == ("POST", "/hooks/t0ken?of=us")
    assert request.headers["content-type"] == "application/json"
    assert request.headers["webhook-id"] == "notification-7"
    assert json.loads(request.body) == {
        "type": "run.failed",
        "id": "notification-7",
        "timestamp": "2026-11-28T22:15:00Z",
        "severity": "warning",
        "subject": "Run 7 failed",
        "text": sent.text,
        "url": "https://portal.example.org/runs/7/",
        "data": {"run": 7, "at": "2026-11-28T22:15:00Z", "error": "half ?", "3": ["a", None]},
    }
    assert is_genuine(secret, request.headers, request.body, now)
    both = {**request.headers, "Webhook-Signature": f"v1,old {request.headers['webhook-signature']}"}
    del both["webhook-signature"]
    assert is_genuine(secret, both, request.body, now)
    assert not is_genuine("another secret of theirs", request.headers, request.body, now)
    assert not is_genuine(secret, request.headers, request.body + b" ", now)
    assert not is_genuine(secret, {**request.headers, "webhook-id": "notification-8"}, request.body, now)
    assert not is_genuine(secret, request.headers, request.body, now + timedelta(minutes=6))
    assert not is_genuine(secret, {}, request.body, now)


def test_the_lines_that_the_documents_give_to_receivers_verify(receiver: Receiver) -> None:
    page = Path(__file__).parents[3] / "docs" / "webhooks.md"
    lines = page.read_text(encoding="utf-8").partition("```python\n")[2].partition("```")[0]
    given: dict[str, Any] = {}
    exec(lines, given)
    for secret in (SECRET, "sixteen letters!"):
        assert CHANNEL.send(settings(receiver), secret, message(), SECONDS).fate is Fate.DELIVERED
        request = receiver.requests[-1]
        assert given["is_genuine"](secret, request.headers, request.body)
        assert not given["is_genuine"](secret, request.headers, request.body + b" ")
        assert not given["is_genuine"](secret, request.headers | {"webhook-timestamp": "1614265330"}, request.body)


def test_the_signature_is_that_of_the_standards_own_example() -> None:
    """From the tests of the Standard Webhooks libraries."""
    moment = datetime.fromtimestamp(1614265330, UTC)
    headers = signed_headers(SECRET, "msg_p5jXN8AQM9LWM0D4loKWxJek", b'{"test": 2432232314}', moment)
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize(
    ("status", "fate", "is_channel_trouble"),
    [
        (200, Fate.DELIVERED, False),
        (302, Fate.LATER, True),
        (400, Fate.REFUSED, False),
        (401, Fate.LATER, True),
        (403, Fate.LATER, True),
        (404, Fate.LATER, True),
        (408, Fate.LATER, False),
        (410, Fate.REFUSED, False),
        (425, Fate.LATER, False),
        (429, Fate.LATER, False),
        (500, Fate.LATER, False),
        (503, Fate.LATER, False),
    ],
)
def test_each_status_has_its_fate_and_nothing_is_followed(
    receiver: Receiver, status: int, fate: Fate, is_channel_trouble: bool
) -> None:
    receiver.status = status
    receiver.headers = {"Location": f"{receiver.url}elsewhere", "Retry-After": "90"}
    answer = CHANNEL.send(settings(receiver), SECRET, message(), SECONDS)
    assert (answer.fate, answer.is_channel_trouble) == (fate, is_channel_trouble)
    assert str(status) in answer.said
    assert answer.retry_after_seconds == (90 if fate is Fate.LATER and not is_channel_trouble else None)
    assert len(receiver.requests) == 1


def test_what_was_sent_without_an_answer_may_have_arrived_and_what_was_not_sent_has_not(receiver: Receiver) -> None:
    chosen = settings(receiver)
    receiver.drops = True
    dropped = CHANNEL.send(chosen, SECRET, message(), SECONDS)
    receiver.drops, receiver.is_silent = False, True
    silent = CHANNEL.send(chosen, SECRET, message(), 0.2)
    receiver.stop()
    away = CHANNEL.send(chosen, SECRET, message(), SECONDS)
    receiver.is_silent = False
    receiver.start()
    back = CHANNEL.send(chosen, SECRET, message(), SECONDS)
    assert [answer.fate for answer in (dropped, silent, away, back)] == [
        Fate.UNANSWERED, Fate.UNANSWERED, Fate.LATER, Fate.DELIVERED,
    ]  # fmt: skip
    assert away.is_channel_trouble
    assert not any("t0ken" in answer.said or SECRET in answer.said for answer in (dropped, silent, away, back))
    assert {request.headers["webhook-id"] for request in receiver.requests} == {"notification-7"}


def test_a_receiver_without_encryption_is_no_https_receiver(receiver: Receiver) -> None:
    chosen = CHANNEL.read_settings({"url": receiver.url.replace("http:", "https:")})
    answer = CHANNEL.send(chosen, SECRET, message(), SECONDS)
    assert (answer.fate, answer.is_channel_trouble) == (Fate.LATER, True)
    assert receiver.requests == []


def test_neither_a_password_of_this_account_nor_a_proxy_comes_into_it(
    receiver: Receiver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login root password of-the-account\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    assert CHANNEL.send(settings(receiver), SECRET, message(), SECONDS).fate is Fate.DELIVERED
    assert "authorization" not in receiver.requests[0].headers


@pytest.mark.parametrize(
    ("retry_after", "seconds"),
    [
        ("120", 120),
        ("999999", 86400),
        ("Sat, 28 Nov 2026 22:20:00 GMT", 300),
        ("Sat, 28 Nov 2026 22:00:00 GMT", 0),
        ("-5", None),
        ("soon", None),
        ("", None),
    ],
)
def test_a_pause_is_read_as_seconds_or_as_a_date(retry_after: str, seconds: int | None) -> None:
    assert pause(retry_after, WRITTEN_AT) == seconds


@pytest.mark.parametrize(
    ("typed", "field", "why"),
    [
        ({"url": "http://hooks.example.org/x"}, "allow_plain_http", "in clear"),
        ({"url": "https://anna:secret@example.org/"}, "url", "user name or password"),
        ({"url": "ftp://example.org/"}, "url", "https://"),
        ({"url": "https:///nowhere"}, "url", "a host"),
        ({"url": "https://example.org:99999/"}, "url", "not an address"),
        ({"url": "https://exa mple.org/"}, "url", "blanks"),
        ({"url": "https://example.org/\r\nX: y"}, "url", "blanks"),
        ({"url": "https://example.org/#part"}, "url", "#"),
        ({"url": "https://ex!ample.org/"}, "url", "not a name"),
        ({"url": "https://example².org/"}, "url", "not a name"),
    ],
)
def test_an_address_that_cannot_be_posted_to_safely_is_refused(typed: dict[str, str], field: str, why: str) -> None:
    with pytest.raises(SettingsRefused) as refused:
        CHANNEL.read_settings(typed)
    assert list(refused.value.problems) == [field]
    assert why in refused.value.problems[field]
    assert "secret@" not in str(refused.value)


def test_plain_http_goes_to_this_machine_or_where_it_is_allowed(receiver: Receiver) -> None:
    CHANNEL.read_settings({"url": "http://hooks.example.org/x", "allow_plain_http": "on"})
    CHANNEL.read_settings({"url": "http://[::1]:8080/"})
    assert CHANNEL.describe(settings(receiver), SECRET) == f"{receiver.url}…"


@pytest.mark.parametrize("secret", ["", "too short", "whsec_not base64!", "whsec_c2hvcnQ="])
def test_a_weak_secret_is_refused_and_signs_nothing(receiver: Receiver, secret: str) -> None:
    with pytest.raises(SettingsRefused) as refused:
        CHANNEL.check_secret(secret)
    assert list(refused.value.problems) == ["secret"]
    answer = CHANNEL.send(settings(receiver), secret, message(), SECONDS)
    assert (answer.fate, answer.is_channel_trouble) == (Fate.LATER, True)
    assert receiver.requests == []
