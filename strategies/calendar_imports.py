"""Takes a file of a calendar into one of ours: what is new is added, what is known by its UID is changed, the rest as people say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction

from strategies import audit, ics
from strategies.audit import Actor
from strategies.calendars import judge_entry, may_change, told_of_entry
from strategies.ics import Read
from strategies.models import Calendar, CalendarEntry, User
from strategies.models.window import WALL
from strategies.refused import Refused

_TOLD = 50  # names in the audit


@dataclass(slots=True)
class Imported:
    """Names of entries, by what became of them; `broken` are events that were not taken, each with why."""

    added: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    same: list[str] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)  # not in the file, and left as they are
    broken: list[tuple[str, str]] = field(default_factory=list)

    @property
    def is_nothing(self) -> bool:
        return not (self.added or self.changed or self.removed or self.same or self.gone)


def take(actor: Actor, user: User, calendar: Calendar, data: bytes, zone: str, *, removes_gone: bool) -> Imported:
    """Take what can be taken of a file; `zone` is the clock of events that name none. With `removes_gone`, entries that came from a
    file and are not in this one are removed, those of events that cannot be read excepted. Raises Refused for who may not change the
    calendar.
    """
    found = ics.read(data, zone)
    with transaction.atomic():
        calendar = Calendar.objects.select_for_update().get(pk=calendar.pk)
        may_change(user, calendar)
        if not found.entries:
            return Imported(broken=list(found.broken))
        done = _keep(calendar, found)
        _gone(calendar, found, done, removes=removes_gone and not found.broken)
        told = {name: getattr(done, name)[:_TOLD] for name in ("added", "changed", "removed")}
        broken = [f"{name}: {why}" for name, why in done.broken[:_TOLD]]
        audit.record(actor, "calendar.imported", calendar, after={**told, "same": len(done.same), "broken": broken})
    return done


def _keep(calendar: Calendar, found: Read) -> Imported:
    done = Imported(broken=list(found.broken))
    known = {row.uid: row for row in calendar.entries.all()}
    new: list[CalendarEntry] = []
    for entry in found.entries:
        row = known.get(entry.uid)
        before = told_of_entry(row) if row is not None else None
        row = row or CalendarEntry(calendar=calendar, uid=entry.uid, is_imported=True)
        _say(row, entry)
        try:
            judge_entry(row)
        except Refused as refusal:
            done.broken.append((entry.name, str(refusal)))
            continue
        if before is None:
            new.append(row)
            done.added.append(row.name)
        elif before == told_of_entry(row):
            done.same.append(row.name)
        else:
            row.save()
            done.changed.append(row.name)
    CalendarEntry.objects.bulk_create(new, batch_size=100)
    return done


def _say(row: CalendarEntry, entry: ics.Entry) -> None:
    row.name, row.reason = entry.name, entry.reason
    row.starts, row.minutes = entry.when.starts.strftime(WALL), entry.when.minutes
    row.time_zone, row.rule = entry.when.zone, entry.when.rule
    row.is_whole_days = entry.when.is_whole_days
    row.left_out, row.added = _written(entry.when.left_out), _written(entry.when.added)


def _written(times: Sequence[datetime]) -> list[str]:
    return [when.strftime(WALL) for when in sorted(set(times))]


def _gone(calendar: Calendar, found: Read, done: Imported, *, removes: bool) -> None:
    """What came from a file before and is not in this one. While an event of the file cannot be read, nothing is taken for gone."""
    uids = {entry.uid for entry in found.entries}
    rows = [row for row in calendar.entries.filter(is_imported=True) if row.uid not in uids]
    (done.removed if removes else done.gone).extend(row.name for row in rows)
    if removes:
        CalendarEntry.objects.filter(calendar=calendar, uid__in=[row.uid for row in rows]).delete()
