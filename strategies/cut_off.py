"""The portal's own database while it is away: how that is told from other trouble, and how whoever must write waits for it."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

from django.db import Error, connection

log = logging.getLogger(__name__)
T = TypeVar("T")

ASK_EVERY_SECONDS = 1.0
PATIENCE_SECONDS = 600.0  # then it is given up, and the run is looked after by whoever finds its lease passed


def is_cut_off(error: BaseException | None) -> bool:
    """Whether this is trouble of a database that cannot be reached, and not of a statement that it refused.

    Asked in the thread that had the error: what tells is whether that one's connection is still good for anything.
    """
    return isinstance(error, Error) and (connection.connection is None or not connection.is_usable())


def once_it_answers(write: Callable[[], T], again: Callable[[], T] | None = None) -> T:
    """Write, and where the database is away, wait for it and write then; raises what is other trouble.

    Whether the first attempt was kept cannot be known where its connection was cut: `again` is called instead then, for what
    must not be there twice.
    """
    until = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return write()
        except Error as trouble:
            if connection.in_atomic_block or not is_cut_off(trouble) or time.monotonic() > until:
                raise
            log.warning("the portal's database does not answer; what is to be written waits for it", exc_info=True)
        with suppress(Error):
            connection.close()
        write = again or write
        time.sleep(ASK_EVERY_SECONDS)
