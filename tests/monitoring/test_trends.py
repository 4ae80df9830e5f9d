"""Trends: every day is there, numbers are those of the log, nobody sees more than their own targets."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from monitoring import rollups, trends
from monitoring.models import Rollup
from monitoring.rows import Period, Summary
from strategies.models import MaintenanceJob, OperationLog
from tests.monitoring.past import ENDED, FAILED, NOW, TODAY, at, job, log, operation, random_past, run, target

DAY = timedelta(days=1)
MONTH = Period.ending(TODAY, 30)
pytestmark = pytest.mark.django_db


@pytest.fixture
def anna(person: Callable[..., Any]) -> Any:
    return person("anna", "DBA")


def of_log(rows: Any, day: Any = None) -> tuple[int, int, int, float | None, float | None, float | None]:
    """Count, failures, n, average, p50 and p95 of these rows of the log; the percentiles exact, by nearest rank."""
    rows = rows.filter(status__in=ENDED)
    if day is not None:
        rows = rows.filter(operation_time__gte=at(day, 0), operation_time__lt=at(day, 24))
    values = sorted(value for value in rows.values_list("duration_ms", flat=True) if value is not None)
    n = len(values)
    average, p50, p95 = (
        (sum(values) / n, *(float(values[math.ceil(share * n / 100) - 1]) for share in (50, 95))) if n else [None] * 3
    )
    return rows.count(), rows.filter(status__in=FAILED).count(), n, average, p50, p95


def agrees(summary: Summary, exact: tuple[Any, ...]) -> bool:
    *counts, p50, p95 = exact
    near = all(
        (found is None) == (true is None) and (true is None or found == pytest.approx(true, rel=0.05))
        for found, true in ((summary.p50_ms, p50), (summary.p95_ms, p95))
    )
    return near and [summary.count, summary.failed, summary.n, summary.average_ms] == counts


@pytest.mark.parametrize("seed", range(2))
def test_every_day_says_what_the_log_says(seed: int, anna: Any) -> None:
    shop = target()
    random_past(seed, (shop, target("theirs", "Other"), None), rows=1500, days=25)
    rollups.roll_up(NOW)
    seen = OperationLog.objects.visible_to(anna)
    found = trends.trend(anna, MONTH)
    assert [day.day for day in found.days] == MONTH.days
    for day in found.days:
        assert agrees(day.summary, of_log(seen, day.day)), day
    assert agrees(found.total, of_log(seen))
    for strategy in found.strategies:
        rows = seen.filter(strategy_name=strategy.strategy)
        assert agrees(strategy.total, of_log(rows))
        assert agrees(strategy.days[-3].summary, of_log(rows, strategy.days[-3].day))
    for narrowed, rows in (
        ({"strategy": "LEGACY"}, seen.filter(strategy_name="LEGACY")),
        ({"target": shop.pk}, seen.filter(target=shop)),
        ({"job": "nightly"}, seen.filter(job_name="nightly")),
        ({"job": "weekly", "strategy": "LEGACY", "target": shop.pk},
         seen.filter(job_name="weekly", strategy_name="LEGACY", target=shop)),
    ):  # fmt: skip
        assert agrees(trends.trend(anna, MONTH, **narrowed).total, of_log(rows)), narrowed


def test_a_day_without_work_is_there_with_nought_and_no_percentile(anna: Any) -> None:
    log(operation(TODAY - 2 * DAY, target=target()))
    rollups.roll_up(NOW)
    found = trends.trend(anna, Period.ending(TODAY, 7))
    assert [(day.summary.count, day.summary.p95_ms) for day in found.days] == [
        (0, None), (0, None), (0, None), (0, None), (1, 1000), (0, None), (0, None),
    ]  # fmt: skip
    assert found.strategies[0].days == found.days


def test_what_was_not_measured_has_no_duration(anna: Any) -> None:
    log(operation(duration_ms=None))
    rollups.roll_up(NOW)
    summary = trends.trend(anna, MONTH).total
    assert (summary.count, summary.n, summary.average_ms, summary.p50, summary.is_weak) == (1, 0, None, None, False)


def test_only_the_days_of_the_period_count(anna: Any) -> None:
    log(operation(TODAY - 7 * DAY), operation(TODAY - 6 * DAY), operation(TODAY))
    rollups.roll_up(NOW)
    assert trends.trend(anna, Period.ending(TODAY, 7)).total.count == 2
    assert trends.trend(anna, Period.ending(TODAY, 365)).total.count == 3


def test_each_tenant_sees_its_own(person: Callable[..., Any], anna: Any) -> None:
    theirs = target("theirs", "Other")
    log(operation(target=target()), operation(target=theirs, strategy_name="SECRET_WORK", job_name="secret job"))
    log(operation(strategy_name="LEGACY"))
    rollups.roll_up(NOW)
    olga, mara = person("olga", "DBA", tenant="Other"), person("mara", "manager")
    assert [row.strategy for row in trends.trend(anna, MONTH).strategies] == ["INDEX_MAINTENANCE", "LEGACY"]
    assert [row.strategy for row in trends.trend(olga, MONTH).strategies] == ["LEGACY", "SECRET_WORK"]
    assert [row.strategy for row in trends.trend(mara, MONTH).strategies] == ["INDEX_MAINTENANCE"]
    assert trends.trend(anna, MONTH, target=theirs.pk).total.count == 0
    assert trends.trend(anna, MONTH, job="secret job").total.count == 0
    assert "SECRET_WORK" not in trends.strategy_names(anna, TODAY)
    assert {"SECRET_WORK", "INDEX_MAINTENANCE"} <= set(trends.strategy_names(olga, TODAY))
    assert (trends.job_names(anna, MONTH), trends.job_names(olga, MONTH)) == ([], ["secret job"])


def test_the_busiest_jobs_are_offered(anna: Any) -> None:
    log(*(operation(job_name=f"job {n:03}") for n in range(60)), operation(job_name="job 059"))
    rollups.roll_up(NOW)
    names = trends.job_names(anna, MONTH)
    assert len(names) == trends.JOBS_OFFERED
    assert {"job 000", "job 059"} <= set(names)


def test_the_trend_of_a_renamed_job_is_one_under_its_name_of_today(anna: Any) -> None:
    shop = target()
    nightly = job("nightly", shop)
    log(operation(TODAY - 9 * DAY, target=shop, job_name="nightly", run=run(shop, job=nightly)))
    rollups.roll_up(NOW)
    MaintenanceJob.objects.filter(pk=nightly.pk).update(job_name="renamed")
    log(operation(target=shop, job_name="renamed", run=run(shop, job=nightly)))
    log(operation(target=shop, job_name="renamed"))  # typed in SQL, which knows the name only
    rollups.roll_up(NOW, force=True)
    assert trends.job_names(anna, MONTH) == ["renamed"]
    assert trends.trend(anna, MONTH, job="renamed").total.count == 3
    assert trends.trend(anna, MONTH, job="nightly").total.count == 0


def test_a_trend_costs_one_query_and_never_reads_the_log(anna: Any) -> None:
    assert anna.roles

    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            trends.trend(anna, Period.ending(TODAY, 365))
        assert not any("generic_operation_log" in query["sql"] for query in queries)
        return len(queries)

    random_past(1, (target(), None), rows=100, days=300)
    rollups.roll_up(NOW)
    few = Rollup.objects.count()
    assert cost() == 1
    random_past(2, (*(target(f"t{n}") for n in range(10)), None), rows=1000, days=300)
    rollups.roll_up(NOW, force=True)
    assert Rollup.objects.count() > 5 * few
    assert cost() == 1
