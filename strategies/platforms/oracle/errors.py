"""What Oracle's errors mean for what may be done next, by the number of the error or, where there is none, the driver's own code.

The classes of exceptions that python-oracledb raises tell nothing of the kind: a busy object, a refused password and a full
tablespace are all plain DatabaseErrors. Measured with python-oracledb 26.1 in thin mode.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import oracledb

from strategies.plans import ErrorClass, TargetError
from strategies.sentences import sentences

_NO_RIGHT = "The account lacks a right, or the object is not there; checking the database tells which grant is missing."
_GROUPS: tuple[tuple[ErrorClass, str, frozenset[int]], ...] = (
    (ErrorClass.LOCK, "", frozenset({54, 60, 2049, 4020, 4021, 8104, 8106, 14403, 14450, 30006})),
    # Read consistency, packages that changed meanwhile; limits of sessions and processes; starting up or shutting down.
    (ErrorClass.TRANSIENT, "", frozenset({
        1410, 1555, 4061, 4068, 8103,
        18, 20, 2391,
        1033, 1034, 1035, 1089, 1090, 1109, 1219, 12170, 12203, 12500, 12505, 12514, 12516, 12518, 12519, 12520, 12526, 12527, 12528,
        12535, 12541, 12757,
    })),
    (ErrorClass.CANCELLED, "", frozenset({1013})),
    (ErrorClass.AUTHENTICATION, "", frozenset({1005, 1017, 1045, 28000, 28001, 28009, 28040, 28150, 28183})),
    # Also of a session that somebody ended (28): what its statement had done by then has to be looked at.
    (ErrorClass.LOST, "", frozenset({
        22, 28, 31, 45, 602, 603, 609, 1012, 1041, 1043, 1092, 2392, 2394, 2396, 2399, 3113, 3114, 3122, 3135,
        12153, 12537, 12547, 12570, 12571, 12583, 25408, 27146, 28511,
    })),
    (
        ErrorClass.PERMANENT, "Space has to be added or freed before this can work.",
        frozenset({257, 1536, 1652, 1653, 1654, 1655, 1658, 1659, 1688, 1691, 1692, 12954, 19809, 19815, 30036}),
    ),
    (ErrorClass.PERMANENT, _NO_RIGHT, frozenset({942, 1031, 1950, 27399, 41900})),
    (ErrorClass.PERMANENT, "This edition or its options do not have what the statement asks for.", frozenset({439})),
    (
        ErrorClass.PERMANENT, "This is damage or a fault inside the database: its alert log tells more, and a person has to look.",
        frozenset({600, 1498, 1499, 1578, 7445, 8102, 26040}),
    ),
)  # fmt: skip
_BY_NUMBER = {number: (kind, advice) for kind, advice, numbers in _GROUPS for number in numbers}
# These say only where another error came up, which stands further on in their text: recursive SQL, parallel servers, PL/SQL.
_WRAPPING = frozenset({604, 4088, 6512, 12801})
_BY_DRIVER = {
    "DPY-1001": ErrorClass.LOST,  # the connection is closed
    "DPY-4011": ErrorClass.LOST,
    # No statement is given a limit by the driver: this is a peer that answers no more, so the outcome is not known.
    "DPY-4024": ErrorClass.LOST,
    "DPY-4033": ErrorClass.LOST,  # idle for too long
    "DPY-4001": ErrorClass.AUTHENTICATION,  # no password
    "DPY-3015": ErrorClass.AUTHENTICATION,  # the password has only an old verifier, and has to be set anew
}
# PL/SQL's own word for a package that is not there or may not be called; ORA-06550 stands before any error of its compiler.
_UNDECLARED = re.compile(r"PLS-00201|PLS-00904")
_NUMBER = re.compile(r"ORA-(\d{5})")
_CODED = re.compile(r"(ORA-\d{5}|DPY-\d{4}): ")
_OF_DRIVER = re.compile(r"DPY-\d{4}")
_NOISE = re.compile(r"Help: https?://|ORA-06512: at |DPY-6005: cannot connect to database \(CONNECTION_ID=")


@dataclass(frozen=True, slots=True)
class Told:
    """An error as the driver tells it: `number` 0 = none of Oracle's, `code` the driver's (`ORA-00054`, `DPY-4011`)."""

    number: int
    code: str
    message: str


def told(error: oracledb.Error | OSError) -> Told:
    """The parts of an exception of the driver. What it raises without parts, and what the network says, has no code."""
    found = error.args[0] if error.args else None
    if isinstance(error, OSError) or found is None or not hasattr(found, "full_code"):
        return Told(0, "", str(error))
    return Told(int(found.code or 0), str(found.full_code or ""), str(found.message or ""))


def target_error(error: oracledb.Error | OSError) -> TargetError:
    """Read an error of a statement. A connection that broke is LOST, however the network says so."""
    if isinstance(error, OSError):
        return TargetError(ErrorClass.LOST, "connection", one_line(str(error)) or "The connection was lost.")
    return judged(told(error))


def judged(error: Told) -> TargetError:
    """Pure. What is not known fails again until somebody changes something."""
    number = _telling_number(error)
    kind, advice = _BY_NUMBER.get(number, (ErrorClass.PERMANENT, ""))
    if number == 6550 and _UNDECLARED.search(error.message):
        advice = _NO_RIGHT
    if number not in _BY_NUMBER or (error.code == "DPY-4011" and kind is ErrorClass.TRANSIENT):
        kind = _BY_DRIVER.get(error.code, kind)
    code = f"ORA-{number:05d}" if number else error.code
    message = one_line(error.message, code)
    return TargetError(kind, code, sentences(message, advice) if advice else message)


def _telling_number(error: Told) -> int:
    if error.number not in _WRAPPING:
        return error.number
    inner = [int(number) for number in _NUMBER.findall(error.message)]
    return next((number for number in inner if number not in _WRAPPING), error.number)


def is_hidden(error: TargetError) -> bool:
    """Whether the account may not see the object, or may not do this; for one that may not see it, it is not there."""
    return error.code in ("ORA-00942", "ORA-01031", "ORA-41900")


def one_line(text: str, code: str = "") -> str:
    """The message without where to read more, without PL/SQL's stack, and without the code, which stands beside it."""
    lines = [line for part in text.splitlines() if (line := part.strip()) and not _NOISE.match(line)]
    starts = [at for at, line in enumerate(lines) if code and line.startswith(code)]
    lines = lines[starts[0] :] if starts else lines  # before it stands what wraps it, or what the driver makes of it
    if lines and (match := _CODED.match(lines[0])) and (not code or match[1] == code):
        lines[0] = lines[0][match.end() :]
    return " ".join(sentences(*lines).split())[:1000]


