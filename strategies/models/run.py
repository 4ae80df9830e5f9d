"""One run: its plan, its state and the conditional updates that change it. What a run did, step by step, is in the operation log."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.db import models
from django.db.models import Exists, F, OuterRef, Q, Value
from django.db.models.functions import Coalesce

from strategies.models.access import User
from strategies.models.job import MaintenanceJob
from strategies.models.state import State
from strategies.models.strategy import StrategyConfig
from strategies.models.target import Target, visible_rows
from strategies.models.window import MaintenanceWindow
from strategies.windows import GRACE


class RunStatus(State):
    """The states of a run. Each has an icon, a word and a colour, so that no page tells them by colour alone."""

    PLANNED = "planned", "clipboard-check", "plan", "Planned"
    WAITING = "waiting", "hourglass-split", "warn", "Waiting"
    READY = "ready", "skip-start", "plan", "Ready"
    RUNNING = "running", "play-fill", "run", "Running"
    PAUSED = "paused", "pause-fill", "warn", "Paused"
    STOPPING = "stopping", "stop-circle", "warn", "Stopping"
    VERIFYING = "verifying", "search", "run", "Verifying"
    SUCCEEDED = "succeeded", "check-lg", "ok", "Succeeded"
    WARNING = "warning", "exclamation-triangle", "warn", "Warning"
    FAILED = "failed", "x-lg", "fail", "Failed"
    TIMED_OUT = "timed_out", "alarm", "fail", "Timed out"
    CANCELLED = "cancelled", "slash-circle", "plan", "Cancelled"
    CONTINUED = "continued", "arrow-right-circle", "plan", "Continued"
    MISSED = "missed", "calendar-x", "warn", "Missed"
    LOST = "lost", "question-circle", "fail", "Lost"
    ROLLED_BACK = "rolled_back", "arrow-counterclockwise", "warn", "Rolled back"


class BeforePlan(State):
    """How pages call a run that is `planned` to be and has no plan yet: its status is that of one whose plan is there."""

    NO_PLAN = "no_plan", "hourglass-split", "warn", "Not planned yet"
    PLANNING = "planning", "arrow-repeat", "run", "Being planned"


ACTIVE = (RunStatus.RUNNING, RunStatus.STOPPING, RunStatus.VERIFYING)  # a worker has them
OCCUPYING = (*ACTIVE, RunStatus.PAUSED)  # no second run of the same work may start beside these
OPEN = (RunStatus.PLANNED, RunStatus.WAITING, RunStatus.READY, *OCCUPYING)
GOOD = (RunStatus.SUCCEEDED, RunStatus.WARNING)
BAD = (RunStatus.FAILED, RunStatus.TIMED_OUT, RunStatus.LOST, RunStatus.MISSED)
TERMINAL = tuple(status for status in RunStatus if status not in OPEN)


class Origin(models.TextChoices):
    """By which way a run came."""

    PAGE = "page", "By hand"
    COMMAND = "command", "Command"
    SCHEDULE = "schedule", "Schedule"
    EVENT = "event", "Event"
    RESUME = "resume", "Resumed"
    RETRY = "retry", "Tried again"
    CONTINUE = "continue", "Carried on in the next window"
    UNDO = "undo", "Undo"


GOES_ON = (Origin.RESUME, Origin.CONTINUE)  # such a run does the rest of what its parent was to do


class Stop(models.TextChoices):
    """How a run was asked to stop; a harder way replaces a milder one."""

    AFTER_STEP = "after_step", "After this step"
    CANCEL = "cancel", "Cancel now"
    SHUTDOWN = "shutdown", "The worker is shutting down"


class JobRunQuerySet(models.QuerySet["JobRun"]):
    """Every change of state goes through `move`: it names the states it may leave and says whether it won."""

    def visible_to(self, user: User) -> JobRunQuerySet:
        """Who sees the database that a run works on, and the other one that it brings something for."""
        rows = visible_rows(self, user)
        return rows if user.is_superuser else rows.exclude(self.for_hidden(user))

    @staticmethod
    def for_hidden(user: User) -> Exists:
        """A condition on runs: they bring something for a database that this person does not see. Asked as `visible_rows` asks."""
        places = Target.objects.filter(pk=OuterRef("place"))
        return Exists(places.exclude(tenant__in=user.tenants.all()))

    def move(self, pk: int, *, leaving: tuple[str, ...], to: str, token: int | None = None, **values: Any) -> bool:
        """Compare-and-set. False = somebody else was first, or the fencing token is no longer ours."""
        rows = self.filter(pk=pk, status__in=leaving)
        if token is not None:
            rows = rows.filter(fencing_token=token)
        return rows.update(status=to, **values) == 1

    def claim(
        self, pk: int, *, worker: str, moment: datetime, lease_until: datetime, deadline_at: datetime, **window: Any
    ) -> int | None:
        """Take a ready run for one worker; the fencing token, or None where another was first."""
        won = self.move(
            pk, leaving=(RunStatus.READY,), to=RunStatus.RUNNING, fencing_token=F("fencing_token") + 1, worker=worker,
            heartbeat_at=moment, lease_until=lease_until, deadline_at=deadline_at, claimed_at=moment,
            started_at=Coalesce(F("started_at"), Value(moment)), stop="", reasons=[], not_before=None, state_left="",
            state_left_message="", **window,
        )  # fmt: skip
        return self.values_list("fencing_token", flat=True).get(pk=pk) if won else None

    def beat(self, pk: int, token: int, *, moment: datetime, lease_until: datetime, **progress: Any) -> bool:
        """A worker's sign of life. False = the run is no longer its own, and it must stop at once."""
        rows = self.filter(pk=pk, fencing_token=token, status__in=ACTIVE)
        return rows.update(heartbeat_at=moment, lease_until=lease_until, **progress) == 1


