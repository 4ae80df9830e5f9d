"""The next due instants of a schedule, and what a change of the clock does to each: pure, from the zone's own offsets."""

from __future__ import annotations

import zoneinfo
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice

from cronsim import CronSim

from strategies.recurrence import Recurrence

_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class DueTime:
    """`at` is UTC, `local` the same instant on the clock of the schedule's zone. `note` is a sentence, empty on usual days."""

    at: datetime
    local: datetime
    note: str = ""


def due_times(schedule: Recurrence, moment: datetime, count: int, *, first: datetime | None = None) -> list[DueTime]:
    """At most `count` due instants after `moment`, ascending; fewer where the schedule ends.

    `first` is what the job's row has as its next one: it may be past, or be another than the schedule's.
    """
    found = _with_first(schedule, moment, first)
    return [_due_time(schedule, at) for at in islice(found, count)]


def _with_first(schedule: Recurrence, moment: datetime, first: datetime | None) -> Iterator[datetime]:
    if first is not None:
        yield first.astimezone(UTC)
    yield from schedule.after(max(moment, first) if first is not None else moment)


def _due_time(schedule: Recurrence, at: datetime) -> DueTime:
    zone = zoneinfo.ZoneInfo(schedule.zone)
    local = at.astimezone(zone)
    if schedule.next_due(at - timedelta(seconds=1)) != at:
        return DueTime(at, local, "This one was set by hand; it is not of the schedule.")
    return DueTime(at, local, _note(schedule, at, local))


def _note(schedule: Recurrence, at: datetime, local: datetime) -> str:
    """What the reader would wonder about on a day on which the clock changes."""
    if local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset():
        wall = f"The clock goes back: {local:%H:%M} comes twice"
        if schedule.is_fixed:
            return f"{wall} that day, and it runs the first time only."
        return f"{wall} that day; this is the {'second' if local.fold else 'first'} time."
    skipped = _skipped(schedule, at, local)
    if not skipped:
        return ""
    walls = " and ".join(f"{wall:%H:%M}" for wall in skipped)
    verb = "does" if len(skipped) == 1 else "do"
    return f"The clock goes forward: {walls} {verb} not exist that day, and it runs at {local:%H:%M}."


def _skipped(schedule: Recurrence, at: datetime, local: datetime) -> list[datetime]:
    """The times of the schedule that the clock on the wall leaves out as it goes forward at this instant; usually none."""
    before = (at - _MINUTE).astimezone(local.tzinfo).replace(tzinfo=None) + _MINUTE
    after = local.replace(tzinfo=None)
    if schedule.cron is None or not schedule.is_fixed or before >= after:
        return []
    found = []
    for wall in CronSim(schedule.cron, before - _MINUTE):
        if wall >= after:
            break
        found.append(wall)
    return found
