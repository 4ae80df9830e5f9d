"""Events: each job that listens runs once for an announcement, and none of them keeps the others from it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from django.db import OperationalError, transaction

from strategies import due_runs, events
from strategies.audit import Actor
from strategies.models import AuditEntry, Event, JobRun, MaintenanceJob, Origin, Role, RunStatus, Target, Tenant
from tests import jobs as rows
from tests import scripted
from tests.jobs import MINUTE, NOON, a_config, settled
from tests.scripted import World

pytestmark = pytest.mark.django_db(transaction=True)

ANNA = Actor("anna")


@pytest.fixture
def target(monkeypatch: pytest.MonkeyPatch) -> Target:
    scripted.install(monkeypatch, World(needs={"a"}))
    return a_target("shop", "Main")


def a_target(name: str, tenant: str) -> Target:
    owner = Tenant.objects.get_or_create(name=tenant)[0]
    return Target.objects.create(name=name, platform="scripted", url=f"scripted://{name}", tenant=owner)


def listener(target: Target, name: str, event: str = "LOAD_DONE", **values: Any) -> MaintenanceJob:
    return rows.a_job(target, name, "EVENT_DRIVEN", strategy_id="CLEANUP_MAINTENANCE", schedule_value=event, **values)


def begun(emitted: events.Emitted) -> list[int | None]:
    return [run.job_id for run in emitted.runs]


def left(emitted: events.Emitted) -> dict[str, str]:
    return {job.job_name: why for job, why in emitted.left}


def test_an_event_starts_each_job_that_listens_once(target: Target) -> None:
    one = listener(target, "ONE")
    listener(target, "OTHER", "LOAD_FAILED")
    listener(target, "OFF", is_active=False)
    emitted = events.emit(ANNA, "load_done", NOON)
    assert begun(emitted) == [one.pk]
    (run,) = emitted.runs
    assert (run.origin, run.is_released, run.asked_by) == (Origin.EVENT, True, "anna")
    assert JobRun.objects.get().status == RunStatus.PLANNED
    one.refresh_from_db()
    assert one.last_due == NOON
    assert begun(events.emit(ANNA, "LOAD_DONE", NOON + MINUTE)) == [one.pk]
    assert JobRun.objects.count() == 2


@pytest.mark.parametrize("typed", [" LOAD_DONE", "load_done ", "\tLoad_Done\n"])
@pytest.mark.parametrize("said", ["LOAD_DONE", " load_done "])
def test_capitals_and_spaces_around_make_no_other_event(typed: str, said: str, target: Target) -> None:
    job = listener(target, "ONE", typed)
    assert begun(events.emit(ANNA, said, NOON)) == [job.pk]


def test_listeners_that_are_set_aside_are_told_with_the_reason_and_begin_nothing(target: Target) -> None:
    fine = listener(target, "FINE")
    listener(target, "WRONG", job_parameters={"x": 1})
    listener(target, "MISSING", depends_on_jobs="99999")
    one = listener(target, "ONE")
    two = listener(target, "TWO", depends_on_jobs=str(one.pk))
    MaintenanceJob.objects.filter(pk=one.pk).update(depends_on_jobs=str(two.pk))
    a_config(target, strategy_id="CLEANUP_MAINTENANCE", target_object="by_hand", execution_mode="MANUAL")
    listener(target, "BY_HAND", target_object="by_hand")
    emitted = events.emit(ANNA, "LOAD_DONE", NOON)
    assert begun(emitted) == [fine.pk]
    why = left(emitted)
    assert set(why) == {"WRONG", "MISSING", "ONE", "TWO", "BY_HAND"}
    assert why["WRONG"].startswith("job_parameters: ")
    assert why["MISSING"] == "depends_on_jobs: There is no job 99999."
    assert "wait for each other" in why["ONE"]
    assert "execution mode MANUAL" in why["BY_HAND"]
    assert JobRun.objects.count() == 1


def test_a_listener_on_which_the_portal_fails_keeps_none_of_the_others_from_it(
    target: Target, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    first, broken, last = (listener(target, name) for name in ("FIRST", "BROKEN", "LAST"))
    begin = due_runs.begin

    def failing(actor: Actor, run: JobRun) -> JobRun:
        found = begin(actor, run)
        if run.job_id == broken.pk:
            raise RuntimeError("a fault of the portal")
        return found

    monkeypatch.setattr(due_runs, "begin", failing)
    emitted = events.emit(ANNA, "LOAD_DONE", NOON)
    assert begun(emitted) == [first.pk, last.pk]
    assert left(emitted) == {"BROKEN": "The portal itself failed on this row; its log says where."}
    assert set(JobRun.objects.values_list("job", flat=True)) == {first.pk, last.pk}
    assert "a fault of the portal" in caplog.text


def test_where_the_database_gives_way_nothing_is_announced(target: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    listener(target, "FIRST")

    def locked(*_: Any) -> None:
        raise OperationalError("database is locked")

    monkeypatch.setattr(due_runs, "begin", locked)
    with pytest.raises(OperationalError):
        events.emit(ANNA, "LOAD_DONE", NOON)
    assert not Event.objects.exists()
    assert not AuditEntry.objects.filter(action="event.emitted").exists()


def breaking(monkeypatch: pytest.MonkeyPatch, *jobs: MaintenanceJob) -> None:
    """The database gives way at these jobs."""
    begin, broken = due_runs.begin, {job.pk for job in jobs}

    def give_way(actor: Actor, run: JobRun) -> JobRun:
        if run.job_id in broken:
            raise OperationalError("database is locked")
        return begin(actor, run)

    monkeypatch.setattr(due_runs, "begin", give_way)


def test_trouble_of_the_database_that_one_listener_meets_keeps_none_of_the_others_from_it(
    target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, broken, last = (listener(target, name) for name in ("FIRST", "BROKEN", "LAST"))
    breaking(monkeypatch, broken)
    emitted = events.emit(ANNA, "LOAD_DONE", NOON)
    assert begun(emitted) == [first.pk, last.pk]
    assert left(emitted) == {"BROKEN": "The portal's database gave way before its turn: start it by hand."}


def test_many_listeners_begin_in_parts_and_those_that_the_database_kept_from_it_are_told(
    target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events.batches, "SIZE", 2)
    jobs = [listener(target, f"JOB{number}") for number in range(5)]
    pks = [job.pk for job in jobs]
    assert begun(events.emit(ANNA, "LOAD_DONE", NOON)) == pks
    with monkeypatch.context() as patched:
        breaking(patched, jobs[2], jobs[3])
        emitted = events.emit(ANNA, "LOAD_DONE", NOON + MINUTE)
    assert begun(emitted) == pks[:2]
    assert left(emitted) == dict.fromkeys(
        ("JOB2", "JOB3", "JOB4"), "It has its turn within minutes, by the portal's clock."
    )
    assert ran_at(NOON + MINUTE) == pks[:2]
    assert events.go_on(NOON + 2 * MINUTE) == 3
    assert ran_at(NOON + MINUTE) == pks
    assert events.go_on(NOON + 3 * MINUTE) == 0


def ran_at(due: datetime) -> list[int | None]:
    return list(JobRun.objects.filter(due_at=due).order_by("pk").values_list("job", flat=True))


class Killed(BaseException):
    """What the process would not live to handle."""


def test_what_a_killed_announcement_leaves_has_its_turn_by_the_clock_and_nothing_runs_twice(
    target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs = [listener(target, f"JOB{number}") for number in range(events.batches.SIZE + 3)]
    begin = due_runs.begin

    def dying(actor: Actor, run: JobRun) -> JobRun:
        if run.job_id == jobs[-2].pk:
            raise Killed
        return begin(actor, run)

    with monkeypatch.context() as patched, pytest.raises(Killed):
        patched.setattr(due_runs, "begin", dying)
        events.emit(ANNA, "LOAD_DONE", NOON)
    assert len(ran_at(NOON)) == events.batches.SIZE
    listener(target, "LATER")
    assert events.go_on(NOON + MINUTE / 2) == 0  # whoever announced it may be at it still
    assert events.go_on(NOON + MINUTE) == 3
    assert ran_at(NOON) == [job.pk for job in jobs]
    assert set(JobRun.objects.values_list("asked_by", flat=True)) == {"anna"}
    assert events.go_on(NOON + 2 * MINUTE) == 0


def test_whoever_finds_the_rest_taken_over_by_the_clock_begins_nothing_more(
    target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events.batches, "SIZE", 2)
    jobs = [listener(target, f"JOB{number}") for number in range(4)]
    left_over = events._begin_left

    def late(actor: Actor, event: Event, *rest: Any) -> Any:
        assert events.go_on(NOON + 2 * MINUTE) == 2
        return left_over(actor, event, *rest)

    with monkeypatch.context() as patched:
        patched.setattr(events, "_begin_left", _once(late, left_over))
        emitted = events.emit(ANNA, "LOAD_DONE", NOON)
    assert begun(emitted) == [job.pk for job in jobs[:2]]
    assert set(left(emitted)) == {"JOB2", "JOB3"}
    assert ran_at(NOON) == [job.pk for job in jobs]


def _once(first: Callable[..., Any], then: Callable[..., Any]) -> Callable[..., Any]:
    calls = iter([first])
    return lambda *arguments: next(calls, then)(*arguments)


def test_each_part_of_the_listeners_is_kept_before_the_next_begins(
    target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events.batches, "SIZE", 2)
    for number in range(5):
        listener(target, f"JOB{number}")
    kept: list[int] = []
    begin = due_runs.begin

    def noting(actor: Actor, run: JobRun) -> JobRun:
        transaction.on_commit(lambda: kept.append(len(begun_so_far)))
        begun_so_far.append(run)
        return begin(actor, run)

    begun_so_far: list[JobRun] = []
    monkeypatch.setattr(due_runs, "begin", noting)
    events.emit(ANNA, "LOAD_DONE", NOON)
    assert kept == [2, 2, 4, 4, 5]


def test_rows_that_no_tick_has_read_yet_are_judged_as_they_stand_and_left_to_the_tick(target: Target) -> None:
    mended = settled(listener(target, "MENDED", job_parameters={"x": 1}))
    spoilt = settled(listener(target, "SPOILT"))
    MaintenanceJob.objects.filter(pk=mended.pk).update(job_parameters=None)
    MaintenanceJob.objects.filter(pk=spoilt.pk).update(job_parameters={"x": 1})
    emitted = events.emit(ANNA, "LOAD_DONE", NOON)
    assert begun(emitted) == [mended.pk]
    assert left(emitted)["SPOILT"].startswith("job_parameters: ")
    assert MaintenanceJob.objects.unsettled().count() == 2


def test_the_audit_tells_of_each_run_to_those_who_see_its_database(target: Target, person: Any) -> None:
    mine = listener(target, "MINE")
    theirs = listener(a_target("payroll", "Other"), "SECRET_PAYROLL")
    emitted = events.emit(ANNA, "LOAD_DONE", NOON)
    assert len(emitted.runs) == 2
    seen = AuditEntry.objects.visible_to(person("olga", Role.AUDITOR))
    assert seen.get(action="event.emitted").after is None
    assert [entry.target for entry in seen.filter(action="run.asked")] == [target]
    told = " ".join(f"{entry.object_name} {entry.before} {entry.after}" for entry in seen)
    assert "SECRET_PAYROLL" not in told
    assert {mine.pk, theirs.pk} == set(begun(emitted))


def test_of_each_event_the_latest_announcement_is_kept(target: Target) -> None:
    for minute, name in enumerate(("LOAD_DONE", "other", "load_done", " LOAD_DONE ")):
        events.emit(ANNA, name, NOON + minute * MINUTE)
    assert list(Event.objects.values_list("name", "emitted_at")) == [
        ("LOAD_DONE", NOON + 3 * MINUTE), ("OTHER", NOON + MINUTE),
    ]  # fmt: skip
    assert AuditEntry.objects.filter(action="event.emitted").count() == 4
    job = settled(listener(target, "ONE"))
    assert events.announced_at(job.schedule_value) == NOON + 3 * MINUTE
    assert events.announced_at("NEVER") is None
