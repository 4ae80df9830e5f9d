"""Which tables need a vacuum or a rewrite, judged from what the catalogue says, and the statements for it. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from strategies.assessments import Finding, Severity
from strategies.plans import Locks, Step
from strategies.platforms.postgresql import rights
from strategies.platforms.postgresql.names import quoted
from strategies.routines.space_maintenance import SpaceParameters

DEAD_ROWS, OLD_ROWS, BLOATED = "dead_rows", "rows_near_freezing", "bloated_table"
_MB = 1_048_576
_WORK = "vacuum this table"
# The server takes no more changes some three million before two billion; these are check_postgres's limits for warning and alarm.
_OLD_AGE, _CRITICAL_AGE = 1_300_000_000, 1_400_000_000
# As VACUUM (VERBOSE) says it from 15 on, and in 14; a server that speaks another language is not understood.
_KEPT = re.compile(r"(\d+) (?:are dead but not yet removable|dead row versions cannot be removed yet)")
_ON_HOME = (
    "The portal's own tables are not rewritten while it works: a run could not give its signs of life. Stop the portal, and"
    " run VACUUM FULL by hand."
)


def holder_of(row: Mapping[str, Any], holders: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """Who keeps the dead rows of this table alive: somebody who was there before its last vacuum, which left them.

    What died before the holder came can be removed, so a table that was not vacuumed since is worth a vacuum.
    """
    vacuumed_at = row["vacuumed_at"]
    if vacuumed_at is None:
        return None
    for holder in holders:
        if holder["since"] <= vacuumed_at if holder["since"] is not None else holder["is_idle_slot"]:
            return holder
    return None


def kept_rows(notices: Iterable[str]) -> int | None:
    """Dead rows that a VACUUM (VERBOSE) had to leave, as it says of the table before it says so of its long values; None = unsaid."""
    found = (match for notice in notices if (match := _KEPT.search(notice)))
    return next((int(match[1]) for match in found), None)


def passes(row: Mapping[str, Any], *, percent: float, rows: int) -> bool:
    """Whether dead rows pass both limits, share and number."""
    return row["dead_rows"] >= rows and dead_percent(row) >= percent


def dead_percent(row: Mapping[str, Any]) -> float:
    total = row["live_rows"] + row["dead_rows"]
    return 100 * float(row["dead_rows"]) / total if total else 0.0


def age_percent(row: Mapping[str, Any]) -> float:
    """The age of the oldest row as a share of where the server freezes by force: by transactions, or by multixacts."""
    return float(max(100 * row["row_age"] / row["freeze_max_age"], 100 * row["multi_age"] / row["multi_max_age"]))


def is_near_freezing(row: Mapping[str, Any], percent: float) -> bool:
    """By the server's own limit, and, wherever that was put, by what is left of the two billion numbers that there are."""
    return age_percent(row) >= percent or max(row["row_age"], row["multi_age"]) >= _OLD_AGE


def vacuum_finding(
    row: Mapping[str, Any], holders: Sequence[Mapping[str, Any]], parameters: SpaceParameters
) -> Finding | None:
    """The need of one table for a vacuum, if any: one that freezes its rows removes the dead ones as well."""
    if is_near_freezing(row, parameters.freeze_percent):
        return _old(row, holders, parameters)
    if passes(row, percent=parameters.dead_percent, rows=parameters.dead_rows):
        return _dead(row, holders)
    return None


def _old(row: Mapping[str, Any], holders: Sequence[Mapping[str, Any]], parameters: SpaceParameters) -> Finding:
    limit = min(parameters.freeze_percent / 100 * row["freeze_max_age"], _OLD_AGE)
    is_critical = age_percent(row) >= 2 * 100 or max(row["row_age"], row["multi_age"]) >= _CRITICAL_AGE
    oldest = next((holder for holder in holders if holder["row_age"] >= limit), None)
    why_not = rights.why_not(row, _WORK, row["object"], others="the owner of the database") or (
        _held(oldest, "Its rows cannot be frozen") if oldest is not None else ""
    )
    return Finding(
        kind=OLD_ROWS, object=row["object"], object_type="TABLE",
        severity=Severity.CRITICAL if is_critical else Severity.WARNING,
        summary=f"The oldest rows of {row['object']} have reached {age_percent(row):,.0f} % of the age at which the server freezes"
        " them by force.",
        advice=why_not or "Vacuum it and freeze its rows, at an hour of your choice.",
        evidence={**_evidence(row), "age_percent": round(age_percent(row), 1), "can_plan": not why_not},
    )  # fmt: skip


def _dead(row: Mapping[str, Any], holders: Sequence[Mapping[str, Any]]) -> Finding:
    holder = holder_of(row, holders)
    why_not = rights.why_not(row, _WORK, row["object"], others="the owner of the database") or (
        _held(holder, "A vacuum cannot remove them") if holder is not None else ""
    )
    return Finding(
        kind=DEAD_ROWS, object=row["object"], object_type="TABLE", severity=Severity.WARNING,
        summary=f"{row['dead_rows']:,} of the rows that {row['object']} holds are dead ({dead_percent(row):.0f} %).",
        advice=why_not or "Vacuum it, so that their space can be used again.",
        evidence={**_evidence(row), "can_plan": not why_not},
    )  # fmt: skip


def _held(holder: Mapping[str, Any], what: str) -> str:
    since = f" since {holder['since'].astimezone(UTC):%Y-%m-%d %H:%M} UTC" if holder["since"] is not None else ""
    return f"{what}: {holder['holder']} may still read them{since}. End it, or let it end, and assess again."


