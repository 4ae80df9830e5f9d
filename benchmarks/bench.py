"""What every benchmark is given: how many rows, how many pairs, and portals with a past, each made once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from benchmarks import past
from benchmarks.past import Past
from benchmarks.portals import Database, Portals
from strategies.models import Role, Tenant, User

VENDORS = ("sqlite", "postgresql")


@dataclass
class Bench:
    """`rows` ascending. `moment` is the end of every past."""

    portals: Portals
    moment: datetime
    rows: tuple[int, ...]
    pairs: int
    _filled: dict[tuple[str, int], tuple[Database, Past]] = field(default_factory=dict)

    @property
    def is_small(self) -> bool:
        """Just to see whether everything works."""
        return self.rows[-1] < 100_000

    @property
    def days(self) -> int:
        """The length of every past."""
        return 60 if self.is_small else past.DAYS

    def filled(self, vendor: str, rows: int) -> tuple[Database, Past] | None:
        """A portal with a past of so many rows, not in use yet; None where there is no server for it."""
        if (vendor, rows) not in self._filled:
            database = self.empty(vendor, f"past_{rows}")
            if database is None:
                return None
            with database.use():
                self._filled[vendor, rows] = database, past.write(rows, self.moment, self.days)
        return self._filled[vendor, rows]

    def empty(self, vendor: str, name: str) -> Database | None:
        return self.portals.sqlite(name) if vendor == "sqlite" else self.portals.postgresql(name)

    @contextmanager
    def past(self, vendor: str, rows: int) -> Iterator[tuple[Database, Past] | None]:
        """The same, in use."""
        found = self.filled(vendor, rows)
        if found is None:
            yield None
            return
        with found[0].use():
            yield found


def reader() -> User:
    """A DBA of the tenant that everything belongs to: rights are asked for as they are for people."""
    user, is_new = User.objects.get_or_create(username="anna")
    if is_new:
        user.groups.set(user.groups.model.objects.filter(name=Role.DBA))
        user.tenants.set(Tenant.objects.all())
    return user
