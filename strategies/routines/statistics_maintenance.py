"""STATISTICS_MAINTENANCE: gathers optimizer statistics where they are missing or stale, and nowhere else."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from strategies.routines.base import Parameters, Routine, only


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
        description="Rows changed since the last gathering, as a share of the table's rows. What somebody has set for one table alone "
        "(STALE_PERCENT, Oracle) comes first.",
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
        json_schema_extra=only("sqlite"),
        description="0 reads every index in full, so that the figures are exact; 400 is SQLite's own advice for very large files.",
    )
    gather_dictionary: bool = Field(
        default=False,
        title="Gather those of the data dictionary (Oracle)",
        json_schema_extra=only("oracle"),
        description="Oracle's own tables, all together, where their newest statistics are older than the days below.",
    )
    gather_fixed: bool = Field(
        default=False,
        title="Gather those of fixed objects (Oracle)",
        json_schema_extra=only("oracle"),
        description="The X$ tables behind the V$ views, by the same rule. Best while the database has its usual load.",
    )
    system_days: int = Field(
        default=180,
        ge=1,
        le=3650,
        title="Dictionary and fixed objects: old from (days)",
        json_schema_extra=only("oracle"),
        description="Oracle advises to gather them after an upgrade or a change of its configuration; this finds what was forgotten.",
    )


class StatisticsMaintenance(Routine[StatisticsParameters]):
    """Statistics maintenance

    What it does
        Finds tables whose optimizer statistics are missing, or older than a large part of their rows, and gathers them.
        Tables whose statistics are good are not read.

        PostgreSQL counts the rows changed since; SQLite counts nothing, so there a table is stale when its number of rows
        has moved: updates that keep the number are not seen.

        Oracle counts the changes of tables and of their partitions; only those parts are gathered that need it, with the
        preferences of their table. Tables whose statistics are locked or kept pending are named and left alone, temporary
        and external ones are not looked at.

    When to use
        Nightly, or after loading, deleting or migrating many rows. Where the database gathers statistics by itself, this
        finds only what it missed.

    Risk
        Reads a sample (PostgreSQL) or the indexes (SQLite) of each table: reads and writes go on in PostgreSQL; SQLite
        holds its only write lock while the figures are written. New statistics can change query plans: that is
        their purpose. SQLite's connections that are open now go on with the old figures until they are opened again.

        Oracle reads a sample or all of each table while reads and writes go on; in its own windows, which the plan's notes
        name, its automatic job may be gathering the same tables.

    Undo
        SQLite: the rows of sqlite_stat1 are kept in the plan and can be put back.

        PostgreSQL: not reversible; the database keeps no earlier statistics, and gathering again is the way forward.

        Oracle: what held for a table when it was looked at is restored, by the database's own clock, as long as its
        history goes back so far (31 days unless it was changed); what somebody gathered after the run is taken back
        with it. Where there were none, they are deleted again, but not those of the indexes. What was set by hand
        cannot be restored: the plan says so.
    """

    name: ClassVar[str] = "STATISTICS_MAINTENANCE"
    title: ClassVar[str] = "Statistics maintenance"
    version: ClassVar[str] = "1.0"
    concern: ClassVar[str] = "statistics"
    icon: ClassVar[str] = "bi-bar-chart-steps"
    parameters = StatisticsParameters


ROUTINE = StatisticsMaintenance()
