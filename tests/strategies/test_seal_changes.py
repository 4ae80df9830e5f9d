"""What differs from what was approved, side by side."""

from __future__ import annotations

from typing import Any

from strategies.seal_changes import How, Line, changes
from tests.pages import step


def sealed(*steps: Any) -> dict[str, Any]:
    return {"steps": [one.as_json() for one in steps]}


def test_the_same_steps_differ_in_nothing() -> None:
    assert changes(sealed(step(1), step(2)), sealed(step(1), step(2))) == []


def test_a_changed_statement_stands_beside_the_old_one_and_the_same_lines_are_the_same() -> None:
    old = step(1, settings=("SET a = 1",))
    new = step(1, settings=("SET a = 1",), statements=('REINDEX "other"',))
    (change,) = changes(sealed(old), sealed(new))
    assert (change.key, change.how) == ("rebuild:orders_1", How.CHANGED)
    assert change.lines == (Line("SET a = 1;", "SET a = 1;"), Line('REINDEX "orders_1";', 'REINDEX "other";'))
    assert [line.is_same for line in change.lines] == [True, False]


def test_added_and_fallen_steps_have_one_side() -> None:
    added, fallen = changes(sealed(step(1)), sealed(step(2)))
    assert (added.how, added.lines) == (How.ADDED, (Line(None, 'REINDEX "orders_2";'),))
    assert (fallen.how, fallen.lines) == (How.FALLEN_AWAY, (Line('REINDEX "orders_1";', None),))


def test_what_differs_beside_the_sql_is_named() -> None:
    (change,) = changes(sealed(step(1)), sealed(step(1, is_destructive=True, undo=("SELECT 1",))))
    assert set(change.others) == {"whether it drops or deletes", "what takes it back"}
    assert all(line.is_same for line in change.lines)


def test_which_step_a_step_follows_is_no_difference() -> None:
    assert changes(sealed(step(1, after=("x",))), sealed(step(1))) == []
