"""Triggers that refuse to change, replace or delete audit entries and their seals, for each database that the portal may live in.

They refuse everybody, but whoever owns the table can drop them; the seals then tell. On Oracle TRUNCATE passes: no trigger of a
table fires on it. One more trigger writes down which entries are to be sealed, by whatever way they came.
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
REMOVE: dict[str, list[str]] = {
    "sqlite": [f"DROP TRIGGER IF EXISTS portal_audit_no_{event}" for event in ("update", "delete", "replace")],
    "postgresql": [
        f"DROP TRIGGER IF EXISTS portal_audit_append_only {_ON}",
        f"DROP TRIGGER IF EXISTS portal_audit_no_truncate {_ON}",
        "DROP FUNCTION IF EXISTS portal_audit_refuse()",
    ],
    "oracle": ["DROP TRIGGER PORTAL_AUDIT_APPEND_ONLY"],
}


_SEALS, _SEALS_REFUSAL = "portal_audit_seal", "seals of audit entries are neither changed nor deleted"
INSTALL_SEALS = {
    "sqlite": [
        *(
            f"CREATE TRIGGER portal_seal_no_{event.lower()} BEFORE {event} ON {_SEALS} "
            f"BEGIN SELECT RAISE(ABORT, '{_SEALS_REFUSAL}'); END"
            for event in ("UPDATE", "DELETE")
        ),
        f"CREATE TRIGGER portal_seal_no_replace BEFORE INSERT ON {_SEALS} "  # noqa: S608 (nothing of it comes from outside)
        f"WHEN EXISTS (SELECT 1 FROM {_SEALS} WHERE number = NEW.number OR entry_id = NEW.entry_id) "
        f"BEGIN SELECT RAISE(ABORT, '{_SEALS_REFUSAL}'); END",
        f"CREATE TRIGGER portal_audit_to_seal AFTER INSERT {_ON} "  # noqa: S608 (nothing of it comes from outside)
        "BEGIN INSERT INTO portal_audit_unsealed (entry_id) VALUES (NEW.id); END",
    ],
    "postgresql": [
        "CREATE FUNCTION portal_seal_refuse() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{_SEALS_REFUSAL}'; END $$",
        f"CREATE TRIGGER portal_seal_append_only BEFORE UPDATE OR DELETE ON {_SEALS} "
        "FOR EACH ROW EXECUTE FUNCTION portal_seal_refuse()",
        f"CREATE TRIGGER portal_seal_no_truncate BEFORE TRUNCATE ON {_SEALS} "
        "FOR EACH STATEMENT EXECUTE FUNCTION portal_seal_refuse()",
        "CREATE FUNCTION portal_audit_note_unsealed() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN INSERT INTO portal_audit_unsealed (entry_id) VALUES (NEW.id); RETURN NULL; END $$",
        f"CREATE TRIGGER portal_audit_to_seal AFTER INSERT {_ON} "
        "FOR EACH ROW EXECUTE FUNCTION portal_audit_note_unsealed()",
    ],
    "oracle": [
        "CREATE OR REPLACE TRIGGER PORTAL_SEAL_APPEND_ONLY BEFORE UPDATE OR DELETE ON PORTAL_AUDIT_SEAL "
        f"BEGIN RAISE_APPLICATION_ERROR(-20100, '{_SEALS_REFUSAL}'); END;\n/",
        "CREATE OR REPLACE TRIGGER PORTAL_AUDIT_TO_SEAL AFTER INSERT ON PORTAL_AUDIT_ENTRY FOR EACH ROW "
        "BEGIN INSERT INTO PORTAL_AUDIT_UNSEALED (ENTRY_ID) VALUES (:NEW.ID); END;\n/",
    ],
}
REMOVE_SEALS: dict[str, list[str]] = {
    "sqlite": [
        *(f"DROP TRIGGER IF EXISTS portal_seal_no_{event}" for event in ("update", "delete", "replace")),
        "DROP TRIGGER IF EXISTS portal_audit_to_seal",
    ],
    "postgresql": [
        f"DROP TRIGGER IF EXISTS portal_seal_append_only ON {_SEALS}",
        f"DROP TRIGGER IF EXISTS portal_seal_no_truncate ON {_SEALS}",
        "DROP FUNCTION IF EXISTS portal_seal_refuse()",
        f"DROP TRIGGER IF EXISTS portal_audit_to_seal {_ON}",
        "DROP FUNCTION IF EXISTS portal_audit_note_unsealed()",
    ],
    "oracle": ["DROP TRIGGER PORTAL_SEAL_APPEND_ONLY", "DROP TRIGGER PORTAL_AUDIT_TO_SEAL"],
}


def install(apps: Any, schema_editor: Any) -> None:
    _run(schema_editor.connection, INSTALL)


def remove(apps: Any, schema_editor: Any) -> None:
    _run(schema_editor.connection, REMOVE)


def reinstall(apps: Any, schema_editor: Any) -> None:
    """Give an installation the guard as it is written here, whatever it had before."""
    _run(schema_editor.connection, REMOVE)
    _run(schema_editor.connection, INSTALL)


def install_for_seals(apps: Any, schema_editor: Any) -> None:
    _run(schema_editor.connection, INSTALL_SEALS)


def remove_for_seals(apps: Any, schema_editor: Any) -> None:
    _run(schema_editor.connection, REMOVE_SEALS)


def _run(connection: Any, statements: dict[str, list[str]]) -> None:
    with connection.cursor() as cursor:
        for statement in statements[connection.vendor]:
            cursor.execute(statement)
