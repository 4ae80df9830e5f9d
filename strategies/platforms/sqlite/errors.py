"""Tells SQLite's errors apart by the name of their result code, so that callers know what may be done next."""

from __future__ import annotations

import sqlite3

from strategies.plans import ErrorClass, TargetError

# By the first part of the name: extended codes (SQLITE_BUSY_SNAPSHOT, SQLITE_IOERR_FSYNC …) mean the same to us.
# SQLITE_IOERR is permanent: writing again to a disk that failed makes things worse, and a person must look first.
_CLASSES = {
    "BUSY": ErrorClass.LOCK,
    "LOCKED": ErrorClass.LOCK,
    "PROTOCOL": ErrorClass.LOCK,  # two processes raced for the WAL's locks
    "INTERRUPT": ErrorClass.CANCELLED,
    "AUTH": ErrorClass.AUTHENTICATION,
    "NOMEM": ErrorClass.TRANSIENT,
    "SCHEMA": ErrorClass.TRANSIENT,  # the schema changed while the statement was prepared
}
_INTERRUPTED = ("SQLITE_ERROR", "interrupted")  # as SQLite says it where it was just making the table of a pragma
_UNREAD_SCHEMA = "malformed database schema ("


def target_error(error: sqlite3.Error) -> TargetError:
    """The error as a value. What is not in the table above fails again until somebody changes something."""
    code, message = getattr(error, "sqlite_errorname", None) or "", str(error)
    if (code, message) == _INTERRUPTED:
        code = "SQLITE_INTERRUPT"
    parts = code.split("_")
    family = parts[1] if len(parts) > 1 else ""
    if message.startswith(_UNREAD_SCHEMA):  # SQLite says so of damage and of syntax newer than itself alike
        message += f"; either it is damaged, or it was written for another SQLite than {sqlite3.sqlite_version}"
    return TargetError(_CLASSES.get(family, ErrorClass.PERMANENT), code or type(error).__name__, message)


def is_corruption(error: TargetError) -> bool:
    """Whether SQLite stopped because the file itself is damaged."""
    return error.code.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB"))


def is_unreadable(error: TargetError) -> bool:
    """Whether the system could not read the file, or found it damaged itself: so a failing disk says."""
    return error.code.startswith(
        ("SQLITE_IOERR_READ", "SQLITE_IOERR_SHORT_READ", "SQLITE_IOERR_CORRUPTFS", "SQLITE_IOERR_DATA")
    )


def is_refusal_of_one_object(error: TargetError) -> bool:
    """Whether only this statement cannot run here, for example because a collation or function is the application's own."""
    return error.error_class is ErrorClass.PERMANENT and error.code.startswith("SQLITE_ERROR")
