"""How long a statement of DDL queues for its locks. Pure."""

from __future__ import annotations


def lock_wait(seconds: int) -> tuple[str, ...]:
    """The setting of a session; without it Oracle gives up at once, with ORA-00054."""
    return (f"ALTER SESSION SET ddl_lock_timeout = {seconds:d}",)
