"""Deals with many rows in batches and within a time; a row on which the portal itself fails keeps none of the others waiting."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from django.db import DatabaseError, DataError, InterfaceError, OperationalError
from django.db.models import QuerySet

log = logging.getLogger(__name__)

SIZE = 50
# The database is locked, gone or asked too much. SQLite says so, too, of a statement that it cannot carry out for one row: so it
# is no row's fault only where it spares none of them.
PASSING = (OperationalError, InterfaceError)


class Budget:
    """How long a part of the tick may take; what is left when it is spent has its turn in the next tick."""

    def __init__(self, seconds: float) -> None:
        self._until = time.monotonic() + seconds

    @property
    def is_spent(self) -> bool:
        return time.monotonic() >= self._until


def is_spent(budget: Budget | None) -> bool:
    """None = there is no end to it."""
    return budget is not None and budget.is_spent


class Behind:
    """Rows that failed when this process tried them last, and are not given up: they have their turn after all others."""

    def __init__(self) -> None:
        self.pks: set[int] = set()

    def keys(self, *lines: QuerySet[Any], most: int) -> list[int]:
        """The first keys of each of these lines, and after them those that failed."""
        found = [list(rows.values_list("pk", flat=True)[: most + len(self.pks)]) for rows in lines]
        self.pks.intersection_update(chain(*found))  # the others have been changed, or are gone
        well = [[pk for pk in pks if pk not in self.pks][:most] for pks in found]
        return [*chain(*well), *(pk for pk in chain(*found) if pk in self.pks)]


def in_batches(
    pks: Sequence[int],
    work: Callable[[Sequence[int]], int],
    fail: Callable[[int, Exception], None],
    budget: Budget | None,
    behind: Behind | None = None,
) -> int:
    """Have `work` deal with the rows of these keys, a batch at a time; how many it dealt with, as it says.

    A batch that fails is tried again row by row, and what fails by itself is given to `fail`. Trouble of the database itself is
    never the fault of a row: it is left for the next tick, behind all others. Where it spares no row of a batch nothing more is
    tried, and where nothing was dealt with before it is raised.
    """
    done, rows = 0, _Rows(work, fail, budget, behind if behind is not None else Behind())
    for start in range(0, len(pks), SIZE):
        if is_spent(budget):
            break
        try:
            done += rows.at_once(pks[start : start + SIZE])
        except PASSING as trouble:
            if not done:
                raise
            log.warning("the rest is left for the next tick: %s", trouble)
            break
    return done


@dataclass(frozen=True, slots=True)
class _Rows:
    work: Callable[[Sequence[int]], int]
    fail: Callable[[int, Exception], None]
    budget: Budget | None
    behind: Behind

    def at_once(self, pks: Sequence[int]) -> int:
        try:
            done = self.work(pks)
        except Exception as error:
            if len(pks) > 1:
                return self._one_by_one(pks, error)
            return self._failed(pks[0], error)
        self.behind.pks.difference_update(pks)
        return done

    def _one_by_one(self, pks: Sequence[int], error: Exception) -> int:
        """At least one of them, unless the database kept us waiting until the time was over: it would again."""
        log.warning("a batch of %s rows could not be dealt with at once: %s", len(pks), error)
        trouble = error if isinstance(error, PASSING) else None
        done, is_one_spared = 0, False
        for number, pk in enumerate(pks):
            if (number or trouble) and is_spent(self.budget):
                break
            try:
                done += self.at_once([pk])
                is_one_spared = True
            except PASSING as passing:
                trouble = passing
        if trouble is not None and not is_one_spared:
            self.behind.pks.update(pks)
            raise trouble
        return done

    def _failed(self, pk: int, error: Exception) -> int:
        self.behind.pks.add(pk)
        if isinstance(error, PASSING):
            raise error
        if isinstance(error, DatabaseError) and not isinstance(error, DataError):
            log.warning("row %s is tried again by the next tick: %s", pk, error)  # somebody may have been quicker
            return 0
        log.error("row %s could not be dealt with", pk, exc_info=error)
        try:
            self.fail(pk, error)
        except PASSING:
            raise
        except Exception:
            log.exception("row %s could not even be given up", pk)
            return 0
        self.behind.pks.discard(pk)
        return 1