def is_worth_it(size: int, expected: float, *, percent: float, megabytes: float) -> bool:
    """Whether what a rewrite would give back passes both limits."""
    wasted = size - expected
    return wasted > 0 and 100 * wasted / size >= percent and wasted >= megabytes * _MB


def bloat_finding(
    row: Mapping[str, Any],
    expected: int,
    parameters: SpaceParameters,
    method: str,
    *,
    holders: Sequence[Mapping[str, Any]] = (),
    is_home: bool = False,
) -> Finding | None:
    """A finding where both limits are passed: share and bytes that writing the table anew would give back."""
    size, wasted = row["size_bytes"], row["size_bytes"] - expected
    if not is_worth_it(size, expected, percent=parameters.reclaim_percent, megabytes=parameters.reclaim_megabytes):
        return None
    percent = 100 * wasted / size
    holder = holder_of(row, holders)
    why_not = rights.why_not(row, "rewrite this table", row["object"], others="the owner of the database")
    if is_home and not why_not:
        why_not = _ON_HOME
    if holder is not None and passes(row, percent=parameters.dead_percent, rows=parameters.dead_rows) and not why_not:
        why_not = _held(holder, "A rewrite would copy its dead rows")
    if not parameters.allow_blocking and not why_not:
        why_not = (
            "New rows use this space. Only VACUUM FULL gives it back to the disk: reads and writes wait, so it is planned"
            " only where that is allowed."
        )
    return Finding(
        kind=BLOATED, object=row["object"], object_type="TABLE",
        # What nobody has allowed is told, and is no need that a run would have to meet.
        severity=Severity.INFO if why_not else Severity.WARNING,
        summary=f"{row['object']} takes {size / _MB:,.1f} MB where about {expected / _MB:,.1f} MB would do ({percent:.0f} % to win).",
        advice=why_not
        or f"Write it anew with VACUUM FULL. The server's disk must have room for up to {row['total_bytes'] / _MB:,.0f} MB more.",
        evidence={
            **_evidence(row), "expected_bytes": expected, "wasted_bytes": wasted, "wasted_percent": round(percent, 1),
            "method": method, "can_plan": not why_not,
        },
    )  # fmt: skip


def _evidence(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "size_bytes": row["size_bytes"], "live_rows": row["live_rows"], "dead_rows": row["dead_rows"],
        "dead_percent": round(dead_percent(row), 1), "row_age": row["row_age"], "vacuumed_at": to_the_second(row["vacuumed_at"]),
        "schema_name": row["schema_name"], "table_name": row["table_name"], "filenode": row["filenode"],
        "check": {"vacuumed_at": exact(row["vacuumed_at"])},
    }  # fmt: skip


def steps(findings: Sequence[Finding], parameters: SpaceParameters) -> list[Step]:
    """One step a table: a rewrite removes dead rows and freezes the others, so nothing else is done to that table."""
    chosen = [finding for finding in findings if finding.evidence["can_plan"]]
    rewritten = {finding.object for finding in chosen if finding.kind == BLOATED}
    return [
        _rewrite(finding, parameters) if finding.kind == BLOATED else _vacuum(finding, parameters)
        for finding in chosen
        if finding.kind == BLOATED or finding.object not in rewritten
    ]


def _vacuum(finding: Finding, parameters: SpaceParameters) -> Step:
    options = "VERBOSE, FREEZE" if finding.kind == OLD_ROWS else "VERBOSE"
    return Step(
        key=f"vacuum:{finding.object}", operation_type="CLEANUP", object=finding.object, object_type="TABLE",
        settings=_settings(parameters), statements=(f"VACUUM ({options}) {_name(finding)}",), locks=Locks.DDL,
        reason=finding.summary, undo_note="There is nothing to undo: dead rows are seen by nobody.",
        evidence=_figures(finding), check=_check(finding, parameters),
    )  # fmt: skip


def _rewrite(finding: Finding, parameters: SpaceParameters) -> Step:
    return Step(
        key=f"rewrite:{finding.object}", operation_type="COMPRESS", object=finding.object, object_type="TABLE",
        settings=_settings(parameters), statements=(f"VACUUM (FULL, VERBOSE) {_name(finding)}",), locks=Locks.ALL,
        reason=finding.summary, undo_note="There is nothing to undo: the new file holds the same rows.",
        evidence=_figures(finding), check=_check(finding, parameters),
    )  # fmt: skip


def _name(finding: Finding) -> str:
    return quoted(finding.evidence["schema_name"], finding.evidence["table_name"])


def _settings(parameters: SpaceParameters) -> tuple[str, ...]:
    return (f"SET lock_timeout = '{parameters.lock_wait_seconds}s'", "SET statement_timeout = 0")


def _figures(finding: Finding) -> dict[str, Any]:
    hidden = ("schema_name", "table_name", "filenode", "check", "can_plan")
    return {name: value for name, value in finding.evidence.items() if name not in hidden}


def _check(finding: Finding, parameters: SpaceParameters) -> dict[str, Any]:
    names = ("schema_name", "table_name", "filenode", "size_bytes", "live_rows")
    return {
        "kind": finding.kind, **{name: finding.evidence[name] for name in names}, **finding.evidence["check"],
        "expected_bytes": finding.evidence.get("expected_bytes"),
        "dead_percent": parameters.dead_percent, "dead_rows": parameters.dead_rows,
        "freeze_percent": parameters.freeze_percent,
        "reclaim_percent": parameters.reclaim_percent, "reclaim_megabytes": parameters.reclaim_megabytes,
    }  # fmt: skip


def exact(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).isoformat()


def to_the_second(moment: datetime | None) -> str | None:
    return None if moment is None else f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
