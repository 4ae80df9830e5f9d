"""What stands in the way of a window: other windows on the same databases, freezes and backups, and when there is room. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from strategies.occurrences import Slot
from strategies.scope import Place, Scope
from strategies.windows import Freeze, Window, first_free

AHEAD = timedelta(days=60)
NAMED = 3  # databases in one sentence
NAMED_OPEN = 20  # where the names are what matters


@dataclass(frozen=True, slots=True)
class Database:
    """A database by its name, with what tells which windows and freezes hold for it."""

    name: str
    place: Place


@dataclass(frozen=True, slots=True)
class Conflict:
    """`sentence` tells on what, when first and how often; `first` is the first piece of time that both want."""

    sentence: str
    first: Slot


@dataclass(frozen=True, slots=True)
class Company:
    """What else there is: `windows` without the one that is asked about."""

    windows: Sequence[Window] = ()
    freezes: Sequence[Freeze] = ()
    backups: Sequence[Freeze] = ()


def conflicts(window: Window, company: Company, databases: Sequence[Database], moment: datetime) -> list[Conflict]:
    """What the window meets within 60 days, the earliest first. `databases` are all that there are, or that the reader may see."""
    mine = [database for database in databases if window.scope.covers(database.place)]
    slots = list(window.slots(moment, moment + AHEAD))
    if not mine or not slots:
        return []
    found: list[Conflict] = []
    for other in company.windows:
        shared = [database for database in mine if other.scope.covers(database.place)]
        met = _met(slots, other.slots(moment, moment + AHEAD)) if shared else []
        if met:
            what = f"The window {other.name}{_whose(window, other)} is open at the same time on {_names(shared)}"
            found.append(_conflict(window, what, met))
    for shut, freezes in (("is frozen by", company.freezes), ("is backed up by", company.backups)):
        for freeze in freezes:
            shared = [database for database in mine if freeze.covers(database.place)]
            met = _met(slots, freeze.slots(moment, moment + AHEAD)) if shared else []
            if met:
                verb = shut if len(shared) == 1 else shut.replace("is ", "are ")
                what = f"{_names(shared)} {verb} {freeze.name} of the calendar {freeze.calendar}"
                found.append(_conflict(window, what, met))
    return sorted(found, key=lambda conflict: conflict.first)


def free_instead(
    window: Window, company: Company, databases: Sequence[Database], moment: datetime, length: timedelta
) -> Slot | None:
    """The next piece of time of this length in which the window would meet nothing; None = there is none within 400 days."""
    places = [database.place for database in databases if window.scope.covers(database.place)]
    if not places:
        return None
    everywhere = (Scope(),)
    shut = [
        Freeze(other.pk, other.name, "", everywhere, other.when)
        for other in company.windows
        if other.when is not None and any(other.scope.covers(place) for place in places)
    ]
    shut += [
        replace(freeze, scopes=everywhere)
        for freeze in (*company.freezes, *company.backups)
        if any(freeze.covers(place) for place in places)
    ]
    found = first_free((), shut, places[0], moment, length)
    return Slot(found.starts_at, found.starts_at + length) if found is not None else None


def left_open(
    before: Window, after: Window | None, others: Iterable[Window], databases: Iterable[Database]
) -> list[Database]:
    """What `before` covers, and neither `after` (None = it is off, or removed) nor another window: it has no window any more."""
    still = [*others, *([after] if after is not None else [])]
    return [
        database
        for database in databases
        if before.scope.covers(database.place) and not any(one.scope.covers(database.place) for one in still)
    ]


def left_open_words(databases: Sequence[Database]) -> str:
    """What it means for these, as sentences; empty where there are none."""
    if not databases:
        return ""
    count, they = ("1 database", "It") if len(databases) == 1 else (f"{len(databases)} databases", "They")
    names = _names(databases, NAMED_OPEN)
    return f"No other window covers {count}: {names}. {they} may then be worked on at any time outside freezes."


def _met(mine: Sequence[Slot], others: Iterable[Slot]) -> list[Slot]:
    """The pieces of time that lie in both, in order; either may overlap itself."""
    return sorted(_pieces(sorted(mine), sorted(others)))


def _pieces(mine: Sequence[Slot], others: Sequence[Slot]) -> Iterator[Slot]:
    longest = max((slot.ends_at - slot.starts_at for slot in others), default=timedelta(0))
    first = 0
    for slot in mine:
        while first < len(others) and others[first].starts_at + longest <= slot.starts_at:
            first += 1
        for other in others[first:]:
            if other.starts_at >= slot.ends_at:
                break
            if slot.overlaps(other):
                yield Slot(max(slot.starts_at, other.starts_at), min(slot.ends_at, other.ends_at))


def _conflict(window: Window, what: str, met: Sequence[Slot]) -> Conflict:
    times = "once" if len(met) == 1 else f"{len(met)} times"
    span = f"{window.on_its_clock(met[0].starts_at)} to {window.on_its_clock(met[0].ends_at)}"
    return Conflict(f"{what}: {times} in the next {AHEAD.days} days, first from {span}.", met[0])


def _whose(window: Window, other: Window) -> str:
    """Said of a window that belongs to one tenant, where this one does not."""
    is_of_tenant = other.scope.tenant is not None and other.scope.tenant != window.scope.tenant
    return ", which is a tenant's own," if is_of_tenant else ""


def _names(databases: Sequence[Database], most: int = NAMED) -> str:
    names = sorted(database.name for database in databases)
    more = len(names) - most
    if more > 0:
        return f"{', '.join(names[:most])} and {more} more"
    return " and ".join(([", ".join(names[:-1])] if names[:-1] else []) + names[-1:])
