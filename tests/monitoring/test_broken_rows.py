"""A row that nobody can read, typed before such rows were refused, keeps no other from its figures, and no page from its reader."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from maintenance_portal import tasks
from monitoring import archives, log_health, retention, rollups
from monitoring.models import ErrorDay, Grain, LogSize, Rollup, RollupMark
from strategies.models import OperationLog, Role
from tests.monitoring.past import log, operation, target, typed, unguarded
from tests.pages import text_of

pytestmark = pytest.mark.django_db(transaction=True)
DAY = timedelta(days=1)

TIMES = {
    "sqlite": ("'yesterday'", "20261125", "'2026-11-31 02:00:00'", "'2026-11-25T02:00:00Z'", "'0001-01-01 00:00:00'"),
    "postgresql": ("'infinity'", "'-infinity'", "'0044-03-15 12:00 BC'", "'0001-01-01 00:00+00'"),
}
FIGURES = {
    "sqlite": (
        ("duration_ms", "'abc'"), ("memory_used_mb", "'lots'"), ("cpu_time_ms", "9e999"), ("io_operations", "x'00'"),
        ("rows_processed", "'many'"), ("ended_at", "'soon'"), ("objects_affected", "'all'"),
    ),
    "postgresql": (("memory_used_mb", "'NaN'"), ("duration_ms", "9223372036854775807"), ("ended_at", "'infinity'")),
}  # fmt: skip
PAGES = (
    "/", "/operations/", "/operations/?status=ERROR", "/operations.csv", "/operation-log/", "/operation-log/growth.csv",
    "/operation-log/prune/", "/errors/", "/errors.csv", "/trends/", "/trends.csv", "/statistics/", "/statistics.csv",
    "/report/?period=this_month", "/report.csv?period=this_month", "/report.pdf?period=this_month", "/search/?q=broken", "/audit/",
)  # fmt: skip


def broken_times() -> list[int]:
    with unguarded():
        return [
            typed(operation_time=value, strategy_name="'BROKEN'", status="'ERROR'", error_message="'broken'", job_name="'J'")
            for value in TIMES[connection.vendor]
        ]  # fmt: skip


def broken_figures(moment: Any) -> list[int]:
    at = f"'{moment:%Y-%m-%d %H:%M:%S}'"
    with unguarded():
        return [
            typed(**{"strategy_name": "'BROKEN'", "status": "'ERROR'", "error_message": "'broken'", "operation_time": at, name: value})
            for name, value in FIGURES[connection.vendor]
        ]  # fmt: skip


def count(grain: Grain, strategy: str) -> int:
    return sum(Rollup.objects.filter(grain=grain, strategy_name=strategy).values_list("count", flat=True))


def test_rows_without_a_time_are_in_no_figure_and_the_others_are() -> None:
    now = timezone.now()
    broken_times()
    log(*(operation(now.date() - n * DAY, "ERROR", error_message="no space") for n in range(3)))
    assert rollups.roll_up(now) == 3
    assert (count(Grain.STRATEGY, "INDEX_MAINTENANCE"), count(Grain.ROW, "INDEX_MAINTENANCE")) == (3, 3)
    assert (count(Grain.STRATEGY, "BROKEN"), count(Grain.ROW, "BROKEN")) == (0, 0)
    assert set(ErrorDay.objects.values_list("count", flat=True)) == {1}
    assert RollupMark.objects.get().waiting_days == []


def test_rows_with_a_broken_figure_count_and_the_figure_was_not_measured() -> None:
    now = timezone.now()
    n = len(broken_figures(now))
    log(operation(now.date(), duration_ms=7, strategy_name="BROKEN"))
    rollups.roll_up(now)
    row = Rollup.objects.get(grain=Grain.STRATEGY, strategy_name="BROKEN")
    assert (row.count, row.failed, row.duration_n, row.duration_ms) == (n + 1, n, 1, 7)
    assert (row.cpu_n, row.memory_n, row.io_n, row.rows_n, row.memory_mb) == (0, 0, 0, 0, 0)
    assert ErrorDay.objects.get().count == n
    assert RollupMark.objects.get().waiting_days == []


def test_a_row_of_a_database_that_is_none_is_left_out_and_the_others_are_counted() -> None:
    if connection.vendor != "sqlite":
        pytest.skip("elsewhere the key is always checked")
    now = timezone.now()
    log(operation(now.date(), "ERROR"))
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA foreign_keys = OFF")  # as it is in sqlite3's own shell
        key = typed(operation_time=f"'{now:%Y-%m-%d %H:%M:%S}'", target_id="98765", status="'ERROR'")
        try:
            rollups.roll_up(now)
            assert RollupMark.objects.get().waiting_days == []
            assert (count(Grain.STRATEGY, "INDEX_MAINTENANCE"), count(Grain.ROW, "UNKNOWN")) == (1, 0)
            assert ErrorDay.objects.count() == 1
        finally:
            OperationLog.objects.filter(pk=key).delete()
            cursor.execute("PRAGMA foreign_keys = ON")


def test_the_logs_page_names_rows_without_a_time(person: Callable[..., Any]) -> None:
    now = timezone.now()
    keys = broken_times()
    log(operation(now.date()))
    rollups.roll_up(now)
    log_health.monitor_log_table_size(now)
    size = LogSize.objects.get()
    assert (size.row_count, size.unreadable_count, size.unreadable) == (len(keys) + 1, len(keys), keys)
    assert size.strategies["BROKEN"] == {"rows": len(keys), "oldest": None, "expired": 0}
    assert size.oldest_at == size.newest_at
    client = Client()
    client.force_login(person("anna", Role.DBA))
    text = text_of(client.get("/operation-log/"))
    assert f"The time of {len(keys)} rows cannot be read: they are in no figure" in text
    assert f'href="/operations/{keys[0]}/">Operation {keys[0]}: ' in text
    OperationLog.objects.filter(pk=keys[0]).update(operation_time=now)
    assert f"Operation {keys[0]}:" not in text_of(client.get("/operation-log/"))


def test_no_page_fails_because_of_a_row(person: Callable[..., Any]) -> None:
    now = timezone.now()
    keys = [*broken_times(), *broken_figures(now)]
    rollups.roll_up(now)
    log_health.monitor_log_table_size(now)
    client = Client()
    client.force_login(person("anna", Role.DBA))
    for page in (*PAGES, *(f"/operations/{key}/" for key in keys)):
        response = client.get(page, follow=True)
        assert response.status_code == 200, page
        assert getattr(response, "streaming", False) is False or b"".join(response.streaming_content)


def test_a_text_in_another_encoding_costs_its_letters_and_nothing_else(person: Callable[..., Any]) -> None:
    if connection.vendor != "sqlite":
        pytest.skip("elsewhere the database knows how its texts are written")
    now = timezone.now()
    latin = "CAST(x'4dfc6c6c6572' AS TEXT)"  # Müller
    key = typed(
        operation_time=f"'{now:%Y-%m-%d %H:%M:%S}'", strategy_name=latin, operation_type=latin, job_name=latin, status="'ERROR'",
        error_code=latin, error_message=latin, message=latin, sql_text=latin, target_object=latin, user_name=latin,
    )  # fmt: skip
    log(operation(now.date()))
    assert rollups.roll_up(now) == 2
    assert count(Grain.STRATEGY, "INDEX_MAINTENANCE") == 1
    log_health.monitor_log_table_size(now)
    client = Client()
    client.force_login(person("anna", Role.DBA))
    for page in (*PAGES, f"/operations/{key}/"):
        response = client.get(page, follow=True)
        assert response.status_code == 200, page
        assert getattr(response, "streaming", False) is False or b"".join(response.streaming_content)
    assert "M\N{REPLACEMENT CHARACTER}ller" in text_of(client.get(f"/operations/{key}/"))


@pytest.mark.parametrize("kept", ['{"a": "\\ud800"}', '{"a": "\\uD83D"}', '{"a": "\\ud83d\\ude00"}', '{"a": 1e400}'])
def test_whatever_the_database_takes_for_json_is_shown(kept: str, person: Callable[..., Any]) -> None:
    key = typed(strategy_context=f"'{kept}'", status="'SUCCESS'")
    client = Client()
    client.force_login(person("anna", Role.DBA))
    assert client.get(f"/operations/{key}/").status_code == 200
    assert (OperationLog.objects.get().strategy_context == {"a": "\N{GRINNING FACE}"}) is ("ude00" in kept)


def test_rows_without_a_time_are_neither_pruned_nor_moved_and_keep_no_other() -> None:
    now = timezone.now()
    keys = broken_times()
    log(*(operation(now.date() - n * DAY) for n in (1, 100, 101)))
    rollups.roll_up(now)
    assert archives.archive_logs(now, archive_table="old_rows", end_date=(now - 101 * DAY).date()).rows == 1
    assert retention.cleanup_old_logs(now) == (1, True)
    assert set(OperationLog.objects.values_list("pk", flat=True)) >= set(keys)
    assert OperationLog.objects.count() == len(keys) + 1


def test_the_tick_goes_on() -> None:
    broken_times()
    tasks.roll_up(1)
    tasks.care_for_log(1)
    assert RollupMark.objects.get().waiting_days == []
    assert target() is not None
