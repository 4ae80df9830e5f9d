"""Announces the maintenance of systems: keeps up with the work on their databases, and records what subscribers are to be told.

Each step of a life is a conditional update with its audit entry; the entry is what is told, once.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, Value
from django.db.models.functions import Concat

from monitoring import foreseen
from monitoring.foreseen import Foreseen, Sight
from monitoring.maintenance_life import (
    LONGEST,
    WITHDRAWN,
    Doing,
    Life,
    Look,
    Manners,
    after,
    is_one,
    look,
)
from monitoring.models import MOST_AHEAD_HOURS, NOT_OVER, AnnouncedWork, Announcement, Stage, System
from strategies import audit
from strategies.audit import PORTAL, Actor
from strategies.batches import Budget, is_spent
from strategies.models import Target

log = logging.getLogger(__name__)

AT_ONCE = 50  # systems that are looked after with the same few queries
AHEAD = timedelta(hours=MOST_AHEAD_HOURS)  # so far status pages show; each system says how far its subscribers are told
NEAR, FAR = timedelta(seconds=10), timedelta(seconds=30)  # until the next look
_NEARS = timedelta(minutes=15)
KEPT = timedelta(days=400)
_PRUNED_AT_ONCE = 500
_COMPARED = ("work", "key", "run_id", "due_at", "doing", "starts_at", "ends_at")


@dataclass(slots=True)
class _Open:
    """An announcement that is not over, and its work as it is found now."""

    row: Announcement
    works: list[tuple[AnnouncedWork, Foreseen]] = field(default_factory=list)

    @property
    def life(self) -> Life:
        row = self.row
        return Life(
            row.stage, row.starts_at, row.told_at, row.told_starts_at, row.told_ends_at, row.reminded_at
        )  # fmt: skip

    def takes(self, one: Foreseen) -> bool:
        """Whether new work belongs to it. What is only being checked takes on no more."""
        pieces = [found.piece for _, found in self.works if found.piece.doing not in (Doing.MISSED, Doing.GONE)]
        if self.row.stage == Stage.VERIFYING or not pieces:
            return False
        ends = max(piece.ends_at or piece.starts_at for piece in pieces)
        return is_one(min(piece.starts_at for piece in pieces), ends, one.piece)


def follow(moment: datetime, budget: Budget | None = None) -> int:
    """Look after the systems whose turn it is. How many it were."""
    due = System.objects.filter(is_active=True, look_at__lte=moment).order_by("look_at", "pk")
    systems = list(due.select_related("tenant").prefetch_related("targets")[:AT_ONCE])
    if not systems:
        return 0
    rows = Announcement.objects.filter(system__in=systems, stage__in=NOT_OVER)
    works: dict[int, list[AnnouncedWork]] = defaultdict(list)
    known = list(AnnouncedWork.objects.filter(announcement__in=rows))
    for one in known:
        works[one.announcement_id].append(one)
    by_system: dict[int, list[Announcement]] = defaultdict(list)
    for row in rows:
        by_system[row.system_id].append(row)
    targets = {target.pk: target for system in systems for target in system.targets.all()}
    sight = foreseen.load(targets, known, moment, moment + AHEAD)
    count = 0
    for system in systems:
        if count and is_spent(budget):
            break
        try:
            opened = [_Open(row, [(one, sight.of(one)) for one in works[row.pk]]) for row in by_system[system.pk]]
            _follow(system, opened, sight, moment)
        except Exception:
            log.exception("the maintenance of system %s could not be followed; the others are", system.pk)
            System.objects.filter(pk=system.pk, look_at=system.look_at).update(look_at=moment + FAR)
        count += 1
    return count


def _follow(system: System, opened: list[_Open], sight: Sight, moment: datetime) -> None:
    """Nothing where somebody else has looked meanwhile."""
    targets = {target.pk: target for target in system.targets.all()}
    for one in opened:
        one.row.system = system
        one.works = [(work, _as_told(found, system, targets)) for work, found in one.works]
    new = _unknown(system, opened, sight, targets, moment)
    _move(opened, new)
    for found in new:
        _join(system, opened, found, moment)
    with transaction.atomic():
        mine = System.objects.filter(pk=system.pk, look_at=system.look_at, is_active=True)
        is_near = any(one.row.starts_at <= moment + _NEARS for one in opened)
        if mine.update(look_at=moment + (NEAR if is_near else FAR)) != 1:
            return
        manners = Manners(timedelta(hours=system.ahead_hours), timedelta(minutes=system.reminder_minutes))
        for one in opened:
            _take_step(one, look(one.life, [found.piece for _, found in one.works], moment, manners), targets, moment)


def _as_told(found: Foreseen, system: System, targets: Mapping[int, Target]) -> Foreseen:
    """Work that does not concern the system any more, and has not begun, is none of its maintenance."""
    if found.piece.doing is Doing.COMING and not _concerns(found, system, targets):
        return replace(found, piece=replace(found.piece, doing=Doing.GONE))
    return found


def _concerns(found: Foreseen, system: System, targets: Mapping[int, Target]) -> bool:
    return found.target in targets and (not system.told_strategies or found.strategy in system.told_strategies)


def _unknown(
    system: System, opened: Iterable[_Open], sight: Sight, targets: Mapping[int, Target], moment: datetime
) -> list[Foreseen]:
    """Work on its databases that is announced nowhere yet, in the order in which it begins."""
    known = [found for one in opened for _, found in one.works]
    works, runs = {found.work for found in known}, {found.run for found in known if found.run is not None}
    new = [
        work for target in targets for work in sight.coming.get(target, ())
        if _concerns(work, system, targets) and work.work not in works and work.run not in runs
        and work.piece.starts_at <= moment + AHEAD
    ]  # fmt: skip
    return sorted(new, key=lambda work: (work.piece.starts_at, work.work))


def _move(opened: Iterable[_Open], new: list[Foreseen]) -> None:
    """Where a job was given other times, what was announced for the old ones is told to be at the new ones: taken in order.

    Only where nothing else is left of a maintenance, and what comes in its place is one, too; of a run that somebody cancelled, or that
    was missed, nothing comes in its place.
    """
    for one in opened:
        gone = [(work, found) for work, found in one.works if found.piece.doing is Doing.GONE]
        if not gone or len(gone) != len(one.works) or any(found.run is not None for _, found in gone):
            continue
        others: list[Foreseen] = []
        for _, found in gone:
            there = (work for work in new if work.job == found.job and work not in others)
            others += [other] if (other := next(there, None)) is not None else []
        if len(others) != len(gone) or found_together(others) > LONGEST:
            continue
        for other in others:
            new.remove(other)
        one.works = [(work, other) for (work, _), other in zip(gone, others, strict=True)]


def found_together(works: Sequence[Foreseen]) -> timedelta:
    """From the begin of the first to the end of the last."""
    ends = max(work.piece.ends_at or work.piece.starts_at for work in works)
    return ends - min(work.piece.starts_at for work in works)


def _join(system: System, opened: list[_Open], found: Foreseen, moment: datetime) -> None:
    there = next((one for one in opened if one.takes(found)), None)
    if there is None:
        row = Announcement(
            system=system, starts_at=found.piece.starts_at, ends_at=found.piece.ends_at, created_at=moment
        )
        there = _Open(row)
        opened.append(there)
    work = AnnouncedWork(target_id=found.target, strategy_name=found.strategy, job_id=found.job)
    there.works.append((work, found))


def _take_step(one: _Open, found: Look, targets: Mapping[int, Target], moment: datetime) -> None:
    """Keep what was found, and record what is to be told of it. Inside the transaction of whoever looks after the system."""
    row, told = one.row, after(one.life, found, moment)
    before = _values(row)
    row.stage, row.starts_at, row.ends_at = found.stage, found.starts_at, found.ends_at
    row.told_at, row.told_starts_at, row.told_ends_at = told.told_at, told.told_starts_at, told.told_ends_at
    row.reminded_at = told.reminded_at
    row.closed_at = moment if found.is_over else None
    was = before["told_starts_at"], before["told_ends_at"]
    if row.pk is None:
        row.save()
    elif before != _values(row):
        row.changes += 1
        row.save()
    _keep_works(one)
    if found.tell:
        _record(PORTAL, row, found.tell, was, [work for _, work in one.works], targets, found.is_start_known)
    if found.is_over:
        row.works.update(key=Concat(F("key"), Value(f":{row.pk}")))


def _values(row: Announcement) -> dict[str, Any]:
    names = ("stage", "starts_at", "ends_at", "told_at", "told_starts_at", "told_ends_at", "reminded_at")
    return {name: getattr(row, name) for name in names}


def _keep_works(one: _Open) -> None:
    new: list[AnnouncedWork] = []
    changed: list[AnnouncedWork] = []
    for work, found in one.works:
        before = tuple(getattr(work, name) for name in _COMPARED)
        work.work, work.key = found.work, f"{one.row.system_id}:{found.work}"
        work.run_id, work.due_at = found.run, found.due_at
        work.doing, work.starts_at, work.ends_at = found.piece.doing.value, found.piece.starts_at, found.piece.ends_at
        if work.pk is None:
            work.announcement = one.row
            new.append(work)
        elif before != tuple(getattr(work, name) for name in _COMPARED):
            changed.append(work)
    AnnouncedWork.objects.bulk_create(new)
    AnnouncedWork.objects.bulk_update(changed, ["work", "key", "run", "due_at", "doing", "starts_at", "ends_at"])


def _record(
    actor: Actor, row: Announcement, step: str, was: tuple[datetime | None, datetime | None], works: Sequence[Foreseen],
    targets: Mapping[int, Target], is_start_known: bool = True,
) -> None:  # fmt: skip
    """`was` are the begin and the end that were told before."""
    on = sorted({targets[work.target].name for work in works if work.target in targets})
    told = {
        "starts_at": _iso(row.starts_at) if is_start_known else None, "ends_at": _iso(row.ends_at) if is_start_known else None,
        "was_starts_at": _iso(was[0]), "was_ends_at": _iso(was[1]),
        "has_begun": row.stage not in (Stage.PLANNED, Stage.CANCELLED, Stage.WITHDRAWN), "databases": on,
        "strategies": sorted({work.strategy for work in works}), "runs": sorted({work.run for work in works if work.run}),
    }  # fmt: skip
    target = next((targets[work.target] for work in works if work.target in targets), None)
    audit.record(actor, f"maintenance.{step}", row, after=told, target=target or next(iter(targets.values()), None))


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment is not None else None


def withdraw(actor: Actor, system: System, moment: datetime) -> None:
    """Nothing more is told of what is announced of this system, and that is said. Inside the transaction of whoever switches it off."""
    targets = {target.pk: target for target in system.targets.all()}
    rows = Announcement.objects.filter(system=system, stage__in=NOT_OVER)
    for row in rows.select_for_update():
        was = row.told_starts_at, row.told_ends_at
        row.system, row.stage, row.closed_at, row.changes = system, Stage.WITHDRAWN, moment, row.changes + 1
        row.save()
        row.works.update(key=Concat(F("key"), Value(f":{row.pk}")))
        if row.told_at is not None:
            _record(actor, row, WITHDRAWN, was, (), targets)


def prune(moment: datetime) -> int:
    """Delete one batch of announcements that were over long ago; how many rows it were."""
    old = Announcement.objects.filter(closed_at__lt=moment - KEPT).order_by("pk")
    pks = list(old.values_list("pk", flat=True)[:_PRUNED_AT_ONCE])
    return Announcement.objects.filter(pk__in=pks).delete()[0] if pks else 0
