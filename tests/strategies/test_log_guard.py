"""Rows of the operation log that nobody could read are refused in words; the database keeps everything that it can read."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.db import DatabaseError, connection, transaction

from strategies import operation_log
from strategies.models import OperationLog, OperationStatus, Target
from strategies.plans import Meters
from tests.monitoring.past import unguarded

pytestmark = [pytest.mark.database, pytest.mark.django_db(transaction=True)]

ON = {
    "sqlite": {
        "operation_time": (
            "'yesterday'", "''", "20261125", "2460000.5", "'2026-11-25'", "'2026-11-31 02:00:00'", "'2026-11-25 24:00:00'",
            "'2026-11-25T02:00:00'", "'2026-11-25 02:00:00Z'", "'2026-11-25 02:00:00+02:00'", "'2026-11-25 02:00:00.'",
            "'2026-11-25 02:00:00.1234567'", "'2026-11-25 02:00:00.1.2'", "'0001-01-01 00:00:00'", "'9999-12-31 12:00:00'", "x'00'",
        ),
        "ended_at": ("'soon'", "17"),
        "duration_ms": ("'abc'", "9e999", "x'00'"),
        "cpu_time_ms": ("'12 ms'",),
        "memory_used_mb": ("'lots'", "-9e999"),
        "io_operations": ("'many'",),
        "rows_processed": ("'1,000'",),
        "objects_affected": ("'all'",),
        "target_id": ("'shop'",),
        "run_id": ("'last'",),
        "attempt": ("'first'",),
        "strategy_name": ("x'ff'",),
        "message": ("x'ff'",),
    },
    "postgresql": {
        "operation_time": ("'infinity'", "'-infinity'", "'0044-03-15 12:00 BC'", "'0001-01-01'", "'12000-01-01'"),
        "ended_at": ("'infinity'",),
        "memory_used_mb": ("'NaN'",),
    },
}  # fmt: skip
REFUSED = [
    (vendor, name, value) for vendor, columns in ON.items() for name, values in columns.items() for value in values
]
KEPT = {
    "sqlite": (("operation_time", "'2026-11-25 02:00:00'"), ("operation_time", "'2026-11-25 23:59:59.9999'")),
    "postgresql": (("operation_time", "'2026-11-25T02:00+02:00'"), ("operation_time", "'2026-11-25'")),
}


def send(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


def insert(name: str, value: str) -> None:
    send(f"INSERT INTO generic_operation_log ({name}) VALUES ({value})")


@pytest.mark.parametrize(("vendor", "name", "value"), REFUSED)
def test_what_nobody_could_read_is_refused(vendor: str, name: str, value: str) -> None:
    if vendor != connection.vendor:
        pytest.skip(f"{vendor} only")
    with pytest.raises(DatabaseError, match=name if vendor == "sqlite" else ""), transaction.atomic():
        insert(name, value)
    send("INSERT INTO generic_operation_log (status) VALUES ('SUCCESS')")
    with pytest.raises(DatabaseError), transaction.atomic():
        send(f"UPDATE generic_operation_log SET {name} = {value}")


@pytest.mark.parametrize("place", [0, 1])
def test_what_can_be_read_is_kept(place: int) -> None:
    name, value = KEPT[connection.vendor][place]
    insert(name, value)
    assert OperationLog.objects.readable().count() == 1
    assert isinstance(OperationLog.objects.get().operation_time, datetime)


@pytest.mark.parametrize("name", ["duration_ms", "cpu_time_ms", "memory_used_mb", "io_operations", "rows_processed"])
@pytest.mark.parametrize("value", ["NULL", "0", "-1", "12", "'12'"])
def test_figures_are_kept_and_also_slips_that_are_numbers(name: str, value: str) -> None:
    insert(name, value)
    kept = OperationLog.objects.values_list(name, flat=True).get()
    assert kept == (None if value == "NULL" else int(value.strip("'")))


def test_a_fraction_of_a_whole_number_is_rounded() -> None:
    insert("duration_ms", "5.6")
    assert (OperationLog.objects.get().duration_ms, OperationLog.objects.values_list("duration_ms").get()) == (6, (6,))


def test_what_the_portal_writes_itself_is_kept_at_every_microsecond() -> None:
    home = Target.objects.get(is_home=True)
    for microsecond in (0, 1, 500_000, 999_499, 999_999):
        moment = datetime(2026, 11, 30, 23, 59, 59, microsecond, tzinfo=UTC)
        pk = operation_log.begin(
            operation_log.Beginning("S", "REBUILD", "i", "INDEX", "", "anna", "", home.pk, 1, "i"), moment
        )
        done = operation_log.Ending(
            OperationStatus.SUCCESS, "", 3, meters=Meters(cpu_ms=1, memory_mb=1.25, io_operations=0, rows=2)
        )
        assert operation_log.end(pk, done, moment)
        row = OperationLog.objects.get(pk=pk)
        assert (row.operation_time, row.ended_at, row.memory_used_mb) == (moment, moment, Decimal("1.25"))
    assert OperationLog.objects.readable().count() == 5
    assert OperationLog.objects.readable(is_readable=False).count() == 0


def test_rows_that_were_there_before_are_read_with_what_can_be_read_of_them() -> None:
    broken = [(name, value) for vendor, name, value in REFUSED if vendor == connection.vendor]
    broken = [(name, value) for name, value in broken if name not in ("target_id", "run_id", "attempt")]  # no figures
    with unguarded():
        for name, value in broken:
            insert(name, value)
    rows = list(OperationLog.objects.order_by("pk"))
    texts = ("strategy_name", "message")
    read = [getattr(row, name) for row, (name, _) in zip(rows, broken, strict=True) if name not in texts]
    assert set(read) == {None}
    unreadable = sum(name == "operation_time" for name, _ in broken)
    assert OperationLog.objects.readable(is_readable=False).count() == unreadable
    assert OperationLog.objects.readable().count() == len(broken) - unreadable


def test_rows_that_were_there_before_keep_nobody_from_the_guard() -> None:
    with unguarded():
        for name, values in ON[connection.vendor].items():
            if name != "target_id":  # refused as the key of no target
                insert(name, values[0])
    with pytest.raises(DatabaseError), transaction.atomic():
        insert("operation_time", ON[connection.vendor]["operation_time"][0])


def test_a_row_that_was_there_before_can_be_given_its_end() -> None:
    if connection.vendor != "sqlite":
        pytest.skip("PostgreSQL looks at the whole of a row that is changed")
    with unguarded():
        insert("duration_ms", "'abc'")
    send("UPDATE generic_operation_log SET status = 'ERROR', ended_at = '2026-11-25 03:00:00'")
    with pytest.raises(DatabaseError, match="duration_ms: write a number"), transaction.atomic():
        send("UPDATE generic_operation_log SET duration_ms = 'as long as before'")


def test_what_cannot_be_read_is_not_asked_for_by_the_condition_of_what_can() -> None:
    with pytest.raises(ValueError, match="takes True alone"):
        OperationLog.objects.filter(operation_time__readable=False)
