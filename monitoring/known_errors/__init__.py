"""What is known of error codes: why they come, what helps, and whether trying again can. Pure; not known is said, never guessed."""

from __future__ import annotations

import re
from typing import NamedTuple

from monitoring.known_errors import oracle, portal, postgresql, sqlite
from strategies.plans import ErrorClass

CLASSES: dict[ErrorClass, str] = {
    ErrorClass.TRANSIENT: "may pass by itself",
    ErrorClass.LOCK: "somebody else was using it",
    ErrorClass.PERMANENT: "stays until somebody changes something",
    ErrorClass.AUTHENTICATION: "sign-in refused; nothing may try again by itself",
    ErrorClass.CANCELLED: "stopped on request or at a limit",
    ErrorClass.LOST: "connection lost; what became of the work is asked of the database",
}


class KnownError(NamedTuple):
    """One code, or (where `is_class`) the class of codes that it belongs to."""

    code: str
    cause: str
    remedy: str
    error_class: ErrorClass
    source: str
    is_class: bool = False

    @property
    def means(self) -> str:
        """What its class means for trying again."""
        return CLASSES[self.error_class]


_ORACLE = re.compile(r"\b(ORA|PLS|TNS)-(\d{1,5})\b", re.IGNORECASE)
_SQLCODE = re.compile(r"-\d{1,5}")  # as PL/SQL's SQLCODE gives it
_DRIVER = re.compile(r"\bDP[YI]-\d{4}\b", re.IGNORECASE)
_SQLSTATE = re.compile(r"[0-9A-Z]{5}")


def known(code: str, message: str = "") -> KnownError | None:
    """What is known of this code, in whatever way it is written; without a code, of the first one in the message.

    None = not known here.
    """
    code = code.strip().upper()
    if not code:
        found = _ORACLE.search(message) or _DRIVER.search(message)
        return known(found[0]) if found else None
    return _of_portal(code) or _of_oracle(code) or _of_sqlite(code) or _of_postgresql(code)


def _of_portal(code: str) -> KnownError | None:
    entry = portal.ERRORS.get(code.lower())
    return KnownError(code.lower(), entry.cause, entry.remedy, entry.error_class, portal.SOURCE) if entry else None


def _of_oracle(code: str) -> KnownError | None:
    if found := _DRIVER.match(code):
        entry, source = oracle.DRIVER_ERRORS.get(found[0]), oracle.DRIVER_SOURCE
        return KnownError(found[0], entry.cause, entry.remedy, entry.error_class, source) if entry else None
    if found := _ORACLE.match(code):
        prefix, number = found[1], int(found[2])
    elif _SQLCODE.fullmatch(code):
        prefix, number = "ORA", -int(code)
    else:
        return None
    name = f"{prefix}-{number:05d}"
    entry = oracle.ERRORS.get(name)
    return KnownError(name, entry.cause, entry.remedy, entry.error_class, oracle.source(name)) if entry else None


def _of_sqlite(code: str) -> KnownError | None:
    """An extended code (SQLITE_BUSY_SNAPSHOT) that has no entry of its own is explained as the code that it extends."""
    if not code.startswith("SQLITE_"):
        return None
    parts = code.split("_")
    for name in (code, "_".join(parts[:2])):
        if entry := sqlite.ERRORS.get(name):
            return KnownError(name, entry.cause, entry.remedy, entry.error_class, sqlite.source(name), name != code)
    return None


def _of_postgresql(code: str) -> KnownError | None:
    """A SQLSTATE that has no entry of its own is explained as its class, the first two characters."""
    if not _SQLSTATE.fullmatch(code):
        return None
    if entry := postgresql.ERRORS.get(code):
        return KnownError(code, entry.cause, entry.remedy, entry.error_class, postgresql.SOURCE)
    if entry := postgresql.CLASSES.get(code[:2]):
        return KnownError(code[:2], entry.cause, entry.remedy, entry.error_class, postgresql.SOURCE, True)
    return None
