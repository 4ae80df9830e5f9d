"""Many rows in batches: a row that fails keeps none of the others, trouble of the database keeps all, and time is kept."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from django.db import DatabaseError, DataError, IntegrityError, InterfaceError, OperationalError

from strategies import batches
from strategies.batches import Behind, Budget, in_batches
from tests.budgets import SpentAfter


class Work:
    """Notes what it was given; raises for a batch that holds a key of `wrong`."""

    def __init__(self, wrong: dict[int, Exception] | None = None) -> None:
        self.wrong, self.given, self.failed = wrong or {}, [], []

    def __call__(self, pks: Sequence[int]) -> int:
        self.given.append(list(pks))
        for pk in pks:
            if pk in self.wrong:
                raise self.wrong[pk]
        return len(pks)

    def fail(self, pk: int, error: Exception) -> None:
        self.failed.append((pk, type(error)))


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "SIZE", 3)


def test_rows_are_dealt_with_in_batches() -> None:
    work = Work()
    assert in_batches(range(7), work, work.fail, None) == 7
    assert work.given == [[0, 1, 2], [3, 4, 5], [6]]


@pytest.mark.parametrize("error", [ZeroDivisionError(), DataError("out of range")])
def test_a_row_that_fails_is_told_and_the_others_of_its_batch_are_dealt_with(error: Exception) -> None:
    work = Work({1: error})
    assert in_batches(range(4), work, work.fail, None) == 4
    assert work.given == [[0, 1, 2], [0], [1], [2], [3]]
    assert work.failed == [(1, type(error))]


@pytest.mark.parametrize("trouble", [IntegrityError("somebody was quicker"), DatabaseError("ORA-00060: deadlock")])
def test_a_row_that_the_database_refuses_now_is_left_for_the_next_tick(trouble: Exception) -> None:
    work = Work({1: trouble})
    assert in_batches(range(3), work, work.fail, None) == 2
    assert work.failed == []


@pytest.mark.parametrize("trouble", [OperationalError("database is locked"), InterfaceError("connection is closed")])
def test_trouble_of_the_database_is_no_fault_of_a_row(trouble: Exception) -> None:
    work = Work(dict.fromkeys(range(7), trouble))
    with pytest.raises(type(trouble)):
        in_batches(range(7), work, work.fail, None)
    assert (work.given, work.failed) == ([[0, 1, 2], [0], [1], [2]], [])


def test_trouble_that_one_row_meets_is_left_for_the_next_tick_and_keeps_no_other() -> None:
    work, behind = Work({1: OperationalError("integer overflow")}), Behind()
    assert in_batches(range(7), work, work.fail, None, behind) == 6
    assert (work.failed, behind.pks) == ([], {1})
    work.wrong = {}
    in_batches([1], work, work.fail, None, behind)
    assert behind.pks == set()


def test_trouble_that_comes_in_the_middle_ends_it_and_what_was_done_counts() -> None:
    work, behind = Work(dict.fromkeys((3, 4, 5), OperationalError("database is locked"))), Behind()
    assert in_batches(range(7), work, work.fail, None, behind) == 3
    assert work.given == [[0, 1, 2], [3, 4, 5], [3], [4], [5]]
    assert behind.pks == {3, 4, 5}


def test_who_waited_for_a_lock_until_the_time_was_over_does_not_wait_for_it_once_more() -> None:
    work = Work({1: OperationalError("database is locked")})
    with pytest.raises(OperationalError):
        in_batches(range(3), work, work.fail, SpentAfter(1))
    assert work.given == [[0, 1, 2]]


def test_row_by_row_the_time_is_kept_too_and_one_row_is_always_dealt_with() -> None:
    work = Work({1: ZeroDivisionError()})
    assert in_batches(range(7), work, work.fail, SpentAfter(1)) == 1
    assert work.given == [[0, 1, 2], [0]]


@pytest.mark.parametrize("trouble", [ZeroDivisionError(), OperationalError("no such table")])
def test_a_row_that_cannot_even_be_given_up_keeps_no_other(trouble: Exception) -> None:
    def fail(pk: int, error: Exception) -> None:
        raise trouble

    work, behind = Work({1: ZeroDivisionError()}), Behind()
    assert in_batches(range(4), work, fail, None, behind) == 3
    assert behind.pks == {1}


def test_no_batch_is_begun_when_the_time_is_over() -> None:
    work = Work()
    assert in_batches(range(7), work, work.fail, Budget(0)) == 0
    assert in_batches(range(7), work, work.fail, Budget(3600)) == 7
