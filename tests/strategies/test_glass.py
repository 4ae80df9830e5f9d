"""Break-glass: two people let a run start against windows, freezes and holds; kept is what stood against it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from strategies import endings, glass, holds, runs
from strategies.audit import Actor
from strategies.gate_values import Reason
from strategies.models import (
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
from strategies.plans import Plan, Step
from strategies.refused import Refused

pytestmark = pytest.mark.django_db

ANNA, BERT, CLEO = Actor("anna"), Actor("bert"), Actor("cleo")
NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def run() -> JobRun:
    """Anna's, released; the only window of its database opens at night, and everything is held."""
    target = Target.objects.create(
        name="shop", platform="sqlite", url="sqlite:////nowhere/s.db", tenant=Tenant.objects.get(name="Main"), checked_at=NOW
    )  # fmt: skip
    MaintenanceWindow.objects.create(
        name="Night", starts="2026-11-01T01:00", minutes=60, rule="FREQ=DAILY", owner="olga"
    )
    calendar = Calendar.objects.create(name="Finance", owner="fred")
    CalendarScope.objects.create(calendar=calendar)
    CalendarEntry.objects.create(calendar=calendar, name="Close", starts="2026-11-26T00:00", minutes=1440)
    holds.place(CLEO, NOW, "Audit week.")
    return released(target)


def released(target: Target) -> JobRun:
    step = Step(
        key="fix:a", operation_type="REBUILD", object="a", object_type="INDEX", statements=("x",), reason="broken"
    )
    plan = Plan(
        strategy="INDEX_MAINTENANCE", version="1", platform="sqlite", target="shop", parameters={}, steps=(step,)
    )
    found = runs.ask(ANNA, target, "INDEX_MAINTENANCE", NOW, wake=False)
    runs.keep_plan(found, plan, NOW)
    assert runs.release(found, ANNA, found.plan_digest, NOW)
    return found


def claimed(run: JobRun, moment: datetime = NOW) -> JobRun | None:
    Target.objects.filter(pk=run.target_id).update(checked_at=moment)
    row = JobRun.objects.select_related("target", "job", "config").get(pk=run.pk)
    runs.ask_gate([row], moment, wake=False)
    return runs.claim(run.pk, "w", moment)


def codes(run: JobRun) -> list[str]:
    run.refresh_from_db()
    return [reason["code"] for reason in run.reasons]


def test_one_person_alone_lets_nothing_start(run: JobRun) -> None:
    glass.ask(run, ANNA, "The shop is down.", NOW)
    assert claimed(run) is None
    assert codes(run) == ["hold", "freeze", "window_closed"]


@pytest.mark.parametrize("second", ["anna", "cli:anna", "Anna", "bert", "cli:bert"])
def test_neither_who_asked_for_it_nor_who_wants_the_run_is_the_second_person(run: JobRun, second: str) -> None:
    row = glass.ask(run, BERT, "The shop is down.", NOW)
    with pytest.raises(Refused):
        glass.agree(row, Actor(second), NOW)
    assert claimed(run) is None


def test_with_a_second_person_it_starts_and_it_is_kept_against_what(run: JobRun) -> None:
    row = glass.ask(run, ANNA, "The shop is down.", NOW)
    glass.agree(row, BERT, NOW)
    taken = claimed(run)
    assert taken is not None
    assert (taken.window_id, taken.window_ends_at) == (None, None)
    row.refresh_from_db()
    assert [reason["code"] for reason in row.overrode] == ["hold", "freeze", "window_closed"]
    assert row.used_at == NOW
    actions = AuditEntry.objects.filter(action__startswith="glass.").order_by("pk").values_list("action", "actor")
    assert list(actions) == [("glass.asked", "anna"), ("glass.agreed", "bert"), ("glass.used", "portal")]


def test_it_is_used_once(run: JobRun) -> None:
    glass.agree(glass.ask(run, ANNA, "The shop is down.", NOW), BERT, NOW)
    assert claimed(run) is not None
    JobRun.objects.filter(pk=run.pk).update(status=RunStatus.WAITING)
    assert claimed(run) is None


