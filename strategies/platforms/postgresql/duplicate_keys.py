"""Whether rows share a key that an invalid unique index must hold only once, so that a rebuild would be refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field

from strategies.plans import ErrorClass
from strategies.platforms.base import PlatformError, Session
from strategies.platforms.postgresql.names import filled, postgresql_query
from strategies.platforms.postgresql.time_limit import OutOfTime, TimeLimit

# Each question reads a table from end to end. What does not fit is not told beforehand; a rebuild then finds out.
LOOK_SECONDS = 30.0
MOST_INDEXES = 100  # as many as one run works on by default


@dataclass(frozen=True, slots=True)
class UniqueKeys:
    """What was told of unique indexes, by oid: `shared` maps to the query that shows it. For an index in neither it is not known."""

    shared: Mapping[int, str] = field(default_factory=dict)
    distinct: Set[int] = frozenset()


def look_for_duplicates(session: Session, indexes: Sequence[int]) -> UniqueKeys:
    """Ask the tables of these indexes for rows with equal keys, the smallest tables first, up to both limits. Raises PlatformError."""
    if not indexes:
        return UniqueKeys()
    shared: dict[int, str] = {}
    distinct: set[int] = set()
    limit = TimeLimit(session, LOOK_SECONDS)
    asked = {"indexes": list(indexes), "most": MOST_INDEXES}
    for key in session.rows(postgresql_query("unique_keys"), asked):
        places = {"table": key["table_object"], "columns": key["columns"], "known": key["known"]}
        query = filled(postgresql_query("duplicate_keys"), **places)
        try:
            found = limit.rows(query)
        except OutOfTime:
            break
        except PlatformError as refusal:
            if refusal.error.error_class is ErrorClass.LOST:
                raise
            continue
        if found:
            shared[key["index_oid"]] = query.sql.replace("%%", "%")
        else:
            distinct.add(key["index_oid"])
    return UniqueKeys(shared, frozenset(distinct))
