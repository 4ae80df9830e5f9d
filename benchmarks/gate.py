"""Figure 6: what the gate takes for each waiting run when very many wait, against when few do.

One call of the tick's `open_gate` for runs that all wait for a hold, a freeze, a window and an approver, as runs do night after night:
half of them belong to jobs that depend on another one. Their reasons stand already, so that nothing is written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta

from django.test.utils import CaptureQueriesContext

from benchmarks.bench import VENDORS, Bench
from benchmarks.measuring import Figure, at_most, not_measured, side_by_side
from benchmarks.past import insert
from benchmarks.portals import Database
from maintenance_portal import tasks
from strategies import holds
from strategies.audit import PORTAL
from strategies.models import (
    Approval,
    Calendar,
    CalendarEntry,
    CalendarScope,
    JobRun,
    MaintenanceJob,
    MaintenanceWindow,
    Origin,
    RunStatus,
    Target,
    Tenant,
)

FEW, MANY = 100, 10_000
TARGETS = 100
FIRST_JOBS = 50  # so many distinct jobs are waited for
FREEZES = 50


def measure(bench: Bench) -> Iterator[Figure]:
    many = min(MANY, bench.rows[-1] // 10)
    goal = at_most(1)
    for vendor in VENDORS:
        small, large = bench.empty(vendor, f"gate_{FEW}"), bench.empty(vendor, f"gate_{many}")
        if small is None or large is None:
            yield not_measured("the gate on PostgreSQL", "no PostgreSQL on this machine", goal)
            continue
        few_wait, many_wait = _open(bench, small, FEW), _open(bench, large, many)
        took = side_by_side(few_wait, many_wait, bench.pairs, calls=(5, 1))
        each = [ratio * FEW / many for ratio in took.ratios]
        note = f"{took.second_ms / many * 1000:.0f} µs against {took.first_ms / FEW * 1000:.0f} µs"
        what = f"gate on {large.title}: time for each of {many:,} waiting runs ÷ of {FEW}"
        yield Figure(what, sorted(each)[len(each) // 2], goal, size=many, spread=(min(each), max(each)), note=note)
        few, more = _queries(small, few_wait), _queries(large, many_wait)
        what = f"gate on {large.title}: queries more for {many:,} waiting runs than for {FEW}"
        yield Figure(what, more - few, at_most(0), "", many, note=f"{more} and {few}")


def _queries(database: Database, call: Callable[[], None]) -> int:
    with CaptureQueriesContext(database.wrapper) as seen:
        call()
    return len(seen)


def _open(bench: Bench, database: Database, waiting: int) -> Callable[[], None]:
    """So many waiting runs in this portal, and what opens the gate for them."""
    with database.use():
        _fill(bench, waiting)
        tasks.open_gate(bench.moment)

    def again() -> None:
        with database.use():
            tasks.open_gate(bench.moment)

    return again


def _fill(bench: Bench, waiting: int) -> None:
    moment, tenant = bench.moment, Tenant.objects.get(name="Main")
    targets = Target.objects.bulk_create(
        Target(name=f"db-{number:03}", platform="sqlite", url=f"sqlite:////nowhere/{number}.db", tenant=tenant, checked_at=moment)
        for number in range(TARGETS)
    )  # fmt: skip
    first_target = min(target.pk for target in targets)
    job = MaintenanceJob(
        strategy_id="INDEX_MAINTENANCE", job_type_id="MAINTENANCE", schedule_type_id="DAILY", target_object="ALL",
        target_type_id="DATABASE", is_settled=True,
    )  # fmt: skip
    insert(job, waiting, {
        "job_id": "i", "job_name": "'job-' || i", "target_id": f"{first_target} + i %% {TARGETS}",
        "depends_on_jobs": f"CASE WHEN i %% 2 = 0 THEN '' || (1 + i %% {FIRST_JOBS}) END",
    }, "n")  # fmt: skip
    run = JobRun(
        strategy_name="INDEX_MAINTENANCE", origin=Origin.SCHEDULE, asked_by="portal", due_at=moment, status=RunStatus.WAITING,
        is_released=True, steps_total=5, depends_since=moment, created_at=moment, needs_approval=True,
        predicted={"p90_ms": 3_600_000, "firsts_p90_ms": [600_000]},
    )  # fmt: skip
    insert(
        run,
        waiting,
        {"id": "i", "due_key": "'gate:' || i", "job_id": "i", "target_id": f"{first_target} + i %% {TARGETS}"},
        "n",
    )
    _approvals(waiting, moment)
    _calendars(targets, moment)
    holds.place(PORTAL, moment, "Quarter close.")


def _approvals(waiting: int, moment: datetime) -> None:
    """Each run waits for one approver, with what was sealed beside it, which the gate has no need to read."""
    approval = Approval(
        seal="0" * 64, sealed={"steps": [{"key": f"rebuild:{number}"} for number in range(5)]}, asked_by="portal",
        levels=[[{"role": "approver", "quorum": 1, "people": []}]], requesters=["anna"], asked_at=moment, not_before=moment,
        not_after=moment + timedelta(days=7),
    )  # fmt: skip
    insert(approval, waiting, {"id": "i", "run_id": "i"}, "n")


def _calendars(targets: Sequence[Target], moment: datetime) -> None:
    """A window of its own for every second database, which opens tomorrow; and freezes of which the last holds now, everywhere."""
    opens = f"{moment + timedelta(hours=20):%Y-%m-%dT%H:%M}"
    for target in targets[::2]:
        values = {"starts": opens, "minutes": 240, "rule": "FREQ=DAILY"}
        MaintenanceWindow.objects.create(name=f"Night of {target.name}", target=target, owner="anna", **values)
    for number in range(FREEZES):
        starts = moment - timedelta(hours=1) if number == FREEZES - 1 else moment + timedelta(days=1 + number)
        calendar = Calendar.objects.create(name=f"Calendar {number}", owner="anna")
        CalendarScope.objects.create(calendar=calendar)
        CalendarEntry.objects.create(
            calendar=calendar,
            name=f"Close {number}",
            starts=f"{starts:%Y-%m-%dT%H:%M}",
            minutes=600,
            rule="FREQ=MONTHLY",
        )
