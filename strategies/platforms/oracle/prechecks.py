"""What a job may ask of an Oracle database before it starts."""

from __future__ import annotations

from strategies.platforms.base import Precheck, Session
from strategies.platforms.oracle import facts
from strategies.platforms.oracle.names import oracle_query

LONG_MINUTES = 30  # an online rebuild waits for every older transaction that has changed its table


def _writable(session: Session) -> str:
    seen: facts.Seen = {part: facts.see(session, f"facts_{part}") for part in ("session", "database", "container")}
    return (
        "" if facts.is_writable(seen) else "the database takes no changes now (a standby, or opened for reading only)."
    )


def _no_waiting_sessions(session: Session) -> str:
    waiting = session.rows(oracle_query("waiting_sessions"))[0]["waiting"]
    if not waiting:
        return ""
    return "1 session waits for a lock." if waiting == 1 else f"{waiting} sessions wait for locks."


def _no_long_transactions(session: Session) -> str:
    rows = session.rows(oracle_query("open_transactions"))
    return long_transaction(rows[0]["minutes"], rows[0]["session_name"], rows[0]["account"]) if rows else ""


def long_transaction(minutes: int, session_name: str, account: str | None) -> str:
    """A sentence where the oldest transaction is too old. Pure."""
    if minutes < LONG_MINUTES:
        return ""
    return f"the transaction of session {session_name} of {account or 'an unknown account'} has been open for {minutes} minutes."


PRECHECKS = {
    check.name: check
    for check in (
        Precheck(
            "WRITABLE", "The database takes changes: it is no standby and opened for reading and writing.", _writable
        ),
        Precheck("NO_WAITING_SESSIONS", "No session of the database waits for a lock.", _no_waiting_sessions),
        Precheck(
            "NO_LONG_TRANSACTIONS", f"No transaction is older than {LONG_MINUTES} minutes.", _no_long_transactions
        ),
    )
}
