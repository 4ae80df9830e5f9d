"""Triggers that refuse UPDATE and DELETE on audit entries, for each database that the portal may live in."""

from __future__ import annotations

from typing import Any

_REFUSAL = "audit entries are neither changed nor deleted"

_INSTALL = {
    "sqlite": [
        f"CREATE TRIGGER portal_audit_no_{event.lower()} BEFORE {event} ON portal_audit_entry "
        f"BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END"
        for event in ("UPDATE", "DELETE")
    ],
    "postgresql": [
        "CREATE FUNCTION portal_audit_refuse() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{_REFUSAL}'; END $$",
        "CREATE TRIGGER portal_audit_append_only BEFORE UPDATE OR DELETE ON portal_audit_entry "
        "FOR EACH ROW EXECUTE FUNCTION portal_audit_refuse()",
    ],
    "oracle": [
        "CREATE OR REPLACE TRIGGER PORTAL_AUDIT_APPEND_ONLY BEFORE UPDATE OR DELETE ON PORTAL_AUDIT_ENTRY "
        f"BEGIN RAISE_APPLICATION_ERROR(-20100, '{_REFUSAL}'); END;\n/",
    ],
}
_REMOVE = {
    "sqlite": ["DROP TRIGGER IF EXISTS portal_audit_no_update", "DROP TRIGGER IF EXISTS portal_audit_no_delete"],
    "postgresql": [
        "DROP TRIGGER IF EXISTS portal_audit_append_only ON portal_audit_entry",
        "DROP FUNCTION IF EXISTS portal_audit_refuse()",
    ],
    "oracle": ["DROP TRIGGER PORTAL_AUDIT_APPEND_ONLY"],
}


def install(apps: Any, schema_editor: Any) -> None:
    _run(schema_editor.connection, _INSTALL)


def remove(apps: Any, schema_editor: Any) -> None:
    _run(schema_editor.connection, _REMOVE)


def _run(connection: Any, statements: dict[str, list[str]]) -> None:
    with connection.cursor() as cursor:
        for statement in statements[connection.vendor]:
            cursor.execute(statement)
