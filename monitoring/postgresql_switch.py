"""Makes the operation log a partitioned table in PostgreSQL: the table that is there becomes the first partition, with its rows.

What reads the table goes first and keeps nobody waiting: a unique index, and a CHECK by which PostgreSQL knows without looking that
all rows lie before the next partition. The switch itself changes the catalogue only, in one transaction. A process that is killed
before it leaves the log as it was but for these two; who calls it again goes on with them, and the nightly care takes them away.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, date, datetime, timedelta

from django.db import DatabaseError

from monitoring import partitions
from monitoring.expiry import start_of
from monitoring.partition_plans import PartitionRefused, Proposal
from monitoring.partitions import FIRST, LOG, OTHER, bound, name_of, next_month
from monitoring.postgresql_log import (
    LOCK_WAIT_MS,
    TRIES,
    Table,
    Tell,
    alone,
    ask,
    impatient,
    in_turn,
    in_turns,
    locks,
    parent,
    quoted,
    read,
    send,
)  # fmt: skip
from strategies.models import Target

BOUND, KEY = f"{LOG}_bound", f"{LOG}_first_key"
KEY_COLUMNS = "operation_id, operation_time"
AT_LEAST_AHEAD = timedelta(
    days=7
)  # the bound refuses later rows while it stands: never soon, should a process be killed

# Whatever would go on to look at the first partition only, or is not taken along.
_HANGS_ON = """
SELECT DISTINCT 'view ' || ev_class::regclass FROM pg_depend JOIN pg_rewrite ON pg_rewrite.oid = objid
 WHERE classid = 'pg_rewrite'::regclass AND refclassid = 'pg_class'::regclass AND refobjid = %(log)s AND ev_class <> %(log)s
UNION ALL SELECT 'rule ' || rulename FROM pg_rewrite WHERE ev_class = %(log)s
UNION ALL SELECT 'trigger ' || tgname FROM pg_trigger WHERE tgrelid = %(log)s AND NOT tgisinternal
UNION ALL SELECT 'policy ' || polname FROM pg_policy WHERE polrelid = %(log)s
UNION ALL SELECT 'publication ' || pubname FROM pg_publication_rel JOIN pg_publication ON pg_publication.oid = prpubid
 WHERE prrelid = %(log)s
UNION ALL SELECT 'function ' || objid::regprocedure FROM pg_depend
 WHERE classid = 'pg_proc'::regclass AND refclassid = 'pg_class'::regclass AND refobjid = %(log)s
UNION ALL SELECT 'foreign key ' || conname || ' of ' || conrelid::regclass FROM pg_constraint
 WHERE confrelid = %(log)s AND contype = 'f'
UNION ALL SELECT 'inheritance of ' || inhrelid::regclass FROM pg_inherits WHERE %(log)s IN (inhrelid, inhparent)
UNION ALL SELECT 'right on the column ' || attname FROM pg_attribute WHERE attrelid = %(log)s AND attacl IS NOT NULL
 ORDER BY 1
