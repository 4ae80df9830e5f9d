"""How busy others keep a PostgreSQL server, by its own list of sessions."""

from __future__ import annotations

from strategies.load import Load
from strategies.platforms.base import NotSupported, Session
from strategies.platforms.postgresql.names import postgresql_query


def of(session: Session) -> Load:
    """Sessions at work in any database of the server. Raises NotSupported where the account does not see them, PlatformError."""
    row = session.rows(postgresql_query("load"))[0]
    if not row["sees_all_sessions"]:
        raise NotSupported("How busy the server is cannot be seen without pg_monitor.")
    return Load(row["active"], f"{row['active']} active session{'' if row['active'] == 1 else 's'}")
