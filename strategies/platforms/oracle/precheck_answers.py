"""What rows of Oracle's dictionary mean for a run that is about to start, in a sentence. Pure.

Limits are those of the database's own alerts for space, and of common practice for the rest: the first of each pair is only said.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from strategies.platforms.base import Problem, Row
from strategies.platforms.oracle.names import shown

LONG_MINUTES = 30  # an online rebuild waits for every older transaction that has changed its table
NEARLY_FULL, FULL = 85, 97  # percent
BEHIND_SECONDS, FAR_BEHIND_SECONDS = 30, 300
OLD_HOURS, TOO_OLD_HOURS = 26, 50  # a day, and two, with some time for what is done daily
_GB = 1_073_741_824
_NAMED = 3  # in one sentence
_INTERVAL = re.compile(r"[+-]?(\d+) (\d+):(\d+):(\d+)(?:\.\d+)?")


def waiting(sessions: int) -> Problem | None:
    if not sessions:
        return None
    return Problem("1 session waits for a lock." if sessions == 1 else f"{sessions} sessions wait for locks.")


def long_transaction(minutes: int, session_name: str, account: str | None) -> Problem | None:
    """Of the oldest transaction, where it is too old."""
    if minutes < LONG_MINUTES:
        return None
    whose = f"the transaction of session {session_name} of {account or 'an unknown account'}"
    return Problem(f"{whose} has been open for {minutes} minutes.")


def full(tablespaces: Sequence[Row], kind: str = "tablespace") -> Problem | None:
    """Of rows of `tablespaces.sql` or `temporary_tablespaces.sql`, those that have little room to grow, the fullest first."""
    found = []
    for row in tablespaces:
        most = int(row["max_bytes"] or 0)
        if most > 0 and (percent := 100 * int(row["used_bytes"] or 0) / most) >= NEARLY_FULL:
            found.append((percent, f"{shown(row['tablespace_name'])} ({percent:.0f} % of {most / _GB:,.1f} GB)"))
    if not found:
        return None
    found.sort(reverse=True)
    names = ", ".join(name for _, name in found[:_NAMED])
    more = f" and {len(found) - _NAMED} more" if len(found) > _NAMED else ""
    what = f"a {kind} is" if len(found) == 1 else f"{len(found)} {kind}s are"
    return Problem(f"{what} nearly full: {names}{more}.", blocks=found[0][0] >= FULL)


def undo_and_temp(undo: Row, temporary: Sequence[Row]) -> Problem | None:
    """By a row of `undo_errors.sql` and those of `temporary_tablespaces.sql`; what blocks comes first."""
    without_room, too_old = int(undo["without_room"]), int(undo["too_old"])
    of_temp = full(temporary, "temporary tablespace")
    if without_room:
        return Problem(f"undo had no room for {_times(without_room, 'change')} within the last hour (ORA-30036).")
    if of_temp is not None and of_temp.blocks:
        return of_temp
    if too_old:
        words = f"undo was too short for {_times(too_old, 'query', 'queries')} within the last hour (ORA-01555)."
        return Problem(words, blocks=False)
    return of_temp


def behind(destinations: Sequence[Row], lags: Sequence[Row]) -> Problem | None:
    """By rows of `standby_destinations.sql`, which a primary has, and of `standby_lag.sql`, which a standby has."""
    for row in destinations:
        name = row["db_unique_name"] if row["db_unique_name"] not in (None, "", "NONE") else row["dest_name"]
        if row["status"] != "VALID":
            why = " ".join(str(row["error"] or row["status"]).split())
            return Problem(f"the standby {name} gets no redo: {why}.")
        if row["gap_status"] not in (None, "NO GAP"):
            return Problem(f"the standby {name} lacks redo ({str(row['gap_status']).lower()}).")
    seconds, name = max(((lag_seconds(row["value"]), str(row["name"])) for row in lags), default=(0, ""))
    if seconds < BEHIND_SECONDS:
        return None
    does = "receiving" if name == "transport lag" else "applying"
    words = f"this standby is {seconds} seconds behind in {does} redo."
    return Problem(words, blocks=seconds >= FAR_BEHIND_SECONDS)


def lag_seconds(value: str | None) -> int:
    """`+00 00:05:12` is 312; what cannot be read, and what is not known, is 0."""
    match = _INTERVAL.fullmatch((value or "").strip())
    if match is None:
        return 0
    days, hours, minutes, seconds = (int(part) for part in match.groups())
    return ((days * 24 + hours) * 60 + minutes) * 60 + seconds


def backed_up(row: Row) -> Problem | None:
    """By a row of `backup_age.sql`.

    The control file forgets backups after some days and never knew of those that storage or a standby makes: a file without one
    has perhaps one all the same.
    """
    without, files, hours = int(row["without_backup"]), int(row["files"]), row["hours"]
    if hours is not None and hours >= OLD_HOURS:
        return Problem(f"the newest backup of a data file is {hours} hours old.", blocks=hours >= TOO_OLD_HOURS)
    if without:
        return Problem(f"the control file knows no backup of {without} of {files} data files.", blocks=False)
    return None


def invalid(row: Row) -> Problem | None:
    """By a row of `invalid_state.sql`. Most databases carry some invalid objects for ever."""
    indexes, objects = int(row["unusable_indexes"]), int(row["invalid_objects"])
    if indexes:
        told = "1 index, or a part of one, is" if indexes == 1 else f"{indexes} indexes, or parts of them, are"
        return Problem(f"{told} unusable.")
    if objects:
        return Problem("1 object is invalid." if objects == 1 else f"{objects} objects are invalid.", blocks=False)
    return None


def _times(count: int, one: str, many: str = "") -> str:
    return f"1 {one}" if count == 1 else f"{count} {many or one + 's'}"
