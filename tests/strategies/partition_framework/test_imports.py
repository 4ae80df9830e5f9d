"""An import keeps each row once, goes on where one was killed, changes nothing at its source, and tells what became of every row."""

from __future__ import annotations

import hashlib
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from maintenance_portal import tasks
from monitoring import retention, rollups
from monitoring.models import Grain, Rollup
from strategies import log_policies, settling, targets
from strategies.models import (
    AuditEntry,
    FrameworkFile,
    FrameworkImport,
    ImportedRow,
    ImportState,
    MaintenanceJob,
    OperationLog,
    StrategyConfig,
    StrategyType,
    Target,
)
from strategies.partition_framework import imports, keeping, report
from strategies.partition_framework.imports import Asked
from strategies.partition_framework.report import Report
from strategies.partition_framework.tables import JOBS, LOG, ImportRefused
from strategies.platforms.base import PlatformError
from strategies.platforms.queries import Query
from tests.older import ANNA, NOON, archive, change, config, imported, in_sqlite, job, operation, rows


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "shop.db"


@pytest.fixture
def shop(sqlite_target: Target, file: Path) -> Target:
    """With a row of each table."""
    in_sqlite(file)
    return sqlite_target


def kept() -> tuple[int, int, int, int]:
    return tuple(
        model._default_manager.count() for model in (StrategyConfig, MaintenanceJob, OperationLog, ImportedRow)
    )  # type: ignore[return-value]


def told(found: Report, **expected: int) -> bool:
    totals = found.totals
    names = ("added", "changed", "same", "left", "gone", "left_out")
    return {name: getattr(totals, name) for name in names} == {**dict.fromkeys(names, 0), **expected}


def test_a_trial_keeps_nothing_and_says_what_an_import_would_do(shop: Target) -> None:
    before = {*StrategyType.objects.values_list("pk", flat=True)}
    row, found = imported(shop, is_dry=True)
    assert (row.state, row.schema, kept()) == (ImportState.DONE, "main", (0, 0, 0, 0))
    assert told(found, added=3)
    assert {*StrategyType.objects.values_list("pk", flat=True)} == before
    assert told(imported(shop)[1], added=3), "and the import does it"
    assert kept() == (1, 1, 1, 3)


def test_twice_is_once_and_from_files_it_is_the_same_again(shop: Target) -> None:
    imported(shop)
    assert told(imported(shop)[1], same=3)
    _, found = imported(shop, schema="main", file_name="old.zip", content=archive())
    assert told(found, same=3), found.remarks
    assert kept() == (1, 1, 1, 3)
    assert FrameworkFile.objects.count() == 0, "an archive that was imported is not kept"


def test_what_was_changed_there_is_changed_here_and_what_is_new_is_added(shop: Target, file: Path) -> None:
    imported(shop)
    change(
        file, "UPDATE partition_strategy_config SET parallel_degree = 8", "UPDATE partition_maintenance_jobs SET execution_count = 13",
        "UPDATE partition_operation_log SET status = 'FAILED', error_code = 'ORA-1'",
        "INSERT INTO partition_operation_log (operation_id, operation_type, status, operation_time) "
        "VALUES (2, 'X', 'OK', '2026-11-21')",
    )  # fmt: skip
    assert told(imported(shop, is_dry=True)[1], changed=3, added=1)
    assert OperationLog.objects.get().status == "SUCCESS", "that was a trial"
    assert told(imported(shop)[1], changed=3, added=1)
    assert (StrategyConfig.objects.get().parallel_degree, MaintenanceJob.objects.get().execution_count) == (8, 13)
    assert OperationLog.objects.order_by("operation_time").values_list("status", "error_code").first() == (
        "ERROR",
        "ORA-1",
    )
    assert told(imported(shop)[1], same=4)


def test_what_was_changed_here_stays_and_what_is_gone_here_does_not_come_back(shop: Target, file: Path) -> None:
    imported(shop)
    StrategyConfig.objects.update(parallel_degree=2)
    MaintenanceJob.objects.update(is_active=True)
    OperationLog.objects.all().delete()
    assert told(imported(shop)[1], same=3), "as long as nothing changes there"
    change(file, *(f"UPDATE {table} SET table_name = 'OTHER'" for table in rows()))
    _, found = imported(shop)
    assert told(found, left=2, gone=1)
    assert {(one.table, one.what, one.why) for one in found.remarks} == {
        (table, report.LEFT, keeping.CHANGED_HERE) for table in ("partition_strategy_config", "partition_maintenance_jobs")
    }  # fmt: skip
    assert (StrategyConfig.objects.get().target_object, MaintenanceJob.objects.get().target_object) == (
        "SALES",
        "SALES",
    )
    assert OperationLog.objects.count() == 0


