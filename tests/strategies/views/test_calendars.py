"""The pages of calendars: kept with their places, entries typed in or imported, freezes lifted by the owner, and feeds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from strategies import calendars, timetables, windows
from strategies.models import AuditEntry, Calendar, CalendarEntry, Feed, Role, Tenant, User
from strategies.occurrences import Slot
from tests.pages import Scene, text_of
from tests.strategies.test_ics import file

ENTRY = {
    "name": "Close", "reason": "Year end", "starts": "2030-12-30T18:00", "minutes": "240", "time_zone": "Europe/Vienna",
    "repeats": "once", "until": "", "rule": "",
}  # fmt: skip


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def company(dba: Client, shop: Scene) -> Calendar:
    scopes = [f"database-{shop.target.pk}", f"tenant-{shop.target.tenant_id}"]
    dba.post(
        "/calendars/new/", {"name": "Company", "kind": "freeze", "scopes": scopes, "owner": "anna", "is_active": "on"}
    )
    return Calendar.objects.get(name="Company")


def upload(client: Client, calendar: Calendar, data: bytes, **values: Any) -> Any:
    sent = {"file": SimpleUploadedFile("close.ics", data), "time_zone": "Europe/Vienna"} | values
    return client.post(f"/calendars/{calendar.pk}/import/", sent)


def test_a_calendar_is_kept_with_its_places_and_changed(dba: Client, shop: Scene, company: Calendar) -> None:
    page = text_of(dba.get("/calendars/"))
    assert "database shop, tenant Main" in page
    form = dba.get(f"/calendars/{company.pk}/edit/").context["form"]
    assert form.initial["scopes"] == [f"database-{shop.target.pk}", f"tenant-{shop.target.tenant_id}"]
    sent = {
        "name": "Company", "kind": "backup", "scopes": [f"database-{shop.target.pk}"], "owner": "anna",
        "version": form.initial["version"],
    }  # fmt: skip
    page = text_of(dba.post(f"/calendars/{company.pk}/edit/", sent, follow=True))
    assert "Company is kept." in page
    assert "Off" in page
    assert AuditEntry.objects.get(action="calendar.changed").after == {
        "kind": "backup", "is_active": False, "scopes": ["database shop"],
    }  # fmt: skip
    assert dba.post(f"/calendars/{company.pk}/edit/", sent).status_code == 422


@pytest.mark.parametrize(
    ("typed", "field"),
    [({"name": ""}, "name"), ({"kind": "moon"}, "kind"), ({"scopes": []}, "scopes"), ({"scopes": ["database-999"]}, "scopes"),
     ({"owner": "nobody"}, "owner"), ({"name": "Company"}, "name")],
)  # fmt: skip
def test_a_wrong_calendar_is_refused_at_its_field(
    typed: dict[str, Any], field: str, dba: Client, shop: Scene, company: Calendar
) -> None:
    good = {"name": "Other", "kind": "freeze", "scopes": [f"database-{shop.target.pk}"], "owner": "anna"}
    before = Calendar.objects.count()
    response = dba.post("/calendars/new/", good | typed)
    assert (response.status_code, list(response.context["form"].errors)) == (422, [field])
    assert Calendar.objects.count() == before


def test_of_two_who_keep_a_calendar_of_one_name_at_once_the_later_is_told(
    dba: Client, shop: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other one's comes in after the last look at names."""

    def after_another(row: Calendar, drawn_from: str) -> None:
        Calendar.objects.create(name=row.name, owner="x")

    monkeypatch.setattr(calendars, "stored_row", after_another)
    sent = {"name": "Other", "kind": "freeze", "scopes": [f"database-{shop.target.pk}"], "owner": "anna"}
    response = dba.post("/calendars/new/", sent)
    assert (response.status_code, response.context["form"].errors) == (
        422,
        {"name": ["Another calendar is named Other."]},
    )
    assert not AuditEntry.objects.filter(action="calendar.added").exists()


