"""The pages of windows: added with what they meet, seen by all, extended and closed by who may."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from strategies import window_changes
from strategies.forms.recurring import words
from strategies.models import (
    AuditEntry,
    Calendar,
    CalendarEntry,
    CalendarKind,
    CalendarScope,
    JobRun,
    MaintenanceWindow,
    Role,
    RunStatus,
    Tenant,
    User,
    WindowChange,
)
from tests.pages import Scene, planned_run, running, scene, step, text_of

GOOD = {
    "name": "Weekend", "scope": "everything", "is_active": "on", "starts": "2030-01-05T22:00", "minutes": "240",
    "time_zone": "Europe/Vienna", "repeats": "weekly", "days": ["SA", "SU"], "owner": "anna", "extended_by": "DBA",
    "extend_minutes": "60", "grace_minutes": "5", "capacity": "", "until": "", "rule": "", "save": "1",
}  # fmt: skip


@pytest.fixture
def own(shop: Scene) -> dict[str, Any]:
    """A window of the scene's database, which meets nothing while the scene's own is off."""
    MaintenanceWindow.objects.update(is_active=False)
    return GOOD | {"scope": f"database-{shop.target.pk}"}


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


class TestForm:
    def test_a_window_is_added_and_shown_in_the_words_in_which_it_was_typed(
        self, dba: Client, own: dict[str, Any]
    ) -> None:
        page = text_of(dba.post("/windows/new/", own, follow=True))
        row = MaintenanceWindow.objects.get(name="Weekend")
        assert (row.starts, row.minutes, row.time_zone) == ("2030-01-05T22:00", 240, "Europe/Vienna")
        assert (row.rule, row.owner, row.capacity) == ("FREQ=WEEKLY;BYDAY=SA,SU", "anna", None)
        assert "Weekend is kept." in page
        assert "Saturday and Sunday at 22:00, for 4 h" in page
        assert AuditEntry.objects.filter(action="window.added", actor="anna").count() == 1

    @pytest.mark.parametrize(
        ("typed", "rule"),
        [
            ({"repeats": "once", "days": []}, ""), ({"repeats": "daily", "days": []}, "FREQ=DAILY"),
            ({"repeats": "weekly", "days": []}, "FREQ=WEEKLY"),
            ({"repeats": "monthly", "days": [], "until": "2031-01-01"}, "FREQ=MONTHLY;UNTIL=20310101"),
            ({"repeats": "rule", "days": [], "rule": "FREQ=MONTHLY;BYDAY=1SU"}, "FREQ=MONTHLY;BYDAY=1SU"),
        ],
    )  # fmt: skip
    def test_what_was_typed_comes_back_in_the_form(
        self, typed: dict[str, Any], rule: str, dba: Client, own: dict[str, Any]
    ) -> None:
        dba.post("/windows/new/", own | typed)
        row = MaintenanceWindow.objects.get(name="Weekend")
        assert row.rule == rule
        initial = dba.get(f"/windows/{row.pk}/edit/").context["form"].initial
        assert (initial["repeats"], initial["starts"]) == (typed["repeats"], "2030-01-05T22:00")
        again = own | typed | {"version": initial["version"]}
        assert "Weekend is as it was." in text_of(dba.post(f"/windows/{row.pk}/edit/", again, follow=True))

    @pytest.mark.parametrize(
        ("rule", "told"),
        [
            ("FREQ=WEEKLY;BYDAY=SA", "Each Saturday at 22:00"), ("FREQ=WEEKLY", "Each week at 22:00"),
            ("FREQ=MONTHLY;BYDAY=1SU", "The first Sunday of each month at 22:00"),
            ("FREQ=MONTHLY;BYDAY=-1FR", "The last Friday of each month at 22:00"),
            ("FREQ=MONTHLY;BYMONTHDAY=-1", "The last day of each month at 22:00"),
            ("FREQ=MONTHLY;BYDAY=1SU,3SU", "FREQ=MONTHLY;BYDAY=1SU,3SU, at 22:00"),
            ("FREQ=MONTHLY;BYDAY=5XX", "FREQ=MONTHLY;BYDAY=5XX, at 22:00"),
        ],
    )  # fmt: skip
    def test_a_rule_that_people_have_words_for_is_told_in_them(self, rule: str, told: str) -> None:
        row = MaintenanceWindow(starts="2030-01-05T22:00", minutes=90, rule=rule)
        assert words(row) == f"{told}, for 1 h 30 min"

    def test_who_may_not_change_a_window_is_told_why_and_shown_no_form(
        self, shop: Scene, person: Callable[..., Any]
    ) -> None:
        Tenant.objects.create(name="Other")
        row = MaintenanceWindow.objects.create(
            name="Wide", environment=shop.target.environment, starts="2030-01-05T22:00", minutes=60, owner="anna"
        )
        page = signed_in(person("olga", Role.DBA)).get(f"/windows/{row.pk}/edit/", follow=True)
        assert page.redirect_chain == [(f"/windows/{row.pk}/", 302)]
        assert "It reaches over every tenant: only somebody who sees them all may change it." in text_of(page)

    @pytest.mark.parametrize(
        ("typed", "field"),
        [
            ({"name": ""}, "name"), ({"name": "a\u202eb"}, "name"), ({"scope": "database-999"}, "scope"), ({"scope": "moon"}, "scope"),
            ({"starts": "soon"}, "starts"), ({"starts": "2030-13-01T00:00"}, "starts"), ({"starts": "0001-01-01T00:00"}, "starts"),
            ({"minutes": "0"}, "minutes"), ({"minutes": "99999999"}, "minutes"), ({"time_zone": "Mars/Olympus"}, "time_zone"),
            ({"repeats": "rule"}, "rule"), ({"repeats": "rule", "rule": "FREQ=NEVER"}, "rule"), ({"rule": "FREQ=DAILY"}, "rule"),
            ({"until": "2029-01-01"}, "until"), ({"repeats": "once", "until": "2031-01-01"}, "until"), ({"owner": "nobody"}, "owner"),
            ({"capacity": "0"}, "capacity"), ({"grace_minutes": "999"}, "grace_minutes"),
            ({"extend_minutes": "1441"}, "extend_minutes"),
            ({"extended_by": "manager"}, "extended_by"), ({"days": ["XX"]}, "days"),
        ],
    )  # fmt: skip
    def test_a_wrong_value_is_said_at_its_field_and_what_was_typed_stays(
        self, typed: dict[str, Any], field: str, dba: Client, own: dict[str, Any]
    ) -> None:
        before = MaintenanceWindow.objects.count()
        response = dba.post("/windows/new/", own | typed)
        assert response.status_code == 422
        assert list(response.context["form"].errors) == [field]
        assert MaintenanceWindow.objects.count() == before
        assert response.context["form"]["time_zone"].value() == (own | typed)["time_zone"]

    def test_what_it_meets_is_shown_first_and_kept_only_when_asked_for(
        self, dba: Client, shop: Scene, own: dict[str, Any]
    ) -> None:
        calendar = Calendar.objects.create(name="Backups", owner="anna", kind=CalendarKind.BACKUP)
        CalendarScope.objects.create(calendar=calendar, target=shop.target)
        starts = timezone.now().astimezone(UTC) + timedelta(days=2)
        at = f"{starts:%Y-%m-%d}T23:00"
        CalendarEntry.objects.create(calendar=calendar, name="Full", starts=at, minutes=60)
        typed = own | {"starts": f"{starts:%Y-%m-%d}T22:00", "time_zone": "UTC", "repeats": "once", "days": []}
        response = dba.post("/windows/new/", typed)
        page = text_of(response)
        assert response.status_code == 422
        first = f"{starts:%a %d %b} 23:00 (UTC)"
        assert (
            f"shop is backed up by Full of the calendar Backups: once in the next 60 days, first from {first}" in page
        )
        assert f"it meets nothing: {starts + timedelta(days=1):%a %d %b} 00:00 (UTC) to" in page
        assert not MaintenanceWindow.objects.filter(name="Weekend").exists()
        dba.post("/windows/new/", typed | {"save": "nonsense"})
        assert not MaintenanceWindow.objects.filter(name="Weekend").exists()
        dba.post("/windows/new/", typed | {"save": response.context["told"].digest})
        assert MaintenanceWindow.objects.filter(name="Weekend").exists()

    def test_of_two_who_keep_one_name_at_once_the_later_is_told(
        self, dba: Client, own: dict[str, Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The other one's comes in after the last look at names."""

        def after_another(window: MaintenanceWindow, drawn_from: str) -> None:
            MaintenanceWindow.objects.create(name=window.name, starts="2026-01-01T22:00", minutes=60, owner="x")

        monkeypatch.setattr(window_changes, "stored_row", after_another)
        response = dba.post("/windows/new/", own)
        assert response.status_code == 422
        assert response.context["form"].errors == {"name": ["Another window is named Weekend."]}
        assert not AuditEntry.objects.filter(action="window.added").exists()

    def test_checking_keeps_nothing_and_shows_its_next_slots(self, dba: Client, own: dict[str, Any]) -> None:
        response = dba.post(
            "/windows/new/", {name: value for name, value in own.items() if name != "save"} | {"check": "1"}
        )
        page = text_of(response)
        assert response.status_code == 200
        assert "it meets nothing. It is not kept yet." in page
        assert not MaintenanceWindow.objects.filter(name="Weekend").exists()

    @pytest.mark.parametrize("typed", [{"is_active": ""}, {"scope": "tenant"}])
    def test_what_it_would_leave_open_is_shown_before_it_is_switched_off_or_moved(
        self, typed: dict[str, str], dba: Client, shop: Scene, own: dict[str, Any]
    ) -> None:
        dba.post("/windows/new/", own)
        row = MaintenanceWindow.objects.get(name="Weekend")
        if "scope" in typed:  # to a tenant that this person sees, and in which the database is not
            tenant = Tenant.objects.create(name="Second")
            User.objects.get(username="anna").tenants.add(tenant)
            typed = {"scope": f"tenant-{tenant.pk}"}
        version = dba.get(f"/windows/{row.pk}/edit/").context["form"].initial["version"]
        sent = own | {"version": version} | typed
        response = dba.post(f"/windows/{row.pk}/edit/", sent)
        said = "No other window covers 1 database: shop. It may then be worked on at any time outside freezes."
        assert response.status_code == 422
        assert said in text_of(response)
        row.refresh_from_db()
        assert (row.is_active, row.target) == (True, shop.target)
        dba.post(f"/windows/{row.pk}/edit/", sent | {"save": response.context["told"].digest})
        row.refresh_from_db()
        assert (row.is_active, row.target) != (True, shop.target)

    def test_where_another_window_covers_its_databases_it_is_switched_off_at_once(
        self, dba: Client, shop: Scene, own: dict[str, Any]
    ) -> None:
        dba.post("/windows/new/", own)
        row = MaintenanceWindow.objects.get(name="Weekend")
        MaintenanceWindow.objects.filter(pk=shop.window.pk).update(is_active=True)
        version = dba.get(f"/windows/{row.pk}/edit/").context["form"].initial["version"]
        dba.post(f"/windows/{row.pk}/edit/", own | {"version": version, "is_active": ""})
        row.refresh_from_db()
        assert not row.is_active

    def test_what_somebody_else_changed_meanwhile_is_not_overwritten(self, dba: Client, own: dict[str, Any]) -> None:
        dba.post("/windows/new/", own)
        row = MaintenanceWindow.objects.get(name="Weekend")
        version = dba.get(f"/windows/{row.pk}/edit/").context["form"].initial["version"]
        MaintenanceWindow.objects.filter(pk=row.pk).update(minutes=60)
        response = dba.post(f"/windows/{row.pk}/edit/", own | {"version": version, "minutes": "300"})
        assert response.status_code == 422
        assert "Somebody has changed this meanwhile" in text_of(response)
        assert MaintenanceWindow.objects.get(pk=row.pk).minutes == 60

    def test_a_rule_that_sql_broke_can_be_mended_on_the_page(
        self, dba: Client, own: dict[str, Any], shop: Scene
    ) -> None:
        MaintenanceWindow.objects.filter(pk=shop.window.pk).update(rule="FREQ=NEVER", starts="soon", is_active=True)
        assert "Cannot be read: it never opens" in text_of(dba.get("/windows/"))
        assert "Cannot be read: it never opens" in text_of(dba.get(f"/windows/{shop.window.pk}/"))
        version = dba.get(f"/windows/{shop.window.pk}/edit/").context["form"].initial["version"]
        dba.post(f"/windows/{shop.window.pk}/edit/", own | {"version": version})
        assert "Cannot be read" not in text_of(dba.get("/windows/"))

    def test_who_sees_one_tenant_is_offered_that_tenant_and_not_everything(self, dba: Client, shop: Scene) -> None:
        Tenant.objects.create(name="Other")
        form = dba.get("/windows/new/").context["form"]
        first, *groups = form.fields["scope"].choices
        assert first == ("", "Choose…")  # nothing is covered that nobody chose
        offered = {key for _, choices in groups for key, _ in choices}
        assert {f"tenant-{shop.target.tenant_id}", f"database-{shop.target.pk}"} <= offered
        assert not [key for key in offered if key.startswith(("everything", "environment"))]
        assert f"tenant-{Tenant.objects.get(name='Other').pk}" not in offered
        assert "by people who see every tenant" in form.fields["scope"].help_text
        assert dba.post("/windows/new/", GOOD).status_code == 422


