"""STATISTICS_MAINTENANCE: gathers optimizer statistics where they are missing or stale, and nowhere else."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from strategies.routines.base import Parameters, Routine


class StatisticsParameters(Parameters):
    """What counts as missing or stale, and the floors below which a table is left alone."""

    gather_missing: bool = Field(
        default=True,
        title="Gather missing statistics",
        description="Tables with rows for which statistics were never gathered.",
    )
    gather_stale: bool = Field(
        default=True,
        title="Gather stale statistics",
        description="Tables that changed a lot since statistics were gathered.",
    )
    stale_percent: float = Field(
        default=10,
        ge=0.1,
        le=1000,
        title="Stale from (percent changed)",
        description="Rows changed since the last gathering, as a share of the table's rows.",
    )
    stale_rows: int = Field(
        default=1000,
        ge=1,
        le=1_000_000_000,
        title="Stale from (rows changed)",
        description="Fewer changed rows than this never make a table stale, whatever their share.",
    )
    minimum_rows: int = Field(
        default=1,
        ge=1,
        le=1_000_000_000,
        title="Smallest table (rows)",
        description="Tables with fewer rows are left alone; an empty table needs no statistics.",
    )
    analysis_limit: int = Field(
        default=0,
        ge=0,
        le=1_000_000,
        title="Rows looked at per index (SQLite)",
        description="0 reads every index in full, so that the figures are exact; 400 is SQLite's own advice for very large files.",
    )


class StatisticsMaintenance(Routine[StatisticsParameters]):
    """Statistics maintenance

    What it does
        Finds tables whose optimizer statistics are missing, or older than a large part of their rows, and gathers them.
        Tables whose statistics are good are not read. PostgreSQL counts the rows changed since; SQLite counts nothing, so
        there a table is stale when its number of rows has moved: updates that keep the number are not seen.

    When to use
        Nightly, or after loading, deleting or migrating many rows. Where the database gathers statistics by itself, this
        finds only what it missed.

    Risk
        Reads a sample (PostgreSQL) or the indexes (SQLite) of each table: reads and writes go on in PostgreSQL; SQLite
        holds its only write lock while the figures are written. New statistics can change query plans: that is
        their purpose. SQLite's connections that are open now go on with the old figures until they are opened again.

    Undo
        SQLite: the rows of sqlite_stat1 are kept in the plan and can be put back. PostgreSQL: not reversible; the database
        keeps no earlier statistics, and gathering again is the way forward.
    """

    name: ClassVar[str] = "STATISTICS_MAINTENANCE"
    title: ClassVar[str] = "Statistics maintenance"
    version: ClassVar[str] = "1.0"
    concern: ClassVar[str] = "statistics"
    icon: ClassVar[str] = "bi-bar-chart-steps"
    parameters = StatisticsParameters


ROUTINE = StatisticsMaintenance()
