"""BACKUP_MAINTENANCE: copies one table inside its database before somebody changes it, and keeps the newest copies."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from strategies.routines.base import Parameters, Routine


class BackupParameters(Parameters):
    """How often a table is copied, and how many copies of it are kept."""

    copy_every_hours: int = Field(
        default=20,
        ge=1,
        le=8760,
        title="A copy is due after (hours)",
        description="A younger copy is good enough. Choose somewhat less than the distance of the job's runs: with 24 a nightly run"
        " that begins a minute earlier than the last would find a copy of 23 hours, and make none.",
    )
    keep_copies: int = Field(
        default=3,
        ge=0,
        le=100,
        title="Copies to keep",
        description="The newest ones; older ones that this strategy made are dropped once the new one is there. 0 drops none.",
    )


class BackupMaintenance(Routine[BackupParameters]):
    """Backup maintenance

    What it does
        Copies one table, which the job names, into another of the same schema: orders into orders_b202611290200, after the
        minute in UTC in which the run was planned. It keeps the newest copies and drops older ones, once the new one is
        there.

        A copy in the same database protects against wrong changes: an UPDATE without its WHERE, a release that goes wrong.
        It does not protect against the loss of the database, of its server or its disks: that is what RMAN, pg_basebackup
        and backups of files are for, and this replaces none of them.

        A copy holds the rows and the names of the columns; no indexes, constraints, defaults, triggers or grants. In
        PostgreSQL and SQLite its rows are counted. It is known again by a mark (in PostgreSQL and Oracle its comment, in
        SQLite a comment within its definition) together with its name. Nothing is dropped that does not carry both: who
        renames a copy keeps it for good.

        PostgreSQL: a partitioned table is copied as a whole into a plain one. Where row security would hide rows from the
        account, no copy is made.

        SQLite: the columns of a copy have no types, so that every value is kept exactly as it is stored.

        Oracle: tables with a LONG or a nested table, temporary ones, those with encrypted columns, whose copy would be in
        clear, and those with a policy that may hide rows are named and left alone.

    When to use
        Before a release or a change of data by hand, and nightly for small tables that people change by hand. To put rows
        back: INSERT … SELECT from the copy, after a look at what is different.

    Risk
        The copy takes the room of the table once more, for each copy that is kept. Whoever may read the schema's tables by
        a general right may read the copies too. A plan that drops an old copy is destructive, and needs an approval where
        such plans do; with 0 copies to keep none is dropped.

        PostgreSQL: others read and write meanwhile; rows that die while it is copied can be vacuumed only after it.

        SQLite: writers wait until the copy is complete, in other modes than WAL readers may too. On the portal's own
        database a copy is stopped where it would take longer than the portal can do without writing.

        Oracle: others read and write meanwhile; the copy is made from undo, which has to reach so far back.

    Undo
        A copy that was made can be dropped again. One that was dropped is gone; in Oracle it lies in the recycle bin for
        as long as there is room.
    """

    name: ClassVar[str] = "BACKUP_MAINTENANCE"
    title: ClassVar[str] = "Backup maintenance"
    version: ClassVar[str] = "1.0"
    concern: ClassVar[str] = "backup"
    icon: ClassVar[str] = "bi-copy"
    is_of_one_table: ClassVar[bool] = True
    parameters = BackupParameters


ROUTINE = BackupMaintenance()
