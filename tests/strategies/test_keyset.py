"""Paging by key: every row once, whatever arrives or goes meanwhile, and each page of a range of time at the same cost."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.models import QuerySet
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benchmarks.past import Clock, insert
from strategies import keyset
from strategies.models import AuditEntry, OperationLog, Target

BEGIN = datetime(2026, 11, 1, tzinfo=UTC)
EVERY = timedelta(seconds=8)
ROWS = 12_000
TIME = "operation_time"
pytestmark = pytest.mark.django_db


def rows() -> QuerySet[OperationLog]:
    return OperationLog.objects.all()


def send(statement: str, *values: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


def typed(*times: str) -> list[int]:
    """Rows with times as somebody may type them; their keys, in the order of time and then of keys."""
    for time in times:
        send("INSERT INTO generic_operation_log (operation_time) VALUES (%s)", time)
    return list(OperationLog.objects.order_by(TIME, "pk").values_list("pk", flat=True))


def keys(found: list[OperationLog]) -> list[int]:
    return [row.pk for row in found]


def all_pages(size: int) -> tuple[list[int], list[int]]:
    """The keys on every page, once on the way back into the past and once on the way here again."""
    page = keyset.page(rows(), {}, size, by=TIME)
    back = keys(page.rows)
    while page.older is not None:
        page = keyset.page(rows(), {"before": str(page.older)}, size, by=TIME)
        back += keys(page.rows)
    here = keys(page.rows)[::-1]
    while page.newer is not None:
        page = keyset.page(rows(), {"after": str(page.newer)}, size, by=TIME)
        here += keys(page.rows)[::-1]
    return back, here


TIMES = st.sampled_from(
    [
        f"2026-11-25 02:00:0{second}{fraction}"
        for second in "01"
        for fraction in ("", ".0", ".000", ".1", ".12", ".120000")
    ]
)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(TIMES, max_size=14), st.integers(1, 4))
def test_every_row_stands_on_one_page_and_in_one_batch_however_its_time_was_written(
    times: list[str], size: int
) -> None:
    OperationLog.objects.all().delete()
    expected = typed(*times)
    back, here = all_pages(size)
    assert back == expected[::-1]
    assert here == expected
    assert [key for batch in keyset.batches(rows(), size, by=TIME) for key in keys(batch)] == expected


def test_rows_whose_time_nobody_can_read_are_there_all_the_same() -> None:
    if connection.vendor != "sqlite":
        pytest.skip("only SQLite keeps such rows")
    send("DROP TRIGGER gol_unreadable_new")  # they were there before it was
    expected = typed("yesterday", "", "2026-11-25 02:00:00", "yesterday", "2026-11-25")
    assert all_pages(1) == (expected[::-1], expected)
    assert [key for batch in keyset.batches(rows(), 1, by=TIME) for key in keys(batch)] == expected


def test_rows_that_go_while_they_are_read_keep_none_of_the_others_back() -> None:
    expected = typed(*(f"2026-11-25 02:00:{second:02}.5" for second in range(9)))
    found = []
    for batch in keyset.batches(rows(), 2, by=TIME):
        found += keys(batch)
        OperationLog.objects.filter(pk__in=keys(batch)).delete()
    assert found == expected


def test_rows_that_come_in_while_a_page_is_read_shift_nothing() -> None:
    expected = typed(*(f"2026-11-25 02:00:0{second}" for second in range(6)))
    first = keyset.page(rows(), {}, 3, by=TIME)
    typed("2026-11-25 03:00:00", "2026-11-25 02:00:04.5")
    second = keyset.page(rows(), {"before": str(first.older)}, 3, by=TIME)
    assert keys([*first.rows, *second.rows]) == expected[::-1]


@pytest.mark.parametrize("query", [{"before": "3"}, {"after": "3"}, {"before": str(2**63 - 1)}, {"after": "0"}])
def test_a_key_that_no_row_has_leads_to_its_neighbours(query: dict[str, str]) -> None:
    assert keyset.page(rows(), query, by=TIME).rows == []
    expected = typed(*(f"2026-11-25 02:00:0{second}" for second in range(6)))
    if "3" in query.values():
        gone = expected[3]
        OperationLog.objects.filter(pk=gone).delete()
        query = dict.fromkeys(query, str(gone))
        older, newer = expected[:3][::-1], expected[4:][::-1]
        assert keys(keyset.page(rows(), query, by=TIME).rows) == (older if "before" in query else newer)
    else:
        assert keys(keyset.page(rows(), query, by=TIME).rows) == expected[::-1]


# What it costs.


def work(read: Callable[[], object]) -> int:
    """What the database has to do: steps of its machine in SQLite, rows in each step of the plan in PostgreSQL."""
    if connection.vendor == "sqlite":
        connection.ensure_connection()
        steps = 0

        def count() -> int:
            nonlocal steps
            steps += 1
            return 0

        connection.connection.set_progress_handler(count, 10)
        try:
            read()
        finally:
            connection.connection.set_progress_handler(None, 0)
        return steps
    with CaptureQueriesContext(connection) as queries:
        read()
    touched = 0
    with connection.cursor() as cursor:
        for query in queries:
            cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {query['sql']}")
            (found,) = cursor.fetchone()
            touched += rows_touched((json.loads(found) if isinstance(found, str) else found)[0]["Plan"])
    return touched


def rows_touched(plan: dict[str, Any]) -> int:
    of_this = plan["Actual Rows"] + plan.get("Rows Removed by Filter", 0)
    return round(of_this * plan["Actual Loops"]) + sum(map(rows_touched, plan.get("Plans", ())))


@pytest.fixture
def busy(db: None) -> None:
    """A log and an audit that are long enough for a plan to matter; every row of them has a database, one in 200 is an error."""
    home, at = Target.objects.get(is_home=True), Clock(BEGIN, BEGIN + ROWS * EVERY, ROWS).at("i")
    operation = OperationLog(strategy_name="S", operation_type="REBUILD", target=home)
    status = "CASE WHEN i %% 200 = 0 THEN 'ERROR' ELSE 'SUCCESS' END"
    insert(operation, ROWS, {"operation_id": "i", "operation_time": at, "status": status}, "n")
    entry = AuditEntry(actor="anna", action="run.asked", object_type="JobRun", target=home)
    insert(entry, ROWS, {"id": "i", "at": at, "object_id": "CAST(i %% 300 AS varchar(40))"}, "n")
    if connection.vendor == "postgresql":
        send("ANALYZE generic_operation_log")
        send("ANALYZE portal_audit_entry")


def between(found: QuerySet[Any], by: str) -> QuerySet[Any]:
    return found.filter(**{f"{by}__gte": BEGIN + 10 * EVERY, f"{by}__lt": BEGIN + (ROWS - 10) * EVERY})


NARROWED: dict[str, tuple[str, Callable[[], QuerySet[Any]]]] = {
    "a range of time": (TIME, lambda: between(rows(), TIME)),
    "a database in a range of time": (TIME, lambda: between(rows().filter(target__is_home=True), TIME)),
    "a database": (TIME, lambda: rows().filter(target=Target.objects.get(is_home=True))),
    "nothing": (TIME, rows),
    "entries of a range of time": ("at", lambda: between(AuditEntry.objects.all(), "at")),
    "entries of a person": ("at", lambda: AuditEntry.objects.filter(actor="anna")),
    "entries of an act in a range of time": (
        "at",
        lambda: between(AuditEntry.objects.filter(action="run.asked"), "at"),
    ),
}


@pytest.mark.parametrize("narrowed", NARROWED)
def test_a_page_costs_the_same_wherever_it_is(narrowed: str, busy: None) -> None:
    by, found = NARROWED[narrowed]
    ordered = list(found().order_by(by, "pk").values_list("pk", flat=True))
    once = work(lambda: keyset.page(found(), {}, by=by))
    for place in (0.05, 0.5, 0.95):
        key = str(ordered[int(len(ordered) * place)])
        for query in ({"before": key}, {"after": key}):
            assert work(lambda query=query: keyset.page(found(), query, by=by)) < 2 * once + 60, query  # type: ignore[misc]
    assert once < work(lambda: list(found())) / 5


@pytest.mark.parametrize("narrowed", NARROWED)
def test_batches_cost_no_more_than_reading_all_at_once(narrowed: str, busy: None) -> None:
    by, found = NARROWED[narrowed]
    at_once = work(lambda: list(found()))
    assert work(lambda: sum(map(len, keyset.batches(found(), 200, by=by)))) < 3 * at_once


def test_errors_of_a_range_of_time_are_found_without_reading_the_others(busy: None) -> None:
    errors = between(rows().filter(status="ERROR"), TIME)
    assert work(lambda: keyset.page(errors, {}, 20, by=TIME)) < work(lambda: list(rows())) / 20


def test_the_history_of_one_object_is_found_without_reading_that_of_others(busy: None) -> None:
    history = AuditEntry.objects.filter(object_type="JobRun", object_id="7")
    assert work(lambda: keyset.page(history, {}, by="at")) < work(lambda: list(AuditEntry.objects.all())) / 20