def test_rows_that_cannot_be_taken_are_named_and_the_others_go_on(sqlite_target: Target, file: Path) -> None:
    bad = [operation(2, operation_time="soon"), operation(3, duration_ms="long"), operation(4, operation_time=None)]
    in_sqlite(file, rows(jobs=[job(1, table=None), job(2)], operations=[operation(1), *bad, operation(5)]))
    row, found = imported(sqlite_target)
    assert told(found, added=4, left_out=4)
    assert [(one.table, one.row, one.column) for one in found.remarks if one.what == report.LEFT_OUT] == [
        (JOBS.name, "row 1", "table_name"), (LOG.name, "row 2", "operation_time"), (LOG.name, "row 3", "duration_ms"),
        (LOG.name, "row 4", "operation_time"),
    ]  # fmt: skip
    assert row.error == ""


def test_numbers_that_are_none_or_not_of_one_row_are_told(sqlite_target: Target, file: Path) -> None:
    """A table of SQLite's without a key may hold anything."""
    in_sqlite(file, rows(operations=[]))
    insert = "INSERT INTO partition_operation_log VALUES ({}, 'X', 'OK', '2026-11-20')"
    change(
        file, "DROP TABLE partition_operation_log",
        "CREATE TABLE partition_operation_log (operation_id, operation_type, status, operation_time)",
        *(insert.format(one) for one in ("1", "1", "NULL", "'one'", "2.5", "2")),
    )  # fmt: skip
    _, found = imported(sqlite_target)
    assert (found.tables[LOG.name].read, found.tables[LOG.name].added, found.tables[LOG.name].left_out) == (6, 2, 4)
    assert sorted((one.row, one.column) for one in found.remarks if one.table == LOG.name) == [
        ("", "operation_id"), ("row 1", "operation_id"), ("row 2.5", "operation_id"), ("row one", "operation_id"),
    ]  # fmt: skip


def test_a_number_that_stands_in_a_file_twice_is_taken_once_however_far_apart(sqlite_target: Target) -> None:
    each = [*(operation(n) for n in range(1, 700)), operation(7, message="Another.")]
    for is_dry in (True, False):
        _, found = imported(
            sqlite_target, is_dry=is_dry, schema="main", file_name="old.zip", content=archive(rows(operations=each))
        )
        assert told(found, added=701, left_out=1)
        assert found.remarks[-1].row == "line 701"
    assert not OperationLog.objects.filter(message="Another.").exists()


def test_many_remarks_are_counted_and_so_many_listed(
    sqlite_target: Target, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report, "LISTED", 3)
    in_sqlite(file, rows(operations=[operation(n, status="odd") for n in range(1, 8)]))
    row, found = imported(sqlite_target)
    assert (len(found.remarks), found.remark_count, found.unlisted) == (3, 8, 5)
    assert found.tables[LOG.name].noted == 7
    assert len(row.report["remarks"]) == 3


def test_a_table_or_a_column_that_is_missing_keeps_everything_from_being_imported(
    sqlite_target: Target, file: Path
) -> None:
    row, _ = imported(sqlite_target)
    assert "There is none of the tables partition_strategy_config," in row.error
    in_sqlite(file)
    change(file, "ALTER TABLE partition_operation_log DROP COLUMN status")
    row, _ = imported(sqlite_target)
    assert row.error == "main.partition_operation_log has no column status."
    change(file, "DROP TABLE partition_operation_log")
    row, _ = imported(sqlite_target)
    assert row.error == "There is no table partition_operation_log in the schema main, or the account does not see it."
    assert (row.state, kept()) == (ImportState.FAILED, (0, 0, 0, 0))
    assert AuditEntry.objects.filter(action="import.failed", reason=row.error).exists()


