"""Every kind of statement that changes something in a SQLite file, by the module that builds it; "" is the session itself."""

from __future__ import annotations

from collections.abc import Mapping

from strategies.platforms.base import Change

_WAIT = Change("PRAGMA busy_timeout = <milliseconds>", "How long a statement waits for its lock before it gives up.")
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
}
