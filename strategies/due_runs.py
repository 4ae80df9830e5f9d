"""What becomes of due instants: each gets its one run, or the record that it was missed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from strategies import audit, endings, runs, tallies
from strategies.audit import PORTAL, Actor
from strategies.dependencies import parse_jobs, parse_names
from strategies.endings import NOT_BEGUN
from strategies.job_definitions import Definition
from strategies.job_facts import BY_ITSELF
from strategies.models import JobRun, MaintenanceJob, Origin, RunStatus, StrategyConfig, Target, WhenLate

MOST_MISSED = 1000  # records of missed instants that one job leaves after a long outage; the audit tells how many more
_PREFIX, CATCH_UP = "schedule:", "catch-up:"
WHILE_OFF = "It was due while the portal did not run, and was not started late."


def hold(jobs: Iterable[int]) -> list[JobRun]:
    """Lock the runs of these jobs that have not begun. They come before the jobs: so lock those, too, who end a run."""
    rows = JobRun.objects.filter(NOT_BEGUN, job__in=list(jobs)).defer("plan").select_related("target").order_by("pk")
    return list(rows.select_for_update(of=("self",)))


def deal_with(
    job: MaintenanceJob, config: StrategyConfig | None, definition: Definition, instants: Sequence[datetime],
    moment: datetime,
) -> None:  # fmt: skip
    """The latest of these instants is run if its bound allows it; those before it, which nobody was there to start, are missed.

    Inside the transaction of whoever holds the job.
    """
    *missed, latest = instants
    if is_in_time(job, latest, moment):
        begin_due(job, config, definition, latest, moment)
    else:
        missed.append(latest)
    if miss(job, config, definition, missed, moment, WHILE_OFF) and not is_in_time(job, latest, moment):
        _catch_up(job, config, definition, moment)


def is_in_time(job: MaintenanceJob, due: datetime, moment: datetime) -> bool:
    """Whether what was due then may still begin."""
    return moment <= due + timedelta(minutes=job.start_within_minutes)


def begin_due(
    job: MaintenanceJob, config: StrategyConfig | None, definition: Definition, due: datetime, moment: datetime
) -> None:
    """The one run of this due instant, unless there is one."""
    run = run_of(job, config, definition, Origin.SCHEDULE, schedule_key(job, due), due, moment)
    if not JobRun.objects.filter(due_key=run.due_key).exists():
        begin(PORTAL, run)


def begin(actor: Actor, run: JobRun) -> JobRun:
    """Keep a run of a job; it is planned now, or when what it waits for is over."""
    return runs.begin(actor, run, wake=None if run.plans_late else "plan_run")


def schedule_key(job: MaintenanceJob, due: datetime) -> str:
    """The `due_key` of the one run of this due instant."""
    return f"{_PREFIX}{job.pk}:{due:%Y%m%dT%H%M%S}"


def run_of(
    job: MaintenanceJob, config: StrategyConfig | None, definition: Definition, origin: Origin, due_key: str,
    due: datetime, moment: datetime,
) -> JobRun:  # fmt: skip
    """A run of a job, not yet kept."""
    is_by_itself = origin in BY_ITSELF
    depends = bool(parse_jobs(job.depends_on_jobs) or parse_names(config.depends_on_strategies if config else None))
    return JobRun(
        due_key=due_key, job=job, config=config, strategy_name=job.strategy_id, target=definition.target,
        target_object=job.target_object, parameters=dict(definition.parameters),
        limits=definition.limits.as_json() | definition.budget.as_json(),
        prechecks=list(definition.prechecks), timeout_seconds=definition.timeout_seconds,
        priority_level=definition.priority, origin=origin, asked_by=PORTAL.name, due_at=due, woken_at=moment,
        is_released=is_by_itself, plans_late=is_by_itself and depends,
        depends_since=(job.last_due or job.created_date) if is_by_itself else None,
        start_before=due + timedelta(minutes=job.start_within_minutes) if is_by_itself else None,
    )  # fmt: skip


def is_ahead(run: JobRun, job: MaintenanceJob) -> bool:
    """Whether a run was planned ahead, for a due instant with which nobody has dealt yet."""
    return run.due_key.startswith(_PREFIX) and (job.last_due is None or run.due_at > job.last_due)


_DEFINING = (
    "strategy_name", "target_id", "target_object", "parameters", "limits", "prechecks", "timeout_seconds", "priority_level",
    "config_id", "plans_late", "start_before",
)  # fmt: skip


def is_as_planned(
    run: JobRun, job: MaintenanceJob, config: StrategyConfig | None, definition: Definition, moment: datetime
) -> bool:
    """Whether a run that was planned ahead is still what its job wants."""
    wanted = run_of(job, config, definition, Origin.SCHEDULE, run.due_key, run.due_at, moment)
    return all(getattr(run, name) == getattr(wanted, name) for name in _DEFINING)


def withdraw(run: JobRun, why: str, moment: datetime) -> bool:
    """Take back a run that its job no longer wants; its due instant is free for another. False = it has begun, or is over."""
    won = endings.withdraw(run, why, moment)
    if won:
        JobRun.objects.filter(pk=run.pk).update(due_key=f"{run.due_key}:withdrawn:{run.pk}")
    return won


def miss(
    job: MaintenanceJob, config: StrategyConfig | None, definition: Definition | None, instants: Sequence[datetime],
    moment: datetime, why: str,
) -> bool:  # fmt: skip
    """One record for each instant, and one audit entry for all. A run that was planned ahead and has not begun becomes its record.

    `definition` None = the row cannot be carried out. False = all of them have been dealt with already.
    """
    if not instants:
        return False
    due = {schedule_key(job, instant): instant for instant in instants}
    during = JobRun.objects.filter(job=job, due_at__range=(instants[0], instants[-1]))
    waiting = {run: key for run, key in during.filter(NOT_BEGUN).values_list("pk", "due_key") if key in due}
    known = set(during.values_list("due_key", flat=True))
    new = [instant for key, instant in due.items() if key not in known]
    if not waiting and not new:
        return False
    how = {"status": RunStatus.MISSED, "finished_at": moment, "awaits_handling": True, "message": why}
    JobRun.objects.filter(NOT_BEGUN, pk__in=waiting).update(**how)
    rows = _records(job, config, definition, new[-MOST_MISSED:], moment, how)
    JobRun.objects.bulk_create(rows)
    tallies.count_missed(job.pk, why)
    all_missed = sorted([*(due[key] for key in waiting.values()), *new])
    after = {
        "missed": len(all_missed), "recorded": len(waiting) + len(rows), "first": all_missed[0].isoformat(),
        "last": all_missed[-1].isoformat(), "when_late": job.when_late,
    }  # fmt: skip
    audit.record(PORTAL, "job.missed", job, after=after, target=definition.target if definition else job.target)
    return True


def _records(
    job: MaintenanceJob, config: StrategyConfig | None, definition: Definition | None, instants: Sequence[datetime],
    moment: datetime, how: Mapping[str, Any],
) -> list[JobRun]:  # fmt: skip
    if definition is not None:
        rows = [
            run_of(job, config, definition, Origin.SCHEDULE, schedule_key(job, due), due, moment) for due in instants
        ]  # fmt: skip
    elif job.names_unknown_database:
        return []  # a run is of a database; the audit tells what was missed
    else:
        target = job.target or Target.objects.get(is_home=True)
        rows = [
            JobRun(
                due_key=schedule_key(job, due), job=job, config=config, strategy_name=job.strategy_id, target=target,
                target_object=job.target_object, origin=Origin.SCHEDULE, asked_by=PORTAL.name, due_at=due,
            )
            for due in instants
        ]  # fmt: skip
    for row in rows:
        for name, value in how.items():
            setattr(row, name, value)
    return rows


def _catch_up(job: MaintenanceJob, config: StrategyConfig | None, definition: Definition, moment: datetime) -> None:
    if job.when_late == WhenLate.RUN_ONCE:
        key = f"{CATCH_UP}{job.pk}:{moment:%Y%m%dT%H%M%S}"
        begin(PORTAL, run_of(job, config, definition, Origin.SCHEDULE, key, moment, moment))
