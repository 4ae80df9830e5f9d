"""The pool of connections that the threads which serve pages share: made in their process alone, since workers are forked."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

from django.conf import settings
from django.db import connection

WAIT_SECONDS = 5.0  # for a connection that is free; then a page says that the database does not answer


def problem(size: int, engine: str) -> str:
    """Why there can be no such pool; empty where there can."""
    if size < 0:
        return "PORTAL_DATABASE_POOL is a number of connections, or 0 for none."
    if size and engine.endswith("sqlite3"):
        return "PORTAL_DATABASE_POOL is for a server: the embedded database has no connections to share."
    if size and engine.endswith("postgresql") and find_spec("psycopg_pool") is None:
        return "PORTAL_DATABASE_POOL needs the package psycopg-pool, which is not installed."
    return ""


def begin() -> None:
    """From here on all connections of this process come from the pool, where one is asked for."""
    size, own = settings.PORTAL_DATABASE_POOL, connection.settings_dict
    if size:
        connection.close()  # it was none of the pool's
        own["OPTIONS"] = {**own["OPTIONS"], "pool": _options(size, connection.vendor)}
        own["CONN_MAX_AGE"] = 0  # each page gives its connection back


def end() -> None:
    if connection.settings_dict.get("OPTIONS", {}).get("pool"):
        connection.close()
        connection.close_pool()  # type: ignore[attr-defined]


def _options(size: int, vendor: str) -> dict[str, Any]:
    if vendor == "postgresql":
        return {"min_size": 1, "max_size": size, "timeout": WAIT_SECONDS, "reconnect_timeout": WAIT_SECONDS}
    import oracledb  # only a portal that lives there loads its driver for this

    return {
        "min": 1, "max": size, "increment": 1, "getmode": oracledb.POOL_GETMODE_TIMEDWAIT,
        "wait_timeout": round(WAIT_SECONDS * 1000), "ping_interval": 0,
    }  # fmt: skip
