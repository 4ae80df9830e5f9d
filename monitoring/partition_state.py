"""What the page of the log's health says of its partitions: which there are, when each may go, and what the next care makes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from django.db import connection

from monitoring import partitions
from monitoring.oracle_partitions import NO_LICENCE
from monitoring.partitions import Partition, missing, month_of, next_month
from strategies.licences import stated_of_home

SHOWN = 36


@dataclass(frozen=True, slots=True)
class Shown:
    """One partition. From `goes_from` on all its rows are past their time, by the longest rule; None = it never goes as a whole."""

    partition: Partition
    goes_from: date | None


@dataclass(frozen=True, slots=True)
class State:
    """The newest partitions, how many older ones there are, and what is to be said of them."""

    shown: tuple[Shown, ...]
    older: int
    sentence: str

    @property
    def is_partitioned(self) -> bool:
        return bool(self.shown)


def state(moment: datetime, kept_days: Sequence[int]) -> State:
    """As it is now, for the rules by which the log is kept; one query, in SQLite none."""
    if connection.vendor == "sqlite":
        return State((), 0, "SQLite has no partitions: the log is one table, and rows past their time go in batches.")
    found = partitions.shown()
    if found is None:
        return State((), 0, "This database does not say whether the log has partitions.")
    if not found and connection.vendor == "oracle" and not stated_of_home().has_partitioning:
        return State((), 0, f"The log is one table. {NO_LICENCE}")
    if not found:
        return State((), 0, "The log is one table. The command partition_log gives it a partition for each month.")
    rows, today = tuple(Shown(part, _goes_from(part, max(kept_days))) for part in found), moment.astimezone(UTC).date()
    return State(*_newest(rows), f"{_next_care(found, today)} {_next_drop(rows, today)}".strip())


def _newest(rows: Sequence[Shown]) -> tuple[tuple[Shown, ...], int]:
    return tuple(rows[-SHOWN:]), max(0, len(rows) - SHOWN)


def _goes_from(part: Partition, days: int) -> date | None:
    if part.upper is None or not part.has_whole_drop:
        return None
    return part.upper.date() + timedelta(days=days)


def _next_care(found: Sequence[Partition], today: date) -> str:
    if connection.vendor == "oracle":
        return "Oracle makes a partition as the first row of a month comes."
    to_make = missing(found, today)
    if to_make:
        return f"The next care makes {', '.join(f'{month:%B %Y}' for month in to_make)}."
    return (
        f"They reach to the end of {partitions.months_ahead(today)[-1]:%B %Y}; each night the care looks that they do."
    )


def _next_drop(rows: Sequence[Shown], today: date) -> str:
    names = [row.partition.name for row in rows if row.goes_from is not None and row.goes_from <= today]
    if not names:
        return ""
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return f"By night it drops {', '.join(names[:3])}{more}, unless one of their rows stays."


def unprepared(moment: datetime) -> tuple[date, ...]:
    """This month and the next, where rows of theirs would have no partition of their own."""
    if connection.vendor != "postgresql":
        return ()
    today = moment.astimezone(UTC).date()
    soon = (month_of(today), next_month(month_of(today)))
    found = partitions.shown()
    return tuple(month for month in missing(found, today) if month in soon) if found else ()
