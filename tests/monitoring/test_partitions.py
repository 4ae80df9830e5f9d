"""The operation log as partitions of a real PostgreSQL: nothing is lost on the way, whole months go, and nobody waits for long."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from typing import Any

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from monitoring import (
    archives,
    expiry,
    log_health,
    partition_care,
    partition_drops,
    partitioning,
    partitions,
    postgresql_log,
    postgresql_switch,
    retention,
)
from monitoring.archive_files import ArchiveRefused
from monitoring.partition_plans import PartitionRefused
from strategies import keyset, log_policies, maintenance_logger, operation_log
from strategies.audit import Actor
from strategies.models import AuditEntry, OperationLog, OperationStatus, Role, RunStatus
from tests.long import IS_ALL
from tests.monitoring.past import NOW, TODAY, at, log, operation, run, target

pytestmark = [
    pytest.mark.database,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif("connection.vendor != 'postgresql'", reason="PostgreSQL only"),
]
DAY = timedelta(days=1)
ANNA = Actor("anna", "192.0.2.7")
BEGINNING = date(2026, 3, 10)  # when the log of these tests is partitioned: April is the first month of its own
CATALOGUE = """
SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = 'generic_operation_log'::regclass
UNION ALL SELECT indexname, indexdef FROM pg_indexes WHERE tablename = 'generic_operation_log'
UNION ALL SELECT column_name, concat_ws(' ', data_type, column_default, is_nullable, is_identity)
  FROM information_schema.columns WHERE table_name = 'generic_operation_log' ORDER BY 1, 2
"""


@pytest.fixture(autouse=True)
def _plain(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Each test begins with one table, and with little patience."""
    for module in (postgresql_log, partition_drops):
        monkeypatch.setattr(module, "LOCK_WAIT_MS", 50)
        monkeypatch.setattr(module, "TRIES", 2)
        monkeypatch.setattr(module, "PAUSE_SECONDS", 0.01)
    yield
    if partitions.of_log():
        undo()
    postgresql_switch.clear_up()


def partition(moment: datetime | None = None) -> list[str]:
    sent: list[str] = []
    partitioning.way(is_undo=False).carry_out(moment or at(BEGINNING), sent.append)
    return sent


def undo() -> None:
    partitioning.way(is_undo=True).carry_out(NOW, lambda _: None)


def with_months() -> None:
    """A log partitioned in March 2026, and looked after since."""
    partition()
    for month in range(3, 12):
        partition_care.keep_ahead(at(date(2026, month, 28)))


def names() -> list[str]:
    return [part.name.removeprefix("generic_operation_log_") for part in partitions.of_log()]


def where(row: OperationLog) -> str:
    ((name,),) = postgresql_log.ask(
        "SELECT tableoid::regclass::text FROM generic_operation_log WHERE operation_id = %s", [row.pk]
    )
    return str(name).removeprefix("generic_operation_log_")


def left() -> set[int]:
    return set(OperationLog.objects.values_list("pk", flat=True))


@contextmanager
def somebody_else(*statements: str) -> Iterator[psycopg.Connection[Any]]:
    """Another session that has sent these, and leaves its transaction open."""
    with psycopg.connect(**connection.get_connection_params()) as other:
        for statement in statements:
            other.execute(statement)
        yield other
        other.rollback()
        other.execute("SELECT pg_advisory_unlock_all()")  # closing says so too, but is not waited for


# Partitioned.


def test_the_log_is_as_it_was_but_for_its_key() -> None:
    rows = log(*(operation(BEGINNING - n * DAY, target=target()) for n in range(50)))
    before = postgresql_log.ask(CATALOGUE)
    partition()
    assert names() == ["first", "2026_04", "2026_05", "other"]
    assert left() == {row.pk for row in rows}
    now = [(name, made.replace(" ON ONLY ", " ON ")) for name, made in postgresql_log.ask(CATALOGUE)]
    assert [one for one in now if one not in before] == [
        (
            "generic_operation_log_pkey",
            "CREATE UNIQUE INDEX generic_operation_log_pkey ON public.generic_operation_log "
            "USING btree (operation_id, operation_time)",
        ),
        ("generic_operation_log_pkey", "PRIMARY KEY (operation_id, operation_time)"),
    ]
    ((valid,),) = postgresql_log.ask(
        "SELECT bool_and(indisvalid) FROM pg_index WHERE indrelid IN (SELECT relid FROM pg_partition_tree('generic_operation_log'))"
    )
    assert valid


