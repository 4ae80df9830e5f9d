"""What keeps a file from being vacuumed from here: what it would break, and what SQLite lacks here.

SQLite keeps row numbers only where they are an INTEGER PRIMARY KEY (https://sqlite.org/lang_vacuum.html). A full-text index
that finds its text in another table by them then finds other rows, or calls the file malformed.
"""

from __future__ import annotations

import re

from strategies.platforms.base import PlatformError, Session
from strategies.platforms.sqlite.catalogue import sqlite_query
from strategies.platforms.sqlite.errors import is_refusal_of_one_object
from strategies.platforms.sqlite.names import display, filled, quoted

_IS_FULL_TEXT = re.compile(r"\bUSING\s+[\"'`\[]?fts[45]\b", re.IGNORECASE)
_OPTION = r"""\b{}\s*=\s*(?:'((?:[^']|'')*)'|"((?:[^"]|"")*)"|\[([^\]]*)\]|`([^`]*)`|([^\s,)'"]+))"""
_CONTENT, _NUMBER = (re.compile(_OPTION.format(name), re.IGNORECASE) for name in ("content", "content_rowid"))
_ROW_NUMBERS = ("rowid", "_rowid_", "oid")


def why_not_vacuumed(session: Session) -> str:
    """A sentence with what to do, or nothing. Raises PlatformError."""
    return _breaks_search(session) or _lacks(session)


def needs_its_program(why: str) -> str:
    return f"VACUUM cannot run from here ({why}): have the program that owns the file run it."


def _lacks(session: Session) -> str:
    """A function or a collation of the program that owns the file, as far as checks and indexes call it."""
    try:
        session.rows(filled(sqlite_query("check_compiles"), table="1"))
    except PlatformError as refusal:
        if not is_refusal_of_one_object(refusal.error):
            raise
        return needs_its_program(refusal.error.message)
    return ""


def _breaks_search(session: Session) -> str:
    for row in session.rows(sqlite_query("virtual_tables")):
        table = text_table(row["sql"] or "")
        found = session.rows(sqlite_query("row_numbers"), {"table": table}) if table else []
        if found and not found[0]["is_kept"]:
            name, index = display(found[0]["name"]), quoted(row["name"])
            rebuild = f"INSERT INTO {index}({index}) VALUES ('rebuild')"  # noqa: S608 (for people)
            return (
                f"VACUUM may give the rows of {name} new numbers, by which the full-text index {display(row['name'])} finds them."
                f" Run VACUUM by hand, and straight after it {rebuild}."
            )
    return ""


def text_table(sql: str) -> str:
    """The table in which a full-text index finds its text by row number; empty where it is none, or keeps its text itself. Pure."""
    if not _IS_FULL_TEXT.search(sql):
        return ""
    number = _value(_NUMBER, sql)
    return _value(_CONTENT, sql) if not number or number.lower() in _ROW_NUMBERS else ""


def _value(option: re.Pattern[str], sql: str) -> str:
    match = option.search(sql)
    if match is None:
        return ""
    single, double, *plain = (group or "" for group in match.groups())
    return single.replace("''", "'") or double.replace('""', '"') or next(filter(None, plain), "")
