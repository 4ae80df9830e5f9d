"""What is called usual: enough times, and not the one that is looked at."""

from __future__ import annotations

import pytest

from strategies.durations import Usual, usual


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
