"""Deals with many rows in batches and within a time; a row on which the portal itself fails keeps none of the others waiting."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence

from django.db import DatabaseError, DataError, InterfaceError, OperationalError

log = logging.getLogger(__name__)

SIZE = 50
PASSING = (OperationalError, InterfaceError)  # the database is locked, gone or asked too much: no row is at fault


class Budget:
    """How long a part of the tick may take; what is left when it is spent has its turn in the next tick."""

    def __init__(self, seconds: float) -> None:
        self._until = time.monotonic() + seconds

    @property
    def is_spent(self) -> bool:
        return time.monotonic() >= self._until


def in_batches(
    pks: Sequence[int],
    work: Callable[[Sequence[int]], int],
    fail: Callable[[int, Exception], None],
    budget: Budget | None,
) -> int:
    """Have `work` deal with the rows of these keys, a batch at a time; how many it dealt with, as it says.

    A batch that fails is tried again row by row, and what fails by itself is given to `fail`. Trouble of the database itself is
    never the fault of a row: where it concerns all of them it is raised, else the row is left for the next tick.
    """
    done = 0
    for start in range(0, len(pks), SIZE):
        if budget is not None and budget.is_spent:
            break
        done += _work(pks[start : start + SIZE], work, fail)
    return done


def _work(pks: Sequence[int], work: Callable[[Sequence[int]], int], fail: Callable[[int, Exception], None]) -> int:
    try:
        return work(pks)
    except PASSING:
        raise
    except Exception as error:
        if len(pks) == 1:
            return _fail(pks[0], error, fail)
        log.warning("a batch of %s rows could not be dealt with at once: %s", len(pks), error)
    return sum(_work([pk], work, fail) for pk in pks)


def _fail(pk: int, error: Exception, fail: Callable[[int, Exception], None]) -> int:
    if isinstance(error, DatabaseError) and not isinstance(error, DataError):
        log.warning("row %s is tried again by the next tick: %s", pk, error)  # somebody may have been quicker
        return 0
    log.exception("row %s could not be dealt with", pk)
    fail(pk, error)
    return 1
