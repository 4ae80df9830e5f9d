"""What a step cost by the session's own statistics. What the account may not see stays None: not measured.

- CPU (ms): `CPU used by this session`, which counts hundredths of a second, after the step less before it.
- I/O operations: `physical read total IO requests` and `physical write total IO requests`, after less before. What the
  database's writers put to disk later is not in it.
- Memory (MB): `session pga memory max`, a high-water mark since the sign-in; each run has a session of its own.
- Rows: those that statements such as DELETE say they changed; a change of structure or a block of PL/SQL says nothing.

Servers that work in parallel are sessions of their own, and so are jobs that a package starts: their cost is only partly in it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress

from strategies.plans import Meters
from strategies.platforms.base import PlatformError, Row
from strategies.platforms.oracle.names import oracle_query
from strategies.platforms.queries import Query

CPU, MEMORY = "CPU used by this session", "session pga memory max"
IO = ("physical read total IO requests", "physical write total IO requests")
Readings = Mapping[str, int]


def readings(ask: Callable[[Query], list[Row]]) -> Readings:
    """The session's statistics now, by name; empty where the account may not see them."""
    with suppress(PlatformError):  # a broken connection says so when the statement itself is sent
        return {str(row["name"]): int(row["value"]) for row in ask(oracle_query("own_statistics"))}
    return {}


def meters(before: Readings, after: Readings, rows: int | None) -> Meters:
    """All figures of one step together. Pure."""
    cpu, memory = _spent(before, after, CPU), after.get(MEMORY)
    io = [_spent(before, after, name) for name in IO]
    return Meters(
        cpu_ms=None if cpu is None else cpu * 10,
        memory_mb=None if memory is None else round(memory / 1_048_576, 2),
        io_operations=None if None in io else sum(count for count in io if count is not None),
        rows=rows,
    )


def _spent(before: Readings, after: Readings, name: str) -> int | None:
    return after[name] - before[name] if name in before and name in after else None
