"""What a job may ask of an Oracle database before it starts; what it makes of the answers stands in `precheck_answers.py`."""

from __future__ import annotations

from strategies.platforms.base import Precheck, Problem, Row, Session, Unasked
from strategies.platforms.oracle import facts
from strategies.platforms.oracle import precheck_answers as answers
from strategies.platforms.oracle.names import oracle_query


def _rows(session: Session, name: str) -> list[Row]:
    return session.rows(oracle_query(name))


def _writable(session: Session) -> Problem | None:
    seen: facts.Seen = {part: facts.see(session, f"facts_{part}") for part in ("session", "database", "container")}
    if facts.is_writable(seen):
        return None
    return Problem("the database takes no changes now (a standby, or opened for reading only).")


def _no_waiting_sessions(session: Session) -> Problem | None:
    return answers.waiting(int(_rows(session, "waiting_sessions")[0]["waiting"]))


def _no_long_transactions(session: Session) -> Problem | None:
    rows = _rows(session, "open_transactions")
    if not rows:
        return None
    return answers.long_transaction(rows[0]["minutes"], rows[0]["session_name"], rows[0]["account"])


def _free_space(session: Session) -> Problem | None:
    return answers.full(_rows(session, "tablespaces"))


def _undo_temp(session: Session) -> Problem | None:
    return answers.undo_and_temp(_rows(session, "undo_errors")[0], _rows(session, "temporary_tablespaces"))


def _replica_lag(session: Session) -> Problem | None:
    return answers.behind(_rows(session, "standby_destinations"), _rows(session, "standby_lag"))


def _backup_age(session: Session) -> Problem | None:
    return answers.backed_up(_rows(session, "backup_age")[0])


def _no_invalid_state(session: Session) -> Problem | None:
    return answers.invalid(_rows(session, "invalid_state")[0])


PRECHECKS = {
    check.name: check
    for check in (
        Precheck(
            "WRITABLE",
            "The database takes changes: it is no standby and opened for reading and writing.",
            _writable,
            Unasked.HOLDS,
        ),
        Precheck("NO_WAITING_SESSIONS", "No session of the database waits for a lock.", _no_waiting_sessions),
        Precheck(
            "NO_LONG_TRANSACTIONS",
            f"No transaction is older than {answers.LONG_MINUTES} minutes.",
            _no_long_transactions,
        ),
        Precheck(
            "FREE_SPACE",
            f"No tablespace holds {answers.FULL} % of what it can grow to; {answers.NEARLY_FULL} % are noted.",
            _free_space,
        ),
        Precheck(
            "UNDO_TEMP",
            f"Undo had room for every change of the last hour, and no temporary tablespace is {answers.FULL} % full.",
            _undo_temp,
        ),
        Precheck(
            "REPLICA_LAG",
            f"No standby lacks redo or is {answers.FAR_BEHIND_SECONDS} seconds or more behind.",
            _replica_lag,
            Unasked.NOTED,
        ),
        Precheck(
            "BACKUP_AGE",
            f"Each data file has a backup of the last {answers.TOO_OLD_HOURS} hours; {answers.OLD_HOURS} hours, and files of whose"
            " backups nothing is known, are noted.",
            _backup_age,
        ),
        Precheck("NO_INVALID_STATE", "No index is unusable; invalid objects are noted.", _no_invalid_state),
    )
}
