"""The demo's past: the same on every machine, with growth, failures and an outage in it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from statistics import mean

from maintenance_portal.demo.jobs import NIGHTLY
from maintenance_portal.demo.past import nights
from strategies.models import RunStatus

DUE = [datetime(2026, 8, 1, 2, tzinfo=UTC) + timedelta(days=n) for n in range(90)]


def test_the_same_past_is_made_each_time_and_each_job_has_its_own() -> None:
    first, second = NIGHTLY[:2]
    assert list(nights(first, DUE)) == list(nights(first, DUE))
    assert list(nights(first, DUE)) != list(nights(second, DUE))


def test_work_grows_and_two_nights_are_missed() -> None:
    for demo in NIGHTLY:
        past = list(nights(demo, DUE))
        assert [night.due_at for night in past] == DUE
        assert sum(night.status is RunStatus.MISSED for night in past) == 2
        early, late = past[:30], past[-30:]
        assert mean(mean(n.durations_ms) for n in late) > mean(mean(n.durations_ms) for n in early)


def test_some_nights_fail_and_most_go_well() -> None:
    ends = [night.status for demo in NIGHTLY for night in nights(demo, DUE)]
    assert 0.01 < ends.count(RunStatus.FAILED) / len(ends) < 0.2
