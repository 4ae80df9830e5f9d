"""Makes the partitioned operation log one table again in PostgreSQL: the rows of all partitions are copied into the largest of them."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime

from django.db import DatabaseError

from monitoring import partitions
from monitoring.partition_plans import PartitionRefused, Proposal
from monitoring.partitions import LOG, Partition
from monitoring.postgresql_log import (
    Table,
    Tell,
    alone,
    ask,
    handed_on,
    impatient,
    in_turns,
    locks,
    numbered,
    quoted,
    read,
    send,
)  # fmt: skip
from strategies.models import OperationLog, Target

KEY = f"{LOG}_whole_key"
_INDEXES_OF = """
SELECT parent.relname, child.relname FROM pg_inherits JOIN pg_class AS parent ON parent.oid = inhparent
  JOIN pg_class AS child ON child.oid = inhrelid JOIN pg_index ON indexrelid = inhrelid
 WHERE indrelid = to_regclass(%s) AND NOT indisprimary ORDER BY 1
"""
_PRIMARY = "SELECT conname FROM pg_constraint WHERE conrelid = to_regclass(%s) AND contype = 'p'"
_KEY_STANDS = "SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(%s)"


def propose(moment: datetime) -> Proposal:
    """What would be done now. Raises PartitionRefused."""
    table, base = read(), _base()
    ((moved,),) = ask(f"SELECT COUNT(*) FROM {table.named(LOG)} WHERE tableoid <> %s::regclass", [base.name])  # noqa: S608
    known = (
        f"{base.name} becomes the log; {moved:,} rows of the other partitions are copied into it, and the partitions are dropped.",
        f"While they are copied nobody can read or write the log, nor {Target._meta.db_table}. First, while everybody works,"
        " a unique index is built on the numbers of operations.",
        "If it fails, or two operations have one number, or the process is killed, the log is as it was.",
    )
    return Proposal("The operation log becomes one table again.", known, _beside(table, base), _switch(table, base))


def _base() -> Partition:
    ranged = [part for part in partitions.of_log() if not part.is_rest]
    if not ranged:
        raise PartitionRefused("The log has no partition but that of the rest.")
    return max(ranged, key=lambda part: part.size_bytes or 0)


def _beside(table: Table, base: Partition) -> tuple[str, ...]:
    stands = ask(_KEY_STANDS, [table.named(KEY)])
    drop = [f"DROP INDEX {table.named(KEY)}"] if stands == [(False,)] else []  # somebody was killed while it was built
    build = f"CREATE UNIQUE INDEX CONCURRENTLY {quoted(KEY)} ON {table.named(base.name)} (operation_id)"
    return (*drop, *([] if stands == [(True,)] else [build]))


def _switch(table: Table, base: Partition) -> tuple[str, ...]:
    whole, kept = table.named(LOG), table.named(base.name)
    columns = ", ".join(quoted(str(field.column)) for field in OperationLog._meta.concrete_fields)
    ((key_there,),) = ask(_PRIMARY, [kept])
    return (
        locks(table),
        f"ALTER TABLE {whole} DETACH PARTITION {kept}",
        f"INSERT INTO {kept} ({columns}) SELECT {columns} FROM {whole}",  # noqa: S608
        "SET CONSTRAINTS ALL IMMEDIATE",  # a table with checks to come cannot be altered
        f"DROP TABLE {whole}",
        f"ALTER TABLE {kept} RENAME TO {quoted(LOG)}",
        *(
            f"ALTER INDEX {table.named(child)} RENAME TO {quoted(name)}"
            for name, child in ask(_INDEXES_OF, [kept])
        ),
        f"ALTER TABLE {whole} DROP CONSTRAINT {quoted(key_there)}",
        f"ALTER TABLE {whole} ADD CONSTRAINT {quoted(table.primary)} PRIMARY KEY USING INDEX {quoted(KEY)}",
        *numbered(table),
        *handed_on(table),
    )  # fmt: skip


def carry_out(moment: datetime, tell: Tell) -> None:
    """Make the log one table again; `tell` gets each statement as it is sent. Raises PartitionRefused and DatabaseError."""
    with alone():
        table, base = read(), _base()
        try:
            for statement in _beside(table, base):
                send(statement, tell)
            in_turns(lambda: _go_back(base, tell))
        except BaseException:
            with suppress(DatabaseError), impatient():
                ask(f"DROP INDEX IF EXISTS {table.named(KEY)}")
            raise
    send(f"ANALYZE {table.named(LOG)}", tell)


def _go_back(base: Partition, tell: Tell) -> None:
    with impatient():
        send(locks(read()), tell)
        for statement in _switch(read(), base)[1:]:
            send(statement, tell)
