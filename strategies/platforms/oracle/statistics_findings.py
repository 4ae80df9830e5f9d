"""Which tables of an Oracle database need statistics, and the steps that gather them, judged from dictionary rows. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from strategies.assessments import Assessment, Finding, Severity
from strategies.plans import Locks, Step
from strategies.platforms.oracle import statistics_statements as statements
from strategies.platforms.oracle.names import shown
from strategies.routines.statistics_maintenance import StatisticsParameters

Row = Mapping[str, Any]
MISSING, STALE = "missing_statistics", "stale_statistics"
TABLE = "TABLE"
_NAMED_PARTS = 5
_DECIMAL = re.compile(r"\d+(\.\d+)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Clock:
    """What the database says of its time and of its history of statistics. Instants are UTC, as text."""

    now_utc: str
    restorable_from_utc: str | None
    retention_days: int | None
    publish: str = "TRUE"
    incremental: str = "FALSE"

    @classmethod
    def of(cls, row: Row) -> Clock:
        days = row["retention_days"]
        return cls(
            row["now_utc"], row["restorable_from_utc"], None if days is None else int(days), row["publish"] or "TRUE",
            row["incremental"] or "FALSE",
        )  # fmt: skip

    @property
    def evidence(self) -> dict[str, Any]:
        return {
            "read_at": self.now_utc, "restorable_from_at": self.restorable_from_utc, "retention_days": self.retention_days,
        }  # fmt: skip

    @classmethod
    def seen(cls, evidence: Mapping[str, Any]) -> Clock:
        """As it was when the finding was made."""
        return cls(evidence["read_at"], evidence["restorable_from_at"], evidence["retention_days"])

    @property
    def why_no_undo(self) -> str:
        """A sentence where statistics that hold now could not be brought back later. A retention of -1 keeps everything."""
        if self.retention_days == 0:
            return "Not reversible: this database keeps no history of statistics (its retention is 0 days)."
        if self.restorable_from_utc is not None and self.restorable_from_utc > self.now_utc:
            return "Not reversible: the history of statistics does not reach back to now."
        return ""


@dataclass(frozen=True, slots=True)
class Preferences:
    """What decides how a table is gathered; its own preferences where it has them, else the database's.

    `stale_percent` None = nobody has set it for this table.
    """

    is_incremental: bool
    is_published: bool
    stale_percent: float | None = None


def preferences_of(rows: Iterable[Row], clock: Clock) -> dict[tuple[str, str], Preferences]:
    """By owner and table; those that are not in it have the database's."""
    own: dict[tuple[str, str], dict[str, str]] = {}
    for row in rows:
        own.setdefault((row["owner"], row["table_name"]), {})[row["preference_name"]] = row["preference_value"]
    return {
        table: Preferences(
            is_incremental=given.get("INCREMENTAL", clock.incremental) == "TRUE",
            is_published=given.get("PUBLISH", clock.publish) == "TRUE",
            stale_percent=_percent(given.get("STALE_PERCENT")),
        )
        for table, given in own.items()
    }


def _percent(text: str | None) -> float | None:
    """Preferences are kept as text."""
    return float(text) if text is not None and _DECIMAL.fullmatch(text) else None


def distinct(rows: Iterable[Row]) -> list[Row]:
    """One row for each table and part, in their order. Where Oracle adds figures while rows are changed (real-time statistics),
    it shows a second, newer row: the one that was gathered counts.
    """
    kept: dict[tuple[Any, ...], Row] = {}
    for row in rows:
        key = (row["owner"], row["table_name"], row["part_level"], row["part_name"])
        if key not in kept or (row["last_analyzed"] or "") < (kept[key]["last_analyzed"] or ""):
            kept[key] = row
    return list(kept.values())