def test_an_entry_is_added_changed_and_removed(dba: Client, company: Calendar) -> None:
    assert "Close is kept." in text_of(dba.post(f"/calendars/{company.pk}/new/", ENTRY, follow=True))
    entry = CalendarEntry.objects.get(name="Close")
    assert (entry.starts, entry.rule, entry.reason) == ("2030-12-30T18:00", "", "Year end")
    assert entry.last_end_at is not None
    assert f"{entry.last_end_at:%Y-%m-%d %H:%M}" == "2030-12-30 21:00"
    version = dba.get(f"/calendar-entries/{entry.pk}/edit/").context["form"].initial["version"]
    sent = ENTRY | {"repeats": "yearly", "version": version}
    page = text_of(dba.post(f"/calendar-entries/{entry.pk}/edit/", sent, follow=True))
    assert "Each year on 12-30 at 18:00, for 4 h" in page
    assert dba.post(f"/calendar-entries/{entry.pk}/edit/", sent | {"minutes": "60"}).status_code == 422
    assert "Close is removed." in text_of(dba.post(f"/calendar-entries/{entry.pk}/remove/", follow=True))
    assert not CalendarEntry.objects.filter(calendar=company).exists()


def test_an_entry_of_whole_days_ends_at_midnight_also_where_the_clock_changes(dba: Client, company: Calendar) -> None:
    typed = ENTRY | {
        "starts": "2031-03-30T00:00",
        "minutes": "1440",
        "time_zone": "Europe/Vienna",
        "is_whole_days": "on",
    }
    dba.post(f"/calendars/{company.pk}/new/", typed)
    entry = CalendarEntry.objects.get(name="Close")
    assert f"{entry.last_end_at:%Y-%m-%d %H:%M}" == "2031-03-30 22:00"
    initial = dba.get(f"/calendar-entries/{entry.pk}/edit/").context["form"].initial
    assert initial["is_whole_days"]
    dba.post(f"/calendar-entries/{entry.pk}/edit/", typed | {"version": initial["version"], "is_whole_days": ""})
    entry.refresh_from_db()
    assert f"{entry.last_end_at:%Y-%m-%d %H:%M}" == "2031-03-30 23:00"
    told = AuditEntry.objects.get(action="calendar.entry_changed")
    assert (told.before, told.after) == ({"is_whole_days": True}, {"is_whole_days": False, "entry": "Close"})


@pytest.mark.parametrize(
    ("typed", "field"),
    [({"name": ""}, "name"), ({"starts": "x"}, "starts"), ({"minutes": "0"}, "minutes"), ({"time_zone": "Mars"}, "time_zone"),
     ({"is_whole_days": "on", "minutes": "1440"}, "starts"), ({"is_whole_days": "on", "starts": "2030-12-30T00:00"}, "minutes"),
     ({"repeats": "rule", "rule": "FREQ=DAILY;COUNT=0"}, "rule"), ({"repeats": "moon"}, "repeats")],
)  # fmt: skip
def test_a_wrong_entry_is_refused_at_its_field(
    typed: dict[str, Any], field: str, dba: Client, company: Calendar
) -> None:
    response = dba.post(f"/calendars/{company.pk}/new/", ENTRY | typed)
    assert response.status_code == 422
    assert field in response.context["form"].errors
    assert not CalendarEntry.objects.filter(calendar=company).exists()


def test_a_file_is_imported_and_its_broken_event_named(dba: Client, company: Calendar) -> None:
    events = [f"SUMMARY:Day {n}\nDTSTART;VALUE=DATE:203012{n:02}" for n in range(1, 30)]
    response = upload(dba, company, file(*events, "SUMMARY:Odd one\nDTSTART:never"))
    page = text_of(response)
    assert response.status_code == 200
    assert "Imported: 29 added, 0 changed, 0 as they were, 0 removed." in page
    assert "Odd one" in page
    assert "&#x27;never&#x27; is no date and time." in page
    assert company.entries.count() == 29
    again = text_of(upload(dba, company, file(*events[:-1]), removes_gone="on"))
    assert "0 added, 0 changed, 28 as they were, 1 removed." in again