def test_no_row_is_copied() -> None:
    (row,) = log(operation(BEGINNING))
    written = "SELECT xmin::text, ctid::text FROM generic_operation_log WHERE operation_id = %s"
    before = postgresql_log.ask(written, [row.pk])
    partition()
    assert postgresql_log.ask(written, [row.pk]) == before


def test_what_was_shown_is_what_is_sent() -> None:
    log(operation(BEGINNING))
    proposal = partitioning.way(is_undo=False).propose(at(BEGINNING))
    assert "1 rows" in proposal.known[0]
    assert partition()[:-1] == [*proposal.beside, *proposal.at_once]


def test_numbers_go_on_and_each_writer_writes() -> None:
    (before,) = log(operation(BEGINNING))
    with_months()
    shop = target()
    begun = operation_log.begin(
        operation_log.Beginning("S", "REBUILD", "T", "TABLE", "SELECT 1", "anna", "1", shop.pk, 1, "key"), NOW
    )
    assert begun == before.pk + 1
    assert operation_log.end(begun, operation_log.Ending(OperationStatus.SUCCESS, "Done.", 5), NOW, NOW)
    own = maintenance_logger.log_operation("S", "REBUILD", target=shop, moment=NOW)
    typed = postgresql_log.ask(
        "INSERT INTO generic_operation_log (operation_time) VALUES ('2031-01-01') RETURNING operation_id"
    )
    some = log(operation(TODAY), operation(TODAY))
    assert [own, typed[0][0], *(row.pk for row in some)] == [begun + 1, begun + 2, begun + 3, begun + 4]
    assert [where(row) for row in OperationLog.objects.order_by("pk")] == [
        "first", "2026_11", "2026_11", "other", "2026_11", "2026_11",
    ]  # fmt: skip
    assert OperationLog.objects.get(pk=begun).status == "SUCCESS"
    assert OperationLog.objects.get(pk=typed[0][0]).strategy_name == "UNKNOWN"  # the defaults of the database
    postgresql_log.ask("SELECT setval(pg_get_serial_sequence('generic_operation_log', 'operation_id'), 900)")
    assert log(operation(TODAY))[0].pk == 901


def test_each_partition_refuses_what_the_log_refuses() -> None:
    partition()
    for moment in ("2026-03-01", "2026-04-15", "2031-01-01"):
        for column, value in (
            ("memory_used_mb", "'NaN'"),
            ("ended_at", "'infinity'"),
            ("target_id", "-1"),
            ("attempt", "-1"),
        ):
            with pytest.raises((DatabaseError, IntegrityError)), transaction.atomic():
                postgresql_log.ask(
                    f"INSERT INTO generic_operation_log (operation_time, {column}) VALUES ('{moment}', {value})"
                )
                postgresql_log.ask("SET CONSTRAINTS ALL IMMEDIATE")
        assert postgresql_log.ask(f"INSERT INTO generic_operation_log (operation_time) VALUES ('{moment}') RETURNING 1")


def test_rows_of_before_that_nobody_can_read_stay_as_they_are() -> None:
    (broken,) = log(operation(BEGINNING))
    with transaction.atomic():
        postgresql_log.ask("ALTER TABLE generic_operation_log DROP CONSTRAINT gol_operation_time_readable")
        postgresql_log.ask("UPDATE generic_operation_log SET operation_time = '-infinity'")
        postgresql_log.ask(
            "ALTER TABLE generic_operation_log ADD CONSTRAINT gol_operation_time_readable CHECK (operation_time "
            "BETWEEN '1900-01-01 00:00:00+00' AND '9999-12-31 00:00:00+00') NOT VALID"
        )
    with_months()
    assert where(broken) == "first"
    retention.cleanup_old_logs(NOW)
    assert left() == {broken.pk}
    assert "first" in names()


