"""Prunes the operation log: rows past their time go in batches, once their days are counted, and never those of an open run."""

from __future__ import annotations

import hashlib
import json
import logging
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from time import perf_counter, sleep
from typing import NamedTuple

from django.conf import settings
from django.db import transaction
from django.db.models import Count, DateTimeField, ExpressionWrapper, F, Max, Min, Q, QuerySet
from django.utils import timezone

from monitoring import partition_drops, rollups
from monitoring.expiry import Expiry, in_force, past_their_time
from monitoring.models import LogCare, RollupMark
from strategies import audit, log_policies
from strategies.audit import PORTAL, Actor
from strategies.models import OperationLog

log = logging.getLogger(__name__)

BATCH = 500
AT_ONCE_SECONDS = 60.0  # and at most half of what a short task has; what is left waits for the next
LEASE = timedelta(minutes=5)
NIGHT = time(2)  # in the portal's own zone
TRY_AGAIN = timedelta(minutes=10)
FRESH = timedelta(hours=1)  # older, and what the rollups say of the log is not relied on


class Busy(Exception):
    """Another process is moving or deleting rows of the log, or has taken this one's turn over."""


# What would go, shown before it goes.


class Expired(NamedTuple):
    """What would go of one strategy."""

    strategy: str
    first: date
    last: date
    rows: int


@dataclass(frozen=True, slots=True)
class Preview:
    """What would go now, at most up to the operation `up_to`; `digest` tells this answer from any other.

    `is_counted` is False where nothing goes because the rollups are not up to date.
    """

    strategies: tuple[Expired, ...]
    up_to: int
    digest: str
    is_counted: bool

    @property
    def rows(self) -> int:
        return sum(one.rows for one in self.strategies)


def preview(
    moment: datetime, *, retention_days: int | None = None, strategy_name: str = "", up_to: int | None = None
) -> Preview:
    """What pruning would remove, as the log and the rollups are now; a constant number of queries. Raises ValueError."""
    if up_to is None:
        up_to = OperationLog.objects.aggregate(highest=Max("pk"))["highest"] or 0
    limit = _counted_before(moment)
    wanted = in_force(moment, retention_days=retention_days, strategy_name=strategy_name)
    found = () if limit is None else _expired(past_their_time(wanted.before(limit)).filter(pk__lte=up_to))
    said = json.dumps([up_to, [[one.strategy, str(one.first), str(one.last), one.rows] for one in found]])
    return Preview(found, up_to, hashlib.sha256(said.encode()).hexdigest(), limit is not None)


def _expired(rows: QuerySet[OperationLog]) -> tuple[Expired, ...]:
    totals = rows.values_list("strategy_name").annotate(
        first=Min("operation_time"), last=Max("operation_time"), n=Count("pk")
    )
    return tuple(
        Expired(name, first.astimezone(UTC).date(), last.astimezone(UTC).date(), n)
        for name, first, last, n in totals.order_by("strategy_name")
    )


# Pruning.


class Cleaned(NamedTuple):
    """How many rows went, and whether that was all."""

    rows: int
    is_complete: bool


def cleanup_old_logs(
    moment: datetime,
    *,
    actor: Actor = PORTAL,
    retention_days: int | None = None,
    strategy_name: str = "",
    up_to: int | None = None,
    seconds: float = AT_ONCE_SECONDS,
) -> Cleaned:
    """Delete rows past their time, in batches, for at most about so many seconds, and audit how many of which strategies.

    Without `retention_days` the rules of each strategy hold. Only days whose rollups are up to date lose rows.
    Raises Busy, and ValueError for a retention below a day.
    """
    until = perf_counter() + seconds
    wanted = in_force(moment, retention_days=retention_days, strategy_name=strategy_name)
    with turn(moment) as at_work:
        limit = settle(moment)
        if limit is None:
            return Cleaned(0, False)
        going = wanted.before(limit)
        rows = past_their_time(going) if up_to is None else past_their_time(going).filter(pk__lte=up_to)
        tell()
        try:
            dropped = _drop(going, up_to, at_work, until, actor)
            gone, is_done = _delete(rows, going.latest, at_work, until, actor)
        finally:
            tell()
    return Cleaned(dropped + gone, is_done and (wanted.latest is None or wanted.latest <= limit))


def _drop(going: Expiry, up_to: int | None, at_work: Turn, until: float, actor: Actor) -> int:
    """Whole partitions first, where the log has some: that costs next to nothing, however many rows they hold."""
    if going.latest is None or not partition_drops.expired(going):
        return 0
    rollups.seal(going.latest)
    return partition_drops.drop(going, up_to, lambda gone: _keep_for_audit(actor, gone), at_work.go_on, until)


def _delete(
    rows: QuerySet[OperationLog], latest: date | None, at_work: Turn, until: float, actor: Actor
) -> tuple[int, bool]:  # fmt: skip
    """Batch by batch, each in a transaction of its own; how many rows went, and whether nothing is left of them."""
    gone = 0
    for batch in batches(rows):
        if not gone and latest is not None:
            rollups.seal(latest)
        at_work.go_on()
        began = perf_counter()
        with transaction.atomic():
            rows.filter(pk__in=list(batch)).delete()
            _keep_for_audit(actor, Counter(batch.values()))
        gone += len(batch)
        if perf_counter() >= until:
            return gone, False
        sleep(partition_drops.RESTS * (perf_counter() - began))
    return gone, True


