"""Errors that look alike: counted anew day by day, and dealt with by people, database by database."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple

from django.db import transaction
from django.db.models import Max, Min, Value
from django.db.models.functions import Coalesce

from monitoring import fingerprints
from monitoring.models import ErrorDay, ErrorGroup, HandledError, RollupMark
from strategies import audit
from strategies.audit import Actor
from strategies.models import OperationLog, OperationStatus, Target, User

COUNTED = (OperationStatus.ERROR, OperationStatus.TIMEOUT)
CHUNK = 2000
AT_ONCE = 500  # values in one list: Oracle takes at most 1000
OBJECTS = 20  # kept of each group, day and target, with how often
OBJECTS_COUNTED = 200  # different ones that are counted; which of more are the most frequent is told by these

COLUMNS = ("count", "first_at", "last_at", "last_operation_id", "last_object", "last_message", "objects_hit")

Kind = tuple[str, str, str]  # code, strategy, shape


@dataclass(slots=True)
class _Sum:
    """The errors of one group on one target."""

    count: int = 0
    first_at: datetime | None = None
    last: tuple[datetime, int] | None = None  # when, and the operation
    last_object: str = ""
    last_message: str = ""
    objects: Counter[str] = field(default_factory=Counter)

    def add(self, at: datetime, operation: int, target_object: str, message: str) -> None:
        self.count += 1
        if self.first_at is None or at < self.first_at:
            self.first_at = at
        if self.last is None or (at, operation) > self.last:
            self.last, self.last_object, self.last_message = (at, operation), target_object, message
        if target_object and (target_object in self.objects or len(self.objects) < OBJECTS_COUNTED):
            self.objects[target_object] += 1


Sums = dict[tuple[Kind, int | None], _Sum]


def roll_day(day: date) -> None:
    """Count the errors of the operations that began on this day (UTC) anew, whole; again and again with one result.

    In a day before the seal, strategies of which fewer errors are left than were counted once stay as they are: rows were
    pruned. Whoever writes a day, and the seal, wait for each other at the mark of the rollups.
    """
    sums = _read(day)
    RollupMark.objects.get_or_create(pk=1)
    with transaction.atomic():
        mark = RollupMark.objects.select_for_update().get(pk=1)
        stored = list(ErrorDay.objects.filter(day=day).select_related("group").order_by())
        if mark.sealed_before is not None and day < mark.sealed_before:
            kept = _with_fewer_errors(stored, sums)
            stored = [row for row in stored if row.group.strategy_name not in kept]
            sums = {key: one for key, one in sums.items() if key[0][1] not in kept}
        _store(stored, _rows(day, sums, _groups({kind for kind, _ in sums})))


def _with_fewer_errors(stored: Iterable[ErrorDay], sums: Sums) -> set[str]:
    """Strategies of which fewer errors are left than are stored."""
    left: Counter[str] = Counter()
    once: Counter[str] = Counter()
    for ((_, strategy, _), _), one in sums.items():
        left[strategy] += one.count
    for row in stored:
        once[row.group.strategy_name] += row.count
    return {strategy for strategy, n in once.items() if left[strategy] < n}


def _store(stored: Iterable[ErrorDay], rows: Iterable[ErrorDay]) -> None:
    """Put these rows in place of those that are stored; what says the same already stays as it is."""
    wanted = {(row.group_id, row.target_id): row for row in rows}
    right, wrong = set(), []
    for row in stored:
        key = (row.group_id, row.target_id)
        if key not in right and _says(wanted.get(key), row):
            right.add(key)
        else:
            wrong.append(row.pk)
    for start in range(0, len(wrong), AT_ONCE):
        ErrorDay.objects.filter(pk__in=wrong[start : start + AT_ONCE]).delete()
    ErrorDay.objects.bulk_create((row for key, row in wanted.items() if key not in right), batch_size=AT_ONCE)


def _says(wanted: ErrorDay | None, row: ErrorDay) -> bool:
    """Whether a row that is stored says the same: most days are counted again and again with nothing new."""
    return wanted is not None and all(getattr(wanted, name) == getattr(row, name) for name in COLUMNS)


def _read(day: date) -> Sums:
    """By kind and target; memory grows with the groups and targets, not with the rows.

    The status stands in an expression: by its index a database would read the errors of all time for each day.
    """
    start = datetime.combine(day, time.min, UTC)
    rows = OperationLog.objects.readable().filter(
        operation_time__gte=start, operation_time__lt=start + timedelta(days=1)
    )
    rows = rows.alias(word=Coalesce("status", Value(""))).filter(word__in=COUNTED)
    registered = {None, *Target.objects.order_by().values_list("pk", flat=True)}
    found: Sums = {}
    for pk, began_at, ended_at, code, strategy, error_message, message, target, target_object in (
        rows.order_by()
        .values_list(
            "pk", "operation_time", "ended_at", "error_code", "strategy_name", "error_message", "message", "target_id", "target_object"
        )
        .iterator(CHUNK)
    ):  # fmt: skip
        if began_at is None or target not in registered:  # as SQLite may let them be typed; see ended.py
            continue
        text = error_message or message or ""
        kind = ((code or "").strip(), strategy, fingerprints.shape(text))
        sums = found.setdefault((kind, target), _Sum())
        sums.add(max(began_at, ended_at or began_at), pk, target_object or "", text)
    return found


def _groups(kinds: set[Kind]) -> dict[Kind, int]:
    """The key of each group; new ones are made. Whoever makes groups holds the mark of the rollups."""
    prints = {fingerprints.fingerprint(*kind): kind for kind in kinds}
    found = _known(prints)
    new = [
        ErrorGroup(fingerprint=one, error_code=code, strategy_name=strategy, shape=shape)
        for one, (code, strategy, shape) in prints.items()
        if (code, strategy, shape) not in found
    ]
    if not new:
        return found
    ErrorGroup.objects.bulk_create(new, batch_size=AT_ONCE)
    return _known(prints)


def _known(prints: dict[str, Kind]) -> dict[Kind, int]:
    found: dict[Kind, int] = {}
    every = list(prints)
    for start in range(0, len(every), AT_ONCE):
        rows = ErrorGroup.objects.filter(fingerprint__in=every[start : start + AT_ONCE]).order_by()
        found |= {prints[one]: pk for one, pk in rows.values_list("fingerprint", "pk")}
    return found


def _rows(day: date, sums: Sums, groups: dict[Kind, int]) -> Iterable[ErrorDay]:
    for (kind, target), one in sums.items():
        if one.first_at is not None and one.last is not None:
            yield ErrorDay(
                group_id=groups[kind], day=day, target_id=target, count=one.count, first_at=one.first_at, last_at=one.last[0],
                last_operation_id=one.last[1], last_object=one.last_object, last_message=one.last_message,
                objects_hit=dict(one.objects.most_common(OBJECTS)),
            )  # fmt: skip


class Handled(NamedTuple):
    """On how many targets a group was closed now, and whether errors that nobody has dealt with are left in sight."""

    targets: int
    is_open: bool


def handle(
    actor: Actor, user: User, group: ErrorGroup, note: str, *, seen_until: datetime, moment: datetime
) -> Handled:
    """Note that what came until `seen_until` is dealt with, on every target that this person sees.

    A later error opens the group again, also one that came while the page was read.
    """
    with transaction.atomic():
        ErrorGroup.objects.select_for_update().get(pk=group.pk)
        seen = ErrorDay.objects.visible_to(user).filter(group=group).order_by().values_list("target")
        marks = {mark.target_id: mark for mark in HandledError.objects.filter(group=group)}
        came = list(seen.annotate(first=Min("first_at"), last=Max("last_at")))
        seen_until = min(seen_until, max([moment, *(last_at for *_, last_at in came)]))  # nobody saw what is to come
        closed, is_open = [], False
        for target, first_at, last_at in came:
            until = marks[target].until_at if target in marks else None
            if until is not None and last_at <= until:
                continue
            is_open = is_open or last_at > seen_until
            if first_at <= seen_until and (until is None or until < seen_until):
                closed.append(target)
        HandledError.objects.filter(pk__in=[marks[target].pk for target in closed if target in marks]).delete()
        HandledError.objects.bulk_create(
            HandledError(
                group=group, target_id=target, until_at=seen_until, handled_at=moment, handled_by=actor.name[:150], note=note[:500]
            )
            for target in closed
        )  # fmt: skip
        names = Target.objects.in_bulk([target for target in closed if target is not None])
        for target in closed:
            audit.record(
                actor, "error.handled", group, after={"until_at": seen_until.isoformat()}, reason=note, target=names.get(target)
            )  # fmt: skip
    return Handled(len(closed), is_open)
