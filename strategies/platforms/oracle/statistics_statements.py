"""Calls of DBMS_STATS as PL/SQL blocks: gathering with the table's own preferences, and bringing earlier statistics back. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from strategies.platforms.oracle.names import argument

FLUSH = "BEGIN\n  DBMS_STATS.FLUSH_DATABASE_MONITORING_INFO;\nEND;"
GATHER_FIXED = "BEGIN\n  DBMS_STATS.GATHER_FIXED_OBJECTS_STATS;\nEND;"
GATHER_DICTIONARY = "BEGIN\n  DBMS_STATS.GATHER_DICTIONARY_STATS;\nEND;"
_UTC = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}")


def block(calls: Sequence[str]) -> str:
    return "\n".join(["BEGIN", *(f"  {call};" for call in calls), "END;"])


def gather(owner: str, table: str, part: str | None = None, granularity: str | None = None) -> str:
    """Sample size, histograms, indexes and degree are left out, so that the preferences of the table hold."""
    arguments = _of_table(owner, table)
    if part is not None:
        arguments.append(f"partname => {argument(part)}")
    if granularity is not None:
        arguments.append(f"granularity => '{granularity}'")
    return block([f"DBMS_STATS.GATHER_TABLE_STATS({', '.join(arguments)})"])


def restore(owner: str, table: str, as_of_utc: str) -> str:
    """The call that brings back what held for the table, its partitions, columns and indexes at an instant of the database's clock."""
    arguments = [*_of_table(owner, table), f"as_of_timestamp => {instant(as_of_utc)}", "no_invalidate => FALSE"]
    return f"DBMS_STATS.RESTORE_TABLE_STATS({', '.join(arguments)})"


def delete(owner: str, table: str, part: str | None, *, keeps_parts: bool) -> str:
    """The call that takes back a first gathering, before which there was nothing. With `keeps_parts` partitions keep theirs.

    Indexes keep what was gathered for them: they have had statistics of their own since they were created.
    """
    arguments = _of_table(owner, table)
    if part is not None:
        arguments.append(f"partname => {argument(part)}")
    if keeps_parts:
        arguments.append("cascade_parts => FALSE")
    return f"DBMS_STATS.DELETE_TABLE_STATS({', '.join([*arguments, 'cascade_indexes => FALSE', 'no_invalidate => FALSE'])})"


def instant(utc: str) -> str:
    """A literal of the type TIMESTAMP WITH TIME ZONE, which no setting of the session reads otherwise.

    Raises ValueError for anything but what `statistics_clock.sql` gives.
    """
    if not _UTC.fullmatch(utc):
        raise ValueError("An instant of the database is written as YYYY-MM-DD HH:MI:SS.FFFFFF.")
    return f"TIMESTAMP '{utc} +00:00'"


def _of_table(owner: str, table: str) -> list[str]:
    return [f"ownname => {argument(owner)}", f"tabname => {argument(table)}"]
