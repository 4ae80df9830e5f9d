"""Names as PostgreSQL text: identifiers are quoted always, values by the driver's own rules."""

from __future__ import annotations

import re
from dataclasses import replace

from strategies.platforms.base import EVERYTHING, ObjectUnknown, PlatformError, Session
from strategies.platforms.queries import Query, load_query

_NAMES_NOTHING = frozenset({
    "42602",  # invalid name: an empty one, or too many dots
    "42601",  # syntax error: a quote that does not end
    "3F000",  # no such schema
    "0A000",  # a name in another database
    "22021",  # characters that the database's encoding does not have
})  # fmt: skip


def postgresql_query(name: str) -> Query:
    return load_query("postgresql", name)


_PLACE = re.compile(r"\{([a-z]+)\}")


def filled(query: Query, **places: str) -> Query:
    """The query with its `{place}` marks replaced by SQL text that the server itself has quoted.

    One pass, since names may hold marks; and a percent sign in a name is none of the driver's.
    """
    return replace(query, sql=_PLACE.sub(lambda mark: places[mark[1]].replace("%", "%%"), query.sql))


def quoted(*names: str) -> str:
    """A qualified identifier, whatever its characters. Raises ValueError for NUL, which no name has."""
    if any("\0" in name for name in names):
        raise ValueError("A name cannot contain the character NUL.")
    return ".".join('"' + name.replace('"', '""') + '"' for name in names)


def literal(text: str) -> str:
    """A text as SQL, also where standard_conforming_strings is off. Raises ValueError for NUL, which no text has."""
    if "\0" in text:
        raise ValueError("A text cannot contain the character NUL.")
    escaped = text.replace("'", "''")
    return "E'" + escaped.replace("\\", "\\\\") + "'" if "\\" in text else f"'{escaped}'"


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
        if refusal.error.code not in _NAMES_NOTHING:
            raise
        found = []
    if not found:
        raise ObjectUnknown(f"{target_object} is neither a table nor an index of this database.")
    return int(found[0]["oid"])
