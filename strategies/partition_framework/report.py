"""What became of the rows of an import: counted for each table, and told by row as far as a page holds. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any

from strategies.partition_framework.tables import BY_NAME, JOBS, STRATEGY, TABLES

LISTED = 1000  # remarks that are told by row; of the others it is told how many there are
LEFT_OUT, LEFT, NOTED = "left out", "left as it is here", "taken otherwise"


@dataclass(slots=True)
class Tally:
    """How many rows: `read` is all of them, and each is one of those below; those `noted` are among `added` and `changed`, too."""

    read: int = 0
    added: int = 0
    changed: int = 0
    same: int = 0
    left: int = 0  # changed there and here: what people did here stays
    gone: int = 0  # changed there, and no longer here
    left_out: int = 0
    noted: int = 0


@dataclass(frozen=True, slots=True)
class Remark:
    """About one row: of which table, which (`row 17`, `line 9`), which column is at fault, and what became of it and why."""

    table: str
    row: str
    column: str
    what: str
    why: str


@dataclass(slots=True)
class Report:
    """`past_retention` counts operations that are older than the log is kept, `ahead` those of days to come, `unfinished` those without
    an end; the days (UTC) are those of all that were converted.
    """

    tables: dict[str, Tally] = field(default_factory=lambda: {table.name: Tally() for table in TABLES})
    remarks: list[Remark] = field(default_factory=list)
    remark_count: int = 0
    active_jobs: int = 0
    first_day: date | None = None
    last_day: date | None = None
    past_retention: int = 0
    ahead: int = 0
    unfinished: int = 0
    retention_days: int = 0
    has_routine: bool = False

    def tell(self, table: str, row: str, column: str, what: str, why: str) -> None:
        self.remark_count += 1
        if len(self.remarks) < LISTED:
            self.remarks.append(Remark(table, row, column, what, why))

    def came(self, day: date) -> None:
        self.first_day = day if self.first_day is None else min(day, self.first_day)
        self.last_day = day if self.last_day is None else max(day, self.last_day)

    @property
    def is_nothing(self) -> bool:
        return not any(tally.added or tally.changed for tally in self.tables.values())

    @property
    def unlisted(self) -> int:
        return self.remark_count - len(self.remarks)

    @property
    def rows(self) -> Iterator[tuple[str, str, Tally]]:
        """Name of each table, what its rows become, and the counts."""
        return ((name, BY_NAME[name].noun, tally) for name, tally in self.tables.items())

    @property
    def totals(self) -> Tally:
        return Tally(**{name: sum(getattr(one, name) for one in self.tables.values()) for name in Tally.__slots__})

    @property
    def sentences(self) -> list[str]:
        """What whoever imports should know of it as a whole."""
        found = []
        if jobs := self.tables[JOBS.name].added + self.tables[JOBS.name].changed:
            found.append(
                f"{jobs:,} {_jobs(jobs)} switched off, {self.active_jobs:,} of them active there; no run of them starts by itself."
            )
            if not self.has_routine:
                found.append(
                    f"There is no implementation of {STRATEGY} here: jobs of it are set aside until there is one."
                )
        if self.past_retention:
            found.append(
                f"{self.past_retention:,} {_operations(self.past_retention)} older than the "
                f"{self.retention_days:,} days that the log keeps of "
                f"{STRATEGY}: the next night deletes what is older, once it is counted, unless that time is made longer before."
            )
        if self.ahead:
            found.append(
                f"{self.ahead:,} {_operations(self.ahead)} of days to come: until then the log begins with them, and "
                "on PostgreSQL it is not partitioned."
            )
        if self.unfinished:
            found.append(
                f"{self.unfinished:,} {_operations(self.unfinished)} without an end, and shown as not ended: "
                "the page of the log's health names each."
            )
        return found

    def counts(self) -> dict[str, Any]:
        """For the audit: nothing that grows with the rows."""
        told = {name: {key: n for key, n in asdict(tally).items() if n} for name, tally in self.tables.items()}
        return {**told, "active_jobs": self.active_jobs, "past_retention": self.past_retention}

    def as_json(self) -> dict[str, Any]:
        days = {"first_day": str(self.first_day or ""), "last_day": str(self.last_day or "")}
        return {**asdict(self), **days}

    @classmethod
    def of(cls, told: dict[str, Any]) -> Report:
        """As it was kept; an empty one where nothing was yet."""
        if not told:
            return cls()
        days = {name: date.fromisoformat(told[name]) if told[name] else None for name in ("first_day", "last_day")}
        tables = {name: Tally(**tally) for name, tally in told["tables"].items()}
        return cls(**{**told, **days, "tables": tables, "remarks": [Remark(**row) for row in told["remarks"]]})


def _jobs(count: int) -> str:
    return "job arrives" if count == 1 else "jobs arrive"


def _operations(count: int) -> str:
    return "operation is" if count == 1 else "operations are"
