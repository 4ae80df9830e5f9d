"""How the operation log itself is: its size and growth, what is past its time, what never ended, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from time import perf_counter
from typing import Any, NamedTuple

from django.db import DatabaseError, connection, transaction
from django.db.models import Count, Max, Min, Q, QuerySet, Sum

from monitoring import expiry, partition_state, retention, rollups, trends
from monitoring.models import Grain, LogCare, LogSize, Rollup
from monitoring.rows import DayCount, Period
from strategies import log_policies
from strategies.assessments import Severity
from strategies.log_policies import Policy
from strategies.models import UNFINISHED, OperationLog, StrategyType, User

EVERY = timedelta(hours=1)
SHARE = 200  # measuring reads the whole log: it takes at most one two-hundredth of the time
ASK_EVERY = timedelta(minutes=1)  # whether there is something to do; a wake-up that vanishes is followed by the next
NEVER_ENDED_AFTER = timedelta(days=1)
SHOWN = 50
NAMED = 20  # rows that cannot be read
LATE_DAYS = 2  # a pruning that is late by more than this did not come
GREW = 3  # times as much as in the weeks before is worth a word
STALE = timedelta(hours=1)


# Size.

_SIZE = {
    "postgresql": "SELECT pg_total_relation_size(%s::regclass) "
    "+ COALESCE((SELECT SUM(pg_total_relation_size(inhrelid)) FROM pg_inherits WHERE inhparent = %s::regclass), 0)",
    "sqlite": "SELECT SUM(pgsize) FROM dbstat WHERE aggregate = TRUE "
    "AND name IN (SELECT name FROM sqlite_master WHERE tbl_name = %s)",
    "oracle": "SELECT SUM(bytes) FROM user_segments WHERE segment_name = UPPER(%s) "
    "OR segment_name IN (SELECT index_name FROM user_indexes WHERE table_name = UPPER(%s)) "
    "OR segment_name IN (SELECT segment_name FROM user_lobs WHERE table_name = UPPER(%s))",
}


def get_log_table_size_info() -> int | None:
    """Bytes of the log's table with its indexes, by the portal's own database; None = it cannot tell.

    SQLite reads the table for it.
    """
    sql = _SIZE[connection.vendor]
    try:
        # Within a transaction an error must not break it; outside, SQLite's would keep writers waiting
        with transaction.atomic() if connection.in_atomic_block else nullcontext(), connection.cursor() as cursor:
            cursor.execute(sql, [OperationLog._meta.db_table] * sql.count("%s"))
            (found,) = cursor.fetchone()
    except DatabaseError:  # a SQLite without dbstat, an account without the right
        return None
    return None if found is None else int(found)


def is_due(moment: datetime) -> bool:
    """Whether the log is to be measured again; one row is read."""
    last = LogSize.objects.order_by("-day").first()
    if last is None:
        return True
    every = EVERY if last.row_count else ASK_EVERY  # an empty log is measured for nothing, and the first rows are news
    wait = max(every, SHARE * timedelta(milliseconds=last.took_ms))
    return not timedelta(0) <= moment - last.measured_at < wait


def monitor_log_table_size(moment: datetime, *, force: bool = False) -> LogSize | None:
    """Measure the log and keep that as the size of the day; None where it is not due."""
    if not force and not is_due(moment):
        return None
    began = perf_counter()
    can_be_read = Q(is_readable=1)
    expired = expiry.is_past(expiry.in_force(moment))
    found = list(
        expiry.all_rows()
        .values_list("strategy_name")
        .annotate(
            n=Count("pk"),
            old=Min("operation_time", filter=can_be_read),
            new=Max("operation_time", filter=can_be_read),
            gone=Count("pk", filter=expired),
            broken=Count("pk", filter=~can_be_read),
        )
    )
    unreadable = sum(broken for *_, broken in found)
    first = (
        OperationLog.objects.readable(is_readable=False).order_by("pk") if unreadable else OperationLog.objects.none()
    )
    values: dict[str, Any] = {
        "measured_at": moment,
        "row_count": sum(n for _, n, *_ in found),
        "size_bytes": get_log_table_size_info(),
        "oldest_at": min((old for _, _, old, *_ in found if old), default=None),
        "newest_at": max((new for _, _, _, new, *_ in found if new), default=None),
        "strategies": {
            name: {"rows": n, "oldest": old.astimezone(UTC).date().isoformat() if old else None, "expired": gone}
            for name, n, old, _, gone, _ in found
        },
        "unreadable_count": unreadable,
        "unreadable": list(first.values_list("pk", flat=True)[:NAMED]),
    }
    values["took_ms"] = round((perf_counter() - began) * 1000)
    return LogSize.objects.update_or_create(day=moment.astimezone(UTC).date(), defaults=values)[0]


def latest() -> LogSize | None:
    """The log as it was last measured."""
    return LogSize.objects.order_by("-day").first()


# Whether a worker is to look after the log: measure it, prune it.


def wants_care(moment: datetime) -> bool:
    """Whether to wake a worker for it now, as the beat asks each second: one row is read, and once a minute what is due.

    Of two beats one is told so.
    """
    care = LogCare.objects.filter(pk=1).first() or LogCare.objects.get_or_create(pk=1)[0]
    if care.woken_at is not None and timedelta(0) <= moment - care.woken_at < ASK_EVERY:
        return False
    if not LogCare.objects.filter(pk=1, woken_at=care.woken_at).update(woken_at=moment):
        return False
    return retention.is_due(moment) or is_due(moment)


# Growth.


def growth(user: User, period: Period, *, strategy: str = "", target: int | None = None) -> tuple[DayCount, ...]:
    """Rows that came, whatever they say, day by day, as the user may see them; a day without any has 0. One query."""
    rows = trends.of(user, Grain.ROW, period, strategy=strategy, target=target).order_by()
    found = dict(rows.values_list("day").annotate(n=Sum("count")))
    return tuple(DayCount(day, found.get(day, 0)) for day in period.days)


def sizes(period: Period) -> Mapping[date, LogSize]:
    """The log as it was measured on these days."""
    rows = LogSize.objects.filter(day__gte=period.first, day__lte=period.last).defer("strategies")
    return {size.day: size for size in rows}


# Rows that never ended.


def never_ended(rows: QuerySet[OperationLog], moment: datetime) -> QuerySet[OperationLog]:
    """Those of these rows without an end that nobody works on: begun over a day ago, of a run that is over or of none."""
    rows = rows.filter(status__in=UNFINISHED, operation_time__lt=moment - NEVER_ENDED_AFTER)
    return rows.filter(expiry.nobody_works_on())


# Rules.


@dataclass(frozen=True, slots=True)
class Kept:
    """What holds for one strategy, and (for those who see every tenant) what is there of it."""

    policy: Policy
    rows: int | None = None
    oldest: date | None = None
    expired: int | None = None


def rules(user: User, size: LogSize | None) -> tuple[Kept, ...]:
    """The rule of all first, then each strategy by name: registered ones, those with a rule, and those in the log."""
    found = size.strategies if size is not None and user.has_every_tenant else {}
    registered = StrategyType.objects.values_list("strategy_name", flat=True)
    names = ["", *sorted({*registered, *log_policies.own_names(), *found})]
    return tuple(_kept(policy, found.get(policy.strategy)) for policy in log_policies.policies(names))


def _kept(policy: Policy, there: Mapping[str, Any] | None) -> Kept:
    if there is None:
        return Kept(policy)
    oldest = there["oldest"]
    return Kept(policy, there["rows"], date.fromisoformat(oldest) if oldest else None, there["expired"])


# What is wrong.


class Concern(NamedTuple):
    """Something that is wrong with the log, and what is to be done about it."""

    severity: Severity
    sentence: str
    advice: str


def check_log_table_health(moment: datetime) -> tuple[Concern, ...]:
    """What is wrong with the log, as it was last measured and counted; nothing where all is well."""
    size = latest()
    found = [
        _not_measured(size, moment), _not_counted(moment), _not_readable(size), _not_pruned(size, moment), _grows(moment),
        _not_prepared(moment),
    ]  # fmt: skip
    return tuple(concern for concern in found if concern is not None)


def _not_measured(size: LogSize | None, moment: datetime) -> Concern | None:
    if size is None:
        return Concern(
            Severity.INFO, "The log has not been measured yet.", "The portal's workers do that within minutes."
        )
    if moment - size.measured_at > max(timedelta(days=1), 2 * SHARE * timedelta(milliseconds=size.took_ms)):
        return Concern(
            Severity.WARNING,
            "The log has not been measured for over a day.",
            "Look whether the portal's workers are alive.",
        )
    return None


def _not_counted(moment: datetime) -> Concern | None:
    at = rollups.looked_at()
    if at is not None and moment - at <= STALE:
        return None
    return Concern(
        Severity.WARNING,
        "The log has not been counted within the last hour, so that figures are old and nothing is pruned.",
        "Look whether the portal's workers are alive.",
    )


def unreadable(user: User, size: LogSize | None) -> QuerySet[OperationLog]:
    """Rows whose time cannot be read, as they were found when the log was last measured, and still are so; the first of them."""
    rows = OperationLog.objects.visible_to(user).readable(is_readable=False)
    return rows.filter(pk__in=size.unreadable if size is not None else ())


def _not_readable(size: LogSize | None) -> Concern | None:
    """Whether there are rows of no day. New ones are refused; these were there before, or came past the guard."""
    if size is None or not size.unreadable_count:
        return None
    n = size.unreadable_count
    rows, they_are, are = ("row", "it is", "is") if n == 1 else ("rows", "they are", "are")
    return Concern(
        Severity.WARNING,
        f"The time of {n:,} {rows} cannot be read: {they_are} in no figure, and {are} not pruned.",
        "Correct operation_time in SQL, or delete them there. The first of them are named on this page.",
    )


def _not_pruned(size: LogSize | None, moment: datetime) -> Concern | None:
    """Whether rows are there that should have gone some nights ago."""
    if size is None:
        return None
    days = {policy.strategy: policy.retention_days for policy in log_policies.policies(size.strategies)}
    today = moment.astimezone(UTC).date()
    late = [
        name
        for name, there in size.strategies.items()
        if there["expired"]
        and there["oldest"]
        and date.fromisoformat(str(there["oldest"])) < today - timedelta(days=days[name] + LATE_DAYS)
    ]
    if not late:
        return None
    return Concern(
        Severity.WARNING,
        f"Rows past their time are still there, of {len(late)} {'strategy' if len(late) == 1 else 'strategies'}.",
        "They go by night, once their days are counted; rows of runs that are open stay.",
    )


def _not_prepared(moment: datetime) -> Concern | None:
    """Whether rows of this or the next month would lie with the rest, from where no partition is dropped."""
    soon = partition_state.unprepared(moment)
    if not soon:
        return None
    return Concern(
        Severity.WARNING,
        f"The log has no partition for {' and '.join(f'{month:%B %Y}' for month in soon)}.",
        "The care for the log makes them. Look whether the portal's workers are alive, and in their log for what the database said.",
    )


def _grows(moment: datetime) -> Concern | None:
    """Whether the last week brought far more than the weeks before it."""
    today = moment.astimezone(UTC).date()
    week, before = Period.ending(today - timedelta(days=1), 7), Period.ending(today - timedelta(days=8), 28)
    lately, once = (_counted(period) / period.length for period in (week, before))
    if once < 1 or lately < GREW * once:
        return None
    return Concern(
        Severity.INFO,
        f"In the last seven days {lately:,.0f} rows a day came, {lately / once:,.1f} times as many as in the weeks before.",
        "Look in the statistics which strategy or job writes them.",
    )


def _counted(period: Period) -> int:
    rows = Rollup.objects.filter(grain=Grain.ROW, day__gte=period.first, day__lte=period.last)
    return rows.aggregate(n=Sum("count"))["n"] or 0
