"""What is called usual: enough times, and not the one that is looked at."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from strategies import durations
from strategies.durations import Usual, usual
from strategies.models import Duration, Target


@pytest.mark.parametrize(
    ("times", "without", "at_least", "found"),
    [
        ([], None, 1, None),
        ([40], None, 1, Usual(40, 40, 1)),
        ([40], 40, 1, None),
        ([40, 50, 60], None, 3, Usual(50, 60, 3)),
        ([40, 50, 60], 50, 3, None),
        ([40, 40, 50, 60], 40, 3, Usual(50, 60, 3)),
        ([40, 50, 60], 70, 3, Usual(50, 60, 3)),
    ],
)
def test_the_usual_duration(times: list[int], without: int | None, at_least: int, found: Usual | None) -> None:
    kept = list(times)
    assert usual(times, without=without, at_least=at_least) == found
    assert times == kept


@given(times=st.lists(st.integers(0, 10**9), min_size=1, max_size=20))
def test_p90_is_one_that_was_or_lies_between_two_that_were(times: list[int]) -> None:
    found = usual(times)
    assert found is not None
    assert min(times) <= found.p50_ms <= found.p90_ms <= max(times)
    if len(times) < 9:
        assert found.p90_ms == max(times)


@pytest.mark.parametrize("n", [9, 20])
def test_of_ten_times_nine_stay_within_the_p90_of_those_before(n: int) -> None:
    """Long-tailed, as durations are. The usual choice of a quantile (inclusive) is outlasted by 14 of 100 with 20 times kept."""
    chance, outlasted, rounds = random.Random(1), 0, 20_000
    for _ in range(rounds):
        *before, now = (round(chance.lognormvariate(8, 0.8)) for _ in range(n + 1))
        found = usual(before)
        assert found is not None
        outlasted += now > found.p90_ms
    assert 0.09 < outlasted / rounds < 0.11


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


@pytest.mark.django_db
def test_work_that_was_begun_again_without_an_end_was_done_when_it_was_done() -> None:
    home, now = Target.objects.get(is_home=True), timezone.now()
    durations.remember_all(home, "INDEX_MAINTENANCE", {"a": (5, now)})
    durations.begun(home, "INDEX_MAINTENANCE", "a", now + timedelta(days=1))
    row = Duration.objects.get(step_key="a")
    assert (row.updated_at, row.begun_at, row.recent_ms) == (now, now + timedelta(days=1), [5])
    assert durations.last(home, "INDEX_MAINTENANCE") == {"a": now + timedelta(days=1)}
