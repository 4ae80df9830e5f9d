"""Messages are delivered to real peers that come and go: nothing is lost, and only what went unanswered is sent again."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from monitoring import deliveries
from monitoring.models import ITSELF, ChannelState, Delivery, Notification, NotificationChannel
from monitoring.notifications import channels as kinds
from monitoring.notifications.base import Answer, Fate
from strategies import secrets
from tests.monitoring.notifications.receivers import Mailbox, Receiver
from tests.monitoring.told import SMTP, hook_channel, mail_channel

pytestmark = pytest.mark.django_db
START = datetime(2026, 11, 28, 22, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


class Clock:
    """The time that deliveries are told."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now

    def deliver(self, channel: NotificationChannel, after: timedelta = timedelta(0)) -> bool:
        self.now += after
        return deliveries.deliver(channel.pk, self, seconds=30)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with Mailbox() as peer:
        yield peer


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as peer:
        yield peer


def mail(mailbox: Mailbox, **values: object) -> NotificationChannel:
    return mail_channel(settings={**SMTP, "port": mailbox.port}, **values)


def note(channel: NotificationChannel, number: int = 1, **values: object) -> Notification:
    recipient = f"person{number}@example.org" if channel.kind == "email" else ITSELF
    known = {
        "key": f"portal-1-{channel.pk}-{number}", "recipient": recipient, "event": "run.failed", "severity": "critical",
        "subject": f"Run {number} failed", "body": "It failed.\n\nReason: <b>none</b>.", "path": "/runs/1/", "why": "rule one",
        "created_at": START, "waits_since": START, "next_at": START, "facts": {"run": str(number)},
    }  # fmt: skip
    return Notification.objects.create(channel=channel, **{**known, **values})


def states(channel: NotificationChannel) -> list[str]:
    return list(Notification.objects.filter(channel=channel).order_by("pk").values_list("state", flat=True))


def test_while_the_mail_server_is_down_for_an_hour_nothing_is_lost_and_nothing_comes_twice(
    mailbox: Mailbox, clock: Clock
) -> None:
    channel = mail(mailbox)
    notes = [note(channel, number) for number in range(5)]
    mailbox.stop()
    for _ in range(12):
        clock.deliver(channel, 5 * MINUTE)
        channel.refresh_from_db()
        assert channel.state == ChannelState.TROUBLE
    assert channel.trouble
    assert channel.trouble_since == START + 5 * MINUTE
    assert channel.paused_until is not None
    assert channel.paused_until > clock.now
    mailbox.start()
    assert clock.deliver(channel, 31 * MINUTE) is False
    assert sorted(letter.recipient for letter in mailbox.letters) == sorted(one.recipient for one in notes)
    assert {letter.mail["Message-ID"] for letter in mailbox.letters} == {f"<{one.key}@example.org>" for one in notes}
    channel.refresh_from_db()
    assert (channel.state, channel.trouble, states(channel)) == (ChannelState.WORKS, "", [Delivery.DELIVERED] * 5)


def test_after_an_outage_messages_go_out_in_the_order_of_their_events(mailbox: Mailbox, clock: Clock) -> None:
    channel = mail(mailbox)
    port = mailbox.port
    channel.settings = {**channel.settings, "port": 1}
    channel.save()
    note(channel, 1)
    clock.deliver(channel)
    note(channel, 2, next_at=clock.now, created_at=clock.now)
    for minutes in (1, 2, 5):
        clock.deliver(channel, minutes * MINUTE)
        note(channel, 2 + minutes, next_at=clock.now, created_at=clock.now)
    channel.settings = {**channel.settings, "port": port}
    channel.save()
    clock.deliver(channel, HOUR)
    assert [letter.mail["Subject"] for letter in mailbox.letters] == [f"Run {n} failed" for n in (1, 2, 3, 4, 7)]


def test_only_what_went_unanswered_is_repeated_and_with_the_same_message_id(mailbox: Mailbox, clock: Clock) -> None:
    channel = mail(mailbox)
    note(channel)
    mailbox.drops_after_data = True
    clock.deliver(channel)
    assert (states(channel), len(mailbox.letters)) == ([Delivery.WAITING], 1)
    mailbox.drops_after_data = False
    clock.deliver(channel)
    assert len(mailbox.letters) == 1  # not at once
    clock.deliver(channel, MINUTE)
    first, second = mailbox.letters
    assert first.mail["Message-ID"] == second.mail["Message-ID"]
    assert states(channel) == [Delivery.DELIVERED]
    clock.deliver(channel, DAY)
    assert len(mailbox.letters) == 2


