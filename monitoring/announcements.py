"""Announces the maintenance of systems: keeps up with the work on their databases, and records what subscribers are to be told.

Each step of a life is a conditional update with its audit entry; the entry is what is told, once.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db import transaction
from django.db.models import F, Prefetch, Value
from django.db.models.functions import Concat

from monitoring import foreseen
from monitoring.foreseen import Foreseen, Sight
from monitoring.maintenance_life import (
    LONGEST,
    UNFINISHED,
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
from strategies import audit, due_runs
from strategies.audit import PORTAL, Actor
from strategies.batches import Budget, is_spent
from strategies.models import Target

log = logging.getLogger(__name__)

AT_ONCE = 5  # systems that are looked after with the same few queries
AHEAD = timedelta(hours=MOST_AHEAD_HOURS)  # so far status pages show; each system says how far its subscribers are told
NEAR, FAR = timedelta(seconds=10), timedelta(seconds=60)  # until the next look
KEPT = timedelta(days=400)
_NEARS = timedelta(minutes=15)
_MOVES_WITHIN = timedelta(hours=48)  # a due instant that comes in the place of another
_PRUNED_AT_ONCE = 500
_COMPARED = ("work", "key", "run_id", "target_id", "due_at", "doing", "starts_at", "ends_at", "is_bound")
_TARGETS = Target.objects.select_related("tenant").defer("facts", "missing_rights")
_NEVER = (Doing.MISSED, Doing.GONE, Doing.DROPPED)
_BEGUN = (Doing.WORKING, Doing.VERIFYING)
_UNDONE = (Doing.BROKEN, Doing.MISSED)
_SEEN_BEGUN = (*_BEGUN, Doing.DONE, Doing.BROKEN)


@dataclass(slots=True)
class _Open:
    """An announcement that is not over, and its work as it is found now."""

    row: Announcement
    works: list[tuple[AnnouncedWork, Foreseen]] = field(default_factory=list)

    @property
    def life(self) -> Life:
        row = self.row
        return Life(
            row.stage, row.starts_at, row.told_at, row.told_starts_at, row.told_ends_at, row.reminded_at, row.told_is_bound
        )  # fmt: skip

    def takes(self, one: Foreseen, moment: datetime) -> bool:
        """Whether new work belongs to it. What is only being checked takes on no more; what is at work lasts until now at least."""
        pieces = [found.piece for _, found in self.works if found.piece.doing not in _NEVER]
        if self.row.stage == Stage.VERIFYING or not pieces:
            return False
        ends = max(piece.ends_at or (moment if piece.doing in _BEGUN else piece.starts_at) for piece in pieces)
        return is_one(min(piece.starts_at for piece in pieces), ends, one.piece)


def follow(moment: datetime, budget: Budget | None = None) -> int:
    """Look after the systems whose turn it is, a few at a time. How many it were."""
    count = 0
    while True:
        due = System.objects.filter(is_active=True, look_at__lte=moment).order_by("look_at", "pk")
        systems = list(due.select_related("tenant").prefetch_related(Prefetch("targets", _TARGETS))[:AT_ONCE])
        if not systems:
            return count
        _follow_some(systems, moment)
        count += len(systems)
        if is_spent(budget):
            return count


def _follow_some(systems: Sequence[System], moment: datetime) -> None:
    works: dict[int, list[AnnouncedWork]] = defaultdict(list)
    by_system: dict[int, list[Announcement]] = defaultdict(list)
    rows = list(Announcement.objects.filter(system__in=systems, stage__in=NOT_OVER))
    known = list(AnnouncedWork.objects.filter(announcement__in=rows))
    for one in known:
        works[one.announcement_id].append(one)
    for row in rows:
        by_system[row.system_id].append(row)
    targets = {system.pk: told_targets(system) for system in systems}
    everywhere = {pk: target for of_one in targets.values() for pk, target in of_one.items()}
    sight = foreseen.load(everywhere, known, moment, moment + AHEAD)
    for system in systems:
        try:
            opened = [_Open(row, [(one, sight.of(one)) for one in works[row.pk]]) for row in by_system[system.pk]]
            _follow(system, targets[system.pk], opened, sight)
        except Exception:
            log.exception("the maintenance of system %s could not be followed; the others are", system.pk)
            System.objects.filter(pk=system.pk, look_at=system.look_at).update(look_at=moment + FAR)


def told_targets(system: System) -> dict[int, Target]:
    """The databases whose work is told: one that has another tenant by now is none of them."""
    return {target.pk: target for target in system.targets.all() if target.tenant_id == system.tenant_id}


def _follow(system: System, targets: Mapping[int, Target], opened: list[_Open], sight: Sight) -> None:
    """Nothing where somebody else has looked meanwhile."""
    moment = sight.moment
    for one in opened:
        one.row.system = system
        one.works = [(work, _as_told(work, found, system, targets)) for work, found in one.works]
    new = _unknown(system, opened, sight, targets)
    _replace(opened, new)
    for found in new:
        _join(system, opened, found, moment)
    for one in opened:
        one.works = _handed_on(one.works)
    with transaction.atomic():
        mine = System.objects.filter(pk=system.pk, look_at=system.look_at, is_active=True)
        is_near = any(one.row.starts_at <= moment + _NEARS for one in opened)
        if mine.update(look_at=moment + (NEAR if is_near else FAR), looked_at=moment) != 1:
            return
        manners = Manners(timedelta(hours=system.ahead_hours), timedelta(minutes=system.reminder_minutes))
        for one in opened:
            _take_step(one, look(one.life, [found.piece for _, found in one.works], moment, manners), targets, moment)


def _as_told(known: AnnouncedWork, found: Foreseen, system: System, targets: Mapping[int, Target]) -> Foreseen:
    """Work that does not concern the system any more, and had not begun, is none of its maintenance."""
    if known.doing not in _SEEN_BEGUN and not _concerns(found, system, targets):
        return replace(found, piece=replace(found.piece, doing=Doing.DROPPED))
    return found


def _concerns(found: Foreseen, system: System, targets: Mapping[int, Target]) -> bool:
    return found.target in targets and (not system.told_strategies or found.strategy in system.told_strategies)


def _unknown(
    system: System, opened: Iterable[_Open], sight: Sight, targets: Mapping[int, Target]
) -> list[Foreseen]:  # fmt: skip
    """Work on its databases that is announced nowhere yet, in the order in which it begins."""
    known = [found for one in opened for _, found in one.works]
    works, runs = {found.work for found in known}, {found.run for found in known if found.run is not None}
    new = [
        work for target in targets for work in sight.coming.get(target, ())
        if _concerns(work, system, targets) and work.work not in works and work.run not in runs
        and work.piece.starts_at <= sight.moment + AHEAD
    ]  # fmt: skip
    return sorted(new, key=lambda work: (work.piece.starts_at, work.work))


def _replace(opened: Iterable[_Open], new: list[Foreseen]) -> None:
    """What comes in the place of a maintenance of which nothing is left is the same maintenance at another time.

    That is the next due instant of each of its jobs, where they were given other times, or the run that a job catches up with. Of a run
    that somebody cancelled nothing comes in its place.
    """
    for one in opened:
        others: list[Foreseen] = []
        for _, found in one.works:
            there = (work for work in new if work not in others and _comes_instead(work, found))
            others += [other] if (other := next(there, None)) is not None else []
        if one.works and len(others) == len(one.works) and _length(others) <= LONGEST:
            for other in others:
                new.remove(other)
            one.works = [(work, other) for (work, _), other in zip(one.works, others, strict=True)]


def _comes_instead(new: Foreseen, old: Foreseen) -> bool:
    if old.job is None or new.job != old.job or abs(new.due_at - old.due_at) > _MOVES_WITHIN:
        return False
    if old.piece.doing is Doing.MISSED:
        return new.work.startswith(due_runs.CATCH_UP)
    return old.piece.doing is Doing.GONE and old.run is None


def _length(works: Sequence[Foreseen]) -> timedelta:
    """From the begin of the first to the end of the last."""
    ends = max(work.piece.ends_at or work.piece.starts_at for work in works)
    return ends - min(work.piece.starts_at for work in works)


def _join(system: System, opened: list[_Open], found: Foreseen, moment: datetime) -> None:
    there = next((one for one in opened if one.takes(found, moment)), None)
    if there is None:
        row = Announcement(
            system=system, starts_at=found.piece.starts_at, ends_at=found.piece.ends_at, created_at=moment
        )
        there = _Open(row)
        opened.append(there)
    there.works.append((AnnouncedWork(strategy_name=found.strategy, job_id=found.job), found))


def _handed_on(works: Sequence[tuple[AnnouncedWork, Foreseen]]) -> list[tuple[AnnouncedWork, Foreseen]]:
    """What a run left to another of the same maintenance is not left undone."""
    handed = {found.carries_on for _, found in works}
    return [
        (work, replace(found, piece=replace(found.piece, doing=Doing.DONE)) if found.run in handed - {None} else found)
        for work, found in works
    ]  # fmt: skip


def _take_step(one: _Open, found: Look, targets: Mapping[int, Target], moment: datetime) -> None:
    """Keep what was found, and record what is to be told of it. Inside the transaction of whoever looks after the system."""
    row, told = one.row, after(one.life, found, moment)
    before = _values(row)
    row.stage, row.starts_at, row.ends_at, row.is_bound = found.stage, found.starts_at, found.ends_at, found.is_bound
    row.told_at, row.told_starts_at, row.told_ends_at = told.told_at, told.told_starts_at, told.told_ends_at
    row.reminded_at, row.told_is_bound = told.reminded_at, told.told_is_bound
    row.closed_at = moment if found.is_over else None
    was = row.named_starts_at, before["told_ends_at"]
    row.named_starts_at = told.told_starts_at or row.named_starts_at
    if row.pk is None:
        row.save()
    elif before != _values(row):
        row.changes += 1
        row.save()
    _keep_works(one)
    if found.tell:
        works = [_Work(work.target, work.strategy, work.run, work.piece.doing) for _, work in one.works]
        _record(PORTAL, row, found.tell, was, works, targets, found.is_start_known)
    if found.is_over:
        row.works.update(key=Concat(F("key"), Value(f":{row.pk}")))


def _values(row: Announcement) -> dict[str, Any]:
    names = (
        "stage", "starts_at", "ends_at", "is_bound", "told_at", "told_starts_at", "told_ends_at", "told_is_bound", "reminded_at",
    )  # fmt: skip
    return {name: getattr(row, name) for name in names}


def _keep_works(one: _Open) -> None:
    new: list[AnnouncedWork] = []
    changed: list[AnnouncedWork] = []
    for work, found in one.works:
        before = tuple(getattr(work, name) for name in _COMPARED)
        work.work, work.key = found.work, f"{one.row.system_id}:{found.work}"
        work.run_id, work.target_id, work.due_at = found.run, found.target, found.due_at
        piece = found.piece
        work.doing, work.starts_at, work.ends_at, work.is_bound = (
            piece.doing.value, piece.starts_at, piece.ends_at, piece.is_bound,
        )  # fmt: skip
        if work.pk is None:
            work.announcement = one.row
            new.append(work)
        elif before != tuple(getattr(work, name) for name in _COMPARED):
            changed.append(work)
    AnnouncedWork.objects.bulk_create(new)
    AnnouncedWork.objects.bulk_update(
        changed, ["work", "key", "run", "target", "due_at", "doing", "starts_at", "ends_at", "is_bound"]
    )


class _Work(NamedTuple):
    target: int
    strategy: str
    run: int | None
    doing: str


def _record(
    actor: Actor, row: Announcement, step: str, was: tuple[datetime | None, datetime | None], works: Sequence[_Work],
    targets: Mapping[int, Target], is_start_known: bool = True,
) -> None:  # fmt: skip
    """`was` are the begin and the end that were told before. What does not take place is named only where nothing does."""
    taken = [work for work in works if work.doing not in _NEVER] or works
    on = [targets[pk] for pk in {work.target for work in taken} if pk in targets] or list(targets.values())
    undone = {
        (work.strategy, targets[work.target].name) for work in works if work.doing in _UNDONE and work.target in targets
    }
    told = {
        "starts_at": _iso(row.starts_at) if is_start_known else None, "ends_at": _iso(row.ends_at) if is_start_known else None,
        "was_starts_at": _iso(was[0]), "was_ends_at": _iso(was[1]),
        "has_begun": row.stage not in (Stage.PLANNED, Stage.CANCELLED, Stage.WITHDRAWN),
        "is_bound": row.is_bound, "databases": sorted(target.name for target in on),
        "strategies": sorted({work.strategy for work in taken}),
        "not_done": sorted(undone) if step == UNFINISHED else [], "runs": sorted({work.run for work in taken if work.run}),
    }  # fmt: skip
    audit.record(actor, f"maintenance.{step}", row, after=told, target=next(iter(on), None))


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment is not None else None


def withdraw(actor: Actor, system: System, moment: datetime) -> None:
    """Nothing more is told of what is announced of this system, and that is said. Inside the transaction of whoever switches it off."""
    targets = told_targets(system)
    for row in Announcement.objects.filter(system=system, stage__in=NOT_OVER).select_for_update():
        works = [_Work(one.target_id, one.strategy_name, one.run_id, one.doing) for one in row.works.all()]
        row.system, row.stage, row.closed_at, row.changes = system, Stage.WITHDRAWN, moment, row.changes + 1
        row.save()
        row.works.update(key=Concat(F("key"), Value(f":{row.pk}")))
        if row.told_at is not None:
            _record(actor, row, WITHDRAWN, (row.named_starts_at, row.told_ends_at), works, targets)


def prune(moment: datetime) -> int:
    """Delete one batch of announcements that were over long ago; how many rows it were."""
    old = Announcement.objects.filter(closed_at__lt=moment - KEPT).order_by("pk")
    pks = list(old.values_list("pk", flat=True)[:_PRUNED_AT_ONCE])
    return Announcement.objects.filter(pk__in=pks).delete()[0] if pks else 0
