"""Subscriptions: nothing is sent before an address said yes, one click ends it, and every link is signed, replaced and runs out."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import unquote

import pytest
from django.core import signing
from django.db import connection
from django.test import Client
from django.utils import timezone

from monitoring import deliveries, fact_words, plain_language, subscription_links, subscriptions
from monitoring.deliveries import ASKED, WELCOMED
from monitoring.models import (
    LINKS_LAST,
    Announcement,
    Audience,
    Delivery,
    Notification,
    NotificationChannel,
    StatusPage,
    Subscription,
    SubscriptionState,
    System,
)
from strategies import audit
from strategies.audit import PORTAL, Actor
from strategies.models import AuditEntry, Role, Target, Tenant, User
from strategies.refused import Refused
from tests.monitoring.stakeholders import read_on, subscriber, system_of
from tests.monitoring.told import SMTP, mail_channel

pytestmark = pytest.mark.django_db

ANNA = Actor("anna", "192.0.2.7")
SHE = "Cleo@Example.org"


@pytest.fixture(autouse=True)
def _portal(settings: Any) -> None:
    settings.PORTAL_URL = "https://portal.example.org"


@pytest.fixture
def dba(person: Callable[..., User]) -> Client:
    client = Client()
    client.force_login(person("anna", Role.DBA))
    return client


@pytest.fixture
def target() -> Target:
    return Target.objects.create(
        name="db7", platform="sqlite", url="sqlite:////x.db", tenant=Tenant.objects.get(name="Main")
    )


@pytest.fixture
def billing(target: Target) -> System:
    mail_channel()
    return system_of(target)


def asked(system: System, address: str = SHE, steps: str = "all", **how: Any) -> Subscription:
    assert subscriptions.ask(ANNA, system, address, steps, timezone.now(), **how)
    return Subscription.objects.get(address=address.casefold())


def link_in(note: Notification) -> str:
    """The path that its recipient is led to."""
    found = re.search(r"https://portal\.example\.org(\S+)", deliveries.message(note).text)
    assert found is not None
    return found.group(1)


def test_an_address_hears_nothing_before_it_said_yes(billing: System) -> None:
    row = asked(billing)
    assert row.state is SubscriptionState.ASKED
    assert not Subscription.objects.in_force().exists()
    note = Notification.objects.get()
    assert plain_language.refusal(note.subject) == plain_language.refusal(note.body) == ""
    assert (note.recipient, note.audience, note.event) == ("cleo@example.org", Audience.PLAIN, "subscription.asked")
    page = Client()
    path = link_in(note)
    assert "Yes, tell me" in page.get(path).content.decode()
    assert not Subscription.objects.in_force().exists(), "a scanner that opens links confirms nothing"
    done = page.post(path, follow=True)
    assert "From now on you hear of maintenance of Billing." in done.content.decode()
    row.refresh_from_db()
    assert row.state is SubscriptionState.CONFIRMED
    assert page.get(path).status_code == 302, "opened again it leads to the subscription"
    assert list(AuditEntry.objects.order_by("pk").values_list("action", flat=True)) == [
        "subscription.asked", "subscription.confirmed",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("address", "steps", "field"),
    [("cleo", "all", "address"), ("a@b@c", "all", "address"), ("a\n@example.org", "all", "address"), (SHE, "none", "steps")],
)  # fmt: skip
def test_what_is_wrong_is_refused_by_its_field(billing: System, address: str, steps: str, field: str) -> None:
    with pytest.raises(Refused) as refused:
        subscriptions.ask(ANNA, billing, address, steps, timezone.now())
    assert refused.value.field == field
    assert not Subscription.objects.exists()


def test_without_a_channel_or_an_own_address_nobody_is_asked(target: Target, settings: Any) -> None:
    system = system_of(target)
    with pytest.raises(Refused, match="no e-mail channel"):
        subscriptions.ask(ANNA, system, SHE, "all", timezone.now())
    mail_channel()
    settings.PORTAL_URL = ""
    with pytest.raises(Refused, match="PORTAL_URL"):
        subscriptions.ask(ANNA, system, SHE, "all", timezone.now())
    settings.PORTAL_URL = "https://portal.example.org"
    System.objects.update(is_active=False)
    system.refresh_from_db()
    with pytest.raises(Refused, match="switched off"):
        subscriptions.ask(ANNA, system, SHE, "all", timezone.now())


def test_nobodys_mailbox_is_filled_and_a_stranger_learns_nothing(
    billing: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    row, now = asked(billing), timezone.now()
    with pytest.raises(Refused, match="a moment ago"):
        subscriptions.ask(ANNA, billing, SHE, "all", now)
    subscriptions.ask_as_stranger(ANNA, [billing], SHE, "all", now)
    assert Notification.objects.count() == 1
    assert subscriptions.confirm(row, now, "")
    subscriptions.ask_as_stranger(ANNA, [billing], SHE, "all", now)
    assert list(Notification.objects.order_by("pk").values_list("event", flat=True)) == [ASKED, WELCOMED]
    monkeypatch.setattr(subscriptions, "MOST_ASKED", 2)
    asked(billing, "a@example.org")
    with pytest.raises(Refused, match="Too many"):
        asked(billing, "b@example.org")
    monkeypatch.setattr(subscriptions, "MOST_BY_STRANGERS", 1)
    subscriptions.ask_as_stranger(ANNA, [billing], "c@example.org", "all", now)
    subscriptions.ask_as_stranger(ANNA, [billing], "d@example.org", "all", now)
    assert not Subscription.objects.filter(address="d@example.org").exists()


def test_strangers_use_up_nothing_of_what_others_may_and_leave_alone_who_has_left(
    billing: System, target: Target
) -> None:
    now = timezone.now()
    for number in range(subscriptions.MOST_BY_STRANGERS + 3):
        subscriptions.ask_as_stranger(ANNA, [billing], f"x{number}@example.org", "all", now)
    assert Notification.objects.count() == subscriptions.MOST_BY_STRANGERS
    asked(billing, "boss@example.org")
    row = subscriber(billing)
    subscriptions.leave(row, now, "")
    subscriptions.ask_as_stranger(ANNA, [billing], row.address, "all", now + timedelta(days=2))
    row.refresh_from_db()
    assert row.state is SubscriptionState.LEFT
    for number in range(subscriptions.MOST_TO_ONE + 2):
        other = system_of(target, name=f"System {number}")
        subscriptions.ask_as_stranger(ANNA, [other], "one@example.org", "all", now + timedelta(seconds=number))
    assert Notification.objects.filter(recipient="one@example.org").count() == subscriptions.MOST_TO_ONE


def test_who_leaves_while_a_message_is_made_gets_none(billing: System) -> None:
    row = subscriber(billing)
    subscriptions.leave(row, timezone.now(), "")
    now, channel = timezone.now(), mail_channel("Other", settings={**SMTP, "port": 1})
    note = Notification.objects.create(
        key="late", channel=channel, recipient=row.address, event="maintenance.planned", audience=Audience.PLAIN, subscription=row,
        subject="s", body="b", created_at=now, waits_since=now, next_at=now,
    )  # fmt: skip
    deliveries.deliver(channel.pk, timezone.now)
    note.refresh_from_db()
    channel.refresh_from_db()
    assert (note.state, note.attempts, channel.failures) == (Delivery.DROPPED, 0, 0)


def test_the_link_of_an_account_that_may_not_see_the_system_any_more_opens_nothing(
    billing: System, person: Callable[..., User]
) -> None:
    sam = person("sam", Role.STAKEHOLDER)
    User.objects.filter(pk=sam.pk).update(email="Sam@example.org")
    row = subscriber(billing, "sam@example.org")
    assert Client().get(subscription_links.page(row)).status_code == 200
    sam.tenants.clear()
    assert Client().get(subscription_links.page(row)).status_code == 404
    other = person("sam2", Role.STAKEHOLDER)
    User.objects.filter(pk=other.pk).update(email="sam@example.org")
    assert Client().get(subscription_links.page(row)).status_code == 200, "one of two accounts may"


def test_the_audit_tells_other_tenants_nothing_of_subscribers_and_links(
    billing: System, dba: Client, person: Callable[..., User]
) -> None:
    asked(billing, "secret.customer@example.org")
    dba.post("/status-pages/make/", {"tenant": billing.tenant_id, "name": "Board of Acme", "days": 30})
    rival = Client()
    rival.force_login(person("rita", Role.DBA, tenant="Rival"))
    assert "secret.customer@example.org" in dba.get("/audit/").content.decode()
    text = rival.get("/audit/").content.decode()
    assert "secret.customer" not in text
    assert "Board of Acme" not in text


def test_addresses_that_never_confirmed_and_those_that_left_long_ago_are_forgotten(billing: System) -> None:
    now = timezone.now()
    subscriber(billing, "in@example.org")
    subscriber(billing, "new@example.org", confirmed_at=None, asked_at=now - timedelta(days=29))
    subscriber(billing, "never@example.org", confirmed_at=None, asked_at=now - timedelta(days=31))
    subscriber(billing, "left@example.org", left_at=now - timedelta(days=399))
    subscriber(billing, "long@example.org", left_at=now - timedelta(days=401))
    assert subscriptions.prune(now) == 2
    assert subscriptions.prune(now) == 0
    assert set(Subscription.objects.values_list("address", flat=True)) == {
        "in@example.org", "new@example.org", "left@example.org",
    }  # fmt: skip


def test_who_is_asked_again_gets_a_new_link_and_the_old_one_ends(billing: System) -> None:
    row = asked(billing)
    old = link_in(Notification.objects.get())
    assert subscriptions.ask(ANNA, billing, SHE, "all", timezone.now() + timedelta(minutes=11))
    assert Client().get(old).status_code == 404
    row.refresh_from_db()
    assert Client().get(subscription_links.confirmation(row)).status_code == 200


def test_one_click_ends_it_also_by_the_mail_program_and_what_waits_is_not_sent(billing: System) -> None:
    row = subscriber(billing)
    now = timezone.now()
    note = Notification.objects.create(
        key="k", channel=mail_channel("Other"), recipient=row.address, event="maintenance.planned", audience=Audience.PLAIN,
        subscription=row, subject="s", body="b", created_at=now, waits_since=now, next_at=now,
    )  # fmt: skip
    message = deliveries.message(note)
    path = message.leave_url.removeprefix("https://portal.example.org")
    assert path == unquote(path) or "key=" in path
    assert Client().get(path).status_code == 200
    assert Subscription.objects.in_force().exists(), "opening it is no click"
    mail_program = Client(enforce_csrf_checks=True)
    done = mail_program.post(path, "List-Unsubscribe=One-Click", content_type="application/x-www-form-urlencoded")
    assert done.status_code == 200
    row.refresh_from_db()
    note.refresh_from_db()
    assert row.state is SubscriptionState.LEFT
    assert note.state == Delivery.DROPPED
    assert AuditEntry.objects.latest("pk").actor == row.address
    again = mail_program.post(path, "List-Unsubscribe=One-Click", content_type="application/x-www-form-urlencoded")
    assert (again.status_code, "You have left already" in again.content.decode()) == (200, True)
    assert AuditEntry.objects.filter(action="subscription.left").count() == 1
    assert "You have left already" in Client().get(subscription_links.page(row)).content.decode()
    assert asked(billing).state is SubscriptionState.ASKED
    assert Client().get(path).status_code == 404, "asked anew, what was sent before opens nothing"


def test_the_first_message_says_what_is_announced_and_it_ends_as_everybody_is_told(
    billing: System, target: Target
) -> None:
    now = timezone.now()
    soon, unheard, _over = (
        Announcement.objects.create(
            system=billing, starts_at=now + timedelta(hours=hours), ends_at=now + timedelta(hours=hours + 1), created_at=now, **values
        )
        for hours, values in (
            (5, {"told_at": now, "told_starts_at": now + timedelta(hours=5), "told_ends_at": now + timedelta(hours=6),
                 "told_is_bound": True}),
            (200, {}), (-5, {"told_at": now, "stage": "done", "closed_at": now}),
        )
    )  # fmt: skip
    row = asked(billing)
    assert subscriptions.confirm(row, now, "")
    row.refresh_from_db()
    assert row.listed == [soon.pk], "neither what others were not told, nor what is over"
    note = Notification.objects.get(event=WELCOMED)
    assert plain_language.refusal(note.subject) == plain_language.refusal(note.body) == ""
    line = fact_words.instant(soon.starts_at, "UTC")
    assert f"Announced already:\n– {line}, until" in note.body
    assert "at the latest" in note.body
    message = deliveries.message(note)
    assert message.leave_url
    assert "/subscription/?key=" in message.text
    read_on(now)
    for step in ("reminder", "done"):
        audit.record(PORTAL, f"maintenance.{step}", soon, after={"starts_at": soon.starts_at.isoformat()})
        read_on(now)
        assert Notification.objects.filter(event=f"maintenance.{step}").count() == 1
    audit.record(PORTAL, "maintenance.done", unheard, after={})
    read_on(now)
    assert Notification.objects.filter(event="maintenance.done").count() == 1, "of this they never heard"


def test_several_systems_are_asked_for_and_confirmed_at_once_and_left_one_by_one(
    billing: System, target: Target
) -> None:
    shop, third = (system_of(target, name=name) for name in ("Shop", "Third"))
    Announcement.objects.create(
        system=shop, starts_at=timezone.now(), created_at=timezone.now(), told_at=timezone.now()
    )
    key = StatusPage.objects.create(
        tenant=target.tenant,
        name="all",
        made_by="a",
        made_at=timezone.now(),
        expires_at=timezone.now() + timedelta(days=1),
    ).token
    page, path = Client(), f"/status/?key={key}"
    typed = {"address": SHE, "steps": "all"}
    assert page.post(path, typed).status_code == 422, "none is chosen"
    assert page.post(path, {**typed, "system": [third.pk, billing.pk, shop.pk]}).status_code == 302
    question = Notification.objects.get()
    assert "maintenance of Billing, Shop and Third?" in question.subject
    assert plain_language.refusal(question.body) == ""
    confirmed = page.post(link_in(question), follow=True).content.decode()
    assert "you hear of maintenance of Billing, Shop and Third." in confirmed
    assert Subscription.objects.in_force().count() == 3
    first = Notification.objects.filter(event=WELCOMED).values_list("subscription__system__name", flat=True)
    assert sorted(first) == ["Billing", "Shop"], "of the third there is nothing to say, and one says so"
    row = Subscription.objects.get(system=shop)
    subscriptions.leave(row, timezone.now(), "")
    assert Subscription.objects.in_force().count() == 2
    assert page.get(link_in(question)).status_code == 302, "it was said already"


def test_many_systems_are_one_question_and_many_questions_are_too_many(billing: System, target: Target) -> None:
    many = [billing, *(system_of(target, name=f"S{n}") for n in range(9))]
    now = timezone.now()
    subscriptions.ask_as_stranger(ANNA, many, SHE, "all", now)
    assert (Subscription.objects.count(), Notification.objects.count()) == (10, 1)
    for n in range(6):
        late = system_of(target, name=f"late {n}")
        subscriptions.ask_as_stranger(ANNA, [late], SHE, "all", now + timedelta(minutes=n + 1))
    assert Notification.objects.count() == subscriptions.MOST_TO_ONE


def test_who_asks_anew_for_one_of_several_confirms_that_one_alone(billing: System, target: Target) -> None:
    shop, now = system_of(target, name="Shop"), timezone.now()
    subscriptions.ask_as_stranger(ANNA, [billing, shop], SHE, "all", now)
    assert subscriptions.ask(ANNA, shop, SHE, "all", now + timedelta(minutes=11))
    anew = Subscription.objects.get(system=shop)
    assert [row.system.name for row in Subscription.objects.together(anew)] == ["Shop"]
    assert subscriptions.confirm_all(Subscription.objects.get(system=billing), now, "") == 1
    anew.refresh_from_db()
    assert anew.state is SubscriptionState.ASKED


def test_a_yes_to_what_is_switched_off_and_one_that_no_message_follows_say_so(billing: System) -> None:
    row = asked(billing)
    System.objects.update(is_active=False)
    page = Client().post(link_in(Notification.objects.get()), follow=True).content.decode()
    assert "comes with the first message" in page
    assert "At present messages about it are switched off." in Notification.objects.get(event=WELCOMED).body
    System.objects.update(is_active=True, ahead_hours=1)
    billing.refresh_from_db()
    other = asked(billing, "dan@example.org")
    question = link_in(Notification.objects.get(recipient=other.address))
    NotificationChannel.objects.update(is_active=False)
    page = Client().post(question, follow=True).content.decode()
    assert "From now on you hear of maintenance of Billing." in page
    assert "first message" not in page
    assert row.pk != other.pk


def test_the_first_message_is_in_the_zone_of_the_account_that_may_see_it(
    billing: System, person: Callable[..., User]
) -> None:
    now = timezone.now()
    Announcement.objects.create(system=billing, starts_at=now, created_at=now, told_at=now, told_starts_at=now)
    off, on = person("off", Role.DBA), person("on", Role.STAKEHOLDER)
    User.objects.filter(pk=off.pk).update(email=SHE, time_zone="Asia/Kolkata", is_active=False)
    User.objects.filter(pk=on.pk).update(email=SHE.lower(), time_zone="America/New_York")
    assert subscriptions.confirm(asked(billing), now, "")
    assert fact_words.instant(now, "America/New_York") in Notification.objects.get(event=WELCOMED).body
    User.objects.filter(pk=on.pk).update(email="MÜLLER@example.org")
    on.tenants.clear()
    other = asked(billing, "müller@example.org")
    assert subscriptions.confirm(other, now, "")
    assert not Notification.objects.filter(event=WELCOMED, recipient=other.address).exists(), (
        "an account that may not see it"
    )


def test_what_a_dba_ended_has_ended_and_tells_no_more_than_its_address_may_see(
    billing: System, person: Callable[..., User], dba: Client
) -> None:
    row = subscriber(billing)
    confirmation, page = subscription_links.confirmation(row), subscription_links.page(row)
    dba.post(f"/systems/{billing.pk}/leave/", {"subscription": row.pk})
    shown = Client().get(page).content.decode()
    assert "This subscription has ended" in shown
    assert "You have left" not in shown
    assert "or the subscription has ended" in Client().get(confirmation).content.decode()
    cleo = person("cleo", Role.STAKEHOLDER)
    User.objects.filter(pk=cleo.pk).update(email=row.address)
    cleo.tenants.clear()
    gone = Client().get(page)
    assert (gone.status_code, "Billing" in gone.content.decode()) == (404, False)


@pytest.mark.parametrize(("looked", "changed", "is_active", "words"), [
    (None, 0, True, "Nobody has looked yet"), (None, 20, True, "the portal has not looked yet"),
    (20, 30, True, "the portal has not looked since"), (1, 30, True, "No maintenance is planned"),
    (None, 30, False, "Messages about it are switched off"),
])  # fmt: skip
def test_a_page_says_how_old_it_is(
    billing: System, dba: Client, looked: int | None, changed: int, is_active: bool, words: str
) -> None:
    now = timezone.now()
    System.objects.update(
        looked_at=now - timedelta(minutes=looked) if looked else None,
        changed_at=now - timedelta(minutes=changed),
        is_active=is_active,
    )
    assert words in dba.get(f"/systems/{billing.pk}/").content.decode()


def test_without_a_channel_nothing_is_listed_and_without_a_plan_it_is_said(billing: System) -> None:
    row, now = asked(billing), timezone.now()
    subscriptions.confirm(row, now, "")
    assert (
        "At present none is announced; what comes is told 72 hours ahead."
        in Notification.objects.get(event=WELCOMED).body
    )
    other = asked(billing, "dan@example.org")
    Announcement.objects.create(system=billing, starts_at=now, created_at=now, told_at=now)
    NotificationChannel.objects.update(is_active=False)
    assert subscriptions.confirm(other, now, "")
    other.refresh_from_db()
    assert (other.listed, other.state) == ([], SubscriptionState.CONFIRMED)


@pytest.mark.parametrize("listed", ["7", '"x"', "{}", '["a", null, 2.5]', "[true]"])
def test_a_list_that_cannot_be_read_is_none(billing: System, listed: str) -> None:
    row = subscriber(billing)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE portal_subscription SET listed = %s", [listed])
    row.refresh_from_db()
    assert row.listed_keys == frozenset()


def test_people_see_on_their_pages_what_waits_and_change_how_much_they_hear(
    billing: System, person: Callable[..., User]
) -> None:
    cleo = person("cleo", Role.STAKEHOLDER)
    User.objects.filter(pk=cleo.pk).update(email="cleo@example.org")
    client = Client()
    client.force_login(cleo)
    page = f"/systems/{billing.pk}/"
    assert "Nothing yet." in client.get("/account/").content.decode()
    client.post(f"{page}subscribe/", {"address": "x@example.org", "steps": "all"})
    row = Subscription.objects.get()
    shown = client.get(page).content.decode()
    assert "open its link and say yes" in shown
    assert "Send it again" in shown
    refused = client.post(f"{page}subscribe/", {"address": row.address, "steps": "all"})
    assert (refused.status_code, "a moment ago" in refused.content.decode()) == (422, True)
    assert "Not confirmed yet" in client.get("/account/").content.decode()
    client.post(f"{page}steps/", {"steps": "main"})
    row.refresh_from_db()
    assert row.steps == "all", "before it is confirmed there is nothing to change"
    subscriptions.confirm(row, timezone.now(), "")
    client.post(f"{page}steps/", {"steps": "dancing"})
    client.post(f"{page}steps/", {"steps": "main"})
    row.refresh_from_db()
    assert row.steps == "main"
    entry = AuditEntry.objects.get(action="subscription.changed")
    assert (entry.actor, entry.after) == ("cleo", {"steps": "main"})


def test_an_address_without_its_key_says_so() -> None:
    page = Client().get("/status/")
    assert (page.status_code, "The address is not complete" in page.content.decode()) == (404, True)


def test_links_run_out_are_signed_and_open_nothing_else(billing: System, monkeypatch: pytest.MonkeyPatch) -> None:
    row, other = subscriber(billing), subscriber(billing, "dan@example.org", confirmed_at=None)
    assert Subscription.objects.of_token(row.token) == row
    assert Subscription.objects.to_confirm(other.confirmation) == other
    for token in (
        row.key,
        row.confirmation,
        row.token[:-1],
        "",
        "a.b.c",
        row.token.replace(".", ":"),
        "\x00",
        "ü" * 40,
    ):
        assert Subscription.objects.of_token(token) is None, token
    assert Subscription.objects.to_confirm(other.token) is None
    assert Subscription.objects.of_token(other.token) is None, "who has not confirmed has no page"
    later = timezone.now() + LINKS_LAST + timedelta(minutes=1)
    monkeypatch.setattr(signing.time, "time", later.timestamp)
    assert Subscription.objects.of_token(row.token) is not None, "signed now"
    monkeypatch.undo()
    old = signing.TimestampSigner(salt="subscription", sep=".")
    monkeypatch.setattr(signing.time, "time", (timezone.now() - LINKS_LAST - timedelta(minutes=1)).timestamp)
    token = old.sign(row.key)
    monkeypatch.undo()
    assert Subscription.objects.of_token(token) is None


def test_its_owner_chooses_how_much_to_hear(billing: System) -> None:
    row = subscriber(billing)
    path = subscription_links.page(row)
    assert "Maintenance of Billing" in Client().get(path).content.decode()
    assert Client().post(path, {"steps": "main"}).status_code == 302
    row.refresh_from_db()
    assert row.steps == "main"
    assert Client().post(path, {"steps": "dancing"}).status_code == 422
    assert AuditEntry.objects.latest("pk").before == {"steps": "all"}


def test_messages_that_are_shown_to_dbas_hold_no_link_of_their_recipient(dba: Client, billing: System) -> None:
    asked(billing)
    note = Notification.objects.get()
    row = Subscription.objects.get()
    for path in (f"/notifications/{note.pk}/", f"/notifications/{note.pk}/mail/"):
        text = dba.get(path).content.decode()
        assert row.key not in text
        assert "key=" not in text
    assert row.key not in str(note.facts) + note.path + note.body


def test_what_failed_is_not_sent_again_to_who_has_left(dba: Client, billing: System) -> None:
    row = asked(billing)
    Notification.objects.update(state=Delivery.FAILED)
    subscriptions.remove(ANNA, row, timezone.now())
    page = dba.post(f"/notifications/{Notification.objects.get().pk}/again/", follow=True)
    assert "has left, and wants no more messages" in page.content.decode()
    assert Notification.objects.get().state == Delivery.FAILED


def test_people_subscribe_their_own_address_and_dbas_any(
    billing: System, person: Callable[..., User], dba: Client
) -> None:
    sam = person("sam", Role.STAKEHOLDER)
    User.objects.filter(pk=sam.pk).update(email="sam@example.org")
    client = Client()
    client.force_login(sam)
    path = f"/systems/{billing.pk}/"
    assert "sam@example.org" in client.get(path).content.decode()
    client.post(f"{path}subscribe/", {"address": "boss@example.org", "steps": "main"})
    row = Subscription.objects.get()
    assert (row.address, row.steps, row.asked_by) == ("sam@example.org", "main", "sam")
    dba.post(f"{path}subscribe/", {"address": "boss@example.org", "steps": "all"})
    boss = Subscription.objects.get(address="boss@example.org")
    client.post(f"{path}leave/", {"subscription": boss.pk})
    boss.refresh_from_db()
    assert boss.left_at is None, "nobody ends what is another's"
    client.post(f"{path}leave/", {"subscription": row.pk})
    row.refresh_from_db()
    assert (row.state, row.left_by) == (SubscriptionState.LEFT, "sam")
    text = client.get(path).content.decode()
    assert "boss@example.org" not in text
    assert "db7" not in text


def test_a_status_page_shows_its_tenant_alone_in_plain_words_and_stops(
    billing: System, dba: Client, person: Callable[..., User]
) -> None:
    other = Target.objects.create(
        name="t", platform="sqlite", url="sqlite:////y.db", tenant=Tenant.objects.create(name="Other")
    )
    system_of(other, name="Theirs")
    dba.post("/status-pages/make/", {"tenant": billing.tenant_id, "name": "Customer service", "days": 30})
    page = StatusPage.objects.get()
    path = f"/status/?key={page.token}"
    text = Client().get(path).content.decode()
    assert "Billing" in text
    for hidden in ("Theirs", "db7", "x.db", 'aria-label="Main"'):
        assert hidden not in text
    calendar = Client().get(f"/status/maintenance.ics?key={page.token}")
    assert calendar["Content-Type"].startswith("text/calendar")
    for token in (page.key, "", page.token + "x"):
        assert Client().get(f"/status/?key={token}").status_code == 404
        assert Client().get(f"/status/maintenance.ics?key={token}").status_code == 404
    StatusPage.objects.update(expires_at=timezone.now())
    assert Client().get(path).status_code == 404
    StatusPage.objects.update(expires_at=timezone.now() + timedelta(days=1))
    assert Client().get(path).status_code == 200
    dba.post(f"/status-pages/{page.pk}/revoke/")
    assert Client().get(path).status_code == 404
    assert set(AuditEntry.objects.filter(object_type="StatusPage").values_list("action", flat=True)) == {
        "status_page.made", "status_page.revoked",
    }  # fmt: skip


def test_whoever_reads_a_status_page_asks_to_subscribe(billing: System) -> None:
    now = timezone.now()
    page = StatusPage.objects.create(
        tenant=billing.tenant, name="All", made_by="anna", made_at=now, expires_at=now + timedelta(days=1)
    )
    path = f"/status/?key={page.token}"
    done = Client().post(path, {"system": billing.pk, "address": SHE, "steps": "all"}, follow=True)
    assert "If that address is not subscribed yet" in done.content.decode()
    assert Subscription.objects.get().asked_by == ""
    for wrong in (
        {},
        {"system": billing.pk + 1000, "address": SHE, "steps": "all"},
        {"system": billing.pk, "address": "x", "steps": "all"},
    ):
        assert Client().post(path, wrong).status_code == 422
    assert Subscription.objects.count() == 1


def test_a_system_is_kept_by_name_tenant_and_databases_or_refused_by_its_field(dba: Client, target: Target) -> None:
    theirs = Target.objects.create(
        name="t", platform="sqlite", url="sqlite:////y.db", tenant=Tenant.objects.create(name="Other")
    )
    good = {
        "name": "Billing", "tenant": target.tenant_id, "targets": [target.pk], "notice": "Slow.", "ahead_hours": 72,
        "reminder_minutes": 60, "time_zone": "Europe/Vienna",
    }  # fmt: skip
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"name": " "}, "This field is required."), ({"name": "db1.example.org"}, "is the name of a machine"),
        ({"notice": "We run REINDEX TABLE x."}, "is a statement"), ({"targets": []}, "This field is required."),
        ({"targets": [theirs.pk]}, "Select a valid choice"), ({"targets": [10**30]}, "Select a valid choice"),
        ({"time_zone": "Mars"}, "no IANA time zone"),
        ({"ahead_hours": 0}, "greater than or equal to 1"), ({"reminder_minutes": 99999}, "less than or equal"),
        ({"strategies": ["DANCING"]}, "Select a valid choice"), ({"name": "a\u202eb"}, "cannot be seen"),
    ]  # fmt: skip
    for values, words in wrong:
        response = dba.post("/systems/new/", {**good, **values})
        assert response.status_code == 422, values
        assert words in response.content.decode(), values
    assert not System.objects.exists()
    assert dba.post("/systems/new/", good).status_code == 302
    row = System.objects.get()
    assert (row.name, list(row.targets.all()), row.time_zone) == ("Billing", [target], "Europe/Vienna")
    assert "a system of this name already" in dba.post("/systems/new/", good).content.decode()
    page = dba.get(f"/systems/{row.pk}/edit/")
    version = page.context["form"].initial["version"]
    assert dba.post(f"/systems/{row.pk}/edit/", {**good, "notice": "Fast.", "version": version}).status_code == 302
    late = dba.post(f"/systems/{row.pk}/edit/", {**good, "notice": "Other.", "version": version})
    assert "Somebody has changed this meanwhile" in late.content.decode()
    entry = AuditEntry.objects.filter(action="system.changed").get()
    assert (entry.before, entry.after) == ({"notice": "Slow."}, {"notice": "Fast."})


def test_switched_off_it_is_told_no_further_and_then_it_can_be_removed(dba: Client, billing: System) -> None:
    row, now = subscriber(billing), timezone.now()
    known = {"system": billing, "starts_at": now + timedelta(hours=5), "created_at": now}
    Announcement.objects.create(**known, told_at=now, told_starts_at=now + timedelta(hours=5))
    Announcement.objects.create(**known)
    path = f"/systems/{billing.pk}/"
    assert "Switch it off first" in dba.post(f"{path}remove/", follow=True).content.decode()
    dba.post(f"{path}switch/", {"on": "0"})
    assert set(Announcement.objects.values_list("stage", flat=True)) == {"withdrawn"}
    assert AuditEntry.objects.filter(action="maintenance.withdrawn").count() == 1, "of what was told"
    assert "Nothing is told of it" in dba.get(path).content.decode()
    dba.post(f"{path}remove/")
    assert not System.objects.exists()
    assert not Subscription.objects.filter(pk=row.pk).exists()
    assert set(AuditEntry.objects.filter(object_type="System").values_list("action", flat=True)) == {
        "system.switched_off", "system.removed",
    }  # fmt: skip


def test_the_name_of_a_machine_on_which_it_stands_is_no_name_of_a_system(dba: Client, target: Target) -> None:
    Target.objects.filter(pk=target.pk).update(url="postgresql://ledger.corp.local/x")
    sent = {
        "name": "Our ledger", "tenant": target.tenant_id, "targets": [target.pk], "ahead_hours": 72, "reminder_minutes": 0,
        "time_zone": "UTC",
    }  # fmt: skip
    assert "is the name of a machine" in dba.post("/systems/new/", sent).content.decode()
