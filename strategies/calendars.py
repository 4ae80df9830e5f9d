"""Calendars and their entries: checked before they are kept, by whoever may, and with what they were before in the audit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from django.db import transaction

from strategies import audit
from strategies.audit import Actor
from strategies.change_checks import (
    CHANGED,
    judge_name,
    judge_owner,
    judge_reach,
    judge_times,
    of_this_name,
    stored_row,
)
from strategies.models import Calendar, CalendarEntry, CalendarScope, User
from strategies.occurrences import Slot, last_end
from strategies.refused import Refused
from strategies.timetables import freeze_of

# Calendars.


def keep_calendar(
    actor: Actor, user: User, calendar: Calendar, places: Sequence[Mapping[str, Any]], *, drawn_from: str = ""
) -> bool:
    """Keep a new calendar, or what was changed of one, with the `places` (parts of a `Scoped` row) where it holds. False = as it was.

    Raises Refused.
    """
    judge_name(calendar, "calendar")
    judge_owner(user, calendar.owner)
    scopes = [CalendarScope(**place) for place in places]
    if not scopes:
        raise Refused("Choose at least one place: without one the calendar holds nowhere.", "scopes")
    judge_reach(user, *scopes)
    with transaction.atomic():
        stored = stored_row(calendar, drawn_from)
        before = None
        if stored is not None:
            before = told_of_calendar(stored, may_change(user, stored))
        after = told_of_calendar(calendar, scopes)
        if before == after:
            return False
        calendar.changed_by = actor.name
        with of_this_name(calendar, "calendar"):
            calendar.save()
        calendar.scopes.all().delete()
        for scope in scopes:
            scope.calendar = calendar
        CalendarScope.objects.bulk_create(scopes)
        if before is None:
            audit.record(actor, "calendar.added", calendar, after=after)
        else:
            audit.record(actor, "calendar.changed", calendar, before=before, after=after)
    return True


def remove_calendar(actor: Actor, user: User, calendar: Calendar) -> None:
    """With all of its entries: what it froze is free. Raises Refused."""
    with transaction.atomic():
        stored = Calendar.objects.select_for_update().get(pk=calendar.pk)
        scopes = may_change(user, stored)
        names = list(stored.entries.values_list("name", flat=True)[:50])
        before = {**told_of_calendar(stored, scopes), "entries": names}
        audit.record(actor, "calendar.removed", stored, before=before)
        stored.delete()


def may_change(user: User, calendar: Calendar) -> list[CalendarScope]:
    """Where it holds. Raises Refused for who has no hand in all of that."""
    scopes = list(calendar.scopes.select_related("target", "tag", "tenant"))
    judge_reach(user, *scopes)
    return scopes


def told_of_calendar(calendar: Calendar, scopes: Iterable[CalendarScope]) -> dict[str, Any]:
    """What the audit keeps of a calendar."""
    return {
        **{name: getattr(calendar, name) for name in CHANGED[Calendar]},
        "scopes": sorted(scope.scope for scope in scopes),
    }


# Entries.


def keep_entry(actor: Actor, user: User, entry: CalendarEntry, *, drawn_from: str = "") -> bool:
    """Keep a new entry, or what was changed of one. False = it is as it was. Raises Refused."""
    judge_entry(entry)
    with transaction.atomic():
        may_change(user, Calendar.objects.select_for_update().get(pk=entry.calendar_id))
        stored = stored_row(entry, drawn_from)
        before = told_of_entry(stored) if stored is not None else None
        if before is not None and before == told_of_entry(entry):
            return False
        if stored is not None:
            entry.lifted = stored.lifted  # its owner may have lifted a time of it since the row was read
        entry.save()
        after = told_of_entry(entry)
        if before is None:
            audit.record(actor, "calendar.entry_added", entry.calendar, after=after)
        else:
            audit.record(
                actor, "calendar.entry_changed", entry.calendar, before=before, after={**after, "entry": entry.name}
            )
    return True


def judge_entry(entry: CalendarEntry) -> None:
    """Raises Refused where this entry may not be so; says on it when it is over for good."""
    if not entry.name.strip():
        raise Refused("Give it a name: whoever finds their run waiting reads it.", "name")
    judge_times(entry)
    entry.last_end_at = last_end(entry.read())


def remove_entry(actor: Actor, user: User, entry: CalendarEntry) -> None:
    """Raises Refused."""
    with transaction.atomic():
        calendar = Calendar.objects.select_for_update().get(pk=entry.calendar_id)
        may_change(user, calendar)
        stored = CalendarEntry.objects.get(pk=entry.pk)
        audit.record(actor, "calendar.entry_removed", calendar, before=told_of_entry(stored))
        stored.delete()


def lift(actor: Actor, entry: CalendarEntry, starts_at: datetime, reason: str, moment: datetime) -> Slot:
    """The owner of the calendar takes one slot of a freeze back, known by its start. Raises Refused for anybody else."""
    if not reason.strip():
        raise Refused("Say why the freeze may be lifted.", "reason")
    with transaction.atomic():
        entry = CalendarEntry.objects.select_for_update(of=("self",)).select_related("calendar").get(pk=entry.pk)
        if actor.person != entry.calendar.owner:
            raise Refused(f"Only {entry.calendar.owner}, who owns the calendar, may lift a freeze of it.")
        starts_at = starts_at.astimezone(UTC)
        freeze = freeze_of(entry, entry.calendar, ())
        slots = [] if freeze.when is None else freeze.slots(starts_at, starts_at.replace(microsecond=1))
        slot = next((slot for slot in slots if slot.starts_at == starts_at), None)
        if slot is None or slot.ends_at <= moment:
            raise Refused("There is no such freeze any more: it is over, was lifted, or was moved.")
        entry.lifted = [*_still_needed(entry.lifted, moment), starts_at.isoformat()]
        entry.save(update_fields=["lifted"])
        after = {"entry": entry.name, "starts_at": starts_at.isoformat(), "ends_at": slot.ends_at.isoformat()}
        audit.record(actor, "calendar.entry_lifted", entry.calendar, after=after, reason=reason.strip())
    return slot


def _still_needed(lifted: Any, moment: datetime) -> list[str]:
    """Starts that were lifted, without what nobody could read or is long over; the longest slot lasts 31 days."""
    kept = []
    for text in lifted if isinstance(lifted, list) else []:
        try:
            if (moment - datetime.fromisoformat(text)).days <= 31:
                kept.append(text)
        except (TypeError, ValueError):
            continue
    return kept


def told_of_entry(entry: CalendarEntry) -> dict[str, Any]:
    """What the audit keeps of an entry."""
    return {name: getattr(entry, name) for name in CHANGED[CalendarEntry]}