def test_a_worker_that_dies_while_it_sends_counts_as_unanswered(
    receiver: Receiver, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    channel = hook_channel(url=receiver.url)
    waiting = note(channel)
    whole = kinds()["webhook"].send

    def die(*arguments: object) -> Answer:
        whole(*arguments)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(kinds()["webhook"], "send", die)
        with pytest.raises(KeyboardInterrupt):
            clock.deliver(channel)
    waiting.refresh_from_db()
    assert (waiting.state, waiting.attempts, waiting.said) == (Delivery.WAITING, 1, "No answer yet.")
    assert clock.deliver(channel) is False
    clock.deliver(channel, MINUTE)
    assert [request.headers["webhook-id"] for request in receiver.requests] == [waiting.key] * 2
    assert states(channel) == [Delivery.DELIVERED]


def test_a_refused_recipient_is_a_dead_letter_that_can_be_sent_again(mailbox: Mailbox, clock: Clock) -> None:
    channel = mail(mailbox)
    refused = note(channel)
    mailbox.recipient_answer = "550 5.1.1 No such person"
    clock.deliver(channel)
    refused.refresh_from_db()
    assert (refused.state, "No such person" in refused.said) == (Delivery.FAILED, True)
    channel.refresh_from_db()
    assert channel.failures == 0
    assert clock.deliver(channel, DAY) is False
    assert mailbox.letters == []
    mailbox.recipient_answer = ""
    assert deliveries.send_again(refused, clock.now)
    assert not deliveries.send_again(refused, clock.now)
    clock.deliver(channel)
    assert (len(mailbox.letters), states(channel)) == (1, [Delivery.DELIVERED])


def test_what_is_not_taken_now_waits_longer_each_time_and_no_other_with_it(receiver: Receiver, clock: Clock) -> None:
    channel = hook_channel(url=receiver.url)
    first = note(channel)
    receiver.status, receiver.headers = 429, {"Retry-After": "600"}
    clock.deliver(channel)
    first.refresh_from_db()
    assert first.next_at >= START + timedelta(seconds=600)
    receiver.status, receiver.headers = 204, {}
    note(channel, 2)
    clock.deliver(channel)
    assert states(channel) == [Delivery.WAITING, Delivery.DELIVERED]
    clock.deliver(channel, 11 * MINUTE)
    assert states(channel) == [Delivery.DELIVERED] * 2


def test_what_could_not_be_delivered_for_three_days_is_given_up(mailbox: Mailbox, clock: Clock) -> None:
    channel = mail(mailbox)
    waiting = note(channel)
    mailbox.stop()
    clock.deliver(channel, 2 * DAY)
    assert states(channel) == [Delivery.WAITING]
    clock.deliver(channel, DAY + MINUTE)
    waiting.refresh_from_db()
    assert (waiting.state, bool(waiting.said)) == (Delivery.FAILED, True)


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({"settings": {"port": "many"}}, "settings cannot be read"),
        ({"kind": "pigeon"}, "no channel of the kind pigeon"),
        ({"secret": "env:NOT_SET_ANYWHERE"}, "NOT_SET_ANYWHERE is not set"),
        ({"secret": "enc:nonsense"}, "enter it again"),
    ],
)
def test_a_channel_that_cannot_be_used_says_so_and_keeps_its_messages(values: dict, why: str, clock: Clock) -> None:
    channel = mail_channel(**values)
    note(channel)
    clock.deliver(channel)
    channel.refresh_from_db()
    assert why in channel.trouble
    assert states(channel) == [Delivery.WAITING]


def test_one_at_a_time_delivers_by_a_channel(receiver: Receiver, clock: Clock) -> None:
    channel = hook_channel(url=receiver.url)
    note(channel)
    turn = NotificationChannel.objects.take(channel.pk, START, START + deliveries.LEASE)
    assert turn is not None
    clock.deliver(channel)
    assert receiver.requests == []
    clock.deliver(channel, deliveries.LEASE)  # whoever had it is gone
    assert len(receiver.requests) == 1
    assert not NotificationChannel.objects.release(channel.pk, turn, failures=9)


def test_a_failing_channel_delays_no_other(
    mailbox: Mailbox, receiver: Receiver, clock: Clock, wake_ups: list, django_capture_on_commit_callbacks: Any
) -> None:
    bad, good = mail(mailbox), hook_channel(url=receiver.url)
    mailbox.stop()
    for number in range(3):
        note(bad, number)
        note(good, number)
    with django_capture_on_commit_callbacks(execute=True):
        for _ in range(2):
            deliveries.ask(clock.now)
    assert sorted(wake_ups) == sorted([("deliver", bad.pk), ("deliver", good.pk)])  # once each
    clock.deliver(bad)
    clock.deliver(good)
    assert (states(bad), states(good)) == ([Delivery.WAITING] * 3, [Delivery.DELIVERED] * 3)
    with django_capture_on_commit_callbacks() as calls:
        deliveries.ask(clock.now)
    assert calls == []  # the one pauses, and on the other nothing waits


