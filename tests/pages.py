"""What tests of pages need: a database with a bit of everything on it, and every address of the portal with its rights."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone

from monitoring import errors
from monitoring.models import (
    AnnouncedWork,
    Announcement,
    Delivery,
    ErrorDay,
    ErrorGroup,
    Notification,
    NotificationChannel,
    NotificationRule,
    Stage,
    StatusPage,
    Subscription,
    System,
)
from strategies import approvals, findings, glass, holds, needs, operation_log, runs, versions
from strategies.assessments import Assessment as Seen
from strategies.assessments import Finding as Need
from strategies.assessments import Severity
from strategies.audit import Actor
from strategies.models import (
    BAD,
    Approval,
    ApprovalRule,
    Assessment,
    BreakGlass,
    Calendar,
    CalendarEntry,
    CalendarScope,
    Delegation,
    Finding,
    FrameworkImport,
    Hold,
    JobRun,
    MaintenanceJob,
    MaintenanceWindow,
    OperationLog,
    OperationStatus,
    RunStatus,
    StandingApproval,
    Stop,
    StrategyVersion,
    Target,
    Tenant,
)
from strategies.operation_log import Beginning, Ending
from strategies.partition_framework.report import Report, Tally
from strategies.plans import ErrorClass, Locks, Meters, Plan, Step, TargetError
from tests.jobs import a_job

ANNA = Actor("anna", "192.0.2.7")
HOSTILE = "<script>alert('x')</script> \"q\"'; größe"


def text_of(response: Any) -> str:
    """A page's source with its white space as a reader sees it."""
    return re.sub(r"[ \r\n]+", " ", response.content.decode())


def step(number: int, **values: Any) -> Step:
    name = f"orders_{number}"
    return Step(
        **{
            "key": f"rebuild:{name}", "operation_type": "REBUILD", "object": name, "object_type": "INDEX",
            "statements": (f'REINDEX "{name}"',), "reason": f"{name} is bloated.", "locks": Locks.WRITES,
            "undo_note": "Nothing to undo.", "evidence": {"size_bytes": 5_000_000, "is_valid": False},
        }
        | values
    )  # fmt: skip


def plan(*steps: Step, target: str = "shop") -> Plan:
    return Plan(
        strategy="INDEX_MAINTENANCE", version="1.0", platform="sqlite", target=target, parameters={}, steps=steps
    )


def ended_run(
    target: Target, status: RunStatus, *steps: Step, message: str = "It is over.", moment: datetime | None = None
) -> JobRun:
    """A run with one operation a step, that ended like this."""
    moment = moment or timezone.now()
    run = planned_run(target, *steps)
    for one in steps:
        pk = operation_log.begin(
            Beginning(
                "INDEX_MAINTENANCE", "REBUILD", one.object, "INDEX", one.sql, "portal", "1", target.pk, run.pk, one.key
            ),
            moment,
        )
        error = TargetError(ErrorClass.PERMANENT, "42P01", "gone") if status == RunStatus.FAILED else None
        word = OperationStatus.ERROR if error else OperationStatus.SUCCESS
        operation_log.end(pk, Ending(word, HOSTILE, 1200, error, Meters(5, None, 40, 6000), 1), moment)
    JobRun.objects.filter(pk=run.pk).update(
        status=status, awaits_handling=status in BAD,
        started_at=moment - timedelta(seconds=2), finished_at=moment, duration_ms=2000, message=message,
        is_released=True, error_code="42P01" if status == RunStatus.FAILED else "",
        state_left="needs_cleanup" if status == RunStatus.FAILED else "",
    )  # fmt: skip
    run.refresh_from_db()
    return run


def planned_run(target: Target, *steps: Step) -> JobRun:
    run = runs.ask(ANNA, target, "INDEX_MAINTENANCE", timezone.now(), wake=False)
    runs.keep_plan(run, plan(*steps, target=target.name), timezone.now())
    return run


