"""What Home shows to one reader at one moment, loaded with a constant number of queries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.conf import settings
from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from monitoring.agenda import Next, coming
from monitoring.models import NotificationChannel
from strategies import needs, progress
from strategies.job_facts import name_jobs
from strategies.models import OCCUPYING, BreakGlass, Hold, JobRun, MaintenanceJob, Target, TargetState, User
from strategies.needs import TargetNeeds
from strategies.plans import Plan, Step
from strategies.progress import Estimate
from strategies.run_groups import LATELY, ended_since, run_groups

_PARTS_OF_DAY = ((6, "night"), (12, "morning"), (18, "afternoon"), (22, "evening"), (24, "night"))
SHOWN = 8  # rows of each list; the headings say how many there are


@dataclass(frozen=True, slots=True)
class RunningRow:
    run: JobRun
    step: Step | None
    estimate: Estimate
    elapsed_seconds: float


@dataclass(frozen=True, slots=True)
class Home:
    """`unassessed_count` counts databases in use at which no look came to its end; `is_assessed`: one did somewhere.

    `due` are the jobs that the clock starts next, `due_count` those of the next 24 hours; `failed_lately` (or missed) and
    `succeeded_lately` are runs of the last 24 hours, whether handled or not. `finding_count` has those for information too. `coming`
    are windows and freezes, `glasses` starts by break-glass of the last 24 hours, and those that may still come, `channels` those by
    which nothing goes out at present.
    """

    moment: datetime
    due: Sequence[MaintenanceJob]
    due_count: int
    failed_lately: int
    succeeded_lately: int
    running: Sequence[RunningRow]
    slots: int
    failed: Sequence[JobRun]
    failed_count: int
    waiting: Sequence[JobRun]
    waiting_count: int
    unreleased: Sequence[JobRun]
    unreleased_count: int
    databases: Sequence[TargetNeeds]
    database_count: int
    unreachable_count: int
    critical_count: int
    warning_count: int
    finding_count: int
    unassessed_count: int
    is_assessed: bool
    holds: Sequence[Hold] = field(default_factory=list)
    coming: Sequence[Next] = field(default_factory=list)
    glasses: Sequence[BreakGlass] = field(default_factory=list)
    channels: Sequence[NotificationChannel] = field(default_factory=list)

    @property
    def info_count(self) -> int:
        return self.finding_count - self.critical_count - self.warning_count

    @property
    def is_more_due(self) -> bool:
        """Whether more jobs are due within 24 hours than are shown."""
        return self.due_count > len(self.due)

    @property
    def title(self) -> str:
        """The part of the week, as people call it in the reader's zone: Tuesday night."""
        local = timezone.localtime(self.moment)
        part = next(word for until, word in _PARTS_OF_DAY if local.hour < until)
        return f"{local:%A} {part}"


def home(user: User, moment: datetime) -> Home:
    """Everything on Home, of the databases that the reader may see."""
    runs = JobRun.objects.visible_to(user).select_related("target")
    groups = {name: group.condition for name, group in run_groups(moment).items()}
    # One by one: no index serves the three of them at once
    counts = {name: runs.filter(groups[name]).count() for name in ("unhandled", "waiting", "unreleased")}
    lately = runs.filter(ended_since(moment - LATELY)).aggregate(**_counts(groups, "failed_lately", "succeeded_lately"))
    scheduled = MaintenanceJob.objects.visible_to(user).scheduled().filter(next_run__isnull=False)
    light = runs.defer("plan", "parameters")
    databases = _databases(user)
    waiting = list(light.filter(groups["waiting"]).order_by("-priority_level", "due_at", "pk")[:SHOWN])
    name_jobs(waiting, MaintenanceJob.objects.visible_to(user))
    return Home(
        moment=moment,
        due=list(scheduled.select_related("target").order_by("next_run", "pk")[:SHOWN]),
        due_count=scheduled.due_by(moment + LATELY).count(),
        failed_lately=lately["failed_lately"],
        succeeded_lately=lately["succeeded_lately"],
        running=_running(runs, moment),
        slots=settings.PORTAL_MAX_RUNS,
        failed=list(light.filter(groups["unhandled"]).order_by("-finished_at")[:SHOWN]),
        failed_count=counts["unhandled"],
        waiting=waiting,
        waiting_count=counts["waiting"],
        unreleased=list(light.filter(groups["unreleased"]).order_by("-pk")[:SHOWN]),
        unreleased_count=counts["unreleased"],
        databases=databases[:SHOWN],
        database_count=len(databases),
        unreachable_count=sum(row.target.state in (TargetState.STOPPED, TargetState.UNREACHABLE) for row in databases),
        critical_count=sum(row.critical for row in databases),
        warning_count=sum(row.warning for row in databases),
        finding_count=sum(row.count for row in databases),
        unassessed_count=sum(row.target.is_active and not row.is_assessed for row in databases),
        is_assessed=any(row.is_assessed or row.count for row in databases),
        holds=list(Hold.objects.in_force().visible_to(user).select_related("target", "tag", "tenant")),
        coming=coming(user, moment),
        glasses=_glasses(user, moment),
        channels=list(NotificationChannel.objects.visible_to(user).in_trouble()[:SHOWN]),
    )


def _glasses(user: User, moment: datetime) -> list[BreakGlass]:
    marked = Q(used_at__gt=moment - LATELY) | Q(used_at=None, ends_at__gt=moment)
    rows = BreakGlass.objects.filter(marked, run__in=JobRun.objects.visible_to(user))
    return list(rows.select_related("run__target").defer("run__plan", "run__parameters")[:SHOWN])


def _counts(groups: Mapping[str, Q], *names: str) -> dict[str, Count]:
    return {name: Count("pk", filter=groups[name]) for name in names}


def _running(runs: QuerySet[JobRun], moment: datetime) -> list[RunningRow]:
    at_work = list(runs.filter(status__in=OCCUPYING).order_by("started_at", "pk"))
    past = progress.past(at_work)
    rows = []
    for run in at_work:
        plan = Plan.from_json(run.plan) if run.plan else None
        step = plan.steps[run.step_number - 1] if plan and 0 < run.step_number <= len(plan.steps) else None
        elapsed = (run.worked(moment) or 0) / 1000
        rows.append(RunningRow(run, step, progress.estimate(run, plan, past, moment), elapsed))
    return rows


def _databases(user: User) -> list[TargetNeeds]:
    """All that the reader may see, those that need somebody first."""
    rows = needs.needs_of(list(Target.objects.visible_to(user).defer("facts")))
    return sorted(rows, key=lambda row: (_rank(row.target), -row.critical, -row.warning, row.target.name.casefold()))


def _rank(target: Target) -> int:
    """Trouble first, then those that work, and last those that are off."""
    state = target.state
    return 0 if state in (TargetState.STOPPED, TargetState.UNREACHABLE) else 2 if state is TargetState.OFF else 1
