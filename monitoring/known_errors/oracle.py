"""Oracle's errors by number, and those of its Python driver; classes as python-oracledb's codes are to be read."""

from __future__ import annotations

from monitoring.known_errors.entry import AUTHENTICATION, CANCELLED, LOCK, LOST, PERMANENT, TRANSIENT, Entry

DRIVER_SOURCE = "https://python-oracledb.readthedocs.io/en/latest/user_guide/troubleshooting.html"


def source(code: str) -> str:
    """Where the code is described: https://docs.oracle.com/error-help/db/ora-00054/"""
    return f"https://docs.oracle.com/error-help/db/{code.lower()}/"


_EXTEND = "Add a data file or let one grow (AUTOEXTEND) in the tablespace that the message names; nothing else ends it."
_LISTENER = "Check host, port and service name, and `lsnrctl status` on the server; the portal tries again."
_INTERNAL = "Look into the alert log for the trace file and its first argument, and ask Oracle Support with both."
_LOST_SESSION = "Look into the alert log at that minute. What the statement did is asked of the database."

ERRORS: dict[str, Entry] = {
    "ORA-00001": Entry(
        PERMANENT,
        "Two rows would have the same key.",
        "Correct the data; the constraint is named in the message.",
    ),
    "ORA-00018": Entry(TRANSIENT, "All sessions are taken.", "Find who holds them, or raise SESSIONS and PROCESSES."),
    "ORA-00020": Entry(TRANSIENT, "All processes are taken.", "Find who holds them, or raise PROCESSES."),
    "ORA-00028": Entry(
        LOST,
        "A DBA killed the session.",
        "Ask who did. What the statement had done by then is asked of the database.",
    ),
    "ORA-00054": Entry(
        LOCK,
        "Somebody holds a lock on the object, and DDL_LOCK_TIMEOUT passed.",
        "It is tried again. If it comes each night, find the blocker (V$SESSION.FINAL_BLOCKING_SESSION) and move one of the two.",
    ),
    "ORA-00060": Entry(
        LOCK,
        "A deadlock: two sessions waited for each other, and this statement was rolled back.",
        "The batch is done again. Often a foreign key has no index; the trace file names both statements.",
    ),
    "ORA-00257": Entry(
        PERMANENT,
        "The archiver cannot write: the recovery area or archive destination is full, and the database stands still.",
        "Back up and delete archived logs with RMAN, or enlarge DB_RECOVERY_FILE_DEST_SIZE, at once.",
    ),
    "ORA-00439": Entry(
        PERMANENT,
        "The edition lacks this feature, as ONLINE rebuilds or partitioning in Standard Edition.",
        "Do it offline in a window, with the consent of whoever uses the table, or leave it.",
    ),
    "ORA-00600": Entry(PERMANENT, "An internal error of the database.", _INTERNAL),
    "ORA-00603": Entry(LOST, "A fatal error ended the session's process on the server.", _LOST_SESSION),
    "ORA-00604": Entry(
        PERMANENT,
        "A statement of the database's own, or a trigger, failed.",
        "The error that follows it in the message is the cause.",
    ),
    "ORA-00904": Entry(PERMANENT, "There is no such column or name.", "Correct the name, or look whether the table was changed."),
    "ORA-00942": Entry(
        PERMANENT,
        "The table or view is not there, or the account may not see it: Oracle says the same of both.",
        "Grant the right; if it exists for nobody, assess again.",
    ),
    "ORA-00955": Entry(PERMANENT, "An object of this name is there already.", "Look what it is; it may be a leftover."),
    "ORA-01005": Entry(AUTHENTICATION, "No password was given.", "Enter the secret on the database's page."),
    "ORA-01012": Entry(LOST, "The session is not logged on any more.", _LOST_SESSION),
    "ORA-01013": Entry(
        CANCELLED,
        "The call was cancelled: by a person, by the run's own limit, or by a call timeout.",
        "If nobody meant it, raise the limit. An online rebuild may have left something: the next assessment looks.",
    ),
    "ORA-01017": Entry(
        AUTHENTICATION,
        "User name or password is wrong.",
        "Correct the account, then clear the stop. Nothing tries again by itself: ten failures lock the account.",
    ),
    "ORA-01031": Entry(PERMANENT, "The account lacks the right.", "Grant what the database's page lists as missing."),
    "ORA-01033": Entry(TRANSIENT, "The database is starting or shutting down.", "Wait; the portal tries again."),
    "ORA-01034": Entry(TRANSIENT, "The database is not started.", "Start it; the portal tries again."),
    "ORA-01035": Entry(TRANSIENT, "The database is open in restricted mode.", "Wait until a DBA ends that; the portal tries again."),
    "ORA-01089": Entry(
        LOST,
        "The database is being shut down at once, which ends every session.",
        "Wait until it is open again; the portal then asks it what was done, and goes on.",
    ),
    "ORA-01090": Entry(TRANSIENT, "The database is being shut down.", "Wait; the portal tries again."),
    "ORA-01092": Entry(LOST, "The instance ended, and every session with it.", _LOST_SESSION),
    "ORA-01109": Entry(TRANSIENT, "The database is mounted, and not open.", "Open it; the portal tries again."),
    "ORA-01115": Entry(
        PERMANENT,
        "The system could not read a block of a data file: a disk or its connection fails, or the file is cut short.",
        "Look into the alert log for the error that stands below it, and mend the storage before the file is restored with RMAN.",
    ),
    "ORA-01219": Entry(
        TRANSIENT,
        "The database or pluggable database is not open: only fixed views can be read.",
        "Open it; the portal tries again.",
    ),
    "ORA-01410": Entry(
        TRANSIENT,
        "Rows were moved or the object was rebuilt while it was read.",
        "It is tried again; if it stays, ANALYZE … VALIDATE STRUCTURE CASCADE.",
    ),
    "ORA-01450": Entry(
        PERMANENT,
        "The index's key is too long for a block; online, where the journal of changes has a key of its own, the limit is lower.",
        "Rebuild it offline in a window, with the consent of whoever uses the table, or leave it.",
    ),
    "ORA-01498": Entry(
        PERMANENT,
        "A block does not pass the check of ANALYZE: what it says of itself does not fit together.",
        "The trace file names what is wrong. Recover the block or create the object anew. Nothing is done by itself.",
    ),
    "ORA-01499": Entry(
        PERMANENT,
        "A table and its index do not fit each other.",
        "Find the index in the trace file and create it anew by dropping it first; a rebuild may copy the damage.",
    ),
    "ORA-01502": Entry(
        PERMANENT,
        "An index is UNUSABLE, as after a direct load or a move of its partition.",
        "Rebuild it; the next assessment proposes that.",
    ),
    "ORA-01536": Entry(PERMANENT, "The owner's quota on the tablespace is used up.", "Raise the quota (ALTER USER … QUOTA)."),
    "ORA-01555": Entry(
        TRANSIENT,
        "What the query needed to read as it was has been overwritten in the undo.",
        "It is tried again; raise UNDO_RETENTION or the undo tablespace, or work in smaller batches at a quieter time.",
    ),
    "ORA-01578": Entry(
        PERMANENT,
        "A block on disk is damaged.",
        "Recover it with RMAN (RECOVER … BLOCK) and check the storage. Nothing is done by itself.",
    ),
    "ORA-01650": Entry(PERMANENT, "A rollback segment cannot grow.", _EXTEND),
    "ORA-01652": Entry(
        PERMANENT,
        "The temporary tablespace is full; in a rebuild it may be the target's tablespace, where the copy is built.",
        "Add a temp file, lower the parallel degree, or do fewer at once.",
    ),
    "ORA-01653": Entry(PERMANENT, "A table cannot grow.", _EXTEND),
    "ORA-01654": Entry(PERMANENT, "An index cannot grow.", _EXTEND),
    "ORA-01655": Entry(PERMANENT, "A cluster cannot grow.", _EXTEND),
    "ORA-01658": Entry(PERMANENT, "There is no room for the first extent of a segment.", _EXTEND),
    "ORA-01659": Entry(PERMANENT, "There is no room for the first extents of a segment.", _EXTEND),
    "ORA-01688": Entry(PERMANENT, "A partition of a table cannot grow.", _EXTEND),
    "ORA-01691": Entry(PERMANENT, "A LOB cannot grow.", _EXTEND),
    "ORA-01692": Entry(PERMANENT, "A partition of a LOB cannot grow.", _EXTEND),
    "ORA-01950": Entry(PERMANENT, "The owner has no quota on the tablespace.", "Grant one (ALTER USER … QUOTA)."),
    "ORA-02049": Entry(LOCK, "A distributed transaction waited too long for a lock.", "It is tried again; look for the blocker."),
    "ORA-02266": Entry(
        PERMANENT,
        "Enabled foreign keys refer to the table, so that it cannot be truncated.",
        "Disable them for the work, or delete in batches.",
    ),
    "ORA-02291": Entry(PERMANENT, "A row refers to a parent that does not exist.", "Correct the order of the work or the data."),
    "ORA-02292": Entry(PERMANENT, "Other rows refer to the row that was to go.", "Delete the children first."),
    "ORA-02391": Entry(TRANSIENT, "The account's profile allows no more sessions.", "End idle ones, or raise SESSIONS_PER_USER."),
    "ORA-02392": Entry(LOST, "The session used more CPU time than its profile allows.", "Raise CPU_PER_SESSION for this account."),
    "ORA-02394": Entry(
        LOST,
        "The session read more blocks than its profile allows.",
        "Raise LOGICAL_READS_PER_SESSION for this account.",
    ),
    "ORA-02396": Entry(LOST, "The session was idle longer than its profile allows.", "Raise IDLE_TIME for this account."),
    "ORA-03113": Entry(LOST, "The connection broke: the server process ended, or the network did.", _LOST_SESSION),
    "ORA-03114": Entry(LOST, "There is no connection any more.", _LOST_SESSION),
    "ORA-03135": Entry(LOST, "The connection was lost, often by a firewall that cuts idle ones.", "Set EXPIRE_TIME."),
    "ORA-03297": Entry(
        PERMANENT,
        "The file holds data beyond the size that was asked for.",
        "Move the last segments first, or ask for a larger size.",
    ),
    "ORA-04020": Entry(LOCK, "Two sessions waited for each other while they locked a package or view.", "It is tried again."),
    "ORA-04021": Entry(LOCK, "A package or view was in use for too long.", "It is tried again; do it when nobody runs it."),
    "ORA-04031": Entry(
        PERMANENT,
        "The shared pool, or another part of the SGA, has no piece as large as was needed.",
        "Enlarge it; look for statements without bind variables.",
    ),
    "ORA-04061": Entry(TRANSIENT, "A package was changed while sessions had state in it.", "It is tried again."),
    "ORA-04068": Entry(TRANSIENT, "A package was changed while sessions had state in it.", "It is tried again."),
    "ORA-06550": Entry(
        PERMANENT,
        "A PL/SQL block does not compile; with PLS-00201 the right to what it calls is missing.",
        "Grant EXECUTE directly, not by a role, on what the message names.",
    ),
    "ORA-07445": Entry(PERMANENT, "A process of the database crashed.", _INTERNAL),
    "ORA-08102": Entry(
        PERMANENT,
        "An index lacks a key that its table has.",
        "Drop and create the index; a rebuild may read the damage from the old one.",
    ),
    "ORA-08103": Entry(
        TRANSIENT,
        "The object was dropped or truncated while it was read.",
        "It is tried again; if it is still there and the error stays, check it for damage.",
    ),
    "ORA-08104": Entry(
        LOCK,
        "An online rebuild of this index runs, or a broken one has not been cleaned up.",
        "Wait for it. If none runs, DBMS_REPAIR.ONLINE_INDEX_CLEAN ends the old one.",
    ),
    "ORA-08106": Entry(
        LOCK,
        "The journal of an online rebuild could not be made: another rebuild of the index runs, or its SYS_JOURNAL table was left.",
        "It is tried again. If it stays and no rebuild runs, DBMS_REPAIR.ONLINE_INDEX_CLEAN removes what was left.",
    ),
    "ORA-10631": Entry(PERMANENT, "SHRINK does not work with a function-based index on the table.", "Move the table instead."),
    "ORA-10635": Entry(PERMANENT, "SHRINK needs a tablespace with automatic segment space management.", "Move the table instead."),
    "ORA-10636": Entry(PERMANENT, "Row movement is not enabled.", "ENABLE ROW MOVEMENT, where the application allows it."),
    "ORA-12154": Entry(PERMANENT, "The name of the connection is not known here.", "Write host, port and service into the address."),
    "ORA-12170": Entry(TRANSIENT, "No answer came while connecting.", _LISTENER),
    "ORA-12514": Entry(TRANSIENT, "The listener does not know the service (yet).", _LISTENER),
    "ORA-12516": Entry(TRANSIENT, "The listener has no free handler: all processes are taken.", "See who holds them."),
    "ORA-12518": Entry(TRANSIENT, "The listener could not hand the connection over.", _LISTENER),
    "ORA-12519": Entry(TRANSIENT, "The listener has no handler for this service now.", _LISTENER),
    "ORA-12520": Entry(TRANSIENT, "The listener has no handler of this kind now.", _LISTENER),
    "ORA-12528": Entry(TRANSIENT, "The instance takes no sessions: it is starting, or restricted.", _LISTENER),
    "ORA-12537": Entry(LOST, "The network or the server closed the connection.", _LOST_SESSION),
    "ORA-12541": Entry(TRANSIENT, "Nobody listens at that host and port.", _LISTENER),
    "ORA-12547": Entry(LOST, "The other side of the connection went away.", _LOST_SESSION),
    "ORA-12570": Entry(LOST, "A packet could not be read from the network.", _LOST_SESSION),
    "ORA-12571": Entry(LOST, "A packet could not be written to the network.", _LOST_SESSION),
    "ORA-12801": Entry(PERMANENT, "A parallel server failed.", "The error that follows it in the message is the cause."),
    "ORA-12954": Entry(PERMANENT, "The free edition's limit of 12 GB is reached.", "Make room, or change the edition."),
    "ORA-14086": Entry(PERMANENT, "A partitioned index cannot be rebuilt as a whole.", "Rebuild it partition by partition."),
    "ORA-14400": Entry(PERMANENT, "No partition takes the value.", "Add the partition; have them made ahead of the data."),
    "ORA-14402": Entry(PERMANENT, "The row would change its partition.", "ENABLE ROW MOVEMENT, where the application allows it."),
    "ORA-14403": Entry(LOCK, "The cursor's objects were changed by DDL while it waited for a lock.", "It is tried again."),
    "ORA-14511": Entry(PERMANENT, "A partitioned object cannot be moved or shrunk as a whole.", "Do it partition by partition."),
    "ORA-14808": Entry(PERMANENT, "MOVE ONLINE does not work for this table.", "Move it offline in a window, or leave it."),
    "ORA-16000": Entry(PERMANENT, "The database is open for reading only, as a standby.", "Work on the primary."),
    "ORA-19809": Entry(PERMANENT, "The recovery area is full.", "Back up and delete archived logs with RMAN, or enlarge it."),
    "ORA-19815": Entry(PERMANENT, "The recovery area is nearly full.", "Back up and delete archived logs with RMAN, or enlarge it."),
    "ORA-20005": Entry(
        PERMANENT,
        "The object's statistics are locked on purpose.",
        "Leave them, or unlock them (DBMS_STATS.UNLOCK_TABLE_STATS) after asking who locked them.",
    ),
    "ORA-24344": Entry(PERMANENT, "It was compiled with errors.", "Look into USER_ERRORS."),
    "ORA-25153": Entry(PERMANENT, "The temporary tablespace has no file.", "Add a temp file."),
    "ORA-26040": Entry(
        PERMANENT,
        "A block was loaded without redo (NOLOGGING), and a recovery or a standby could not make it again.",
        "On a standby RMAN fetches it (RECOVER … NONLOGGED BLOCK). Else load the rows again, and back up after such loads.",
    ),
    "ORA-27399": Entry(PERMANENT, "The account may not make jobs of this kind.", "Grant CREATE EXTERNAL JOB, or leave it."),
    "ORA-28000": Entry(
        AUTHENTICATION,
        "The account is locked.",
        "Find out who tried with a wrong password, unlock it, then clear the stop.",
    ),
    "ORA-28001": Entry(AUTHENTICATION, "The password has expired.", "Set a new one, enter it here, then clear the stop."),
    "ORA-28002": Entry(PERMANENT, "The password expires soon.", "Set a new one within the days that the message names."),
    "ORA-28009": Entry(AUTHENTICATION, "SYS connects only as SYSDBA or SYSOPER.", "Use an account of the portal's own."),
    "ORA-28040": Entry(
        AUTHENTICATION,
        "Driver and database have no way of signing in in common.",
        "Set the account's password anew, so that it is kept in the present form (SQLNET.ALLOWED_LOGON_VERSION_SERVER).",
    ),
    "ORA-30036": Entry(
        PERMANENT,
        "The undo tablespace is full.",
        "Enlarge it, or delete and rebuild in smaller batches.",
    ),
    "ORA-38029": Entry(PERMANENT, "The object's statistics are locked on purpose.", "Leave them, or unlock them after asking who did."),
    "PLS-00201": Entry(
        PERMANENT,
        "What the block calls is not there, or the account may not use it: PL/SQL says the same of both.",
        "Grant EXECUTE directly, not by a role.",
    ),
}  # fmt: skip
DRIVER_ERRORS: dict[str, Entry] = {
    "DPI-1067": Entry(CANCELLED, "The call took longer than its timeout.", "Raise the limit, or do less at once."),
    "DPI-1080": Entry(LOST, "The connection was closed.", _LOST_SESSION),
    "DPY-3001": Entry(
        PERMANENT,
        "The driver's thin mode cannot do this, as Oracle's own network encryption, or no account was given.",
        "Use TLS, or the thick mode; enter account and secret.",
    ),
    "DPY-3015": Entry(
        AUTHENTICATION,
        "The account's password is kept in an old form (10G) that thin mode does not know.",
        "Set the password anew, so that it is kept in the present form.",
    ),
    "DPY-4011": Entry(
        LOST,
        "The database or the network closed the connection.",
        f"{_LOST_SESSION} While connecting it may mean that the server demands its own network encryption.",
    ),
    "DPY-4024": Entry(
        LOST,
        "The database did not answer within the call's timeout, and the driver gave the connection up.",
        "Look whether the database and the network are well. What the statement did is asked of the database.",
    ),
    "DPY-4027": Entry(PERMANENT, "There is no tnsnames.ora where it was looked for.", "Write host, port and service into the address."),
    "DPY-6000": Entry(TRANSIENT, "The listener refused the connection.", _LISTENER),
    "DPY-6001": Entry(TRANSIENT, "The listener does not know the service.", _LISTENER),
    "DPY-6003": Entry(TRANSIENT, "The listener does not know the SID.", _LISTENER),
    "DPY-6005": Entry(TRANSIENT, "No connection could be made; the message says why.", _LISTENER),
    "DPY-7000": Entry(PERMANENT, "It was compiled with errors.", "Look into USER_ERRORS."),
}  # fmt: skip
