"""The calendar's rows: windows, freezes, backups, what runs and what is to come, for whoever may see them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from monitoring import agenda, upcoming
from monitoring.entries import Entry, Kind, View, sheet
from monitoring.grounds import Chosen
from strategies.models import CalendarKind, JobRun, MaintenanceJob, Role, RunStatus, Tag, Target, User, WindowChange
from tests.monitoring.past import job, target
from tests.monitoring.plans import DAY, HOUR, HOUR_MS, NOW, a_freeze, a_window, to_come

pytestmark = pytest.mark.django_db
SATURDAY = date(2026, 11, 28)
EVERYTHING = Chosen()


@pytest.fixture
def dba(person: Callable[..., User]) -> User:
    return person("anna", Role.DBA)


def entries(
    user: User, chosen: Chosen = EVERYTHING, view: View = View.WEEK, on: date = SATURDAY, zone: str = "UTC"
) -> list[Entry]:
    """Each once, in the order of the days."""
    found = agenda.agenda(user, chosen, sheet(view, on), NOW, zone)
    return list(dict.fromkeys(piece.entry for day in found.days for piece in day.pieces))


def names(user: User, chosen: Chosen = EVERYTHING, **where: Any) -> set[str]:
    return {entry.name for entry in entries(user, chosen, **where)}


def only(user: User, kind: Kind, **where: Any) -> Entry:
    (found,) = [entry for entry in entries(user, **where) if entry.kind is kind]
    return found


def test_windows_freezes_and_backups_stand_at_their_times(dba: User) -> None:
    window = a_window(target=target())
    close = a_freeze()
    a_freeze("Full backup", CalendarKind.BACKUP, starts="2026-11-28T03:00", minutes=60)
    found = entries(dba)
    nights = [entry for entry in found if entry.kind is Kind.WINDOW]
    assert len(nights) == 8, "seven nights, and the one that the week begins in"
    assert {(entry.name, entry.where, entry.key) for entry in nights} == {("Night", "database shop", window.pk)}
    freeze = only(dba, Kind.FREEZE)
    assert (freeze.name, freeze.where, freeze.key) == ("Quarter close", "all databases", close.calendar_id)
    assert (freeze.starts_at, freeze.ends_at) == (NOW.replace(day=29, hour=0), NOW.replace(day=30, hour=0))
    assert freeze.note == "The books close."
    assert only(dba, Kind.BACKUP).ends_at == NOW.replace(hour=4)


def test_a_slot_that_was_extended_has_its_new_end(dba: User) -> None:
    start = NOW.replace(hour=22)
    WindowChange.objects.create(
        window=a_window(), starts_at=start, planned_end_at=start + 4 * HOUR, ends_at=start + 5 * HOUR, reason="more",
        changed_by="olga", changed_at=NOW,
    )  # fmt: skip
    tonight = next(entry for entry in entries(dba) if entry.starts_at == start)
    assert tonight.ends_at == start + 5 * HOUR
    assert tonight.note == "It ends at another time than was planned."


def test_what_is_off_is_not_in_the_calendar(dba: User) -> None:
    a_window(is_active=False)
    freeze = a_freeze()
    type(freeze.calendar).objects.update(is_active=False)
    assert entries(dba) == []


def test_what_cannot_be_read_is_named_and_hides_nothing_else(dba: User) -> None:
    a_window("Broken", rule="FREQ=SOMETIMES")
    a_window()
    a_freeze("Unreadable", time_zone="Mars/Olympus")
    found = agenda.agenda(dba, Chosen(), sheet(View.WEEK, SATURDAY), NOW, "UTC")
    assert found.unreadable == ["Broken"]
    assert {piece.entry.name for day in found.days for piece in day.pieces} == {"Night", "Unreadable"}
    assert all(any(piece.entry.name == "Unreadable" for piece in day.pieces) for day in found.days), "it holds always"
    assert only(dba, Kind.FREEZE).note.startswith("Its times cannot be read")


def test_an_outsider_sees_what_holds_for_their_own_databases_and_no_word_of_others(
    person: Callable[..., User], dba: User
) -> None:
    shop, theirs = target(), target("theirs", "Other")
    olga = person("olga", Role.DBA, tenant="Other")
    a_window("Ours", target=shop)
    a_window("Of all", environment="development")
    a_freeze("Of both", scopes=({"target": shop}, {"target": theirs}))
    a_freeze("Ours alone", scopes=({"tenant": shop.tenant},))
    to_come(shop)
    job("nightly", shop, next_run=NOW + HOUR, is_settled=True)
    assert names(olga) == {"Of all", "Of both"}
    assert only(olga, Kind.FREEZE).where == "database theirs"
    assert names(dba) == {"Ours", "Of all", "Of both", "Ours alone", "Index maintenance", "nightly"}
    assert {one.entry.name for one in agenda.coming(olga, NOW)} == {"Of all", "Of both"}


def test_the_calendar_is_narrowed_by_database_tag_and_tenant(person: Callable[..., User]) -> None:
    root = User.objects.create_superuser("root", "root@example.org", "x")
    shop, other = target(), target("other", "Other")
    tag = Tag.objects.create(name="finance")
    shop.tags.add(tag)
    a_window("Of shop", target=shop)
    a_window("Of the tag", tag=tag)
    a_window("Of the tenant", tenant=other.tenant)
    a_window("Of all")
    a_window("Of no database", environment="staging")
    a_freeze("Of other", scopes=({"target": other},))
    for place in (shop, other):
        to_come(place, strategy_name=f"WORK_{place}")
        job(f"job of {place}", place, next_run=NOW + HOUR, is_settled=True)
    job("job of home", None, next_run=NOW + HOUR, is_settled=True)
    of_shop = {"Of shop", "Of the tag", "Of all", "Work shop", "job of shop"}
    of_other = {"Of the tenant", "Of all", "Of other", "Work other", "job of other"}
    assert names(root) == of_shop | of_other | {"Of no database", "job of home"}
    assert names(root, Chosen(target=shop)) == of_shop
    assert names(root, Chosen(tag=tag)) == of_shop
    assert names(root, Chosen(tenant=other.tenant)) == of_other
    assert names(root, Chosen(tag=tag, tenant=other.tenant)) == set()
    assert names(root, Chosen(target=Target.objects.get(is_home=True))) == {"Of all", "job of home"}


def test_a_run_stands_where_its_window_lets_it_begin(dba: User) -> None:
    shop = target()
    a_window(target=shop)
    run = to_come(shop, p90_ms=HOUR_MS)
    found = only(dba, Kind.PLANNED)
    opens = NOW.replace(hour=22)
    assert (found.starts_at, found.ends_at, found.shuts_at) == (opens, opens + HOUR, opens + 4 * HOUR)
    assert found.note == "It waits for its window, or for the end of a freeze."
    JobRun.objects.filter(pk=run.pk).update(is_read_only=True)
    assert only(dba, Kind.PLANNED).starts_at == NOW + HOUR, "what only reads needs no window"


def test_a_run_that_outlasts_its_window_or_would_be_missed_says_so(dba: User) -> None:
    shop = target()
    a_window(target=shop)
    run = to_come(shop, p90_ms=6 * HOUR_MS, first_ms=HOUR_MS)
    found = only(dba, Kind.PLANNED)
    assert found.is_late
    assert "its window closes, or a freeze begins, Sun 29 Nov 02:00" in found.warning
    JobRun.objects.filter(pk=run.pk).update(start_before=NOW + 2 * HOUR)
    missed = only(dba, Kind.PLANNED)
    assert (missed.starts_at, missed.is_late) == (NOW + HOUR, False)
    assert "it would be missed" in missed.warning


def test_a_freeze_puts_a_run_off_and_a_backup_does_not(dba: User) -> None:
    shop = target()
    a_freeze("Backup", CalendarKind.BACKUP)
    to_come(shop, NOW + 10 * HOUR)
    assert only(dba, Kind.PLANNED).starts_at == NOW + 10 * HOUR
    a_freeze()
    assert Kind.PLANNED not in {entry.kind for entry in entries(dba)}, "it comes next week"
    assert only(dba, Kind.PLANNED, on=date(2026, 11, 30)).starts_at == NOW.replace(day=30, hour=0)


def test_plans_that_nobody_released_and_what_is_over_are_not_to_come(dba: User) -> None:
    shop = target()
    to_come(shop, is_released=False)
    to_come(shop, status=RunStatus.SUCCEEDED)
    to_come(shop, NOW + 30 * DAY)
    assert entries(dba) == []


def test_what_runs_lasts_until_now_and_as_long_as_is_expected(dba: User) -> None:
    shop = target()
    began = NOW - 2 * HOUR
    run = to_come(
        shop, began, status=RunStatus.RUNNING, started_at=began, claimed_at=began, p90_ms=3 * HOUR_MS,
        window_ends_at=NOW + HOUR / 2,
    )  # fmt: skip
    found = only(dba, Kind.RUNNING)
    assert (found.starts_at, found.ends_at, found.is_late) == (began, NOW + HOUR, True)
    JobRun.objects.filter(pk=run.pk).update(predicted={"p90_ms": HOUR_MS})
    slow = only(dba, Kind.RUNNING)
    assert (slow.ends_at, slow.note) == (NOW, "It takes longer than 9 of 10 such runs did.")
    JobRun.objects.filter(pk=run.pk).update(status=RunStatus.PAUSED, predicted=None)
    assert only(dba, Kind.RUNNING).note == "Paused."


def test_a_run_on_a_past_sheet_is_there_only_while_it_runs(dba: User) -> None:
    shop = target()
    began = NOW - 8 * DAY
    to_come(shop, began, status=RunStatus.RUNNING, started_at=began, claimed_at=began)
    to_come(shop, NOW - 8 * DAY)
    (found,) = entries(dba, on=began.date())
    assert found.kind is Kind.RUNNING


def test_a_job_is_due_each_day_and_told_once_a_day(dba: User) -> None:
    shop = target()
    job("daily", shop, next_run=NOW + 10 * HOUR, clock="0 1 * * * UTC", is_settled=True)
    job("hourly", shop, next_run=NOW + HOUR, clock="0 * * * * UTC", is_settled=True)
    job("each minute", shop, next_run=NOW + HOUR, clock="* * * * * UTC", is_settled=True)
    job("once", shop, next_run=NOW + HOUR, is_settled=True)
    job("unreadable", shop, next_run=NOW + HOUR, clock="never on Mars", is_settled=True)
    job("off", shop, next_run=NOW + HOUR, clock="0 1 * * * UTC", is_settled=True, is_active=False)
    found = entries(dba, on=date(2026, 12, 1))
    assert [(entry.starts_at.day, entry.times) for entry in found if entry.name == "daily"] == [
        (day, "") for day in (30, 1, 2, 3, 4, 5, 6)
    ]
    assert {entry.times for entry in found if entry.name == "hourly"} == {"24×"}
    assert {entry.times for entry in found if entry.name == "each minute"} == {"over 24×"}
    this_week = entries(dba)
    assert [entry.times for entry in this_week if entry.name == "hourly"] == ["8×", "24×"], "what is past is not due"
    assert len([entry for entry in this_week if entry.name == "once"]) == 1
    assert len([entry for entry in this_week if entry.name == "unreadable"]) == 1
    assert "off" not in {entry.name for entry in this_week}


def test_the_days_of_a_job_are_the_readers(dba: User) -> None:
    job("hourly", target(), next_run=NOW + HOUR, clock="0 * * * * UTC", is_settled=True)
    found = entries(dba, zone="Asia/Kolkata")  # 20:30 there
    assert [entry.times for entry in found] == ["3×", "24×"]


def test_a_due_instant_whose_run_is_prepared_stands_there_once(dba: User) -> None:
    shop = target()
    due = NOW + 10 * HOUR
    nightly = job("nightly", shop, next_run=due, prepared_for=due, clock="0 1 * * * UTC", is_settled=True)
    to_come(shop, due, job=nightly)
    found = [(entry.kind, entry.name, entry.starts_at) for entry in entries(dba)]
    assert found == [(Kind.PLANNED, "nightly", due)]
    later = [entry.kind for entry in entries(dba, on=date(2026, 11, 30), view=View.DAY)]
    assert later == [Kind.DUE]


def test_more_rows_cost_no_more_queries(dba: User) -> None:
    def count() -> int:
        with CaptureQueriesContext(connection) as queries:
            entries(dba, view=View.MONTH)
        return len(queries)

    shop = target()
    fill(shop, 1)
    count()  # who they are is read once
    before = count()
    for number in range(2, 6):
        fill(target(f"more-{number}"), number)
    assert count() == before <= 8


def fill(place: Target, number: int) -> None:
    a_window(f"Night {number}", target=place)
    a_freeze(f"Close {number}", scopes=({"target": place},))
    nightly = job(f"nightly {number}", place, next_run=NOW + HOUR, clock="0 1 * * * UTC", is_settled=True)
    to_come(place, job=nightly)


def test_where_there_is_more_work_than_is_shown_the_page_can_say_so(dba: User, monkeypatch: pytest.MonkeyPatch) -> None:
    shop = target()
    monkeypatch.setattr(upcoming, "MOST_JOBS", 2)

    def found() -> agenda.Agenda:
        return agenda.agenda(dba, Chosen(), sheet(View.DAY, SATURDAY), NOW, "UTC")

    for number in range(2):
        job(f"job {number}", shop, next_run=NOW + HOUR, is_settled=True)
    assert (found().count, found().is_cut) == (2, False)
    job("one more", shop, next_run=NOW + 2 * HOUR, is_settled=True)
    assert (found().count, found().is_cut) == (2, True)
    MaintenanceJob.objects.all().delete()
    monkeypatch.setattr(upcoming, "MOST_RUNS", 1)
    to_come(shop)
    to_come(shop, NOW + 2 * HOUR)
    assert (found().count, found().is_cut) == (1, True)


def test_a_table_lists_the_first_rows_only(dba: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agenda, "MOST_ROWS", 3)
    a_window()
    found = agenda.agenda(dba, Chosen(), sheet(View.WEEK, SATURDAY), NOW, "UTC")
    assert (found.count, found.is_listed_in_part) == (14, True)
    assert [len(day.pieces) for day in found.listed] == [2, 1]


def test_home_is_told_of_each_window_and_freeze_once_those_that_hold_first(dba: User) -> None:
    a_window()
    a_window("Open now", starts="2026-11-28T14:00", rule="")
    a_window("Over", starts="2026-11-27T14:00", rule="")
    a_freeze()
    a_freeze("Unreadable", rule="FREQ=SOMETIMES")
    a_freeze("Backup", CalendarKind.BACKUP)
    found = agenda.coming(dba, NOW)
    assert [(one.entry.name, one.is_now) for one in found] == [
        ("Open now", True), ("Unreadable", True), ("Night", False), ("Quarter close", False),
    ]  # fmt: skip
    assert [one.ends_at for one in found][:2] == [NOW + 3 * HOUR, None]


def test_the_end_of_the_calendar_can_be_looked_at(dba: User) -> None:
    a_window()
    job("daily", target(), next_run=NOW + HOUR, clock="0 1 * * * UTC", is_settled=True)
    to_come(target())
    found = entries(dba, view=View.MONTH, on=date(2099, 12, 31))
    assert {entry.kind for entry in found} == {Kind.WINDOW, Kind.DUE}


def test_an_entry_is_late_only_where_both_ends_are_known() -> None:
    entry = Entry(Kind.PLANNED, "x", "y", NOW, NOW + 2 * HOUR, 1, shuts_at=NOW + HOUR)
    assert entry.is_late
    assert not replace(entry, ends_at=None).is_late
    assert not replace(entry, shuts_at=None).is_late
    assert not replace(entry, shuts_at=datetime.max.replace(tzinfo=NOW.tzinfo) - timedelta(days=1)).is_late