"""
# What would be done.


def first_bound(today: date) -> date:
    """The month with which the second partition begins: the next, or the one after it where that is near."""
    month = next_month(today)
    return month if month - today >= AT_LEAST_AHEAD else next_month(month)


def upper_of(table: Table, today: date) -> date:
    """The bound as it stands already, where somebody was killed, else that of today."""
    for name, made, *_ in table.constraints:
        if name == BOUND:
            return date.fromisoformat(made.partition("< '")[2][:10])
    return first_bound(today)


def propose(moment: datetime) -> Proposal:
    """What would be done now. Raises PartitionRefused."""
    table = read()
    upper = upper_of(table, moment.astimezone(UTC).date())
    check(table, upper)
    ((rows, size, version),) = ask(
        f"SELECT (SELECT COUNT(*) FROM {table.named(LOG)}), pg_total_relation_size(%s), current_setting('server_version')",  # noqa: S608
        [table.oid],
    )
    known = (
        f"PostgreSQL {version}; the log has {rows:,} rows and {size / 1e6:,.0f} MB with its indexes. No row is copied.",
        "First, while everybody works: a unique index is built, which reads the table twice, takes some 30 to 60 bytes a row, and"
        " waits until all transactions that were open when it began are over; and a CHECK is validated, which reads it once."
        f" Until the switch rows from {upper} on are refused.",
        f"Then, in one transaction, the switch: the log and {Target._meta.db_table} are locked against everybody, for"
        " milliseconds, since only the catalogue is changed. Whoever uses them is waited for"
        f" {LOCK_WAIT_MS} ms at a time, {TRIES} times at most; meanwhile others wait behind.",
        "If it fails, or the process is killed, the log is as it was.",
        "The primary key then has two columns: the database alone no longer refuses a number of an operation that is typed twice.",
        "There is no way back without copying: partition_log --undo copies the rows of all partitions but the largest while"
        " nobody can read or write the log.",
    )
    return Proposal(
        "The operation log becomes a table with a partition for each month.",
        known,
        beside(table, upper),
        switch(table, upper),
    )


def beside(table: Table, upper: date) -> tuple[str, ...]:
    """The statements that are still to run before the switch."""
    found: list[str] = []
    is_valid = {name: is_valid for name, *_, is_valid in table.indexes}.get(KEY)
    if is_valid is False:  # somebody was killed while it was built
        found.append(f"DROP INDEX CONCURRENTLY {table.named(KEY)}")
    if not is_valid:
        found.append(f"CREATE UNIQUE INDEX CONCURRENTLY {quoted(KEY)} ON {table.named(LOG)} ({KEY_COLUMNS})")
    is_validated = {name: is_validated for name, *_, is_validated in table.constraints}.get(BOUND)
    if is_validated is None:
        found.append(
            f"ALTER TABLE {table.named(LOG)} ADD CONSTRAINT {BOUND} CHECK (operation_time < {bound(upper)}) NOT VALID"
        )
    if not is_validated:
        found.append(f"ALTER TABLE {table.named(LOG)} VALIDATE CONSTRAINT {BOUND}")
    return tuple(found)


def switch(table: Table, upper: date) -> tuple[str, ...]:
    """The statements of the switch. Indexes and constraints of the log keep their names, those of the first partition get others."""
    whole, first = table.named(LOG), table.named(FIRST)
    last = partitions.months_ahead(upper)
    return (
        locks(table),
        f"ALTER TABLE {whole} RENAME TO {FIRST}",
        *(f"ALTER INDEX {table.named(name)} RENAME TO {quoted(of_first(name))}" for name, _ in _others(table)),
        f"ALTER TABLE {first} ALTER operation_id DROP IDENTITY",
        f"ALTER TABLE {first} DROP CONSTRAINT {quoted(table.primary)}",
        f"ALTER TABLE {first} ADD CONSTRAINT {FIRST}_pkey PRIMARY KEY USING INDEX {KEY}",
        *parent(table, FIRST, KEY_COLUMNS, "PARTITION BY RANGE (operation_time)"),
        *(made for _, made in _others(table)),
        *(
            f"ALTER TABLE {whole} ADD CONSTRAINT {quoted(name)} {made}"
            for name, made, kind, _ in table.constraints
            if kind != "p" and name != BOUND
        ),
        f"ALTER TABLE {whole} ATTACH PARTITION {first} FOR VALUES FROM (MINVALUE) TO ({bound(upper)})",
        f"ALTER TABLE {first} DROP CONSTRAINT {BOUND}",
        *(
            f"CREATE TABLE {table.named(name_of(month))} PARTITION OF {whole} "
            f"FOR VALUES FROM ({bound(month)}) TO ({bound(next_month(month))})"
            for month in last[:-1]
        ),
        f"CREATE TABLE {table.named(OTHER)} PARTITION OF {whole} DEFAULT",
    )


def _others(table: Table) -> list[tuple[str, str]]:
    return [(name, made) for name, made in table.others if name != KEY]


def of_first(name: str) -> str:
    return f"{name[:57]}_first"


def check(table: Table, upper: date) -> None:
    """Raises PartitionRefused where something hangs on the table that would not be taken along, or rows lie too far ahead."""
    hanging = [text for (text,) in ask(_HANGS_ON, {"log": table.oid})]
    if hanging:
        raise PartitionRefused(
            f"On the log hang {len(hanging)} things that would go on to see its first partition only: {', '.join(hanging[:10])}."
            " Drop them, and make them anew afterwards."
        )
    ((late, latest),) = ask(
        f"SELECT COUNT(*), MAX(operation_time)::text FROM {table.named(LOG)} WHERE operation_time >= %s",  # noqa: S608
        [start_of(upper)],
    )
    if late:
        raise PartitionRefused(
            f"The time of {late:,} rows is {upper} or later, up to {latest}: correct operation_time in SQL, or delete them there."
        )


# Doing it.


def carry_out(moment: datetime, tell: Tell) -> None:
    """Make the log partitioned; `tell` gets each statement as it is sent. Raises PartitionRefused and DatabaseError.

    Not within a transaction: the index is built while others write.
    """
    today = moment.astimezone(UTC).date()
    with alone():
        table = read()
        check(table, upper_of(table, today))
        try:
            prepare(today, tell)
            in_turns(lambda: _switch(today, tell))
        except BaseException:
            with suppress(DatabaseError):  # the nightly care does it then
                clear_up()
            raise
    send(f"ANALYZE {table.named(LOG)}", tell)


def prepare(today: date, tell: Tell) -> None:
    """What goes before the switch; it goes on where another process was killed."""
    table = read()
    ask("SET max_parallel_maintenance_workers = 0")  # pages are to keep their cores; it is for this connection only
    for statement in beside(table, upper_of(table, today)):
        if "CONCURRENTLY" in statement:  # waits for those who were there before, and keeps nobody waiting behind
            send(statement, tell)
        else:
            in_turns(lambda one=statement: _send_impatiently(one, tell))  # type: ignore[misc]
    ask("RESET max_parallel_maintenance_workers")


def _send_impatiently(statement: str, tell: Tell) -> None:
    with impatient():
        send(statement, tell)


def _switch(today: date, tell: Tell) -> None:
    with impatient():
        send(locks(read()), tell)
        table = read()  # as it is now that nobody changes it
        check(table, upper_of(table, today))
        for statement in switch(table, upper_of(table, today))[1:]:
            send(statement, tell)


def clear_up() -> bool:
    """Take away what a switch that did not come left behind; whether there was something. Nothing, where one is on its way."""
    with in_turn() as is_ours:
        if not is_ours:
            return False
        table = read()
        has_bound = any(name == BOUND for name, *_ in table.constraints)
        has_key = any(name == KEY for name, *_ in table.indexes)
        if has_bound:
            ask(f"ALTER TABLE {table.named(LOG)} DROP CONSTRAINT {BOUND}")
        if has_key:
            ask(f"DROP INDEX {table.named(KEY)}")
    return has_bound or has_key
