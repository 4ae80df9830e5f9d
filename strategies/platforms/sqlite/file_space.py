"""What a SQLite file and its -wal hold that nobody needs, judged from their figures, and the statements that give it back. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from strategies.assessments import Assessment, Finding, Severity
from strategies.plans import Locks, Step
from strategies.platforms.sqlite.bloat import MEGABYTE
from strategies.routines.space_maintenance import SpaceParameters

FREE_PAGES, LARGE_WAL = "free_pages", "large_wal"
INCREMENTAL = 2  # of `PRAGMA auto_vacuum`
# Each portion is a transaction of its own, so that others write between two of them.
_PORTION_PAGES, _MOST_PORTIONS = 5_000, 200
_ONE_TRANSACTION = (
    "There is nothing to undo: the rows are the same, and a VACUUM that is stopped leaves the file as it was."
)


@dataclass(frozen=True, slots=True)
class FileFigures:
    """Sizes in bytes. What `obstacle`, `lacks_room` and `holds_too_long` say is empty where a VACUUM may begin."""

    name: str
    page_size: int
    pages: int
    free_pages: int
    auto_vacuum: int
    journal_mode: str
    wal_bytes: int = 0
    obstacle: str = ""
    lacks_room: str = ""
    holds_too_long: str = ""
    longest_hold_seconds: float | None = None

    @property
    def size_bytes(self) -> int:
        return self.pages * self.page_size

    @property
    def free_bytes(self) -> int:
        return self.free_pages * self.page_size

    @property
    def used_bytes(self) -> int:
        return self.size_bytes - self.free_bytes

    @property
    def free_percent(self) -> float:
        return 100 * self.free_pages / self.pages if self.pages else 0.0

    @property
    def keeps_a_wal(self) -> bool:
        return self.journal_mode == "wal"

    def is_worth_it(self, *, percent: float, megabytes: float) -> bool:
        return self.free_pages > 0 and self.free_percent >= percent and self.free_bytes >= megabytes * MEGABYTE

    @property
    def why_not(self) -> str:
        """Why its space cannot be given back now. The incremental way copies nothing and holds nobody for long."""
        return "" if self.auto_vacuum == INCREMENTAL else self.obstacle or self.lacks_room or self.holds_too_long

    @property
    def figures(self) -> dict[str, Any]:
        return {
            "size_bytes": self.size_bytes, "free_bytes": self.free_bytes, "free_percent": round(self.free_percent, 1),
            "free_pages": self.free_pages, "wal_bytes": self.wal_bytes, "journal_mode": self.journal_mode,
        }  # fmt: skip


def wal_name(file: FileFigures) -> str:
    return f"{file.name}-wal"


def judge(file: FileFigures, parameters: SpaceParameters) -> Assessment:
    """What a file needs. Pure."""
    findings = []
    if file.is_worth_it(percent=parameters.reclaim_percent, megabytes=parameters.reclaim_megabytes):
        findings.append(_free(file))
    if file.keeps_a_wal and file.wal_bytes >= parameters.wal_megabytes * MEGABYTE:
        findings.append(_large_wal(file))
    return Assessment(tuple(findings))


def _free(file: FileFigures) -> Finding:
    return Finding(
        kind=FREE_PAGES, object=file.name, object_type="FILE", severity=Severity.WARNING,
        summary=f"{file.free_bytes / MEGABYTE:,.1f} MB of the {file.size_bytes / MEGABYTE:,.1f} MB of {file.name} are free pages"
        f" ({file.free_percent:.0f} %).",
        advice=file.why_not or "Give them back to the disk; new rows would use them, too.",
        evidence={
            **file.figures, "auto_vacuum": file.auto_vacuum, "longest_hold_seconds": file.longest_hold_seconds,
            "can_plan": not file.why_not,
        },
    )  # fmt: skip


def _large_wal(file: FileFigures) -> Finding:
    return Finding(
        kind=LARGE_WAL, object=wal_name(file), object_type="FILE", severity=Severity.WARNING,
        summary=f"The file {wal_name(file)} has grown to {file.wal_bytes / MEGABYTE:,.1f} MB.",
        advice="Move its changes into the database and cut it. If it grows again, a program keeps a reading transaction open.",
        evidence={**file.figures, "longest_hold_seconds": file.longest_hold_seconds, "can_plan": True},
    )  # fmt: skip


def steps(findings: Sequence[Finding], parameters: SpaceParameters) -> list[Step]:
    """Free pages first: in WAL mode the file itself grows smaller only once the -wal file is emptied, which comes after."""
    by_kind = {finding.kind: finding for finding in findings if finding.evidence["can_plan"]}
    built = []
    if (free := by_kind.get(FREE_PAGES)) is not None:
        built.append(_give_back(free, parameters))
    if (large := by_kind.get(LARGE_WAL)) is not None:
        built.append(_checkpoint(large.object, large.summary, large, parameters))
    elif free is not None and free.evidence["journal_mode"] == "wal":
        reason = f"What was given back of {free.object} reaches the disk once its -wal file is emptied."
        after = (built[0].key,)
        built.append(_checkpoint(f"{free.object}-wal", reason, free, parameters, after))
    return built


def _give_back(finding: Finding, parameters: SpaceParameters) -> Step:
    seen = finding.evidence
    is_incremental = seen["auto_vacuum"] == INCREMENTAL
    return Step(
        key=f"vacuum:{finding.object}", operation_type="COMPRESS", object=finding.object, object_type="FILE",
        settings=_settings(parameters),
        statements=_portions(seen["free_pages"]) if is_incremental else ('VACUUM "main"',),
        locks=Locks.WRITES if seen["journal_mode"] == "wal" else Locks.ALL,
        reason=finding.summary,
        undo_note="There is nothing to undo: the rows are the same." if is_incremental else _ONE_TRANSACTION,
        evidence=_figures(seen),
        check={
            "kind": FREE_PAGES, "percent": parameters.reclaim_percent, "megabytes": parameters.reclaim_megabytes,
            "longest_hold_seconds": None if is_incremental else seen["longest_hold_seconds"],
        },
    )  # fmt: skip


def _portions(free_pages: int) -> tuple[str, ...]:
    size = max(_PORTION_PAGES, math.ceil(free_pages / _MOST_PORTIONS))
    return (f'PRAGMA "main".incremental_vacuum({size:d})',) * math.ceil(free_pages / size)


def _checkpoint(
    name: str, reason: str, finding: Finding, parameters: SpaceParameters, after: tuple[str, ...] = ()
) -> Step:
    """Most of it is moved while others write; the second statement keeps them waiting for what they wrote meanwhile.

    It keeps them waiting for readers, too, so that its patience ends with what the database can bear.
    """
    return Step(
        key=f"checkpoint:{name}", operation_type="CLEANUP", object=name, object_type="FILE",
        settings=_settings(parameters, finding.evidence["longest_hold_seconds"]),
        statements=('PRAGMA "main".wal_checkpoint(PASSIVE)', 'PRAGMA "main".wal_checkpoint(TRUNCATE)'), locks=Locks.WRITES,
        reason=reason, after=after,
        undo_note="There is nothing to undo: the changes are in the database now.", evidence=_figures(finding.evidence),
        check={"kind": LARGE_WAL, "megabytes": parameters.wal_megabytes},
    )  # fmt: skip


def _settings(parameters: SpaceParameters, most_seconds: float | None = None) -> tuple[str, ...]:
    seconds = parameters.lock_wait_seconds if most_seconds is None else min(parameters.lock_wait_seconds, most_seconds)
    return (f"PRAGMA busy_timeout = {round(seconds * 1000):d}",)


def _figures(seen: Any) -> dict[str, Any]:
    hidden = ("can_plan", "auto_vacuum", "longest_hold_seconds")
    return {name: value for name, value in seen.items() if name not in hidden}
