"""What SQLite has recorded in sqlite_stat1 (and sqlite_stat4), compared with the tables as they are, and how to put it back."""

# ruff: noqa: S608 (every name and value below passes through names.py, and these statements are shown before they run)

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from strategies.platforms.base import Session
from strategies.platforms.sqlite.catalogue import Table, has_dbstat, sqlite_query
from strategies.platforms.sqlite.names import filled, literal, qualified

_FIRST_NUMBER = re.compile(r"\s*([0-9]+)")


@dataclass(frozen=True, slots=True)
class Recorded:
    """One row of sqlite_stat1. `index` is None for a table without a full index, the table's name for a WITHOUT ROWID key."""

    table: str
    index: str | None
    stat: str | None

    @property
    def rows(self) -> int | None:
        """The first number of `stat`: the entries of the index when it was gathered (SQLite file format, section sqlite_stat1)."""
        match = _FIRST_NUMBER.match(str(self.stat or ""))
        return int(match[1]) if match else None


@dataclass(frozen=True, slots=True)
class Situation:
    """A table's statistics beside its present rows. `unrecorded` are indexes with entries but without statistics."""

    table: str
    rows: int
    recorded_rows: int | None
    unrecorded: tuple[str, ...] = ()

    @property
    def is_missing(self) -> bool:
        return self.rows > 0 and (self.recorded_rows is None or bool(self.unrecorded))

    @property
    def changed_rows(self) -> int:
        """By how much the row count has changed; changes that leave the count alone are not to be seen in SQLite."""
        return abs(self.rows - (self.recorded_rows or 0))

    @property
    def changed_percent(self) -> float:
        return 100 * self.changed_rows / max(1, self.rows)

    def is_stale(self, *, rows: int, percent: float) -> bool:
        return self.recorded_rows is not None and self.changed_rows >= rows and self.changed_percent >= percent


def read_recorded(session: Session, table: str | None = None) -> Mapping[str, Sequence[Recorded]]:
    """The rows of sqlite_stat1 by their table, or those of one; none where ANALYZE never ran. Raises PlatformError."""
    if "sqlite_stat1" not in statistics_tables(session):
        return {}
    recorded: defaultdict[str, list[Recorded]] = defaultdict(list)
    for row in session.rows(sqlite_query("recorded_statistics"), {"table": table}):
        recorded[row["table_name"]].append(Recorded(row["table_name"], row["index_name"], row["stat"]))
    return dict(recorded)


def statistics_tables(session: Session) -> frozenset[str]:
    return frozenset(row["name"] for row in session.rows(sqlite_query("statistics_tables")))


def look_at(session: Session, table: Table, recorded: Mapping[str, Sequence[Recorded]]) -> Situation:
    """Count the table's rows (through its smallest index) and compare. Raises PlatformError."""
    rows = session.rows(filled(sqlite_query("table_rows"), table=qualified(table.name)))[0]["rows"]
    own = [record for record in recorded.get(table.name, ()) if record.rows is not None]
    partial = {index.name for index in table.indexes if index.is_partial}
    counts = [record.rows for record in own if record.index not in partial and record.rows is not None]
    known = {record.index for record in own}
    unrecorded = [index for index in table.indexes if index.name not in known]
    return Situation(
        table=table.name,
        rows=rows,
        recorded_rows=max(counts, key=lambda count: abs(count - rows), default=None),
        unrecorded=tuple(
            index.name for index in unrecorded if not index.is_partial or _has_entries(session, index.name)
        ),
    )


def _has_entries(session: Session, index: str) -> bool:
    """Whether a partial index holds anything: of an empty one ANALYZE records nothing, so nothing is missing."""
    if not has_dbstat(session):
        return False
    return bool(session.rows(sqlite_query("index_entries"), {"index": index})[0]["rows"])


def read_samples(session: Session, table: str) -> list[list[Any]]:
    """The table's rows of sqlite_stat4, blobs as hexadecimal text, so that they can be kept as JSON. Raises PlatformError."""
    if "sqlite_stat4" not in statistics_tables(session):
        return []
    rows = session.rows(sqlite_query("recorded_samples"), {"table": table})
    return [[row["index_name"], row["neq"], row["nlt"], row["ndlt"], row["sample"]] for row in rows]


def restoring(table: str, previous: Mapping[str, Any]) -> tuple[str, ...]:
    """Statements that put `previous` back: {"statistics": [[index, stat]], "samples": [[index, neq, nlt, ndlt, hex]] or None}.

    `ANALYZE sqlite_master` gathers nothing; it makes this connection read the tables again.
    """
    name = literal(table)
    statements = [f"DELETE FROM {qualified('sqlite_stat1')} WHERE tbl = {name}"]
    statistics: Sequence[Sequence[Any]] = previous["statistics"]
    if statistics:
        rows = ", ".join(f"({name}, {literal(index)}, {literal(stat)})" for index, stat in statistics)
        statements.append(f"INSERT INTO {qualified('sqlite_stat1')} (tbl, idx, stat) VALUES {rows}")
    samples: Sequence[Sequence[Any]] | None = previous["samples"]
    if samples is not None:
        statements.append(f"DELETE FROM {qualified('sqlite_stat4')} WHERE tbl = {name}")
    for index, neq, nlt, ndlt, sample in samples or ():
        values = ", ".join((name, *map(literal, (index, neq, nlt, ndlt, bytes.fromhex(sample)))))
        statements.append(
            f"INSERT INTO {qualified('sqlite_stat4')} (tbl, idx, neq, nlt, ndlt, sample) VALUES ({values})"
        )
    return (*statements, "ANALYZE sqlite_master")
