"""Chats: apprise speaks for us, and does nothing that it was not asked for; its address is a secret in all of its parts."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest

from monitoring.notifications.base import Fate, SettingsRefused
from monitoring.notifications.chat import CHANNEL
from tests.monitoring.notifications.messages import message
from tests.monitoring.notifications.receivers import Receiver

SECONDS = 20  # never waited for, unless something hangs
SLACK = "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as running:
        yield running


@pytest.fixture
def portal_log() -> Iterator[io.StringIO]:
    """What the portal's log would hold where it tells all. (pytest's own also hears who tells nobody else.)"""
    heard = io.StringIO()
    handler, root = logging.StreamHandler(heard), logging.getLogger()
    level = root.level
    root.setLevel(logging.DEBUG)
    root.addHandler(handler)
    logging.getLogger("maintenance_portal").debug("It hears.")
    yield heard
    root.removeHandler(handler)
    root.setLevel(level)


def address(receiver: Receiver, query: str = "") -> str:
    return f"json://robot:passw0rd@{receiver.host}:{receiver.port}/t0ken/{query}"


def test_a_message_arrives_with_its_severity_and_its_link(receiver: Receiver) -> None:
    secret = address(receiver)
    CHANNEL.check_secret(secret)
    sent = message(recipient="", severity="critical", subject="Run 7\r\nfailed", text="It says \\n and \udcff.")
    assert CHANNEL.send(CHANNEL.read_settings({}), secret, sent, SECONDS).fate is Fate.DELIVERED
    came = json.loads(receiver.requests[0].body)
    assert (came["title"], came["type"]) == ("Run 7 failed", "failure")
    assert came["message"] == "It says \\n and ?.\n\nhttps://portal.example.org/runs/7/"
    assert came["attachments"] == []
    assert CHANNEL.send(CHANNEL.read_settings({"with_link": False}), secret, sent, SECONDS).fate is Fate.DELIVERED
    assert json.loads(receiver.requests[1].body)["message"] == "It says \\n and ?."
    assert CHANNEL.describe(CHANNEL.read_settings({}), secret) == "JSON"


def test_a_no_rests_the_channel_and_a_lost_answer_may_have_been_a_yes(
    receiver: Receiver, portal_log: io.StringIO
) -> None:
    secret, chosen = address(receiver, "?optional=yes&retry=3&redirect=yes"), CHANNEL.read_settings({})
    answers = []
    for status in (302, 404, 429, 500):  # as the address asks, the first would be followed and all be repeated
        receiver.status, receiver.headers = status, {"Location": receiver.url}
        answers.append(CHANNEL.send(chosen, secret, message(), SECONDS))
        assert str(status) in answers[-1].said
    assert len(receiver.requests) == 4
    receiver.drops = True
    dropped = CHANNEL.send(chosen, secret, message(), SECONDS)
    receiver.drops, receiver.is_silent = False, True
    silent = CHANNEL.send(chosen, secret, message(), 0.2)
    receiver.stop()
    answers.append(CHANNEL.send(chosen, secret, message(), SECONDS))
    assert {(answer.fate, answer.is_channel_trouble) for answer in answers} == {(Fate.LATER, True)}
    assert {(answer.fate, answer.is_channel_trouble) for answer in (dropped, silent)} == {(Fate.UNANSWERED, False)}
    said = " ".join(answer.said for answer in (*answers, dropped, silent)) + portal_log.getvalue()
    assert "notification" in said
    assert portal_log.getvalue() == "It hears.\n"
    assert not any(part in said for part in ("robot", "passw0rd", "t0ken", str(receiver.port)))


@pytest.mark.parametrize(
    ("secret", "name"),
    [
        (SLACK, "Slack"),
        ("https://hooks.slack.com/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ", "Slack"),
        ("workflows://example.org:443/workflow1/signature1", "Power Automate / Workflows (for MSTeams)"),
        ("mmosts://chat.example.org/3ccdd113474722377935511fc85d3dd4", "Mattermost"),
        ("pagerduty://integration@api", "Pager Duty"),
        ("opsgenie://apikey", "Opsgenie"),
        ("ntfys://topic", "ntfy"),
        ("tgram://123456789:abcdefg_hijklmnop/12315544/", "Telegram"),
    ],
)
def test_services_are_told_by_their_name_only(secret: str, name: str) -> None:
    CHANNEL.check_secret(secret)
    assert CHANNEL.describe(CHANNEL.read_settings({}), secret) == name


@pytest.mark.parametrize(
    ("secret", "why"),
    [
        ("dbus://", "only the machine that the portal runs on"),
        ("kde://", "only the machine that the portal runs on"),
        ("gnome://", "only the machine that the portal runs on"),
        ("macosx://", "only the machine that the portal runs on"),
        ("windows://", "only the machine that the portal runs on"),
        ("syslog://local5", "only the machine that the portal runs on"),
        ("rsyslog://logs.example.org", "never answers"),
        ("mailto://anna:hunter22@example.org", "kind of channel of its own"),
        ("mailtos://anna:hunter22@example.org", "kind of channel of its own"),
        ("vapid://anna@example.org/subscriber", "reads and writes files"),
        (f"{SLACK}/?template=/etc/passwd", "a file or another address read"),
        (f"{SLACK}/?template=http://127.0.0.1/x", "a file or another address read"),
        ("fcm://project/device/?keyfile=/etc/passwd", "a file or another address read"),
        ("json://example.org/hunter22?verify=no", "always verified"),
        ("slack://hunter22", "Slack does not take this address"),
        ("file:///etc/passwd", "not an address that apprise can read"),
        ("hunter22", "not an address that apprise can read"),
        ("json://example.org/\r\nhunter22", "not an address that apprise can read"),
    ],
)
def test_what_would_do_more_than_tell_a_service_is_refused(secret: str, why: str) -> None:
    with pytest.raises(SettingsRefused, match=why) as refused:
        CHANNEL.check_secret(secret)
    assert list(refused.value.problems) == ["secret"]
    assert "hunter22" not in str(refused.value)
    answer = CHANNEL.send(CHANNEL.read_settings({}), secret, message(), SECONDS)
    assert (answer.fate, answer.is_channel_trouble) == (Fate.LATER, True)
    assert why in answer.said
