"""The demo's window, freezes and hours of backups: on its production database, where people are asked as well."""

from __future__ import annotations

from strategies import calendars, window_changes
from strategies.audit import Actor
from strategies.models import Calendar, CalendarEntry, CalendarKind, MaintenanceWindow, Target, User
from strategies.refused import Refused

WINDOW, FREEZES, BACKUPS = "Demo nights", "Demo freezes", "Demo backups"
OWNER = "dba"


def ensure(actor: Actor, target: Target | None) -> list[str]:
    """Add what is missing on this database. Notes on names that others have."""
    owner = User.objects.filter(username=OWNER).first()
    if target is None or owner is None:
        return []
    notes = []
    try:
        if not target.maintenancewindows.exists():
            _window(actor, owner, target)
        if not target.calendarscopes.exists():
            close = _entry("Quarter close", "2026-03-31T18:00", 36 * 60, "FREQ=MONTHLY;INTERVAL=3;BYMONTHDAY=-1")
            _calendar(actor, owner, target, FREEZES, CalendarKind.FREEZE, close)
            _calendar(
                actor,
                owner,
                target,
                BACKUPS,
                CalendarKind.BACKUP,
                _entry("Backup", "2026-01-01T01:00", 45, "FREQ=DAILY"),
            )
    except Refused as refusal:
        notes.append(f"The demo's calendars: {refusal}")
    return notes


def _window(actor: Actor, owner: User, target: Target) -> None:
    window = MaintenanceWindow(
        name=WINDOW, target=target, starts="2026-01-01T22:00", minutes=360, time_zone="UTC", rule="FREQ=DAILY", capacity=2,
        owner=owner.username,
    )  # fmt: skip
    window_changes.keep_window(actor, owner, window)


def _calendar(actor: Actor, owner: User, target: Target, name: str, kind: CalendarKind, entry: CalendarEntry) -> None:
    calendar = Calendar(name=name, kind=kind, owner=owner.username)
    calendars.keep_calendar(actor, owner, calendar, [{"target": target}])
    entry.calendar = calendar
    calendars.keep_entry(actor, owner, entry)


def _entry(name: str, starts: str, minutes: int, rule: str) -> CalendarEntry:
    return CalendarEntry(name=name, starts=starts, minutes=minutes, time_zone="UTC", rule=rule)
