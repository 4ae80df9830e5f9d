"""Which rights the account lacks for maintenance and for seeing others, and the statements that would grant them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from strategies.plans import MissingRight
from strategies.platforms.base import Row, Session
from strategies.platforms.postgresql.names import postgresql_query, quoted
from strategies.platforms.postgresql.transactions import WATCHED_SECONDS

_TOAST = "pg_toast"


def missing(session: Session, rows: Sequence[Row], work: str, noun: str) -> list[MissingRight]:
    """Rights that the rows (with `may_maintain`, `may_use_schema`, `owner`) lack.

    Where some of the objects can be worked on, the others are left alone and nothing blocks; where none can, that blocks.
    """
    if not rows:
        return []
    facts = session.rows(postgresql_query("facts"))[0]
    account = quoted(facts["user"])
    refused = [row for row in rows if not row["may_maintain"]]
    found = []
    if refused:
        is_none_left = len(refused) == len(rows)
        found.append(
            MissingRight(
                right=f"{work} on {len(refused)} of {len(rows)} {_plural(noun)}{_such_as(refused)}",
                needed_for=work
                if is_none_left
                else f"{work}; without it these {_plural(noun)} are found, but not worked on",
                grant=_maintain(refused, facts["user"]),
                blocks=is_none_left,
            )
        )
    # The indexes of TOAST tables rarely need work; the finding of one that does says what is lacking.
    if closed := sorted({row["schema_name"] for row in rows if not row["may_use_schema"]} - {_TOAST}):
        found.append(
            MissingRight(
                right=f"USAGE on schema {', '.join(closed[:3])}" + (" and others" if len(closed) > 3 else ""),
                needed_for=work,
                grant="\n".join(f"GRANT USAGE ON SCHEMA {quoted(schema)} TO {account};" for schema in closed),
                blocks=False,
            )
        )
    return found


def sight(session: Session) -> list[MissingRight]:
    """What the account cannot see of others. Never blocks: what is not seen is treated as being in the way."""
    facts = session.rows(postgresql_query("facts"))[0]
    if facts["sees_all_sessions"]:
        return []
    return [
        MissingRight(
            right="pg_monitor: seeing what the sessions of other accounts do",
            needed_for="seeing how long transactions of other accounts are open, how busy the server is and how far replicas are"
            " behind; without it an online rebuild does not start"
            f" behind one that stays open for {WATCHED_SECONDS:.0f} seconds, however old it is",
            grant=f"GRANT pg_monitor TO {quoted(facts['user'])};",
            blocks=False,
        )
    ]


def why_not(row: Mapping[str, Any], work: str, of: str, *, others: str = "") -> str:
    """A sentence on why the account may not do this work on the table `of` (quoted already); empty where it may. Pure."""
    if not row["may_maintain"]:
        if row["can_grant_maintain"]:
            return f"The account may not {work}: it needs MAINTAIN on {of}, which pg_maintain gives on every table."
        allowed = ", ".join(filter(None, [f"the owner {quoted(row['owner'])}", "members of that role", others]))
        return f"The account may not {work}: before PostgreSQL 17 only {allowed} and superusers may, and no other right can be granted."
    if not row["may_use_schema"]:
        return f"The account may not {work}: it needs USAGE on the schema {quoted(row['schema_name'])}."
    return ""


def _maintain(refused: Sequence[Row], user: str) -> str:
    """From 17 there is a role for this. Before it only the owner and its members may, and a member of a superuser is one at will."""
    if refused[0]["can_grant_maintain"]:
        return f"GRANT pg_maintain TO {quoted(user)};"
    owned: dict[tuple[bool, str], list[Row]] = defaultdict(list)
    for row in refused:
        owned[row["is_owner_superuser"], row["owner"]].append(row)
    return "\n".join(
        _note(
            f"{quoted(owner)} owns {len(rows)} of them{_such_as(rows)} and is a superuser, which {quoted(user)} should not become:"
            f" {quoted(owner)} or a role that is its member has to do this work, or they get another owner."
        )
        if is_superuser
        else f"GRANT {quoted(owner)} TO {quoted(user)};"
        for (is_superuser, owner), rows in sorted(owned.items())
    )


def _note(text: str) -> str:
    """A comment of SQL. It ends with its line, so no name in it may begin a new one."""
    return "-- " + " ".join(text.split())


def _such_as(rows: Sequence[Row]) -> str:
    """An example that people know; nobody knows the index of a TOAST table by its name."""
    named = [row["object"] for row in rows if row["schema_name"] != _TOAST]
    return f" (such as {named[0]})" if named else ""


def _plural(noun: str) -> str:
    return "indexes" if noun == "index" else f"{noun}s"
