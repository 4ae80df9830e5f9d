"""Windows and freezes in six zones as rows, and an independent model of them that knows nothing of rules: days of the zone, counted."""

# ruff: noqa: DTZ001 (times on the wall have no zone of their own)
from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from strategies.models import Calendar, CalendarEntry, CalendarScope, MaintenanceWindow, Tag, Target, Tenant
from strategies.scope import Place

SINCE, UNTIL = (
    datetime(2026, 10, 1, tzinfo=UTC),
    datetime(2026, 12, 1, tzinfo=UTC),
)  # both changes of the clock are in it
INSTANT = timedelta(microseconds=1)
DAYS = {"MO": 0, "TU": 1, "WE": 2, "TH": 3, "FR": 4, "SA": 5, "SU": 6}
EVERY_DAY = tuple(DAYS)


@dataclass(frozen=True)
class Times:
    """On these days of the week, from this time on the wall (one that no change of the clock touches), for so many minutes.

    `once` = on that day alone. `is_broken` = what is kept cannot be read.
    """

    zone: str
    at: str
    minutes: int
    days: tuple[str, ...] = EVERY_DAY
    once: str = ""
    is_broken: bool = False

    @cached_property
    def slots(self) -> list[tuple[datetime, datetime]]:
        day, found = datetime(2026, 9, 20), []
        while day < datetime(2026, 12, 10):
            if (self.once or f"{day:%Y-%m-%d}") == f"{day:%Y-%m-%d}" and day.weekday() in [
                DAYS[name] for name in self.days
            ]:
                hour, minute = map(int, self.at.split(":"))
                begins = day.replace(hour=hour, minute=minute, tzinfo=ZoneInfo(self.zone)).astimezone(UTC)
                found.append((begins, begins + timedelta(minutes=self.minutes)))
            day += timedelta(days=1)
        return found

    def holds(self, moment: datetime) -> bool:
        return any(begins <= moment < ends for begins, ends in self.slots)

    @property
    def columns(self) -> dict[str, Any]:
        rule = "" if self.once else f"FREQ=WEEKLY;BYDAY={','.join(self.days)}"
        starts = f"{self.once or '2026-09-01'}T{self.at}"
        return {
            "starts": starts, "minutes": self.minutes, "time_zone": self.zone,
            "rule": "FREQ=SOMETIMES" if self.is_broken else rule,
        }  # fmt: skip


@dataclass(frozen=True)
class Where:
    """As the rows name it: by the names of targets, tags and tenants, or an environment."""

    part: str = ""
    name: str = ""

    def covers(self, target: str, place: Sequence[str]) -> bool:
        environment, tenant, *tags = place
        return {
            "": True, "target": self.name == target, "environment": self.name == environment,
            "tenant": self.name == tenant, "tag": self.name in tags,
        }[self.part]  # fmt: skip


# By name: environment, tenant, tags.
PLACES: dict[str, tuple[str, ...]] = {
    "free": ("test", "Main"),
    "vienna": ("test", "Main"),
    "shop": ("production", "Main"),
    "tagged": ("staging", "Main", "night"),
    "kolkata": ("test", "Other"),
    "never": ("test", "Main"),
    "frozen": ("test", "Main"),
}
WINDOWS: dict[str, tuple[Where, Times]] = {
    "Vienna nights": (Where("target", "vienna"), Times("Europe/Vienna", "22:00", 300)),
    "Production": (Where("environment", "production"), Times("America/New_York", "23:30", 240, ("SA", "SU"))),
    "Production, Tuesday": (Where("environment", "production"), Times("America/New_York", "12:00", 60, ("TU",))),
    "Tag": (Where("tag", "night"), Times("Australia/Lord_Howe", "00:30", 75)),
    "Tenant": (Where("tenant", "Other"), Times("Asia/Kolkata", "01:15", 180)),
    "Broken": (Where("target", "never"), Times("UTC", "00:00", 1440, is_broken=True)),
    "Broken beside": (Where("target", "vienna"), Times("UTC", "12:00", 60, is_broken=True)),
}
FREEZES: dict[str, tuple[tuple[Where, ...], Times]] = {
    "All Saints": ((Where(),), Times("Europe/Vienna", "00:00", 1440, once="2026-11-01")),
    "Fridays": (
        (Where("environment", "production"), Where("tag", "night")),
        Times("Pacific/Apia", "08:00", 600, ("FR",)),
    ),
    "Sunday morning": ((Where("environment", "production"),), Times("America/New_York", "01:30", 20, ("SU",))),
    "Unreadable": ((Where("target", "frozen"),), Times("UTC", "00:00", 60, is_broken=True)),
}


