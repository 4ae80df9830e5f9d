"""What holds for a database by its scope, and that what something in force holds for does not go away."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db.models import ProtectedError
from django.test import Client
from django.utils import timezone

from strategies import feeds, holds, targets
from strategies.admin import ReferenceAdmin
from strategies.audit import Actor
from strategies.holding import holding
from strategies.models import (
    ApprovalRule,
    AuditEntry,
    Calendar,
    CalendarScope,
    Feed,
    Hold,
    MaintenanceWindow,
    StandingApproval,
    Tag,
    Target,
    Tenant,
    User,
)
from strategies.scope import Place
from strategies.targets import TargetValues

ANNA = Actor("anna")
NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
LEVELS = [[{"role": "approver", "quorum": 1, "people": []}]]


def a_window(**scope: Any) -> MaintenanceWindow:
    return MaintenanceWindow.objects.create(name="Nights", starts="2026-01-01T22:00", minutes=60, owner="anna", **scope)


def a_calendar(**scope: Any) -> CalendarScope:
    calendar = Calendar.objects.create(name="Quarter close", owner="anna")
    return CalendarScope.objects.create(calendar=calendar, **scope)


def a_rule(**scope: Any) -> ApprovalRule:
    return ApprovalRule.objects.create(name="Two of finance", levels=LEVELS, **scope)


def a_hold(**scope: Any) -> Hold:
    return holds.place(ANNA, NOON, "The vendor looks", **scope)


def a_standing(**scope: Any) -> StandingApproval:
    return StandingApproval.objects.create(
        strategy_name="VACUUM", most_score=30, most_runs=5, ends_at=timezone.now() + timedelta(days=30), reason="proven",
        asked_by="anna", asked_at=NOON, granted_by="bert", granted_at=NOON, **scope,
    )  # fmt: skip


KINDS = [a_window, a_calendar, a_rule, a_hold, a_standing]


@pytest.fixture
def finance(db: None) -> Tag:
    return Tag.objects.create(name="finance")


@pytest.mark.parametrize("make", KINDS)
@pytest.mark.parametrize("part", ["tag", "tenant", "target"])
def test_what_something_in_force_holds_for_is_not_deleted(make: Callable[..., Any], part: str, finance: Tag) -> None:
    tenant = Tenant.objects.create(name="Bank")
    shop = Target.objects.create(
        name="shop", platform="sqlite", url="sqlite:////s.db", tenant=Tenant.objects.get(name="Main")
    )
    place: Any = {"tag": finance, "tenant": tenant, "target": shop}[part]
    row = make(**{part: place})
    with pytest.raises(ProtectedError) as refusal:
        place.delete()
    assert refusal.value.protected_objects == {row}
    with pytest.raises(ProtectedError):
        type(place).objects.filter(pk=place.pk).delete()
    assert type(place).objects.filter(pk=place.pk).exists()
    assert type(row).objects.filter(pk=row.pk, **{part: place}).exists()


def test_a_window_that_is_off_waits_for_somebody_to_remove_it(finance: Tag) -> None:
    window = a_window(tag=finance, is_active=False)
    with pytest.raises(ProtectedError):
        finance.delete()
    window.delete()
    finance.delete()


def _lift(row: Hold) -> None:
    holds.lift(row, ANNA, NOON)


def _revoke(row: StandingApproval) -> None:
    StandingApproval.objects.filter(pk=row.pk).update(revoked_at=NOON)


def _past(row: StandingApproval) -> None:
    StandingApproval.objects.filter(pk=row.pk).update(ends_at=NOON)


@pytest.mark.parametrize(("make", "end"), [(a_hold, _lift), (a_standing, _revoke), (a_standing, _past)])
def test_what_is_over_outlives_its_tag_under_its_name_and_holds_nowhere(
    make: Callable[..., Any], end: Callable[[Any], None], finance: Tag, person: Callable[..., User]
) -> None:
    Tenant.objects.create(name="Other")
    row = make(tag=finance)
    end(row)
    finance.delete()
    kept = type(row).objects.get(pk=row.pk)
    assert kept.scope == "tag finance, which is gone"
    assert kept.tag_id is None
    assert not kept.where.covers(Place(1, 1, "production", frozenset()))


def test_who_does_not_see_every_tenant_does_not_see_what_outlived_its_scope(
    finance: Tag, person: Callable[..., User]
) -> None:
    """Else a row without a scope would be taken for one that holds everywhere."""
    Tenant.objects.create(name="Other")
    everywhere, gone = a_hold(), a_hold(tag=finance)
    _lift(gone)
    finance.delete()
    assert list(Hold.objects.visible_to(person("anna", "DBA"))) == [everywhere]
    root = User.objects.create_superuser("root", "root@example.org", "correct horse battery")
    assert set(Hold.objects.visible_to(root)) == {everywhere, gone}


class TestAdministration:
    @pytest.fixture
    def root(self, db: None) -> Client:
        client = Client()
        client.force_login(User.objects.create_superuser("root", "root@example.org", "correct horse battery"))
        return client

    @pytest.mark.parametrize("is_bulk", [False, True])
    def test_a_tag_that_is_in_use_stays_and_what_uses_it_is_named(
        self, is_bulk: bool, root: Client, finance: Tag
    ) -> None:
        for make in KINDS:
            make(tag=finance)
        marked = {"action": "delete_selected", "_selected_action": [finance.pk], "post": "yes"}
        page = (
            root.post("/admin/strategies/tag/", marked)
            if is_bulk
            else root.post(f"/admin/strategies/tag/{finance.pk}/delete/", {"post": "yes"})
        ).content.decode()
        for name in (
            "Nights",
            "Quarter close on tag finance",
            "Two of finance",
            "Hold on tag finance",
            "VACUUM on tag finance",
        ):
            assert name in page, name
        assert Tag.objects.filter(pk=finance.pk).exists()
        assert not AuditEntry.objects.filter(action="tag.deleted").exists()

    def test_what_comes_in_between_the_look_and_the_deletion_leaves_no_entry_of_one(
        self, root: Client, finance: Tag, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        delete = ReferenceAdmin.delete_queryset

        def after_a_hold(self: ReferenceAdmin, request: Any, queryset: Any) -> None:
            a_hold(tag=finance)
            delete(self, request, queryset)

        monkeypatch.setattr(ReferenceAdmin, "delete_queryset", after_a_hold)
        marked = {"action": "delete_selected", "_selected_action": [finance.pk], "post": "yes"}
        with pytest.raises(ProtectedError):
            root.post("/admin/strategies/tag/", marked)
        assert Tag.objects.filter(pk=finance.pk).exists()
        assert not AuditEntry.objects.filter(action="tag.deleted").exists()

    def test_with_its_past_alone_it_goes_and_its_feeds_end_in_the_audit(
        self, root: Client, finance: Tag, person: Callable[..., User]
    ) -> None:
        hold = a_hold(tag=finance)
        _lift(hold)
        feed = Feed.objects.create(user=person("anna", "DBA"), made_at=NOON, tag=finance)
        root.post(f"/admin/strategies/tag/{finance.pk}/delete/", {"post": "yes"})
        assert not Tag.objects.filter(pk=finance.pk).exists()
        assert Hold.objects.filter(pk=hold.pk).exists()
        assert Feed.objects.of_token(feed.token) is None
        entry = AuditEntry.objects.get(action="feed.revoked", object_id=str(feed.pk))
        assert (entry.actor, entry.before) == ("root", {"scope": "tag finance"})


def test_what_holds_for_a_database_is_named_by_kind(finance: Tag, django_assert_num_queries: Any) -> None:
    main, other = Tenant.objects.get(name="Main"), Tenant.objects.create(name="Other")
    shop = Target.objects.create(name="shop", platform="sqlite", url="sqlite:////s.db", tenant=main)
    shop.tags.add(finance)
    a_window(tag=finance)
    MaintenanceWindow.objects.create(name="Off", starts="2026-01-01T22:00", minutes=60, owner="anna", is_active=False)
    MaintenanceWindow.objects.create(name="Theirs", starts="2026-01-01T22:00", minutes=60, owner="anna", tenant=other)
    a_calendar(tenant=main)
    a_rule(environment="development")
    a_hold()
    _lift(holds.place(ANNA, NOON, "over", target=shop))
    a_standing(target=shop)
    with django_assert_num_queries(6):
        found = holding(shop, timezone.now())
    assert found == {
        "windows": ["Nights"], "calendars": ["Quarter close"], "holds": ["The vendor looks (anna)"],
        "approval_rules": ["Two of finance"], "standing_approvals": ["VACUUM on database shop"],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("change", "scope"),
    [({"tags": ()}, "tag"), ({"tenant": "Other"}, "tenant"), ({"environment": "test"}, "environment")],
)
def test_the_audit_names_what_no_longer_holds_for_a_database_that_is_moved(
    change: dict[str, Any], scope: str, finance: Tag
) -> None:
    main, other = Tenant.objects.get(name="Main"), Tenant.objects.create(name="Other")
    places: dict[str, Any] = {"tag": finance, "tenant": main, "environment": "development"}
    values = TargetValues(name="shop", platform="sqlite", url="sqlite:////s.db", tenant=main, tags=("finance",))
    shop = targets.register(ANNA, values)
    a_window(**{scope: places[scope]})
    a_hold()
    targets.change(ANNA, shop, replace(values, **{**change, **({"tenant": other} if "tenant" in change else {})}))
    entry = AuditEntry.objects.get(action="target.changed")
    assert (entry.before["windows"], entry.after["windows"]) == (["Nights"], [])
    assert "holds" not in entry.after, "what is as it was is left out"


def test_what_is_lost_is_said_to_who_moves_a_database(finance: Tag, person: Callable[..., User]) -> None:
    shop = Target.objects.create(
        name="shop", platform="sqlite", url="sqlite:////s.db", tenant=Tenant.objects.get(name="Main")
    )
    shop.tags.add(finance)
    a_window(tag=finance)
    a_calendar(tag=finance)
    a_hold()
    client = Client()
    client.force_login(person("anna", "DBA"))
    path = f"/databases/{shop.pk}/edit/"
    form = client.get(path).context["form"]
    sent = {field.html_name: field.value() or "" for field in form} | {"tags": ""}
    page = client.post(path, sent, follow=True).content.decode()
    assert "This holds for it no more: the window Nights, the calendar Quarter close." in page
    assert "No window covers it now: it may be worked on at any time outside freezes." in page


def test_a_feed_alone_keeps_no_tag(finance: Tag, person: Callable[..., User]) -> None:
    feed = feeds.make(ANNA, person("anna", "DBA"), {"tag": finance}, NOON)
    finance.delete()
    assert not Feed.objects.filter(pk=feed.pk).exists()
