"""SPACE_MAINTENANCE: makes space reusable, gives it back where that is worth its price, and tells what is about to run full."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from strategies.routines.base import Parameters, Routine, only


class SpaceParameters(Parameters):
    """The floors below which space is left alone, and what may be done to win it back."""

    reclaim_percent: float = Field(
        default=30,
        ge=1,
        le=99,
        title="Worth giving back from (percent)",
        description="Share of a file, a table or a segment that holds nothing.",
    )
    reclaim_megabytes: float = Field(
        default=64,
        ge=0,
        le=100_000_000,
        title="Worth giving back from (MB)",
        description="Space to be won; below it nothing is done whatever the percentage. Both limits must be passed.",
    )
    allow_blocking: bool = Field(
        default=False,
        title="Rewrite tables although reads and writes wait (PostgreSQL)",
        json_schema_extra=only("postgresql"),
        description="VACUUM FULL gives space back to the disk. Nobody reads or writes the table meanwhile, and the disk must hold"
        " it twice. Without this such tables are only named.",
    )
    dead_percent: float = Field(
        default=20,
        ge=1,
        le=99,
        title="Vacuum from (percent of dead rows, PostgreSQL)",
        json_schema_extra=only("postgresql"),
        description="Rows that were deleted or changed, as a share of all that the table holds.",
    )
    dead_rows: int = Field(
        default=1000,
        ge=1,
        le=1_000_000_000,
        title="Vacuum from (dead rows, PostgreSQL)",
        json_schema_extra=only("postgresql"),
        description="Fewer dead rows than this are left to the server's own vacuum, whatever their share.",
    )
    freeze_percent: float = Field(
        default=95,
        ge=50,
        le=1000,
        title="Freeze from (percent of the server's limit, PostgreSQL)",
        json_schema_extra=only("postgresql"),
        description="Age of a table's oldest row, as a share of autovacuum_freeze_max_age: at 100 the server begins to freeze the"
        " table by itself, at an hour that nobody chose.",
    )
    stale_estimate_percent: float = Field(
        default=10,
        ge=1,
        le=100,
        title="Distrust estimates from (percent changed, PostgreSQL)",
        json_schema_extra=only("postgresql"),
        description="Where more of the table changed since its statistics were gathered, an estimate is worth nothing and is not made.",
    )
    wal_megabytes: float = Field(
        default=64,
        ge=1,
        le=1_000_000,
        title="Empty the -wal file from (MB, SQLite)",
        json_schema_extra=only("sqlite"),
        description="Changes that SQLite keeps beside the database until they are moved into it.",
    )
    tablespace_warning_percent: float = Field(
        default=85,
        ge=1,
        le=100,
        title="Tablespace: warn from (percent, Oracle)",
        json_schema_extra=only("oracle"),
        description="Used space as a share of what the tablespace can grow to.",
    )
    tablespace_critical_percent: float = Field(
        default=95,
        ge=1,
        le=100,
        title="Tablespace: critical from (percent, Oracle)",
        json_schema_extra=only("oracle"),
        description="Used space as a share of what the tablespace can grow to.",
    )
    move_online: bool = Field(
        default=False,
        title="Move what cannot be shrunk (Oracle Enterprise Edition)",
        json_schema_extra=only("oracle"),
        description="ALTER TABLE … MOVE ONLINE copies the segment while reads and writes go on; the tablespace must hold it twice.",
    )
    purge_after_days: int = Field(
        default=0,
        ge=0,
        le=3650,
        title="Empty the recycle bin after (days, Oracle)",
        json_schema_extra=only("oracle"),
        description="Dropped tables older than this are removed for good, one by one. 0 removes none: until then a drop can be"
        " taken back with FLASHBACK TABLE.",
    )


class SpaceMaintenance(Routine[SpaceParameters]):
    """Space maintenance

    What it does
        Makes the space of removed rows usable again, gives back to the disk what holds nothing, and tells what is about to
        run full. It works by evidence, and passes over what lies below the limits.

        PostgreSQL: vacuums tables with many dead rows, so that their space can be used again, and tables whose oldest rows
        are about to be frozen by force. Tables that only a rewrite makes smaller are named; they are rewritten where that
        is allowed. Where an old transaction, a prepared one or a replication slot keeps dead rows alive, it is named, and
        no vacuum is planned that would do nothing. A table that is being vacuumed already counts as busy. The space of
        long values that are kept apart (TOAST) is not judged, and system catalogs and temporary tables are left alone.

        SQLite: gives free pages back to the disk, and empties a -wal file that has grown large. A VACUUM that would break
        a full-text index is not planned.

        Oracle: tells tablespaces that are about to reach what they can grow to, with the statement that would give them
        room (adding space is your decision and never planned), and shrinks tables by the advice of the database's own
        advisor. Indexes belong to index maintenance, and LOBs are left alone.

    When to use
        Weekly, as a check that usually finds little; after bulk deletes and archiving; before a disk is bought.

    Risk
        PostgreSQL: VACUUM keeps nobody from reading or writing, but for the moment in which it cuts empty pages off the end of
        a table; on a standby queries that read the table may end then. VACUUM FULL keeps everybody from both until it ends
        and needs the table's size again on the server's disk, whose free space cannot be asked by SQL: look before you
        allow it.

        SQLite: VACUUM writes the file anew. Writers wait until it ends, in other modes than WAL readers too, and it needs
        room for two further copies. It may give rows of tables without an INTEGER PRIMARY KEY new rowids. On the portal's own
        database it runs only where it is shorter than the portal can do without writing.

        Oracle: rows move while a table is shrunk, so that programs that keep rowids no longer find theirs; writers wait for a
        moment at the end of each statement. Row movement is switched on where it is off, and off again afterwards. Emptying
        the recycle bin cannot be taken back.

    Undo
        There is nothing to undo: rows stay as they are, only their place changes. A vacuum, a shrink or a move that is
        stopped keeps what it had done by then, or leaves the old copy; nothing is lost. What was removed from
        Oracle's recycle bin is gone.
    """

    name: ClassVar[str] = "SPACE_MAINTENANCE"
    title: ClassVar[str] = "Space maintenance"
    version: ClassVar[str] = "1.0"
    concern: ClassVar[str] = "space"
    icon: ClassVar[str] = "bi-hdd-stack"
    parameters = SpaceParameters


ROUTINE = SpaceMaintenance()
