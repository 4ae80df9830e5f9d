"""ARCHIVE_MAINTENANCE: moves the rows of one named table that are older than they are to be kept into a table beside it."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from strategies.routines.base import RetentionParameters, Routine


class ArchiveParameters(RetentionParameters):
    """What is kept of the table, in what portions the rest is moved, and where to."""

    archive_table: str = Field(
        default="",
        max_length=300,
        title="Archive table",
        description="By its name, read like that of the column, in the schema of the table itself. Empty = the name of the table with"
        " _archive behind it. It is created where it is not there yet.",
    )


class ArchiveMaintenance(Routine[ArchiveParameters]):
    """Archive maintenance

    What it does
        Moves the rows of one table that are older than they are to be kept into a second table of the same schema, by a
        column that holds a date or an instant. Both the table and the column have to be named. What is old is fixed when
        the plan is made, by the clock of the database: rows from before midnight UTC, so many days ago. Rows without a value
        in that column stay. Tables of a portal, this one or another, are left alone.

        Where the archive is not there yet, a first step creates it: the columns of the table without its keys, defaults and
        checks, an index, and a column archive_batch. Each batch is copied and deleted in one transaction, and writes there
        which batch it was, such as 2026-08-31T00:00:00Z/3. A batch that fails leaves its rows where they were and stops
        those behind it. An archive that lacks columns of the table is named and left to people.

        The columns that can be used are those of CLEANUP_MAINTENANCE. PostgreSQL: partitioned tables too. SQLite: what kind
        of values the column holds is found by looking at them. Oracle: tables with LONG columns, of object types or without
        rows of their own (index-organized, clustered, temporary, external) are left alone.

    When to use
        For rows that the daily work no longer needs and somebody may still ask for: orders of years past, measurements,
        protocols. What nobody will ask for is deleted by CLEANUP_MAINTENANCE.

    Risk
        Programs no longer find the rows where they were. Rows of other tables that refer to them make the batch fail, or
        follow their foreign key (ON DELETE CASCADE, SET NULL, SET DEFAULT) where that is allowed; these other tables are not
        archived. Triggers on the deletion fire; the plan names them.

        Others that write the same rows wait until a batch is over; SQLite has one write lock, so there all writers wait. A
        batch itself waits for the locks of others no longer than allowed. Without an index that begins with the column each
        batch reads the whole table; the plan says so. The archive needs the room that the rows need.

        Values without a time zone are read as UTC: where an application writes local time, keep a day more.

    Undo
        A batch can be taken back: its rows return to the table and leave the archive, in one transaction, as long as the
        table still takes them; where a trigger keeps one out, all stay in the archive. What foreign keys did to other tables
        is not taken back, and triggers on insertion fire. An archive that was created stays, empty. On Oracle a table whose
        identity is always generated takes no rows back. SQLite gives rows of a table without an INTEGER PRIMARY KEY new
        rowids.
    """

    name: ClassVar[str] = "ARCHIVE_MAINTENANCE"
    title: ClassVar[str] = "Archive maintenance"
    version: ClassVar[str] = "1.0"
    concern: ClassVar[str] = "archive"
    icon: ClassVar[str] = "bi-archive"
    is_of_one_table: ClassVar[bool] = True
    parameters = ArchiveParameters


ROUTINE = ArchiveMaintenance()
