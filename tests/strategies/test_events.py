"""Events: each job that listens runs once for an announcement, and none of them keeps the others from it."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import OperationalError

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
