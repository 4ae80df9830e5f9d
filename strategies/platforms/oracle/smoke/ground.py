"""Whether a trial may begin: the account needs room and one right in its own schema, and the database has to take changes."""

from __future__ import annotations

from collections.abc import Collection

from strategies.platforms.base import Row
from strategies.platforms.oracle.names import oracle_query, quoted
from strategies.platforms.oracle.prechecks import PRECHECKS
from strategies.platforms.oracle.rights import grant
from strategies.platforms.oracle.smoke import statements
from strategies.platforms.oracle.smoke.items import Item, Unexpected
from strategies.platforms.oracle.smoke.stage import Stage, smoke_query

NEEDED_BYTES = 64 * 1_048_576  # the largest table of an item has 6 MB, and each is removed before the next item
UNLIMITED = "UNLIMITED TABLESPACE"


def survey(stage: Stage) -> list[str]:
    """Sentences on why the trial may not begin; none where it may. Learns who the account is. Raises PlatformError."""
    session = stage.session
    own = session.rows(oracle_query("facts_session"))[0]
    stage.owner = str(own["account"])
    reasons = why_not(own, *_may(stage))
    if is_closed := PRECHECKS["WRITABLE"].ask(session):
        reasons.append(f"Nothing can be tried: {is_closed}")
    return reasons


def why_not(own: Row, privileges: Collection[str], quota: Row | None) -> list[str]:
    """What is lacking, each with what would give it. Pure."""
    account = str(own["account"])
    reasons = []
    if own["schema_name"] != account:
        reasons.append(f"The session works in the schema {own['schema_name']}, not in that of its account {account}.")
    if quota is not None and quota["oracle_maintained"] == "Y":
        reasons.append(
            f"{account} is an account of Oracle's own, whose objects the portal leaves alone: sign in with another."
        )
    if "CREATE TABLE" not in privileges:
        reasons.append(f"The account may not create tables of its own: {grant('CREATE TABLE', account)}")
    return [*reasons, *why_no_room(account, privileges, quota, NEEDED_BYTES)]


def no_room(stage: Stage, needed_bytes: int) -> list[str]:
    """Sentences on why there is no room for so much; none where there is. Raises PlatformError."""
    return why_no_room(stage.owner, *_may(stage), needed_bytes)


def _may(stage: Stage) -> tuple[set[str], Row | None]:
    """Privileges of the account, and its quota."""
    privileges = {str(row["privilege"]) for row in stage.session.rows(oracle_query("system_privileges"))}
    quota = stage.session.rows(smoke_query("quota"))
    return privileges, quota[0] if quota else None


def why_no_room(account: str, privileges: Collection[str], quota: Row | None, needed_bytes: int) -> list[str]:
    """Pure."""
    if UNLIMITED in privileges or quota is None:
        return []
    most = int(quota["max_bytes"])
    if most < 0 or most - int(quota["used_bytes"]) >= needed_bytes:
        return []
    room = f"ALTER USER {quoted(account)} QUOTA {needed_bytes // 1_048_576}M ON {quoted(quota['tablespace_name'])};"
    return [f"The account needs room for {needed_bytes // 1_048_576} MB in its default tablespace: {room}"]


def _earlier(stage: Stage) -> str:
    rows = stage.session.rows(smoke_query("own_objects"), {"prefix": statements.PREFIX})
    left = [row for row in rows if not str(row["object_name"]).startswith(stage.prefix)]
    if left:
        names = ", ".join(f"{row['object_type']} {stage.shown(row['object_name'])}" for row in left)
        raise Unexpected(
            f"An earlier trial, or one that runs now, has left {names}. Remove them by hand when none runs."
        )
    return "No earlier trial has left anything."


EARLIER = Item("left_by_earlier_trials", "The account", "No earlier trial has left objects behind", _earlier)
