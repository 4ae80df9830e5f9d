"""One line of a table of known errors, and the kinds of error under short names."""

from __future__ import annotations

from typing import NamedTuple

from strategies.plans import ErrorClass

TRANSIENT, LOCK, PERMANENT = ErrorClass.TRANSIENT, ErrorClass.LOCK, ErrorClass.PERMANENT
AUTHENTICATION, CANCELLED, LOST = ErrorClass.AUTHENTICATION, ErrorClass.CANCELLED, ErrorClass.LOST


class Entry(NamedTuple):
    """Cause and remedy are sentences; the remedy says who or what ends it."""

    error_class: ErrorClass
    cause: str
    remedy: str
