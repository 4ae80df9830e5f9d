"""Every kind of statement that changes something in an Oracle database, by the module that builds it; "" is the session itself."""

# ruff: noqa: S608 (forms for people to read)

from __future__ import annotations

from collections.abc import Mapping

from strategies.platforms.base import Change

_LOCK_WAIT = Change(
    "ALTER SESSION SET ddl_lock_timeout = <seconds>", "How long a statement waits for its locks before it gives up."
)
_EE, _PARTITIONING = "Enterprise Edition", "Partitioning"  # an option of Enterprise Edition
_PART = "{PARTITION|SUBPARTITION} <name>"
_COUNTED = "IF SQL%ROWCOUNT != chosen.COUNT THEN RAISE_APPLICATION_ERROR(-20001, <text>); END IF;"
_DELETED = f"FORALL i IN 1 .. chosen.COUNT DELETE FROM <owner.table> t WHERE t.ROWID = chosen(i); {_COUNTED}"
_LOCKED = (
    "DECLARE TYPE places IS TABLE OF ROWID; chosen places; BEGIN SELECT t.ROWID BULK COLLECT INTO chosen FROM <owner.table> t"
    " WHERE <condition> AND ROWNUM <= <rows> FOR UPDATE WAIT <seconds>;"
)
CHANGES: Mapping[str, tuple[Change, ...]] = {
    "": (
        Change(
            "ALTER SESSION SET <NLS settings and time zone>",
            "Numbers, dates and messages mean the same in every session.",
        ),
        Change(
            "ALTER SESSION DISABLE PARALLEL {DDL|DML|QUERY}",
            "Holds a session to a degree of 1, where its job asks for that.",
        ),
        Change("ALTER SYSTEM CANCEL SQL '<session>'", "Stops a statement of the portal's own session."),
        Change(
            "ALTER SYSTEM KILL SESSION '<session>' IMMEDIATE", "Ends a session of the portal's own that did not stop."
        ),
    ),
    "framework": (
        Change(
            "ALTER SESSION SET CURRENT_SCHEMA = <schema>",
            "The tables of the older framework are found without their owner's name.",
        ),
    ),
    "indexes": (
        _LOCK_WAIT,
        Change("ALTER INDEX <owner.index> REBUILD", "Rebuilds an index; changes of its table wait."),
        Change("ALTER INDEX <owner.index> REBUILD ONLINE", "The same while others write.", _EE),
        Change("ALTER INDEX <owner.index> REBUILD [ONLINE] PARALLEL <degree>", "The same with several processes.", _EE),
        Change(
            f"ALTER INDEX <owner.index> REBUILD {_PART} [ONLINE] [PARALLEL <degree>]",
            "The same for a part of an index.",
            _PARTITIONING,
        ),
        Change(
            "ALTER INDEX <owner.index> {NOPARALLEL|PARALLEL} [<degree>]", "Gives an index the degree back that it had."
        ),
        Change(
            "ALTER INDEX <owner.index> COALESCE CLEANUP", "Removes entries of partitions that are gone.", _PARTITIONING
        ),
        Change(
            "ALTER INDEX <owner.index> MODIFY PARTITION <name> COALESCE CLEANUP",
            "The same for one partition of the index.",
            _PARTITIONING,
        ),
        Change(
            "ALTER INDEX <owner.index> INVISIBLE",
            "Hides an index that nothing used from the optimizer; it is kept up to date.",
        ),
        Change("ALTER INDEX <owner.index> VISIBLE", "An undo: shows it again."),
        Change(
            "BEGIN IF NOT SYS.DBMS_REPAIR.ONLINE_INDEX_CLEAN(<object id>, SYS.DBMS_REPAIR.LOCK_NOWAIT) THEN"
            " RAISE_APPLICATION_ERROR(<number>, <text>); END IF; END;",
            "Cleans up after an interrupted online build of this one index; if it was just being created, it goes as a whole.",
        ),
    ),
    "statistics": (
        _LOCK_WAIT,
        Change(
            "BEGIN DBMS_STATS.FLUSH_DATABASE_MONITORING_INFO; END;",
            "Has the database write down the changes that it counted.",
        ),
        Change(
            "BEGIN DBMS_STATS.GATHER_TABLE_STATS(<arguments>); END;",
            "Gathers statistics by the table's own preferences.",
        ),
        Change(
            "BEGIN DBMS_STATS.GATHER_DICTIONARY_STATS; END;",
            "Gathers those of the data dictionary; only where a job asks for it.",
        ),
        Change(
            "BEGIN DBMS_STATS.GATHER_FIXED_OBJECTS_STATS; END;",
            "Gathers those of the X$ tables; only where a job asks for it.",
        ),
        Change(
            "BEGIN DBMS_STATS.{RESTORE_TABLE_STATS|DELETE_TABLE_STATS}(<arguments>); <further calls> END;",
            "An undo: brings back the statistics from before, or removes those of a first gathering.",
        ),
        Change(
            "BEGIN DBMS_STATS.{RESTORE|DELETE}_{DICTIONARY|FIXED_OBJECTS}_STATS(<arguments>); END;",
            "The same of Oracle's own tables.",
        ),
    ),
    "space": (
        _LOCK_WAIT,
        Change(
            "ALTER TABLE <owner.table> {ENABLE|DISABLE} ROW MOVEMENT",
            "Lets rows change their place, and puts that back as it was.",
        ),
        Change("ALTER TABLE <owner.table> SHRINK SPACE COMPACT", "Moves rows together while others write."),
        Change("ALTER TABLE <owner.table> SHRINK SPACE", "Gives the space behind them back."),
        Change(
            f"ALTER TABLE <owner.table> MODIFY {_PART} SHRINK SPACE [COMPACT]",
            "Both for a part of a table.",
            _PARTITIONING,
        ),
        Change(
            "ALTER TABLE <owner.table> MOVE ONLINE",
            "Writes a table anew while others write; only where a job asks for it.",
            _EE,
        ),
        Change(f"ALTER TABLE <owner.table> MOVE {_PART} ONLINE", "The same for a part of a table.", _PARTITIONING),
        Change(
            "PURGE TABLE <owner.name>",
            "Removes a dropped table from the recycle bin for good; only where a job asks for it.",
        ),
    ),
    "deployment": (
        _LOCK_WAIT,
        Change("SET TRANSACTION READ WRITE", "Begins the transaction in which a row is written."),
        Change(
            "INSERT INTO {generic_strategy_types|generic_strategy_config|generic_maintenance_jobs} (<columns>) SELECT <values>"
            " FROM dual WHERE NOT EXISTS (<values>)",
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
        Change(
            "CREATE OR REPLACE <source>",
            "Brings the package of a version of a strategy, into the account's own schema; an undo brings its former source back.",
        ),
        Change("DROP PACKAGE [BODY] <name>", "An undo: takes a package away again that was not there before."),
    ),
    "backup": (
        _LOCK_WAIT,
        Change(
            "CREATE TABLE <owner.table> AS SELECT <names> FROM <owner.table>",
            "Copies the table that a job names, while others read and write.",
        ),
        Change("COMMENT ON TABLE <owner.table> IS <text>", "Marks the copy as one that may be dropped again."),
        Change(
            "DROP TABLE <owner.table>",
            "Drops a copy that carries the mark: one too many, or as an undo the one that was made. It goes to the recycle bin.",
        ),
    ),
    "monitoring": (
        Change(
            "SELECT NVL(SUM(s.bytes), 0) AS figure FROM dba_segments s WHERE (s.owner, s.segment_name) IN (SELECT t.owner, t.table_name"
            " FROM dba_tables t WHERE t.owner = <text> AND t.table_name = <text> UNION ALL SELECT i.owner, i.index_name FROM"
            " dba_indexes i WHERE i.table_owner = <text> AND i.table_name = <text> UNION ALL SELECT l.owner, l.segment_name FROM"
            " dba_lobs l WHERE l.owner = <text> AND l.table_name = <text>)",
            "Measures a table with its indexes, LOBs and partitions; nothing is changed.",
        ),
        Change(
            "SELECT t.num_rows AS figure FROM dba_tables t WHERE t.owner = <text> AND t.table_name = <text>",
            "Tells how many rows a table has by its statistics; nothing is changed.",
        ),
        Change(
            "SELECT TO_CHAR(MAX(<name>), 'YYYY-MM-DD HH24:MI:SS') AS newest, (SYSDATE - CAST(MAX(<name>) AS DATE)) * 24 AS figure"
            " FROM <owner.table>",
            "Tells how old the newest row of a table is, by the column that a job names; nothing is changed.",
        ),
        Change(
            "SELECT TO_CHAR(SYS_EXTRACT_UTC(MAX(<name>)), 'YYYY-MM-DD HH24:MI:SS') AS newest,"
            " (CAST(SYS_EXTRACT_UTC(SYSTIMESTAMP) AS DATE) - CAST(SYS_EXTRACT_UTC(MAX(<name>)) AS DATE)) * 24 AS figure"
            " FROM <owner.table>",
            "The same by a column whose instants have a time zone.",
        ),
        Change(
            "SELECT CONCAT(CONCAT(CONCAT(CONCAT(s.sid, ','), s.serial#), ',@'), s.inst_id) AS session_name, s.username AS account,"
            " FLOOR((SYSDATE - t.start_date) * 24 * 60) AS figure FROM gv$transaction t JOIN gv$session s ON s.inst_id = t.inst_id AND"
            " s.taddr = t.addr ORDER BY t.start_date FETCH FIRST 1 ROWS ONLY",
            "Tells which transaction is open for longest; nothing is changed.",
        ),
    ),
    "integrity": (
        _LOCK_WAIT,
        Change(
            "ANALYZE TABLE <owner.table> VALIDATE STRUCTURE CASCADE ONLINE",
            "Compares a table with its indexes while others write.",
        ),
        Change(
            "ALTER <type> <owner.object> COMPILE [{SPECIFICATION|BODY}] [REUSE SETTINGS]",
            "Compiles an invalid object; only where a job asks for it.",
        ),
    ),
    "packages": (
        _LOCK_WAIT,
        Change(
            "BEGIN -- as compiled on <moment> <owner.name>.execute_strategy(p_target_object => <text>, p_parameters => {<text>|NULL});"
            " END;",
            "Has a package of yours do the work of a strategy; only where there is one, and for the object that a job names.",
        ),
    ),
    "cleanup": (Change(f"{_LOCKED} {_DELETED} END;", "Locks a batch of old rows and deletes it."),),
    "archive": (
        _LOCK_WAIT,
        Change(
            "CREATE TABLE <owner.table> AS SELECT <columns>, CAST(NULL AS VARCHAR2(40)) AS <name> FROM <owner.table> t WHERE 1 = 0",
            "Creates an archive that is not there yet, empty.",
        ),
        Change("CREATE INDEX <owner.index> ON <owner.table> (<name>)", "Lets the rows of a batch be found in it."),
        Change(
            f"{_LOCKED} FORALL i IN 1 .. chosen.COUNT INSERT INTO <owner.table> (<columns>) SELECT <columns>, <batch>"
            f" FROM <owner.table> t WHERE t.ROWID = chosen(i); {_COUNTED} {_DELETED} END;",
            "Locks a batch of old rows, copies it into the archive and deletes it.",
        ),
        Change(
            "DECLARE returned PLS_INTEGER; BEGIN INSERT INTO <owner.table> (<columns>) SELECT <columns> FROM <owner.table> a"
            " WHERE a.<name> = <batch>; returned := SQL%ROWCOUNT; DELETE FROM <owner.table> a WHERE a.<name> = <batch>;"
            " IF SQL%ROWCOUNT != returned THEN RAISE_APPLICATION_ERROR(-20001, <text>); END IF; END;",
            "An undo: the rows of a batch come back, and leave the archive.",
        ),
    ),
}
