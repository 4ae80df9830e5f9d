"""Every kind of statement that changes something in a SQLite file, by the module that builds it; "" is the session itself."""

# ruff: noqa: S608 (forms for people to read)

from __future__ import annotations

from collections.abc import Mapping

from strategies.platforms.base import Change

_WAIT = Change("PRAGMA busy_timeout = <milliseconds>", "How long a statement waits for its lock before it gives up.")
_KEYS = Change("PRAGMA foreign_keys = ON", "A deletion heeds foreign keys, which SQLite does only where it is told to.")
_CHOSEN = "(<key>) IN (SELECT <key> FROM <schema.table> WHERE <condition> ORDER BY <order> LIMIT <rows>)"
_DELETE = Change(f"DELETE FROM <schema.table> WHERE {_CHOSEN}", "Deletes a batch of old rows, the oldest first.")
CHANGES: Mapping[str, tuple[Change, ...]] = {
    "": (
        Change("PRAGMA trusted_schema = {ON|OFF}", "What a file brings may not call functions that could do harm."),
        Change("PRAGMA cell_size_check = ON", "A damaged page is found when it is read."),
        Change("PRAGMA cache_size = -<kibibytes>", "Holds a session to the memory that its job allows."),
        Change("PRAGMA threads = <number>", "Holds a session to the degree that its job allows."),
        Change("BEGIN [IMMEDIATE]", "Begins the transaction in which a step is done."),
        Change("{COMMIT|ROLLBACK}", "Ends it, or takes it back."),
    ),
    "framework": (Change("PRAGMA query_only = ON", "The session changes nothing while it reads the older framework."),),
    "indexes": (_WAIT, Change("REINDEX <schema.index>", "Rebuilds an index, in one transaction.")),
    "statistics": (
        _WAIT,
        Change("PRAGMA analysis_limit = <rows>", "How many rows of an index ANALYZE reads; 0 is all of them."),
        Change("ANALYZE <schema.table>", "Gathers the statistics of a table and its indexes."),
        Change(
            'UPDATE "main"."sqlite_stat1" SET stat = <counted> WHERE tbl = <table> AND (idx IS NULL OR idx IN (<indexes>))',
            "Puts the exact number of rows where ANALYZE had to estimate it.",
        ),
        Change(
            'DELETE FROM "main"."{sqlite_stat1|sqlite_stat4}" WHERE tbl = <table>', "An undo: the new statistics go."
        ),
        Change(
            'INSERT INTO "main"."{sqlite_stat1|sqlite_stat4}" (<columns>) VALUES <values>',
            "An undo: the earlier statistics come back.",
        ),
        Change("ANALYZE sqlite_master", "Has SQLite read the statistics that an undo brought back."),
    ),
    "space": (
        _WAIT,
        Change('VACUUM "main"', "Writes the file anew without its free pages; others wait meanwhile."),
        Change('PRAGMA "main".incremental_vacuum(<pages>)', "Gives free pages back, a portion at a time."),
        Change(
            'PRAGMA "main".wal_checkpoint({PASSIVE|TRUNCATE})',
            "Brings what the -wal file holds into the database, and empties it.",
        ),
    ),
    "deployment": (
        _WAIT,
        Change("PRAGMA foreign_keys = ON", "No row may name another that is not there."),
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
        _WAIT,
        Change(
            "CREATE TABLE <schema.table> (/* <mark> */ <names>)",
            "Makes the copy of the table that a job names; the mark says what it is.",
        ),
        Change(
            "INSERT INTO <schema.table> (<names>) SELECT <names> FROM <schema.table>",
            "Fills it, in the same transaction.",
        ),
        Change(
            "DROP TABLE <schema.table>",
            "Drops a copy that carries the mark: one too many, or as an undo the one that was made.",
        ),
    ),
    "monitoring": (
        _WAIT,
        Change(
            "SELECT sum(pgsize) AS figure FROM dbstat WHERE name IN (<values>)",
            "Measures a table with its indexes; nothing is changed.",
        ),
        Change("SELECT count(*) AS figure FROM <schema.table>", "Counts the rows of a table; nothing is changed."),
        Change(
            "SELECT newest, (julianday('now') - CASE WHEN typeof(newest) = 'text' THEN julianday(newest) WHEN 5373484.5 > newest THEN"
            " newest WHEN 253402300800 > newest THEN newest / 86400.0 + 2440587.5 ELSE newest / 86400000.0 + 2440587.5 END) * 24 AS"
            " figure FROM (SELECT max(<name>) AS newest FROM <schema.table>)",
            "Tells how old the newest row of a table is, by the column that a job names; nothing is changed.",
        ),
    ),
    "integrity": (
        _WAIT,
        Change(
            "SELECT \"{integrity_check|quick_check}\" AS message FROM pragma_{integrity_check|quick_check}(<table>, 'main')",
            "Checks a table, or with a number in its place the whole file; nothing is changed.",
        ),
        Change(
            'SELECT "rowid" AS row_id, "parent" AS parent FROM pragma_foreign_key_check(<table>, \'main\') LIMIT 100',
            "Finds rows that refer to nothing; nothing is changed.",
        ),
    ),
    "cleanup": (_WAIT, _KEYS, _DELETE),
    "archive": (
        _WAIT,
        _KEYS,
        Change(
            "CREATE TABLE <schema.table> AS SELECT <columns>, CAST(NULL AS TEXT) AS <name> FROM <schema.table> WHERE 0",
            "Creates an archive that is not there yet, empty.",
        ),
        Change("CREATE INDEX <schema.index> ON <name> (<name>)", "Lets the rows of a batch be found in it."),
        Change(
            f"INSERT INTO <schema.table> (<columns>) SELECT <columns>, <batch> FROM <schema.table> WHERE {_CHOSEN}",
            "Copies a batch of old rows into the archive.",
        ),
        _DELETE,
        Change(
            "SELECT CASE changes() WHEN (SELECT count(*) FROM <schema.table> WHERE <name> = <batch>) THEN 1"
            " ELSE abs(-9223372036854775808) END",
            "Takes all back where not as many rows were deleted as copied, or came back as the archive has; changes nothing itself.",
        ),
        Change(
            "INSERT INTO <schema.table> (<columns>) SELECT <columns> FROM <schema.table> WHERE <name> = <batch>",
            "An undo: the rows of a batch come back.",
        ),
        Change("DELETE FROM <schema.table> WHERE <name> = <batch>", "An undo: they leave the archive."),
        Change(
            "SELECT CASE (SELECT count(*) FROM <schema.table> WHERE <name> = <batch>) WHEN 0 THEN 1"
            " ELSE abs(-9223372036854775808) END",
            "An undo: takes all back where some stay there; changes nothing itself.",
        ),
    ),
}
