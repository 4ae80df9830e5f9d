from __future__ import annotations

import pytest

from strategies.plans import Meters
from strategies.platforms.oracle.metering import CPU, IO, MEMORY, meters, readings
from tests.strategies.platforms.oracle.test_session import a_session
from tests.strategies.platforms.oracle.transport import Connection, oracle_error

_BEFORE = {CPU: 10, MEMORY: 5_242_880, IO[0]: 100, IO[1]: 7}
_AFTER = {CPU: 25, MEMORY: 6_291_456, IO[0]: 180, IO[1]: 9}


@pytest.mark.parametrize(
    ("before", "after", "rows", "expected"),
    [
        (_BEFORE, _AFTER, 3, Meters(cpu_ms=150, memory_mb=6.0, io_operations=82, rows=3)),
        ({}, {}, None, Meters()),
        (_BEFORE, {}, None, Meters()),
        (_BEFORE, {CPU: 10, MEMORY: 0, IO[0]: 100}, 0, Meters(cpu_ms=0, memory_mb=0.0, rows=0)),
    ],
)
def test_counters_are_after_less_before_and_the_high_water_mark_is_as_it_stands(
    before: dict[str, int], after: dict[str, int], rows: int | None, expected: Meters
) -> None:
    assert meters(before, after, rows) == expected


def test_without_the_right_nothing_is_measured_and_never_nought() -> None:
    connection = Connection({"own_statistics": oracle_error(942, "table or view does not exist")})
    assert readings(a_session(connection).rows) == {}


def test_every_statistic_that_is_read_is_one_that_is_used() -> None:
    rows = [{"NAME": name, "VALUE": 1} for name in (CPU, MEMORY, *IO)]
    connection = Connection({"own_statistics": rows})
    assert set(readings(a_session(connection).rows)) == {CPU, MEMORY, *IO}
    assert all(f"'{name}'" in connection.sent[0] for name in (CPU, MEMORY, *IO))
