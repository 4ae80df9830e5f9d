"""A row of channels, rules, messages or systems that nobody foresaw keeps no page from its reader, and no other row from its work."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.utils import timezone

from monitoring import announcements, deliveries, dispatch, subscription_links
from monitoring.models import Announcement, System
from strategies import sealing
from strategies.models import Role
from tests.monitoring.stakeholders import subscriber, system_of
from tests.monitoring.told import ended, hook_channel, mail_channel, reading_on, rule, tell
from tests.pages import Scene, scene

pytestmark = pytest.mark.django_db

REFUSED = (
    ("portal_notification_rule", "least_severity"), ("portal_notification_rule", "role"), ("portal_notification", "state"),
    ("portal_notification", "severity"), ("portal_notification", "audience"), ("portal_subscription", "steps"),
    ("portal_announcement", "stage"), ("portal_announced_work", "doing"),
)  # fmt: skip
BROKEN = (
    ("portal_channel", "kind", "'pigeon'"), ("portal_channel", "settings", "'[1]'"), ("portal_channel", "settings", "'7'"),
    ("portal_channel", "secret", "'garbage'"), ("portal_notification_rule", "events", "'7'"),
    ("portal_notification_rule", "events", "'[7, {}]'"), ("portal_notification_rule", "recipients", "',,;@'"),
    ("portal_notification", "facts", "'[]'"), ("portal_notification", "event", "'moon'"), ("portal_system", "strategies", "'7'"),
    ("portal_system", "time_zone", "'Mars/North'"), ("portal_system", "ahead_hours", "0"),
)  # fmt: skip


@pytest.fixture
def shop(db: None) -> Scene:
    return scene()


@pytest.mark.parametrize(("table", "column"), REFUSED)
def test_what_is_none_of_a_few_words_is_not_kept(table: str, column: str, shop: Scene) -> None:
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"UPDATE {table} SET {column} = 'dancing'")


@pytest.mark.parametrize(("table", "column", "value"), BROKEN)
def test_pages_are_read_and_work_goes_on(
    table: str, column: str, value: str, shop: Scene, person: Callable[..., Any]
) -> None:
    well = system_of(shop.target, name="Well")
    person_of = subscriber(well)
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE {table} SET {column} = {value}")
    if table == "portal_system":
        System.objects.filter(pk=well.pk).update(strategies=[], time_zone="UTC", ahead_hours=72)
    dba = Client(raise_request_exception=False)
    dba.force_login(person("anna", Role.DBA))
    for path in (
        "/notifications/", f"/notifications/{shop.notification.pk}/", f"/notifications/{shop.notification.pk}/mail/", "/channels/",
        "/notification-rules/", f"/notification-rules/{shop.notification_rule.pk}/", "/systems/", f"/systems/{shop.system.pk}/",
        f"/systems/{shop.system.pk}/edit/", "/status-pages/", f"/status/?key={shop.status_page.token}",
        f"/status/maintenance.ics?key={shop.status_page.token}", subscription_links.page(person_of),
    ):  # fmt: skip
        assert dba.get(path).status_code == 200, path
    System.objects.update(look_at=timezone.now())
    announcements.follow(timezone.now())
    assert Announcement.objects.filter(system=well).exists(), "the run that waits there is announced"


@pytest.mark.parametrize(
    ("table", "column", "value"), [row for row in BROKEN if row[0] in ("portal_channel", "portal_notification_rule")]
)
def test_a_broken_channel_or_rule_keeps_nobody_else_from_being_told(
    table: str, column: str, value: str, shop: Scene
) -> None:
    reading_on()
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE {table} SET {column} = {value}")
    rule(hook_channel())
    mail_channel()
    ended(shop.failed)
    assert "Hook" in {note.channel.name for note in tell()}
    sealing.seal(timezone.now())
    dispatch.dispatch(timezone.now())
    deliveries.ask(timezone.now())
    deliveries.deliver(shop.channel.pk, timezone.now)
