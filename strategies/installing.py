"""Puts the packages that strategies call into a database, and takes them out of it again; what was done is in the audit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from strategies import audit, collecting, targets
from strategies.audit import Actor
from strategies.models import LogCollection, Target
from strategies.platforms.base import Session
from strategies.platforms.packages import Packages, Work
from strategies.plsql.scripts import Place, Unit, tables


class LogNotCollected(Exception):
    """Rows of the database's own log are not in the portal, so that they would be lost; the text says why."""


@dataclass(frozen=True, slots=True)
class Installation:
    """What is to be done in one session on one database. Nothing is sent before `carry_out`."""

    target: Target
    session: Session
    packages: Packages
    work: Work
    is_removal: bool

    def carry_out(self, actor: Actor, moment: datetime) -> None:
        """Raises PlatformError, DoesNotCompile, LogNotCollected, ValueError for refused work."""
        made = [f"{unit.kind} {unit.name}" for unit in self.work.units]
        # Before it is done: the process may be killed in the middle, and changes of structure cannot be taken back
        audit.record(
            actor, "packages.removed" if self.is_removal else "packages.installed", self.target, after={"units": made},
            target=self.target,
        )  # fmt: skip
        if self.is_removal:
            self._remove(moment)
        else:
            self.packages.send(self.session, self.work)
        targets.ask_check(self.target, actor, moment)

    def _remove(self, moment: datetime) -> None:
        """The packages first, so that nobody logs any more; then what was logged is collected; then the tables of the log."""
        of_the_log = tables(place_of(self.target))
        last = tuple(unit for unit in self.work.units if unit.kind == "TABLE" and unit.name in of_the_log)
        self.packages.send(self.session, Work(tuple(unit for unit in self.work.units if unit not in last)))
        if last:
            _collect_all(self.target, moment)
            self.packages.send(self.session, Work(last))
            LogCollection.objects.filter(target=self.target).delete()


def place_of(target: Target) -> Place:
    return Place.PORTAL if target.is_home else Place.TARGET


@contextmanager
def installation(target: Target, more: Sequence[Unit] = ()) -> Iterator[Installation]:
    """Of the packages that strategies call, and of `more` behind them. Raises PlatformError, NotSupported."""
    packages = targets.platform_of(target).packages()
    with targets.session(target, "install") as session:
        yield Installation(
            target, session, packages, packages.to_install(session, place_of(target), more), is_removal=False
        )


@contextmanager
def removal(target: Target) -> Iterator[Installation]:
    """Raises PlatformError, NotSupported."""
    packages = targets.platform_of(target).packages()
    with targets.session(target, "install") as session:
        yield Installation(target, session, packages, packages.to_remove(session, place_of(target)), is_removal=True)


def _collect_all(target: Target, moment: datetime) -> None:
    """Raises LogNotCollected."""
    LogCollection.objects.get_or_create(target=target, defaults={"next_at": moment})
    is_over = False
    while not is_over:
        kept = collecting.collect(target, moment)
        mark = LogCollection.objects.get(target=target)
        if mark.error:
            raise LogNotCollected(
                f"The packages are gone, and the tables stay: the log could not be read, and its rows would be lost: {mark.error}"
            )
        is_over = not kept and mark.reading_at is None
