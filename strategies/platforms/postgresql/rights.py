"""Which rights the account lacks for maintenance, and the statements that would grant them."""

from __future__ import annotations

from collections.abc import Sequence

from strategies.plans import MissingRight
from strategies.platforms.base import Row, Session
from strategies.platforms.postgresql.names import postgresql_query, quoted


def missing(session: Session, rows: Sequence[Row], work: str, noun: str) -> list[MissingRight]:
    """Rights that the rows (with `may_maintain`, `may_use_schema`) lack.

    Where some of the objects can be worked on, the others are left alone and nothing blocks; where none can, that blocks.
    """
    if not rows:
        return []
    facts = session.rows(postgresql_query("facts"))[0]
    account = quoted(facts["user"])
    refused = [row for row in rows if not row["may_maintain"]]
    found = []
    if refused:
        found.append(
            MissingRight(
                right=f"{work} on {len(refused)} of {len(rows)} {_plural(noun)} (such as {refused[0]['object']})",
                needed_for=f"{work}; without it these {_plural(noun)} are found, but not worked on",
                grant=_maintain(int(facts["version"].split(".")[0]), account),
                blocks=len(refused) == len(rows),
            )
        )
    if closed := sorted({row["schema_name"] for row in rows if not row["may_use_schema"]}):
        found.append(
            MissingRight(
                right=f"USAGE on schema {', '.join(closed[:3])}" + (" and others" if len(closed) > 3 else ""),
                needed_for=work,
                grant="\n".join(f"GRANT USAGE ON SCHEMA {quoted(schema)} TO {account};" for schema in closed),
                blocks=False,
            )
        )
    return found


def _maintain(major: int, account: str) -> str:
    """From 17 there is a role for this; before it, only the owner may."""
    if major >= 17:
        return f"GRANT pg_maintain TO {account};"
    return f"GRANT <owner of the tables> TO {account};"


def _plural(noun: str) -> str:
    return "indexes" if noun == "index" else f"{noun}s"
