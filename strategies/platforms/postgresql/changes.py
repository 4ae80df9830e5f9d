"""Every kind of statement that changes something in a PostgreSQL database, by the module that builds it; "" is the session itself."""

from __future__ import annotations

from collections.abc import Mapping

from strategies.platforms.base import Change

_LOCK_WAIT = Change("SET lock_timeout = '<seconds>s'", "How long a statement waits for its locks before it gives up.")
CHANGES: Mapping[str, tuple[Change, ...]] = {
    "": (
        Change(
            "SET statement_timeout = <milliseconds>",
            "0 before a step: no limit of the account ends it half-way, the portal cancels at its own. Questions beside a run are"
            " given up after a few seconds.",
        ),
        Change("SET client_connection_check_interval = '5s'", "A statement whose worker is gone ends by itself."),
        Change("SET transaction_timeout = 0", "From 17: no limit of the account ends a session half-way."),
        Change("SET maintenance_work_mem = '<megabytes>MB'", "Holds a session to the memory that its job allows."),
        Change("SET max_parallel_maintenance_workers = <number>", "Holds a session to the degree that its job allows."),
        Change("{BEGIN|COMMIT}", "Around the statements of a step that belong together."),
    ),
    "framework": (
        Change(
            "SET default_transaction_read_only = on", "The session changes nothing while it reads the older framework."
        ),
        Change(
            "SET search_path = <schema>", "The tables of the older framework are found without their schema's name."
        ),
    ),
    "indexes": (
        _LOCK_WAIT,
        Change("REINDEX (VERBOSE) INDEX CONCURRENTLY <schema.index>", "Rebuilds an index while others read and write."),
        Change(
            "DROP INDEX CONCURRENTLY <schema.index>",
            "Drops an invalid copy that a rebuild left; never an index in use.",
        ),
    ),
    "statistics": (_LOCK_WAIT, Change("ANALYZE (VERBOSE) <schema.table>", "Gathers the statistics of a table.")),
    "space": (
        _LOCK_WAIT,
        Change(
            "VACUUM (VERBOSE[, FREEZE]) <schema.table>",
            "Makes the space of dead rows usable again, or freezes old rows.",
        ),
        Change(
            "VACUUM (FULL, VERBOSE) <schema.table>",
            "Writes a table anew and gives its space back; others wait meanwhile, so only where a job allows blocking.",
        ),
    ),
    "integrity": (
        _LOCK_WAIT,
        Change(
            "SELECT <amcheck>.bt_index_check(<index>, {true|false}[, {true|false}])",
            "Checks an index, and that it holds every row of its table; nobody waits, and nothing is changed.",
        ),
        Change(
            "SELECT blkno, offnum, attnum, msg FROM <amcheck>.verify_heapam(<table>, <options>) LIMIT 100",
            "Checks the pages of a table; nobody waits, and nothing is changed.",
        ),
        Change(
            "ALTER TABLE <schema.table> VALIDATE CONSTRAINT <name>",
            "Checks the rows that a constraint has not looked at yet; only where a job asks for it.",
        ),
    ),
}