@dataclass
class Rows:
    """The rows of all this; kept where there is a database for them, else with keys of their own."""

    is_kept: bool
    targets: dict[str, Target] = field(default_factory=dict)
    tags: dict[str, Tag] = field(default_factory=dict)
    tenants: dict[str, Tenant] = field(default_factory=dict)
    windows: list[MaintenanceWindow] = field(default_factory=list)
    entries: list[tuple[CalendarEntry, Calendar, list[CalendarScope]]] = field(default_factory=list)
    _pk: int = 0

    def __post_init__(self) -> None:
        for name, (environment, tenant, *tags) in PLACES.items():
            owner = self._named(self.tenants, tenant, Tenant)
            values = {"environment": environment, "platform": "sqlite", "url": f"sqlite:////nowhere/{name}.db"}
            target = self._keep(Target(name=name, tenant=owner, max_parallel_runs=9, **values))
            self.targets[name] = target
            for tag in tags:
                row = self._named(self.tags, tag, Tag)
                if self.is_kept:
                    target.tags.add(row)
        for name, (where, times) in WINDOWS.items():
            row = MaintenanceWindow(name=name, owner="olga", **times.columns, **self._scope(where))
            self.windows.append(self._keep(row))
        for name, (places, times) in FREEZES.items():
            calendar = self._keep(Calendar(name=name, owner="fred"))
            scopes = [self._keep(CalendarScope(calendar=calendar, **self._scope(where))) for where in places]
            entry = self._keep(CalendarEntry(calendar=calendar, name=name, **times.columns))
            self.entries.append((entry, calendar, scopes))

    def place(self, name: str) -> Place:
        target = self.targets[name]
        tags = frozenset(self.tags[tag].pk for tag in PLACES[name][2:])
        return Place(target.pk, target.tenant_id, target.environment, tags)

    def _scope(self, where: Where) -> dict[str, Any]:
        if where.part == "environment":
            return {"environment": where.name}
        known: dict[str, Callable[[str], Any]] = {
            "target": self.targets.__getitem__, "tag": self.tags.__getitem__, "tenant": self.tenants.__getitem__,
        }  # fmt: skip
        return {where.part: known[where.part](where.name)} if where.part else {}

    def _named(self, known: dict[str, Any], name: str, model: Any) -> Any:
        if name not in known:
            found = model.objects.filter(name=name).first() if self.is_kept else None
            known[name] = found or self._keep(model(name=name))
        return known[name]

    def _keep(self, row: Any) -> Any:
        self._pk += 1
        if self.is_kept:
            row.save()
        else:
            row.pk = self._pk
        return row


def is_frozen(name: str, moment: datetime) -> bool:
    return any(
        times.is_broken or times.holds(moment)
        for places, times in FREEZES.values()
        if any(where.covers(name, PLACES[name]) for where in places)
    )


def is_open(name: str, moment: datetime) -> bool:
    """Whether a window lets it, or none covers it."""
    mine = [times for where, times in WINDOWS.values() if where.covers(name, PLACES[name])]
    return not mine or any(not times.is_broken and times.holds(moment) for times in mine)


def moments(
    seed: int, number: int, name: str = "", since: datetime = SINCE, until: datetime = UNTIL
) -> Iterator[datetime]:
    """Half of them at an edge of a slot (of this target), or an instant or a minute beside one; the others anywhere."""
    chance = random.Random(seed)
    all_times = [times for where, times in WINDOWS.values() if not name or where.covers(name, PLACES[name])]
    all_times += [times for _, times in FREEZES.values()]
    edges = sorted({edge for times in all_times for slot in times.slots for edge in slot if since <= edge < until})
    beside = (timedelta(0), -INSTANT, INSTANT, timedelta(minutes=1), -timedelta(minutes=1))
    for _ in range(number):
        if edges and chance.random() < 0.5:
            yield chance.choice(edges) + chance.choice(beside)
        else:
            yield since + chance.random() * (until - since)