def judge(
    rows: Sequence[Row],
    preferences: Mapping[tuple[str, str], Preferences],
    parameters: StatisticsParameters,
    clock: Clock,
) -> Assessment:
    """One finding for each table of which itself or a part has missing or stale statistics. Rows come sorted by table."""
    general = Preferences(is_incremental=clock.incremental == "TRUE", is_published=clock.publish == "TRUE")
    findings, notes, unnameable = [], [], 0
    for table, parts in groupby(distinct(rows), key=lambda row: (row["owner"], row["table_name"])):
        own = preferences.get(table, general)
        needs = [(row, kind) for row in parts if (kind := need(row, parameters, own.stale_percent)) is not None]
        if not needs:
            continue
        if any('"' in (name or "") for row, _ in needs for name in (*table, row["part_name"])):
            unnameable += 1
            continue
        if len(free := _free_to_gather(needs, own)) < len(needs):
            notes.append(
                f"{shown(*table)}: parts whose statistics are locked are left alone ({len(needs) - len(free)})."
            )
        findings.append(_finding(table, free, own, clock))
    if unnameable:
        notes.append(
            f"{unnameable} tables are left out, since no statement can name them: their names hold a double quote."
        )
    return Assessment(tuple(findings), tuple(notes))


def _free_to_gather(needs: list[tuple[Row, str]], preferences: Preferences) -> list[tuple[Row, str]]:
    """Without the parts that are locked, where others are not and each is gathered by a call of its own."""
    free = [(row, kind) for row, kind in needs if row["stattype_locked"] is None]
    return needs if preferences.is_incremental or not free else free


def need(row: Row, parameters: StatisticsParameters, own_percent: float | None = None) -> str | None:
    """Whether the statistics of a table or of a part of it are missing or stale by the limits of the parameters.

    Changes are those of DBA_TAB_MODIFICATIONS. Where it says nothing, Oracle's own word (STALE_STATS) counts. `own_percent`
    is what somebody set for this table (its preference STALE_PERCENT), and stands before the parameter.
    """
    changed = changes(row)
    if row["last_analyzed"] is None:
        rows = _known_rows(row)
        has_content = rows >= parameters.minimum_rows or (rows == 0 and row["segment_created"] != "NO")
        return MISSING if has_content and parameters.gather_missing else None
    rows = max(int(row["num_rows"] or 0), _known_rows(row))
    if not parameters.gather_stale or rows < parameters.minimum_rows:
        return None
    if changed is None:
        return STALE if row["stale_stats"] == "YES" else None
    if row["truncated"] == "YES":
        return STALE
    percent = 100 * changed / max(int(row["num_rows"] or 0), 1)
    limit = parameters.stale_percent if own_percent is None else own_percent
    return STALE if changed >= parameters.stale_rows and percent >= limit else None


def changes(row: Row) -> int | None:
    """Rows inserted, updated and deleted since statistics were gathered; None where the database has counted none."""
    if row["inserts"] is None:
        return None
    return int(row["inserts"]) + int(row["updates"] or 0) + int(row["deletes"] or 0)


def _known_rows(row: Row) -> int:
    """Those of the last gathering, and what came and went since."""
    return max(0, int(row["num_rows"] or 0) + int(row["inserts"] or 0) - int(row["deletes"] or 0))


def _finding(
    table: tuple[str, str], needs: Sequence[tuple[Row, str]], preferences: Preferences, clock: Clock
) -> Finding:
    name, kind = shown(*table), MISSING if any(kind == MISSING for _, kind in needs) else STALE
    why_not = _why_not([row for row, _ in needs], preferences)
    parts = [
        {
            "level": row["part_level"],
            "name": row["part_name"],
            "last_analyzed": row["last_analyzed"],
            "is_set_by_hand": row["user_stats"] == "YES",
        }
        for row, _ in needs
    ]
    known = [changed for row, _ in needs if (changed := changes(row)) is not None]
    return Finding(
        kind=kind, object=name, object_type="TABLE", severity=Severity.INFO if why_not else Severity.WARNING,
        summary=f"{name}{_words(needs)}.", advice=why_not or "Gather statistics.",
        evidence={
            "rows": max(_known_rows(row) for row, _ in needs), "changed_rows": max(known, default=None),
            "last_analyzed": max((part["last_analyzed"] for part in parts if part["last_analyzed"] is not None), default=None),
            "stale_by_oracle": any(row["stale_stats"] == "YES" for row, _ in needs), "owner": table[0], "table_name": table[1],
            "parts": parts, "is_partitioned": needs[0][0]["partitioned"] == "YES", "is_incremental": preferences.is_incremental,
            **clock.evidence, "can_plan": not why_not,
        },
    )  # fmt: skip