@pytest.mark.parametrize(
    ("data", "values", "said"),
    [
        (b"hello", {}, "Nothing was imported."), (b"", {}, "The submitted file is empty."),
        (b"x" * 1_000_001, {}, "The file is larger than 1,000,000 bytes."),
        (file("DTSTART;VALUE=DATE:20301224"), {"time_zone": "Mars"}, "This is no IANA time zone"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_taken_is_refused_with_the_reason(
    data: bytes, values: dict[str, Any], said: str, dba: Client, company: Calendar
) -> None:
    response = upload(dba, company, data, **values)
    assert response.status_code == 422
    assert said in text_of(response)
    assert not company.entries.exists()


class TestLifting:
    @pytest.fixture
    def close(self, dba: Client, company: Calendar) -> CalendarEntry:
        starts = timezone.now().astimezone(UTC) - timedelta(hours=1)
        dba.post(f"/calendars/{company.pk}/new/", ENTRY | {"starts": f"{starts:%Y-%m-%dT%H:%M}", "time_zone": "UTC"})
        return CalendarEntry.objects.get(name="Close")

    def lift(self, client: Client, close: CalendarEntry, reason: str = "Urgent repair") -> str:
        sent = {"slot": f"{close.starts}:00+00:00", "reason": reason}
        return text_of(client.post(f"/calendar-entries/{close.pk}/lift/", sent, follow=True))

    def test_the_owner_lifts_it_and_the_list_no_longer_says_that_it_holds(
        self, dba: Client, close: CalendarEntry
    ) -> None:
        assert "In force" in text_of(dba.get("/calendars/"))
        assert f'action="/calendar-entries/{close.pk}/lift/"' in text_of(dba.get(f"/calendars/{close.calendar_id}/"))
        assert "Close is lifted" in self.lift(dba, close)
        assert "In force" not in text_of(dba.get("/calendars/"))
        moment = timezone.now()
        assert not [freeze for freeze in timetables.freezes(moment) if freeze.in_force(moment)]

    def test_nobody_else_does_and_a_reason_is_needed(
        self, dba: Client, close: CalendarEntry, person: Callable[..., Any]
    ) -> None:
        other = signed_in(person("dora", Role.DBA))
        assert "Only anna, who owns the calendar, may lift a freeze of it." in self.lift(other, close)
        assert "Reason: This field is required." in self.lift(dba, close, "")
        assert "In force" in text_of(dba.get("/calendars/"))


def test_a_dba_of_one_place_of_it_sees_that_place_and_changes_nothing(
    dba: Client, shop: Scene, company: Calendar, person: Callable[..., Any]
) -> None:
    other = Tenant.objects.create(name="Other")
    company.scopes.create(tenant=other)
    olga = signed_in(person("olga", Role.DBA, tenant="Other"))
    page = text_of(olga.get(f"/calendars/{company.pk}/"))
    assert "tenant Other" in page
    assert "tenant Main" not in page
    assert "shop" not in page
    assert "only somebody who sees them all may change it" in page
    assert f"/calendars/{company.pk}/edit/" not in page
    assert "Company stays." in text_of(olga.post(f"/calendars/{company.pk}/remove/", follow=True))
    for form in (f"/calendars/{company.pk}/edit/", f"/calendars/{company.pk}/new/"):
        assert olga.get(form).headers["Location"] == f"/calendars/{company.pk}/"
    assert olga.post(f"/calendars/{company.pk}/new/", ENTRY).status_code == 422
    assert upload(olga, company, file("DTSTART;VALUE=DATE:20301224")).status_code == 422
    assert not company.entries.exists()


def test_a_calendar_is_removed_with_its_entries(dba: Client, company: Calendar) -> None:
    dba.post(f"/calendars/{company.pk}/new/", ENTRY)
    assert "Company is removed, with all of its entries." in text_of(
        dba.post(f"/calendars/{company.pk}/remove/", follow=True)
    )
    assert not CalendarEntry.objects.filter(name="Close").exists()


def test_an_empty_list_says_what_to_do(dba: Client, db: None) -> None:
    page = text_of(dba.get("/calendars/"))
    assert "No calendar yet." in page
    assert 'href="/calendars/new/"' in page


class TestFeeds:
    def test_a_feed_is_made_read_and_revoked(self, dba: Client, shop: Scene) -> None:
        assert "You have no feed yet." in text_of(dba.get("/feeds/"))
        page = text_of(dba.post("/feeds/make/", {"scope": f"database-{shop.target.pk}"}, follow=True))
        feed = Feed.objects.get()
        assert f"http://testserver/feeds/{feed.token}.ics" in page
        assert b"Maintenance window" in Client().get(f"/feeds/{feed.token}.ics").content
        assert "is revoked" in text_of(dba.post("/feeds/revoke/", {"feed": feed.pk}, follow=True))
        assert Client().get(f"/feeds/{feed.token}.ics").status_code == 404

    def test_nobody_sees_or_revokes_the_feed_of_somebody_else(
        self, dba: Client, shop: Scene, person: Callable[..., Any]
    ) -> None:
        dba.post("/feeds/make/", {"scope": f"database-{shop.target.pk}"})
        feed = Feed.objects.get()
        dora = signed_in(person("dora", Role.DBA))
        assert feed.token not in text_of(dora.get("/feeds/"))
        assert "There is no such feed of yours" in text_of(dora.post("/feeds/revoke/", {"feed": feed.pk}, follow=True))
        feed.refresh_from_db()
        assert feed.revoked_at is None

    def test_a_scope_out_of_sight_is_refused(self, dba: Client, shop: Scene) -> None:
        Tenant.objects.create(name="Other")
        assert dba.post("/feeds/make/", {"scope": "everything"}).status_code == 422
        assert not Feed.objects.exists()


def test_what_holds_now_is_shown_and_lifted_however_many_entries_are_over(dba: Client, company: Calendar) -> None:
    old = {"calendar": company, "starts": "2020-01-01T00:00", "minutes": 60, "time_zone": "UTC"}
    long_ago = timezone.now() - timedelta(days=400)
    CalendarEntry.objects.bulk_create(
        CalendarEntry(**old, name=f"Old {number}", uid=f"old-{number}", last_end_at=long_ago) for number in range(500)
    )
    starts = f"{timezone.now().astimezone(UTC) - timedelta(hours=1):%Y-%m-%dT%H:%M}"
    now = CalendarEntry.objects.create(
        calendar=company, name="Close of today", starts=starts, minutes=600, time_zone="UTC"
    )
    page = dba.get(f"/calendars/{company.pk}/")
    assert page.context["rows"][0][0].entry == now
    assert f"/calendar-entries/{now.pk}/lift/" in page.content.decode()
    assert len(page.context["rows"]) == 500
    assert "Close of today" in text_of(dba.get("/calendars/")), "and on the list"


def test_the_list_of_calendars_looks_at_this_moment_only(
    dba: Client, company: Calendar, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file brings 2,000 entries; the coming times of each would take seconds."""
    CalendarEntry.objects.create(
        calendar=company, name="Weekly", starts="2026-01-03T00:00", minutes=60, time_zone="UTC", rule="FREQ=WEEKLY"
    )
    spans: list[timedelta] = []
    slots = windows.Freeze.slots

    def told(self: windows.Freeze, since: datetime, until: datetime) -> Iterator[Slot]:
        spans.append(until - since)
        return slots(self, since, until)

    monkeypatch.setattr(windows.Freeze, "slots", told)
    assert dba.get("/calendars/").status_code == 200
    assert spans
    assert max(spans) < timedelta(minutes=1)
