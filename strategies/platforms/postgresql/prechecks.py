"""What a job may ask of a PostgreSQL server before it starts."""

from __future__ import annotations

from strategies.platforms.base import Precheck, Session
from strategies.platforms.postgresql import transactions
from strategies.platforms.postgresql.names import postgresql_query

_LONG_MINUTES = 30  # an online rebuild waits for every older transaction


def _writable(session: Session) -> str:
    return "" if session.facts().is_writable else "the server takes no changes now (read-only, or a standby)."


def _no_waiting_sessions(session: Session) -> str:
    waiting = session.rows(postgresql_query("waiting_sessions"))[0]["waiting"]
    return "" if not waiting else f"{waiting} requests for locks are waiting."


def _no_long_transactions(session: Session) -> str:
    return transactions.in_the_way(session, _LONG_MINUTES)


PRECHECKS = {
    check.name: check
    for check in (
        Precheck("WRITABLE", "The server takes changes: it is no standby and not read-only.", _writable),
        Precheck("NO_WAITING_SESSIONS", "Nobody on the server waits for a lock.", _no_waiting_sessions),
        Precheck(
            "NO_LONG_TRANSACTIONS", f"No transaction is older than {_LONG_MINUTES} minutes.", _no_long_transactions
        ),
    )
}
