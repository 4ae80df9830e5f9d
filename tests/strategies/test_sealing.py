"""Each committed entry gets one place in one order without gaps; what is changed afterwards, or taken away, is found out."""

from __future__ import annotations

import threading
from datetime import UTC, datetime

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from strategies import audit, audit_guard, sealing
from strategies.audit import Actor
from strategies.models import AppendOnly, AuditEntry, AuditSeal, Portal, Target, UnsealedEntry
from strategies.sealing import Broken

NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)

pytestmark = [pytest.mark.database, pytest.mark.django_db]


def entry(reason: str = "") -> AuditEntry:
    return audit.record(
        Actor("anna", "10.0.0.1"), "target.changed", Target.objects.get(is_home=True), reason=reason,
        after={"owner": "Žofie", "share": 0.1, "none": None},
    )  # fmt: skip


def by_key(actor: str, pk: int) -> None:
    AuditEntry.objects.bulk_create([AuditEntry(pk=pk, actor=actor, action="target.changed", object_type="Target")])


def broken(start: int = 1) -> list[Broken]:
    return [found for found in sealing.check(start) if isinstance(found, Broken)]


def test_committed_entries_are_sealed_once_in_one_order_without_gaps() -> None:
    for _ in range(3):
        entry()
    assert sealing.unsealed() == 3
    assert (sealing.seal(NOW), sealing.seal(NOW), sealing.unsealed()) == (3, 0, 0)
    entry()
    assert sealing.seal(NOW) == 1
    seals = list(AuditSeal.objects.order_by("number").values_list("number", "entry"))
    assert seals == list(enumerate(AuditEntry.objects.order_by("pk").values_list("pk", flat=True), 1))
    assert len(set(AuditSeal.objects.values_list("digest", flat=True))) == 4
    assert broken() == []


def test_what_was_rolled_back_leaves_no_gap() -> None:
    entry()
    with pytest.raises(RuntimeError), transaction.atomic():
        entry()
        raise RuntimeError
    entry()
    assert sealing.seal(NOW) == 2
    assert list(AuditSeal.objects.order_by("number").values_list("number", flat=True)) == [1, 2]


def test_an_entry_that_comes_into_view_after_later_ones_is_sealed_after_them() -> None:
    """PostgreSQL and Oracle give keys before the commit; here the place in between is kept free by hand."""
    first = entry().pk
    by_key("anna", first + 5)
    assert sealing.seal(NOW) == 2
    by_key("bert", first + 2)
    assert sealing.seal(NOW) == 1
    assert AuditSeal.objects.get(entry=first + 2).number == 3
    assert broken() == []


def test_entries_from_before_there_were_seals_come_first() -> None:
    for _ in range(4):
        entry()
    UnsealedEntry.objects.all().delete()  # so they stand in an installation that was updated
    entry()
    assert sealing.seal(NOW) == 5
    assert broken() == []


def test_more_than_a_batch_is_sealed_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealing, "BATCH", 3)
    for _ in range(8):
        entry()
    assert (sealing.seal(NOW), sealing.unsealed(), broken()) == (8, 0, [])
    assert [found for found in sealing.check(4) if not isinstance(found, Broken)] == [6, 8]


def send(*statements: str) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def unguarded(*statements: str) -> None:
    """What somebody does who owns the tables."""
    vendor = connection.vendor
    send(
        *audit_guard.REMOVE_SEALS[vendor], *audit_guard.REMOVE[vendor], *statements,
        *audit_guard.INSTALL[vendor], *audit_guard.INSTALL_SEALS[vendor],
    )  # fmt: skip


@pytest.mark.parametrize(
    ("statement", "number", "why"),
    [
        ("UPDATE portal_audit_entry SET actor = 'nobody' WHERE id = {second}", 2, "is not what was sealed"),
        ("UPDATE portal_audit_entry SET reason = 'for good' WHERE id = {second}", 2, "is not what was sealed"),
        ("DELETE FROM portal_audit_entry WHERE id = {second}", 2, "is gone"),
        ("DELETE FROM portal_audit_seal WHERE number = 2", 3, "seals 2 to 2 are gone"),
        ("UPDATE portal_audit_seal SET digest = 'x' WHERE number = 2", 2, "is not what was sealed"),
    ],
)
def test_what_somebody_changed_who_owns_the_tables_is_found_out(statement: str, number: int, why: str) -> None:
    entries = [entry(str(n)) for n in range(4)]
    sealing.seal(NOW)
    unguarded(statement.format(second=entries[1].pk))
    found = broken()
    assert found[0].number == number
    assert why in found[0].why


def test_a_seal_can_be_neither_changed_nor_deleted_nor_replaced() -> None:
    entry()
    sealing.seal(NOW)
    for attempt in (
        AuditSeal.objects.get().delete, AuditSeal.objects.all().delete, lambda: AuditSeal.objects.update(digest="x"),
    ):  # fmt: skip
        with pytest.raises(AppendOnly):
            attempt()
    statements = ["UPDATE portal_audit_seal SET digest = 'x'", "DELETE FROM portal_audit_seal"]
    if connection.vendor == "sqlite":
        statements.append("REPLACE INTO portal_audit_seal SELECT * FROM portal_audit_seal")
    if connection.vendor == "postgresql":
        statements.append("TRUNCATE portal_audit_seal")
    for statement in statements:
        with pytest.raises(DatabaseError, match="neither changed nor deleted"), transaction.atomic():
            send(statement)


def test_whoever_comes_second_to_the_same_numbers_gives_none(monkeypatch: pytest.MonkeyPatch) -> None:
    entry()

    def lose(moment: datetime) -> int:
        raise IntegrityError

    monkeypatch.setattr(sealing, "_seal_batch", lose)
    assert sealing.seal(NOW) == 0
    monkeypatch.undo()
    assert sealing.seal(NOW) == 1


def test_while_nothing_waits_nothing_is_written_and_no_lock_taken() -> None:
    entry()
    sealing.seal(NOW)
    with CaptureQueriesContext(connection) as queries:
        assert sealing.seal(NOW) == 0
    assert [query["sql"] for query in queries if not query["sql"].startswith("SELECT")] == []


@pytest.mark.django_db(transaction=True)
def test_several_at_once_seal_each_entry_once() -> None:
    for _ in range(30):
        audit.record(Actor("anna"), "target.changed", Portal.objects.get(pk=1))
    given: list[int] = []

    def work() -> None:
        given.append(sealing.seal(NOW))
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    sealing.seal(NOW)
    assert AuditSeal.objects.count() == 30
    assert broken() == []
