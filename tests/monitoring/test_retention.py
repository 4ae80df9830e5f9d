"""Pruning: by the rule of each strategy, never of an open run, never what is not counted, in batches, and audited."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from monitoring import ended, expiry, retention, rollups
from monitoring.models import Grain, LogCare, Rollup, RollupMark
from strategies import log_policies
from strategies.audit import Actor
from strategies.models import OPEN, TERMINAL, AuditEntry, OperationLog, RunStatus
from tests.monitoring.past import NOW, TODAY, at, log, operation, random_past, run, target

DAY = timedelta(days=1)
ANNA = Actor("anna", "192.0.2.7")
OLD = TODAY - 91 * DAY  # one day past the 90 for which the log is kept
pytestmark = pytest.mark.django_db


def left() -> set[int]:
    return set(OperationLog.objects.values_list("pk", flat=True))


def keys(*rows: OperationLog) -> set[int]:
    return {row.pk for row in rows}


def later(minutes: float) -> datetime:
    return NOW + timedelta(minutes=minutes)


def test_rows_go_after_the_last_day_for_which_they_are_kept() -> None:
    gone = log(operation(OLD, hour=0), operation(OLD, hour=23.9999))
    kept = log(operation(OLD + DAY, hour=0), operation())
    assert retention.cleanup_old_logs(NOW) == (2, True)
    assert left() == keys(*kept)
    assert keys(*gone).isdisjoint(left())


def test_each_strategy_is_kept_by_its_own_rule() -> None:
    log_policies.set_log_retention_days(ANNA, 10, "SHORT")
    log_policies.set_log_retention_days(ANNA, 365, "LONG")
    ages = (9, 10, 11, 89, 91, 364, 366)
    rows = {
        (name, age): log(operation(TODAY - age * DAY, strategy_name=name))[0]
        for name in ("SHORT", "LONG", "OTHER")
        for age in ages
    }
    retention.cleanup_old_logs(NOW)
    kept_for = {"SHORT": 10, "LONG": 365, "OTHER": 90}
    assert left() == {row.pk for (name, age), row in rows.items() if age <= kept_for[name]}


def test_more_rules_than_a_database_takes_conditions_are_obeyed() -> None:
    days = {f"S{number}": TODAY - (10 if number % 2 else 20) * DAY for number in range(1500)}
    rows = {name: log(operation(TODAY - 15 * DAY, strategy_name=name))[0] for name in ("S1", "S2", "OTHER")}
    found = expiry.past_their_time(expiry.Expiry(TODAY - 90 * DAY, days, TODAY - 31 * DAY))
    assert set(found.values_list("pk", flat=True)) == {rows["S1"].pk}


def test_one_strategy_is_pruned_alone_and_by_another_number_of_days() -> None:
    mine, theirs = log(operation(TODAY - 5 * DAY, strategy_name="MINE"), operation(OLD, strategy_name="THEIRS"))
    assert retention.cleanup_old_logs(NOW, strategy_name="MINE") == (0, True)
    assert retention.cleanup_old_logs(NOW, strategy_name="MINE", retention_days=4) == (1, True)
    assert left() == keys(theirs)
    assert mine.pk not in left()


@pytest.mark.parametrize("days", [0, -5])
def test_less_than_a_day_is_refused(days: int) -> None:
    log(operation(TODAY - DAY))
    with pytest.raises(ValueError, match="at least 1 day"):
        retention.cleanup_old_logs(NOW, retention_days=days)
    assert len(left()) == 1


def test_kept_for_one_day_yesterday_stays() -> None:
    log(operation(TODAY - 2 * DAY), *(kept := [operation(TODAY - DAY, hour=0), operation()]))
    retention.cleanup_old_logs(NOW, retention_days=1)
    assert left() == keys(*kept)


@pytest.mark.parametrize("status", list(RunStatus))
def test_rows_of_an_open_run_stay_however_old(status: RunStatus) -> None:
    a_run = run(target(), status, day=OLD, finished_at=None if status in OPEN else at(OLD))
    log(operation(OLD, run=a_run), operation(OLD, "STARTED", run=a_run))
    log(operation(OLD, run_id=a_run.pk + 1000))  # of a run that is gone
    retention.cleanup_old_logs(NOW)
    assert len(left()) == (2 if status in OPEN else 0)
    assert (status in OPEN) != (status in TERMINAL)


def test_rows_without_an_end_stay_for_a_month_however_short_the_log_is_kept() -> None:
    month = TODAY - expiry.RUNNING_FOR
    kept = log(
        operation(month, "STARTED"), operation(TODAY - 5 * DAY, "RUNNING"), operation(TODAY - 2 * DAY, "PENDING")
    )
    log(operation(month - DAY, "STARTED"), operation(month, "SUCCESS"), operation(TODAY - 5 * DAY, "ODD"))
    assert retention.cleanup_old_logs(NOW, retention_days=1) == (3, True)
    assert left() == keys(*kept)


def test_what_was_counted_stays_counted() -> None:
    random_past(1, (target(), None), rows=600, days=140)
    rollups.rebuild(TODAY - 140 * DAY, TODAY)

    def counted() -> set[Any]:
        return set(Rollup.objects.values_list("day", "grain", "strategy_name", "name", "target", "count", "failed"))

    before = counted()
    assert retention.cleanup_old_logs(NOW).rows > 100
    assert counted() == before
    rollups.roll_up(later(2), force=True)
    rollups.rebuild(TODAY - 140 * DAY, TODAY)
    assert counted() == before


def test_rows_that_nobody_counted_yet_are_counted_first() -> None:
    log(operation(OLD), operation(OLD))
    assert not RollupMark.objects.exists()
    assert retention.cleanup_old_logs(NOW).rows == 2
    assert Rollup.objects.get(day=OLD, grain=Grain.STRATEGY).count == 2


def test_a_day_that_cannot_be_counted_keeps_its_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    log(operation(OLD - DAY), *(kept := [operation(OLD), operation()]))
    count = ended.on

    def broken(day: date) -> Any:
        if day == OLD:
            raise ValueError("no such day")
        return count(day)

    monkeypatch.setattr(ended, "on", broken)
    assert retention.cleanup_old_logs(NOW) == (1, False)
    assert left() == keys(*kept)


def test_where_the_rollups_stand_still_nothing_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    log(operation(OLD))
    rollups.roll_up(NOW - 2 * DAY)
    monkeypatch.setattr(rollups, "roll_up", lambda *_, **__: 0)
    assert retention.cleanup_old_logs(NOW) == (0, False)
    assert retention.preview(NOW).is_counted is False


def test_it_goes_in_batches_and_stops_when_its_time_is_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "BATCH", 10)
    log(*(operation(OLD, hour=n / 10) for n in range(35)))
    assert retention.cleanup_old_logs(NOW, seconds=0) == (10, False)
    assert retention.cleanup_old_logs(NOW) == (25, True)
    assert left() == set()


def test_what_stays_among_the_rows_that_go_is_not_read_again_for_each_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "BATCH", 10)
    log_policies.set_log_retention_days(ANNA, 365, "KEPT")
    log(*(operation(OLD, hour=n / 10, strategy_name=name) for n in range(45) for name in ("GOES", "KEPT")))
    rollups.roll_up(NOW)
    rows = expiry.past_their_time(expiry.in_force(NOW))
    found = []
    with CaptureQueriesContext(connection) as queries:
        for batch in retention.batches(rows):
            found += list(batch)
            OperationLog.objects.filter(pk__in=list(batch)).delete()
    assert len(found) == 45
    asked = [query["sql"] for query in queries if query["sql"].startswith("SELECT")]
    assert ['"operation_time" >=' in sql for sql in asked] == [False, True, True, True, True, True]
    assert OperationLog.objects.count() == 45


def test_a_batch_is_read_from_the_index_in_its_order() -> None:
    """However many rows are past their time: whoever sorts them all for each batch takes the longer the more there are."""
    log(*(operation(OLD, hour=n / 10) for n in range(45)))
    with CaptureQueriesContext(connection) as queries:
        for batch in retention.batches(expiry.past_their_time(expiry.in_force(NOW))):
            OperationLog.objects.filter(pk__in=list(batch)).delete()
    assert left() == set()
    asked = [
        query["sql"]
        for query in queries
        if query["sql"].startswith("SELECT") and "ORDER BY" in query["sql"] and "EXISTS" in query["sql"]
    ]
    assert len(asked) == 2
    with connection.cursor() as cursor:
        for sql in asked:
            if connection.vendor == "sqlite":
                cursor.execute(f"EXPLAIN QUERY PLAN {sql}")
                steps = " / ".join(str(row[-1]) for row in cursor.fetchall())
                assert "gol_by_time" in steps
                assert "TEMP B-TREE" not in steps
            else:
                cursor.execute("SET LOCAL enable_bitmapscan = off")
                cursor.execute("SET LOCAL enable_seqscan = off")
                cursor.execute(f"EXPLAIN {sql}")
                steps = "\n".join(str(row[0]) for row in cursor.fetchall())
                assert "gol_by_time" in steps
                assert "Sort" not in steps


def test_a_worker_whose_turn_was_taken_deletes_nothing_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "BATCH", 10)
    log(*(operation(OLD) for _ in range(35)))
    seal = rollups.seal

    def slow(day: date) -> None:
        seal(day)
        LogCare.objects.update(busy_until=later(99))

    monkeypatch.setattr(rollups, "seal", slow)
    with pytest.raises(retention.Busy):
        retention.cleanup_old_logs(NOW)
    assert len(left()) == 35
    assert LogCare.objects.get().busy_until == later(99)


def test_one_at_a_time_and_a_dead_ones_turn_passes() -> None:
    log(operation(OLD))
    LogCare.objects.create(pk=1, busy_until=later(4))
    with pytest.raises(retention.Busy):
        retention.cleanup_old_logs(NOW)
    assert retention.cleanup_old_logs(later(4)).rows == 1
    LogCare.objects.update(busy_until=NOW + 400 * DAY)  # by a clock that was set back
    assert retention.cleanup_old_logs(later(5)) == (0, True)


def test_it_is_audited_by_whom_and_how_many_of_which() -> None:
    log(operation(OLD, strategy_name="A"), operation(OLD, strategy_name="B"), operation(OLD, strategy_name="B"))
    retention.cleanup_old_logs(NOW, actor=ANNA)
    retention.cleanup_old_logs(NOW)
    entry = AuditEntry.objects.get(action="log.pruned")
    assert (entry.actor, entry.after) == ("anna", {"rows": 3, "strategies": {"A": 1, "B": 2}})


def test_what_a_killed_process_deleted_is_told_by_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    class Killed(BaseException):
        pass

    def killed(_: retention.Turn, turns: list[int] = [1, 1]) -> None:  # noqa: B006 (two batches)
        if not turns:
            raise Killed
        turns.pop()

    log(*(operation(OLD, strategy_name="A") for _ in range(35)))
    with monkeypatch.context() as patch:
        patch.setattr(retention, "BATCH", 10)
        patch.setattr(retention.Turn, "go_on", killed)
        patch.setattr(retention, "tell", lambda: None)
        with pytest.raises(Killed):
            retention.cleanup_old_logs(NOW, actor=ANNA)
    assert len(left()) == 15
    LogCare.objects.update(next_at=later(600), busy_until=later(5))
    assert not retention.is_due(later(4))  # it may still be alive
    assert retention.is_due(later(6))
    retention.prune(later(6))
    told = AuditEntry.objects.filter(action="log.pruned").order_by("pk").values_list("actor", "address", "after")
    assert list(told) == [
        ("anna", "192.0.2.7", {"rows": 20, "strategies": {"A": 20}}),
        ("portal", "", {"rows": 15, "strategies": {"A": 15}}),
    ]
    assert LogCare.objects.get().untold == {}


def test_a_batch_that_is_not_deleted_is_not_told(monkeypatch: pytest.MonkeyPatch) -> None:
    log(operation(OLD))

    def broken(*_: Any) -> None:
        raise OSError("disk full")

    with monkeypatch.context() as patch:
        patch.setattr(retention, "_keep_for_audit", broken)
        with pytest.raises(OSError, match="disk full"):
            retention.cleanup_old_logs(NOW)
    assert len(left()) == 1
    assert not AuditEntry.objects.filter(action="log.pruned").exists()


@pytest.mark.parametrize(("look", "seconds"), [(220, 60), (30, 15), (10, 5)])
def test_it_takes_no_more_than_a_short_task_has(
    look: int, seconds: float, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.PORTAL_LOOK_SECONDS = look
    given: list[float] = []

    def cleaned(_: datetime, *, seconds: float) -> retention.Cleaned:
        given.append(seconds)
        return retention.Cleaned(0, True)

    monkeypatch.setattr(retention, "cleanup_old_logs", cleaned)
    retention.prune(NOW)
    assert given == [seconds]


# What is shown before.


def test_what_is_shown_is_what_goes() -> None:
    random_past(2, (target(), None), rows=400, days=130)
    rollups.roll_up(NOW)
    shown = retention.preview(NOW)
    assert {one.strategy for one in shown.strategies} == {"INDEX_MAINTENANCE", "STATISTICS_MAINTENANCE", "LEGACY"}
    assert all(one.first <= one.last <= OLD for one in shown.strategies)
    late = log(operation(OLD))
    assert retention.cleanup_old_logs(NOW, up_to=shown.up_to) == (shown.rows, True)
    assert keys(*late) <= left()
    assert retention.preview(NOW).rows == 1


def test_the_digest_tells_whether_it_is_still_the_same() -> None:
    log(operation(OLD), operation(TODAY - 50 * DAY))
    rollups.roll_up(NOW)
    shown = retention.preview(NOW)
    log(operation(OLD))
    assert retention.preview(NOW, up_to=shown.up_to).digest == shown.digest
    assert retention.preview(NOW).digest != shown.digest
    log_policies.set_log_retention_days(ANNA, 40)
    assert retention.preview(NOW, up_to=shown.up_to).digest != shown.digest


# Each night.


def test_it_prunes_each_night_and_not_before() -> None:
    log(operation(OLD))
    assert retention.is_due(NOW)
    assert retention.prune(NOW) == 1
    assert not retention.is_due(NOW + timedelta(hours=12))
    log(operation(OLD))
    assert retention.prune(NOW + timedelta(hours=12)) == 0
    assert retention.prune(retention.next_night(NOW)) == 1


def test_what_is_left_or_held_up_is_tried_again_in_minutes(monkeypatch: pytest.MonkeyPatch) -> None:
    log(operation(OLD), operation(OLD))
    with monkeypatch.context() as patch:
        patch.setattr(retention, "AT_ONCE_SECONDS", 0.0)
        patch.setattr(retention, "BATCH", 1)
        assert retention.prune(NOW) == 1
    assert (retention.is_due(later(5)), retention.is_due(later(11))) == (False, True)
    LogCare.objects.update(busy_until=later(14))
    assert retention.prune(later(11)) == 0
    assert retention.prune(later(22)) == 1


def test_one_that_dies_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    log(operation(OLD))

    def die(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(rollups, "seal", die)
        with pytest.raises(KeyboardInterrupt):
            retention.prune(NOW)
    assert retention.prune(later(11)) == 1


def test_a_clock_that_was_set_back_stops_nothing() -> None:
    retention.prune(NOW + 400 * DAY)
    assert retention.is_due(NOW)


def test_the_night_is_that_of_the_portal(settings: Any) -> None:
    settings.TIME_ZONE = "Europe/Vienna"
    timezone.get_default_timezone.cache_clear()
    try:
        tonight = retention.next_night(NOW)
        assert tonight.isoformat() == "2026-11-25T02:00:00+01:00"
        assert retention.next_night(tonight).isoformat() == "2026-11-26T02:00:00+01:00"
    finally:
        timezone.get_default_timezone.cache_clear()
