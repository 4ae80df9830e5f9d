"""INTEGRITY_VALIDATION: proves that tables and indexes can be read and agree with each other, and names what does not hold."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from strategies.routines.base import Parameters, Routine, only


class IntegrityParameters(Parameters):
    """How thorough the checks are, and which of the harmless repairs may be made."""

    max_objects: int = Field(
        default=1000,
        ge=1,
        le=100_000,
        title="At most this many objects",
        description="Objects worked on in one run. What was not checked for longest comes first, so that run after run everything has"
        " its turn; of what was never checked the most suspicious, then the largest. The plan says how many find no room.",
    )
    compare_indexes: bool = Field(
        default=True,
        title="Compare indexes with their tables",
        description="Looks up every row in every index, which takes the longest and finds the most. Without it SQLite and PostgreSQL"
        " only prove that each is sound in itself. Oracle compares always.",
    )
    check_references: bool = Field(
        default=True,
        title="Check foreign keys (SQLite)",
        json_schema_extra=only("sqlite"),
        description="SQLite enforces them only for programs that ask for it, so that rows may refer to nothing.",
    )
    whole_file: bool = Field(
        default=False,
        title="Check the whole file besides (SQLite)",
        json_schema_extra=only("sqlite"),
        description="Also finds free pages that are damaged, and pages that belong to nothing. Reads everything once more.",
    )
    check_toast: bool = Field(
        default=False,
        title="Follow long values (PostgreSQL)",
        json_schema_extra=only("postgresql"),
        description="Compares each long value with the place where its pieces are kept. Slow.",
    )
    skip_frozen: bool = Field(
        default=False,
        title="Skip pages that are frozen (PostgreSQL)",
        json_schema_extra=only("postgresql"),
        description="Pages of tables that have not changed for long are passed over: faster, and blind for damage that came to them"
        " from the disk.",
    )
    validate_constraints: bool = Field(
        default=False,
        title="Validate constraints that were added unchecked (PostgreSQL)",
        json_schema_extra=only("postgresql"),
        description="Reads the table and, where every row keeps the constraint, marks it as validated. Reads and writes go on.",
    )
    compile_invalid: bool = Field(
        default=False,
        title="Compile invalid objects (Oracle)",
        json_schema_extra=only("oracle"),
        description="A compilation waits for sessions that use the object, and others then wait behind it.",
    )


class IntegrityValidation(Routine[IntegrityParameters]):
    """Integrity validation

    What it does
        Checks tables and indexes one by one with the database's own means, none of which keeps anybody from reading or
        writing for longer than is said under Risk, and repairs nothing. What is damaged makes the run fail and is named
        on its page, and stays among the findings of the database until a later check that is no less thorough is clean,
        or it is gone; the other objects are checked all the same.

        What a run has no room or no time for comes first in the next. Besides, it tells what can be told without a check.
        A standby is not checked.

        PostgreSQL: tables and B-tree indexes with the extension amcheck, if it is there; checksum failures that the
        server has counted; collations whose rules have changed under the indexes that were sorted by them; constraints
        that were added without looking at the rows that were there, which are validated if that is asked for. Invalid
        indexes are found by index maintenance. System catalogs are not checked.

        SQLite: each table with its indexes, foreign keys, and if asked for the whole file. Virtual tables, such as
        full-text indexes, are not checked by themselves, which the notes say.

        Oracle: each table with its indexes by ANALYZE … VALIDATE STRUCTURE CASCADE ONLINE; blocks that the database
        itself knows to be damaged; invalid objects, which are compiled if that is asked for; constraints that are
        disabled or not validated; disabled triggers. Partitioned, clustered, index-organized, nested, external and object
        tables are left out, which the notes say, and so are temporary ones.

    When to use
        Weekly or monthly, in quiet hours, since everything is read; after trouble with disks or power, after an upgrade
        of the operating system, after a restore.

    Risk
        Nothing is changed, but everything is read: expect the load of a full backup, and more where each row is looked up
        in each index. In PostgreSQL and Oracle nobody waits for a check; in PostgreSQL rows that die while an object is
        checked can be vacuumed only after it. A compilation may wait for sessions that use the object, and others behind
        it. In SQLite nobody waits in WAL mode, where the -wal file may grow meanwhile; in other modes writers wait while
        one table is checked. A damaged page that is read may, rarely, end the session that reads it.

    Undo
        There is nothing to undo: checks change nothing. A constraint that was validated holds for all rows, and an object
        that was compiled is the same as before.
    """

    name: ClassVar[str] = "INTEGRITY_VALIDATION"
    title: ClassVar[str] = "Integrity validation"
    version: ClassVar[str] = "1.0"
    concern: ClassVar[str] = "integrity"
    icon: ClassVar[str] = "bi-shield-check"
    parameters = IntegrityParameters


ROUTINE = IntegrityValidation()
