"""A run of checks: damage makes it fail by name, the rest is checked all the same, and the finding stays until a check is clean."""

from __future__ import annotations

import sqlite3
from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from maintenance_portal import tasks
from strategies import findings, needs, runs
from strategies.assessments import Assessment as Seen
from strategies.assessments import Finding as Found
from strategies.assessments import Severity
from strategies.audit import Actor
from strategies.execution import runner
from strategies.execution.tally import StepEnd, Tally
from strategies.execution.watch import Wish
from strategies.models import Assessment, Finding, JobRun, OperationLog, RunStatus, Target
from strategies.plans import ErrorClass, Outcome, Step, TargetError
from strategies.platforms.sqlite.session import SqliteSession
from strategies.workers import WorkerIdentity
from tests.strategies.execution.conftest import registered

pytestmark = pytest.mark.django_db(transaction=True)
ANNA = Actor("anna")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "shop.db"
    changed(path, *(f"CREATE TABLE {name}(a, b)" for name in ("bad", "good")), "CREATE INDEX bad_a ON bad(a)")
    changed(path, "INSERT INTO bad VALUES (1, 2)")
    return path


@pytest.fixture
def target(path: Path) -> Target:
    return registered("sqlite", f"sqlite:///{path}", "shop")


def changed(path: Path, *statements: str) -> None:
    connection = sqlite3.connect(path, isolation_level=None)
    for statement in statements:
        connection.execute(statement)
    connection.close()


