"""Why a job does not run: one sentence for each state, with who or what clears it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from strategies.job_causes import Signs, causes
from strategies.models import JobRun, MaintenanceJob, RunStatus, Stop
from tests.jobs import DAY, HOUR, NOON, SECOND

TICKING = Signs(clock_at=NOON - SECOND)


def job(kind: str = "DAILY", **values: Any) -> MaintenanceJob:
    known: dict[str, Any] = {
        "job_name": "NIGHTLY",
        "is_settled": True,
        "is_active": True,
        "next_run": NOON + HOUR,
        **values,
    }
    return MaintenanceJob(schedule_type_id=kind, **known)


def run(status: RunStatus, **values: Any) -> JobRun:
    known: dict[str, Any] = {"pk": 7, "due_at": NOON - SECOND, "is_released": True, "planned_at": NOON, **values}
    return JobRun(status=status, **known)


def said(row: MaintenanceJob, present: JobRun | None = None, signs: Signs = TICKING) -> list[tuple[str, str, Any]]:
    return [(cause.sentence, cause.cleared_by, cause.at) for cause in causes(row, present, signs, NOON)]


@pytest.mark.parametrize(
    ("row", "signs", "sentence", "cleared_by", "at"),
    [
        (job(), TICKING, "not due before", "by itself at that time", NOON + HOUR),
        (job(next_run=NOON), TICKING, "about to be planned", "within seconds", NOON),
        (job(is_settled=False), TICKING, "read anew", "within seconds", None),
        (job(quarantined_at=NOON, quarantine_reason="target: gone."), TICKING, "set aside: target: gone.", "A DBA changes", None),
        (job(is_active=False), TICKING, "switched off", "A DBA switches it on", None),
        (job(next_run=None), TICKING, "no further due instant", "changes the schedule", None),
        (job("ON_DEMAND", next_run=None), TICKING, "no schedule", "by hand or by command", None),
        (job("EVENT_DRIVEN", next_run=None, schedule_value="LOAD DONE"), TICKING, "LOAD DONE is announced.", "emit 'LOAD DONE'", None),
        (
            job("EVENT_DRIVEN", next_run=None, schedule_value="L"), Signs(NOON, announced_at=NOON - DAY), "as it last was at",
            "manage.py emit L", NOON - DAY,
        ),
        (job(next_run=None), Signs(NOON, is_manual=True), "execution mode MANUAL", "by hand, or changes the mode", None),
    ],
)  # fmt: skip
def test_each_state_has_its_sentence(
    row: MaintenanceJob, signs: Signs, sentence: str, cleared_by: str, at: datetime | None
) -> None:
    ((text, by, instant),) = said(row, signs=signs)
    assert sentence in text
    assert cleared_by in by
    assert instant == at


@pytest.mark.parametrize("clock_at", [None, NOON - timedelta(seconds=16)])
def test_a_clock_that_stands_is_said_first(clock_at: datetime | None) -> None:
    found = said(job(), signs=Signs(clock_at))
    assert "clock does not tick" in found[0][0]
    assert found[0][2] == clock_at
    assert "not due before" in found[1][0]
    assert "clock does not tick" in said(job(is_settled=False), signs=Signs(clock_at))[0][0]


@pytest.mark.parametrize(
    ("present", "sentence", "cleared_by"),
    [
        (run(RunStatus.READY), "Run 7 may start", "worker takes it up"),
        (run(RunStatus.PAUSED), "paused", "next worker"),
        (run(RunStatus.WAITING, due_at=NOON + SECOND), "Run 7 is prepared; it is due at", "by itself"),
        (
            run(RunStatus.WAITING, reasons=[{"code": "hold", "sentence": "Held: close.", "cleared_by": "anna lifts it."}]),
            "Held: close.", "anna lifts it.",
        ),
        (
            run(
                RunStatus.PLANNED, planned_at=None, due_at=NOON + SECOND,
                reasons=[{"code": "inactive", "sentence": "It is off.", "cleared_by": "A DBA switches it on."}],
            ),
            "It is off.", "A DBA switches it on.",
        ),
        (run(RunStatus.WAITING), "asked at the gate", "within seconds"),
        (run(RunStatus.PLANNED, planned_at=None), "being planned", "worker looks"),
        (run(RunStatus.PLANNED, is_released=False), "Nobody has released the plan of run 7", "A DBA reads the plan"),
    ],
)  # fmt: skip
def test_an_open_run_gives_its_own_reasons(present: JobRun, sentence: str, cleared_by: str) -> None:
    ((text, by, _),) = said(job(), present)
    assert sentence in text
    assert cleared_by in by


def test_a_prepared_run_says_first_what_people_have_to_clear_before_it_is_due() -> None:
    reasons = [
        {"code": "not_approved", "sentence": "It was sent back.", "cleared_by": "A DBA asks again."},
        {"code": "approved_later", "sentence": "It is approved from then on.", "cleared_by": "By itself."},
        {"code": "not_due", "sentence": "It is due at then.", "cleared_by": "By itself."},
    ]
    found = said(job(), run(RunStatus.WAITING, due_at=NOON + HOUR, reasons=reasons))
    assert [text for text, _, _ in found] == ["It was sent back.", "Run 7 is prepared; it is due at"]
    assert found[1][2] == NOON + HOUR


@pytest.mark.parametrize("status", [RunStatus.RUNNING, RunStatus.STOPPING, RunStatus.VERIFYING])
def test_while_it_is_at_work_there_is_no_cause(status: RunStatus) -> None:
    assert said(job(), run(status, stop=Stop.AFTER_STEP)) == []
