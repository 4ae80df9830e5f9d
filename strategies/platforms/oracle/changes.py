"""Every kind of statement that changes something in an Oracle database, by the module that builds it; "" is the session itself."""

from __future__ import annotations

from collections.abc import Mapping

from strategies.platforms.base import Change

_LOCK_WAIT = Change(
    "ALTER SESSION SET ddl_lock_timeout = <seconds>", "How long a statement waits for its locks before it gives up."
)
_EE, _PARTITIONING = "Enterprise Edition", "Partitioning"  # an option of Enterprise Edition
_PART = "{PARTITION|SUBPARTITION} <name>"
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
}
