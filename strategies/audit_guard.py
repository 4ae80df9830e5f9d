"""Triggers that refuse to change, replace or delete audit entries, for each database that the portal may live in.

They refuse everybody, but whoever owns the table can drop them. On Oracle TRUNCATE passes: no trigger of a table fires on it.
"""

from __future__ import annotations

from typing import Any

_REFUSAL = "audit entries are neither changed nor deleted"
_ON = "ON portal_audit_entry"

INSTALL = {
    "sqlite": [
        *(
            f"CREATE TRIGGER portal_audit_no_{event.lower()} BEFORE {event} {_ON} "
            f"BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END"
            for event in ("UPDATE", "DELETE")
        ),
        # REPLACE deletes the old row without asking the trigger on DELETE. Without an id of its own NEW.id is no row's.
        f"CREATE TRIGGER portal_audit_no_replace BEFORE INSERT {_ON} "  # noqa: S608 (nothing of it comes from outside)
        "WHEN EXISTS (SELECT 1 FROM portal_audit_entry WHERE id = NEW.id) "
        f"BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END",
    ],
    "postgresql": [
        "CREATE FUNCTION portal_audit_refuse() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{_REFUSAL}'; END $$",
        f"CREATE TRIGGER portal_audit_append_only BEFORE UPDATE OR DELETE {_ON} "
        "FOR EACH ROW EXECUTE FUNCTION portal_audit_refuse()",
        f"CREATE TRIGGER portal_audit_no_truncate BEFORE TRUNCATE {_ON} "
        "FOR EACH STATEMENT EXECUTE FUNCTION portal_audit_refuse()",
    ],
    "oracle": [
        "CREATE OR REPLACE TRIGGER PORTAL_AUDIT_APPEND_ONLY BEFORE UPDATE OR DELETE ON PORTAL_AUDIT_ENTRY "
        f"BEGIN RAISE_APPLICATION_ERROR(-20100, '{_REFUSAL}'); END;\n/",
    ],
}
REMOVE = {
    "sqlite": [f"DROP TRIGGER IF EXISTS portal_audit_no_{event}" for event in ("update", "delete", "replace")],
    "postgresql": [
        f"DROP TRIGGER IF EXISTS portal_audit_append_only {_ON}",
        f"DROP TRIGGER IF EXISTS portal_audit_no_truncate {_ON}",
        "DROP FUNCTION IF EXISTS portal_audit_refuse()",
    ],
    "oracle": ["DROP TRIGGER PORTAL_AUDIT_APPEND_ONLY"],
}


def install(apps: Any, schema_editor: Any) -> None:
    _run(schema_editor.connection, INSTALL)


def remove(apps: Any, schema_editor: Any) -> None:
    _run(schema_editor.connection, REMOVE)


def reinstall(apps: Any, schema_editor: Any) -> None:
    """Give an installation the guard as it is written here, whatever it had before."""
    _run(schema_editor.connection, REMOVE)
    _run(schema_editor.connection, INSTALL)


def _run(connection: Any, statements: dict[str, list[str]]) -> None:
    with connection.cursor() as cursor:
        for statement in statements[connection.vendor]:
            cursor.execute(statement)