def test_who_may_read_the_log_still_may() -> None:
    postgresql_log.ask("CREATE ROLE auditor_of_log")
    try:
        postgresql_log.ask("GRANT SELECT ON generic_operation_log TO auditor_of_log WITH GRANT OPTION")
        partition()
        may = "SELECT has_table_privilege('auditor_of_log', 'generic_operation_log', 'SELECT WITH GRANT OPTION')"
        assert postgresql_log.ask(may) == [(True,)]
        undo()
        assert postgresql_log.ask(may) == [(True,)]
    finally:
        postgresql_log.ask("DROP OWNED BY auditor_of_log")
        postgresql_log.ask("DROP ROLE auditor_of_log")


@pytest.mark.parametrize(
    ("make", "drop", "named"),
    [
        ("CREATE VIEW of_log AS SELECT * FROM generic_operation_log", "DROP VIEW of_log", "view of_log"),
        (
            "CREATE TRIGGER seen BEFORE UPDATE ON generic_operation_log FOR EACH ROW "
            "EXECUTE FUNCTION suppress_redundant_updates_trigger()",
            "DROP TRIGGER seen ON generic_operation_log",
            "trigger seen",
        ),
        (
            "CREATE PUBLICATION outside FOR TABLE generic_operation_log",
            "DROP PUBLICATION outside",
            "publication outside",
        ),
    ],
)
def test_what_would_go_on_to_see_a_part_of_the_log_is_named(make: str, drop: str, named: str) -> None:
    postgresql_log.ask(make)
    try:
        with pytest.raises(PartitionRefused, match=named):
            partition()
        with pytest.raises(PartitionRefused, match=named):
            partitioning.way(is_undo=False).propose(NOW)
    finally:
        postgresql_log.ask(drop)
    assert names() == []


def test_rows_of_times_to_come_are_named() -> None:
    log(operation(BEGINNING), operation(BEGINNING + 60 * DAY))
    with pytest.raises(PartitionRefused, match=r"The time of 1 rows is 2026-04-01 or later, up to 2026-05-09"):
        partition()
    assert names() == []


def test_near_the_end_of_a_month_the_next_one_belongs_to_the_first_partition() -> None:
    """Nothing is refused soon, should the process be killed."""
    assert postgresql_switch.first_bound(date(2026, 3, 25)) == date(2026, 4, 1)
    assert postgresql_switch.first_bound(date(2026, 3, 26)) == date(2026, 5, 1)
    assert postgresql_switch.first_bound(date(2026, 12, 31)) == date(2027, 2, 1)


def test_it_is_done_once() -> None:
    partition()
    with pytest.raises(PartitionRefused, match="already"):
        partition()
    undo()
    with pytest.raises(PartitionRefused, match="not partitioned"):
        undo()


def test_a_switch_that_fails_leaves_the_log_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    log(operation(BEGINNING))
    before, whole = postgresql_log.ask(CATALOGUE), postgresql_switch.switch
    monkeypatch.setattr(postgresql_switch, "switch", lambda *what: (*whole(*what), "SELECT 1 / 0"))
    with pytest.raises(DatabaseError):
        partition()
    assert postgresql_log.ask(CATALOGUE) == before
    assert names() == []
    assert log(operation(BEGINNING + 400 * DAY))  # no bound was left behind


def test_who_holds_the_log_is_waited_for_and_then_left_alone() -> None:
    log(operation(BEGINNING))
    before = postgresql_log.ask(CATALOGUE)
    postgresql_switch.prepare(BEGINNING, lambda _: None)  # building the index would wait for whoever is there before it
    with (
        somebody_else("LOCK TABLE portal_target IN ACCESS SHARE MODE"),
        pytest.raises(PartitionRefused, match="Somebody held"),
    ):
        partition()
    assert postgresql_log.ask(CATALOGUE) == before
    assert partition()