def running(target: Target, *steps: Step) -> JobRun:
    run = planned_run(target, *steps)
    now = timezone.now()
    JobRun.objects.filter(pk=run.pk).update(
        status=RunStatus.RUNNING, is_released=True, started_at=now, heartbeat_at=now, lease_until=now + timedelta(seconds=30),
        deadline_at=now + timedelta(hours=1), step_number=1, step_started_at=now, step_fraction=0.4, step_phase="building",
        worker="host/1/2/3.00",
    )  # fmt: skip
    operation_log.begin(
        Beginning(
            "INDEX_MAINTENANCE",
            "REBUILD",
            "orders_1",
            "INDEX",
            "REINDEX",
            "portal",
            "1",
            target.pk,
            run.pk,
            "rebuild:orders_1",
        ),
        now,
    )
    run.refresh_from_db()
    return run


def waiting(target: Target, *steps: Step) -> JobRun:
    run = planned_run(target, *steps)
    reasons = [{"code": "hold", "sentence": f"New work is held: {HOSTILE}", "cleared_by": "Anna lifts it."}]
    JobRun.objects.filter(pk=run.pk).update(status=RunStatus.WAITING, is_released=True, reasons=reasons)
    run.refresh_from_db()
    return run


def finding(name: str = "orders_by_customer", severity: Severity = Severity.WARNING) -> Need:
    evidence = {"size_bytes": 81_920, "entries": 3000, "kinds": ["a", "b"], "table": HOSTILE}
    return Need("bloated_index", name, "INDEX", severity, f"{name} is bloated. {HOSTILE}", "Rebuild it.", evidence)


@dataclass
class Scene:
    """A target with a bit of everything on it."""

    target: Target
    planned: JobRun
    running: JobRun
    waiting: JobRun
    failed: JobRun
    succeeded: JobRun
    hold: Hold
    finding: Finding
    assessment: Assessment
    operation: OperationLog
    job: MaintenanceJob
    error: ErrorGroup
    window: MaintenanceWindow
    calendar: Calendar
    entry: CalendarEntry
    rule: ApprovalRule
    approval: Approval
    standing: StandingApproval
    delegation: Delegation
    glass: BreakGlass
    channel: NotificationChannel
    notification_rule: NotificationRule
    notification: Notification
    system: System
    silent: System  # switched off
    subscription: Subscription
    status_page: StatusPage
    imported: FrameworkImport
    version: StrategyVersion

    @property
    def keys(self) -> dict[str, int]:
        """Which row an address means: by the first part of its path."""
        return {
            "databases": self.target.pk,
            "runs": self.running.pk,
            "holds": self.hold.pk,
            "operations": self.operation.pk,
            "jobs": self.job.pk,
            "errors": self.error.pk,
            "windows": self.window.pk,
            "calendars": self.calendar.pk,
            "calendar-entries": self.entry.pk,
            "approvals": self.approval.pk,
            "approval-rules": self.rule.pk,
            "standing-approvals": self.standing.pk,
            "delegations": self.delegation.pk,
            "break-glass": self.glass.pk,
            "channels": self.channel.pk,
            "notification-rules": self.notification_rule.pk,
            "notifications": self.notification.pk,
            "systems": self.system.pk,
            "status-pages": self.status_page.pk,
            "imports": self.imported.pk,
            "versions": self.version.pk,
        }


def always_open(target: Target, name: str, **values: Any) -> MaintenanceWindow:
    """A window that keeps nothing from starting: one slot after the other, without an end."""
    return MaintenanceWindow.objects.create(
        **{
            "name": name,
            "target": target,
            "starts": "2026-01-01T00:00",
            "minutes": 1440,
            "rule": "FREQ=DAILY",
            "owner": "anna",
        }
        | values
    )


def far_freeze(target: Target, name: str) -> CalendarEntry:
    """A freeze that keeps nothing from starting for a long time."""
    calendar = Calendar.objects.create(name=name, owner="anna")
    CalendarScope.objects.create(calendar=calendar, target=target)
    return CalendarEntry.objects.create(
        calendar=calendar,
        name=HOSTILE,
        reason=HOSTILE,
        starts="2099-12-24T00:00",
        minutes=1440,
        time_zone="Europe/Vienna",
    )


def one_level(role: str = "approver", quorum: int = 1, *people: str) -> list[dict[str, Any]]:
    """A level of a rule, as it is kept."""
    return [{"role": role, "quorum": quorum, "people": list(people)}]


def asked(run: JobRun, rule: ApprovalRule) -> Approval:
    """People are asked about this run, by a rule that holds for nothing else."""
    ApprovalRule.objects.filter(pk=rule.pk).update(is_active=True)
    approval = approvals.ask(run, runs.plan_of(run), timezone.now())
    ApprovalRule.objects.filter(pk=rule.pk).update(is_active=False)
    assert approval is not None
    return approval


