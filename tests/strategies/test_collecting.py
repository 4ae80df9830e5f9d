"""What a database logs itself comes into the operation log: each row once, its end when it has one, and trouble stops nobody."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import DataError, OperationalError
from django.test import Client
from django.utils import timezone

from maintenance_portal import tasks
from monitoring import rollups
from monitoring.models import Grain, Rollup
from strategies import collecting, queue
from strategies.models import CollectedOperation, LogCollection, OperationLog, Target, User
from strategies.plans import ErrorClass, TargetError
from strategies.platforms.base import PlatformError, Row
from tests import scripted
from tests.monitoring.past import target

NOW = datetime(2026, 11, 24, 10, 30, tzinfo=UTC)
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
pytestmark = pytest.mark.django_db(transaction=True)


class Log:
    """The table of a database that logs itself, as its platform gives it in portions."""

    def __init__(self) -> None:
        self.rows: dict[int, dict[str, Any]] = {}
        self.asked: list[tuple[datetime, int]] = []
        self.trouble: PlatformError | None = None
        self.portion = 500

    def write(self, number: int, at: datetime = NOW, **values: Any) -> None:
        known = self.rows.get(number, {
            **dict.fromkeys((*collecting._LENGTHS, *collecting._FIGURES, "sql_text", "strategy_context", "ended_at")),
            "operation_id": number, "operation_time": at.replace(tzinfo=None), "strategy_name": "MY_STRATEGY",
            "operation_type": "EXECUTE", "status": "STARTED",
        })  # fmt: skip
        self.rows[number] = {**known, **values, "changed_at": at.replace(tzinfo=None)}

    def logged(self, session: Any, since: datetime, after: int) -> list[Row]:
        self.asked.append((since, after))
        if self.trouble is not None:
            raise self.trouble
        mark = since.replace(tzinfo=None), after
        found = [row for row in self.rows.values() if (row["changed_at"], row["operation_id"]) > mark]
        return sorted(found, key=lambda row: (row["changed_at"], row["operation_id"]))[: self.portion]


@pytest.fixture
def theirs(monkeypatch: pytest.MonkeyPatch) -> Log:
    found = Log()
    scripted.install(monkeypatch, scripted.World())
    monkeypatch.setattr(
        scripted.ScriptedPlatform, "logged", lambda self, session, since, after: found.logged(session, since, after)
    )
    return found


@pytest.fixture
def sales(theirs: Log) -> Target:
    row = target("sales")
    Target.objects.filter(pk=row.pk).update(platform="scripted", url="scripted://sales", facts={"has_own_log": True})
    row.refresh_from_db()
    LogCollection.objects.create(target=row, next_at=NOW)
    return row


def kept() -> list[tuple[Any, ...]]:
    rows = OperationLog.objects.order_by("operation_time", "pk")
    return [(row.strategy_context["source_operation_id"], row.status, row.message) for row in rows]


def test_a_row_comes_once_with_all_that_it_says(theirs: Log, sales: Target) -> None:
    theirs.write(
        7, strategy_context='{"portal": "1a2b3c4d", "session": "run:17"}', sql_text="ALTER INDEX i REBUILD", job_name="nightly",
        user_name="APP", session_id="123,4567", target_object="ORDERS", memory_used_mb=Decimal("1.5"), rows_processed=9,
        status="ERROR", error_code="ORA-00054", error_message="busy", duration_ms=1500,
        ended_at=(NOW + MINUTE).replace(tzinfo=None),
    )  # fmt: skip
    assert [collecting.collect(sales, NOW) for _ in range(3)] == [1, 0, 0]
    (row,) = OperationLog.objects.all()
    assert (row.target, row.strategy_name, row.status, row.error_code, row.duration_ms) == (
        sales,
        "MY_STRATEGY",
        "ERROR",
        "ORA-00054",
        1500,
    )
    assert (row.operation_time, row.ended_at, row.memory_used_mb, row.rows_processed) == (
        NOW,
        NOW + MINUTE,
        Decimal("1.5"),
        9,
    )
    assert row.strategy_context == {"portal": "1a2b3c4d", "session": "run:17", "source_operation_id": 7}
    assert (row.run_id, row.sql_text, row.user_name) == (None, "ALTER INDEX i REBUILD", "APP")


def test_an_end_that_comes_later_is_found_and_so_is_what_was_changed_since(theirs: Log, sales: Target) -> None:
    theirs.write(1)
    collecting.collect(sales, NOW)
    theirs.write(1, NOW + 5 * MINUTE, status="SUCCESS", message="Done.", duration_ms=300_000)
    assert collecting.collect(sales, NOW + 6 * MINUTE) == 1
    assert kept() == [(1, "SUCCESS", "Done.")]
    theirs.write(1, NOW + 7 * MINUTE, cpu_time_ms=5)
    collecting.collect(sales, NOW + 8 * MINUTE)
    assert OperationLog.objects.get().cpu_time_ms == 5


def test_a_row_that_is_committed_late_is_found_all_the_same(theirs: Log, sales: Target) -> None:
    theirs.write(2, NOW)
    collecting.collect(sales, NOW)
    theirs.write(1, NOW - MINUTE)  # its transaction was open until now
    assert collecting.collect(sales, NOW + MINUTE) == 1
    theirs.write(3, NOW - timedelta(hours=5))  # and this one for hours
    assert collecting.collect(sales, NOW + 2 * MINUTE) == 0
    assert collecting.collect(sales, NOW + timedelta(hours=1, minutes=2)) == 1


def test_a_log_that_is_made_anew_counts_from_one_again(theirs: Log, sales: Target) -> None:
    theirs.write(1, status="SUCCESS")
    collecting.collect(sales, NOW)
    theirs.rows.clear()
    theirs.write(1, NOW + 3 * MINUTE, status="ERROR")
    collecting.collect(sales, NOW + 4 * MINUTE)
    assert kept() == [(1, "SUCCESS", None), (1, "ERROR", None)]


def test_many_rows_come_in_portions_and_go_on_where_they_were(
    theirs: Log, sales: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collecting, "AT_MOST", 2)
    theirs.portion = 10
    for number in range(1, 36):
        theirs.write(number, NOW + timedelta(seconds=number // 20), status="SUCCESS")  # many of one instant
    assert [collecting.collect(sales, NOW + MINUTE) for _ in range(3)] == [20, 15, 0]
    assert sorted(number for number, *_ in kept()) == list(range(1, 36))


def test_whatever_happens_meanwhile_each_row_is_there_once(
    theirs: Log, sales: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Workers that die between portions, rows that come and end in any order: in the end the log says what theirs says."""
    chance, moment, number = random.Random(7), NOW, 0
    theirs.portion = 3
    for _ in range(60):
        moment += timedelta(seconds=20)
        for _ in range(chance.randrange(4)):
            number += 1
            theirs.write(number, moment - timedelta(seconds=chance.randrange(60)), message=f"n{number}")
        for one in chance.sample(sorted(theirs.rows), min(len(theirs.rows), 2)):
            theirs.write(one, moment, status=chance.choice(("SUCCESS", "ERROR", "RUNNING")))
        if chance.random() < 0.3:  # a worker that is killed between two portions
            theirs_rows = theirs.logged(None, moment - timedelta(days=2), 0)
            collecting.keep(sales, theirs_rows[:1]) if theirs_rows else None
        collecting.collect(sales, moment)
    collecting.collect(sales, moment + timedelta(hours=2))
    there = {row["operation_id"]: (row["status"], row["message"]) for row in theirs.rows.values()}
    assert {one: (status, message) for one, status, message in kept()} == there
    assert OperationLog.objects.count() == len(there) == CollectedOperation.objects.count()


