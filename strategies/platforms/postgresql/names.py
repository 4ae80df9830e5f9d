"""Names as PostgreSQL text: identifiers are quoted always, values by the driver's own rules."""

from __future__ import annotations

from strategies.platforms.base import ObjectUnknown, PlatformError, Query, Session, load_query

EVERYTHING = frozenset({"ALL", "ALL_INDEXES", "ALL_TABLES"})


def postgresql_query(name: str) -> Query:
    return load_query("postgresql", name)


def quoted(*names: str) -> str:
    """A qualified identifier, whatever its characters. Raises ValueError for NUL, which no name has."""
    if any("\0" in name for name in names):
        raise ValueError("A name cannot contain the character NUL.")
    return ".".join('"' + name.replace('"', '""') + '"' for name in names)


def chosen_oid(session: Session, target_object: str) -> int | None:
    """The oid of the table or index that a person named, None for everything. Raises ObjectUnknown, PlatformError.

    The name is read as PostgreSQL reads it: `orders`, `sales.orders` and `"Sales"."Order lines"` all work.
    """
    if target_object.strip().upper() in EVERYTHING:
        return None
    if "\0" in target_object:
        raise ObjectUnknown("A name cannot contain the character NUL.")
    try:
        found = session.rows(postgresql_query("find_object"), {"name": target_object})
    except PlatformError as refusal:
        if refusal.error.code not in (
            "42602",
            "3F000",
            "0A000",
            "22021",
            "42601",
        ):  # not a name, or of another database
            raise
        found = []
    if not found:
        raise ObjectUnknown(f"{target_object} is neither a table nor an index of this database.")
    return int(found[0]["oid"])
