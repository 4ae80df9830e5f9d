from __future__ import annotations

import pytest

from strategies.budgets import Budget, Used, lines, spent
from strategies.plans import Locks, Meters, Outcome


def took(ms: int, operations: int | None = None) -> Outcome:
    return Outcome(ms, meters=Meters(io_operations=operations))


def test_only_steps_that_keep_others_from_writing_count_as_locks() -> None:
    used = Used()
    for locks in (Locks.NONE, Locks.DDL, Locks.WRITES, Locks.ALL):
        used = used.plus(locks, took(1000))
    assert (used.database_ms, used.lock_ms) == (4000, 2000)


def test_what_was_not_measured_is_not_counted_as_none() -> None:
    assert Used().plus(Locks.NONE, took(1)).io_operations is None
    measured = Used().plus(Locks.NONE, took(1, 7)).plus(Locks.NONE, took(1)).plus(Locks.NONE, took(1, 0))
    assert measured.io_operations == 7


def test_what_is_kept_with_a_run_is_read_again_beside_what_else_is_kept_there() -> None:
    used = Used(database_ms=5, io_operations=2, lock_ms=1)
    assert Used.of(used.as_json()) == used
    assert Used.of(None) == Used()
    budget = Budget(max_io_operations=9)
    assert Budget.of({"parallel_degree": 2, **budget.as_json()}) == budget
    assert Budget().as_json() == {}


@pytest.mark.parametrize(
    ("budget", "words"),
    [
        (Budget(), ""),
        (Budget(max_database_seconds=601), ""),
        (Budget(max_database_seconds=600), "time on the database (600.0 of 600 s)"),
        (Budget(max_lock_seconds=12), "time that kept others from writing (12.5 of 12 s)"),
        (Budget(max_io_operations=1200), "reads and writes (1,234 of 1,200)"),
        (
            Budget(max_database_seconds=1, max_io_operations=1),
            "time on the database (600.0 of 1 s) and reads and writes (1,234 of 1)",
        ),
    ],
)
def test_a_budget_is_spent_when_all_of_it_is_used(budget: Budget, words: str) -> None:
    assert spent(budget, Used(database_ms=600_000, io_operations=1234, lock_ms=12_500)) == words


def test_a_budget_of_what_is_not_measured_is_never_spent_and_says_so() -> None:
    budget = Budget(max_io_operations=1)
    assert spent(budget, Used(database_ms=10**9)) == ""
    assert [line.words for line in lines(budget, Used(database_ms=1500))] == ["1.5 s", "not measured, limit 1", "0.0 s"]
