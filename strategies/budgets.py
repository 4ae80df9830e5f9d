"""What a run may use of its database in all, what it has used, and whether that is spent. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from strategies.plans import Locks, Outcome

_HOLDS_OTHERS = (Locks.WRITES, Locks.ALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """None = no limit. Counted is what steps took on the database: neither waiting for its load nor a pause of the worker.

    `max_lock_seconds` is for the time of steps during which others wait to write, or to read and to write.
    """

    max_database_seconds: int | None = None
    max_io_operations: int | None = None
    max_lock_seconds: int | None = None

    @classmethod
    def of(cls, kept: Mapping[str, Any]) -> Budget:
        return cls(**{name: kept[name] for name in cls.__dataclass_fields__ if name in kept})

    def as_json(self) -> dict[str, int]:
        return {name: value for name, value in asdict(self).items() if value is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """What a run has used so far. `io_operations` None = no step of it could be measured."""

    database_ms: int = 0
    io_operations: int | None = None
    lock_ms: int = 0

    @classmethod
    def of(cls, kept: Mapping[str, Any] | None) -> Used:
        return cls(**(kept or {}))

    def as_json(self) -> dict[str, int | None]:
        return asdict(self)

    def plus(self, locks: Locks, outcome: Outcome) -> Used:
        """With what one attempt at a step took."""
        operations = outcome.meters.io_operations
        return Used(
            database_ms=self.database_ms + outcome.duration_ms,
            io_operations=self.io_operations if operations is None else (self.io_operations or 0) + operations,
            lock_ms=self.lock_ms + (outcome.duration_ms if locks in _HOLDS_OTHERS else 0),
        )


@dataclass(frozen=True, slots=True)
class Line:
    """One part of a budget as pages show it: `used` in `unit`, None = not measured; `limit` None = there is none."""

    title: str
    used: float | None
    limit: int | None
    unit: str

    @property
    def is_spent(self) -> bool:
        return self.limit is not None and self.used is not None and self.used >= self.limit

    @property
    def limit_words(self) -> str:
        """As in “600 s”; empty where there is no limit."""
        return "" if self.limit is None else f"{self.limit:,} {self.unit}".strip()

    @property
    def words(self) -> str:
        """As in “12.5 of 600 s”."""
        used = "not measured" if self.used is None else f"{self.used:,}"
        limit = (
            "" if self.limit is None else f" of {self.limit:,}" if self.used is not None else f", limit {self.limit:,}"
        )
        return f"{used}{limit} {self.unit}".strip()


def lines(budget: Budget, used: Used) -> list[Line]:
    return [
        Line("Time on the database", round(used.database_ms / 1000, 1), budget.max_database_seconds, "s"),
        Line("Reads and writes", used.io_operations, budget.max_io_operations, ""),
        Line("Time that kept others from writing", round(used.lock_ms / 1000, 1), budget.max_lock_seconds, "s"),
    ]


def spent(budget: Budget, used: Used) -> str:
    """What of the budget is spent, as in “its time on the database (612.4 of 600 s)”; empty = the run may go on."""
    over = [f"{line.title[0].lower()}{line.title[1:]} ({line.words})" for line in lines(budget, used) if line.is_spent]
    return " and ".join(over)