# What a failed attempt to connect says of itself only in the text that the driver hands on from the address it tried last.
NOT_REACHED = ("network", "DPY-6005", "DPY-4011")  # codes whose words name no host
_CONNECTING = {
    "DPY-6000": ErrorClass.TRANSIENT,  # the listener refuses
    "DPY-6001": ErrorClass.TRANSIENT,  # the service is not registered: so it is while the database starts
    "DPY-6003": ErrorClass.TRANSIENT,
}
_NETWORK = re.compile(
    r"\[Errno -?\d+\]|timed out|network closed the connection|name resolution|name or service not known", re.IGNORECASE
)


def connect_error(error: oracledb.Error | OSError) -> TargetError:
    """Read a failed attempt to connect.

    An answer of the server that is none of the known ones counts as a refused sign-in: trying on would lock the account, and
    waiting for a person does no harm. Nothing was asked yet, so a connection that is closed meanwhile is no unknown outcome.
    """
    parts = told(error)
    if isinstance(error, OSError):
        return TargetError(ErrorClass.TRANSIENT, "network", one_line(str(error)))
    if parts.number:
        return _answered(parts)
    inner = next((code for code in _OF_DRIVER.findall(parts.message) if code != "DPY-6005"), parts.code)
    message = one_line(parts.message, inner)
    if similar := _NUMBER.search(parts.message):  # of the listener, before anybody signs in
        kind, _ = _BY_NUMBER.get(int(similar[1]), (ErrorClass.TRANSIENT, ""))
        return TargetError(kind, similar[0], message)
    if inner in _CONNECTING:
        return TargetError(_CONNECTING[inner], inner, message)
    if _BY_DRIVER.get(inner) is ErrorClass.AUTHENTICATION:
        return TargetError(ErrorClass.AUTHENTICATION, inner, message)
    if inner in ("DPY-4011", "DPY-6005") and _NETWORK.search(parts.message):
        return TargetError(ErrorClass.TRANSIENT, inner, message)
    return TargetError(ErrorClass.PERMANENT, inner, message)


def _answered(error: Told) -> TargetError:
    found = judged(error)
    if found.error_class in (ErrorClass.LOST, ErrorClass.LOCK, ErrorClass.CANCELLED):
        return TargetError(ErrorClass.TRANSIENT, found.code, found.message)
    is_known = _telling_number(error) in _BY_NUMBER
    return found if is_known else TargetError(ErrorClass.AUTHENTICATION, found.code, found.message)
