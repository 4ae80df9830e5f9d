"""What is called usual: enough times, and not the one that is looked at."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from strategies import durations
from strategies.durations import Usual, usual
from strategies.models import Target


@pytest.mark.parametrize(
    ("times", "without", "at_least", "found"),
    [
        ([], None, 1, None),
        ([40], None, 1, Usual(40, 40, 1)),
        ([40], 40, 1, None),
        ([40, 50, 60], None, 3, Usual(50, 58, 3)),
        ([40, 50, 60], 50, 3, None),
        ([40, 40, 50, 60], 40, 3, Usual(50, 58, 3)),
        ([40, 50, 60], 70, 3, Usual(50, 58, 3)),
    ],
)
def test_the_usual_duration(times: list[int], without: int | None, at_least: int, found: Usual | None) -> None:
    kept = list(times)
    assert usual(times, without=without, at_least=at_least) == found
    assert times == kept


@pytest.mark.django_db
def test_the_durations_of_a_runs_steps_are_added_together_and_only_the_latest_stay() -> None:
    home, now = Target.objects.get(is_home=True), timezone.now()
    long_key = "x" * 500
    for number in range(22):
        times = {"a": (number, now), f"{long_key}1": (1, now), f"{long_key}2": (2, now)}
        durations.remember_all(home, "INDEX_MAINTENANCE", {**times, f"only {number}": (7, now)})
    kept = durations.past([home.pk], None)
    assert kept[home.pk, "INDEX_MAINTENANCE", "a"] == list(range(2, 22))
    assert kept[home.pk, "INDEX_MAINTENANCE", "only 21"] == [7]
    assert len(kept) == 24


@pytest.mark.django_db
def test_work_that_was_begun_has_no_duration_yet() -> None:
    home, now = Target.objects.get(is_home=True), timezone.now()
    for number in range(2):
        durations.begun(home, "INTEGRITY_VALIDATION", "check", now + timedelta(days=number))
    assert durations.past([home.pk], None) == {}
    assert durations.last(home, "INTEGRITY_VALIDATION") == {"check": now + timedelta(days=1)}
