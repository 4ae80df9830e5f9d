"""What the pages of windows and calendars show: what is open, what comes next, what will run in it and what does not fit."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from django.db.models import Q

from strategies import conflicts, openings, timetables
from strategies.conflicts import left_open_words
from strategies.coverage import Coverage, coverage
from strategies.models import (
    OCCUPYING,
    Calendar,
    CalendarEntry,
    JobRun,
    MaintenanceJob,
    MaintenanceWindow,
    RunStatus,
    Target,
    User,
)
from strategies.models.scoped import Scoped
from strategies.occurrences import Slot
from strategies.predictions import first_within
from strategies.windows import LOOK_AHEAD, Opening, Window

NEXT = 5  # slots
SHOWN = 50  # runs, jobs


@dataclass(frozen=True, slots=True)
class WindowRow:
    """`opening` is the slot that is open now, `next` the one that opens next; `is_broken` = what is kept cannot be read."""

    row: MaintenanceWindow
    opening: Opening | None
    next: Opening | None

    @property
    def is_broken(self) -> bool:
        return self.row.when is None


@dataclass(frozen=True, slots=True)
class Fit:
    """Whether a run fits into a slot. `is_known` False = it was not done often enough; `sentence` says why not."""

    fits: bool
    is_known: bool
    sentence: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """A run that waits for a window, and what is expected of it in ms."""

    run: JobRun
    p50_ms: int | None
    p90_ms: int | None
    fit: Fit


@dataclass(frozen=True, slots=True)
class WindowPage:
    """All that the page of one window shows. `refusal` is why the reader may not change its slots."""

    told: WindowRow
    slots: Sequence[tuple[Slot, str]]
    waiting: Sequence[Waiting]
    due: Sequence[MaintenanceJob]
    running: Sequence[JobRun]
    coverage: Sequence[Coverage]
    databases: int
    refusal: str
    moment: datetime

    @property
    def opening(self) -> Opening | None:
        return self.told.opening

    @property
    def slot(self) -> Slot | None:
        """The one that is open, or else opens next: what waits is held against it."""
        found = self.told.opening or self.told.next
        return found.slot if found is not None else None

    @property
    def changeable(self) -> Slot | None:
        """The slot whose end may be moved now: an open one, or one that opens within a day."""
        slot = self.slot
        return slot if slot is not None and slot.starts_at <= self.moment + openings.BEFORE else None


def window_rows(rows: Iterable[MaintenanceWindow], moment: datetime) -> list[WindowRow]:
    """One query beside that of the rows, however many there are."""
    kept = list(rows)
    found = timetables.windows(moment, kept)
    return [_row(row, window, moment) for row, window in zip(kept, found, strict=True)]


def _row(row: MaintenanceWindow, window: Window, moment: datetime) -> WindowRow:
    if not row.is_active:
        return WindowRow(row, None, None)
    return WindowRow(row, window.opening(moment), window.next_opening(moment))


def opened_first(told: WindowRow) -> tuple[bool, bool, datetime, str]:
    """The order of a list: those that are open, then by when they open, and last those that do not open again."""
    found = told.opening or told.next
    at = found.slot.starts_at if found is not None else told.row.changed_at
    return (told.opening is None, found is None, at, told.row.name)


def window_page(row: MaintenanceWindow, user: User, moment: datetime) -> WindowPage:
    """The same few queries, however many runs and databases there are."""
    window = timetables.windows(moment, [row])[0]
    told = _row(row, window, moment)
    targets = Target.objects.visible_to(user).filter(of_scope(row))
    held_against = told.opening or told.next
    return WindowPage(
        told=told,
        slots=slots(window, moment) if row.is_active else (),
        waiting=_waiting(user, targets, held_against, moment),
        due=_due(user, row, held_against),
        running=list(
            JobRun.objects.visible_to(user)
            .filter(window=row, status__in=OCCUPYING)
            .select_related("target")
            .defer("plan")
        ),
        coverage=coverage(row, user),
        databases=targets.count(),
        refusal=openings.refusal(row, user),
        moment=moment,
    )


def left_open(kept: MaintenanceWindow, after: MaintenanceWindow | None, user: User, moment: datetime) -> str:
    """Of the databases that this person sees those that lose their last window once `kept` is `after` (None = removed), in sentences.

    Empty = none does.
    """
    if not kept.is_active or (after is not None and after.is_active and after.where == kept.where):
        return ""
    others = [window for window in timetables.windows(moment) if window.pk != kept.pk]
    then = timetables.window_of(after) if after is not None and after.is_active else None
    databases = timetables.databases(Target.objects.visible_to(user).defer("facts"))
    return left_open_words(conflicts.left_open(timetables.window_of(kept), then, others, databases))


def of_scope(row: Scoped) -> Q:
    """The targets in a scope."""
    if row.target_id is not None:
        return Q(pk=row.target_id)
    if row.tag_id is not None:
        return Q(pk__in=Target.tags.through.objects.filter(tag=row.tag_id).values("target"))
    if row.tenant_id is not None:
        return Q(tenant=row.tenant_id)
    return Q(environment=row.environment) if row.environment else Q()


def slots(window: Window, moment: datetime) -> list[tuple[Slot, str]]:
    """The next ones, each with what was changed about its end."""
    found = islice(window.slots(moment, moment + LOOK_AHEAD), NEXT)
    return [(slot, "Its end was changed." if slot.starts_at in window.ends else "") for slot in found]


def _waiting(user: User, targets: Any, opening: Opening | None, moment: datetime) -> list[Waiting]:
    """Released runs on its databases that change data: what only reads needs no window."""
    statuses = (RunStatus.PLANNED, RunStatus.WAITING, RunStatus.READY)
    rows = JobRun.objects.visible_to(user).filter(
        target__in=targets.values("pk"), status__in=statuses, is_released=True, is_read_only=False
    )
    if opening is not None:
        rows = rows.filter(due_at__lt=opening.slot.ends_at)
    runs = rows.select_related("target").defer("plan", "parameters").order_by("-priority_level", "due_at", "pk")[:SHOWN]
    return [_told(run, opening, moment) for run in runs]


def _told(run: JobRun, opening: Opening | None, moment: datetime) -> Waiting:
    predicted = run.predicted or {}
    p90_ms, firsts_ms = predicted.get("p90_ms"), predicted.get("firsts_p90_ms") or ()
    length = opening.slot.ends_at - opening.slot.starts_at if opening is not None else timedelta(0)
    first_ms = first_within(firsts_ms, length)
    since = max(moment, opening.slot.starts_at, run.due_at) if opening is not None else moment
    left = opening.slot.ends_at - since if opening is not None else None
    return Waiting(
        run,
        predicted.get("p50_ms"),
        p90_ms,
        fit(p90_ms, first_ms, left, predicted.get("known"), predicted.get("steps")),
    )


def fit(
    p90_ms: int | None, first_ms: int | None, left: timedelta | None, known: int | None = None, steps: int | None = None
) -> Fit:
    """Whether a run of this length (ms, None = not known) fits into the time that is left. Pure.

    What does not fit as a whole begins all the same, if its first piece does: the rest goes on in the next window.
    """
    if left is None:
        return Fit(False, True, "The window does not open again.")
    time = words(left)
    if first_ms is not None and timedelta(milliseconds=first_ms) > left:
        takes = words(timedelta(milliseconds=first_ms))
        return Fit(
            False, True, f"Its first piece took up to {takes} 9 of 10 times, and {time} are left: it does not begin."
        )
    if p90_ms is None:
        enough = (
            f"only {known} of its {steps} steps {'was' if known == 1 else 'were'}" if known else "no step of it was"
        )
        told = f"{enough} done often enough" if steps else "it has no plan yet"
        return Fit(
            True,
            False,
            f"How long it takes is not known: {told}. At the window's end it stops, and goes on in the next.",
        )
    if timedelta(milliseconds=p90_ms) > left:
        takes = words(timedelta(milliseconds=p90_ms))
        return Fit(
            False,
            True,
            f"9 of 10 times it was done within {takes}, and {time} are left: the rest goes on in the next window.",
        )
    return Fit(True, True, f"It fits: {time} are left.")


def words(span: timedelta) -> str:
    minutes = math.ceil(span.total_seconds() / 60)
    if minutes < 120:
        return f"{minutes} min"
    hours = f"{minutes // 60} h"
    return hours if minutes % 60 == 0 else f"{hours} {minutes % 60:02d} min"


def _due(user: User, row: MaintenanceWindow, opening: Opening | None) -> list[MaintenanceJob]:
    """Jobs on its databases that are due by the end of the slot."""
    if opening is None:
        return []
    targets = Target.objects.visible_to(user).filter(of_scope(row))
    rows = MaintenanceJob.objects.visible_to(user).due_by(opening.slot.ends_at)
    of_home = Q(target=None) if targets.filter(is_home=True).exists() else Q(pk__in=())
    return list(
        rows.filter(Q(target__in=targets.values("pk")) | of_home)
        .select_related("target")
        .order_by("next_run", "pk")[:SHOWN]
    )


@dataclass(frozen=True, slots=True)
class EntryRow:
    """An entry with its next slots that count (not lifted); `is_on` = one of them holds now, `is_broken` = it holds always."""

    entry: CalendarEntry
    slots: Sequence[Slot]
    is_on: bool
    is_broken: bool
    is_over: bool


def entry_rows(calendar: Calendar, entries: Iterable[CalendarEntry], moment: datetime) -> list[EntryRow]:
    """Pure, but for what it is given."""
    return [entry_row(calendar, entry, moment) for entry in entries]


def entry_row(calendar: Calendar, entry: CalendarEntry, moment: datetime) -> EntryRow:
    freeze = timetables.freeze_of(entry, calendar, ())
    if freeze.when is None:
        return EntryRow(entry, (), True, True, False)
    slots = tuple(islice(freeze.slots(moment, moment + LOOK_AHEAD), NEXT))
    is_on = bool(slots) and moment in slots[0]
    is_over = not slots and entry.last_end_at is not None and entry.last_end_at <= moment
    return EntryRow(entry, slots, is_on, False, is_over)