def standing_approval(target: Target, **values: Any) -> StandingApproval:
    """Asked for by anna, granted by nobody."""
    now = timezone.now()
    known = {"strategy_name": "INDEX_MAINTENANCE", "most_score": 60, "most_runs": 5, "ends_at": now + timedelta(days=90),
             "reason": HOSTILE, "asked_by": "anna", "asked_at": now}  # fmt: skip
    return StandingApproval.objects.create(target=target, **{**known, **values})


def a_system(target: Target, name: str) -> System:
    """With a maintenance under way, one to come, one of each end, and a far next look, so that it stays as it is."""
    now = timezone.now()
    system = System.objects.create(
        name=name, tenant=target.tenant, notice=f"Slow meanwhile. {HOSTILE}", time_zone="Europe/Vienna", look_at=now + timedelta(days=9)
    )  # fmt: skip
    system.targets.add(target)
    over = (Stage.DONE, Stage.UNFINISHED, Stage.CANCELLED, Stage.WITHDRAWN)
    for hours, stage in (
        (0, Stage.STARTED),
        *((24 * n, Stage.PLANNED) for n in range(1, 7)),
        *((-24 * n, stage) for n, stage in enumerate(over, 1)),
    ):
        starts_at = now + timedelta(hours=hours)
        row = Announcement.objects.create(
            system=system, stage=stage, starts_at=starts_at, ends_at=starts_at + timedelta(minutes=40) if hours else None,
            told_at=now - timedelta(days=9), created_at=now - timedelta(days=9), closed_at=starts_at if hours < 0 else None,
        )  # fmt: skip
        AnnouncedWork.objects.create(
            announcement=row, key=f"{row.pk}:w", work="w", target=target, strategy_name="INDEX_MAINTENANCE", due_at=starts_at,
            doing="coming", starts_at=starts_at,
        )  # fmt: skip
    return system


def a_trial(target: Target) -> FrameworkImport:
    """Of an import of the older framework, with something to say of its rows."""
    found, now = Report(past_retention=3, retention_days=365), timezone.now()
    found.tables["partition_maintenance_jobs"] = Tally(read=2, added=1, left_out=1)
    found.tell("partition_maintenance_jobs", "row 1", "table_name", "left out", HOSTILE)
    return FrameworkImport.objects.create(
        target=target, schema=HOSTILE, file_name=HOSTILE, time_zone="UTC", asked_by=HOSTILE, asked_at=now, started_at=now,
        finished_at=now, report=found.as_json(),
    )  # fmt: skip


def a_version(name: str) -> StrategyVersion:
    """The second of a generated strategy, deployed nowhere."""
    files = {"README.md": f"# {HOSTILE}\n", "plsql/it.sql": f"-- {HOSTILE}\nBEGIN\n    NULL;\nEND;\n/\n"}
    told = {"strategy": {"strategy_name": name, "strategy_type": "MAINTENANCE", "description": HOSTILE, "category": "DATABASE"},
            "configurations": [], "jobs": [], "package": None}  # fmt: skip
    versions.keep(ANNA, {"name": name}, {**files, "gone.toml": "a = 1\n"}, told, timezone.now())
    return versions.keep(ANNA, {"name": name, "more": HOSTILE}, {**files, "new.py": "x = 'y'\n"}, told, timezone.now())


