"""SQLite's errors by the names of its result codes; extended codes only where they mean something of their own."""

from __future__ import annotations

from monitoring.known_errors.entry import AUTHENTICATION, CANCELLED, LOCK, PERMANENT, TRANSIENT, Entry


def source(code: str) -> str:
    """Where the code is described: https://www.sqlite.org/rescode.html#busy"""
    return f"https://www.sqlite.org/rescode.html#{code.removeprefix('SQLITE_').lower()}"


_DISK = "Treat it as a failing disk: copy the file and its -wal away first, then check the disk and the copy."

ERRORS: dict[str, Entry] = {
    "SQLITE_ABORT": Entry(
        PERMANENT,
        "The statement was ended because its transaction was rolled back meanwhile.",
        "Look at the error before this one.",
    ),
    "SQLITE_AUTH": Entry(
        AUTHENTICATION,
        "The program that opened the file forbids this statement.",
        "Look at its authorizer; the portal sets none.",
    ),
    "SQLITE_BUSY": Entry(
        LOCK,
        "Another connection holds the database's lock longer than the time to wait.",
        "It is tried again. If it comes often, look for a program that leaves a transaction open.",
    ),
    "SQLITE_BUSY_SNAPSHOT": Entry(
        LOCK,
        "A reader wanted to write, and somebody else had written since it began.",
        "It is tried again with a new transaction.",
    ),
    "SQLITE_CANTOPEN": Entry(
        PERMANENT,
        "The file cannot be opened: it is not there, or file or folder may not be read and written by the portal's user.",
        "Correct the path; give the portal's user the right to the file and to its folder, where -wal and -shm stand.",
    ),
    "SQLITE_CONSTRAINT": Entry(
        PERMANENT, "The data would break a constraint.", "Correct the data; the message names the column."
    ),
    "SQLITE_CONSTRAINT_UNIQUE": Entry(
        PERMANENT,
        "Two rows would have the same key. In REINDEX it means that duplicates are there already.",
        "Find them by reading the table with NOT INDEXED, decide which row is right, then reindex.",
    ),
    "SQLITE_CORRUPT": Entry(
        PERMANENT,
        "The file is damaged: a disk, a copy made while it was written, or two machines on one network folder.",
        "Stop everybody who writes, copy the file and its -wal away, run integrity_check, then restore a backup or use .recover.",
    ),
    "SQLITE_CORRUPT_INDEX": Entry(
        PERMANENT,
        "An index does not fit its table.",
        "REINDEX, then integrity_check; find out what wrote past SQLite.",
    ),
    "SQLITE_ERROR": Entry(
        PERMANENT,
        "The statement cannot be carried out: a missing object, a wrong word, a function or collation of the application's own.",
        "Read the message. What needs the application's own functions has to be done by the application.",
    ),
    "SQLITE_FULL": Entry(
        PERMANENT,
        "The disk is full, or max_page_count is reached. VACUUM needs up to twice the size of the file.",
        "Free space, or point SQLITE_TMPDIR to where there is some.",
    ),
    "SQLITE_INTERRUPT": Entry(
        CANCELLED,
        "The statement was stopped on request or at its limit.",
        "If nobody meant it, raise the limit.",
    ),
    "SQLITE_IOERR": Entry(PERMANENT, "The operating system could not read or write the file.", _DISK),
    "SQLITE_LOCKED": Entry(
        LOCK,
        "The table is in use by the same connection, or by one that shares its cache.",
        "It is tried again; close open cursors in the application.",
    ),
    "SQLITE_MISMATCH": Entry(PERMANENT, "A value is not of the type that the column insists on.", "Correct the value."),
    "SQLITE_MISUSE": Entry(PERMANENT, "SQLite was called in a wrong way by a program.", "Report it with the message."),
    "SQLITE_NOMEM": Entry(
        TRANSIENT, "There was not enough memory.", "It is tried again; lower cache_size if it stays."
    ),
    "SQLITE_NOTADB": Entry(
        PERMANENT,
        "The file is no SQLite database, is encrypted, or its first page is damaged.",
        "Check the path and who wrote the file; restore a backup.",
    ),
    "SQLITE_PERM": Entry(
        PERMANENT, "The file may not be accessed.", "Give the portal's user the right to file and folder."
    ),
    "SQLITE_PROTOCOL": Entry(LOCK, "Two processes raced for the locks of the write-ahead log.", "It is tried again."),
    "SQLITE_READONLY": Entry(
        PERMANENT,
        "The file or its folder may only be read.",
        "Give the portal's user the right to write; -wal and -shm are made in the same folder.",
    ),
    "SQLITE_SCHEMA": Entry(TRANSIENT, "The schema was changed while the statement was prepared.", "It is tried again."),
    "SQLITE_TOOBIG": Entry(
        PERMANENT, "A text or blob is larger than this SQLite takes.", "Look at the limit and the value."
    ),
}
