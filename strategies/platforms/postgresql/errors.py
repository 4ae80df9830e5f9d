"""What PostgreSQL's errors mean for what may be done next, by SQLSTATE (https://www.postgresql.org/docs/current/errcodes-appendix.html)."""

from __future__ import annotations

import re

import psycopg

from strategies.plans import ErrorClass, TargetError

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
_BY_CLASS = {"08": ErrorClass.LOST, "28": ErrorClass.AUTHENTICATION}

# libpq hands over no SQLSTATE when it cannot connect, so its words and the server's are all there is.
_UNREACHED = re.compile(
    "connection refused|timeout|timed out|no such file|could not translate|name or service|unreachable|no route|reset by peer"
    "|server closed the connection|permission denied",
    re.IGNORECASE,
)
_TRANSIENT_REFUSAL = re.compile(
    "starting up|shutting down|recovery mode|too many (clients|connections)|remaining connection slots", re.I
)
_NO_DATABASE = re.compile(
    'database ".*" does not exist|not accept SSL|does not support SSL|certificate|not currently accepting connections',
    re.I,
)
_WRAPPING = re.compile(
    r"^connection (failed|is bad): |^connection to server [^:]*failed: |^connection to server on socket .*? failed: |FATAL:\s+"
)


def target_error(error: psycopg.Error, *, is_connected: bool = True) -> TargetError:
    """Read an error of a statement. A connection that broke without a word is LOST."""
    state = error.sqlstate or ""
    if not is_connected and state[:2] not in ("57", "28"):
        return TargetError(ErrorClass.LOST, state or "connection", _one_line(str(error)) or "The connection was lost.")
    found = _BY_STATE.get(state) or _BY_CLASS.get(state[:2]) or ErrorClass.PERMANENT
    return TargetError(found, state, _one_line(str(error)))


def connect_error(error: psycopg.Error) -> TargetError:
    """Read a failed attempt to connect.

    A refusal by the server that is none of the known passing ones counts as a refused sign-in, in whichever language it
    came: trying on would lock the account, and waiting for a person does no harm.
    """
    if error.sqlstate:
        return target_error(error)
    words = str(error)
    text = _one_line(words)
    if _TRANSIENT_REFUSAL.search(words):
        return TargetError(ErrorClass.TRANSIENT, "57P03", text)
    if _NO_DATABASE.search(words):
        return TargetError(ErrorClass.PERMANENT, "3D000" if "database" in words else "08001", text)
    if _UNREACHED.search(words):
        return TargetError(ErrorClass.TRANSIENT, "08001", text)
    return TargetError(ErrorClass.AUTHENTICATION, "28000", text)


def _one_line(text: str) -> str:
    line = " ".join(text.split())
    while (shorter := _WRAPPING.sub("", line)) != line:
        line = shorter
    return line[:1000]
