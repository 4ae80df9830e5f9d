from __future__ import annotations

import pytest

from strategies.load import Load, Pace, busy, decide


@pytest.mark.parametrize(
    ("figure", "limit", "pace"),
    [
        (10**6, None, Pace.GO),
        (0, 10, Pace.GO),
        (7.9, 10, Pace.GO),
        (8, 10, Pace.SLOW),
        (10, 10, Pace.SLOW),
        (10.1, 10, Pace.PAUSE),
        (0.1, 0.1, Pace.SLOW),
    ],
)
def test_near_its_limit_work_slows_down_and_above_it_pauses(figure: float, limit: float | None, pace: Pace) -> None:
    assert decide(Load(figure, "x"), limit) is pace


def test_people_read_the_load_beside_its_limit() -> None:
    assert busy(Load(14, "14 active sessions"), 10.0) == "busy (14 active sessions, limit 10)"
    assert busy(Load(3.2, "a load of 3.2 on this machine"), 2.5) == "busy (a load of 3.2 on this machine, limit 2.5)"
