"""Asked again: for the plan as it stands, or for one that is made anew where it is old; never while a yes still counts."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from strategies import asking_again, consents, glass, runs, signing
from strategies.audit import Actor
from strategies.models import Approval, ApprovalState, AuditEntry, BreakGlass, JobRun, Origin, Role, RunStatus
from strategies.refused import Refused
from tests.consents import ANNA, production, somebody, waiting_for_people
from tests.jobs import a_job
from tests.pages import plan, step

DAY = timedelta(days=1)
pytestmark = pytest.mark.django_db


def sent_back(**values: object) -> JobRun:
    approval = waiting_for_people(production(), **values)
    bert = somebody("bert", Role.APPROVER)
    signing.send_back(approval.pk, bert, Actor("bert"), 0, "Later.", timezone.now())
    return JobRun.objects.select_related("target").get(pk=approval.run_id)


def test_what_was_sent_back_is_asked_again_and_the_last_question_counts() -> None:
    run, now = sent_back(), timezone.now()
    assert asking_again.ask_again(run, ANNA, now).pk == run.pk
    assert [row.state for row in Approval.objects.filter(run=run)] == [ApprovalState.ASKED, ApprovalState.SENT_BACK]
    assert AuditEntry.objects.filter(action="run.asked_again", actor="anna").count() == 1
    with pytest.raises(Refused):
        asking_again.ask_again(run, ANNA, now)


def test_whoever_asked_again_does_not_approve_it() -> None:
    run, now = sent_back(), timezone.now()
    dora = somebody("dora", Role.DBA, Role.APPROVER)
    asking_again.ask_again(run, Actor("dora"), now)
    approval = Approval.objects.get(run=run, state=ApprovalState.ASKED)
    with pytest.raises(Refused, match="You want this run yourself"):
        signing.approve(approval.pk, dora, Actor("dora"), 0, "", now)


@pytest.mark.parametrize("state", [ApprovalState.ASKED, ApprovalState.APPROVED])
def test_nobody_is_asked_twice_at_once_nor_after_a_yes_that_counts(state: ApprovalState) -> None:
    approval = waiting_for_people(production())
    Approval.objects.update(state=state)
    with pytest.raises(Refused):
        asking_again.ask_again(approval.run, ANNA, timezone.now())


def test_a_yes_that_is_past_is_asked_for_again() -> None:
    approval = waiting_for_people(production())
    Approval.objects.update(state=ApprovalState.APPROVED, not_after=timezone.now() - timedelta(minutes=1))
    asking_again.ask_again(approval.run, ANNA, timezone.now())
    assert Approval.objects.filter(state=ApprovalState.ASKED).count() == 1


def test_an_old_plan_is_planned_in_a_new_run_that_somebody_has_to_release() -> None:
    run, later = sent_back(), timezone.now() + 2 * DAY
    begun = asking_again.ask_again(run, ANNA, later)
    run.refresh_from_db()
    assert (run.status, begun.origin, begun.status, begun.is_released) == (
        RunStatus.CANCELLED, Origin.RETRY, RunStatus.PLANNED, False,
    )  # fmt: skip
    assert f"run {begun.pk}" in run.message


def test_the_run_of_a_job_keeps_its_due_time_and_is_planned_anew_itself(
    django_capture_on_commit_callbacks: object, wake_ups: list
) -> None:
    now = timezone.now()
    bound = now + 5 * DAY
    run = sent_back(start_before=bound, job=a_job(None))
    later = now + 2 * DAY
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        assert asking_again.ask_again(run, ANNA, later).pk == run.pk
    run.refresh_from_db()
    assert (run.status, run.planned_at, run.needs_approval, run.start_before) == (RunStatus.PLANNED, None, None, bound)
    assert ("plan_run", run.pk) in wake_ups
    assert runs.keep_plan(run, plan(step(1), step(7), target=run.target.name), later)
    run.refresh_from_db()
    asked = Approval.objects.filter(run=run).first()
    assert asked is not None
    assert (run.status, asked.state, run.needs_approval) == (RunStatus.WAITING, ApprovalState.ASKED, True)
    assert [one["key"] for one in asked.sealed["steps"]] == ["rebuild:orders_1", "rebuild:orders_7"]


def test_a_start_against_windows_that_two_people_wanted_ends_with_the_plan_for_which_they_wanted_it() -> None:
    now = timezone.now()
    run = sent_back(start_before=now + 5 * DAY, job=a_job(None))
    glass.agree(glass.ask(run, Actor("dora"), "The disk is full.", now + 2 * DAY), Actor("bert"), now + 2 * DAY)
    asking_again.ask_again(run, ANNA, now + 2 * DAY)
    assert BreakGlass.objects.get(run=run).ends_at == now + 2 * DAY
    assert AuditEntry.objects.filter(action="glass.ended").count() == 1


def test_an_undo_is_never_planned_anew() -> None:
    run = sent_back(origin=Origin.UNDO, is_undo=True)
    assert asking_again.ask_again(run, ANNA, timezone.now() + 30 * DAY).pk == run.pk


def test_after_an_open_seal_what_it_is_now_is_asked() -> None:
    approval = waiting_for_people(production())
    Approval.objects.update(state=ApprovalState.APPROVED)
    approval.refresh_from_db()
    consents.open_seal(approval, "ROOM does not hold.", timezone.now())
    run = asking_again.ask_again(approval.run, ANNA, timezone.now())
    assert Approval.objects.filter(run=run).first().state == ApprovalState.ASKED  # type: ignore[union-attr]
