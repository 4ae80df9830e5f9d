"""Channels, rules and texts are kept by whoever may, judged before, on record; no secret is ever shown again."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from monitoring import channel_changes, notification_rules
from monitoring.models import (
    Delivery,
    MessageText,
    Notification,
    NotificationChannel,
    NotificationReader,
    NotificationRule,
    Severity,
)
from monitoring.notifiable import EVENTS, GROUPS
from strategies import change_checks, secrets
from strategies.models import AuditEntry, Role, Tenant, User
from strategies.refused import Refused
from tests.consents import somebody
from tests.monitoring.told import ANNA, hook_channel, mail_channel, rule
from tests.pages import Scene, scene, text_of

pytestmark = pytest.mark.django_db
SECRET = "this-is-the-secret-text"
MAIL = {"name": "Mail", "setting-host": "mail.example.org", "setting-port": "587", "setting-security": "starttls",
        "setting-user_name": "portal", "setting-from_address": "portal@example.org", "secret": SECRET}  # fmt: skip


@pytest.fixture
def dba(person: Any) -> Client:
    client = Client()
    client.force_login(person("anna", Role.DBA))
    return client


@pytest.fixture
def shop(db: None) -> Scene:
    return scene()


def audited() -> list[str]:
    return list(AuditEntry.objects.order_by("pk").values_list("action", flat=True))


def test_a_channel_is_added_with_its_secret_encrypted_and_never_shown(dba: Client) -> None:
    response = dba.post("/channels/new/?kind=email", MAIL, follow=True)
    assert "Mail is kept." in text_of(response)
    row = NotificationChannel.objects.get()
    assert row.settings["host"] == "mail.example.org"
    assert SECRET not in row.secret
    assert secrets.resolve(row.secret) == SECRET
    shown = [response, dba.get("/channels/"), dba.get(f"/channels/{row.pk}/edit/"), dba.get("/audit/")]
    assert all(SECRET not in text_of(page) for page in shown)
    assert SECRET not in str(AuditEntry.objects.values())
    assert "channel.added" in audited()


@pytest.mark.parametrize(
    ("changes", "field", "why"),
    [
        ({"name": " "}, "name", "required"),
        ({"setting-host": "not a host!"}, "setting-host", "not a name that a host can have"),
        ({"setting-port": "70000"}, "setting-port", "less than or equal to"),
        ({"setting-security": "rot13"}, "setting-security", "valid choice"),
        ({"setting-from_address": "nobody"}, "setting-from_address", ""),
        ({"setting-security": "none"}, "", ""),
        ({"secret": "env:not a name"}, "secret", "expected env:NAME"),
        ({"secret": "env:NOT_SET_ANYWHERE"}, "secret", "not set where the portal runs"),
    ],
)
def test_a_wrong_value_is_refused_beside_its_field_and_nothing_is_kept(
    dba: Client, changes: dict[str, str], field: str, why: str
) -> None:
    response = dba.post("/channels/new/?kind=email", {**MAIL, **changes})
    assert response.status_code == 422
    errors = response.context["form"].errors
    assert not field or field in errors
    assert why.lower() in str(errors).lower()
    assert not NotificationChannel.objects.exists()
    assert SECRET not in text_of(response)


def version(row: NotificationChannel | NotificationRule) -> str:
    of_channels = isinstance(row, NotificationChannel)
    return change_checks.version(row, channel_changes.COLUMNS if of_channels else notification_rules.COLUMNS)


@pytest.mark.parametrize("secret", [SECRET, "env:MAIL_PASSWORD"])
def test_a_secret_does_not_go_along_to_another_place(dba: Client, secret: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAIL_PASSWORD", SECRET)
    dba.post("/channels/new/?kind=email", {**MAIL, "secret": secret})
    row = NotificationChannel.objects.get()
    sent = {**MAIL, "secret": "", "version": version(row)}
    assert "as it was" in text_of(dba.post(f"/channels/{row.pk}/edit/", sent, follow=True))
    for changes in ({"setting-host": "evil.example.org"}, {"setting-port": "2525"}, {"setting-user_name": "other"}):
        assert "Enter the secret again" in text_of(dba.post(f"/channels/{row.pk}/edit/", {**sent, **changes}))
    elsewhere = {"name": "Post", "setting-from_address": "post@example.org"}  # the server stays the same
    assert "is kept" in text_of(dba.post(f"/channels/{row.pk}/edit/", {**sent, **elsewhere}, follow=True))
    row.refresh_from_db()
    assert (row.name, secrets.resolve(row.secret)) == ("Post", SECRET)
    stale = dba.post(f"/channels/{row.pk}/edit/", {**sent, "name": "Later"})
    assert "changed this meanwhile" in text_of(stale)
    open_server = {"setting-user_name": "", "forgets_secret": "on", "name": "Post", "version": version(row)}
    dba.post(f"/channels/{row.pk}/edit/", {**sent, **open_server})
    row.refresh_from_db()
    assert (row.secret, row.settings["user_name"]) == ("", "")


def test_a_place_on_the_portals_machine_is_named_by_whoever_sees_every_tenant(
    dba: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOMEBODY_ELSES_PASSWORD", SECRET)
    Tenant.objects.create(name="Other")
    main = Tenant.objects.get(name="Main").pk
    response = dba.post("/channels/new/?kind=email", {**MAIL, "tenant": main, "secret": "env:SOMEBODY_ELSES_PASSWORD"})
    assert "Only somebody who sees every tenant" in str(response.context["form"].errors["secret"])
    assert "is kept" in text_of(dba.post("/channels/new/?kind=email", {**MAIL, "tenant": main}, follow=True))


def test_a_secret_that_would_not_fit_is_refused(dba: Client) -> None:
    response = dba.post("/channels/new/?kind=email", {**MAIL, "secret": "ß" * 1500})
    assert "too long" in str(response.context["form"].errors["secret"])
    assert not NotificationChannel.objects.exists()


def test_a_change_leaves_the_turn_of_whoever_delivers_meanwhile_alone() -> None:
    boss, channel = User.objects.create_superuser("boss"), mail_channel()
    drawn, now = NotificationChannel.objects.get(pk=channel.pk), timezone.now()
    turn = NotificationChannel.objects.take(channel.pk, now, now + timedelta(seconds=60))
    drawn_from, drawn.name = version(drawn), "Post"
    channel_changes.keep_channel(ANNA, boss, drawn, drawn_from=drawn_from)
    assert NotificationChannel.objects.take(channel.pk, now, now + timedelta(seconds=60)) is None
    assert turn is not None
    assert NotificationChannel.objects.release(channel.pk, turn)
    assert NotificationChannel.objects.get().name == "Post"


def test_channels_for_all_are_changed_by_whoever_sees_all(person: Any) -> None:
    Tenant.objects.create(name="Other")
    anna, everything, theirs = (
        person("anna", Role.DBA),
        mail_channel(),
        mail_channel("Theirs", tenant=Tenant.objects.get(name="Other")),
    )
    client = Client()
    client.force_login(anna)
    for path in ("edit/", "switch/", "remove/", "test/"):
        assert client.post(f"/channels/{theirs.pk}/{path}").status_code == 404
    client.post(f"/channels/{everything.pk}/switch/", {"on": "0"})
    client.post(f"/channels/{everything.pk}/remove/")
    client.post(f"/channels/{everything.pk}/test/", {"recipient": "a@example.org"})
    everything.refresh_from_db()
    assert everything.is_active
    assert not Notification.objects.exists()
    response = client.post("/channels/new/?kind=email", MAIL)
    assert "tenant" in response.context["form"].errors


def test_a_test_is_sent_by_a_worker_and_its_page_tells_what_became_of_it(
    dba: Client, wake_ups: Any, django_capture_on_commit_callbacks: Any
) -> None:
    channel = mail_channel()
    with django_capture_on_commit_callbacks(execute=True):
        response = dba.post(f"/channels/{channel.pk}/test/", {"recipient": "anna@example.org"})
    note = Notification.objects.get()
    assert response["Location"] == f"/notifications/{note.pk}/"
    assert ("deliver", channel.pk) in wake_ups
    assert 'hx-trigger="every 2s"' in dba.get(f"/notifications/{note.pk}/").content.decode()
    assert dba.get(f"/notifications/{note.pk}/live/").status_code == 200
    Notification.objects.update(state=Delivery.DELIVERED)
    assert dba.get(f"/notifications/{note.pk}/live/").status_code == 286
    bad = dba.post(f"/channels/{channel.pk}/test/", {"recipient": "nobody"}, follow=True)
    assert "Mail:" in text_of(bad)
    assert Notification.objects.count() == 1
    assert "channel.tried" in audited()


def test_a_dead_letter_is_sent_again_once_and_on_record(dba: Client, shop: Scene) -> None:
    note = shop.notification
    first = text_of(dba.post(f"/notifications/{note.pk}/again/", follow=True))
    second = text_of(dba.post(f"/notifications/{note.pk}/again/", follow=True))
    assert "It is sent again" in first
    assert "It waits already" in second
    note.refresh_from_db()
    assert (note.state, note.attempts) == (Delivery.WAITING, 0)
    assert audited().count("notification.sent_again") == 1


def test_a_mail_is_shown_as_it_is_and_can_load_nothing(dba: Client, shop: Scene) -> None:
    response = dba.get(f"/notifications/{shop.notification.pk}/mail/")
    assert "<script>" not in response.content.decode()
    policy = response["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'")
    assert "sandbox" in policy


RULE = {
    "name": "Failures",
    "scope": "everything",
    "least_severity": "warning",
    "events": ["runs_end"],
    "is_active": "on",
}


def test_a_rule_is_added_changed_and_removed_on_record(dba: Client) -> None:
    mail = mail_channel()
    values = {**RULE, "channel": mail.pk, "recipients": "A@Example.org, anna"}
    User.objects.filter(username="anna").update(email="anna@example.org")
    assert "Failures is kept." in text_of(dba.post("/notification-rules/new/", values, follow=True))
    row = NotificationRule.objects.get()
    assert row.addresses == ["A@example.org", "anna"]
    again = {**values, "role": "DBA", "version": version(row)}
    dba.post(f"/notification-rules/{row.pk}/", again)
    row.refresh_from_db()
    assert row.role == "DBA"
    assert "changed this meanwhile" in text_of(dba.post(f"/notification-rules/{row.pk}/", {**again, "name": "Other"}))
    dba.post(f"/notification-rules/{row.pk}/remove/")
    assert not NotificationRule.objects.exists()
    told = [action for action in audited() if action.startswith("notification_rule")]
    assert told == ["notification_rule.added", "notification_rule.changed", "notification_rule.removed"]


def test_a_rule_names_people_who_may_know(dba: Client) -> None:
    mail, other = mail_channel(), Tenant.objects.create(name="Other")
    somebody("nomail", Role.DBA)
    olga = somebody("olga", Role.DBA, tenant="Other")
    User.objects.filter(pk=olga.pk).update(email="olga@example.org")
    main = Tenant.objects.get(name="Main")
    anna = User.objects.get(username="anna")
    anna.tenants.add(other)
    for recipients, why in (
        ("", "Name somebody, or a role"), ("nobody", "nobody"), ("nomail", "no mail address"), ("olga", "may not see"),
        ("olga@example.org", "may not see"), ("x" * 990 + "@example.org", ""),
    ):  # fmt: skip
        values = {**RULE, "channel": mail.pk, "recipients": recipients, "scope": f"tenant-{main.pk}"}
        response = dba.post("/notification-rules/new/", values)
        assert response.status_code == 422, recipients
        assert why in str(response.context["form"].errors.get("recipients")), recipients
    theirs = mail_channel("Theirs", tenant=other)
    response = dba.post("/notification-rules/new/", {**values, "channel": theirs.pk, "recipients": "a@example.org"})
    assert "another tenant" in str(response.context["form"].errors["channel"])
    assert not NotificationRule.objects.exists()


def test_a_rule_on_a_channel_without_people_has_no_recipients() -> None:
    boss = User.objects.create_superuser("boss")
    row = NotificationRule(name="Hook", channel=hook_channel(), recipients="a@example.org", role="DBA")
    for field in ("recipients", "role"):
        with pytest.raises(Refused, match="Hook has no recipients of its own") as refused:
            notification_rules.keep_rule(ANNA, boss, row)
        assert refused.value.field == field
        setattr(row, field, "")
    notification_rules.keep_rule(ANNA, boss, row)
    with pytest.raises(Refused, match="Another rule is named HOOK"):
        notification_rules.keep_rule(ANNA, boss, NotificationRule(name="HOOK", channel=row.channel))


@pytest.mark.parametrize("group", GROUPS)
@pytest.mark.parametrize("severity", Severity.values)
def test_a_kind_that_is_chosen_is_told_or_refused(db: None, group: str, severity: str) -> None:
    boss = User.objects.create_superuser("boss")
    row = NotificationRule(name="Chosen", channel=hook_channel(), events=[group], least_severity=severity)
    told = [
        one for one in EVENTS.values() if one.group == group and Severity(one.severity).rank >= Severity(severity).rank
    ]
    if told:
        assert notification_rules.keep_rule(ANNA, boss, row)
        return
    with pytest.raises(Refused, match=f"Nothing of “{GROUPS[group]}” is more than") as refused:
        notification_rules.keep_rule(ANNA, boss, row)
    assert refused.value.field == "least_severity"


def test_a_rule_that_would_be_refused_by_now_can_be_switched_off() -> None:
    boss = User.objects.create_superuser("boss")
    row = rule(hook_channel(), events=["runs_begin"], least_severity="critical", recipients="a@example.org")
    row.is_active = False
    drawn_from = change_checks.version(NotificationRule.objects.get(), notification_rules.COLUMNS)
    assert notification_rules.keep_rule(ANNA, boss, row, drawn_from=drawn_from)
    assert not NotificationRule.objects.get().is_active


def test_how_much_has_to_matter_is_chosen_and_not_assumed(dba: Client) -> None:
    typed = {"name": "One", "scope": "everything", "channel": hook_channel().pk, "is_active": "on"}
    refused = dba.post("/notification-rules/new/", typed)
    assert refused.status_code == 422
    assert list(refused.context["form"].errors) == ["least_severity"]


def test_a_channel_in_trouble_is_said_where_people_look_first(dba: Client) -> None:
    now = timezone.now()
    channel = mail_channel(
        "Staff mail", failures=3, trouble="550 no", trouble_since=now, paused_until=now + timedelta(minutes=8)
    )
    home = text_of(dba.get("/"))
    assert 'Nobody has been told by <a href="/channels/">Staff mail</a> since' in home
    assert "channels in trouble" in home
    note = channel.notifications.create(
        key="k", recipient="a@example.org", event="run.failed", subject="s", body="b", created_at=now, waits_since=now, next_at=now,
        why="your subscription to Shop",
    )  # fmt: skip
    assert note.next_attempt == channel.paused_until, "not while its channel pauses"
    shown = text_of(dba.get(f"/notifications/{note.pk}/"))
    assert "<dt>Next attempt</dt><dd>not before" in shown
    assert "the recipient&#x27;s subscription to Shop" in shown
    NotificationChannel.objects.update(failures=1)
    assert "Nobody has been told" not in text_of(dba.get("/")), "what failed once is tried again at once"
    NotificationChannel.objects.update(failures=3, is_active=False)
    assert "Nobody has been told" not in text_of(dba.get("/"))
    assert "<dd>once its channel is switched on</dd>" in text_of(dba.get(f"/notifications/{note.pk}/"))


def test_a_channel_in_trouble_of_another_tenant_is_none_of_ones_business(dba: Client) -> None:
    other = Tenant.objects.create(name="Other")
    mail_channel("Theirs", tenant=other, failures=3, trouble_since=timezone.now())
    assert "Theirs" not in text_of(dba.get("/"))


def test_a_removed_channel_takes_its_rules_and_messages_along_and_the_audit_says_so(dba: Client) -> None:
    channel = hook_channel()
    rule(channel, "one")
    dba.post(f"/channels/{channel.pk}/remove/")
    assert not NotificationChannel.objects.exists()
    entry = AuditEntry.objects.get(action="channel.removed")
    assert entry.before["rules"] == ["one"]
    assert "secret" not in str(entry.before).replace("'secret': 'encrypted in the portal'", "")


def test_a_text_is_previewed_kept_used_and_given_up_again(dba: Client) -> None:
    path = "/message-texts/edit/?event=run.failed"
    version = dba.get(path).context["form"].initial["version"]
    typed = {"subject": "Trouble: {{ database }}", "body": "See {{ run }}.", "version": version}
    preview = text_of(dba.post(path, {**typed, "preview": "1"}))
    assert "Trouble: billing" in preview
    assert not MessageText.objects.exists()
    wrong = dba.post(path, {**typed, "body": "{{ password }}", "save": "1"})
    assert "no fact called password" in str(wrong.context["form"].errors["body"])
    dba.post(path, {**typed, "save": "1"})
    assert MessageText.objects.get().subject == "Trouble: {{ database }}"
    assert "changed this meanwhile" in text_of(dba.post(path, {**typed, "body": "x", "save": "1"}))
    assert "changed this meanwhile" in text_of(dba.post(path, {**typed, "reset": "1"}))
    dba.post(path, {"reset": "1", "version": dba.get(path).context["form"].initial["version"]})
    assert not MessageText.objects.exists()
    assert [action for action in audited() if action.startswith("message_text")] == [
        "message_text.changed",
        "message_text.reset",
    ]


def test_texts_are_changed_by_whoever_sees_every_tenant_and_others_are_told_so_at_once(dba: Client) -> None:
    Tenant.objects.create(name="Other")
    path = "/message-texts/edit/?event=run.failed"
    page = text_of(dba.get(path))
    assert "You can read this text, and not change it" in page
    assert 'name="save"' not in page
    assert all(field.field.disabled for field in dba.get(path).context["form"] if field.name != "version")
    dba.post(path, {"subject": "x", "body": "x", "save": "1"})
    assert not MessageText.objects.exists()


def test_the_list_says_how_many_were_not_delivered_and_what_could_not_be_told_of_late(dba: Client, shop: Scene) -> None:
    now = timezone.now()
    reader = NotificationReader.objects.create(pk=1, seal=1, trouble="anna cannot be told.", trouble_at=now)
    page = text_of(dba.get("/notifications/"))
    assert "1 message was not delivered" in page
    assert "anna cannot be told." in page
    reader.trouble_at = now - timedelta(days=8)
    reader.save()
    shop.notification.delete()
    page = text_of(dba.get("/notifications/"))
    assert "not delivered" not in page.replace("Not delivered", "")
    assert "anna cannot be told." not in page


def test_auditors_read_and_change_nothing(person: Any, shop: Scene) -> None:
    client = Client()
    client.force_login(person("ada", Role.AUDITOR))
    for path in (
        "/notifications/",
        "/channels/",
        "/notification-rules/",
        "/message-texts/",
        f"/notifications/{shop.notification.pk}/",
    ):
        page = client.get(path)
        assert page.status_code == 200
        assert "Add a rule" not in text_of(page)
    assert client.post(f"/notifications/{shop.notification.pk}/again/").status_code == 403


def test_the_list_names_the_next_step_where_nothing_is(dba: Client) -> None:
    assert "Add a channel" in text_of(dba.get("/notifications/"))
    assert "no channel yet" in text_of(dba.get("/channels/"))
    assert "a rule leads to one" in text_of(dba.get("/notification-rules/"))
