"""Reminders, escalation and the end of a question: each once, and only while it is asked."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from maintenance_portal import tasks
from strategies import approval_clock, approvals, runs
from strategies.approval_rules import next_reminder
from strategies.models import Approval, ApprovalState, AuditEntry, JobRun, RunStatus
from tests.consents import production, waiting_for_people
from tests.jobs import NOON

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def entries(action: str) -> int:
    return AuditEntry.objects.filter(action=action).count()


def asked(moment: datetime = NOON, *, due_in: timedelta = timedelta(0), late_in: timedelta | None = None) -> Approval:
    """Asked at `moment` about a run that is due, and too late, so much later."""
    start_before = None if late_in is None else moment + late_in
    approval = waiting_for_people(production(), moment=moment, start_before=start_before)
    if due_in:
        JobRun.objects.filter(pk=approval.run_id).update(due_at=moment + due_in)
        run = JobRun.objects.select_related("target").get(pk=approval.run_id)
        Approval.objects.filter(pk=approval.pk).delete()
        found = approvals.ask(run, runs.plan_of(run), moment)
        assert found is not None
        return found
    return approval


@pytest.mark.parametrize(
    ("not_before", "not_after", "instants"),
    [
        (0 * HOUR, 7 * DAY, [6 * DAY, 7 * DAY - 2 * HOUR]),
        (2 * DAY, 2 * DAY + HOUR, [DAY, DAY + HOUR, 2 * DAY - 2 * HOUR, 2 * DAY - HOUR]),
        (3 * HOUR, 4 * HOUR, [HOUR, 2 * HOUR]),
        (timedelta(0), HOUR, []),
    ],
)
def test_reminders_come_a_day_and_two_hours_before_it_starts_and_before_it_is_too_late(
    not_before: timedelta, not_after: timedelta, instants: list[timedelta]
) -> None:
    found, moment = [], NOON
    while (after := next_reminder(NOON, NOON + not_before, NOON + not_after, moment)) is not None:
        found.append(after - NOON)
        moment = after
    assert found == instants


@pytest.mark.django_db
class TestTheClock:
    def test_nobody_said_yes_in_time(self) -> None:
        approval = asked()
        assert approval_clock.expire(approval.not_after) == 0
        late = approval.not_after + timedelta(seconds=1)
        assert (approval_clock.expire(late), approval_clock.expire(late)) == (1, 0)
        approval.refresh_from_db()
        assert (approval.state, approval.decided_at) == (ApprovalState.EXPIRED, late)
        assert entries("approval.expired") == 1

    def test_what_was_approved_does_not_expire(self) -> None:
        approval = asked()
        Approval.objects.filter(pk=approval.pk).update(state=ApprovalState.APPROVED)
        assert approval_clock.expire(approval.not_after + DAY) == 0

    def test_each_reminder_comes_once_and_after_a_pause_one_stands_for_all(self) -> None:
        approval = asked(due_in=2 * DAY, late_in=2 * DAY + HOUR)
        assert approval_clock.remind(NOON + DAY - HOUR) == 0
        assert (approval_clock.remind(NOON + DAY), approval_clock.remind(NOON + DAY)) == (1, 0)
        assert approval_clock.remind(NOON + 2 * DAY - HOUR / 2) == 1, "three were due"
        approval.refresh_from_db()
        assert (approval.reminded, approval.remind_at) == (2, None)
        assert entries("approval.reminded") == 2

    def test_two_hours_before_its_start_managers_may_step_in(self) -> None:
        asked(due_in=2 * DAY, late_in=2 * DAY + HOUR)
        assert approval_clock.escalate(NOON + 2 * DAY - 2 * HOUR - timedelta(seconds=1)) == 0
        moment = NOON + 2 * DAY - 2 * HOUR
        assert (approval_clock.escalate(moment), approval_clock.escalate(moment)) == (1, 0)
        assert Approval.objects.get().is_escalated
        assert entries("approval.escalated") == 1

    def test_what_may_start_at_once_is_escalated_before_it_is_too_late(self) -> None:
        approval = asked()
        assert approval_clock.escalate(NOON + DAY) == 0
        assert approval_clock.escalate(approval.not_after - HOUR) == 1

    def test_one_that_fails_keeps_none_of_the_others(self, monkeypatch: pytest.MonkeyPatch) -> None:
        rows = [waiting_for_people(production(f"t{n}"), moment=NOON) for n in range(3)]
        real = approval_clock._row

        def broken(pk: int) -> Approval:
            if pk == rows[1].pk:
                raise ValueError("broken")
            return real(pk)

        monkeypatch.setattr(approval_clock, "_row", broken)
        approval_clock.expire(NOON + 8 * DAY)
        states = [Approval.objects.get(pk=row.pk).state for row in rows]
        assert states == [ApprovalState.EXPIRED, ApprovalState.ASKED, ApprovalState.EXPIRED]

    def test_runs_that_waited_before_anybody_was_asked_are_asked_about(self) -> None:
        approval = asked()
        Approval.objects.all().delete()
        begun = waiting_for_people(production("begun"), moment=NOON).run
        JobRun.objects.filter(pk=approval.run_id).update(needs_approval=None)
        JobRun.objects.filter(pk=begun.pk).update(needs_approval=None, started_at=NOON)
        Approval.objects.filter(run=begun).delete()
        assert (approval_clock.ask_undecided(NOON), approval_clock.ask_undecided(NOON)) == (1, 0)
        assert Approval.objects.get().run_id == approval.run_id

    @pytest.mark.parametrize("kept", [None, {"kept": "otherwise"}])
    def test_one_whose_plan_cannot_be_read_ends_and_keeps_none_of_the_others_from_it(
        self, monkeypatch: pytest.MonkeyPatch, kept: Any
    ) -> None:
        broken, sound = asked().run, waiting_for_people(production("second"), moment=NOON).run
        Approval.objects.all().delete()
        JobRun.objects.update(needs_approval=None)
        JobRun.objects.filter(pk=broken.pk).update(plan=kept)
        monkeypatch.setattr(approval_clock, "MOST", 1)
        assert (approval_clock.ask_undecided(NOON), approval_clock.ask_undecided(NOON)) == (1, 1)
        broken.refresh_from_db()
        assert (broken.status, broken.error_code) == (RunStatus.FAILED, "plan_unreadable")
        assert Approval.objects.get().run_id == sound.pk

    def test_the_tick_does_all_of_it(self) -> None:
        approval, now = asked(timezone.now()), timezone.now()
        tasks.tick(now + 7 * DAY - HOUR)
        approval.refresh_from_db()
        assert (approval.reminded, approval.is_escalated) == (1, True)
        tasks.tick(now + 7 * DAY + HOUR)
        approval.refresh_from_db()
        assert approval.state == ApprovalState.EXPIRED
        run = JobRun.objects.get(pk=approval.run_id)
        assert run.status == RunStatus.WAITING
        assert any("Nobody approved it" in reason["sentence"] for reason in run.reasons)
