"""Reads the older tables from a database: in which schema they are, with which columns, and their rows by number. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from strategies.partition_framework.cells import Cells, RowRefused
from strategies.partition_framework.conversion import number_of
from strategies.partition_framework.tables import TABLES, ImportRefused, OldRow, Table
from strategies.platforms.base import Session
from strategies.platforms.queries import load_query

AT_ONCE = 500  # rows, as the queries say
LEAST = -(2**63)  # every number comes after it
Columns = Mapping[str, Mapping[str, list[str]]]  # schema → table → columns


@dataclass(frozen=True, slots=True)
class Source:
    """A session that only reads, in the schema of the tables."""

    session: Session
    platform: str

    def schemas(self) -> Columns:
        """Where any of the tables are, as far as the account sees. Raises PlatformError."""
        found: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
        for row in self.session.rows(load_query(self.platform, "framework_tables")):
            found[row["schema_name"]][row["table_name"]].append(row["column_name"])
        return found

    def enter(self, schema: str) -> str:
        """Read from this schema from here on, or ("") from the only one that has the tables; its name.

        Raises ImportRefused, PlatformError.
        """
        found = self.schemas()
        name = schema or _the_only_one(found)
        _check(found.get(name, {}), name)
        self.session.only_read(name)
        return name

    def counts(self) -> Mapping[str, int]:
        """How many rows each table has. Raises PlatformError."""
        (row,) = self.session.rows(load_query(self.platform, "framework_counts"))
        return {table.name: int(row[table.name]) for table in TABLES}

    def batches(self, table: Table, after: int | None) -> Iterator[list[OldRow]]:
        """Rows behind this number, in portions. Raises PlatformError.

        It ends where no row of a portion has a number to go on from: what is behind it has none either, or one beyond reason.
        """
        query = load_query(self.platform, table.query)
        while True:
            found = self.session.rows(query, {"after": LEAST if after is None else after})
            rows = [OldRow({name.lower(): value for name, value in row.items()}) for row in found]
            if rows:
                yield rows
            after = highest(table, rows)
            if after is None or len(rows) < AT_ONCE:
                return


def highest(table: Table, rows: Sequence[OldRow]) -> int | None:
    """The number to go on from; None = none of these rows has one."""
    return max((number for row in rows if (number := _number(table, row)) is not None), default=None)


def _number(table: Table, row: OldRow) -> int | None:
    try:
        return number_of(table, Cells(row.cells))
    except RowRefused:
        return None


def _the_only_one(found: Columns) -> str:
    """Raises ImportRefused."""
    whole = [name for name, tables in found.items() if len(tables) == len(TABLES)]
    if len(whole) == 1:
        return whole[0]
    if whole:
        raise ImportRefused(f"The schemas {', '.join(sorted(whole))} have these tables: name one of them.")
    if found:
        name = sorted(found)[0]
        _check(found[name], name)
    names = ", ".join(table.name for table in TABLES)
    raise ImportRefused(f"There is none of the tables {names}, or the account does not see them.")


def _check(tables: Mapping[str, list[str]], schema: str) -> None:
    """Raises ImportRefused for a table or a column that is missing."""
    if missing := [table.name for table in TABLES if table.name not in tables]:
        raise ImportRefused(
            f"There is no table {' and no '.join(missing)} in the schema {schema}, or the account does not see it."
        )
    for table in TABLES:
        if columns := table.missing(tables[table.name]):
            raise ImportRefused(f"{schema}.{table.name} has no column {' and no '.join(columns)}.")
