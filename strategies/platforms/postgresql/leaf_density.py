"""How full the leaf pages of an index really are, measured with pgstatindex within a limit of time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from strategies.plans import ErrorClass
from strategies.platforms.base import PlatformError, Session
from strategies.platforms.postgresql.names import filled, postgresql_query
from strategies.platforms.postgresql.time_limit import OutOfTime, TimeLimit
from strategies.platforms.queries import Query

# pgstatindex reads an index from end to end, which takes minutes for a large one, and the task that looks has four in all
# (for the catalogue, and planning besides). What does not fit is judged by the estimate.
LOOK_SECONDS = 60.0


class LeafDensity:
    """Measures indexes during one look; `notes` say what was not measured, and why."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._query: Query | None = None
        self._is_installed = True
        self._limit = TimeLimit(session, LOOK_SECONDS)
        self._too_slow: list[str] = []
        self._refused: list[str] = []

    def bytes_when_rebuilt(self, row: Mapping[str, Any], fillfactor: int) -> int | None:
        """By the density now; None where it was not measured. Raises PlatformError when the session is lost."""
        if (query := self._measuring_query()) is None:
            return None
        try:
            density = self._limit.rows(query, {"index": row["index_oid"]})[0]["avg_leaf_density"]
        except OutOfTime:
            self._too_slow.append(row["object"])
            return None
        except PlatformError as refusal:
            if refusal.error.error_class is ErrorClass.LOST:
                raise
            self._refused.append(f"{row['object']} could not be measured with pgstatindex ({refusal.error}).")
            return None
        return round(int(row["size_bytes"]) * min(1.0, float(density) / fillfactor))

    @property
    def notes(self) -> list[str]:
        notes = [f"{refused} Its bloat is judged by the estimate." for refused in self._refused]
        if self._too_slow:
            names = ", ".join(self._too_slow[:3]) + (" and others" if len(self._too_slow) > 3 else "")
            notes.append(
                f"{len(self._too_slow)} of the indexes that look bloated ({names}) were not measured: measuring may take"
                f" {LOOK_SECONDS:.0f} s in one look. Their bloat is judged by the estimate."
            )
        return notes

    def _measuring_query(self) -> Query | None:
        """None without pgstattuple, or without the right to call it."""
        if self._query is None and self._is_installed:
            installed = self._session.rows(postgresql_query("leaf_density_function"))
            self._is_installed = bool(installed)
            if installed:
                self._query = filled(postgresql_query("leaf_density"), pgstatindex=installed[0]["function_name"])
        return self._query
