"""What is at work heeds a freeze that was typed in meanwhile, and a window that was made shorter."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from maintenance_portal import tasks
from strategies import run_ends
from strategies.models import (
    ACTIVE,
    AuditEntry,
    BreakGlass,
    Calendar,
    CalendarEntry,
    CalendarScope,
    JobRun,
    MaintenanceWindow,
    RunStatus,
    Target,
    Tenant,
)

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 28, 23, tzinfo=UTC)
HOUR = timedelta(hours=1)


def a_target(name: str = "shop") -> Target:
    return Target.objects.create(
        name=name, platform="sqlite", url=f"sqlite:////nowhere/{name}.db", tenant=Tenant.objects.get(name="Main")
    )


def at_work(target: Target, **values: Any) -> JobRun:
    known = {"status": RunStatus.RUNNING, "started_at": NOW - HOUR, "is_read_only": False, "origin": "page"}
    return JobRun.objects.create(
        due_key=f"x:{JobRun.objects.count()}", strategy_name="INDEX_MAINTENANCE", target=target, asked_by="anna",
        due_at=NOW - HOUR, **{**known, **values},
    )  # fmt: skip


def a_night(target: Target, minutes: int = 240) -> MaintenanceWindow:
    return MaintenanceWindow.objects.create(
        name="Night", target=target, starts="2026-11-20T22:00", minutes=minutes, rule="FREQ=DAILY", owner="olga"
    )


def in_window(window: MaintenanceWindow) -> dict[str, Any]:
    return {"window": window, "window_starts_at": NOW - HOUR, "window_ends_at": NOW + 3 * HOUR}


def a_freeze(target: Target, starts: datetime, minutes: int = 60) -> CalendarEntry:
    calendar = Calendar.objects.create(name="Finance", owner="fred")
    CalendarScope.objects.create(calendar=calendar, target=target)
    return CalendarEntry.objects.create(
        calendar=calendar, name="Close", starts=f"{starts:%Y-%m-%dT%H:%M}", minutes=minutes
    )


def end_of(run: JobRun) -> datetime | None:
    run_ends.bring_forward(NOW)
    run.refresh_from_db()
    return run.window_ends_at


@pytest.mark.parametrize("starts", [NOW - HOUR / 2, NOW, NOW + HOUR])
def test_a_freeze_that_was_typed_in_ends_it_when_it_begins(starts: datetime) -> None:
    target = a_target()
    run = at_work(target)
    a_freeze(target, starts)
    assert end_of(run) == max(starts, NOW)
    assert end_of(run) == max(starts, NOW)
    (entry,) = AuditEntry.objects.filter(action="run.end_moved")
    assert (entry.before, entry.after) == ({"ends_at": None}, {"ends_at": max(starts, NOW).isoformat()})


def test_within_its_window_too() -> None:
    target = a_target()
    run = at_work(target, **in_window(a_night(target)))
    a_freeze(target, NOW + HOUR)
    assert end_of(run) == NOW + HOUR


@pytest.mark.parametrize("status", ACTIVE)
def test_at_each_stage_of_its_work(status: RunStatus) -> None:
    target = a_target()
    a_freeze(target, NOW)
    assert end_of(at_work(target, status=status)) == NOW


@pytest.mark.parametrize("minutes", [90, 60, 30])
def test_a_window_that_was_made_shorter_ends_it_sooner(minutes: int) -> None:
    target = a_target()
    window = a_night(target)
    run = at_work(target, **in_window(window))
    assert end_of(run) == NOW + 3 * HOUR
    MaintenanceWindow.objects.filter(pk=window.pk).update(minutes=minutes)
    assert end_of(run) == max(NOW, NOW - HOUR + timedelta(minutes=minutes))


def test_a_window_that_can_no_longer_be_read_ends_it_now() -> None:
    target = a_target()
    window = a_night(target)
    run = at_work(target, **in_window(window))
    MaintenanceWindow.objects.filter(pk=window.pk).update(rule="FREQ=SOMETIMES")
    assert end_of(run) == NOW


def test_a_window_that_was_made_longer_takes_somebody_who_may_extend_it() -> None:
    target = a_target()
    window = a_night(target)
    run = at_work(target, **in_window(window))
    MaintenanceWindow.objects.filter(pk=window.pk).update(minutes=600)
    assert end_of(run) == NOW + 3 * HOUR


def test_in_the_grace_after_its_end_nothing_is_moved() -> None:
    target = a_target()
    run = at_work(target, **in_window(a_night(target, 60)))
    JobRun.objects.filter(pk=run.pk).update(window_ends_at=NOW - timedelta(minutes=1))
    assert end_of(run) == NOW - timedelta(minutes=1)
    assert not AuditEntry.objects.filter(action="run.end_moved").exists()


def test_what_only_reads_goes_on_and_so_does_what_two_people_let_start() -> None:
    target = a_target()
    reads, broken = at_work(target, is_read_only=True), at_work(target)
    BreakGlass.objects.create(
        run=broken, reason="fire", asked_by="bert", asked_at=NOW, second="cleo", second_at=NOW, used_at=NOW, ends_at=NOW + HOUR
    )  # fmt: skip
    a_freeze(target, NOW)
    assert (end_of(reads), end_of(broken)) == (None, None)


def test_freezes_of_others_end_nothing() -> None:
    run = at_work(a_target())
    a_freeze(a_target("other"), NOW)
    assert end_of(run) is None


def test_the_tick_does_so_each_second() -> None:
    target, now = a_target(), timezone.now()
    run = at_work(target, heartbeat_at=now, lease_until=now + HOUR)
    a_freeze(target, now - timedelta(minutes=5))
    tasks.tick(now)
    run.refresh_from_db()
    assert run.window_ends_at == now
