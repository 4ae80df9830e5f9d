from __future__ import annotations

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import RequestFactory

from strategies import audit
from strategies.audit import Actor
from strategies.models import AppendOnly, AuditEntry, Portal, Target

pytestmark = [pytest.mark.database, pytest.mark.django_db]


@pytest.fixture
def entry() -> AuditEntry:
    return audit.record(
        Actor("anna", "10.0.0.1"), "target.changed", Target.objects.get(is_home=True), after={"owner": "x"}
    )


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


STATEMENTS = {
    "sqlite": (
        "REPLACE INTO portal_audit_entry SELECT * FROM portal_audit_entry",
        "INSERT OR REPLACE INTO portal_audit_entry SELECT * FROM portal_audit_entry",
        "UPDATE OR REPLACE portal_audit_entry SET actor = 'x'",
    ),
    "postgresql": ("TRUNCATE portal_audit_entry", "TRUNCATE portal_audit_entry RESTART IDENTITY CASCADE"),
}


def test_the_database_itself_refuses_to_change_replace_or_delete_an_entry(entry: AuditEntry) -> None:
    for statement in (
        "UPDATE portal_audit_entry SET actor = 'x'",
        "DELETE FROM portal_audit_entry",
        *STATEMENTS[connection.vendor],
    ):
        with (
            pytest.raises(DatabaseError, match="neither changed nor deleted"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement)
        assert AuditEntry.objects.filter(pk=entry.pk, actor="anna").exists(), statement


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("time", ["once", "again"])
def test_the_guard_stands_again_after_tests_have_emptied_the_tables(time: str) -> None:
    assert not AuditEntry.objects.exists()
    audit.record(Actor("anna"), "target.changed", Portal.objects.get(pk=1))
    with pytest.raises(DatabaseError, match="neither changed nor deleted"), connection.cursor() as cursor:
        cursor.execute("DELETE FROM portal_audit_entry")


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