def killed_half_way() -> None:
    """As a process leaves it that dies while the index is built, or just after the CHECK was made."""
    postgresql_switch.prepare(BEGINNING, lambda _: None)
    postgresql_log.ask("ALTER TABLE generic_operation_log DROP CONSTRAINT generic_operation_log_bound")
    postgresql_log.ask(
        "ALTER TABLE generic_operation_log ADD CONSTRAINT generic_operation_log_bound "
        "CHECK (operation_time < '2026-04-01 00:00:00+00') NOT VALID"
    )
    postgresql_log.ask(
        "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'generic_operation_log_first_key'::regclass"
    )


def test_what_was_killed_half_way_is_gone_on_with() -> None:
    log(operation(BEGINNING))
    killed_half_way()
    sent = partition(at(BEGINNING + 10 * DAY))
    assert [one.split(" ON ")[0].split(" public")[0] for one in sent[:3]] == [
        "DROP INDEX CONCURRENTLY",
        'CREATE UNIQUE INDEX CONCURRENTLY "generic_operation_log_first_key"',
        "ALTER TABLE",
    ]
    assert "VALIDATE" in sent[2]
    assert names() == ["first", "2026_04", "2026_05", "other"]


def test_what_was_killed_half_way_is_taken_away_by_the_care() -> None:
    log(operation(BEGINNING))
    before = postgresql_log.ask(CATALOGUE)
    killed_half_way()
    assert postgresql_log.ask(CATALOGUE) != before
    with somebody_else("SELECT pg_advisory_lock(7310422)"):
        partition_care.keep_ahead(NOW)
        assert postgresql_log.ask(CATALOGUE) != before  # somebody is at it
    partition_care.keep_ahead(NOW)
    assert postgresql_log.ask(CATALOGUE) == before


def test_one_process_at_a_time_partitions() -> None:
    with somebody_else("SELECT pg_advisory_lock(7310422)"), pytest.raises(PartitionRefused, match="Another process"):
        partition()


def test_undone_it_is_as_it_was() -> None:
    log(operation(BEGINNING, target=target()))
    before = postgresql_log.ask(CATALOGUE)
    with_months()
    rows = left() | {row.pk for row in log(operation(TODAY, target=target()), operation(TODAY + 4000 * DAY))}
    undo()
    assert postgresql_log.ask(CATALOGUE) == before
    assert left() == rows
    assert log(operation(TODAY))[0].pk == max(rows) + 1


def test_a_number_that_was_typed_twice_keeps_the_log_partitioned() -> None:
    (row,) = log(operation(BEGINNING))
    partition()
    postgresql_log.ask(
        "INSERT INTO generic_operation_log (operation_id, operation_time) VALUES (%s, '2026-04-05')", [row.pk]
    )
    with pytest.raises(DatabaseError):
        undo()
    assert OperationLog.objects.count() == 2
    OperationLog.objects.filter(operation_time__gte=at(date(2026, 4, 5), 0)).delete()


def test_of_a_number_that_was_typed_twice_an_archive_takes_the_row_that_it_holds(
    settings: Any, tmp_path: Any, person: Callable[..., Any]
) -> None:
    settings.PORTAL_DATA = tmp_path
    with_months()
    (row,) = log(operation(date(2026, 4, 5), message="April"))
    postgresql_log.ask(
        "INSERT INTO generic_operation_log (operation_id, operation_time, message) VALUES (%s, '2026-09-05', 'September')",
        [row.pk],
    )
    client = Client()
    client.force_login(person("anna", Role.DBA))
    try:
        assert "September" in client.get(reverse("operation", args=[row.pk])).content.decode()
        log(operation(date(2026, 6, 1), message="June"))
        listed = [
            one.message for batch in keyset.batches(OperationLog.objects.all(), 1, by="operation_time") for one in batch
        ]
        assert listed == ["April", "June", "September"]
        assert archives.archive_logs(NOW, file_name="april.jsonl.gz", end_date=date(2026, 4, 30)).rows == 1
        assert {left.message for left in OperationLog.objects.all()} == {"June", "September"}
    finally:
        OperationLog.objects.filter(message="September").delete()