def test_a_file_that_is_wrong_at_its_end_leaves_nothing_behind(sqlite_target: Target) -> None:
    text = "operation_id,operation_type,status,operation_time\n1,X,OK,2024-03-01\n2,X"
    row, _ = imported(sqlite_target, schema="main", file_name="old.zip", content=archive(partition_operation_log=text))
    assert row.error.startswith("partition_operation_log.csv, line 3: 2 cells")
    assert kept() == (0, 0, 0, 0)


def test_nothing_of_the_source_is_changed_and_its_session_could_not(shop: Target, file: Path) -> None:
    before = hashlib.sha256(file.read_bytes()).hexdigest()
    imported(shop, is_dry=True)
    imported(shop)
    assert hashlib.sha256(file.read_bytes()).hexdigest() == before
    with targets.session(shop, "import") as opened:
        opened.only_read("main")
        with pytest.raises(PlatformError, match="readonly"):
            opened.rows(Query("q", "DELETE FROM partition_operation_log RETURNING 1 AS n", "p", "n", "none", "3"))


def test_one_that_is_killed_half_way_loses_the_batch_at_hand_and_the_next_goes_on(
    sqlite_target: Target, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_sqlite(file, rows(operations=[operation(n) for n in range(1, 1601)]))
    add = keeping.Keeper._add_operations
    batches: list[int] = []

    def killed(self: Any, source: Any, new: Any) -> list[int]:
        batches.append(len(new))
        done = add(self, source, new)
        if len(batches) == 3:
            raise KeyboardInterrupt  # after its rows were sent, before they are committed
        return done

    monkeypatch.setattr(keeping.Keeper, "_add_operations", killed)
    row = imports.ask(ANNA, Asked(sqlite_target, "", "UTC", False), NOON, wake=False)
    with pytest.raises(KeyboardInterrupt):
        imports.carry_out(row, lambda: NOON)
    monkeypatch.undo()
    assert OperationLog.objects.count() == 1000
    assert ImportedRow.objects.filter(source__table_name=LOG.name).count() == 1000
    with pytest.raises(ImportRefused, match="is under way"):
        imports.ask(ANNA, Asked(sqlite_target, "", "UTC", False), NOON, wake=False)
    tasks.give_up_cut_off(NOON + timedelta(minutes=4))
    assert FrameworkImport.objects.open().count() == 1, "it might still be at work"
    tasks.give_up_cut_off(NOON + timedelta(minutes=6))
    row.refresh_from_db()
    assert (row.error, Report.of(row.report).tables[LOG.name].added) == (imports.CUT_OFF, 1000)
    assert told(imported(sqlite_target)[1], added=600, same=1002)
    assert sorted(ImportedRow.objects.filter(source__table_name=LOG.name).values_list("old_id", flat=True)) == [
        *range(1, 1601)
    ]
    assert OperationLog.objects.count() == 1600


def test_a_worker_that_was_given_up_keeps_no_further_batch(shop: Target) -> None:
    row = imports.ask(ANNA, Asked(shop, "", "UTC", False), NOON, wake=False)
    imports.give_up_cut_off(NOON + timedelta(minutes=6))
    assert imports.carry_out(row, lambda: NOON + timedelta(minutes=7))
    assert kept()[:3] == (0, 0, 0)
    row.refresh_from_db()
    assert row.error == imports.CUT_OFF


def test_workers_go_on_in_portions_of_a_task_and_of_two_wake_ups_one_works(
    sqlite_target: Target, file: Path, wake_ups: list[tuple[str, Any]], monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: Any,
) -> None:  # fmt: skip
    """Read from an archive, where a position is a number of rows."""
    each = [operation(n) for n in range(1, 1251)]
    with django_capture_on_commit_callbacks(execute=True):
        row = imports.ask(
            ANNA, Asked(sqlite_target, "main", "UTC", False, "old.zip", archive(rows(operations=each))), timezone.now()
        )
    assert len(wake_ups) == 1
    ticks = iter(NOON + timedelta(minutes=3) * n for n in range(10_000))
    monkeypatch.setattr(imports, "LEASE", timedelta(days=9))
    turns = 0
    while FrameworkImport.objects.open().exists():
        turns += 1
        taken = imports.take(row.pk, NOON)
        assert taken is not None
        assert imports.take(row.pk, NOON) is None
        imports.carry_out(taken, lambda: next(ticks), limit_seconds=60)
    assert turns > 3
    row.refresh_from_db()
    assert told(Report.of(row.report), added=1252)
    assert kept() == (1, 1, 1250, 1252)


def test_an_import_whose_wake_up_vanished_is_woken_again(
    shop: Target, wake_ups: list[tuple[str, Any]], db: None
) -> None:
    row = imports.ask(ANNA, Asked(shop, "", "UTC", True), timezone.now() - timedelta(minutes=1))
    tasks.wake_again(timezone.now())
    assert FrameworkImport.objects.get(pk=row.pk).woken_at > row.woken_at
    tasks.import_framework(row.pk)
    row.refresh_from_db()
    assert row.state == ImportState.DONE
    tasks.import_framework(row.pk)
    assert AuditEntry.objects.filter(action="import.tried").count() == 1, "one that comes late finds nothing to do"


def test_who_asks_to_stop_is_heard_before_the_next_batch(shop: Target) -> None:
    row = imports.ask(ANNA, Asked(shop, "", "UTC", False), NOON, wake=False)
    assert imports.carry_out(row, lambda: NOON, is_asked_to_stop=lambda: True)
    row.refresh_from_db()
    assert row.error == "Stopped by anna. What was taken over by then stays."
    assert kept()[:3] == (0, 0, 0)


def test_where_many_rows_give_no_keys_back_they_are_found_again(
    shop: Target, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on Oracle."""
    others = ", ".join(operation())
    copied = others.replace("operation_id", "operation_id + 1")
    change(file, f"INSERT INTO partition_operation_log ({others}) SELECT {copied} FROM partition_operation_log")
    monkeypatch.setattr(type(connection.features), "can_return_rows_from_bulk_insert", False)
    imported(shop)
    linked = ImportedRow.objects.filter(source__table_name=LOG.name).values_list("old_id", "row_id")
    sources = [
        (number, OperationLog.objects.get(pk=pk).strategy_context["source"]["operation_id"]) for number, pk in linked
    ]
    assert sorted(sources) == [(1, 1), (2, 2)]


def test_two_schemas_of_one_database_are_two_frameworks(shop: Target) -> None:
    imported(shop)
    _, found = imported(shop, schema="OTHER", file_name="old.zip", content=archive())
    assert found.tables[LOG.name].added == 1
    assert OperationLog.objects.count() == 2


def test_a_trial_says_of_each_configuration_what_the_import_says(sqlite_target: Target) -> None:
    twice = archive(rows(configs=[config(), config(config_id=2), config(config_id=3, table_name="OTHER")]))
    said = []
    for is_dry in (True, False):
        _, found = imported(sqlite_target, is_dry=is_dry, schema="main", file_name="old.zip", content=twice)
        said.append([(one.row, one.column, one.what) for one in found.remarks if "a configuration of it" in one.why])
    assert said[0] == said[1]
    assert len(said[0]) == 1


def test_a_configuration_beside_one_that_is_here_already_arrives_switched_off(shop: Target) -> None:
    own = StrategyConfig.objects.create(
        strategy_id="PARTITION_MAINTENANCE", target_object="SALES", target_type_id="TABLE", target=shop
    )
    _, found = imported(shop)
    assert StrategyConfig.objects.exclude(pk=own.pk).get().is_active is False
    assert any(f"number {own.pk}" in one.why for one in found.remarks)


def test_nothing_starts_by_itself_and_jobs_without_an_implementation_are_set_aside(shop: Target) -> None:
    _, found = imported(shop)
    assert (found.active_jobs, found.has_routine) == (1, False)
    settling.settle(timezone.now())
    row = MaintenanceJob.objects.get()
    assert (row.is_active, row.next_run) == (False, None)
    assert row.quarantine_reason == "strategy_name: There is no implementation of PARTITION_MAINTENANCE here."
    entry = AuditEntry.objects.get(action="job.added")
    assert (entry.actor, entry.after["was_active"]) == ("anna", True)
    assert any("switched off, 1 of them active there" in sentence for sentence in found.sentences)


def test_the_history_counts_on_its_own_days_and_what_is_past_its_time_is_told_before_it_goes(
    sqlite_target: Target, file: Path
) -> None:
    now = timezone.now()
    today = now.astimezone(UTC).date()
    old, recent = today - timedelta(days=400), today - timedelta(days=20)
    in_sqlite(file, rows(operations=[
        operation(1, operation_time=f"{old} 02:00:00"), operation(2, operation_time=f"{old} 03:00:00", status="FAILED"),
        operation(3, operation_time=f"{recent} 02:00:00"), operation(4, operation_time=f"{recent} 02:00:00", status="STARTED"),
    ]))  # fmt: skip
    rollups.roll_up(now, force=True)
    log_policies.set_log_retention_days(ANNA, 90, "PARTITION_MAINTENANCE")
    row = imports.ask(ANNA, Asked(sqlite_target, "", "UTC", False), now, wake=False)
    assert imports.carry_out(row, lambda: now)
    found = Report.of(row.report)
    assert (found.past_retention, found.retention_days) == (2, 90)
    assert (found.first_day, found.last_day) == (old, recent)
    assert any(sentence.startswith("2 operations are older than the 90 days") for sentence in found.sentences)
    assert retention.preview(now).rows == found.past_retention, "as the page of pruning says it"
    assert retention.cleanup_old_logs(now).rows == found.past_retention
    counted = Rollup.objects.filter(grain=Grain.STRATEGY, strategy_name="PARTITION_MAINTENANCE")
    assert {(one.day, one.succeeded, one.failed) for one in counted} == {(old, 1, 1), (recent, 1, 0)}
    rollups.roll_up(now, force=True)
    assert counted.get(day=old).failed == 1, "what was pruned stays counted"
    assert told(imported(sqlite_target)[1], same=6), "and does not come back"


def test_days_to_come_and_rows_without_an_end_are_told(sqlite_target: Target) -> None:
    each = [operation(1), operation(2, operation_time="2099-11-05 02:00:00"), operation(3, status="RUNNING")]
    for is_dry in (True, False):
        _, found = imported(
            sqlite_target, is_dry=is_dry, schema="main", file_name="old.zip", content=archive(rows(operations=each))
        )
        assert (found.ahead, found.unfinished) == (1, 1)
        told = " ".join(found.sentences)
        assert "1 operation is of days to come" in told
        assert "1 operation is without an end" in told


def test_a_row_without_an_end_stays_as_long_as_others_of_its_kind() -> None:
    days = keeping.Days(kept=date(2026, 11, 20), unfinished=date(2026, 10, 25), today=date(2026, 11, 24))
    at = datetime(2026, 11, 1, tzinfo=UTC)
    assert days.is_past({"operation_time": at, "status": "SUCCESS"})
    assert not days.is_past({"operation_time": at, "status": "STARTED"})
    assert days.is_past({"operation_time": at - timedelta(days=30), "status": "STARTED"})


@pytest.mark.parametrize(
    ("values", "words"),
    [({"is_active": False}, "is switched off"), ({"stopped_at": NOON, "stopped_why": "x"}, "refused the sign-in")],
)
def test_a_database_that_cannot_be_read_is_refused_and_its_files_are_not(
    shop: Target, values: dict[str, Any], words: str
) -> None:
    Target.objects.filter(pk=shop.pk).update(**values)
    shop.refresh_from_db()
    with pytest.raises(ImportRefused, match=words):
        imported(shop)
    assert told(imported(shop, schema="main", file_name="old.zip", content=archive())[1], added=3)


def test_archives_that_nobody_imported_are_forgotten_after_some_days(shop: Target) -> None:
    row, _ = imported(shop, is_dry=True, schema="main", file_name="old.zip", content=archive())
    assert imports.prune(NOON + timedelta(days=2)) == 0
    assert imports.prune(NOON + timedelta(days=4)) == 1
    row.refresh_from_db()
    assert (row.file_id, row.file_name) == (None, "old.zip")


def test_a_failure_of_the_portal_itself_is_told_without_its_details(
    shop: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise RuntimeError("secret")

    monkeypatch.setattr(keeping, "convert", fail)
    row = imports.ask(ANNA, Asked(shop, "", "UTC", False), NOON, wake=False)
    with pytest.raises(RuntimeError):
        imports.carry_out(row, lambda: NOON)
    row.refresh_from_db()
    assert row.error == "The portal itself failed: RuntimeError."


def test_a_report_is_the_same_when_it_is_read_again(shop: Target) -> None:
    row, found = imported(shop)
    again = Report.of(row.report)
    assert again == found
    assert again.as_json() == row.report
    assert Report.of({}) == Report()
