"""How much room the tablespaces of Oracle's indexes have, and what rebuilding them would need: read from the dictionary."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from strategies.platforms.base import PlatformError, Row, Session
from strategies.platforms.oracle.errors import is_hidden
from strategies.platforms.oracle.index_findings import Room, object_of
from strategies.platforms.oracle.names import oracle_query


def tablespaces(session: Session) -> tuple[dict[str, Row], list[str]]:
    """Those of `tablespace_room.sql` by name; a note where they may not be read."""
    try:
        rows = session.rows(oracle_query("tablespace_room"))
    except PlatformError as refusal:
        if not is_hidden(refusal.error):
            raise
        return {}, [
            f"How much room the tablespaces have cannot be read ({refusal.error}), so it is not asked before a rebuild."
        ]
    return {row["tablespace_name"]: row for row in rows}, []


def room_of(needs_bytes: int | None, tablespace: Row | None) -> Room:
    if tablespace is None:
        return Room(needs_bytes)
    free = tablespace["free_bytes"]
    return Room(needs_bytes, None if free is None else int(free), tablespace["status"])


def rooms(session: Session, rows: Sequence[Row], spaces: Mapping[str, Row]) -> dict[str, Room]:
    """By object; `spaces` by name. A part that is unusable may have lost its segment: then what it will need is not known."""
    found: dict[str, Room] = {}
    sizes: dict[tuple[str, str], dict[str | None, int]] = {}
    for row in rows:
        index = (row["owner"], row["index_name"])
        if index not in sizes:
            segments = session.rows(oracle_query("index_segments"), {"owner": index[0], "index_name": index[1]})
            sizes[index] = {segment["part_name"]: int(segment["bytes"]) for segment in segments}
        found[object_of(row)] = room_of(sizes[index].get(row.get("part_name")), spaces.get(row["tablespace_name"]))
    return found