# Written and ended.


def test_the_end_of_a_step_waits_for_no_other_partition() -> None:
    with_months()
    beginning = operation_log.Beginning("S", "REBUILD", "T", "TABLE", "", "anna", "1", target().pk, 1, "key")
    first, second = (operation_log.begin(beginning, NOW) for _ in range(2))
    ending = operation_log.Ending(OperationStatus.SUCCESS, "Done.", 5)
    with somebody_else("LOCK TABLE generic_operation_log_2026_04 IN ACCESS EXCLUSIVE MODE"), transaction.atomic():
        postgresql_log.ask("SET LOCAL lock_timeout = '100ms'")
        assert operation_log.end(first, ending, NOW, NOW)
        with pytest.raises(DatabaseError), transaction.atomic():
            operation_log.end(second, ending, NOW)
    OperationLog.objects.filter(pk=second).update(operation_time=NOW - 90 * DAY)  # somebody has corrected it
    assert operation_log.end(second, ending, NOW, NOW)
    assert not operation_log.end(second, ending, NOW, NOW)


# Months ahead.


def test_months_are_made_well_ahead_and_once() -> None:
    partition()
    assert partition_care.keep_ahead(at(BEGINNING)) == ()
    assert partition_care.keep_ahead(at(date(2026, 5, 1), 0)) == (
        "generic_operation_log_2026_06", "generic_operation_log_2026_07",
    )  # fmt: skip
    assert partition_care.keep_ahead(at(date(2026, 5, 1), 0)) == ()
    assert names() == ["first", "2026_04", "2026_05", "2026_06", "2026_07", "other"]