def test_a_task_that_has_spent_its_time_leaves_the_rest_to_the_next(receiver: Receiver, clock: Clock) -> None:
    channel = hook_channel(url=receiver.url)
    for number in range(3):
        note(channel, number)
    assert deliveries.deliver(channel.pk, clock, seconds=0) is True
    assert receiver.requests == []
    assert deliveries.deliver(channel.pk, clock, seconds=30) is False
    assert len(receiver.requests) == 3


def test_a_fault_of_a_channels_code_is_kept_with_the_message_and_stops_nothing(
    receiver: Receiver, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    channel = hook_channel(url=receiver.url)
    for number in range(2):
        note(channel, number)
    whole = kinds()["webhook"].send

    def fail_once(settings: object, secret: object, message: object, seconds: float) -> Answer:
        if message.key.endswith("-0"):  # type: ignore[attr-defined]
            raise RuntimeError("a fault")
        return whole(settings, secret, message, seconds)

    monkeypatch.setattr(kinds()["webhook"], "send", fail_once)
    clock.deliver(channel)
    assert states(channel) == [Delivery.WAITING, Delivery.DELIVERED]
    assert "RuntimeError" in Notification.objects.earliest("pk").said


def test_no_secret_is_kept_with_what_went_wrong(clock: Clock) -> None:
    channel = hook_channel(url="http://127.0.0.1:9/", secret=secrets.encrypt("this-is-the-secret-text"))
    note(channel)
    clock.deliver(channel)
    channel.refresh_from_db()
    assert channel.trouble
    assert "this-is-the-secret" not in str(Notification.objects.values()) + str(NotificationChannel.objects.values())


def test_a_message_reads_well_as_text_and_as_html_and_leads_to_its_page(
    mailbox: Mailbox, clock: Clock, settings
) -> None:  # type: ignore[no-untyped-def]
    settings.PORTAL_URL = "https://portal.example.org"
    channel = mail(mailbox)
    note(channel)
    clock.deliver(channel)
    letter = mailbox.letters[0].mail
    text, html = (letter.get_body((kind,)) for kind in ("plain", "html"))
    assert text is not None
    assert html is not None
    assert text.get_content().splitlines() == [
        "It failed.", "", "Reason: <b>none</b>.", "", "Open: https://portal.example.org/runs/1/", "",
        "You are told because of rule one.",
    ]  # fmt: skip
    markup = html.get_content()
    assert "&lt;b&gt;none&lt;/b&gt;" in markup
    assert 'href="https://portal.example.org/runs/1/"' in markup
    assert "prefers-color-scheme: dark" in markup
    assert "because of rule one" in markup
    settings.PORTAL_URL = ""
    assert "http" not in deliveries.message(Notification.objects.get()).text


def test_old_messages_go_and_waiting_ones_stay(receiver: Receiver) -> None:
    channel = hook_channel(url=receiver.url)
    old = START - deliveries.KEPT - DAY
    note(channel, 1, state=Delivery.DELIVERED, ended_at=old)
    note(channel, 2, state=Delivery.DELIVERED, ended_at=START)
    note(channel, 3, created_at=old)
    assert (deliveries.prune(START), Notification.objects.count()) == (1, 2)


def test_the_next_message_is_found_by_an_index_whatever_waits() -> None:
    if connection.vendor != "sqlite":
        pytest.skip("plans are read on SQLite")
    with CaptureQueriesContext(connection) as queries:
        assert deliveries._next(hook_channel(), START) is None
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN QUERY PLAN " + queries.captured_queries[-1]["sql"])
        plan = " ".join(str(row[-1]) for row in cursor.fetchall())
    assert "portal_notification_due" in plan
    assert "TEMP B-TREE" not in plan


def test_the_pauses_grow_and_end_at_half_an_hour() -> None:
    pauses = [deliveries._pause(number) for number in (1, 2, 3, 50)]
    assert pauses == [timedelta(seconds=30), MINUTE, 2 * MINUTE, 30 * MINUTE]
    assert deliveries._becomes(Answer(Fate.REFUSED), 1, START, START)["state"] == Delivery.FAILED