def redefine(path: Path, sql: str) -> None:
    """Change an index's definition behind SQLite's back: its entries no longer match the table."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA writable_schema = ON")
    connection.execute("UPDATE sqlite_master SET sql = ? WHERE name = 'bad_a'", (sql,))
    connection.close()


def carried_out(target: Target, **values: object) -> JobRun:
    run = runs.ask(ANNA, target, "INTEGRITY_VALIDATION", timezone.now(), wake=False, **values)  # type: ignore[arg-type]
    assert runs.plan(run, timezone.now())
    assert runs.release(run, ANNA, run.plan_digest, timezone.now())
    taken = runs.claim(run.pk, WorkerIdentity.current().text, timezone.now())
    assert taken is not None
    tasks.carry_out(taken)
    run.refresh_from_db()
    return run


def current(target: Target) -> list[tuple[str, str, str]]:
    return list(Finding.objects.current().filter(target=target).values_list("kind", "object", "severity"))


def look(target: Target) -> Assessment:
    assessment = needs.ask_assessment(ANNA, target, "INTEGRITY_VALIDATION", timezone.now(), wake=False)
    assert needs.assess(assessment) is not None
    assert assessment.found == 0
    return assessment


def test_a_sound_database_is_checked_and_nothing_is_found(target: Target) -> None:
    run = carried_out(target)
    assert (run.status, run.plan["notes"]) == (RunStatus.SUCCEEDED, [])
    assert "2 of 2 steps are done." in run.message
    assert current(target) == []


def test_damage_fails_the_run_by_name_and_stays_a_finding_until_a_check_is_clean(target: Target, path: Path) -> None:
    redefine(path, "CREATE INDEX bad_a ON bad(b)")
    run = carried_out(target)
    assert run.status == RunStatus.FAILED
    assert "bad is damaged: row 1 missing from index bad_a" in run.message
    assert "1 of 2 steps are done." in run.message
    rows = OperationLog.objects.filter(run=run).order_by("operation_id")
    assert [(row.operation_type, row.target_object, row.status) for row in rows] == [
        ("VALIDATE", "bad", "ERROR"),
        ("VALIDATE", "good", "SUCCESS"),
    ]
    damage = [("failed_check", "bad", "critical")]
    assert current(target) == damage

    look(target)
    assert current(target) == damage, "a look cannot tell that it is gone"
    assert needs.remedy(Finding.objects.get(target=target)) == (), "no run repairs it"

    redefine(path, "CREATE INDEX bad_a ON bad(a)")
    carried_out(target, target_object="good")
    assert current(target) == damage, "another object was checked"
    assert carried_out(target).status == RunStatus.SUCCEEDED
    assert current(target) == []


def test_a_look_that_finds_nothing_says_what_it_leaves_to_a_run(target: Target) -> None:
    seen = look(target)
    assert (seen.notes, seen.checks_left) == ([], 2)


def test_what_a_run_has_checked_is_not_left_to_another_run(target: Target, path: Path) -> None:
    def last_look() -> Assessment:
        return target.assessments.latest("pk")

    carried_out(target)
    assert (last_look().found, last_look().checks_left) == (0, 0)
    redefine(path, "CREATE INDEX bad_a ON bad(b)")
    carried_out(target)
    assert last_look().checks_left == 0, "damage was found: that was told"
    carried_out(target, target_object="good")
    assert look(target).checks_left == 2, "a look by itself tells neither"


def test_what_was_damaged_and_is_gone_is_no_finding_any_more(target: Target, path: Path) -> None:
    redefine(path, "CREATE INDEX bad_a ON bad(b)")
    carried_out(target)
    changed(path, "DROP TABLE bad")
    look(target)
    assert current(target) == []


def test_a_less_thorough_check_that_is_clean_does_not_end_what_a_thorough_one_found(target: Target, path: Path) -> None:
    redefine(path, "CREATE INDEX bad_a ON bad(b)")
    carried_out(target)
    assert carried_out(target, parameters={"compare_indexes": False}).status == RunStatus.SUCCEEDED
    assert current(target) == [("failed_check", "bad", "critical")]


def test_damage_that_cannot_be_checked_any_more_is_still_there(target: Target, path: Path) -> None:
    """What only the check of the whole file found, and a table that has come to need a function of its program."""
    redefine(path, "CREATE INDEX bad_a ON bad(b)")
    carried_out(target, parameters={"whole_file": True})
    damage = [("failed_check", "bad", "critical"), ("failed_check", "shop.db", "critical")]
    assert sorted(current(target)) == damage
    connection = sqlite3.connect(path)
    connection.create_function("ours", 1, lambda _: 1, deterministic=True)
    connection.execute("CREATE INDEX ours ON bad(ours(a))")
    connection.close()
    assert "bad cannot be checked from here: unknown function: ours()." in look(target).notes
    assert sorted(current(target)) == damage
    changed(path, "DROP INDEX ours", "DROP TABLE bad")
    assert carried_out(target, target_object="shop.db").status == RunStatus.SUCCEEDED
    look(target)
    assert current(target) == []


def test_what_the_account_may_no_longer_see_is_not_gone(target: Target) -> None:
    def kept(**seen: Any) -> list[str]:
        findings.keep_seen(target, "INTEGRITY_VALIDATION", "ALL", Seen(**seen), timezone.now())
        return sorted(name for _, name, _ in current(target))

    found = [Found(kind, kind, "FILE", Severity.CRITICAL, "Damaged.", "") for kind in ("blocks", "pages")]
    assert kept(findings=tuple(found)) == ["blocks", "pages"]
    assert kept(unchecked=(("blocks", ""), ("pages", "others"))) == ["blocks"]
    assert kept() == []


def test_damage_is_known_although_the_worker_was_killed_before_the_end(
    target: Target, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    execute = SqliteSession.execute

    def killed(session: SqliteSession, step: Step) -> Outcome:
        if step.object == "good":
            raise Killed
        return execute(session, step)

    redefine(path, "CREATE INDEX bad_a ON bad(b)")
    run = runs.ask(ANNA, target, "INTEGRITY_VALIDATION", timezone.now(), wake=False, is_released=True)
    assert runs.plan(run, timezone.now())
    runs.ask_gate([run], timezone.now(), wake=False)
    taken = runs.claim(run.pk, WorkerIdentity.current().text, timezone.now())
    assert taken is not None
    monkeypatch.setattr(SqliteSession, "execute", killed)
    with pytest.raises(Killed):
        runner.carry_out(taken)
    assert current(target) == []

    nobody = replace(WorkerIdentity.current(), pid=2**22 + 7)
    long_ago = timezone.now() - timedelta(hours=1)
    JobRun.objects.filter(pk=run.pk).update(lease_until=long_ago, worker=nobody.text)
    tasks.look_after_run(run.pk)
    run.refresh_from_db()
    assert run.status == RunStatus.LOST
    assert current(target) == [("failed_check", "bad", "critical")]


def test_damage_is_known_although_the_portal_itself_failed(
    target: Target, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def bug(*arguments: object) -> None:
        raise RuntimeError

    redefine(path, "CREATE INDEX bad_a ON bad(b)")
    monkeypatch.setattr(runner.Runner, "_finish", bug)
    with pytest.raises(RuntimeError):
        carried_out(target)
    assert current(target) == [("failed_check", "bad", "critical")]


def test_what_somebody_typed_over_a_row_of_the_log_keeps_no_finding_and_breaks_nothing(
    target: Target, path: Path
) -> None:
    redefine(path, "CREATE INDEX bad_a ON bad(b)")
    run = carried_out(target)
    Finding.objects.all().delete()
    OperationLog.objects.filter(run=run).update(strategy_context={"found": {"kind": "x"}})
    findings.keep_checked(run, timezone.now())
    assert current(target) == []


def test_checks_beyond_the_limit_of_a_run_are_told(target: Target) -> None:
    run = carried_out(target, parameters={"max_objects": 1})
    assert [step["object"] for step in run.plan["steps"]] == ["bad"]
    assert run.plan["notes"] == [
        "1 check finds no room in this run, which works on 1 object at most; what was not checked for longest comes first in the"
        " next."
    ]


def checked_in_a_night(target: Target, night: datetime, **parameters: object) -> list[str]:
    """The objects that a run of this night checks, in its order."""
    Target.objects.filter(pk=target.pk).update(checked_at=night)
    target.refresh_from_db()
    run = runs.ask(ANNA, target, "INTEGRITY_VALIDATION", night, wake=False, parameters=parameters)
    assert runs.plan(run, night)
    assert runs.release(run, ANNA, run.plan_digest, night)
    taken = runs.claim(run.pk, WorkerIdentity.current().text, night)
    assert taken is not None
    ticks = count()
    runner.carry_out(taken, now=lambda: night + timedelta(milliseconds=next(ticks)))
    rows = OperationLog.objects.filter(run=run).order_by("operation_id")
    return [row.target_object for row in rows]


def test_over_a_month_of_nights_everything_is_checked_once_before_anything_twice(target: Target, path: Path) -> None:
    """One of the tables is damaged, one comes later and one goes; the log of operations keeps no more than a week."""
    changed(path, *(f"CREATE TABLE t{n}(a)" for n in range(6)))
    redefine(path, "CREATE INDEX bad_a ON bad(b)")
    there, checks = {"bad", "good", *(f"t{n}" for n in range(6))}, list[str]()
    for number in range(30):
        night = timezone.now() + timedelta(days=number)
        if number == 10:
            changed(path, "CREATE TABLE late(a)")
            there |= {"late"}
            assert checked_in_a_night(target, night, max_objects=3)[0] == "late", "what was never checked comes first"
            checks = []
        elif number == 20:
            changed(path, "DROP TABLE t0")
            there -= {"t0"}
            checks = []
        if number % 7 == 0:
            OperationLog.objects.all().delete()
        if number != 10:
            checks += checked_in_a_night(target, night, max_objects=3)
        times = Counter(checks)
        assert set(times) <= there
        assert max(times.values(), default=0) - min(times[name] for name in there) <= 1, " ".join(checks)
    assert min(Counter(checks).values()) >= 3


def test_what_never_comes_to_its_end_does_not_keep_the_others_from_their_turn(
    target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a check that takes longer than a run may: it would be cut off each night, and be the first in the next."""

    def cut_off(session: SqliteSession, step: Step) -> Outcome:
        return Outcome(0, TargetError(ErrorClass.CANCELLED, "SQLITE_INTERRUPT", "interrupted"))

    monkeypatch.setattr(SqliteSession, "execute", cut_off)
    night = timezone.now()
    nights = [checked_in_a_night(target, night + timedelta(days=n), max_objects=1, retries=0) for n in range(4)]
    assert nights == [["bad"], ["good"], ["bad"], ["good"]]


