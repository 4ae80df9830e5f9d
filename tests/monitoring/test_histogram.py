"""Percentiles from buckets: within 5 % of the value that has this rank among all of them."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring import histogram
from monitoring.histogram import LONGEST_MS
from monitoring.rows import WEAK_BELOW
from monitoring.sums import LARGEST, Sums

DURATIONS = st.one_of(
    st.integers(0, 3), st.integers(0, 1000), st.integers(0, LONGEST_MS), st.integers(0, 200).map(lambda i: math.floor(1.1**i))
)  # fmt: skip


def of_rank(values: list[int], percent: int) -> int:
    """The exact value by nearest rank."""
    return sorted(values)[math.ceil(percent * len(values) / 100) - 1]


@given(st.lists(DURATIONS, min_size=1, max_size=200), st.integers(1, 100))
def test_a_percentile_is_within_five_percent_of_the_exact_value_of_its_rank(values: list[int], percent: int) -> None:
    found = histogram.percentiles(sum(map(histogram.of, values)), [percent], min(values), max(values))[0]
    assert found == pytest.approx(of_rank(values, percent), rel=0.0477)


@given(st.lists(DURATIONS, min_size=1), st.lists(DURATIONS, min_size=1))
def test_two_days_added_are_as_if_they_had_been_one(one: list[int], other: list[int]) -> None:
    def of(values: list[int]) -> Sums:
        sums = Sums()
        for value in values:
            sums.ended("succeeded", value)
        return sums

    added = of(one)
    added.add(of(other))
    assert added == of(one + other)


def test_the_middle_of_a_bucket_is_near_every_duration_in_it() -> None:
    assert (histogram.bucket_of(0), histogram.middle(histogram.NOUGHT)) == (histogram.NOUGHT, 0)
    for ms in (1, 2, 10, 11, 12, 999, 3_600_000, LONGEST_MS):
        assert histogram.middle(histogram.bucket_of(ms)) == pytest.approx(ms, rel=0.0477)


def test_a_single_duration_is_known_exactly() -> None:
    assert histogram.percentiles(histogram.of(1234), (50, 95), 1234, 1234) == [1234, 1234]


@given(st.lists(DURATIONS, max_size=200))
def test_as_text_a_histogram_stays_what_it_is(values: list[int]) -> None:
    whole = sum(map(histogram.of, values))
    assert histogram.from_text(histogram.to_text(whole)) == whole
    assert sum(histogram.counts(whole)) == len(values)


def test_the_longest_text_fits_into_its_column() -> None:
    most = histogram.counts(histogram.of(LONGEST_MS))
    full = sum((2**32 - 1) << 32 * place for place in range(len(most)))
    assert len(histogram.to_text(full)) <= histogram.LONGEST_TEXT


def test_below_the_bound_of_weak_percentiles_the_95th_is_the_longest() -> None:
    for n in range(1, 60):
        rank = -(-95 * n // 100)
        assert (rank == n) == (n < WEAK_BELOW)


def test_figures_that_cannot_be_count_as_not_measured() -> None:
    sums = Sums()
    sums.ended("succeeded", -5)
    sums.ended("failed", LONGEST_MS + 1)
    sums.ended("failed", None)
    sums.cost(-1, None, LARGEST + 1, 7)
    assert (sums.count, sums.failed, sums.duration_n) == (3, 2, 0)
    assert (sums.cpu_n, sums.memory_n, sums.io_n, sums.rows_n, sums.rows_processed) == (0, 0, 0, 1, 7)
    assert sums.summary.p95_ms is None
    assert sums.meters.cpu_ms.sum is None