def _keep_for_audit(actor: Actor, gone: Counter[str]) -> None:
    """Add a batch to what is to be told, in the transaction that deletes it: no process that is killed deletes in silence."""
    untold = LogCare.objects.select_for_update().values_list("untold", flat=True).get(pk=1)
    strategies = Counter(untold.get("strategies", {})) + gone
    LogCare.objects.filter(pk=1).update(
        untold={"actor": actor.name, "address": actor.address, "strategies": strategies} if strategies else {}
    )


def tell() -> None:
    """Write into the audit what was pruned and is not there yet, also by a process that was killed."""
    with transaction.atomic():
        untold = LogCare.objects.select_for_update().values_list("untold", flat=True).get(pk=1)
        if not untold:
            return
        strategies = dict(sorted(untold["strategies"].items()))
        after = {"rows": sum(strategies.values()), "strategies": strategies}
        audit.record(Actor(untold["actor"], untold["address"]), "log.pruned", log_policies.general_row(), after=after)
        LogCare.objects.filter(pk=1).update(untold={})


def batches(rows: QuerySet[OperationLog]) -> Iterator[dict[int, str]]:
    """Keys with their strategies, oldest first. Each batch is asked for when the one before it is gone.

    It begins where that one ended: what stays among these rows is not read again for each batch. The time is asked for as it is
    kept, since all of them can be read: Django sorts by what it selects, and what the field makes of it is in no index.
    """
    kept = ExpressionWrapper(F("operation_time"), output_field=DateTimeField())
    rows = rows.annotate(kept_time=kept)
    later = rows
    while found := list(later.order_by("operation_time", "pk").values_list("pk", "strategy_name", "kept_time")[:BATCH]):
        yield {pk: strategy for pk, strategy, _ in found}
        later = rows.filter(operation_time__gte=found[-1][2])


def settle(moment: datetime) -> date | None:
    """Bring the rollups up to date; the first day whose rows have to stay because they are not counted yet. None = all."""
    rollups.roll_up(moment, force=True)
    return _counted_before(moment)


def _counted_before(moment: datetime) -> date | None:
    mark = RollupMark.objects.filter(pk=1).first()
    if mark is None or mark.looked_at is None or abs(moment - mark.looked_at) > FRESH:
        return None
    return min(mark.waiting | {moment.astimezone(UTC).date()})


# Whose turn it is.


@dataclass(slots=True)
class Turn:
    """The right to move or delete rows, until the lease passes."""

    began_at: datetime
    began: float
    held: datetime

    def go_on(self) -> None:
        """Renew the lease. Raises Busy where it passed and somebody else has the turn."""
        until = self.began_at + timedelta(seconds=perf_counter() - self.began) + LEASE
        if not LogCare.objects.filter(pk=1, busy_until=self.held).update(busy_until=until):
            raise Busy("Another process has taken over.")
        self.held = until


@contextmanager
def turn(moment: datetime) -> Iterator[Turn]:
    """One process at a time moves or deletes rows of the log. Raises Busy."""
    LogCare.objects.get_or_create(pk=1)
    mine = Turn(moment, perf_counter(), moment + LEASE)
    in_doubt = Q(busy_until__gt=moment + 2 * LEASE)  # by a clock that was set back since
    free = LogCare.objects.filter(Q(busy_until=None) | Q(busy_until__lte=moment) | in_doubt, pk=1)
    if not free.update(busy_until=mine.held):
        raise Busy("Another process is moving or deleting rows of the log; try again in some minutes.")
    try:
        yield mine
    finally:
        LogCare.objects.filter(pk=1, busy_until=mine.held).update(busy_until=None)


# Each night.


def is_due(moment: datetime) -> bool:
    """Whether it is time to prune, or to tell what a killed process deleted; one row is read."""
    care = LogCare.objects.filter(pk=1).first()
    if care is None or care.next_at is None:
        return True
    if care.untold and (care.busy_until is None or care.busy_until <= moment):
        return True
    return not moment < care.next_at <= moment + timedelta(days=2)  # a clock that was set back does not stop it


def prune(moment: datetime) -> int:
    """What a short task does each night: delete rows past their time; how many. 0 also where it is not due.

    What is not done in the time of one call, or not counted yet, waits some minutes.
    """
    if not is_due(moment):
        return 0
    LogCare.objects.update_or_create(pk=1, defaults={"next_at": moment + TRY_AGAIN})  # also if this one dies
    try:
        cleaned = cleanup_old_logs(moment, seconds=min(AT_ONCE_SECONDS, settings.PORTAL_LOOK_SECONDS / 2))
    except Busy as busy:
        log.info("the log is not pruned now: %s", busy)
        return 0
    if cleaned.is_complete:
        LogCare.objects.filter(pk=1).update(next_at=next_night(moment))
    return cleaned.rows


def next_night(moment: datetime) -> datetime:
    """The next time that it is two in the morning where the portal is."""
    zone = timezone.get_default_timezone()
    here = moment.astimezone(zone)
    tonight = datetime.combine(here.date(), NIGHT, zone)
    return tonight if tonight > here else datetime.combine(here.date() + timedelta(days=1), NIGHT, zone)
