"""How much of a table holds nothing: estimated for all, and measured with pgstattuple_approx where the estimate passes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from strategies.assessments import Assessment
from strategies.plans import ErrorClass
from strategies.platforms.base import PlatformError, Row, Session
from strategies.platforms.postgresql import table_bloat
from strategies.platforms.postgresql.names import filled, postgresql_query
from strategies.platforms.postgresql.table_findings import BLOATED, bloat_finding
from strategies.platforms.postgresql.time_limit import OutOfTime, TimeLimit
from strategies.platforms.queries import Query
from strategies.routines.space_maintenance import SpaceParameters

# pgstattuple_approx reads what is not known to be wholly visible, and the task that looks has four minutes in all.
LOOK_SECONDS = 60.0
_MB = 1_048_576
_ESTIMATED, _MEASURED = "estimate from statistics", "measured with pgstattuple_approx"
_NO_DISK = (
    "How much room the server's disk has cannot be asked by SQL: each table that is written anew needs its size again,"
    " with its indexes, until that is done."
)


def bloated(session: Session, rows: Sequence[Row], holders: Sequence[Row], parameters: SpaceParameters) -> Assessment:
    """Findings for tables that are much larger than their rows need. Only those that could pass the floor are looked at."""
    large = {
        row["table_oid"]: row
        for row in rows
        if row["is_heap"] and row["size_bytes"] >= max(parameters.reclaim_megabytes * _MB, 1)
    }
    if not large:
        return Assessment()
    findings, distrusted, unchecked, gauge = [], Counter[str](), [], _Gauge(session)
    is_home = session.longest_hold_seconds is not None
    for figures in session.rows(postgresql_query("table_widths"), {"tables": list(large)}):
        row = large[figures["table_oid"]]
        if why := table_bloat.distrust(figures, parameters.stale_estimate_percent):
            distrusted[why] += 1
            unchecked.append((BLOATED, row["object"]))
            continue
        judged = partial(bloat_finding, row, parameters=parameters, holders=holders, is_home=is_home)
        found = judged(table_bloat.expected_bytes(figures), method=_ESTIMATED)
        if found is not None and (measured := gauge.bytes_when_rewritten(row, figures["fillfactor"])) is not None:
            found = judged(measured, method=_MEASURED)
        if found is not None:
            findings.append(found)
    untold = [
        f"{count} large {'table' if count == 1 else 'tables'} {why}: bloat cannot be told; gather statistics first."
        for why, count in sorted(distrusted.items())
    ]
    disk = [_NO_DISK] if any(finding.evidence["can_plan"] for finding in findings) else []
    return Assessment(tuple(findings), (*untold, *gauge.notes, *disk), unchecked=tuple(unchecked))


class _Gauge:
    """Measures tables during one look; `notes` say what was not measured, and why."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._limit = TimeLimit(session, LOOK_SECONDS)
        self._query: Query | None = None
        self._is_installed = True
        self.notes: list[str] = []

    def bytes_when_rewritten(self, row: Mapping[str, Any], fillfactor: int) -> int | None:
        """None where it was not measured. Raises PlatformError when the session is lost."""
        if (query := self._measuring_query()) is None:
            return None
        try:
            seen = self._limit.rows(query, {"table": row["table_oid"]})[0]
        except OutOfTime:
            self._tell(row, f"measuring may take {LOOK_SECONDS:.0f} s in one look")
            return None
        except PlatformError as refusal:
            if refusal.error.error_class is ErrorClass.LOST:
                raise
            self._tell(row, f"pgstattuple_approx was refused ({refusal.error})")
            return None
        return table_bloat.measured_bytes(seen, fillfactor)

    def _tell(self, row: Mapping[str, Any], why: str) -> None:
        self.notes.append(f"The free space of {row['object']} was not measured: {why}. It is judged by the estimate.")

    def _measuring_query(self) -> Query | None:
        """None without pgstattuple, or without the right to call it."""
        if self._query is None and self._is_installed:
            installed = self._session.rows(postgresql_query("table_free_space_function"))
            self._is_installed = bool(installed)
            if installed:
                self._query = filled(postgresql_query("table_free_space"), pgstattuple=installed[0]["function_name"])
        return self._query