class TestPage:
    def test_what_is_at_work_waits_and_is_due_is_shown_with_why_it_does_not_fit(self, dba: Client, shop: Scene) -> None:
        JobRun.objects.filter(pk=shop.running.pk).update(
            window=shop.window, window_ends_at=timezone.now() + timedelta(hours=1)
        )
        JobRun.objects.filter(pk=shop.waiting.pk).update(
            predicted={"p50_ms": 60_000, "p90_ms": 10**9, "firsts_p90_ms": [1000], "known": 1, "steps": 1}
        )
        page = text_of(dba.get(f"/windows/{shop.window.pk}/"))
        assert f"/runs/{shop.running.pk}/" in page
        assert f"/runs/{shop.waiting.pk}/" in page
        assert "Does not fit" in page
        assert "the rest goes on in the next window" in page
        assert "Each day at 00:00, for 1 d" in page

    def test_work_that_only_reads_does_not_wait_for_it(self, dba: Client, shop: Scene) -> None:
        JobRun.objects.filter(pk=shop.waiting.pk).update(is_read_only=True)
        assert "No released run waits for it." in text_of(dba.get(f"/windows/{shop.window.pk}/"))

    def test_a_stakeholder_reads_it_without_names_of_jobs_and_without_buttons(
        self, shop: Scene, person: Callable[..., Any]
    ) -> None:
        client = signed_in(person("sam", Role.STAKEHOLDER))
        page = text_of(client.get(f"/windows/{shop.window.pk}/"))
        assert "window-remove" not in page
        assert "window-extend" not in page
        assert "/edit/" not in page

    def test_what_another_tenant_runs_in_a_shared_window_is_not_shown(
        self, shop: Scene, person: Callable[..., Any]
    ) -> None:
        theirs = scene("theirs", "Other")
        MaintenanceWindow.objects.filter(pk=shop.window.pk).update(target=None)
        JobRun.objects.filter(pk__in=(shop.running.pk, theirs.running.pk)).update(window=shop.window)
        page = text_of(signed_in(person("olga", Role.DBA, tenant="Other")).get(f"/windows/{shop.window.pk}/"))
        assert "theirs" in page
        assert f"/runs/{theirs.running.pk}/" in page
        assert f"/runs/{shop.running.pk}/" not in page
        assert "It reaches over every tenant" in page
        assert f"/windows/{shop.window.pk}/edit/" not in page

    def test_before_it_is_removed_it_says_that_other_windows_cover_its_databases(
        self, dba: Client, shop: Scene
    ) -> None:
        MaintenanceWindow.objects.create(
            name="Also", starts="2026-01-01T22:00", minutes=60, owner="anna", target=shop.target
        )
        page = text_of(dba.get(f"/windows/{shop.window.pk}/"))
        assert "No database that you see loses its last window by this." in page
        MaintenanceWindow.objects.filter(pk=shop.window.pk).update(is_active=False)
        assert "It is off, and covers nothing." in text_of(dba.get(f"/windows/{shop.window.pk}/"))

    def test_an_empty_list_says_what_that_means_and_what_to_do(self, dba: Client, db: None) -> None:
        page = text_of(dba.get("/windows/"))
        assert "No window yet." in page
        assert 'href="/windows/new/"' in page


