"""Figure 8: the part of a tick that asks which jobs are due, over very many; the next due instant; and the changes of the clock.

The tick settles what was changed and plans what is due, when nothing was and nothing is: what it costs to ask. Beside it stand all
rows read by a bare cursor, number and next run, without even looking at them. What planning a due job costs is told apart: runs, audit
entries and wake-ups are written for it, however it was found. croniter, with which due instants are compared, is installed for
development only.
"""

from __future__ import annotations

import zoneinfo
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import takewhile
from time import perf_counter

from croniter import croniter  # type: ignore[import-untyped]
from django.db import connection

from benchmarks.bench import VENDORS, Bench
from benchmarks.measuring import Figure, at_least, at_most, not_measured, shown_ms, side_by_side
from benchmarks.past import insert
from strategies import jobs, settling
from strategies.models import MaintenanceJob
from strategies.recurrence import Recurrence, recurrence

JOBS = 100_000
DUE = 56
SCHEDULES = ("30 2 * * *", "*/15 8-18 * * 1-5", "0 4 * * 0#1", "0 3 L * *", "0 1 1 1,4,7,10 *")
FOR_BOTH = ("30 2 * * *", "*/15 8-18 * * 1-5", "0 3 15 * *", "15 4 * * 0", "0 1 1 1,4,7,10 *")  # read alike by croniter
ZONES = (
    "Europe/Berlin", "America/New_York", "America/Sao_Paulo", "Australia/Lord_Howe", "Africa/Casablanca", "Asia/Tehran", "UTC",
)  # fmt: skip
YEARS = (2015, 2030)


def measure(bench: Bench) -> Iterator[Figure]:
    for vendor in VENDORS:
        yield from _tick(bench, vendor)
    yield _next_run(bench)
    yield _changes()


def _tick(bench: Bench, vendor: str) -> Iterator[Figure]:
    count, moment, goal = min(JOBS, bench.rows[-1]), bench.moment, at_most(10)
    database = bench.empty(vendor, f"jobs_{count}")
    what = f"tick over {count:,} jobs, of reading all rows"
    if database is None:
        yield not_measured(f"{what}, on PostgreSQL", "no PostgreSQL on this machine", goal)
        return
    with database.use():
        later = moment + timedelta(days=1)
        job = MaintenanceJob(
            strategy_id="INDEX_MAINTENANCE", job_type_id="MAINTENANCE", schedule_type_id="DAILY", schedule_value="02:00",
            target_object="ALL", target_type_id="DATABASE", is_settled=True, next_run=later, created_date=moment,
        )  # fmt: skip
        insert(job, count, {"job_id": "i", "job_name": "'job-' || i"}, "n")
        if vendor == "postgresql":
            _execute("VACUUM ANALYZE generic_maintenance_jobs")
        took = side_by_side(_read_all, lambda: _ask(moment), bench.pairs, calls=(1, 10))
        share = [100 * ratio for ratio in took.ratios]
        spread, note = (min(share), max(share)), f"{shown_ms(took.second_ms)} against {shown_ms(took.first_ms)}"
        yield Figure(f"{what}, on {database.title}", sorted(share)[len(share) // 2], goal, "%", count, spread, note)
        MaintenanceJob.objects.filter(pk__lte=DUE).update(next_run=moment)
        began = perf_counter()
        jobs.plan_due(moment)
        each = (perf_counter() - began) * 1000 / DUE
        what = f"planning each of {DUE} due jobs among them, on {database.title}"
        yield Figure(what, each, None, " ms", count, note="one run, its audit entry and its wake-up are written")


def _ask(moment: datetime) -> None:
    settling.settle(moment)
    jobs.plan_due(moment)


def _read_all() -> None:
    _execute("SELECT job_id, next_run FROM generic_maintenance_jobs")


def _execute(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        if cursor.description:
            cursor.fetchall()


def _next_run(bench: Bench) -> Figure:
    what, goal = "next due instant faster than croniter", at_least(3)
    zone = zoneinfo.ZoneInfo("Europe/Berlin")
    moments = [(bench.moment + timedelta(days=17 * number)).astimezone(zone) for number in range(20)]
    both = [(Recurrence(cron, zone.key), cron, moment) for cron in FOR_BOTH for moment in moments]

    def ours() -> None:
        for schedule, _, moment in both:
            schedule.next_due(moment)

    def theirs() -> None:
        for _, cron, moment in both:
            croniter(cron, moment).get_next(datetime)

    took = side_by_side(ours, theirs, bench.pairs)
    note = f"{shown_ms(took.first_ms / len(both))} against {shown_ms(took.second_ms / len(both))}"
    return Figure(what, took.ratio, goal, size=len(both), spread=took.spread, note=note)


def _changes() -> Figure:
    """Every daily time from 00:00 to 03:30, on the days around every change of these zones: each day has to bring it once."""
    wrong, days = 0, 0
    for name in ZONES:
        changes = list(_days_of_change(zoneinfo.ZoneInfo(name)))
        for half_hour in range(8):
            time = f"{half_hour // 2:02}:{half_hour % 2 * 30:02}"
            schedule = recurrence("DAILY", time, name)
            for change in changes:
                seen = _due_on(schedule, change)
                wrong += sum(seen[change + timedelta(days=beside)] != 1 for beside in (-1, 0, 1))
                days += 3
    what = "days around changes of the clock on which a daily job is not due exactly once"
    return Figure(
        what, wrong, at_most(0), "", days, note=f"{len(ZONES)} zones, {YEARS[0]} to {YEARS[1]}, eight times a day"
    )


def _days_of_change(zone: zoneinfo.ZoneInfo) -> Iterator[date]:
    noon, end = datetime(YEARS[0], 1, 1, 12, tzinfo=zone), datetime(YEARS[1], 12, 31, 12, tzinfo=zone)
    while noon < end:
        before, noon = noon, noon + timedelta(days=1)  # noon on the clock on the wall
        if noon.utcoffset() != before.utcoffset():
            yield noon.date()


def _due_on(schedule: Recurrence, change: date) -> Counter[date]:
    """How often it is due on each day near a change, by the clock on the wall."""
    begin = datetime.combine(change, datetime.min.time(), UTC) - timedelta(days=3)
    due = takewhile(lambda instant: instant < begin + timedelta(days=6), schedule.after(begin))
    return Counter(instant.astimezone(zoneinfo.ZoneInfo(schedule.zone)).date() for instant in due)