class JobRun(models.Model):
    """One run of a strategy on a target."""

    due_key = models.CharField(
        max_length=200, unique=True, help_text="What makes this start one start: planned twice = once."
    )
    job = models.ForeignKey(MaintenanceJob, on_delete=models.SET_NULL, null=True, blank=True, related_name="runs")
    config = models.ForeignKey(StrategyConfig, on_delete=models.SET_NULL, null=True, blank=True, related_name="runs")
    strategy_name = models.CharField(max_length=50)
    target = models.ForeignKey(Target, on_delete=models.PROTECT, related_name="runs")
    place = models.ForeignKey(
        Target, on_delete=models.SET_NULL, null=True, blank=True, related_name="+",
        help_text="Another database than the one it works on, for which a deployment brings something.",
    )  # fmt: skip
    target_object = models.CharField(max_length=500, default="ALL")
    parameters = models.JSONField(default=dict)
    limits = models.JSONField(
        default=dict,
        blank=True,
        help_text="What each step, and all together, may use; see plans.Limits and budgets.Budget.",
    )
    prechecks = models.JSONField(default=list, blank=True, help_text="Names of the checks that come before its start.")
    timeout_seconds = models.PositiveIntegerField(default=3600)
    priority_level = models.PositiveSmallIntegerField(default=5)
    origin = models.CharField(max_length=10, choices=Origin.choices)
    asked_by = models.CharField(max_length=150, help_text="Name of the user, or cli:<user of the operating system>.")
    parent = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, blank=True, related_name="children")
    is_undo = models.BooleanField(
        default=False,
        db_default=False,
        help_text="It takes back what another run did, or is the rest of one that does.",
    )

    status = models.CharField(max_length=15, choices=RunStatus.choices, default=RunStatus.PLANNED)
    created_at = models.DateTimeField(auto_now_add=True)
    due_at = models.DateTimeField()
    start_before = models.DateTimeField(null=True, blank=True, help_text="Not started by then, it is missed.")
    plans_late = models.BooleanField(
        default=False,
        help_text="Planned only when what its job depends on is over, since that may change what is needed.",
    )
    depends_since = models.DateTimeField(
        null=True, blank=True, help_text="What its job depends on must have been due after this."
    )
    not_before = models.DateTimeField(null=True, blank=True, help_text="It was put back: asked again from then on.")
    plan_attempts = models.PositiveSmallIntegerField(
        default=0, db_default=0, help_text="How often it could not be planned because of trouble that may pass."
    )
    plan_cut_offs = models.PositiveSmallIntegerField(
        default=0, db_default=0, help_text="How often the worker that planned it was lost."
    )
    is_released = models.BooleanField(default=False, help_text="May start by itself once the gate lets it.")
    released_by = models.CharField(
        max_length=150, blank=True, default="", db_default="",
        help_text="Who said last that it may start once the gate lets it; empty = nobody but who asked for it.",
    )  # fmt: skip
    plan = models.JSONField(null=True, blank=True)
    plan_digest = models.CharField(max_length=64, blank=True, default="")
    strategy_version = models.PositiveIntegerField(
        null=True,
        blank=True,
        help_text="Of a generated strategy the version that it worked with; of a deployment its own.",
    )
    planning_at = models.DateTimeField(null=True, blank=True)
    planned_at = models.DateTimeField(null=True, blank=True)
    reasons = models.JSONField(default=list, blank=True, help_text="Why it waits: sentences with who can clear them.")
    reasons_at = models.DateTimeField(null=True, blank=True)
    ready_at = models.DateTimeField(null=True, blank=True)
    woken_at = models.DateTimeField(null=True, blank=True)

    fencing_token = models.PositiveIntegerField(default=0)
    worker = models.CharField(max_length=200, blank=True, default="")
    heartbeat_at = models.DateTimeField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    deadline_at = models.DateTimeField(null=True, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    claimed_at = models.DateTimeField(null=True, blank=True, help_text="Since when its present worker has it.")
    worked_ms = models.BigIntegerField(
        default=0, help_text="What workers before this one spent on it; pauses do not count."
    )
    stop = models.CharField(max_length=10, choices=Stop.choices, blank=True, default="")
    stop_asked_at = models.DateTimeField(null=True, blank=True)
    stop_asked_by = models.CharField(max_length=150, blank=True, default="")
    is_read_only = models.BooleanField(
        default=False,
        db_default=False,
        help_text="Its plan changes nothing: it needs no window, and no freeze stops it.",
    )
    needs_approval = models.BooleanField(
        null=True, help_text="Whether people are asked before its start; empty = not known yet, and it waits."
    )
    predicted = models.JSONField(null=True, blank=True, help_text="How long it will take, see predictions.Prediction.")
    window = models.ForeignKey(
        MaintenanceWindow, on_delete=models.SET_NULL, null=True, blank=True, related_name="runs",
        help_text="In which it began; empty = outside of any.",
    )  # fmt: skip
    window_starts_at = models.DateTimeField(null=True, blank=True, help_text="The slot of the window, by its start.")
    window_ends_at = models.DateTimeField(
        null=True, blank=True, help_text="No step begins after it: its window is over then, or a freeze begins."
    )
    precheck_notes = models.JSONField(
        default=list,
        blank=True,
        help_text="Sentences: what was seen before its start and did not keep it from starting.",
    )
    used = models.JSONField(null=True, blank=True, help_text="What its steps have used so far, see budgets.Used.")
    steps_total = models.PositiveIntegerField(default=0)
    step_number = models.PositiveIntegerField(default=0)
    step_started_at = models.DateTimeField(null=True, blank=True)
    step_fraction = models.FloatField(null=True, blank=True)
    step_phase = models.CharField(max_length=200, blank=True, default="")

    finished_at = models.DateTimeField(null=True, blank=True)
    duration_ms = models.BigIntegerField(null=True, blank=True)
    message = models.CharField(max_length=2000, blank=True, default="")
    error_code = models.CharField(max_length=50, blank=True, default="")
    error_class = models.CharField(max_length=20, blank=True, default="")
    state_left = models.CharField(max_length=20, blank=True, default="")
    state_left_message = models.CharField(max_length=2000, blank=True, default="")
    awaits_handling = models.BooleanField(
        default=False, help_text="It ended badly, and nobody has said yet what was done about it."
    )
    handled_at = models.DateTimeField(null=True, blank=True)
    handled_by = models.CharField(max_length=150, blank=True, default="")
    handled_note = models.CharField(max_length=500, blank=True, default="")

    objects: ClassVar[JobRunQuerySet] = JobRunQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        db_table = "portal_job_run"
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["status", "due_at"], name="portal_run_by_status"),
            models.Index(fields=["status", "id"], name="portal_run_newest"),
            models.Index(fields=["awaits_handling", "id"], name="portal_run_unhandled"),
            models.Index(fields=["target", "status"], name="portal_run_by_target"),
            models.Index(fields=["finished_at"], name="portal_run_by_end"),
            models.Index(fields=["job", "due_at"], name="portal_run_by_job"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(status__in=RunStatus.values), name="portal_run_status_known"),
        ]

    def __str__(self) -> str:
        return f"Run {self.pk}"

    @property
    def state(self) -> RunStatus:
        return RunStatus(self.status)

    @property
    def shown_state(self) -> State:
        """The state as pages show it."""
        if self.status != RunStatus.PLANNED or self.planned_at is not None:
            return self.state
        return BeforePlan.NO_PLAN if self.planning_at is None else BeforePlan.PLANNING

    @property
    def is_open(self) -> bool:
        return self.status in OPEN

    @property
    def is_active(self) -> bool:
        return self.status in ACTIVE

    @property
    def must_end_at(self) -> datetime | None:
        """When what is still at work is cancelled, because its window is over or a freeze has begun; None = neither ends it."""
        return self.window_ends_at + self.grace if self.window_ends_at is not None else None

    @property
    def grace(self) -> timedelta:
        return self.window.grace if self.window is not None else GRACE

    @property
    def has_begun(self) -> bool:
        """Whether a worker ever began it: what bounds its start counts no more, also while it waits to go on."""
        return self.started_at is not None

    @property
    def is_whole(self) -> bool:
        """Whether its duration is that of the whole work: not of what was left of it, nor of taking it back."""
        return not self.is_undo and self.origin not in GOES_ON

    def worked(self, moment: datetime) -> int | None:
        """Milliseconds that workers have spent on it until `moment`, without pauses; None = it never began."""
        if self.started_at is None:
            return None
        now = (moment - self.claimed_at).total_seconds() * 1000 if self.claimed_at is not None else 0
        return self.worked_ms + max(0, int(now))