class TestSlots:
    @pytest.fixture
    def open_now(self, shop: Scene) -> MaintenanceWindow:
        """Open for an hour by now, and for another."""
        MaintenanceWindow.objects.update(is_active=False)
        starts = timezone.now().astimezone(UTC).replace(second=0, microsecond=0) - timedelta(hours=1)
        return MaintenanceWindow.objects.create(
            name="Now",
            target=shop.target,
            starts=f"{starts:%Y-%m-%dT%H:%M}",
            minutes=120,
            owner="olaf",
            extend_minutes=60,
        )

    def slot(self, window: MaintenanceWindow) -> dict[str, str]:
        starts = datetime.fromisoformat(window.starts).replace(tzinfo=UTC)
        return {
            "slot": starts.isoformat(),
            "ends": (starts + timedelta(hours=2)).isoformat(),
            "reason": "One index more",
        }

    def test_it_is_extended_from_the_page_and_what_runs_goes_on_longer(
        self, dba: Client, shop: Scene, open_now: MaintenanceWindow
    ) -> None:
        page = text_of(dba.get(f"/windows/{open_now.pk}/"))
        sent = self.slot(open_now)
        assert f'name="slot" value="{sent["slot"]}"' in page
        run = running(shop.target, step(1))
        JobRun.objects.filter(pk=run.pk).update(
            window=open_now, window_starts_at=sent["slot"], window_ends_at=sent["ends"]
        )
        page = text_of(dba.post(f"/windows/{open_now.pk}/extend/", sent | {"minutes": "30"}, follow=True))
        assert "what waits is asked anew" in page
        assert "One index more" in page
        run.refresh_from_db()
        assert run.window_ends_at == datetime.fromisoformat(sent["ends"]) + timedelta(minutes=30)

    def test_sent_twice_it_is_extended_once(self, dba: Client, open_now: MaintenanceWindow) -> None:
        for _ in range(2):
            dba.post(f"/windows/{open_now.pk}/extend/", self.slot(open_now) | {"minutes": "30"})
        assert WindowChange.objects.count() == 1

    @pytest.mark.parametrize(
        ("typed", "said"),
        [
            ({"minutes": "61"}, "60 min beyond its planned end"), ({"minutes": ""}, "Minutes: say by how much"),
            ({"minutes": "0"}, "Minutes: Ensure"), ({"minutes": "30", "reason": ""}, "Reason: This field is required"),
            ({"minutes": "30", "slot": "2020-01-01T00:00:00+00:00"}, "It is not open now"),
            ({"minutes": "30", "slot": "9999-12-31T23:59:59"}, "names no slot"), ({"minutes": "30", "ends": "x"}, "Slot: Enter"),
        ],
    )  # fmt: skip
    def test_what_is_wrong_is_said_and_nothing_moves(
        self, typed: dict[str, str], said: str, dba: Client, open_now: MaintenanceWindow
    ) -> None:
        page = text_of(dba.post(f"/windows/{open_now.pk}/extend/", self.slot(open_now) | typed, follow=True))
        assert "Now was not extended." in page
        assert said in page
        assert not WindowChange.objects.exists()

    def test_its_owner_closes_it_whatever_their_role_and_others_are_told_who_may(
        self, open_now: MaintenanceWindow, person: Callable[..., Any]
    ) -> None:
        olaf, mona = signed_in(person("olaf", Role.MANAGER)), signed_in(person("mona", Role.MANAGER))
        assert "window-close" not in text_of(mona.get(f"/windows/{open_now.pk}/"))
        refused = text_of(mona.post(f"/windows/{open_now.pk}/close/", self.slot(open_now), follow=True))
        assert "Its owner, olaf, may extend or close it" in refused
        assert not WindowChange.objects.exists()
        page = text_of(olaf.post(f"/windows/{open_now.pk}/close/", self.slot(open_now), follow=True))
        assert "Now is closed: no step begins any more; what is at work has 5 min grace." in page
        assert "Closed" in page

    def test_a_window_is_removed_unless_runs_are_at_work_in_it(
        self, dba: Client, shop: Scene, open_now: MaintenanceWindow
    ) -> None:
        run = planned_run(shop.target, step(1))
        JobRun.objects.filter(pk=run.pk).update(window=open_now, status=RunStatus.RUNNING)
        assert "Now stays. Runs are at work in it." in text_of(dba.post(f"/windows/{open_now.pk}/remove/", follow=True))
        JobRun.objects.filter(pk=run.pk).update(status=RunStatus.SUCCEEDED)
        said = "No other window covers 1 database: shop. It may then be worked on at any time outside freezes."
        assert said in text_of(dba.get(f"/windows/{open_now.pk}/"))
        assert f"Now is removed. {said}" in text_of(dba.post(f"/windows/{open_now.pk}/remove/", follow=True))
        assert not MaintenanceWindow.objects.filter(pk=open_now.pk).exists()