@pytest.mark.parametrize(
    ("values", "column", "kept_as"),
    [
        ({"message": "x" * 3000}, "message", "x" * 1999 + "…"),
        ({"message": "a\x00b"}, "message", "a\N{REPLACEMENT CHARACTER}b"),
        ({"strategy_context": "[1, 2]"}, "strategy_context", {"value": [1, 2], "source_operation_id": 1}),
        ({"strategy_context": "not JSON"}, "strategy_context", {"text": "not JSON", "source_operation_id": 1}),
        ({"duration_ms": 10**30}, "duration_ms", None),
        ({"status": "DANCING"}, "status", "DANCING"),
    ],
)  # fmt: skip
def test_what_it_says_is_kept_as_far_as_our_columns_hold_it(
    theirs: Log, sales: Target, values: dict[str, Any], column: str, kept_as: Any
) -> None:
    theirs.write(1, **values)
    assert collecting.collect(sales, NOW) == 1
    assert getattr(OperationLog.objects.get(), column) == kept_as


def test_a_row_that_cannot_be_kept_stops_no_other(
    theirs: Log, sales: Target, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    for number in range(1, 6):
        theirs.write(number, NOW + timedelta(seconds=number))
    real = collecting.as_operation

    def refusing(row: Row) -> dict[str, Any]:
        if row["operation_id"] == 3:
            raise DataError("no")
        return real(row)

    monkeypatch.setattr(collecting, "as_operation", refusing)
    assert collecting.collect(sales, NOW + MINUTE) == 4
    assert [number for number, *_ in kept()] == [1, 2, 4, 5]
    assert "operation 3 of sales could not be kept" in caplog.text


def test_trouble_of_the_portals_own_database_loses_no_row(
    theirs: Log, sales: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(1, 6):
        theirs.write(number, NOW - timedelta(days=90))
    real, away = collecting.as_operation, [True]

    def locked(row: Row) -> dict[str, Any]:
        if away[0]:
            raise OperationalError("database is locked")
        return real(row)

    monkeypatch.setattr(collecting, "as_operation", locked)
    with pytest.raises(OperationalError):
        collecting.collect(sales, NOW)
    away[0] = False
    assert collecting.collect(sales, NOW + MINUTE) == 5


def test_trouble_is_kept_where_a_dba_sees_it_and_tried_again_ever_less_often(theirs: Log, sales: Target) -> None:
    theirs.trouble = PlatformError(TargetError(ErrorClass.PERMANENT, "ORA-00942", "table or view does not exist"))
    waits = []
    for _ in range(9):
        collecting.collect(sales, NOW)
        waits.append((LogCollection.objects.get().next_at - NOW).total_seconds())
    assert waits[:3] == [15, 30, 60]
    assert waits[-1] == 600
    assert "ORA-00942" in LogCollection.objects.get().error
    theirs.trouble = None
    theirs.write(1)
    assert collecting.collect(sales, NOW) == 1
    assert (LogCollection.objects.get().error, LogCollection.objects.get().failures) == ("", 0)


def test_the_tick_wakes_one_worker_for_each_that_is_due(
    theirs: Log, sales: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    woken: list[tuple[str, int]] = []
    monkeypatch.setattr(queue, "enqueue", lambda name, pk: woken.append((name, pk)))
    for second in (0, 1, 14, 15):
        tasks.ask_collect(NOW + timedelta(seconds=second))
    assert woken == [("collect", sales.pk)] * 2
    Target.objects.filter(pk=sales.pk).update(is_active=False)
    tasks.ask_collect(NOW + MINUTE)
    Target.objects.filter(pk=sales.pk).update(is_active=True, stopped_at=NOW)
    tasks.ask_collect(NOW + MINUTE)
    assert len(woken) == 2
    Target.objects.filter(pk=sales.pk).update(stopped_at=None)
    theirs.write(1)
    tasks.collect(sales.pk)
    assert OperationLog.objects.count() == 1
    tasks.collect(sales.pk + 1000)


@pytest.mark.parametrize("page", ["/operations/", "/databases/{pk}/"])
def test_whoever_looks_sees_it_with_the_next_reload(
    theirs: Log, sales: Target, monkeypatch: pytest.MonkeyPatch, page: str
) -> None:
    monkeypatch.setattr(queue, "enqueue", lambda name, pk: getattr(tasks, name)(pk))
    client, now = Client(), timezone.now()
    client.force_login(User.objects.create_superuser("ada"))
    Target.objects.filter(pk=sales.pk).update(facts=None)
    collecting.collect(sales, now - 4 * SECOND)
    LogCollection.objects.update(next_at=now + MINUTE)
    theirs.write(1, now, message="It was done in the database")
    tasks.ask_collect(timezone.now())
    assert OperationLog.objects.count() == 0  # nobody looks
    assert client.get(page.format(pk=sales.pk)).status_code == 200
    tasks.ask_collect(timezone.now())
    assert OperationLog.objects.count() == 1
    assert "It was done in the database" in client.get("/operations/").content.decode()
    tasks.ask_collect(timezone.now())
    assert len(theirs.asked) == 3  # one of the first look and two of the second: it was read just now


def test_one_that_is_in_trouble_is_not_read_sooner(theirs: Log, sales: Target) -> None:
    theirs.trouble = PlatformError(TargetError(ErrorClass.TRANSIENT, "ORA-12541", "no listener"))
    collecting.collect(sales, NOW)
    before = LogCollection.objects.get().next_at
    collecting.read_sooner(Target.objects.all(), NOW + SECOND)
    assert LogCollection.objects.get().next_at == before
    assert before > NOW + SECOND


def test_what_is_collected_counts_in_figures_like_any_other_row(theirs: Log, sales: Target) -> None:
    now = timezone.now()
    theirs.write(1, now, status="SUCCESS", duration_ms=1000)
    collecting.collect(sales, now)
    rollups.roll_up(now + MINUTE, force=True)
    assert Rollup.objects.get(grain=Grain.STRATEGY).strategy_name == "MY_STRATEGY"


def test_what_is_no_longer_in_the_log_is_forgotten_and_what_is_stays_known_however_late_it_changes(
    theirs: Log, sales: Target
) -> None:
    theirs.write(1, status="SUCCESS")
    theirs.write(2, status="SUCCESS")
    collecting.collect(sales, NOW)
    OperationLog.objects.order_by("pk")[0].delete()
    assert collecting.prune() == 0
    collecting.collect(sales, NOW + timedelta(days=399))  # nothing changed there since, so it is read once more
    theirs.write(2, NOW + timedelta(days=400), message="masked")
    collecting.collect(sales, NOW + timedelta(days=400, minutes=1))
    assert collecting.prune() == 1
    collecting.collect(sales, NOW + timedelta(days=401))
    assert kept() == [(2, "SUCCESS", "masked")]
