"""Rollups say what SQL says over the raw log, find news wherever it is, and outlive the rows that were pruned."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from importlib import import_module
from typing import Any

import pytest
from django.apps import apps
from django.db import connection
from django.test.utils import CaptureQueriesContext

from monitoring import ended, errors, histogram, rollups
from monitoring.models import Grain, Rollup, RollupMark
from strategies.models import JobRun, MaintenanceJob, OperationLog, RunStatus, Target
from tests.monitoring.past import NOW, TODAY, job, log, operation, random_past, run, target

DAY = timedelta(days=1)
OLD = TODAY - 40 * DAY
pytestmark = pytest.mark.django_db

COUNTED = """
    SELECT {day}, strategy_name, {name}, target_id, COUNT(*),
           SUM(CASE WHEN status = 'SUCCESS' THEN 1 ELSE 0 END), SUM(CASE WHEN status = 'WARNING' THEN 1 ELSE 0 END),
           SUM(CASE WHEN status IN ('ERROR', 'TIMEOUT') THEN 1 ELSE 0 END),
           SUM(CASE WHEN status = 'CANCELLED' THEN 1 ELSE 0 END),
           COUNT(duration_ms), COALESCE(SUM(duration_ms), 0), MIN(duration_ms), MAX(duration_ms),
           COUNT(cpu_time_ms), COALESCE(SUM(cpu_time_ms), 0), COUNT(memory_used_mb), COALESCE(SUM(memory_used_mb), 0),
           COUNT(io_operations), COALESCE(SUM(io_operations), 0), COUNT(rows_processed), COALESCE(SUM(rows_processed), 0)
    FROM generic_operation_log
    WHERE status IN ('SUCCESS', 'WARNING', 'ERROR', 'TIMEOUT', 'CANCELLED') AND {where}
    GROUP BY {day}, strategy_name, {name}, target_id"""
KEPT = (
    "day", "strategy_name", "name", "target_id", "count", "succeeded", "warned", "failed", "cancelled", "duration_n",
    "duration_ms", "shortest_ms", "longest_ms", "cpu_n", "cpu_ms", "memory_n", "memory_mb", "io_n", "io_operations", "rows_n",
    "rows_processed",
)  # fmt: skip


def by_sql(name: str = "COALESCE('', job_name)", where: str = "1 = 1") -> set[tuple[Any, ...]]:
    """The same figures, counted by the database from the raw log."""
    day = (
        "substr(operation_time, 1, 10)"
        if connection.vendor == "sqlite"
        else "CAST(operation_time AT TIME ZONE 'UTC' AS date)"
    )
    with connection.cursor() as cursor:
        cursor.execute(COUNTED.format(day=day, name=name, where=where))
        return {
            (date.fromisoformat(str(row[0])), *row[1:16], float(row[16]), *row[17:]) for row in cursor.fetchall()
        }  # fmt: skip


def rows_by_sql() -> set[tuple[Any, ...]]:
    """Every row that came, by day, strategy and target, counted by the database."""
    day = (
        "substr(operation_time, 1, 10)"
        if connection.vendor == "sqlite"
        else "CAST(operation_time AT TIME ZONE 'UTC' AS date)"
    )
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {day}, strategy_name, target_id, COUNT(*) FROM generic_operation_log GROUP BY {day}, strategy_name, target_id"
        )
        return {(date.fromisoformat(str(row[0])), *row[1:]) for row in cursor.fetchall()}


def kept(grain: Grain = Grain.STRATEGY) -> set[tuple[Any, ...]]:
    return set(Rollup.objects.filter(grain=grain).values_list(*KEPT))


def counts(day: date = TODAY, grain: Grain = Grain.STRATEGY) -> int:
    return sum(Rollup.objects.filter(day=day, grain=grain).values_list("count", flat=True))


def later(minutes: float) -> datetime:
    return NOW + timedelta(minutes=minutes)


def again(minutes: float) -> int:
    """Look once more, as if the last time had taken none: how long it takes on this machine is not what is tested."""
    RollupMark.objects.update(took_ms=0)
    return rollups.roll_up(later(minutes))


@pytest.mark.parametrize("seed", range(3))
def test_every_figure_is_that_of_sql_over_the_log(seed: int) -> None:
    random_past(seed, (target(), target("theirs", "Other"), None), rows=1500, days=20)
    assert rollups.roll_up(NOW) >= 20
    assert kept() == by_sql()
    assert kept(Grain.OPERATION) == by_sql("operation_type")
    assert kept(Grain.JOB) == by_sql("job_name", "job_name <> ''")
    came = Rollup.objects.filter(grain=Grain.ROW).values_list("day", "strategy_name", "target_id", "count")
    assert set(came) == rows_by_sql()
    for row in Rollup.objects.all():
        assert sum(histogram.counts(histogram.from_text(row.histogram))) == row.duration_n


def test_runs_are_counted_on_the_day_they_finished_by_how_they_ended() -> None:
    shop = target()
    nightly = job(target=shop)
    for status in RunStatus:
        run(shop, status, job=nightly)
    run(shop, RunStatus.SUCCEEDED, duration_ms=None)
    run(shop, RunStatus.PLANNED, finished_at=None)
    rollups.roll_up(NOW)
    rows = Rollup.objects.filter(grain=Grain.RUN).order_by("name")
    assert [(r.name, r.count, r.succeeded, r.warned, r.failed, r.cancelled, r.missed, r.duration_n) for r in rows] == [
        ("", 1, 1, 0, 0, 0, 0, 0),
        ("nightly", 9, 1, 2, 4, 1, 1, 9),
    ]
    assert set(ended.RUNS) == {status.value for status in RunStatus if status in ("succeeded", *ended.RUNS)}


def test_days_are_those_of_utc() -> None:
    log(operation(TODAY, hour=0), operation(TODAY, hour=23.9999), operation(TODAY - DAY, hour=23.9999))
    rollups.roll_up(NOW)
    assert (counts(), counts(TODAY - DAY)) == (2, 1)


def test_counting_again_changes_nothing() -> None:
    random_past(7, (target(), None), rows=300, days=5)
    rollups.roll_up(NOW)
    before = [kept(grain) for grain in Grain]
    rollups.roll_up(later(2), force=True)
    rollups.rebuild(TODAY - 10 * DAY, TODAY)
    assert [kept(grain) for grain in Grain] == before


def test_rows_that_are_right_already_stay_as_they_are() -> None:
    random_past(7, (target(), None), rows=300, days=5)
    rollups.roll_up(NOW)
    before = set(Rollup.objects.values_list("pk", flat=True))
    log(operation(TODAY - 3 * DAY, strategy_name="NEW_WORK"))
    assert again(2) == 3
    after = set(Rollup.objects.values_list("pk", flat=True))
    assert before < after
    assert len(after - before) == 3  # rows of the strategy, its operations, and those of its type


def test_a_day_is_read_by_its_time_and_stored_by_its_key() -> None:
    """Without statistics SQLite would rather take the index on the status, and read the whole log for each day."""
    if connection.vendor != "sqlite":
        pytest.skip("plans are read on SQLite")
    log(operation())
    rollups.roll_up(NOW)
    with CaptureQueriesContext(connection) as queries:
        rollups.rebuild(TODAY, TODAY)
    plans: dict[str, list[str]] = {}
    with connection.cursor() as cursor:
        for query in queries:
            if query["sql"].startswith("SELECT") and "portal_rollup_mark" not in query["sql"]:
                cursor.execute("EXPLAIN QUERY PLAN " + query["sql"])
                plan = " ".join(str(row[-1]) for row in cursor.fetchall())
                plans.setdefault(query["sql"].partition(" FROM ")[2].split()[0].strip('"'), []).append(plan)
    assert len(plans["generic_operation_log"]) == 2  # operations, errors
    assert all("gol_by_time" in plan for plan in plans["generic_operation_log"])
    of_operations, finished = plans["portal_job_run"]
    assert "gol_by_time" in of_operations
    assert "SCAN portal_job_run" not in of_operations
    assert "portal_run_by_end" in finished
    assert "portal_rollup_by_day" in plans["portal_rollup"][0]


def test_only_days_with_news_are_read_again() -> None:
    random_past(1, (None,), rows=300, days=50)
    assert rollups.roll_up(NOW) == 50
    assert again(2) == 2  # today and yesterday
    log(operation(OLD))
    assert again(4) == 3
    assert kept() == by_sql()


def test_a_row_that_is_committed_late_with_a_lower_number_is_found() -> None:
    log(operation(pk=1000))
    rollups.roll_up(NOW)
    log(operation(OLD, pk=999))
    assert again(2) == 3
    assert counts(OLD) == 1
    for minutes in (70, 140):  # by then what had arrived has had its time
        again(minutes)
    assert RollupMark.objects.get().operation_id == 1000
    assert again(150) == 2


def test_while_time_passes_no_old_day_is_read_without_a_reason() -> None:
    random_past(2, (None,), rows=200, days=50)
    rollups.roll_up(NOW)
    for hour in range(1, 6):
        log(operation())
        assert again(60 * hour) == 2
    assert kept() == by_sql()


def test_an_old_operation_that_ends_now_is_found() -> None:
    row = log(operation(OLD, "STARTED", duration_ms=None))[0]
    rollups.roll_up(NOW)
    assert counts(OLD) == 0
    OperationLog.objects.filter(pk=row.pk).update(status="SUCCESS", duration_ms=5)
    for minutes in (90, 180):
        again(minutes)
    assert counts(OLD) == 1


def test_an_operation_that_never_ends_is_not_read_again_and_again() -> None:
    log(operation(OLD, "STARTED"))
    rollups.roll_up(NOW)
    assert [again(2 * n) for n in range(1, 4)] == [2, 2, 2]


def test_runs_that_finished_while_nothing_was_rolled_up_are_found() -> None:
    rollups.roll_up(NOW - 5 * DAY)
    run(target(), day=TODAY - 4 * DAY)
    rollups.roll_up(NOW)
    assert counts(TODAY - 4 * DAY, Grain.RUN) == 1


def test_sql_may_change_a_row_of_yesterday() -> None:
    row = log(operation(TODAY - DAY))[0]
    rollups.roll_up(NOW)
    OperationLog.objects.filter(pk=row.pk).update(status="ERROR", duration_ms=77)
    again(2)
    assert kept() == by_sql()


def test_it_waits_a_minute_or_fifty_times_as_long_as_it_took() -> None:
    assert rollups.is_due(NOW)
    rollups.roll_up(NOW)
    assert not rollups.is_due(later(0.9))
    assert rollups.roll_up(later(0.9)) == 0
    assert rollups.roll_up(later(0.9), force=True) == 2
    RollupMark.objects.update(took_ms=0)
    assert rollups.is_due(later(1.9))
    RollupMark.objects.update(took_ms=12_000)
    assert not rollups.is_due(later(10))
    assert rollups.is_due(later(11))


def test_rollups_of_before_learn_their_jobs_where_the_name_tells_one_and_the_log_is_counted_anew() -> None:
    shop = target()
    nightly, twins = job("nightly", shop), [job("twin", shop), job("twin", shop)]
    tidy = job("tidy", None)
    log(operation(OLD))
    rollups.roll_up(NOW)
    home = Target.objects.get(is_home=True)
    for name, place in (("nightly", shop), ("twin", shop), ("gone", shop), ("nightly", home), ("tidy", home)):
        for grain in (Grain.RUN, Grain.JOB):
            Rollup.objects.create(
                day=OLD - 90 * DAY, grain=grain, strategy_name="INDEX_MAINTENANCE", name=name, target=place, count=1, succeeded=1,
                warned=0, failed=0, cancelled=0,
            )  # fmt: skip
    import_module("monitoring.migrations.0004_jobs_by_number").tell_jobs(apps, None)
    told = Rollup.objects.filter(day=OLD - 90 * DAY).values_list("name", "target__name", "job")
    assert set(told) == {
        ("nightly", "shop", nightly.pk), ("twin", "shop", None), ("gone", "shop", None), ("nightly", "home", None),
        ("tidy", "home", tidy.pk),
    }  # fmt: skip
    assert len(twins) == 2
    assert again(1) == 3  # the day of the log as well


@pytest.mark.parametrize("step", [1.0, 2.9])
def test_it_is_found_due_however_long_a_tick_takes(step: float) -> None:
    rollups.roll_up(NOW)
    ticks = [NOW + timedelta(seconds=0.7 + step * n) for n in range(100)]
    woken = [moment for moment in ticks if rollups.wants_worker(moment)]
    assert [round((moment - NOW).total_seconds() // 60) for moment in woken] == [*range(1, 1 + len(woken))]
    assert len(woken) == int(ticks[-1].timestamp() - NOW.timestamp()) // 60


def test_to_ask_costs_one_query_and_two_beats_wake_one_worker() -> None:
    assert [rollups.wants_worker(NOW), rollups.wants_worker(NOW)] == [True, False]
    rollups.roll_up(NOW)
    with CaptureQueriesContext(connection) as queries:
        assert not rollups.wants_worker(later(0.5))
    assert len(queries) == 1
    assert [rollups.wants_worker(later(1)), rollups.wants_worker(later(1))] == [True, False]
    assert rollups.wants_worker(later(2))  # the wake-up vanished
    assert rollups.wants_worker(later(-5000))  # the clock was set back


def test_the_runs_and_operations_of_a_job_belong_to_it_whatever_it_is_called() -> None:
    shop = target()
    nightly = job("nightly", shop)
    for day in (TODAY - 3 * DAY, TODAY):
        of = run(shop, day=day, job=nightly)
        log(operation(day, run=of, target=shop, job_name="nightly"), operation(day, target=shop, job_name="typed"))
    rollups.roll_up(NOW)
    MaintenanceJob.objects.filter(pk=nightly.pk).update(job_name="renamed")
    of = run(shop, job=nightly)
    log(operation(run=of, target=shop, job_name="renamed"))
    again(2)
    for grain in (Grain.RUN, Grain.JOB):
        rows = Rollup.objects.filter(grain=grain, job=nightly).with_titles().order_by("day")
        assert [(row.day, row.count, row.title) for row in rows] == [
            (TODAY - 3 * DAY, 1, "renamed"),
            (TODAY, 2, "renamed"),
        ]
    typed = Rollup.objects.filter(grain=Grain.JOB, job=None).with_titles()
    assert [(row.name, row.title) for row in typed] == [("typed", "typed")] * 2


def test_a_job_that_is_gone_keeps_the_name_that_it_had() -> None:
    shop = target()
    run(shop, job=job("nightly", shop))
    rollups.roll_up(NOW)
    JobRun.objects.all().delete()
    MaintenanceJob.objects.all().delete()
    assert [row.title for row in Rollup.objects.filter(grain=Grain.RUN).with_titles()] == ["nightly"]


def test_a_job_that_moved_to_another_database_is_called_there_what_it_was_called() -> None:
    """Who sees the old database need not see the new one."""
    shop = target()
    nightly = job("nightly", shop)
    run(shop, job=nightly)
    rollups.roll_up(NOW)
    MaintenanceJob.objects.filter(pk=nightly.pk).update(job_name="secret", target=target("theirs", "Other"))
    assert [row.title for row in Rollup.objects.filter(grain=Grain.RUN).with_titles()] == ["nightly"]


def test_a_clock_that_was_set_back_stops_nothing() -> None:
    rollups.roll_up(NOW + 400 * DAY)
    RollupMark.objects.update(busy_until=NOW + 400 * DAY)
    assert rollups.roll_up(NOW) == 2


def test_a_long_past_is_read_in_portions(monkeypatch: pytest.MonkeyPatch) -> None:
    random_past(3, (None,), rows=200, days=30)
    monkeypatch.setattr(rollups, "AT_ONCE_SECONDS", 0.0)
    assert rollups.roll_up(NOW) == 0
    monkeypatch.setattr(rollups, "AT_ONCE_SECONDS", 60.0)
    assert not rollups.is_due(later(0.5))
    assert rollups.roll_up(later(1)) == 30
    assert kept() == by_sql()
    assert RollupMark.objects.get().waiting_days == []


def test_what_a_killed_worker_left_is_done_by_the_next_one(monkeypatch: pytest.MonkeyPatch) -> None:
    random_past(4, (None,), rows=200, days=30)

    def die(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(rollups, "_write", die)
        with pytest.raises(KeyboardInterrupt):
            rollups.roll_up(NOW)
    assert rollups.roll_up(later(2)) == 0  # its lease has not passed
    assert again(6) == 30
    assert kept() == by_sql()


def test_a_worker_whose_lease_passed_writes_nothing_more(monkeypatch: pytest.MonkeyPatch) -> None:
    log(operation(), operation(TODAY - DAY))
    count = ended.on

    def slow(day: date) -> Any:
        groups = count(day)
        RollupMark.objects.update(busy_until=later(99))
        return groups

    monkeypatch.setattr(ended, "on", slow)
    assert rollups.roll_up(NOW) == 0
    assert not Rollup.objects.exists()
    assert RollupMark.objects.get().busy_until == later(99)


def test_a_day_that_fails_is_said_and_tried_again_and_the_others_go_on(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    random_past(5, (None,), rows=100, days=10)
    broken = (TODAY - 3 * DAY,)

    def roll_day(day: date) -> None:
        if day in broken:
            raise ValueError("no such shape")

    monkeypatch.setattr(errors, "roll_day", roll_day)
    with caplog.at_level(logging.ERROR):
        assert rollups.roll_up(NOW) == 9
    assert "2026-11-21 could not be rolled up" in caplog.text
    broken = ()
    assert again(2) == 3


def test_errors_are_counted_for_each_day_that_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    days: list[date] = []
    monkeypatch.setattr(errors, "roll_day", days.append)
    log(operation(OLD))
    rollups.roll_up(NOW)
    assert days == [TODAY, TODAY - DAY, OLD]


def test_what_was_counted_stays_when_its_rows_are_pruned() -> None:
    random_past(6, (target(), None), rows=400, days=60)
    rollups.roll_up(NOW)
    before = {grain: kept(grain) for grain in Grain}
    rollups.seal(TODAY - 30 * DAY)
    OperationLog.objects.filter(operation_time__lt=NOW - 31 * DAY).delete()
    log(operation(OLD))
    again(2)
    assert OLD not in RollupMark.objects.get().waiting
    rollups.rebuild(TODAY - 60 * DAY, TODAY - 35 * DAY)
    assert {grain: kept(grain) for grain in Grain} == before


def test_where_the_rows_of_one_strategy_were_pruned_the_others_are_still_counted_anew() -> None:
    log(operation(OLD), operation(OLD), operation(OLD, strategy_name="LEGACY"))
    run(target(), day=OLD)
    rollups.roll_up(NOW)
    rollups.seal(OLD + DAY)
    OperationLog.objects.filter(strategy_name="INDEX_MAINTENANCE").delete()
    log(operation(OLD, "ERROR", strategy_name="LEGACY"))
    JobRun.objects.update(status=RunStatus.FAILED)
    again(2)
    found = Rollup.objects.filter(grain=Grain.STRATEGY).order_by("strategy_name")
    assert [(row.strategy_name, row.count, row.failed) for row in found] == [
        ("INDEX_MAINTENANCE", 2, 0),
        ("LEGACY", 2, 1),
    ]
    assert Rollup.objects.filter(grain=Grain.OPERATION, strategy_name="LEGACY").count() == 1
    assert Rollup.objects.get(grain=Grain.RUN).failed == 1


def test_a_seal_never_goes_back() -> None:
    rollups.seal(OLD)
    rollups.seal(OLD - DAY)
    assert RollupMark.objects.get().sealed_before == OLD


def test_rows_that_did_not_end_are_kept_as_well_when_they_are_pruned() -> None:
    log(operation(OLD, "INFO"), operation(OLD, "INFO"), operation(OLD))
    rollups.roll_up(NOW)
    rollups.seal(OLD + DAY)
    OperationLog.objects.filter(status="INFO").delete()
    rollups.rebuild(OLD, OLD)
    assert (counts(OLD, Grain.ROW), counts(OLD)) == (3, 1)


def test_users_see_the_rows_of_their_targets_and_those_who_may_see_those_without(person: Callable[..., Any]) -> None:
    log(operation(target=target()), operation(target=target("theirs", "Other")), operation(strategy_name="LEGACY"))
    rollups.roll_up(NOW)

    def seen(user: Any) -> set[tuple[str, Any]]:
        rows = Rollup.objects.visible_to(user).filter(grain=Grain.STRATEGY)
        return set(rows.values_list("strategy_name", "target__name"))

    assert seen(person("anna", "DBA")) == {("INDEX_MAINTENANCE", "shop"), ("LEGACY", None)}
    assert seen(person("mara", "manager")) == {("INDEX_MAINTENANCE", "shop")}
    assert seen(person("olga", "DBA", tenant="Other")) == {("INDEX_MAINTENANCE", "theirs"), ("LEGACY", None)}
    assert seen(person("new")) == set()


def test_a_day_is_read_with_the_same_queries_whatever_it_holds() -> None:
    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            rollups.rebuild(TODAY, TODAY)
        return sum(query["sql"].startswith("SELECT") for query in queries)

    log(operation(), operation(status="ERROR"))
    rollups.roll_up(NOW)
    before = cost()
    random_past(8, (target(), None), rows=300, days=1)
    rollups.rebuild(TODAY, TODAY)  # new groups of errors are made once
    assert cost() == before


def test_freshness_is_known() -> None:
    assert rollups.looked_at() is None
    rollups.roll_up(NOW)
    assert rollups.looked_at() == NOW.astimezone(UTC)
