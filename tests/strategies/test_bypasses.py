"""How the gates of others were walked round, replayed here: what was let in a moment ago is asked again when it is claimed."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from strategies import holds, runs
from strategies.audit import Actor
from strategies.models import (
    Approval,
    AuditEntry,
    Calendar,
    CalendarEntry,
    CalendarScope,
    JobRun,
    MaintenanceWindow,
    RunStatus,
    Tag,
    Target,
    Tenant,
)
from strategies.plans import Plan, Step

pytestmark = pytest.mark.django_db

ANNA = Actor("anna")
FRIDAY = datetime(2026, 11, 27, 22, 30, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def window() -> MaintenanceWindow:
    values = {"starts": "2026-11-06T22:00", "minutes": 240, "rule": "FREQ=WEEKLY;BYDAY=FR", "owner": "olga"}
    return MaintenanceWindow.objects.create(name="Fridays", **values)


@pytest.fixture
def ready(window: MaintenanceWindow) -> JobRun:
    """Let in on Friday night; its wake-up is on the way."""
    target = Target.objects.create(
        name="shop", platform="sqlite", url="sqlite:////nowhere/s.db", tenant=Tenant.objects.get(name="Main"), checked_at=FRIDAY
    )  # fmt: skip
    run = planned(target)
    assert runs.release(run, ANNA, run.plan_digest, FRIDAY)
    assert (run.status, run.window_id, run.window_ends_at) == (RunStatus.READY, window.pk, FRIDAY + 3.5 * HOUR)
    return run


def planned(target: Target) -> JobRun:
    step = Step(
        key="fix:a", operation_type="REBUILD", object="a", object_type="INDEX", statements=("x",), reason="broken"
    )
    plan = Plan(
        strategy="INDEX_MAINTENANCE", version="1", platform="sqlite", target="shop", parameters={}, steps=(step,)
    )
    run = runs.ask(ANNA, target, "INDEX_MAINTENANCE", FRIDAY, wake=False)
    assert runs.keep_plan(run, plan, FRIDAY)
    return run


def taken(run: JobRun, moment: datetime = FRIDAY) -> JobRun | None:
    Target.objects.filter(pk=run.target_id).update(checked_at=moment)
    return runs.claim(run.pk, "w", moment)


def codes(run: JobRun) -> list[str]:
    run.refresh_from_db()
    assert run.status == RunStatus.WAITING
    return [reason["code"] for reason in run.reasons]


def a_freeze(run: JobRun, window: MaintenanceWindow, **scope: Any) -> None:
    calendar = Calendar.objects.create(name="Finance", owner="fred")
    CalendarScope.objects.create(calendar=calendar, **scope)
    CalendarEntry.objects.create(calendar=calendar, name="Close", starts="2026-11-27T22:30", minutes=60)


def of_a_new_tag(run: JobRun, window: MaintenanceWindow) -> None:
    tag = Tag.objects.create(name="finance")
    a_freeze(run, window, tag=tag)
    run.target.tags.add(tag)


CHANGES: dict[str, tuple[Callable[[JobRun, MaintenanceWindow], object], str]] = {
    "the window was moved": (
        lambda run, window: MaintenanceWindow.objects.filter(pk=window.pk).update(starts="2026-11-06T23:00"), "window_closed",
    ),
    "the window was made shorter": (
        lambda run, window: MaintenanceWindow.objects.filter(pk=window.pk).update(minutes=30), "window_closed",
    ),
    "the window holds for others now": (
        lambda run, window: (
            MaintenanceWindow.objects.create(name="Never", starts="2020-01-01T00:00", minutes=1, owner="o", target=run.target),
            MaintenanceWindow.objects.filter(pk=window.pk).update(environment="production"),
        ), "window_closed",
    ),
    "the window can no longer be read": (
        lambda run, window: MaintenanceWindow.objects.filter(pk=window.pk).update(rule="FREQ=SOMETIMES"), "window_closed",
    ),
    "the window has no room any more": (
        lambda run, window: (
            MaintenanceWindow.objects.filter(pk=window.pk).update(capacity=1),
            JobRun.objects.create(
                due_key="other", strategy_name="OTHER", target=Target.objects.get(is_home=True), origin="page", asked_by="x",
                due_at=FRIDAY, status=RunStatus.RUNNING, window=window,
            ),
        ), "window_full",
    ),
    "a freeze was typed in": (a_freeze, "freeze"),
    "the database came to a group that is frozen": (of_a_new_tag, "freeze"),
    "a hold was placed": (lambda run, window: holds.place(ANNA, FRIDAY, "Audit week."), "hold"),
    "the database was switched off": (lambda run, window: Target.objects.filter(pk=run.target_id).update(is_active=False), "inactive"),
}  # fmt: skip


@pytest.mark.parametrize("what", CHANGES)
def test_what_was_changed_after_a_run_was_let_in_still_keeps_it_from_starting(
    what: str, ready: JobRun, window: MaintenanceWindow
) -> None:
    change, code = CHANGES[what]
    change(ready, window)
    assert taken(ready) is None
    assert codes(ready) == [code]


def test_without_such_a_change_it_starts(ready: JobRun) -> None:
    assert taken(ready) is not None


def test_a_ticket_from_before_a_weekend_down_starts_in_the_next_window_and_not_on_monday(ready: JobRun) -> None:
    monday = FRIDAY + 3 * DAY
    assert taken(ready, monday) is None
    assert codes(ready) == ["window_closed"]
    row = JobRun.objects.select_related("target", "job", "config").get(pk=ready.pk)
    assert not runs.ask_gate([row], monday, wake=False)[row.pk].may_start
    friday = FRIDAY + 7 * DAY
    Target.objects.update(checked_at=friday)
    row = JobRun.objects.select_related("target", "job", "config").get(pk=ready.pk)
    assert runs.ask_gate([row], friday, wake=False)[row.pk].may_start
    found = taken(ready, friday)
    assert found is not None
    assert (
        found.window_ends_at == FRIDAY + 7 * DAY + 3.5 * HOUR
    )  # of this Friday, not of the one for which it was let in


def test_a_run_that_was_extended_into_a_window_of_its_own_keeps_what_the_gate_said_at_the_claim(
    ready: JobRun, window: MaintenanceWindow
) -> None:
    """What stands on the run from when it was let in counts for nothing."""
    JobRun.objects.filter(pk=ready.pk).update(window_ends_at=FRIDAY + 30 * DAY)
    found = taken(ready)
    assert found is not None
    assert found.window_ends_at == FRIDAY + 3.5 * HOUR


@pytest.mark.django_db(transaction=True)
def test_fifty_clicks_on_release_ask_once_and_begin_one_run() -> None:
    target = Target.objects.create(
        name="shop", platform="sqlite", url="sqlite:////nowhere/s.db", tenant=Tenant.objects.get(name="Main"), checked_at=FRIDAY,
        environment="production",
    )  # fmt: skip
    run, won = planned(target), list[bool]()

    def click() -> None:
        try:
            won.append(
                runs.release(JobRun.objects.select_related("target").get(pk=run.pk), ANNA, run.plan_digest, FRIDAY)
            )
        finally:
            connection.close()

    threads = [threading.Thread(target=click) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert (len(won), sum(won)) == (50, 1)
    assert Approval.objects.filter(run=run).count() == 1
    assert AuditEntry.objects.filter(action="run.released").count() == 1
    assert JobRun.objects.count() == 1