def test_a_check_that_ended_its_session_is_not_made_again_in_the_same_run(
    target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reading a damaged page may end the whole server; the others are checked all the same."""
    made, execute = list[str](), SqliteSession.execute

    def ended(session: SqliteSession, step: Step) -> Outcome:
        made.append(step.object)
        if step.object == "bad":
            return Outcome(0, TargetError(ErrorClass.LOST, "connection", "the connection is lost"))
        return execute(session, step)

    monkeypatch.setattr(SqliteSession, "execute", ended)
    run = carried_out(target)
    assert made == ["bad", "good"]
    assert run.status == RunStatus.FAILED
    assert "the connection is lost" in run.message


def test_a_run_that_is_stopped_names_what_it_had_found() -> None:
    tally = Tally(ends={"one": StepEnd.FAILED})
    tally.found = [
        Found("failed_check", f"t{n}", "TABLE", Severity.CRITICAL, f"t{n} is damaged.", "") for n in range(7)
    ]
    status, message = tally.verdict(Wish.CANCEL, 9, 60, lambda: "anna") or ("", "")
    assert status == RunStatus.CANCELLED
    assert message == (
        "t0 is damaged. t1 is damaged. t2 is damaged. t3 is damaged. t4 is damaged. 2 more are in the log of operations."
        " Stopped by anna. 0 of 9 steps are done."
    )
