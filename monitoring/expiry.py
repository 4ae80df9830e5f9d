"""Which rows of the operation log are past their time: by the rule of each strategy, and never what somebody may be at."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta

from django.db.models import Exists, OuterRef, Q, QuerySet

from strategies import log_policies
from strategies.models import OPEN, UNFINISHED, JobRun, OperationLog
from strategies.models.readable import IsReadable

# Strategies write rows of their own whose end nobody but they know of. What has none after so long was left behind.
RUNNING_FOR = timedelta(days=31)


@dataclass(frozen=True, slots=True)
class Expiry:
    """Rows of days (UTC) before these are past their time: by strategy, and (`general`, if any) of all the others.

    Rows without an end stay that began on the day `running_since` or later: somebody may still be at it.
    """

    general: date | None
    own: Mapping[str, date]
    running_since: date

    @property
    def latest(self) -> date | None:
        return max((day for day in (self.general, *self.own.values()) if day is not None), default=None)

    @property
    def earliest(self) -> date | None:
        """Rows of days before this one are past their time whatever their strategy; None where some strategy has no day."""
        return None if self.general is None else min((self.general, *self.own.values()))

    def before(self, limit: date) -> Expiry:
        """The same, but for days from `limit` on, which are kept."""
        general = None if self.general is None else min(self.general, limit)
        own = {name: min(day, limit) for name, day in self.own.items()}
        return replace(self, general=general, own=own)

    @property
    def condition(self) -> Q:
        found, by_day = Q(pk__in=()), defaultdict(list)
        for name, day in self.own.items():
            by_day[day].append(name)
        for day, names in by_day.items():
            found |= Q(strategy_name__in=names, operation_time__lt=start_of(day))
        if self.general is not None:
            of_others = Q(operation_time__lt=start_of(self.general))
            found |= of_others & ~Q(strategy_name__in=list(self.own)) if self.own else of_others
        return found & (~Q(status__in=UNFINISHED) | Q(operation_time__lt=start_of(self.running_since)))


def start_of(day: date) -> datetime:
    return datetime.combine(day, time.min, UTC)


def in_force(moment: datetime, *, retention_days: int | None = None, strategy_name: str = "") -> Expiry:
    """By the rules in force, or by `retention_days` instead; of one strategy, if it is named. Raises ValueError."""
    today = moment.astimezone(UTC).date()
    if retention_days is not None and retention_days < log_policies.SHORTEST_DAYS:
        raise ValueError(f"Rows are kept for at least {log_policies.SHORTEST_DAYS} day, not {retention_days}.")
    names = [strategy_name] if strategy_name else ["", *log_policies.own_names()]
    kept = {policy.strategy: policy.retention_days for policy in log_policies.policies(names)}
    days = {name: today - timedelta(days=retention_days or kept[name]) for name in names}
    return Expiry(days.pop("", None), days, today - RUNNING_FOR)


def past_their_time(found: Expiry) -> QuerySet[OperationLog]:
    """These rows but for those of runs that are open: they are the checkpoint from which such a run goes on."""
    if found.latest is None:
        return OperationLog.objects.none()
    rows = OperationLog.objects.readable().filter(found.condition, operation_time__lt=start_of(found.latest))
    return without_open_runs(rows)


def all_rows() -> QuerySet[OperationLog]:
    """Of the whole log, so that they can be asked whether they are past their time."""
    return OperationLog.objects.order_by().alias(is_readable=IsReadable("operation_time"))


def is_past(found: Expiry) -> Q:
    """The same as a condition on rows of `all_rows`."""
    return Q(is_readable=1) & found.condition & nobody_works_on()


def without_open_runs(rows: QuerySet[OperationLog]) -> QuerySet[OperationLog]:
    return rows.filter(nobody_works_on()).order_by()


def nobody_works_on() -> Q:
    """A condition on rows: they are of a run that is over, or of none."""
    return ~Q(Exists(JobRun.objects.filter(pk=OuterRef("run_id"), status__in=OPEN)))
