from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import RequestFactory

from strategies import audit, audit_guard
from strategies.audit import Actor
from strategies.models import AppendOnly, AuditEntry, Target

pytestmark = pytest.mark.django_db


@pytest.fixture
def entry() -> AuditEntry:
    return audit.record(
        Actor("anna", "10.0.0.1"), "target.changed", Target.objects.get(is_home=True), after={"owner": "x"}
    )


@pytest.fixture
def guarded() -> Iterator[None]:
    """The triggers, which tests on SQLite otherwise do without."""
    if connection.vendor != "sqlite":
        yield
        return
    with connection.cursor() as cursor:
        for statement in audit_guard._INSTALL["sqlite"]:
            cursor.execute(statement)
        yield
        for statement in audit_guard._REMOVE["sqlite"]:
            cursor.execute(statement)


def test_an_entry_says_who_what_from_where_and_only_what_changed() -> None:
    home = Target.objects.get(is_home=True)
    entry = audit.record(
        Actor("anna", "10.0.0.1"), "target.changed", home, reason="moved",
        before={"owner": "Li", "name": "home"}, after={"owner": "Bo", "name": "home"},
    )  # fmt: skip
    entry.refresh_from_db()
    assert (entry.actor, entry.address, entry.action, entry.reason) == ("anna", "10.0.0.1", "target.changed", "moved")
    assert (entry.object_type, entry.object_id, entry.object_name) == ("Target", str(home.pk), "home")
    assert (entry.before, entry.after) == ({"owner": "Li"}, {"owner": "Bo"})
    assert entry.at is not None


def test_an_entry_can_be_neither_changed_nor_deleted_from_python(entry: AuditEntry) -> None:
    entry.refresh_from_db()
    entry.actor = "somebody else"
    for attempt in (
        entry.save,
        entry.delete,
        AuditEntry.objects.all().delete,
        lambda: AuditEntry.objects.update(actor="x"),
    ):
        with pytest.raises(AppendOnly):
            attempt()


@pytest.mark.parametrize("statement", ["UPDATE portal_audit_entry SET actor = 'x'", "DELETE FROM portal_audit_entry"])
def test_the_database_itself_refuses_to_change_or_delete_an_entry(
    entry: AuditEntry, guarded: None, statement: str
) -> None:
    with (
        pytest.raises(DatabaseError, match="neither changed nor deleted"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)
    assert AuditEntry.objects.filter(actor="anna").exists()


def test_what_is_rolled_back_was_not_done_and_is_not_recorded() -> None:
    with pytest.raises(RuntimeError), transaction.atomic():
        audit.record(Actor("anna"), "target.changed", Target.objects.get(is_home=True))
        raise RuntimeError
    assert not AuditEntry.objects.exists()


def test_a_command_and_a_login_of_one_person_are_the_same_person() -> None:
    assert Actor.of_command().name.startswith("cli:")
    assert Actor("cli:anna").person == Actor("anna").person == "anna"


def test_a_request_gives_its_user_and_address(person) -> None:  # type: ignore[no-untyped-def]
    request = RequestFactory().get("/", REMOTE_ADDR="10.1.2.3")
    request.user = person("anna", "DBA")
    assert Actor.of(request) == Actor("anna", "10.1.2.3")
