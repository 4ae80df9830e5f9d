"""SPACE_MAINTENANCE on SQLite: free pages given back to the disk, and a large -wal file emptied."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from strategies.assessments import Assessment, Finding
from strategies.plans import (
    ErrorClass,
    LeftBehind,
    MissingRight,
    Need,
    Outcome,
    StateLeft,
    Step,
    TargetError,
    Verification,
)
from strategies.platforms.base import EVERYTHING, Concern, ObjectUnknown, PlatformError, Session
from strategies.platforms.sqlite import file_space, obstacles, speed
from strategies.platforms.sqlite.bloat import MEGABYTE
from strategies.platforms.sqlite.catalogue import missing_write_access, sqlite_query
from strategies.platforms.sqlite.errors import is_refusal_of_one_object
from strategies.platforms.sqlite.file_space import FREE_PAGES, INCREMENTAL, FileFigures
from strategies.platforms.sqlite.prechecks import lacking_room
from strategies.routines.space_maintenance import SpaceParameters


class Space(Concern[SpaceParameters]):
    """What SPACE_MAINTENANCE needs of SQLite."""

    queries: ClassVar[tuple[str, ...]] = ("facts", "virtual_tables", "row_numbers", "check_compiles")

    def missing_rights(self, session: Session, parameters: SpaceParameters) -> list[MissingRight]:
        return missing_write_access(session, "giving space back")

    def assess(self, session: Session, parameters: SpaceParameters, target_object: str) -> Assessment:
        file = look_at(session)
        wanted = target_object.strip()
        if wanted.upper() not in EVERYTHING and wanted not in (file.name, file_space.wal_name(file)):
            raise ObjectUnknown(f"SQLite gives space back of the whole file only: write ALL, or {file.name}.")
        if file.is_worth_it(percent=parameters.reclaim_percent, megabytes=parameters.reclaim_megabytes):
            file = look_at(session, with_obstacles=True)
        seen = file_space.judge(file, parameters)
        if wanted.upper() in EVERYTHING:
            return seen
        return Assessment(tuple(finding for finding in seen.findings if finding.object == wanted), seen.notes)

    def steps(self, findings: Sequence[Finding], parameters: SpaceParameters) -> list[Step]:
        return file_space.steps(findings, parameters)

    def is_needed(self, session: Session, step: Step) -> Need:
        file = look_at(session, with_obstacles=step.check["kind"] == FREE_PAGES)
        if step.check["kind"] != FREE_PAGES:
            return Need(file.wal_bytes > 0, "" if file.wal_bytes else "it is empty by now.")
        if not _is_worth_it(file, step):
            return Need(False, f"only {file.free_bytes / MEGABYTE:,.1f} MB of it are free pages by now.")
        if file.why_not:
            raise PlatformError(TargetError(ErrorClass.PERMANENT, "not_now", file.why_not))
        return Need(True)

    def verify(self, session: Session, step: Step, outcome: Outcome | None) -> Verification:
        file = look_at(session)
        if step.check["kind"] != FREE_PAGES:
            return _verify_wal(file, step)
        before = step.evidence["size_bytes"] / MEGABYTE
        if _is_worth_it(file, step):
            message = f"{file.free_bytes / MEGABYTE:,.1f} MB are still free pages."
            return Verification(False, message, file.figures, objects_affected=0)
        return Verification(
            True, f"{before:,.1f} MB before, {file.size_bytes / MEGABYTE:,.1f} MB of pages now.", file.figures
        )

    def explain(self, step: Step, error: TargetError) -> Verification | None:
        if step.check["kind"] != FREE_PAGES or not is_refusal_of_one_object(error):
            return None
        words = obstacles.needs_its_program(error.message)
        told = TargetError(ErrorClass.PERMANENT, error.code, words)
        return Verification(False, words, objects_affected=0, error=told)

    def state_left(self, session: Session, step: Step) -> StateLeft:
        if step.check["kind"] != FREE_PAGES:
            text = "Changes that were not moved are still in the -wal file, and count like all others."
        elif look_at(session).auto_vacuum == INCREMENTAL:
            text = "Each portion is given back wholly or not at all; the next run goes on."
        else:
            text = "VACUUM is one transaction: the file is as it was before, or wholly written anew."
        return StateLeft(LeftBehind.CLEAN, text)


def look_at(session: Session, *, with_obstacles: bool = False) -> FileFigures:
    """The figures of the file; `with_obstacles` also what stands in the way of a VACUUM. Raises PlatformError."""
    row, path = session.rows(sqlite_query("facts"))[0], Path(session.facts().database)
    real, hold = (
        path.resolve(),
        session.longest_hold_seconds,
    )  # SQLite keeps all that it needs beside what a link leads to
    wal = real.with_name(f"{real.name}-wal")
    size = row["page_count"] * row["page_size"]
    used = size - row["freelist_count"] * row["page_size"]
    return FileFigures(
        name=path.name,
        page_size=row["page_size"],
        pages=row["page_count"],
        free_pages=row["freelist_count"],
        auto_vacuum=row["auto_vacuum"],
        journal_mode=row["journal_mode"],
        wal_bytes=wal.stat().st_size if wal.exists() else 0,
        obstacle=obstacles.why_not_vacuumed(session) if with_obstacles else "",
        lacks_room=lacking_room(real, size) if with_obstacles else "",
        holds_too_long=_too_long(used, real, hold) if with_obstacles and hold is not None else "",
        longest_hold_seconds=hold,
    )


def _too_long(used_bytes: int, path: Path, hold: float) -> str:
    try:
        seconds = speed.seconds_for(used_bytes, path.parent)
    except (OSError, sqlite3.Error) as error:
        return f"How long VACUUM would keep others from writing could not be measured ({error})."
    if seconds <= hold:
        return ""
    return (
        f"VACUUM would keep others from writing for up to {seconds:,.0f} s, by the speed of this machine, and {hold:,.0f} s"
        " are the most that this database can bear. Stop what writes to it, and run VACUUM by hand."
    )


def _is_worth_it(file: FileFigures, step: Step) -> bool:
    return file.is_worth_it(percent=step.check["percent"], megabytes=step.check["megabytes"])


def _verify_wal(file: FileFigures, step: Step) -> Verification:
    if file.wal_bytes >= step.check["megabytes"] * MEGABYTE:
        message = (
            f"{step.object} still has {file.wal_bytes / MEGABYTE:,.1f} MB: somebody reads or writes what it holds."
        )
        return Verification(False, message, file.figures, objects_affected=0)
    message = (
        f"{step.object} has {file.wal_bytes / MEGABYTE:,.1f} MB, and the database {file.size_bytes / MEGABYTE:,.1f} MB."
    )
    return Verification(True, message, file.figures)


CONCERN = Space()