def _why_not(rows: Sequence[Row], preferences: Preferences) -> str:
    if any(row["stattype_locked"] is not None for row in rows):
        return "Left alone: its statistics are locked, which somebody did on purpose. DBMS_STATS.UNLOCK_TABLE_STATS ends that."
    if not preferences.is_published:
        return (
            "Left alone: what is gathered for it is kept pending (its preference PUBLISH) until somebody publishes it."
        )
    return ""


def _words(needs: Sequence[tuple[Row, str]]) -> str:
    """What is missing and what is stale, the table itself first, with some of its parts by name."""
    said = []
    for row, kind in needs[:_NAMED_PARTS]:
        what = "" if row["part_level"] == TABLE else f"{row['part_level'].lower()} {shown(row['part_name'])} "
        said.append(f"{what}has no statistics" if kind == MISSING else f"{what}{_stale_words(row)}")
    more = len(needs) - _NAMED_PARTS
    begins = " " if needs[0][0]["part_level"] == TABLE else ": "
    return begins + "; ".join(said) + (f"; and {more} more of its partitions" if more > 0 else "")


def _stale_words(row: Row) -> str:
    changed = changes(row)
    since = f"since its statistics were gathered on {row['last_analyzed']} (the database's time)"
    if row["truncated"] == "YES":
        return f"was truncated {since}"
    if changed is None:
        return f"is stale by the database's own count {since}"
    return f"has {changed:,} changes to {int(row['num_rows'] or 0):,} rows {since}"


def steps(findings: Sequence[Finding]) -> list[Step]:
    return [_gather(finding) for finding in findings if finding.evidence["can_plan"]]


def _gather(finding: Finding) -> Step:
    """One step for a table: a call for each part that needs it, or one for all where statistics are kept up incrementally.

    The undo restores what held at the instant at which the table was looked at, by the database's own clock. That is what holds
    until the step begins: `is_needed` lets it begin only while nobody has gathered in between.
    """
    seen = finding.evidence
    why_no_undo = _why_no_undo(seen)
    return Step(
        key=f"gather:{finding.object}", operation_type="ANALYZE", object=finding.object, object_type="TABLE",
        statements=_calls(seen), locks=Locks.DDL, reason=finding.summary, undo=() if why_no_undo else (_undo(seen),),
        undo_note=why_no_undo, evidence=_figures(seen),
        check={"as_of_utc": seen["read_at"], **{name: seen[name] for name in ("owner", "table_name", "parts")}},
    )  # fmt: skip


def _why_no_undo(seen: Mapping[str, Any]) -> str:
    if any(part["is_set_by_hand"] for part in seen["parts"]):
        return "Not reversible: its statistics were set by hand, and Oracle restores only those that it gathered."
    had_any = any(part["last_analyzed"] is not None for part in seen["parts"])
    return Clock.seen(seen).why_no_undo if had_any else ""


def _calls(seen: Mapping[str, Any]) -> tuple[str, ...]:
    owner, table = seen["owner"], seen["table_name"]
    if seen["is_incremental"] or not seen["is_partitioned"]:
        return (statements.gather(owner, table),)
    return tuple(
        statements.gather(owner, table, part["name"], "GLOBAL" if part["level"] == TABLE else part["level"])
        for part in seen["parts"]
    )


def _undo(seen: Mapping[str, Any]) -> str:
    """One block: a restore where anything had statistics, and deletions of those that had none."""
    owner, table, parts = seen["owner"], seen["table_name"], seen["parts"]
    calls = []
    if any(part["last_analyzed"] is not None for part in parts):
        calls.append(statements.restore(owner, table, seen["read_at"]))
    calls += [
        statements.delete(owner, table, part["name"], keeps_parts=seen["is_partitioned"])
        for part in parts
        if part["last_analyzed"] is None
    ]
    return statements.block(calls)


def _figures(seen: Mapping[str, Any]) -> dict[str, Any]:
    names = (
        "rows", "changed_rows", "last_analyzed", "stale_by_oracle", "read_at", "restorable_from_at", "retention_days",
    )  # fmt: skip
    return {name: seen[name] for name in names if seen[name] is not None}
