"""The pages and the supervisor judge the workers alike."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from maintenance_portal.vitals import vitals
from strategies import queue, runs
from strategies.audit import Actor
from strategies.models import JobRun, Portal, Pulse, RunStatus, Target


@pytest.fixture
def now(db: None) -> datetime:
    """Everything was heard just now."""
    now = timezone.now()
    Portal.objects.filter(pk=1).update(beat_at=now)
    for cluster in (queue.DEFAULT, queue.MAINTENANCE):
        Pulse.objects.create(cluster=cluster, answered_at=now)
    return now


def in_hand(target: Target, number: int, heartbeat_at: datetime) -> None:
    for _ in range(number):
        run = runs.ask(Actor("anna"), target, "STATISTICS_MAINTENANCE", heartbeat_at, wake=False)
        JobRun.objects.filter(pk=run.pk).update(status=RunStatus.RUNNING, heartbeat_at=heartbeat_at)


def test_a_question_that_waits_behind_work_is_no_trouble_while_signs_come(now: datetime) -> None:
    Pulse.objects.filter(cluster=queue.DEFAULT).update(asked_at=now - timedelta(hours=2), answered_at=now)
    assert vitals(now).is_well


def test_a_cluster_that_gives_no_signs_does_not_answer(now: datetime) -> None:
    later = now + timedelta(seconds=60)
    Portal.objects.filter(pk=1).update(beat_at=later)
    assert vitals(later).problem == "The workers do not answer: nothing new starts."


@pytest.mark.parametrize(("in_runs", "is_well"), [(1, False), (2, True)])
def test_runs_speak_for_their_workers_only_where_every_worker_has_one(
    now: datetime, sqlite_target: Target, settings: Any, in_runs: int, is_well: bool
) -> None:
    settings.PORTAL_RUN_WORKERS = 2
    Pulse.objects.filter(cluster=queue.MAINTENANCE).update(answered_at=now - timedelta(hours=8))
    in_hand(sqlite_target, in_runs, now)
    assert vitals(now).is_well is is_well
