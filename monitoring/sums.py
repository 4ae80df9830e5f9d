"""Counts, sums and a histogram over operations or runs: what one row of the rollups holds, and what follows from it."""

from __future__ import annotations

from dataclasses import dataclass, fields
from decimal import Decimal
from typing import Literal

from monitoring import histogram
from monitoring.rows import Meter, Meters, Summary

LARGEST = 10**13  # a figure above it, or below nought, is a slip of whoever typed it, and counts as not measured
Outcome = Literal["succeeded", "warned", "failed", "cancelled", "missed"]


@dataclass(slots=True)
class Sums:
    """The fields are columns of the rollups. Each meter has the number of rows on which it was measured."""

    shortest_ms: int | None = None
    longest_ms: int | None = None
    histogram: int = 0
    count: int = 0
    succeeded: int = 0
    warned: int = 0
    failed: int = 0
    cancelled: int = 0
    missed: int = 0
    duration_n: int = 0
    duration_ms: int = 0
    cpu_n: int = 0
    cpu_ms: int = 0
    memory_n: int = 0
    memory_mb: float = 0.0
    io_n: int = 0
    io_operations: int = 0
    rows_n: int = 0
    rows_processed: int = 0

    def ended(self, outcome: Outcome, duration_ms: int | None) -> None:
        """Count one that ended like this; its duration may not have been measured."""
        self.count += 1
        setattr(self, outcome, getattr(self, outcome) + 1)
        if duration_ms is None or not 0 <= duration_ms <= histogram.LONGEST_MS:
            return
        self.duration_n += 1
        self.duration_ms += duration_ms
        self._stretch(duration_ms, duration_ms)
        self.histogram += histogram.of(duration_ms)

    def cost(
        self, cpu_ms: int | None, memory_mb: Decimal | None, io_operations: int | None, rows_processed: int | None
    ) -> None:
        """Add the meters of one operation; None = not measured."""
        if cpu_ms is not None and 0 <= cpu_ms <= LARGEST:
            self.cpu_n, self.cpu_ms = self.cpu_n + 1, self.cpu_ms + cpu_ms
        if memory_mb is not None and 0 <= memory_mb <= LARGEST:
            self.memory_n, self.memory_mb = self.memory_n + 1, self.memory_mb + float(memory_mb)
        if io_operations is not None and 0 <= io_operations <= LARGEST:
            self.io_n, self.io_operations = self.io_n + 1, self.io_operations + io_operations
        if rows_processed is not None and 0 <= rows_processed <= LARGEST:
            self.rows_n, self.rows_processed = self.rows_n + 1, self.rows_processed + rows_processed

    def add(self, other: Sums) -> None:
        """Add what another one counted. Written out, since a page adds hundreds."""
        self.histogram += other.histogram
        self.count += other.count
        self.succeeded += other.succeeded
        self.warned += other.warned
        self.failed += other.failed
        self.cancelled += other.cancelled
        self.missed += other.missed
        self.duration_n += other.duration_n
        self.duration_ms += other.duration_ms
        self.cpu_n += other.cpu_n
        self.cpu_ms += other.cpu_ms
        self.memory_n += other.memory_n
        self.memory_mb += other.memory_mb
        self.io_n += other.io_n
        self.io_operations += other.io_operations
        self.rows_n += other.rows_n
        self.rows_processed += other.rows_processed
        self._stretch(other.shortest_ms, other.longest_ms)

    def _stretch(self, shortest_ms: int | None, longest_ms: int | None) -> None:
        self.shortest_ms, self.longest_ms = least(self.shortest_ms, shortest_ms), most(self.longest_ms, longest_ms)

    @property
    def summary(self) -> Summary:
        counts = (self.count, self.succeeded, self.warned, self.failed, self.cancelled, self.missed)
        if self.shortest_ms is None or self.longest_ms is None:
            return Summary(*counts)
        p50, p95 = histogram.percentiles(self.histogram, (50, 95), self.shortest_ms, self.longest_ms)
        return Summary(*counts, self.duration_n, self.duration_ms / self.duration_n, p50, p95)

    @property
    def meters(self) -> Meters:
        return Meters(
            Meter(self.cpu_ms, self.cpu_n),
            Meter(self.memory_mb, self.memory_n),
            Meter(self.io_operations, self.io_n),
            Meter(self.rows_processed, self.rows_n),
        )


def least(one: int | None, other: int | None) -> int | None:
    """None is nothing to compare with."""
    return other if one is None else one if other is None else min(one, other)


def most(one: int | None, other: int | None) -> int | None:
    """None is nothing to compare with."""
    return other if one is None else one if other is None else max(one, other)


COLUMNS = tuple(one.name for one in fields(Sums) if one.name != "histogram")
ADDED = COLUMNS[COLUMNS.index("count") :]
COUNTED = ADDED[: ADDED.index("cpu_n")]  # without the meters
