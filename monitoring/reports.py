"""The reports that the framework names, under their names and with its optional parameters, for the rows that a user may see.

Days are UTC; `start_date` and `end_date` are included. Without a start a report goes back 30 days from its end, without an end
it goes up to today. ValueError says what is wrong with dates that make no period.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

from django.db.models import QuerySet

from monitoring import error_groups, statistics, trends
from monitoring.error_groups import ErrorRow
from monitoring.rows import Day, JobSummary, Performance, Period
from strategies.models import OperationLog, StrategyType, User

DAYS_BACK = 30


def get_strategy_statistics(
    user: User,
    moment: datetime,
    *,
    strategy_name: str = "",
    start_date: date | None = None,
    end_date: date | None = None,
) -> tuple[Performance, ...]:
    """Each strategy's operations: how many, how they ended, how long they took and what they cost."""
    return statistics.strategies(user, _period(moment, start_date, end_date), strategy=strategy_name)


def get_performance_summary(
    user: User,
    moment: datetime,
    *,
    strategy_name: str = "",
    operation_type: str = "",
    start_date: date | None = None,
    end_date: date | None = None,
) -> tuple[Performance, ...]:
    """The same for each type of operation of each strategy."""
    period = _period(moment, start_date, end_date)
    return statistics.operations(user, period, strategy=strategy_name, operation_type=operation_type)


def get_performance_trends(
    user: User, moment: datetime, *, strategy_name: str = "", days_back: int = DAYS_BACK
) -> tuple[Day, ...]:
    """Operations day by day, the last `days_back` days up to today; a day without work has a count of 0."""
    if days_back < 1:
        raise ValueError(f"days_back is {days_back}; it has to be at least 1.")
    period = Period.ending(_day(moment), days_back)
    return trends.trend(user, period, strategy=strategy_name).days


def get_job_execution_summary(
    user: User,
    moment: datetime,
    *,
    strategy_name: str = "",
    start_date: date | None = None,
    end_date: date | None = None,
) -> tuple[JobSummary, ...]:
    """Each job's runs, those with the most failed and missed ones first."""
    return statistics.jobs(user, _period(moment, start_date, end_date), strategy=strategy_name).jobs


def get_operation_log(
    user: User,
    moment: datetime,
    *,
    strategy_name: str = "",
    operation_type: str = "",
    target_object: str = "",
    status: str = "",
    start_date: date | None = None,
    end_date: date | None = None,
) -> QuerySet[OperationLog]:
    """Rows of the log, the newest first; whoever reads them does so in portions."""
    period = _period(moment, start_date, end_date)
    start, end = (datetime.combine(day, time.min, UTC) for day in (period.first, period.last + timedelta(days=1)))
    asked = {
        "strategy_name": strategy_name, "operation_type": operation_type, "target_object": target_object, "status": status,
    }  # fmt: skip
    rows = OperationLog.objects.visible_to(user).filter(operation_time__gte=start, operation_time__lt=end)
    return rows.filter(**{name: value for name, value in asked.items() if value}).order_by(
        "-operation_time", "-operation_id"
    )


def get_error_summary(
    user: User,
    moment: datetime,
    *,
    strategy_name: str = "",
    start_date: date | None = None,
    end_date: date | None = None,
) -> tuple[ErrorRow, ...]:
    """Errors in groups that look alike, the open ones first and of those the most frequent."""
    return error_groups.groups(user, _period(moment, start_date, end_date), strategy=strategy_name).rows


def get_registered_strategies(*, strategy_type: str = "", category: str = "") -> tuple[StrategyType, ...]:
    """The registry of strategies, by name; everybody may know it."""
    asked = {"strategy_type": strategy_type, "category": category}
    rows = StrategyType.objects.filter(**{name: value for name, value in asked.items() if value})
    return tuple(rows.order_by("strategy_name"))


def _day(moment: datetime) -> date:
    return moment.astimezone(UTC).date()


def _period(moment: datetime, start: date | None, end: date | None) -> Period:
    last = end or _day(moment)
    period = Period.ending(last, DAYS_BACK) if start is None else Period(start, last)
    if period.length < 1:
        raise ValueError(f"The start, {start}, comes after the end, {last}.")
    return period
