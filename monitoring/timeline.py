"""The timeline: for each database what is open, what is shut, what runs and what is to come, from now on for some hours or days."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta

from monitoring import upcoming
from monitoring.entries import Entry, Kind
from monitoring.grounds import Chosen, Grounds, grounds
from monitoring.rows import Lane, Timeline
from strategies.models import CalendarKind, Target, User

MOST_LANES = 25
UNCOVERED = "No window covers it: it may be worked on at any time outside freezes."
MOST_IN_A_LANE = 120  # entries; with more of them no figure can be read


def timeline(user: User, chosen: Chosen, moment: datetime, span: timedelta, zone: str) -> Timeline:
    """The databases that are switched on, those with work first. A constant number of queries."""
    ground = grounds(user, chosen, moment, moment + span, moment, CalendarKind.FREEZE)
    runs = upcoming.runs(user, chosen, ground, zone)
    jobs, is_cut = upcoming.jobs(user, chosen, ground)
    work: dict[int, list[Entry]] = defaultdict(list, upcoming.due_one_by_one(jobs, ground, zone))
    by_name = {target.name: pk for pk, target in ground.targets.items()}
    for entry in runs.entries:
        work[by_name[entry.where]].append(entry)
    on = [target for pk, target in ground.targets.items() if target.is_active or pk in work]
    on.sort(key=lambda target: (target.pk not in work, target.name.casefold()))
    lanes = tuple(_lane(target, work[target.pk], ground) for target in on[:MOST_LANES])
    return Timeline(moment, moment + span, lanes, len(on), runs.is_cut or is_cut)


def _lane(target: Target, work: list[Entry], ground: Grounds) -> Lane:
    is_covered = any(one.window.scope.covers(ground.places[target.pk]) for one in ground.windows)
    note = "" if is_covered else UNCOVERED
    free = [
        Entry(Kind.FREE, "", target.name, slot.starts_at, min(slot.ends_at, ground.until), target.pk, note)
        for slot in ground.room(target.pk).free
        if slot.starts_at < ground.until
    ]
    inside = sorted((entry for entry in work if entry.starts_at < ground.until), key=lambda entry: entry.starts_at)
    entries = [*inside, *ground.entries(target.pk), *free]
    return Lane(target.name, target.pk, is_covered, tuple(entries[:MOST_IN_A_LANE]), len(entries) > MOST_IN_A_LANE)
