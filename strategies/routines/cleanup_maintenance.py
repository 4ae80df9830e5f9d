"""CLEANUP_MAINTENANCE: deletes the rows of one named table that are older than they are to be kept, batch by batch."""

from __future__ import annotations

from typing import ClassVar

from strategies.routines.base import RetentionParameters, Routine


class CleanupParameters(RetentionParameters):
    """What is kept of the table, and in what portions the rest is deleted."""


class CleanupMaintenance(Routine[CleanupParameters]):
    """Cleanup maintenance

    What it does
        Deletes the rows of one table that are older than they are to be kept, by a column that holds a date or an instant.
        The table has to be named, and so has the column: there is no clean-up of everything. What is old is fixed when the
        plan is made, by the clock of the database: rows from before midnight UTC, so many days ago. Rows without a value in
        that column stay. Tables of a portal, this one or another, are left alone.

        Each batch is a transaction of its own. A batch that fails, for example because rows of another table refer to it,
        leaves its rows as they were and stops those behind it.

        PostgreSQL: columns of the types date, timestamp and timestamp with time zone; partitioned tables too. The oldest rows
        go first.

        SQLite: a column holds texts like 2026-08-31 12:00, seconds since 1970 or Julian days, which is found by looking at
        the values. Of texts SQLite has to read the whole as an instant, and heeds an offset such as -08:00; where some would
        be old and are no date, such as 0000-00-00, or where kinds are mixed, nothing is planned. The oldest rows go first.

        Oracle: columns of the types DATE and TIMESTAMP, also with a time zone. A batch takes the first old rows that the
        database finds.

    When to use
        For logs, events and sessions that nobody needs after some time. Where somebody may ask for them again, archive them
        instead: ARCHIVE_MAINTENANCE moves them to a table beside, and can bring them back.

    Risk
        The rows are gone. The plan names the cut-off, the number of rows, the triggers that fire and the tables that refer
        to this one; foreign keys that would change other tables are obeyed only where that is allowed.

        Others that write the same rows wait until a batch is over; SQLite has one write lock, so there all writers wait. A
        batch itself waits for the locks of others no longer than allowed. Without an index that begins with the column each
        batch reads the whole table; the plan says so.

        Values without a time zone are read as UTC: where an application writes local time, keep a day more. Deleted rows
        make no file smaller: SPACE_MAINTENANCE does that.

    Undo
        None: deleted rows come back only from a backup. ARCHIVE_MAINTENANCE is the way that can be taken back.
    """

    name: ClassVar[str] = "CLEANUP_MAINTENANCE"
    title: ClassVar[str] = "Cleanup maintenance"
    version: ClassVar[str] = "1.0"
    concern: ClassVar[str] = "cleanup"
    icon: ClassVar[str] = "bi-eraser"
    is_of_one_table: ClassVar[bool] = True
    parameters = CleanupParameters


ROUTINE = CleanupMaintenance()
