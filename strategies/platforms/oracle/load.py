"""How busy others keep an Oracle database, by its own list of sessions: that is as new as the question, and needs no pack."""

from __future__ import annotations

from strategies.load import Load
from strategies.platforms.base import NotSupported, PlatformError, Session
from strategies.platforms.oracle.errors import is_hidden
from strategies.platforms.oracle.names import oracle_query


def of(session: Session) -> Load:
    """Sessions at work in any instance. Raises NotSupported where the account does not see them, PlatformError."""
    query = oracle_query("load")
    try:
        active = int(session.rows(query)[0]["active"])
    except PlatformError as refusal:
        if not is_hidden(refusal.error):
            raise
        raise NotSupported(f"How busy the database is cannot be seen without {query.needs}.") from None
    return Load(active, f"{active} active session{'' if active == 1 else 's'}")