def test_it_counts_for_four_hours_and_for_one_run(run: JobRun) -> None:
    row = glass.ask(run, ANNA, "The shop is down.", NOW)
    glass.agree(row, BERT, NOW)
    assert claimed(released(run.target)) is None
    assert row.ends_at == NOW + 4 * HOUR
    assert claimed(run, NOW + 4 * HOUR) is None
    assert claimed(run, NOW + 4 * HOUR - timedelta(microseconds=1)) is not None


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"environment": "production"}, "not_approved"),
        ({"is_active": False}, "inactive"),
        ({"stopped_at": NOW, "stopped_why": "28P01"}, "stopped"),
        ({"check_error": "no route"}, "unreachable"),
        ({"missing_rights": [{"right": "MAINTAIN"}]}, "missing_right"),
        ({"facts": {"is_writable": False}}, "read_only"),
    ],
)
def test_it_never_overrides_a_right_the_sign_in_or_an_approval(run: JobRun, change: dict[str, Any], code: str) -> None:
    Target.objects.filter(pk=run.target_id).update(**change)
    if code == "not_approved":
        run = released(Target.objects.get(pk=run.target_id))
    glass.agree(glass.ask(run, ANNA, "The shop is down.", NOW), BERT, NOW)
    assert claimed(run) is None
    assert codes(run) == [code]


def test_it_never_overrides_another_run_of_the_same_work(run: JobRun) -> None:
    other = released(run.target)
    JobRun.objects.filter(pk=other.pk).update(status=RunStatus.RUNNING)
    glass.agree(glass.ask(run, ANNA, "The shop is down.", NOW), BERT, NOW)
    assert claimed(run) is None
    assert codes(run) == ["overlap", "cap"]


def test_it_is_asked_for_once_with_a_reason_and_agreed_to_once(run: JobRun) -> None:
    with pytest.raises(Refused, match="why"):
        glass.ask(run, ANNA, "  ", NOW)
    row = glass.ask(run, ANNA, "The shop is down.", NOW)
    with pytest.raises(Refused, match="already"):
        glass.ask(run, CLEO, "The shop is down!", NOW)
    glass.agree(row, BERT, NOW)
    with pytest.raises(Refused, match="already"):
        glass.agree(row, CLEO, NOW)
    assert BreakGlass.objects.get().second == "bert"


def test_agreed_too_late_it_does_not_count(run: JobRun) -> None:
    row = glass.ask(run, ANNA, "The shop is down.", NOW)
    with pytest.raises(Refused, match="over"):
        glass.agree(row, BERT, row.ends_at)


@pytest.mark.parametrize("status", [RunStatus.RUNNING, RunStatus.SUCCEEDED, RunStatus.CANCELLED])
def test_what_has_begun_or_is_over_needs_none(run: JobRun, status: RunStatus) -> None:
    JobRun.objects.filter(pk=run.pk).update(status=status, started_at=NOW if status == RunStatus.RUNNING else None)
    with pytest.raises(Refused, match="begun"):
        glass.ask(run, ANNA, "The shop is down.", NOW)


def test_a_start_that_was_put_back_before_anything_began_uses_none_up(run: JobRun) -> None:
    row = glass.ask(run, ANNA, "The shop is down.", NOW)
    glass.agree(row, BERT, NOW)
    taken = claimed(run)
    assert taken is not None
    assert endings.back_to_gate(taken, taken.fencing_token, Reason("busy", "shop is busy.", "Again soon."), NOW)
    row.refresh_from_db()
    assert (row.used_at, row.overrode) == (None, [])
    assert claimed(run, NOW + HOUR) is not None
    assert AuditEntry.objects.filter(action__in=["glass.used", "glass.kept"]).count() == 3


def test_what_had_begun_has_used_it_up(run: JobRun) -> None:
    row = glass.ask(run, ANNA, "The shop is down.", NOW)
    glass.agree(row, BERT, NOW)
    taken = claimed(run)
    assert taken is not None
    taken.worked_ms = 5
    assert endings.back_to_gate(taken, taken.fencing_token, Reason("busy", "shop is busy.", "Again soon."), NOW)
    row.refresh_from_db()
    assert row.used_at == NOW
