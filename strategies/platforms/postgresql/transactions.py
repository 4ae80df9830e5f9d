"""Which transaction of others an online index build would wait for, told also where its age cannot be seen."""

from __future__ import annotations

import time

from strategies.platforms.base import Row, Session
from strategies.platforms.postgresql.names import postgresql_query

# As long as a statement waits for locks by default: what is open for longer would make the build give up.
WATCHED_SECONDS = 5.0
_EVERY_SECONDS = 0.2


def in_the_way(session: Session, minutes: int, table_oid: int | None = None) -> str:
    """A sentence on the oldest transaction that is open for `minutes` or longer, or nothing. Raises PlatformError.

    Without pg_monitor every account sees that others have transactions, but not since when. Those are watched for some
    seconds: one that does not end meanwhile is taken for an old one. With `table_oid` transactions count too that only
    read that table.
    """
    seen = _open(session, table_oid)
    for row in seen.values():  # the oldest first
        if row["seconds"] is not None and row["seconds"] >= 60 * minutes:
            return f"{_whose(row)} has been open for {row['seconds'] / 60:.0f} minutes."
    hidden = {name for name, row in seen.items() if row["seconds"] is None}
    until = time.monotonic() + WATCHED_SECONDS
    while hidden and time.monotonic() < until:
        time.sleep(_EVERY_SECONDS)
        seen = _open(session, table_oid)
        hidden &= seen.keys()
    if not hidden:
        return ""
    return (
        f"{_whose(seen[min(hidden)])} stays open; for how long it has been cannot be seen without pg_monitor,"
        f" only that it did not end within {WATCHED_SECONDS:.0f} seconds."
    )


def _open(session: Session, table_oid: int | None) -> dict[tuple[int, str], Row]:
    rows = session.rows(postgresql_query("open_transactions"), {"table": table_oid})
    return {(row["pid"], row["transaction"]): row for row in rows}


def _whose(row: Row) -> str:
    return f"the transaction of session {row['pid']} of {row['account'] or 'another account'}"
