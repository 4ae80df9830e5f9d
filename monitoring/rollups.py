"""Keeps the rollups true: days of the log with news are counted anew, whole, so that pages never read the log itself."""

from __future__ import annotations

import logging
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from time import perf_counter
from typing import Any

from django.db import transaction
from django.db.models import Count, Max, Q, QuerySet
from django.db.models.functions import TruncDate

from monitoring import ended, errors, histogram
from monitoring.ended import Group, Groups
from monitoring.models import Grain, Rollup, RollupMark
from monitoring.models.rollup import Counts
from monitoring.sums import COLUMNS, Sums
from strategies.models import UNFINISHED, JobRun, OperationLog

log = logging.getLogger(__name__)

EVERY = timedelta(seconds=60)
WAKE_AGAIN = timedelta(seconds=60)  # a wake-up that vanishes is followed by the next
SHARE = 50  # looking takes at most one fiftieth of the time
AT_ONCE_SECONDS = 20.0  # a long past is read in portions, so that a task never outlasts its time
LEASE = timedelta(minutes=5)
# A transaction that stays open longer than this, and writes into days before yesterday, may be overlooked: `rebuild` finds it.
TIME_TO_ARRIVE = timedelta(hours=1)
DAY = timedelta(days=1)
BATCH = 500  # Oracle takes at most 1000 expressions in a list


class _TakenOver(Exception):
    """The lease passed, and another worker goes on."""


def is_due(moment: datetime) -> bool:
    """Whether it is time to look again; one row is read."""
    mark = RollupMark.objects.filter(pk=1).first()
    return mark is None or _is_due(mark, moment)


def wants_worker(moment: datetime) -> bool:
    """Whether to wake a worker for it now, as the beat asks each second: one row is read, and of two beats one is told so."""
    asked = RollupMark.objects.only("looked_at", "took_ms", "waiting_days", "woken_at")
    mark = asked.filter(pk=1).first() or RollupMark.objects.get_or_create(pk=1)[0]
    is_awake = mark.woken_at is not None and timedelta(0) <= moment - mark.woken_at < WAKE_AGAIN
    if is_awake or not _is_due(mark, moment):
        return False
    return RollupMark.objects.filter(pk=1, woken_at=mark.woken_at).update(woken_at=moment) == 1


def _is_due(mark: RollupMark, moment: datetime) -> bool:
    if mark.looked_at is None:
        return True
    wait = EVERY if mark.waiting_days else max(EVERY, SHARE * timedelta(milliseconds=mark.took_ms))
    return not timedelta(0) <= moment - mark.looked_at < wait  # a clock that was set back does not stop it


def roll_up(moment: datetime, *, force: bool = False) -> int:
    """Count the days with news anew, the latest first; how many. 0 also when it is too early or another worker is at it.

    Days that do not fit into the time of one call wait for the next. A day that fails is logged and waits as well.
    """
    began = perf_counter()
    mark = _take_turn(moment, force)
    if mark is None:
        return 0
    days, done = sorted(_look(mark, moment), reverse=True), 0
    waiting = set(days)
    try:
        _keep(mark, moment, began, waiting)
        for day in days:
            if perf_counter() - began > AT_ONCE_SECONDS:
                break
            if _roll_day(mark, day):
                waiting.discard(day)
                done += 1
            _keep(mark, moment, began, waiting)
        took_ms = round((perf_counter() - began) * 1000)
        RollupMark.objects.filter(pk=1, busy_until=mark.busy_until).update(busy_until=None, took_ms=took_ms)
    except _TakenOver:
        log.warning("another worker took the rollups over after %s", LEASE)
    return done


def rebuild(first: date, last: date) -> int:
    """Count every day from `first` to `last` anew, whatever was seen of it; how many."""
    RollupMark.objects.get_or_create(pk=1)
    days = [first + n * DAY for n in range((last - first).days + 1)]
    for day in days:
        _write(day, ended.on(day))
        errors.roll_day(day)
    return len(days)


def seal(before: date) -> None:
    """Call it before rows of days before this one are pruned: what was counted once is then never lost by counting anew."""
    RollupMark.objects.get_or_create(pk=1)
    with transaction.atomic():
        mark = RollupMark.objects.select_for_update().get(pk=1)
        if mark.sealed_before is None or mark.sealed_before < before:
            RollupMark.objects.filter(pk=1).update(sealed_before=before)


def looked_at() -> datetime | None:
    """How fresh the rollups are."""
    return RollupMark.objects.filter(pk=1).values_list("looked_at", flat=True).first()


# Whose turn it is.


def _take_turn(moment: datetime, force: bool) -> RollupMark | None:
    """The mark, with a lease for this worker; None = too early, or another one has it."""
    mark, _ = RollupMark.objects.get_or_create(pk=1)
    if not force and not _is_due(mark, moment):
        return None
    in_doubt = Q(busy_until__gt=moment + 2 * LEASE)  # by a clock that was set back since
    free = RollupMark.objects.filter(Q(busy_until=None) | Q(busy_until__lte=moment) | in_doubt, pk=1)
    if not free.update(busy_until=moment + LEASE):
        return None
    mark.refresh_from_db()
    return mark


def _keep(mark: RollupMark, moment: datetime, began: float, waiting: set[date]) -> None:
    """Write down what was seen and which days wait, and renew the lease. Raises _TakenOver."""
    held, mark.busy_until = mark.busy_until, moment + timedelta(seconds=perf_counter() - began) + LEASE
    kept = RollupMark.objects.filter(pk=1, busy_until=held).update(
        operation_id=mark.operation_id, next_operation_id=mark.next_operation_id, next_at=mark.next_at, arrived=mark.arrived,
        unfinished=mark.unfinished, looked_at=moment, busy_until=mark.busy_until,
        waiting_days=sorted(day.isoformat() for day in waiting),
    )  # fmt: skip
    if not kept:
        raise _TakenOver


