"""Moving the end of one slot of a window that is open, or about to be: later within its owner's right, or at once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django.db import transaction

from strategies import audit, timetables
from strategies.audit import Actor
from strategies.models import ACTIVE, JobRun, MaintenanceWindow, Portal, Role, RunStatus, Target, User, WindowChange
from strategies.occurrences import Slot
from strategies.reach import Reach
from strategies.refused import Refused
from strategies.windows import Freeze, Opening, Window

BEFORE = timedelta(days=1)  # so long before its start a slot may be changed
LONGEST_REASON = 300


def extend(
    window: MaintenanceWindow, starts_at: datetime, until: datetime, *, user: User, actor: Actor, reason: str, moment: datetime
) -> WindowChange:  # fmt: skip
    """Let the slot that starts then end later. What is at work in it may go on until then, and what waits is asked anew.

    Raises Refused: beyond what the window allows, into a freeze, by who may not, of a slot that is over, without a reason.
    """
    with transaction.atomic():
        row, opening, planned_end = _slot(window, starts_at, user, reason, moment)
        limit = planned_end + timedelta(minutes=row.extend_minutes)
        clock = opening.window.on_its_clock
        if until <= max(opening.slot.ends_at, moment):
            raise Refused(f"It is open until {clock(opening.slot.ends_at)} already.", "minutes")
        if until > limit:
            raise Refused(
                f"It may be extended to {clock(limit)} at most, {row.extend_minutes} min beyond its planned end.",
                "minutes",
            )
        if (freeze := _frozen(opening, until, moment)) is not None:
            raise Refused(f"That reaches into {freeze.name} of the calendar {freeze.calendar}.", "minutes")
        return _move_end(row, opening.slot, planned_end, until, "extended", actor, reason, moment)


def close(
    window: MaintenanceWindow, starts_at: datetime, *, user: User, actor: Actor, reason: str, moment: datetime
) -> WindowChange:
    """Let the slot that starts then end now, or not open at all. What is at work stops as at the window's end. Raises Refused."""
    with transaction.atomic():
        row, opening, planned_end = _slot(window, starts_at, user, reason, moment)
        ends_at = max(moment, opening.slot.starts_at)
        return _move_end(row, opening.slot, planned_end, ends_at, "closed", actor, reason, moment)


def refusal(window: MaintenanceWindow, user: User) -> str:
    """Why this person may neither extend nor close it, as a sentence; empty = they may."""
    if Actor(user.get_username()).person == window.owner:
        return ""
    if not user.has_role(Role(window.extended_by)):
        who = Role(window.extended_by).label
        return f"Its owner, {window.owner}, may extend or close it, and anybody with the role {who}."
    return Reach.of(user).refusal(window, "may extend or close it")


def _slot(
    window: MaintenanceWindow, starts_at: datetime, user: User, reason: str, moment: datetime
) -> tuple[MaintenanceWindow, Opening, datetime]:
    """The window, locked, so that one change is made after the other; the slot as it is by now; and when it was planned to end."""
    if not reason.strip():
        raise Refused("Say why: it is kept in the audit.", "reason")
    Portal.objects.take_gate_turn()  # a claim that saw the old end would write it after ours
    row = MaintenanceWindow.objects.select_for_update(of=("self",)).get(pk=window.pk)
    if said := refusal(row, user):
        raise Refused(said)
    starts_at = starts_at.astimezone(UTC)
    known = timetables.windows(moment, [row])[0]
    instant = timedelta(microseconds=1)
    planned = known.when.slots(starts_at, starts_at + instant) if known.when is not None and row.is_active else ()
    slot = next((slot for slot in planned if slot.starts_at == starts_at), None)
    ends_at = known.ends.get(starts_at, slot.ends_at) if slot is not None else moment
    if slot is None or ends_at <= moment or starts_at > moment + BEFORE:
        raise Refused("It is not open now, and does not open within a day.")
    return row, Opening(known, Slot(starts_at, ends_at)), slot.ends_at


def _frozen(opening: Opening, until: datetime, moment: datetime) -> Freeze | None:
    """A freeze that holds for a database of the window in the time that would be added."""
    window: Window = opening.window
    added = Slot(opening.slot.ends_at, until)
    places = [
        database.place
        for database in timetables.databases(Target.objects.defer("facts"))
        if window.scope.covers(database.place)
    ]
    for freeze in timetables.freezes(moment):
        if any(freeze.covers(place) for place in places) and any(freeze.slots(added.starts_at, added.ends_at)):
            return freeze
    return None


def _move_end(
    row: MaintenanceWindow, slot: Slot, planned_end: datetime, ends_at: datetime, how: str, actor: Actor, reason: str,
    moment: datetime,
) -> WindowChange:  # fmt: skip
    change = WindowChange.objects.create(
        window=row, starts_at=slot.starts_at, planned_end_at=planned_end, ends_at=ends_at, reason=reason.strip()[:LONGEST_REASON],
        changed_by=actor.name, changed_at=moment,
    )  # fmt: skip
    of_slot = JobRun.objects.filter(window=row, window_starts_at=slot.starts_at, status__in=(RunStatus.READY, *ACTIVE))
    is_longer = ends_at > slot.ends_at  # a run that ends before its slot does so for a freeze, and still does
    concerned = of_slot.filter(window_ends_at=slot.ends_at) if is_longer else of_slot.filter(window_ends_at__gt=ends_at)
    count = concerned.update(window_ends_at=ends_at)
    before = {"ends_at": slot.ends_at.isoformat()}
    after = {"ends_at": ends_at.isoformat(), "slot": slot.starts_at.isoformat(), "runs": count}
    audit.record(
        actor, "window.extended" if how == "extended" else "window.closed", row, before=before, after=after,
        reason=change.reason, target=row.target,
    )  # fmt: skip
    return change
