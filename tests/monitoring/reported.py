"""What tests of the report need: a varied past of two tenants, in and around the month that is reported."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

from strategies.models import (
    TERMINAL,
    Approval,
    ApprovalWord,
    BreakGlass,
    JobRun,
    MaintenanceWindow,
    OperationLog,
    RunStatus,
    StandingApproval,
    Tag,
    Target,
)
from tests.monitoring.past import target

# October 2025 in Vienna, where the clock goes back on the 26th
FIRST, LAST = "2025-10-01", "2025-10-31"
SINCE, UNTIL = datetime(2025, 9, 30, 22, tzinfo=UTC), datetime(2025, 10, 31, 23, tzinfo=UTC)
BEFORE = datetime(2025, 8, 30, 22, tzinfo=UTC)
OCTOBER = f"first={FIRST}&last={LAST}"
STRATEGIES = ("INDEX_MAINTENANCE", "STATISTICS_MAINTENANCE", "SPACE_MAINTENANCE")
HOSTILE = "=cmd|' /C calc'!<b>"
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


def places() -> list[Target]:
    """Three databases of Main (one with a tag, one in production), and one of another tenant."""
    found = [target("shop"), target("ledger"), target("crm"), target("theirs", "Other")]
    Target.objects.filter(name="ledger").update(environment="production")
    found[0].tags.add(Tag.objects.get_or_create(name="nightly")[0])
    return found


def ended(place: Target, status: str, at: datetime, **values: Any) -> JobRun:
    began = status not in (RunStatus.MISSED, RunStatus.CANCELLED)
    return JobRun.objects.create(
        **{
            "due_key": f"report:{random.random()}", "strategy_name": STRATEGIES[0], "target": place, "origin": "schedule",
            "asked_by": "test", "status": status, "due_at": at - 10 * MINUTE, "finished_at": at,
            "started_at": at - MINUTE if began else None, "duration_ms": 61_000 if began else None,
            "message": "It did not start in time. The window was full." if status == RunStatus.MISSED else "It is over.",
        }
        | values
    )  # fmt: skip


def logged(place: Target | None, at: datetime, **values: Any) -> OperationLog:
    """Not saved."""
    return OperationLog(
        **{
            "strategy_name": STRATEGIES[0], "operation_type": "REBUILD", "operation_time": at, "status": "SUCCESS",
            "target": place, "target_type": "INDEX", "target_object": "orders_1", "duration_ms": 900,
        }
        | values
    )  # fmt: skip


def asked(run: JobRun, at: datetime, state: str = "approved", **values: Any) -> Approval:
    return Approval.objects.create(
        **{
            "run": run, "state": state, "seal": "s", "sealed": {}, "asked_by": "anna", "asked_at": at, "not_before": at,
            "not_after": at + DAY, "decided_at": at, "levels": [[], []],
        }
        | values
    )  # fmt: skip


def word(approval: Approval, at: datetime, verdict: str = "approve", **values: Any) -> ApprovalWord:
    known = {"level": 0, "person": "vera", "comment": "Fine.", "given_at": at}
    return ApprovalWord.objects.create(approval=approval, verdict=verdict, **known | values)


def broken_glass(run: JobRun, at: datetime) -> BreakGlass:
    return BreakGlass.objects.create(
        run=run, reason="The disk is full.", asked_by="anna", asked_at=at, second="vera", second_at=at, used_at=at + MINUTE,
        ends_at=at + timedelta(hours=4), overrode=[{"code": "freeze", "sentence": "Blocked by freeze Quarter close"}],
    )  # fmt: skip


def night(place: Target, name: str = "night") -> MaintenanceWindow:
    """Two hours each day from 01:00 in Vienna on."""
    window = MaintenanceWindow.objects.create(
        name=name,
        target=place,
        starts="2025-01-01T01:00",
        minutes=120,
        time_zone="Europe/Vienna",
        rule="FREQ=DAILY",
        owner="anna",
    )
    MaintenanceWindow.objects.filter(pk=window.pk).update(changed_at=datetime(2025, 1, 1, tzinfo=UTC))
    return window


def varied_past(seed: int = 7, size: int = 240) -> None:
    """Runs and operations of all kinds from two months before to one after, some exactly at the ends of the month; some open ones."""
    chance = random.Random(seed)
    targets = places()
    window = night(targets[0])
    edges = (BEFORE, SINCE, SINCE - timedelta(microseconds=1), UNTIL - timedelta(microseconds=1), UNTIL)

    def some_time() -> datetime:
        return chance.choice(edges) if chance.random() < 0.2 else BEFORE + timedelta(hours=chance.uniform(-200, 2000))

    runs = []
    for _ in range(size):
        at = some_time()
        status = chance.choice((*TERMINAL, *[RunStatus.SUCCEEDED] * 9))
        is_bad = status in (RunStatus.FAILED, RunStatus.MISSED)
        in_window = status != RunStatus.MISSED and chance.random() < 0.4
        runs.append(ended(
            chance.choice(targets), status, at, strategy_name=chance.choice(STRATEGIES),
            duration_ms=None if status in (RunStatus.MISSED, RunStatus.CANCELLED) else chance.randrange(1, 9_000_000),
            awaits_handling=is_bad and chance.random() < 0.5, window=window if in_window else None,
            window_ends_at=at + chance.choice((-1, 1)) * MINUTE if in_window else None,
        ))  # fmt: skip
    ended(targets[0], RunStatus.RUNNING, SINCE + DAY, finished_at=None)
    OperationLog.objects.bulk_create(
        logged(
            chance.choice([*targets, None]), some_time(), strategy_name=chance.choice((*STRATEGIES, HOSTILE)),
            status=chance.choice(("SUCCESS", "SUCCESS", "WARNING", "ERROR", "TIMEOUT", "CANCELLED", "RUNNING")),
            target_object=chance.choice((None, "", "a", "b", "c", HOSTILE)), target_type=chance.choice(("INDEX", "TABLE")),
            error_code=chance.choice(("SQLITE_BUSY", "42P01", "")), error_message=chance.choice(("database is locked", None)),
            message=f"went wrong in {chance.randrange(9)}",
        )
        for _ in range(2 * size)
    )  # fmt: skip
    standing = StandingApproval.objects.create(
        strategy_name=STRATEGIES[0], most_score=50, most_runs=9, ends_at=UNTIL, reason="r", asked_by="anna", asked_at=BEFORE,
        granted_by="vera",
    )  # fmt: skip
    for run in runs[: size // 2]:
        at = some_time()
        state = chance.choice(("approved", "sent_back", "expired", "withdrawn"))
        approval = asked(run, at, state, standing=standing if chance.random() < 0.2 else None)
        if chance.random() < 0.7:
            word(
                approval,
                at,
                chance.choice(("approve", "approve", "send_back", "comment")),
                person=chance.choice(("vera", "anna")),
            )
    for run in runs[:12]:
        broken_glass(run, some_time())
