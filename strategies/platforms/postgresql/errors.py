"""What PostgreSQL's errors mean for what may be done next, by SQLSTATE (https://www.postgresql.org/docs/current/errcodes-appendix.html)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import psycopg

from strategies.plans import ErrorClass, TargetError
from strategies.sentences import sentences

_BY_STATE = {
    "40001": ErrorClass.TRANSIENT,  # serialization failure
    "40P01": ErrorClass.TRANSIENT,  # deadlock
    "53300": ErrorClass.TRANSIENT,  # too many connections
    "57P03": ErrorClass.TRANSIENT,  # starting up or shutting down
    "55P03": ErrorClass.LOCK,
    "55006": ErrorClass.LOCK,  # object in use
    "57014": ErrorClass.CANCELLED,
    "57P01": ErrorClass.LOST,  # ended by an administrator
    "57P02": ErrorClass.LOST,  # crash of another backend
    "57P04": ErrorClass.LOST,  # database dropped
    "57P05": ErrorClass.LOST,  # idle session timeout
}
_UNIQUE_VIOLATION = "23505"
_DECIDE = "Rows share a key that this unique index must hold only once. Decide which rows stay, remove the others, and run it again."
_BY_CLASS = {"08": ErrorClass.LOST, "28": ErrorClass.AUTHENTICATION}


def target_error(error: psycopg.Error, *, is_connected: bool = True) -> TargetError:
    """Read an error of a statement. A connection that broke without a word is LOST."""
    state = error.sqlstate or ""
    if not is_connected and state[:2] not in ("57", "28"):
        return TargetError(ErrorClass.LOST, state or "connection", _one_line(str(error)) or "The connection was lost.")
    found = _BY_STATE.get(state) or _BY_CLASS.get(state[:2]) or ErrorClass.PERMANENT
    message = _one_line(str(error))
    return TargetError(found, state, sentences(message, _DECIDE) if _is_of_shared_keys(error) else message)


def _is_of_shared_keys(error: psycopg.Error) -> bool:
    """Keys in the catalogue are not meant: those meet when two sessions give the same name at once."""
    is_of_people = error.diag.schema_name not in (None, "pg_catalog", "pg_toast")
    return error.sqlstate == _UNIQUE_VIOLATION and is_of_people


class Then(StrEnum):
    """What may be tried at once after a failed attempt to connect."""

    NOTHING = "nothing"  # the answer stands; asking again would be another sign-in
    OTHER_ADDRESS = "other address"
    OTHER_ENCRYPTION = "other encryption"  # of the same address, then other addresses


@dataclass(frozen=True, slots=True)
class Refusal:
    """A failed attempt to connect, and what may be tried at once."""

    error: TargetError
    then: Then


_PARTS = re.compile(r"\n(?=\t[A-Z]|(?:DETAIL|HINT|CONTEXT):)")
_Reading = tuple[re.Pattern[str], ErrorClass, str, Then]


def _reading(beginning: str, error_class: ErrorClass, code: str, then: Then) -> _Reading:
    return re.compile(beginning, re.IGNORECASE), error_class, code, then


# libpq hands over no SQLSTATE when it cannot connect, so words are all there is. Each is compared with the beginning of an
# answer: further on stand names, and an account may be called `timeout`.
_OF_SERVER = (
    _reading("the database system is ", ErrorClass.TRANSIENT, "57P03", Then.OTHER_ADDRESS),
    _reading(
        "sorry, too many clients|too many connections for |remaining connection slots",
        ErrorClass.TRANSIENT, "53300", Then.OTHER_ADDRESS,
    ),
    _reading("password authentication failed for user ", ErrorClass.AUTHENTICATION, "28P01", Then.NOTHING),
    _reading('database ".*" does not exist', ErrorClass.PERMANENT, "3D000", Then.NOTHING),
    _reading('database ".*" is not currently accepting connections', ErrorClass.PERMANENT, "55000", Then.NOTHING),
    _reading("permission denied for database ", ErrorClass.PERMANENT, "42501", Then.NOTHING),
    # Decided before any password is looked at, and by address and encryption.
    _reading(r"no pg_hba\.conf entry|pg_hba\.conf rejects", ErrorClass.AUTHENTICATION, "28000", Then.OTHER_ENCRYPTION),
)  # fmt: skip
_OF_LIBRARY = (
    _reading(
        "connection refused|connection timed out|(connection )?timeout expired|no such file|permission denied"
        "|network is unreachable|no route to host|host is (down|unreachable)|connection reset|server closed the connection"
        "|could not (receive|send) |could not connect|operation timed out",
        ErrorClass.TRANSIENT, "08001", Then.OTHER_ADDRESS,
    ),
    # The sign-in worked, and the server is not the one that target_session_attrs asks for: after a switch-over it may be.
    _reading("server is (not )?in hot standby|session is (not )?read-only", ErrorClass.TRANSIENT, "08004", Then.OTHER_ADDRESS),
    _reading(
        "SSL error: certificate|.*(root certificate|server certificate|certificate file)",
        ErrorClass.PERMANENT, "08001", Then.NOTHING,
    ),
    _reading("server does not support SSL|SSL error", ErrorClass.PERMANENT, "08001", Then.OTHER_ENCRYPTION),
)  # fmt: skip
# The server's severity, in its language, and two blanks: only its own words begin so.
_SEVERITY = re.compile(r"[^\s:]+:  ")
_PLACE = re.compile(r"connection to server (?:at|on socket) .*? failed: ")
_WRAPPING = re.compile(rf"^connection (failed|is bad): |^{_PLACE.pattern}|FATAL:\s+")
_REFUSED = "28000"  # the general one of its class: which one the server gave is not told, and the words are not known
_MILDEST_FIRST = (ErrorClass.TRANSIENT, ErrorClass.PERMANENT, ErrorClass.AUTHENTICATION)


def connect_refusal(error: psycopg.Error) -> Refusal:
    """Read a failed attempt to connect.

    An answer of the server that is none of the known ones counts as a refused sign-in, in whichever language it came:
    trying on would lock the account, and waiting for a person does no harm. Of several attempts in one text the most
    severe answer holds.
    """
    if error.sqlstate:
        return Refusal(target_error(error), Then.NOTHING)
    words = str(error)
    attempts = _PLACE.split(words)[1:] or [words]
    error_class, code, then = max(map(_read, attempts), key=lambda read: _MILDEST_FIRST.index(read[0]))
    return Refusal(TargetError(error_class, code, _one_line(words)), then)


def _read(answer: str) -> tuple[ErrorClass, str, Then]:
    is_of_server = _SEVERITY.match(answer)
    text = answer[is_of_server.end() :] if is_of_server else answer
    for beginning, error_class, code, then in _OF_SERVER if is_of_server else _OF_LIBRARY:
        if beginning.match(text):
            return error_class, code, then
    return ErrorClass.AUTHENTICATION, _REFUSED, Then.NOTHING


def most_severe(refusals: Sequence[Refusal]) -> Refusal:
    """Of several failed attempts the one that people must hear of; of equals the last."""
    return max(reversed(refusals), key=lambda refusal: _MILDEST_FIRST.index(refusal.error.error_class))


def _one_line(text: str) -> str:
    """What is a sentence of its own in the answer stays one: libpq puts its hint on a line that begins with a tab."""
    *parts, last = (" ".join(part.split()) for part in _PARTS.split(text.strip()))
    line = f"{sentences(*parts)} {last}".strip()
    while (shorter := _WRAPPING.sub("", line)) != line:
        line = shorter
    return line[:1000]
