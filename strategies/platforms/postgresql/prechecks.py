"""What a job may ask of a PostgreSQL server before it starts.

How much room a server's disk has it tells nobody by SQL, so there is no check of that.
"""

from __future__ import annotations

from collections.abc import Sequence

from strategies.platforms.base import Precheck, Problem, Row, Session, Unasked
from strategies.platforms.postgresql import transactions
from strategies.platforms.postgresql.names import postgresql_query

_LONG_MINUTES = 30  # an online rebuild waits for every older transaction
_BEHIND_SECONDS, _FAR_BEHIND_SECONDS = 30, 300  # of a replica: said, and in the way
_OLD_HOURS = 26  # a day, and some time for what is done daily
_NAMED = 3  # in one sentence


def _writable(session: Session) -> Problem | None:
    if session.facts().is_writable:
        return None
    return Problem("the server takes no changes now (read-only, or a standby).")


def _no_waiting_sessions(session: Session) -> Problem | None:
    waiting = session.rows(postgresql_query("waiting_sessions"))[0]["waiting"]
    return Problem(f"{waiting} requests for locks are waiting.") if waiting else None


def _no_long_transactions(session: Session) -> Problem | None:
    told = transactions.in_the_way(session, _LONG_MINUTES)
    return Problem(told) if told else None


def _replica_lag(session: Session) -> Problem | None:
    return lagging(session.rows(postgresql_query("replicas")))


def lagging(replicas: Sequence[Row]) -> Problem | None:
    """What is to be said of the replica that is furthest behind, by rows of `replicas.sql`. Pure.

    Lags that are NULL are of one that has all there is, or, where it is hidden, cannot be seen.
    """
    worst, name, does = 0.0, "", ""
    for row in replicas:
        for column, word in (("flush_seconds", "receiving"), ("replay_seconds", "applying")):
            if (seconds := row[column] or 0.0) > worst:
                worst, name, does = seconds, row["name"], word
    if worst >= _BEHIND_SECONDS:
        words = f"the replica {name} is {worst:.0f} seconds behind in {does} what the server writes."
        return Problem(words, blocks=worst >= _FAR_BEHIND_SECONDS)
    if any(row["is_hidden"] for row in replicas):
        return Problem("how far its replicas are behind cannot be seen without pg_monitor.", blocks=False)
    return None


def _backup_age(session: Session) -> Problem | None:
    return archived(session.rows(postgresql_query("archiver"))[0])


def archived(row: Row) -> Problem | None:
    """What is to be said of the archive of the log, by a row of `archiver.sql`. Pure.

    A server on which nobody writes has nothing to archive, so age alone is in nobody's way.
    """
    if not row["is_archiving"]:
        return Problem("the server does not archive its log, and tells of no other backup.", blocks=False)
    if row["is_failing"]:
        return Problem("the server fails to archive its log: what is changed now can be restored from no backup.")
    if row["hours"] is None:
        return Problem("the server has not archived any of its log yet.", blocks=False)
    if row["hours"] >= _OLD_HOURS:
        return Problem(f"the server last archived its log {row['hours']:.0f} hours ago.", blocks=False)
    return None


def _no_invalid_state(session: Session) -> Problem | None:
    return invalid([row["object"] for row in session.rows(postgresql_query("invalid_indexes"))])


def invalid(indexes: Sequence[str]) -> Problem | None:
    """Pure."""
    if not indexes:
        return None
    if len(indexes) == 1:
        return Problem(f"the index {indexes[0]} is invalid.")
    more = f" and {len(indexes) - _NAMED} more" if len(indexes) > _NAMED else ""
    return Problem(f"{len(indexes)} indexes are invalid: {', '.join(indexes[:_NAMED])}{more}.")


PRECHECKS = {
    check.name: check
    for check in (
        Precheck("WRITABLE", "The server takes changes: it is no standby and not read-only.", _writable, Unasked.HOLDS),
        Precheck("NO_WAITING_SESSIONS", "Nobody on the server waits for a lock.", _no_waiting_sessions),
        Precheck(
            "NO_LONG_TRANSACTIONS", f"No transaction is older than {_LONG_MINUTES} minutes.", _no_long_transactions
        ),
        Precheck(
            "REPLICA_LAG",
            f"No replica is {_FAR_BEHIND_SECONDS} seconds or more behind; {_BEHIND_SECONDS} are noted.",
            _replica_lag,
            Unasked.NOTED,
        ),
        Precheck(
            "BACKUP_AGE",
            f"The archive of the server's log does not fail; one that is {_OLD_HOURS} hours old, or none, is noted.",
            _backup_age,
        ),
        Precheck("NO_INVALID_STATE", "No index of the database is invalid.", _no_invalid_state),
    )
}
