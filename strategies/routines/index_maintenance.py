"""INDEX_MAINTENANCE: repairs indexes that are invalid, removes what cancelled rebuilds left, rebuilds what is bloated by evidence."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from strategies.routines.base import Parameters, Routine, only


class IndexParameters(Parameters):
    """What INDEX_MAINTENANCE looks for, and the floors below which it leaves an index alone."""

    repair_invalid: bool = Field(
        default=True,
        title="Repair invalid indexes",
        description="Indexes that the database does not use, or that fail its own check.",
    )
    remove_leftovers: bool = Field(
        default=True,
        title="Remove leftovers",
        description="Invalid copies that a cancelled online rebuild left behind: each only while its original is valid and nobody "
        "else works on the table.",
    )
    rebuild_bloated: bool = Field(
        default=True,
        title="Rebuild bloated indexes",
        description="Indexes much larger than their entries need, judged by both limits below.",
    )
    bloat_percent: float = Field(
        default=40,
        ge=5,
        le=99,
        title="Bloated from (percent)",
        description="Share of the index that a rebuild would give back.",
    )
    bloat_megabytes: float = Field(
        default=64,
        ge=0,
        le=1_000_000,
        title="Bloated from (MB)",
        description="Space that a rebuild would give back; below it an index is left alone whatever its percentage.",
    )
    stale_estimate_percent: float = Field(
        default=10,
        ge=1,
        le=100,
        title="Distrust estimates from (percent changed)",
        description="Where more of the table changed since its statistics were gathered, an estimate is worth nothing and is not made.",
    )
    oldest_transaction_minutes: int = Field(
        default=30,
        ge=1,
        le=10_080,
        title="Not behind transactions older than",
        description="Minutes. An online rebuild waits for every older transaction; behind one as old as this it does not start. "
        "Where the account cannot see since when others' transactions are open: on PostgreSQL it does not start behind any that stays "
        "open; on Oracle it starts, and the plan says so.",
    )
    allow_blocking: bool = Field(
        default=False,
        title="Allow rebuilds that block writes (Oracle)",
        json_schema_extra=only("oracle"),
        description="Where the edition or the kind of index has no online rebuild: offline, writes to the table wait until it is done. "
        "Without this such an index is found and left alone.",
    )
    rebuild_degree: int = Field(
        default=1,
        ge=1,
        le=64,
        title="Parallel degree of a rebuild (Oracle)",
        json_schema_extra=only("oracle"),
        description="1 rebuilds serially. More is only used where Enterprise Edition is stated; the index gets back the degree that it "
        "had.",
    )
    hide_unused: bool = Field(
        default=False,
        title="Hide unused indexes (Oracle)",
        json_schema_extra=only("oracle"),
        description="Makes plain indexes invisible to the optimizer that no query has used for long, that back no constraint and begin "
        "with no column of a foreign key. They are kept up to date, and are never dropped. None is called unused before the database "
        "has been able to count their use for so long; whether it always did is not known.",
    )
    unused_days: int = Field(
        default=90,
        ge=7,
        le=3650,
        title="Unused for (days)",
        json_schema_extra=only("oracle"),
        description="Days without a known use, and the least age, from which an index counts as unused.",
    )


class IndexMaintenance(Routine[IndexParameters]):
    """Index maintenance

    What it does
        Looks for indexes that the database cannot use (invalid, or failing its own consistency check), for copies that a
        cancelled online rebuild left behind, and for indexes that are much larger than their entries need. It rebuilds
        the first and the last, and drops the second. An index without one of these findings is not touched: rebuilding
        on a schedule, without evidence, costs I/O and gains nothing.

        Oracle: it also finds unusable partitions and subpartitions, cleans up after interrupted online builds, removes
        entries of dropped partitions from global indexes, and, if asked to, hides indexes that nobody uses.

    When to use
        After a cancelled or failed index build; after bulk deletes; weekly as a check that usually finds nothing to do.

    Risk
        PostgreSQL: every rebuild is online (REINDEX CONCURRENTLY): reads and writes go on, the index needs its size again
        on disk while it is built, and the build waits for every older transaction. While another session works on a
        table (an index build, a VACUUM, an ANALYZE), its indexes are left alone, and the plan's notes say so.

        SQLite: REINDEX holds the database's only write lock until the index is done; readers go on in WAL mode, writers
        wait.

        Oracle: rebuilds are online where Enterprise Edition is stated in the address and the kind of index allows it, and
        wait for the transactions on their table; they need room for a second copy in the tablespace, which is asked
        beforehand, and for the sort in the temporary one, which is not. Offline rebuilds, which keep writes waiting, are
        only planned if they are allowed. Partitions that a table leaves out of its partial indexes stay unusable, and so
        do indexes that are invisible as well and enforce no key. Domain indexes, disabled function-based ones, those of
        index-organized and temporary tables, and those in a tablespace that takes no writes are found and left to people.
        An index that looks unused may serve a standby database or a job of once a year.

    Undo
        There is nothing to undo: a rebuilt index holds the same entries as before. A dropped leftover was never in use.
        A rebuild that is cancelled leaves the old index in place; what it leaves besides is named on the run's page and
        removed by the next run. An index that was hidden is shown again.
    """

    name: ClassVar[str] = "INDEX_MAINTENANCE"
    title: ClassVar[str] = "Index maintenance"
    version: ClassVar[str] = "1.0"
    concern: ClassVar[str] = "indexes"
    icon: ClassVar[str] = "bi-list-columns-reverse"
    parameters = IndexParameters


ROUTINE = IndexMaintenance()