def test_two_that_make_months_at_once_make_them_once() -> None:
    partition()
    made: list[tuple[str, ...]] = []

    def make() -> None:
        made.append(partition_care.keep_ahead(at(date(2026, 6, 1))))
        connection.close()

    threads = [threading.Thread(target=make) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    partition_care.keep_ahead(at(date(2026, 6, 1)))  # whoever did not get its lock comes again
    assert names() == ["first", "2026_04", "2026_05", "2026_06", "2026_07", "2026_08", "other"]
    assert len([name for names_made in made for name in names_made]) <= 3


def test_rows_that_came_before_their_month_move_into_it() -> None:
    partition()
    edges = log(
        operation(date(2026, 9, 1), hour=0),
        operation(date(2026, 9, 30), hour=23.9999),
        operation(date(2026, 10, 1), hour=0),
    )
    assert [where(row) for row in edges] == ["other"] * 3
    partition_care.keep_ahead(at(date(2026, 7, 1)))
    assert [where(row) for row in edges] == ["2026_09", "2026_09", "other"]
    assert left() == {row.pk for row in edges}


def test_more_rows_than_are_moved_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(partition_care, "MOST_MOVED", 1)
    partition()
    log(operation(date(2026, 6, 5)), operation(date(2026, 6, 6)), operation(date(2026, 7, 1)))
    assert partition_care.keep_ahead(at(date(2026, 6, 1))) == (
        "generic_operation_log_2026_07", "generic_operation_log_2026_08",
    )  # fmt: skip
    sentences = [one.sentence for one in log_health.check_log_table_health(at(date(2026, 6, 1)))]
    assert "The log has no partition for June 2026." in sentences


def test_months_wait_for_nobody() -> None:
    partition()
    with somebody_else("LOCK TABLE generic_operation_log IN SHARE UPDATE EXCLUSIVE MODE"):
        assert partition_care.keep_ahead(at(date(2026, 6, 1))) == ()
    assert len(partition_care.keep_ahead(at(date(2026, 6, 1)))) == 3


# Pruned.


def random_log(seed: int) -> None:
    """Rows at the ends of months and in between, of strategies with rules of their own, some open, some unfinished."""
    chance = random.Random(seed)
    open_run = run(target(), RunStatus.PAUSED, finished_at=None)
    over = run(target())
    rows = []
    for month in range(1, 12):
        # Whole months of one kind are as likely as mixed ones: else hardly a partition could go
        kinds = chance.sample(("SHORT", "LONG", "OTHER", "ELSE"), chance.randint(1, 4))
        has_odd = chance.random() < 0.4
        first = date(2026, month, 1)
        last = partitions.next_month(first) - DAY
        for _ in range(12):
            day = chance.choice([first, last, first + chance.randint(0, 27) * DAY])
            odd = has_odd and chance.random() < 0.2
            rows.append(
                operation(
                    day, chance.choice(["STARTED", "PENDING"]) if odd else chance.choice(["SUCCESS", "ERROR", "ODD"]),
                    hour=chance.choice([0, 23.9999, 12]), strategy_name=chance.choice(kinds),
                    run=chance.choice([open_run, over]) if odd else chance.choice([over, None]),
                )
            )  # fmt: skip
    rows += [operation(date(2020, 5, 1)), operation(TODAY + 4000 * DAY)]
    chance.shuffle(rows)
    log(*rows)


@pytest.mark.parametrize("seed", range(20 if IS_ALL else 2))
def test_exactly_those_rows_go_that_batches_would_take(seed: int) -> None:
    log_policies.set_log_retention_days(ANNA, 10, "SHORT")
    log_policies.set_log_retention_days(ANNA, 150, "LONG")
    with_months()
    random_log(seed)
    before = {row.pk: row.strategy_name for row in OperationLog.objects.all()}
    past = set(expiry.past_their_time(expiry.in_force(NOW)).values_list("pk", flat=True))
    had = set(names())
    cleaned = retention.cleanup_old_logs(NOW)
    assert cleaned == (len(past), True)
    assert left() == before.keys() - past
    assert had - set(names())  # whole months went
    told = AuditEntry.objects.get(action="log.pruned").after
    assert told == {
        "rows": len(past),
        "strategies": {
            name: sum(before[pk] == name for pk in past) for name in sorted({before[pk] for pk in past})
        },
    }  # fmt: skip


def test_a_partition_in_use_is_left_to_the_batches() -> None:
    with_months()
    log(operation(date(2026, 4, 5)), operation(date(2026, 5, 5)))
    with somebody_else("SELECT 1 FROM generic_operation_log_2026_04"):  # it reads
        assert retention.cleanup_old_logs(NOW) == (2, True)
        assert "2026_04" in names()
    assert left() == set()
    assert AuditEntry.objects.get(action="log.pruned").after["rows"] == 2
    retention.cleanup_old_logs(NOW)
    assert names() == ["2026_08", "2026_09", "2026_10", "2026_11", "2026_12", "2027_01", "other"]  # kept for 90 days


def test_a_row_that_comes_meanwhile_keeps_its_partition(monkeypatch: pytest.MonkeyPatch) -> None:
    with_months()
    log(operation(date(2026, 4, 5)))
    busy = run(target(), RunStatus.RUNNING, finished_at=None)
    held: list[OperationLog] = []
    is_still = partition_drops._is_still

    def then(part: partitions.Partition) -> bool:
        if part.name.endswith("2026_04") and not held:
            held.extend(log(operation(date(2026, 4, 6), run=busy)))
        return is_still(part)

    monkeypatch.setattr(partition_drops, "_is_still", then)
    assert retention.cleanup_old_logs(NOW) == (1, True)
    assert left() == {held[0].pk}
    assert "2026_04" in names()


def test_nobody_writes_into_a_partition_while_it_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    with_months()
    log(operation(date(2026, 4, 5)))
    refused: list[bool] = []
    counted = partition_drops._counted

    def at_that_moment(part: partitions.Partition, *rest: Any) -> Any:
        if part.name.endswith("2026_04"):
            with (
                somebody_else("SET lock_timeout = '50ms'", "SELECT count(*) FROM generic_operation_log") as other,
                pytest.raises(psycopg.errors.LockNotAvailable),
            ):
                other.execute("INSERT INTO generic_operation_log (operation_time) VALUES ('2026-04-06')")
            refused.append(True)
        return counted(part, *rest)

    monkeypatch.setattr(partition_drops, "_counted", at_that_moment)
    retention.cleanup_old_logs(NOW)
    assert refused == [True]
    assert "2026_04" not in names()


def test_what_was_shown_to_go_is_all_that_goes() -> None:
    """A page prunes up to the last operation that it showed."""
    with_months()
    shown, _ = log(operation(date(2026, 4, 5)), operation(TODAY))
    later = log(operation(date(2026, 4, 6)))[0]
    retention.cleanup_old_logs(NOW, up_to=shown.pk)
    assert later.pk in left()
    assert shown.pk not in left()


def test_of_one_strategy_only_its_own_months_go() -> None:
    with_months()
    log(operation(date(2026, 4, 5), strategy_name="MINE"), operation(date(2026, 5, 5), strategy_name="MINE"))
    theirs = log(operation(date(2026, 5, 6), strategy_name="THEIRS"))[0]
    assert retention.cleanup_old_logs(NOW, strategy_name="MINE") == (2, True)
    assert left() == {theirs.pk}
    assert "2026_05" in names()
    assert "2026_04" not in names()


# Archives, size, page, command.


def test_partitioned_rows_are_archived(settings: Any, tmp_path: Any) -> None:
    settings.PORTAL_DATA = tmp_path
    with_months()
    log(*(operation(date(2026, month, 15)) for month in range(2, 12)))
    moved = archives.archive_logs(NOW, archive_table="old_operations", end_date=date(2026, 5, 31))
    try:
        assert moved.rows == 4
        assert postgresql_log.ask("SELECT count(*) FROM old_operations") == [(4,)]
        assert archives.archive_logs(NOW, file_name="summer.jsonl.gz", end_date=date(2026, 8, 31)).rows == 3
        assert OperationLog.objects.count() == 3
        with pytest.raises(ArchiveRefused, match="partition of the log"):
            archives.archive_logs(NOW, archive_table="generic_operation_log_2026_04", end_date=date(2026, 9, 30))
    finally:
        postgresql_log.ask("DROP TABLE IF EXISTS old_operations")


def test_the_size_is_that_of_all_partitions() -> None:
    log(*(operation(BEGINNING, message="x" * 500) for _ in range(400)))
    before = log_health.get_log_table_size_info()
    partition()
    after = log_health.get_log_table_size_info()
    assert before is not None
    assert after is not None
    assert before <= after <= before + 400_000


def test_the_page_tells_of_partitions(person: Callable[..., Any]) -> None:
    client = Client()
    client.force_login(person("anna", Role.DBA))
    partition(timezone.now())
    partition_care.keep_ahead(timezone.now())
    page = client.get(reverse("log-health")).content.decode()
    assert "generic_operation_log_first" in page
    assert "of no other partition" in page
    assert "They reach to the end of" in page


def test_without_a_terminal_the_command_only_shows(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left_with:
        call_command("partition_log")
    assert left_with.value.code == 1
    said = capsys.readouterr()
    assert "CREATE UNIQUE INDEX CONCURRENTLY" in said.out
    assert "--yes" in said.err
    assert names() == []
    call_command("partition_log", "--yes")
    assert names()[0] == "first"
    call_command("partition_log", "--undo", "--yes")
    assert names() == []
    actions = AuditEntry.objects.filter(action__startswith="log.").order_by("pk").values_list("action", flat=True)
    assert list(actions) == ["log.partitioned", "log.partitions_undone"]
    with pytest.raises(CommandError, match="not partitioned"):
        call_command("partition_log", "--undo")
    with pytest.raises(CommandError, match="does not pack"):
        call_command("partition_log", "--compress")