# Which days have news.


def _look(mark: RollupMark, moment: datetime) -> set[date]:
    """Days with news since the last look; the mark then says what was seen.

    An operation is noticed when it arrives and when it ends, by how many of them each day has. Today and yesterday count
    always, since SQL may change rows that have ended.
    """
    today = moment.astimezone(UTC).date()
    highest = OperationLog.objects.aggregate(highest=Max("pk"))["highest"] or 0
    readable = OperationLog.objects.readable()
    rows = readable.filter(pk__gt=mark.operation_id, pk__lte=highest)
    late = Count("pk", filter=Q(pk__gt=mark.next_operation_id))
    seen = {
        day.isoformat(): (n, n_late)
        for day, n, n_late in _by_day(rows, "operation_time").annotate(n=Count("pk"), n_late=late)
    }
    arrived = {day: n for day, (n, _) in seen.items()}
    open_ = _by_day(readable.filter(status__in=UNFINISHED), "operation_time").annotate(n=Count("pk"))
    unfinished = {day.isoformat(): n for day, n in open_}
    runs = JobRun.objects.filter(finished_at__isnull=False)
    if mark.looked_at is not None:
        runs = runs.filter(finished_at__gte=mark.looked_at - DAY)
    changed = _changed(mark.arrived, arrived) | _changed(mark.unfinished, unfinished)
    days = mark.waiting | {today, today - DAY} | changed | {day for (day,) in _by_day(runs, "finished_at").distinct()}
    if mark.next_at is None or moment - mark.next_at >= TIME_TO_ARRIVE or moment < mark.next_at:
        mark.operation_id, mark.next_operation_id, mark.next_at = mark.next_operation_id, highest, moment
        arrived = {day: n_late for day, (_, n_late) in seen.items() if n_late}
    mark.arrived, mark.unfinished = arrived, unfinished
    return days


def _by_day(rows: QuerySet[Any], column: str) -> QuerySet[Any, Any]:
    """Their days (UTC), as tuples to which columns may be added."""
    days: QuerySet[Any, Any] = rows.order_by().annotate(day=TruncDate(column, tzinfo=UTC)).values_list("day")
    return days


def _changed(before: Counts, now: Counts) -> set[date]:
    return {date.fromisoformat(day) for day in before.keys() | now.keys() if before.get(day) != now.get(day)}


# One day.


def _roll_day(mark: RollupMark, day: date) -> bool:
    """Count one day anew. False = it failed; the log says why, and the other days go on."""
    try:
        _write(day, ended.on(day), mark)
        errors.roll_day(day)
    except _TakenOver:
        raise
    except Exception:
        log.exception("%s could not be rolled up; it is tried again", day)
        return False
    return True


def _write(day: date, groups: Groups, turn: RollupMark | None = None) -> None:
    """Make the rows of the day say this; those that say it already stay as they are.

    Writers of one day, and the seal, wait for each other at the mark.
    """
    with transaction.atomic():
        mark = RollupMark.objects.select_for_update().get(pk=1)
        if turn is not None and mark.busy_until != turn.busy_until:
            raise _TakenOver
        stored = _stored(day)
        is_sealed = mark.sealed_before is not None and day < mark.sealed_before
        kept = _with_fewer_rows(stored, groups) if is_sealed else set()
        wrong = [pk for pk, group, sums in stored if _work(group) not in kept and groups.get(group) != sums]
        for start in range(0, len(wrong), BATCH):
            Rollup.objects.filter(pk__in=wrong[start : start + BATCH]).delete()
        right = {group: sums for _, group, sums in stored}
        Rollup.objects.bulk_create(
            _row(day, group, sums)
            for group, sums in groups.items()
            if _work(group) not in kept and right.get(group) != sums
        )


def _stored(day: date) -> list[tuple[int, Group, Sums]]:
    """The rows of the day; by the index, which begins with the grain."""
    rows = Rollup.objects.filter(grain__in=Grain.values, day=day).order_by()
    return [
        (
            pk,
            (Grain(grain), strategy, name, target, job),
            Sums(**dict(zip(COLUMNS, columns, strict=True)), histogram=histogram.from_text(text)),
        )
        for pk, grain, strategy, name, target, job, text, *columns in rows.values_list(
            "pk", "grain", "strategy_name", "name", "target_id", "job_id", "histogram", *COLUMNS
        )
    ]


def _row(day: date, group: Group, sums: Sums) -> Rollup:
    grain, strategy, name, target, job = group
    row = Rollup(day=day, grain=grain, strategy_name=strategy, name=name, target_id=target, job_id=job)
    for column in COLUMNS:
        setattr(row, column, getattr(sums, column))
    row.histogram = histogram.to_text(sums.histogram)
    return row


def _work(group: Group) -> tuple[bool, str]:
    """Runs or operations, of which strategy: what is pruned together."""
    return group[0] == Grain.RUN, group[1]


def _with_fewer_rows(stored: list[tuple[int, Group, Sums]], groups: Groups) -> set[tuple[bool, str]]:
    """Work of which fewer rows are left than were counted once: the others were pruned."""
    once, left = Counter[tuple[Grain, str]](), Counter[tuple[Grain, str]]()
    for counter, rows in ((once, [row[1:] for row in stored]), (left, groups.items())):
        for (grain, strategy, *_), sums in rows:
            if grain in (Grain.ROW, Grain.STRATEGY, Grain.RUN):  # the other grains count the same operations again
                counter[grain, strategy] += sums.count
    return {(grain == Grain.RUN, strategy) for (grain, strategy), n in once.items() if left[grain, strategy] < n}
