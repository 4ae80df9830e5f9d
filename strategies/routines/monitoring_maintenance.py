"""MONITORING_MAINTENANCE: measures tables and transactions against limits, keeps the figures in the log, and changes nothing."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from strategies.routines.base import Parameters, Routine


class MonitoringParameters(Parameters):
    """The limits that are asked about; what has none is not measured."""

    max_objects: int = Field(
        default=1000,
        ge=1,
        le=100_000,
        title="At most this many measures",
        description="Measures taken in one run, one for each table and limit. What was not measured for longest comes first, so that"
        " run after run everything has its turn.",
    )
    largest_mb: float = Field(
        default=0,
        ge=0,
        le=1_000_000_000,
        title="Largest table (MB)",
        description="A table with its indexes and long values. 0 asks for no sizes.",
    )
    most_rows: int = Field(
        default=0,
        ge=0,
        le=10**15,
        title="Most rows in a table",
        description="By the statistics where the product keeps any, else counted; the log says which. 0 asks for no rows.",
    )
    age_column: str = Field(
        default="",
        max_length=300,
        title="Column with the age of rows",
        description="A date or an instant, by which the newest row of each table that has it is found. Without an index on it the table"
        " is read. Empty asks for no ages.",
    )
    newest_within_hours: float = Field(
        default=26,
        ge=0.1,
        le=87_600,
        title="Newest row within (hours)",
        description="Where the newest row is older, or there is none, no new rows have come. Counts with the column above.",
    )
    longest_transaction_minutes: int = Field(
        default=0,
        ge=0,
        le=525_600,
        title="Longest open transaction (minutes)",
        description="Of anybody in the database, where the product can tell. 0 asks for none.",
    )


class MonitoringMaintenance(Routine[MonitoringParameters]):
    """Monitoring maintenance

    What it does
        Measures, and changes nothing: the size of tables and their rows, how old the newest row is, and how long
        transactions are open; each only where a limit is set. What is measured stands in the log of operations with every
        run, within its limit or not, so that the way there can be read. What is beyond its limit ends the run with a
        warning, by name, and stays among the findings of the database until a later measure is within it.

        It looks at all tables, copies of tables among them, or at the one that the job names. A plan of measures alone is
        read-only, and needs nobody's approval.

        PostgreSQL: a partitioned table counts as one, with its partitions. Rows are those of the server's own counters and
        statistics. Transactions of other accounts are seen with pg_monitor only, which the notes say.

        SQLite: rows are counted, and sizes need a library with dbstat. How long transactions are open SQLite cannot tell.

        Oracle: rows are those of the optimizer's statistics; where there are none, the notes say so. System tables are left
        out everywhere.

    When to use
        Nightly or hourly, for tables that must not outgrow a limit, and for those into which something is to come every
        day: a load that stopped is seen by the age of the newest row.

    Risk
        Sizes and rows come from the dictionary in PostgreSQL and Oracle, and cost little. SQLite reads the table for
        them. The age of the newest row costs little with an index on its column, and reads the whole table without.

        SQLite in other modes than WAL: writers wait while a table is measured. A measure is given up after the time for
        which others may be kept waiting for locks.

    Undo
        There is nothing to undo: nothing is changed.
    """

    name: ClassVar[str] = "MONITORING_MAINTENANCE"
    title: ClassVar[str] = "Monitoring maintenance"
    version: ClassVar[str] = "1.0"
    category: ClassVar[str] = "MONITORING"
    concern: ClassVar[str] = "monitoring"
    icon: ClassVar[str] = "bi-speedometer2"
    parameters = MonitoringParameters


ROUTINE = MonitoringMaintenance()
