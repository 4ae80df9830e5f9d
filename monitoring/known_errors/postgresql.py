"""PostgreSQL's errors by SQLSTATE; the classes are those by which the platform decides what may be tried again."""

from __future__ import annotations

from monitoring.known_errors.entry import AUTHENTICATION, CANCELLED, LOCK, LOST, PERMANENT, TRANSIENT, Entry

SOURCE = "https://www.postgresql.org/docs/current/errcodes-appendix.html"

_CORRUPT = "Stop maintenance on it. Secure a copy of the data folder, check the disks, and restore or repair with a DBA at hand."

ERRORS: dict[str, Entry] = {
    "08001": Entry(
        TRANSIENT,
        "No connection could be made: the server is down, or host, port or a firewall is in the way.",
        "Check that the server runs and that its address is right; the portal tries again.",
    ),
    "08004": Entry(
        TRANSIENT,
        "The server turned the connection away: it is not the one that was asked for, as after a switch-over.",
        "Check the hosts in the address and which of them is the primary.",
    ),
    "08006": Entry(
        LOST,
        "The connection broke while it was in use: a restart, a crash, or the network.",
        "Look into the server's log at that minute. What the statement did is asked of the database.",
    ),
    "08P01": Entry(
        LOST,
        "The connection got out of step, often by a connection pooler in transaction mode.",
        "Connect to the server itself, or use session mode for maintenance.",
    ),
    "0A000": Entry(
        PERMANENT,
        "This server does not support what was asked, or not for this object, as REINDEX CONCURRENTLY for system catalogs.",
        "Choose another way for this object; a plan for this version leaves it out.",
    ),
    "22001": Entry(PERMANENT, "A text was longer than its column.", "Widen the column or shorten the value."),
    "22003": Entry(
        PERMANENT,
        "A number went beyond the range of its type, as of an int4 column that a sequence has filled.",
        "Change the column to bigint.",
    ),
    "22P02": Entry(PERMANENT, "A text could not be read as the type that was asked for.", "Correct the value."),
    "23502": Entry(
        PERMANENT, "A column that must have a value got none.", "Give the value, or a default to the column."
    ),
    "23503": Entry(
        PERMANENT,
        "A row refers to another that does not exist, or one that others refer to was to go.",
        "Correct the order of the work or the data; list the rows with the constraint's own query.",
    ),
    "23505": Entry(
        PERMANENT,
        "Two rows would have the same key. In a rebuild of a unique index it means that duplicates are there already: "
        "the old index is damaged, or its collation has changed.",
        "Find the duplicates by reading the table without the index, decide which row is right, then rebuild.",
    ),
    "23514": Entry(PERMANENT, "A value breaks a check constraint.", "Correct the value or the constraint."),
    "25001": Entry(
        PERMANENT,
        "VACUUM, REINDEX CONCURRENTLY and the like cannot run inside a transaction block.",
        "Send it by itself in autocommit; a pooler in transaction mode is in the way as well.",
    ),
    "25006": Entry(
        PERMANENT,
        "The server or the transaction is read-only: a standby, or default_transaction_read_only is on.",
        "Work on the primary; check which host the address leads to.",
    ),
    "25P02": Entry(
        PERMANENT,
        "An earlier statement of the same transaction failed, and everything after it is refused.",
        "Look at the first error; this one follows from it.",
    ),
    "25P03": Entry(
        LOST,
        "The session sat in an open transaction longer than idle_in_transaction_session_timeout allows.",
        "Commit sooner, or raise the limit for this account.",
    ),
    "28000": Entry(
        AUTHENTICATION,
        "The server does not let this account in from this address: no line of pg_hba.conf fits, or it says reject.",
        "Add a line to pg_hba.conf for account, database and address, and reload.",
    ),
    "28P01": Entry(
        AUTHENTICATION,
        "The password is wrong.",
        "Correct the account or its secret, then clear the stop on the database's page. Nothing tries again by itself.",
    ),
    "2BP01": Entry(
        PERMANENT,
        "Other objects depend on it.",
        "Drop or change what depends on it first; the error's detail names it.",
    ),
    "3D000": Entry(PERMANENT, "There is no database of this name.", "Correct the address."),
    "3F000": Entry(PERMANENT, "There is no schema of this name.", "Correct the name or the search_path."),
    "40001": Entry(
        TRANSIENT,
        "Two transactions got into each other's way under the isolation level that was asked for.",
        "It is tried again; if it comes often, do the work when less is written.",
    ),
    "40P01": Entry(
        TRANSIENT,
        "A deadlock: two sessions waited for each other, and this one was chosen to give way.",
        "It is tried again; if it comes often, find both statements in the server's log and lock in one order.",
    ),
    "42501": Entry(
        PERMANENT,
        "The account lacks the right.",
        "Grant it: owner or MAINTAIN (17 and later) for VACUUM, ANALYZE and REINDEX, ownership to create or drop an index, "
        "USAGE on the schema in each case.",
    ),
    "42601": Entry(PERMANENT, "The statement is not written as this server reads it.", "Correct the statement."),
    "42703": Entry(PERMANENT, "There is no such column.", "Correct the name, or look whether the table was changed."),
    "42704": Entry(PERMANENT, "There is no such object.", "Look whether it was dropped meanwhile; assess again."),
    "42883": Entry(
        PERMANENT,
        "There is no function of this name for these types; often its extension is missing.",
        "Create the extension (as pgstattuple or amcheck), or put its schema into the search_path.",
    ),
    "42P01": Entry(
        PERMANENT,
        "There is no such table or index: it was dropped meanwhile, or its schema is not in the search_path.",
        "Assess again; what is gone is then left out.",
    ),
    "42P07": Entry(
        PERMANENT,
        "An object of this name is there already, often a leftover of an earlier attempt.",
        "Look what it is; the next assessment finds invalid leftovers and removes them.",
    ),
    "53100": Entry(
        PERMANENT,
        "The disk is full.",
        "Free space or add some before anything is tried again; a concurrent rebuild needs the index's size once more.",
    ),
    "53200": Entry(
        PERMANENT,
        "The server ran out of memory, or out of room for locks.",
        "Lower maintenance_work_mem or the parallel degree; for locks raise max_locks_per_transaction.",
    ),
    "53300": Entry(
        TRANSIENT,
        "All connections are taken.",
        "Find who holds them (pg_stat_activity by application), use a pooler, or raise max_connections.",
    ),
    "54000": Entry(
        PERMANENT, "A limit of the program was reached, as the size of an index row.", "Change the definition."
    ),
    "55000": Entry(
        PERMANENT,
        "The object or the server is not in the state that this needs.",
        "Read the message: it says which state, as a database that takes no connections.",
    ),
    "55006": Entry(
        LOCK,
        "Others are using the object.",
        "Wait for them, or have them leave; pg_stat_activity names them.",
    ),
    "55P03": Entry(
        LOCK,
        "A lock was not given within lock_timeout: somebody else holds the object.",
        "It is tried again. If it comes each night, find the long transaction (pg_blocking_pids) and move one of the two.",
    ),
    "57014": Entry(
        CANCELLED,
        "The statement was cancelled: by a person, by statement_timeout, or at the run's own limit.",
        "If nobody meant it, raise the limit or do the work in smaller parts.",
    ),
    "57P01": Entry(
        LOST,
        "An administrator ended the session, or the server was shut down.",
        "Ask who did; what was done until then is asked of the database.",
    ),
    "57P02": Entry(
        LOST,
        "Another process of the server crashed, and all sessions were ended for safety.",
        "Look into the server's log for the crash; memory that ran out is the usual cause.",
    ),
    "57P03": Entry(
        TRANSIENT,
        "The server is starting, shutting down, or recovering.",
        "Wait; the portal tries again.",
    ),
    "57P04": Entry(LOST, "The database was dropped while somebody was connected.", "Switch it off in the portal."),
    "57P05": Entry(
        LOST, "The session was idle longer than idle_session_timeout allows.", "Raise the limit for this account."
    ),
    "58030": Entry(
        PERMANENT,
        "The operating system could not read or write a file of the server.",
        f"Treat it as a failing disk. {_CORRUPT}",
    ),
    "58P01": Entry(PERMANENT, "A file of the server is missing.", _CORRUPT),
    "P0001": Entry(
        PERMANENT,
        "A function or trigger of the application raised an error of its own.",
        "Read its words; they are the application's.",
    ),
    "XX000": Entry(
        PERMANENT,
        "An error inside the server that should not come.",
        "Look into the server's log; update to the latest minor version, and report it if it stays.",
    ),
    "XX001": Entry(PERMANENT, "Data on disk is damaged.", _CORRUPT),
    "XX002": Entry(
        PERMANENT,
        "An index is damaged: by a disk, or by a collation that changed beneath it.",
        "Rebuild the index (REINDEX), check the others of that table with amcheck, and find out why.",
    ),
}
CLASSES: dict[str, Entry] = {
    "08": Entry(LOST, "The connection could not be made, or broke.", "Check server and network."),
    "22": Entry(PERMANENT, "A value does not fit its type.", "Correct the value."),
    "23": Entry(PERMANENT, "The data would break a constraint.", "Correct the data or the constraint."),
    "25": Entry(PERMANENT, "The transaction is not in a state that allows it.", "Send the statement by itself."),
    "28": Entry(AUTHENTICATION, "The sign-in was refused.", "Correct the account, then clear the stop."),
    "42": Entry(
        PERMANENT, "A wrong statement, a missing object, or a missing right.", "Read the message, then assess again."
    ),
    "53": Entry(
        PERMANENT,
        "The server ran out of something: disk, memory, connections.",
        "Find out which, and add or free some.",
    ),
    "54": Entry(PERMANENT, "A limit of the program was reached.", "Change the definition or do less at once."),
    "55": Entry(PERMANENT, "The object is not in the state that this needs.", "Read the message: it says which."),
    "57": Entry(PERMANENT, "An operator of the server stepped in.", "Ask who did, and look into the server's log."),
    "58": Entry(PERMANENT, "The operating system beneath the server failed.", _CORRUPT),
    "XX": Entry(PERMANENT, "An error inside the server.", "Look into the server's log."),
}