def scene(name: str = "shop", tenant: str = "Main") -> Scene:
    owner = Tenant.objects.get_or_create(name=tenant)[0]
    now = timezone.now()
    target = Target.objects.create(
        name=name, platform="sqlite", url=f"sqlite:////nowhere/{name}.db", tenant=owner, checked_at=now, max_parallel_runs=9,
        facts={"product": "SQLite", "version": "3", "version_number": 3, "database": name, "role": "primary", "user": "u",
               "is_writable": True, "size_bytes": 12, "details": {"Journal": HOSTILE}},
        missing_rights=[{"right": "write", "needed_for": HOSTILE, "grant": "GRANT x", "blocks": True, "strategy": "INDEX_MAINTENANCE"}],
    )  # fmt: skip
    assessment = needs.ask_assessment(ANNA, target, "INDEX_MAINTENANCE", now, wake=False)
    findings.keep_seen(target, "INDEX_MAINTENANCE", "ALL", Seen((finding(), finding("b", Severity.CRITICAL))), now)
    Assessment.objects.filter(pk=assessment.pk).update(started_at=now, finished_at=now, notes=[HOSTILE], found=2)
    failed = ended_run(target, RunStatus.FAILED, step(1), message=HOSTILE)
    errors.roll_day(failed.operations.get().operation_time.astimezone(UTC).date())
    entry = far_freeze(target, f"{name}: freezes {HOSTILE}")
    held = waiting(target, step(1))
    channel = NotificationChannel.objects.create(
        name=f"{name}: mail {HOSTILE}", kind="email", tenant=owner, failures=3, trouble=HOSTILE, trouble_since=now, paused_until=now,
        settings={"host": "127.0.0.1", "port": 25, "security": "none", "from_address": "portal@example.org"},
    )  # fmt: skip
    system = a_system(target, f"{name}: system {HOSTILE}")
    rule = ApprovalRule.objects.create(name=f"{name}: {HOSTILE}", target=target, levels=[one_level()], is_active=False)
    return Scene(
        target=target,
        planned=planned_run(target, step(1), step(2)),
        running=running(target, step(1), step(2)),
        waiting=held,
        failed=failed,
        succeeded=ended_run(target, RunStatus.SUCCEEDED, step(1, undo=("SELECT 1",))),
        hold=holds.place(ANNA, now, HOSTILE, target=target),
        finding=Finding.objects.filter(target=target).latest("pk"),
        assessment=assessment,
        operation=OperationLog.objects.filter(run=failed).get(),
        error=ErrorDay.objects.filter(target=target).get().group,
        job=a_job(target, f"{name}: {HOSTILE}", created_by=HOSTILE, notification_recipients=HOSTILE),
        window=always_open(target, f"{name}: night {HOSTILE}"),
        calendar=entry.calendar,
        entry=entry,
        rule=rule,
        imported=a_trial(target),
        version=a_version(name.upper().replace("-", "_")),
        approval=asked(held, rule),
        standing=standing_approval(target),
        delegation=Delegation.objects.create(
            person="p", delegate="anna", starts_at=now, ends_at=now + timedelta(days=3), reason=HOSTILE
        ),
        glass=glass.ask(held, ANNA, HOSTILE, now),
        channel=channel,
        system=system,
        silent=System.objects.create(name=f"{name}: silent", tenant=owner, is_active=False),
        subscription=Subscription.objects.create(
            system=system, address=f"cleo@{name}.example.org", asked_at=now, confirmed_at=now, asked_by=HOSTILE
        ),
        status_page=StatusPage.objects.create(
            tenant=owner, name=f"{name}: {HOSTILE}", made_by=HOSTILE, made_at=now, expires_at=now + timedelta(days=9)
        ),
        notification_rule=NotificationRule.objects.create(
            name=f"{name}: told {HOSTILE}",
            channel=channel,
            target=target,
            recipients="anna@example.org",
            events=["runs_end"],
        ),
        notification=Notification.objects.create(
            key=f"portal-{target.pk}",
            channel=channel,
            recipient="anna@example.org",
            event="run.failed",
            severity="critical",
            target=target,
            tenant=owner,
            why=HOSTILE,
            subject=HOSTILE,
            body=HOSTILE,
            path="/runs/",
            created_at=now,
            waits_since=now,
            next_at=now,
            state=Delivery.FAILED,
            attempts=2,
            tried_at=now,
            ended_at=now,
            said=HOSTILE,
        ),
    )


def addresses() -> dict[str, str]:
    """Every address outside the administration: name → path with `{pk}` and `{name}` where it takes them."""
    found: dict[str, str] = {}

    def walk(patterns: list[URLPattern | URLResolver], prefix: str) -> None:
        for pattern in patterns:
            path = prefix + str(pattern.pattern)
            if isinstance(pattern, URLResolver):
                walk(pattern.url_patterns, path)
            elif pattern.name and not path.startswith("admin/"):
                found[pattern.name] = "/" + path.replace("<int:pk>", "{pk}").replace("<str:name>", "{name}")

    walk(get_resolver().url_patterns, "")
    return found


def stop_of(run: JobRun) -> str:
    run.refresh_from_db()
    return Stop(run.stop).value if run.stop else ""
