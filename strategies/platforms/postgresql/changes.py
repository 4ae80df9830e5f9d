"""Every kind of statement that changes something in a PostgreSQL database, by the module that builds it; "" is the session itself."""

# ruff: noqa: S608 (forms for people to read)

from __future__ import annotations

from collections.abc import Mapping

from strategies.platforms.base import Change

_LOCK_WAIT = Change("SET lock_timeout = '<seconds>s'", "How long a statement waits for its locks before it gives up.")
_CHOSEN = "FROM <schema.table> WHERE <condition> ORDER BY <name> LIMIT <rows>"
_BY_PLACE = f"DELETE FROM <schema.table> AS t WHERE t.ctid = ANY (ARRAY (SELECT ctid {_CHOSEN})) AND <condition>"
_BY_PART = (
    f"DELETE FROM <schema.table> AS t USING (SELECT tableoid AS part, ctid AS place {_CHOSEN}) AS chosen"
    " WHERE t.tableoid = chosen.part AND t.ctid = chosen.place AND <condition>"
)
_CHECKED = (
    "SELECT FROM gone WHERE CASE WHEN (SELECT count(*) FROM come) = (SELECT count(*) FROM gone) THEN true"
    " ELSE CAST(concat((SELECT count(*) FROM come), ' of the rows arrived') AS boolean) END"
)
_MOVED = f"come AS (INSERT INTO <schema.table> (<columns>) SELECT <columns>, <batch> FROM gone RETURNING 1) {_CHECKED}"
_PARTS = (
    "WITH RECURSIVE parts (relid) AS (SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
    " WHERE n.nspname = <text> AND c.relname = <text>"
    " UNION SELECT i.inhrelid FROM pg_inherits i JOIN parts ON i.inhparent = parts.relid)"
)
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
    "deployment": (
        _LOCK_WAIT,
        Change(
            "INSERT INTO {generic_strategy_types|generic_strategy_config|generic_maintenance_jobs} (<columns>) SELECT <values>"
            " WHERE NOT EXISTS (<values>)",
            "On home alone: brings a row of the registry, a configuration or a job of a version of a strategy, unless it is there.",
        ),
        Change(
            "UPDATE {generic_strategy_types|generic_strategy_config|generic_maintenance_jobs} SET <values> WHERE <values>",
            "On home alone: gives such a row what the version has; an undo gives back what it had, or switches it off.",
        ),
        Change(
            "DELETE FROM {generic_strategy_types|generic_strategy_config|generic_maintenance_jobs} WHERE <values>",
            "An undo: takes such a row away again, where nothing refers to it.",
        ),
    ),
    "backup": (
        _LOCK_WAIT,
        Change(
            "CREATE TABLE <schema.table> AS SELECT * FROM <schema.table>",
            "Copies the table that a job names, while others read and write.",
        ),
        Change(
            "COMMENT ON TABLE <schema.table> IS <text>",
            "Marks the copy, in the same transaction, as one that may be dropped again.",
        ),
        Change(
            "DROP TABLE <schema.table>",
            "Drops a copy that carries the mark: one too many, or as an undo the one that was made.",
        ),
    ),
    "monitoring": (
        _LOCK_WAIT,
        Change(
            _PARTS + " SELECT sum(pg_total_relation_size(relid))::bigint AS figure FROM parts",
            "Measures a table with its indexes, long values and partitions; nothing is changed.",
        ),
        Change(
            _PARTS
            + " SELECT sum(greatest(c.reltuples::bigint, s.n_live_tup, 0))::bigint AS figure FROM parts JOIN pg_class c"
            " ON c.oid = parts.relid AND NOT c.relkind = 'p' LEFT JOIN pg_stat_all_tables s ON s.relid = c.oid",
            "Tells about how many rows a table has, by the server's counters; nothing is changed.",
        ),
        Change(
            "SELECT max(<name>)::text AS newest, (extract(epoch FROM clock_timestamp() - max(<name>)::timestamptz) / 3600)::float"
            " AS figure FROM <schema.table>",
            "Tells how old the newest row of a table is, by the column that a job names; nothing is changed.",
        ),
        Change(
            "SELECT a.pid::text AS session_name, a.usename::text AS account, floor(extract(epoch FROM clock_timestamp() -"
            " a.xact_start) / 60)::int AS figure FROM pg_stat_activity a WHERE a.datname = current_database() AND a.backend_type ="
            " 'client backend' AND NOT a.pid = pg_backend_pid() AND a.xact_start IS NOT NULL ORDER BY a.xact_start LIMIT 1",
            "Tells which transaction is open for longest; nothing is changed.",
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
    "cleanup": (
        _LOCK_WAIT,
        Change(_BY_PLACE, "Deletes a batch of old rows, the oldest first."),
        Change(_BY_PART, "The same of a table with partitions or tables that inherit from it."),
    ),
    "archive": (
        _LOCK_WAIT,
        Change(
            'CREATE TABLE <schema.table> AS SELECT <columns>, CAST(NULL AS text) COLLATE "C" AS <name> FROM <schema.table>'
            " WITH NO DATA",
            "Creates an archive that is not there yet, empty.",
        ),
        Change("CREATE INDEX ON <schema.table> (<name>)", "Lets the rows of a batch be found in it."),
        Change(
            f"WITH gone AS ({_BY_PLACE} RETURNING <columns>), {_MOVED}",
            "Moves a batch of old rows into the archive, or none where not all of them arrive.",
        ),
        Change(
            f"WITH gone AS ({_BY_PART} RETURNING <columns>), {_MOVED}",
            "The same of a table with partitions or tables that inherit from it.",
        ),
        Change(
            "WITH gone AS (DELETE FROM <schema.table> WHERE <name> = <batch> RETURNING <columns>), come AS (INSERT INTO"
            f" <schema.table> (<columns>) [OVERRIDING SYSTEM VALUE] SELECT <columns> FROM gone RETURNING 1) {_CHECKED}",
            "An undo: the rows of a batch come back, and leave the archive; none does where not all of them arrive.",
        ),
    ),
}
