"""What was left when a window closed goes on as a run of its own: neither forgotten nor done twice."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.utils import timezone

from strategies import continuing, endings, runs
from strategies.audit import Actor
from strategies.endings import Finish
from strategies.models import AuditEntry, JobRun, Origin, RunStatus, Stop, Target, Tenant
from strategies.plans import Plan, Step
from strategies.runs import plan_of
from strategies.workers import WorkerIdentity
from tests import scripted
from tests.scripted import World

pytestmark = pytest.mark.django_db

ANNA, OVER = Actor("anna"), Finish(RunStatus.CONTINUED, "Its window is over.")


def a_step(name: str, *after: str) -> Step:
    return Step(
        key=name, operation_type="REBUILD", object=name, object_type="TABLE", statements=(f"fix {name}",), reason="broken",
        after=after, undo=(f"break {name}",),
    )  # fmt: skip


STEPS = (a_step("a"), a_step("a2", "a"), a_step("a3", "a2"), a_step("b"), a_step("b2", "b"))


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> JobRun:
    """At work, with nothing done."""
    scripted.install(monkeypatch, World())
    target = Target.objects.create(
        name="shop", platform="scripted", url="scripted://x", tenant=Tenant.objects.get(name="Main"), checked_at=timezone.now()
    )  # fmt: skip
    values = {"parameters": {"retries": 1}, "is_released": True, "wake": False, "timeout_seconds": 77}
    found = runs.ask(ANNA, target, "CLEANUP_MAINTENANCE", timezone.now(), **values)  # type: ignore[arg-type]
    plan = Plan(
        strategy="CLEANUP_MAINTENANCE", version="1", platform="scripted", target="shop", parameters=found.parameters, steps=STEPS
    )  # fmt: skip
    assert runs.keep_plan(found, plan, timezone.now())
    runs.ask_gate([found], timezone.now(), wake=False)
    taken = runs.claim(found.pk, WorkerIdentity.current().text, timezone.now())
    assert taken is not None
    return taken


def logged(run: JobRun, status: str, *keys: str) -> None:
    for key in keys:
        run.operations.create(strategy_name=run.strategy_name, status=status, step_key=key, target=run.target)


def left(rest: JobRun | None) -> list[tuple[str, tuple[str, ...]]]:
    assert rest is not None
    return [(step.key, step.after) for step in plan_of(rest).steps]


def test_the_rest_of_the_steps_goes_on_released_with_the_same_limits(run: JobRun) -> None:
    logged(run, "SUCCESS", "a")
    logged(run, "INFO", "b")  # not needed
    logged(run, "CANCELLED", "a2")
    rest = continuing.carry_over(run, OVER, set(), timezone.now())
    assert left(rest) == [("a2", ()), ("a3", ("a2",)), ("b2", ())]
    assert rest is not None
    assert (rest.origin, rest.parent_id, rest.status) == (Origin.CONTINUE, run.pk, RunStatus.WAITING)
    assert (rest.parameters, rest.timeout_seconds, rest.asked_by) == (run.parameters, 77, "portal")
    run.refresh_from_db()
    assert (run.status, run.awaits_handling) == (RunStatus.CONTINUED, False)
    assert AuditEntry.objects.filter(action="run.continued").count() == 1


def test_what_was_used_of_the_budget_stays_used_in_the_rest_and_a_resumed_run_begins_anew(run: JobRun) -> None:
    JobRun.objects.filter(pk=run.pk).update(used={"database_ms": 700, "io_operations": 9, "lock_ms": 0})
    rest = continuing.carry_over(run, OVER, set(), timezone.now())
    assert rest is not None
    rest.refresh_from_db()
    assert rest.used == {"database_ms": 700, "io_operations": 9, "lock_ms": 0}
    assert continuing.successor(run, ANNA, timezone.now(), Origin.RESUME).used is None


def test_what_failed_is_not_left_nor_is_what_was_to_come_after_it(run: JobRun) -> None:
    """Else the old object could be dropped although the new one was never made."""
    logged(run, "ERROR", "a")
    rest = continuing.carry_over(run, Finish(RunStatus.FAILED, "Its window is over."), {"a"}, timezone.now())
    assert left(rest) == [("b", ()), ("b2", ("b",))]
    run.refresh_from_db()
    assert run.awaits_handling


def test_where_nothing_is_left_nothing_goes_on(run: JobRun) -> None:
    logged(run, "SUCCESS", "b", "b2")
    assert continuing.carry_over(run, OVER, {"a"}, timezone.now()) is None
    assert JobRun.objects.count() == 1
    run.refresh_from_db()
    assert run.status == RunStatus.CONTINUED


def test_a_run_that_somebody_else_has_by_now_is_not_carried_over(run: JobRun) -> None:
    JobRun.objects.filter(pk=run.pk).update(fencing_token=99)
    assert continuing.carry_over(run, OVER, set(), timezone.now()) is None
    assert JobRun.objects.get().status == RunStatus.RUNNING


def test_what_goes_wrong_with_the_rest_leaves_the_run_as_it_was(run: JobRun, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "keep_plan", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        continuing.carry_over(run, OVER, set(), timezone.now())
    assert JobRun.objects.get().status == RunStatus.RUNNING


def test_the_rest_of_an_undo_is_an_undo(run: JobRun) -> None:
    JobRun.objects.filter(pk=run.pk).update(is_undo=True)
    run.refresh_from_db()
    rest = continuing.carry_over(run, OVER, set(), timezone.now())
    assert rest is not None
    assert rest.is_undo


def test_the_rest_can_be_cancelled_like_any_other(run: JobRun) -> None:
    rest = continuing.carry_over(run, OVER, set(), timezone.now())
    assert rest is not None
    assert endings.ask_stop(rest, ANNA, Stop.CANCEL, timezone.now() + timedelta(seconds=1))
    assert rest.status == RunStatus.CANCELLED


@pytest.mark.django_db(transaction=True)
def test_of_two_who_carry_over_at_once_one_does(run: JobRun) -> None:
    from django.db import connection

    found: list[JobRun | None] = []

    def carry() -> None:
        try:
            found.append(continuing.carry_over(JobRun.objects.get(pk=run.pk), OVER, set(), timezone.now()))
        finally:
            connection.close()

    threads = [threading.Thread(target=carry) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sum(rest is not None for rest in found) == 1
    assert JobRun.objects.filter(origin=Origin.CONTINUE).count() == 1
