"""Names and values as SQLite text: quoting that survives any name, the form that pages show, and literals."""

from __future__ import annotations

import re

from strategies.platforms.base import EVERYTHING
from strategies.platforms.queries import Query

SCHEMA = "main"

# The words SQLite itself reserves (https://sqlite.org/lang_keywords.html), and the two it reads as numbers; a name among
# them is shown in quotes.
_RESERVED = frozenset(
    """
    ABORT ACTION ADD AFTER ALL ALTER ALWAYS ANALYZE AND AS ASC ATTACH AUTOINCREMENT BEFORE BEGIN BETWEEN BY CASCADE CASE
    CAST CHECK COLLATE COLUMN COMMIT CONFLICT CONSTRAINT CREATE CROSS CURRENT CURRENT_DATE CURRENT_TIME
    CURRENT_TIMESTAMP DATABASE DEFAULT DEFERRABLE DEFERRED DELETE DESC DETACH DISTINCT DO DROP EACH ELSE END ESCAPE
    EXCEPT EXCLUDE EXCLUSIVE EXISTS EXPLAIN FAIL FILTER FIRST FOLLOWING FOR FOREIGN FROM FULL GENERATED GLOB GROUP
    GROUPS HAVING IF IGNORE IMMEDIATE IN INDEX INDEXED INITIALLY INNER INSERT INSTEAD INTERSECT INTO IS ISNULL JOIN KEY
    LAST LEFT LIKE LIMIT MATCH MATERIALIZED NATURAL NO NOT NOTHING NOTNULL NULL NULLS OF OFFSET ON OR ORDER OTHERS OUTER
    OVER PARTITION PLAN PRAGMA PRECEDING PRIMARY QUERY RAISE RANGE RECURSIVE REFERENCES REGEXP REINDEX RELEASE RENAME
    REPLACE RESTRICT RETURNING RIGHT ROLLBACK ROW ROWS SAVEPOINT SELECT SET TABLE TEMP TEMPORARY THEN TIES TO
    TRANSACTION TRIGGER UNBOUNDED UNION UNIQUE UPDATE USING VACUUM VALUES VIEW VIRTUAL WHEN WHERE WINDOW WITH WITHOUT
    FALSE TRUE
    """.split()
)
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_QUOTED = re.compile(r'"((?:[^"]|"")*)"', re.DOTALL)
_IN_MAIN = re.compile(rf'(?:{SCHEMA}|"{SCHEMA}")\.(?=.)', re.IGNORECASE)
_PLACE = re.compile(r"\{([a-z]+)\}")


def quoted(name: str) -> str:
    """The name as an identifier, whatever characters it holds."""
    return '"' + name.replace('"', '""') + '"'


def qualified(name: str) -> str:
    """The name with its schema: without it `REINDEX x` could mean a collation, and a temporary table could stand in the way."""
    return f"{quoted(SCHEMA)}.{quoted(name)}"


def display(name: str) -> str:
    """The name as pages show it: in quotes only where SQLite (or our word for *everything*) would misread it without."""
    is_plain = _PLAIN.fullmatch(name) and name.upper() not in _RESERVED | EVERYTHING
    return name if is_plain else quoted(name)


def read_display(text: str) -> str:
    """The name that a shown (or typed) form means: `orders`, `"we""ird"`, `main.orders`."""
    text = text.strip()
    if prefix := _IN_MAIN.match(text):
        text = text[prefix.end() :]
    match = _QUOTED.fullmatch(text)
    return match[1].replace('""', '"') if match else text


def folded(name: str) -> str:
    """The name for comparing: SQLite ignores case in ASCII letters, and only there."""
    return "".join(letter.lower() if letter.isascii() else letter for letter in name)


def literal(value: str | int | bytes | None) -> str:
    """A value as SQL text. Raises ValueError for text with a NUL character, which SQL text cannot hold.

    Floating-point numbers are left out: SQLite does not read every one back to its last bit.
    """
    match value:
        case None:
            return "NULL"
        case bytes():
            return f"X'{value.hex()}'"
        case str():
            if "\0" in value:
                raise ValueError("a text literal cannot hold a NUL character")
            return "'" + value.replace("'", "''") + "'"
        case _:
            return str(value)


def filled(query: Query, **places: str) -> Query:
    """The query with `{place}` marks replaced, for identifiers, which no placeholder can carry. One pass: names may hold marks."""
    sql = _PLACE.sub(lambda mark: places[mark[1]], query.sql)
    return Query(query.name, sql, query.purpose, query.needs, query.licence, query.since)
