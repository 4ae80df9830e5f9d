"""Statistics of strategies, kinds of operation and jobs; and the reports that the framework names."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from monitoring import reports, rollups, statistics
from monitoring.rows import Period
from strategies.models import MaintenanceJob, OperationLog, RunStatus, Target
from tests.monitoring.past import ENDED, NOW, TODAY, job, log, operation, random_past, run, target

DAY = timedelta(days=1)
MONTH = Period.ending(TODAY, 30)
pytestmark = pytest.mark.django_db


@pytest.fixture
def anna(person: Callable[..., Any]) -> Any:
    return person("anna", "DBA")


def test_strategies_say_what_the_log_says(anna: Any) -> None:
    random_past(1, (target(), target("theirs", "Other"), None), rows=1200, days=25)
    rollups.roll_up(NOW)
    rows = statistics.strategies(anna, MONTH)
    assert {row.strategy for row in rows} == {"INDEX_MAINTENANCE", "STATISTICS_MAINTENANCE", "LEGACY"}
    assert [row.summary.count for row in rows] == sorted((row.summary.count for row in rows), reverse=True)
    for row in rows:
        seen = OperationLog.objects.visible_to(anna).filter(strategy_name=row.strategy, status__in=ENDED)
        good = seen.filter(status__in=("SUCCESS", "WARNING")).count()
        tried = seen.exclude(status="CANCELLED").count()
        assert row.summary.success_rate == pytest.approx(good / tried)
        for meter, column in zip(
            row.meters, ("cpu_time_ms", "memory_used_mb", "io_operations", "rows_processed"), strict=True
        ):
            values = [float(value) for value in seen.values_list(column, flat=True) if value is not None]
            assert (meter.n, meter.sum) == (len(values), sum(values))
            assert meter.average == pytest.approx(sum(values) / len(values))


def test_kinds_of_operation_are_kept_apart(anna: Any) -> None:
    log(operation(), operation(operation_type="ANALYZE"), operation(operation_type="ANALYZE", strategy_name="LEGACY"))
    rollups.roll_up(NOW)
    rows = statistics.operations(anna, MONTH)
    assert [(row.strategy, row.operation_type, row.summary.count) for row in rows] == [
        ("INDEX_MAINTENANCE", "ANALYZE", 1), ("INDEX_MAINTENANCE", "REBUILD", 1), ("LEGACY", "ANALYZE", 1),
    ]  # fmt: skip


def test_what_was_not_measured_is_not_nought(anna: Any) -> None:
    log(operation(memory_used_mb=Decimal("2.50")), operation(cpu_time_ms=0))
    rollups.roll_up(NOW)
    meters = statistics.strategies(anna, MONTH)[0].meters
    assert (meters.memory_mb.average, meters.memory_mb.n) == (2.5, 1)
    assert (meters.cpu_ms.sum, meters.io_operations.sum, meters.rows_processed.average) == (0, None, None)


def test_few_values_make_weak_percentiles(anna: Any) -> None:
    log(*(operation() for _ in range(19)))
    rollups.roll_up(NOW)
    assert statistics.strategies(anna, MONTH)[0].summary.is_weak
    log(operation())
    rollups.roll_up(NOW, force=True)
    assert not statistics.strategies(anna, MONTH)[0].summary.is_weak


def test_jobs_in_trouble_come_first_with_their_last_run(anna: Any) -> None:
    shop = target()
    nightly, weekly, bad = job("nightly", shop), job("weekly", shop), job("bad", shop)
    for of, statuses in (
        (nightly, (RunStatus.SUCCEEDED, RunStatus.SUCCEEDED, RunStatus.WARNING)),
        (weekly, (RunStatus.SUCCEEDED,)),
        (bad, (RunStatus.MISSED, RunStatus.FAILED, RunStatus.CANCELLED)),
    ):
        for status in statuses:
            run(shop, status, job=of)
    run(shop)  # of no job
    MaintenanceJob.objects.filter(pk=nightly.pk).update(last_run=NOW, last_status="WARNING")
    rollups.roll_up(NOW)
    found = statistics.jobs(anna, MONTH)
    rows = [(row.job, row.target, row.summary.count, row.last_run, row.last_status) for row in found.jobs]
    assert rows == [
        ("bad", "shop", 3, None, None), ("nightly", "shop", 3, NOW, "WARNING"), ("weekly", "shop", 1, None, None),
    ]  # fmt: skip
    summary = found.jobs[0].summary
    assert (summary.failed, summary.missed, summary.cancelled, summary.success_rate) == (1, 1, 1, 0)
    first = statistics.jobs(anna, MONTH, most=1)
    assert ([row.job for row in first.jobs], first.of) == (["bad"], 3)


def test_a_job_that_names_no_database_is_one_of_home(anna: Any) -> None:
    home = Target.objects.get(is_home=True)
    own = job("tidy", None, last_run=NOW, last_status="SUCCESS")
    run(home, job=own)
    rollups.roll_up(NOW)
    row = statistics.jobs(anna, MONTH).jobs[0]
    assert (row.target, row.last_run, row.last_status) == ("home", NOW, "SUCCESS")


def test_the_history_of_a_renamed_job_is_one(anna: Any) -> None:
    shop = target()
    nightly = job("nightly", shop)
    run(shop, job=nightly, day=TODAY - timedelta(days=10))
    rollups.roll_up(NOW)
    MaintenanceJob.objects.filter(pk=nightly.pk).update(job_name="renamed", last_run=NOW, last_status="SUCCESS")
    run(shop, RunStatus.FAILED, job=nightly)
    other = job("nightly", shop)  # another one takes the name
    run(shop, job=other)
    rollups.roll_up(NOW, force=True)
    found = [(row.job, row.summary.count, row.last_run) for row in statistics.jobs(anna, MONTH).jobs]
    assert found == [("renamed", 2, NOW), ("nightly", 1, None)]
    assert [row.job for row in reports.get_job_execution_summary(anna, NOW)] == ["renamed", "nightly"]


def test_two_jobs_of_one_name_on_one_database_are_two(anna: Any) -> None:
    shop = target()
    for number in (1, 2):
        twin = job("twin", shop, last_run=NOW - timedelta(days=number))
        for _ in range(number):
            run(shop, job=twin)
    rollups.roll_up(NOW)
    found = [(row.job, row.summary.count, row.last_run) for row in statistics.jobs(anna, MONTH).jobs]
    assert found == [("twin", 2, NOW - timedelta(days=2)), ("twin", 1, NOW - timedelta(days=1))]


def test_what_a_strategy_logs_itself_under_the_name_of_a_job_counts_as_its_executions(anna: Any) -> None:
    shop = target()
    run(shop, job=job("nightly", shop))
    log(
        operation(target=shop, job_name="nightly", operation_type="EXECUTE"),
        operation(target=shop, job_name="nightly"),
        operation(target=shop, job_name="nightly", status="ERROR", operation_type="EXECUTE"),
        operation(target=shop, job_name="their own", operation_type="EXECUTE"),
        operation(job_name="nightly", operation_type="EXECUTE"),
        operation(target=shop, status="STARTED", job_name="nightly", operation_type="EXECUTE"),
    )
    rollups.roll_up(NOW)
    found = {
        (row.job, row.target): (row.summary.count, row.summary.failed) for row in statistics.jobs(anna, MONTH).jobs
    }
    assert found == {
        ("nightly", "shop"): (3, 1), ("their own", "shop"): (1, 0), ("nightly", statistics.NO_DATABASE): (1, 0),
    }  # fmt: skip


def test_each_tenant_sees_its_own(person: Callable[..., Any], anna: Any) -> None:
    shop, theirs = target(), target("theirs", "Other")
    for place in (shop, theirs):
        log(operation(target=place, strategy_name=f"WORK_{place.name}"))
        run(place, job=job(f"job of {place.name}", place))
    rollups.roll_up(NOW)
    olga = person("olga", "DBA", tenant="Other")
    for user, name in ((anna, "shop"), (olga, "theirs")):
        assert [row.strategy for row in statistics.strategies(user, MONTH)] == [f"WORK_{name}"]
        assert [row.strategy for row in statistics.operations(user, MONTH)] == [f"WORK_{name}"]
        found = statistics.jobs(user, MONTH)
        assert ([row.job for row in found.jobs], found.of) == ([f"job of {name}"], 1)
        assert statistics.strategies(user, MONTH, target=theirs.pk if name == "shop" else shop.pk) == ()


def test_statistics_cost_the_same_queries_whatever_there_is(anna: Any) -> None:
    assert anna.roles
    shop = target()

    def cost() -> list[int]:
        found = []
        for ask in (statistics.strategies, statistics.operations, statistics.jobs):
            with CaptureQueriesContext(connection) as queries:
                ask(anna, MONTH)
            assert not any("generic_operation_log" in query["sql"] for query in queries)
            found.append(len(queries))
        return found

    log(operation(target=shop))
    run(shop, job=job("first", shop))
    rollups.roll_up(NOW)
    before = cost()
    assert before == [1, 1, 3]
    random_past(3, (shop, None), rows=300, days=20)
    for number in range(10):
        run(shop, job=job(f"job {number}", shop))
    rollups.roll_up(NOW, force=True)
    assert cost() == before


def test_reports_have_the_parameters_that_the_framework_names(anna: Any) -> None:
    shop = target()
    log(
        operation(TODAY - 40 * DAY, target=shop),
        operation(TODAY - 3 * DAY, target=shop),
        operation(strategy_name="LEGACY", operation_type="ANALYZE"),
    )
    run(shop, job=job("nightly", shop), day=TODAY - 3 * DAY)
    rollups.roll_up(NOW)

    def counts(rows: Any) -> list[int]:
        return [row.summary.count for row in rows]

    assert counts(reports.get_strategy_statistics(anna, NOW)) == [1, 1]
    assert counts(reports.get_strategy_statistics(anna, NOW, strategy_name="LEGACY")) == [1]
    assert counts(reports.get_strategy_statistics(anna, NOW, start_date=date(2026, 1, 1))) == [2, 1]
    assert counts(reports.get_strategy_statistics(anna, NOW, end_date=TODAY - 20 * DAY)) == [1]
    assert counts(reports.get_performance_summary(anna, NOW, operation_type="ANALYZE")) == [1]
    assert counts(reports.get_performance_trends(anna, NOW, days_back=4)) == [1, 0, 0, 1]
    assert len(reports.get_performance_trends(anna, NOW)) == 30
    assert [row.job for row in reports.get_job_execution_summary(anna, NOW)] == ["nightly"]
    assert reports.get_job_execution_summary(anna, NOW, end_date=TODAY - 4 * DAY) == ()
    with pytest.raises(ValueError, match="comes after the end"):
        reports.get_performance_summary(anna, NOW, start_date=TODAY, end_date=TODAY - DAY)
    with pytest.raises(ValueError, match="at least 1"):
        reports.get_performance_trends(anna, NOW, days_back=0)
