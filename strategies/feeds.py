"""Feeds for the calendars that people carry about: windows, freezes and work to come of the next 60 days, as iCalendar."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice, takewhile
from typing import Any

from cronsim import CronSimError
from django.db import transaction
from icalendar import Calendar as Text
from icalendar import Event

from strategies import audit, job_clock, timetables
from strategies.audit import Actor
from strategies.models import (
    OPEN,
    READS,
    Calendar,
    CalendarKind,
    Feed,
    JobRun,
    MaintenanceJob,
    MaintenanceWindow,
    Target,
    User,
)
from strategies.occurrences import Slot
from strategies.reach import Reach
from strategies.refused import Refused
from strategies.scope import Place, Scope
from strategies.windows import Freeze, Window

AHEAD = timedelta(days=60)
MOST_EVENTS = 3000
MOST_OF_ONE = 500  # slots of one window or freeze, due instants of one job
MOST_FEEDS = 50  # of one person
_FORESEEN = (
    "Work stands at the time when it is due. Windows, freezes, limits of runs at once, holds and approvals may let it "
    "begin later."
)
_USUAL = timedelta(minutes=30)  # the length of an event whose own is not known


@dataclass(frozen=True, slots=True)
class Happening:
    """One event of a feed; `key` is the same as long as it is about the same thing at the same time."""

    key: str
    title: str
    slot: Slot
    details: str = ""


def make(actor: Actor, user: User, place: dict[str, Any], moment: datetime) -> Feed:
    """Raises Refused for somebody who has too many, or does not see the whole of the scope."""
    feed = Feed(user=user, made_at=moment, **place)
    if refusal := Reach.of(user).refusal(feed, "may have a feed of it"):
        raise Refused(refusal, "scope")
    with transaction.atomic():
        if Feed.objects.filter(user=user, revoked_at=None).count() >= MOST_FEEDS:
            raise Refused(f"You have {MOST_FEEDS} feeds already; revoke one that nobody reads.")
        feed.save()
        audit.record(actor, "feed.made", feed, after={"scope": feed.scope}, target=feed.target)
    return feed


def revoke(actor: Actor, feed: Feed, moment: datetime) -> bool:
    """Nobody reads it any more. False = it was revoked already."""
    with transaction.atomic():
        won = Feed.objects.filter(pk=feed.pk, revoked_at=None).update(revoked_at=moment) == 1
        if won:
            audit.record(actor, "feed.revoked", feed, before={"scope": feed.scope}, target=feed.target)
    return won


def as_text(feed: Feed, moment: datetime) -> bytes | None:
    """The feed as iCalendar; None = who made it may not read such things any more."""
    if not feed.user.has_role(*READS):
        return None
    text = Text()
    text.add("prodid", "-//Maintenance Portal//EN")
    text.add("version", "2.0")
    text.add("x-wr-calname", f"Maintenance: {feed.scope}")
    text.add("x-wr-caldesc", _FORESEEN)
    text.add("refresh-interval", timedelta(hours=1), parameters={"VALUE": "DURATION"})
    for happening in islice(happenings(feed.user, feed.where, moment), MOST_EVENTS):
        event = Event()
        event.add("uid", f"{happening.key}@maintenance-portal")
        event.add("dtstamp", moment.astimezone(UTC).replace(microsecond=0))
        event.add("summary", happening.title)
        event.add("dtstart", happening.slot.starts_at.astimezone(UTC))
        event.add("dtend", happening.slot.ends_at.astimezone(UTC))
        event.add("transp", "TRANSPARENT")
        if happening.details:
            event.add("description", happening.details)
        text.add_component(event)
    return bytes(text.to_ical())


def happenings(user: User, scope: Scope, moment: datetime) -> Iterator[Happening]:
    """What this person sees of the next 60 days in this scope. The same few queries, however much there is."""
    targets = list(Target.objects.visible_to(user).defer("facts"))
    known = {database.place.target: database for database in timetables.databases(targets)}
    places = {pk: database.place for pk, database in known.items() if scope.covers(database.place)}
    until = moment + AHEAD
    yield from _windows(user, list(places.values()), moment, until)
    yield from _freezes(user, list(places.values()), moment, until)
    names = {pk: known[pk].name for pk in places}
    yield from _runs(user, names, until)
    home = next((target.pk for target in targets if target.is_home), None)
    yield from _due(user, names, home, moment, until)


def _windows(user: User, places: Sequence[Place], moment: datetime, until: datetime) -> Iterator[Happening]:
    rows = MaintenanceWindow.objects.visible_to(user).filter(is_active=True)
    for window in timetables.windows(moment, rows):
        if _any(window, places):
            for slot in islice(window.slots(moment, until), MOST_OF_ONE):
                yield Happening(_key("window", window.pk, slot.starts_at), f"Maintenance window: {window.name}", slot)


def _freezes(user: User, places: Sequence[Place], moment: datetime, until: datetime) -> Iterator[Happening]:
    names = set(Calendar.objects.visible_to(user).values_list("name", flat=True))
    for kind in (CalendarKind.FREEZE, CalendarKind.BACKUP):
        for freeze in timetables.freezes(moment, kind):
            if freeze.when is None or freeze.calendar not in names or not _shuts(freeze, places):
                continue
            for slot in islice(freeze.slots(moment, until), MOST_OF_ONE):
                title = f"{kind.label}: {freeze.name} ({freeze.calendar})"
                yield Happening(_key(kind.value, freeze.pk, slot.starts_at), title, slot, freeze.reason)


def _any(window: Window, places: Iterable[Place]) -> bool:
    return any(window.scope.covers(place) for place in places)


def _shuts(freeze: Freeze, places: Iterable[Place]) -> bool:
    return any(freeze.covers(place) for place in places)


def _runs(user: User, names: dict[int, str], until: datetime) -> Iterator[Happening]:
    """Released runs that wait, and those at work."""
    rows = JobRun.objects.visible_to(user).filter(status__in=OPEN, is_released=True, due_at__lt=until)
    columns = rows.order_by("due_at", "pk").values_list(
        "pk", "strategy_name", "target", "due_at", "started_at", "predicted"
    )
    for pk, strategy, target, due_at, started_at, predicted in columns[:MOST_EVENTS]:
        if target in names:
            starts_at = started_at or due_at
            slot = Slot(starts_at, starts_at + _length(predicted))
            yield Happening(f"run-{pk}", f"Run {pk}: {_words(strategy)} on {names[target]}", slot)


def _due(user: User, names: dict[int, str], home: int | None, moment: datetime, until: datetime) -> Iterator[Happening]:
    """When jobs are due; where a run is prepared for an instant, that run stands for it."""
    rows = MaintenanceJob.objects.visible_to(user).scheduled().filter(next_run__lt=until).order_by("next_run", "pk")
    for job in rows[:MOST_EVENTS]:
        target = job.target_id if job.target_id is not None else home
        if target not in names:
            continue
        for at in islice(takewhile(lambda due: due < until, _instants(job, moment)), MOST_OF_ONE):
            title = f"Due: {_words(job.strategy_id)} on {names[target]}"
            yield Happening(_key("job", job.pk, at), title, Slot(at, at + _USUAL))


def _instants(job: MaintenanceJob, moment: datetime) -> Iterator[datetime]:
    first = job.next_run
    if first is None:
        return
    if first >= moment and first != job.prepared_for:
        yield first
    try:
        if job.clock:
            yield from job_clock.schedule_of(job.clock).after(max(first, moment))
    except (CronSimError, ValueError, KeyError, OSError):  # a clock that cannot be read has no further instants
        return


def _length(predicted: dict[str, Any] | None) -> timedelta:
    p90_ms = (predicted or {}).get("p90_ms")
    return max(timedelta(minutes=1), timedelta(milliseconds=p90_ms)) if p90_ms is not None else _USUAL


def _words(strategy: str) -> str:
    return strategy.replace("_", " ").capitalize()


def _key(kind: str, pk: int, at: datetime) -> str:
    return f"{kind}-{pk}-{at.astimezone(UTC):%Y%m%dT%H%M%SZ}"
