"""What tests of the calendar need: windows, freezes and runs to come, as rows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from strategies.models import Calendar, CalendarEntry, CalendarKind, CalendarScope, JobRun, MaintenanceWindow, Target
from tests.monitoring.past import run

# A Saturday afternoon
NOW = datetime(2026, 11, 28, 15, 0, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
HOUR_MS = 3_600_000


def a_window(name: str = "Night", **values: Any) -> MaintenanceWindow:
    """Each night from 22:00 to 02:00 UTC."""
    known = {"starts": "2026-11-01T22:00", "minutes": 240, "rule": "FREQ=DAILY", "owner": "olga", **values}
    return MaintenanceWindow.objects.create(name=name, **known)


def a_freeze(
    name: str = "Quarter close",
    kind: str = CalendarKind.FREEZE,
    scopes: tuple[dict[str, Any], ...] = ({},),
    **values: Any,
) -> CalendarEntry:
    """From 29 November, 00:00 UTC, for a day."""
    calendar = Calendar.objects.create(name=f"{name} calendar", kind=kind, owner="fred")
    for scope in scopes:
        CalendarScope.objects.create(calendar=calendar, **scope)
    known = {"starts": "2026-11-29T00:00", "minutes": 1440, "name": name, "reason": "The books close.", **values}
    return CalendarEntry.objects.create(calendar=calendar, **known)


def to_come(target: Target, due_at: datetime = NOW + HOUR, *, p90_ms: int | None = None, **values: Any) -> JobRun:
    """A released run that waits; with `p90_ms` all of its work is one piece that stays within that."""
    predicted = {
        "p50_ms": p90_ms,
        "p90_ms": p90_ms,
        "firsts_p90_ms": [values.pop("first_ms", p90_ms)],
        "known": 1,
        "steps": 1,
    }
    known = {
        "status": "waiting", "is_released": True, "due_at": due_at, "finished_at": None, "duration_ms": None, "planned_at": NOW,
        "steps_total": 1, "predicted": predicted if p90_ms is not None else None, **values,
    }  # fmt: skip
    return run(target, **known)
