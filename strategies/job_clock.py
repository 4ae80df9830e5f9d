"""What becomes of a job's clock when its row is read anew: the next due instant, and those that passed under the old one. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import takewhile

from strategies.recurrence import Recurrence

READ_WITHIN = timedelta(seconds=1)  # the tick looks each second: what it reads now may have been typed so long ago
LONGEST_LOOK_BACK = timedelta(days=30)  # older instants that were missed are not counted one by one


@dataclass(frozen=True, slots=True)
class Turn:
    """`next_run` and `clock` as the row is to have them. `passed` are due instants with which nobody dealt, ascending."""

    next_run: datetime | None
    clock: str | None
    passed: tuple[datetime, ...] = ()


def turn(clock: str | None, next_run: datetime | None, schedule: Recurrence | None, since: datetime) -> Turn:
    """From what the row has to what it is to have; `schedule` None = nothing of it starts by itself any more.

    A new schedule counts from `since`, and what was due by then under the old one stays due. As long as the clock is the same,
    so is the next due instant, be it past. Without a clock `next_run` was typed by somebody, or computed before clocks were kept,
    and counts as it is.
    """
    new = text_of(schedule)
    passed: tuple[datetime, ...] = ()
    if schedule is None or (clock is not None and clock != new):
        passed = tuple(instants(schedule_of(clock) if clock is not None else None, next_run, since))
        next_run = None
    if schedule is None:
        return Turn(None, None, passed)
    next_run = next_run or schedule.next_due(since)
    return Turn(next_run, new if next_run is not None else None, passed)


def instants(schedule: Recurrence | None, first: datetime | None, until: datetime) -> Sequence[datetime]:
    """The due instants from `first` to `until`, ascending; of those longer ago than the look back goes only the first."""
    if first is None or first > until:
        return []
    later = schedule.after(max(first, until - LONGEST_LOOK_BACK)) if schedule is not None else ()
    return [first, *takewhile(lambda instant: instant <= until, later)]


def text_of(schedule: Recurrence | None) -> str | None:
    """How a row keeps a schedule: five cron fields and a zone. None = never by the clock."""
    return f"{schedule.cron} {schedule.zone}" if schedule is not None and schedule.cron is not None else None


def schedule_of(clock: str) -> Recurrence:
    """What a row's `clock` says."""
    cron, _, zone = clock.rpartition(" ")
    return Recurrence(cron, zone)
