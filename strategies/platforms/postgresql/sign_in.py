"""Signs in to a server: one address and one kind of encryption at a time, until an answer comes that stands."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import psycopg
from psycopg.rows import dict_row

from strategies.plans import ErrorClass, TargetError
from strategies.platforms.base import Address, PlatformError
from strategies.platforms.postgresql.errors import Refusal, Then, connect_refusal, most_severe

Connection = psycopg.Connection[dict[str, Any]]

_PORT = 5432
# A server that is gone without a word is noticed after a minute of silence (30 + 3 × 10 s), also while data is on its way.
_ALIVE = {
    "keepalives": "1", "keepalives_idle": "30", "keepalives_interval": "10", "keepalives_count": "3",
    "tcp_user_timeout": "60000",
}  # fmt: skip
# libpq itself would try these in turn and send the password each time: a wrong one would count twice.
_IN_TURN = {"prefer": ("require", "disable"), "allow": ("disable", "require")}


@dataclass(frozen=True, slots=True)
class Door:
    """One way in: parameters of libpq that name exactly one address and one kind of encryption. Opening it is one sign-in."""

    parameters: Mapping[str, Any] = field(repr=False)  # with the password

    def open(self, purpose: str, timeout_seconds: float) -> Connection:
        """Raises psycopg.Error."""
        return psycopg.connect(
            autocommit=True, row_factory=dict_row, application_name=purpose[:63],
            connect_timeout=max(2, round(timeout_seconds)), **self.parameters,
        )  # fmt: skip


def sign_in(address: Address, secret: str | None, purpose: str, timeout_seconds: float) -> tuple[Connection, Door]:
    """A connection, and the door that opened. Raises PlatformError.

    `timeout_seconds` bounds each attempt. A refused account is never asked for again at another address.
    """
    refusals: list[Refusal] = []
    try:
        for place in _places(address):
            answer = _knock(_doors(address, secret, place), purpose, timeout_seconds)
            if not isinstance(answer, Refusal):
                return answer
            if answer.then is Then.NOTHING:
                raise PlatformError(answer.error)
            refusals.append(answer)
    except (UnicodeError, ValueError) as error:
        raise PlatformError(TargetError(ErrorClass.PERMANENT, "address", str(error))) from None
    raise PlatformError(most_severe(refusals).error)


def _knock(doors: Iterable[Door], purpose: str, timeout_seconds: float) -> tuple[Connection, Door] | Refusal:
    """At one address: the door that opened, or the answer that counts."""
    answers: list[Refusal] = []
    for door in doors:
        try:
            return door.open(purpose, timeout_seconds), door
        except psycopg.Error as error:
            answers.append(connect_refusal(error))
        if answers[-1].then is not Then.OTHER_ENCRYPTION:
            return answers[-1]
    # That one kind of encryption is not on offer counts only where nothing else was heard.
    return ([answer for answer in answers if answer.error.error_class is not ErrorClass.PERMANENT] or answers)[-1]


def _places(address: Address) -> list[dict[str, str]]:
    """Where to knock, in turn. Raises PlatformError where no name can be resolved."""
    wanted = address.options.get("target_session_attrs")
    kinds = ["standby", "any"] if wanted == "prefer-standby" else [wanted]
    return [
        {**place, **({"target_session_attrs": kind} if kind else {})} for kind in kinds for place in _hosts(address)
    ]


def _hosts(address: Address) -> list[dict[str, str]]:
    if address.host.startswith("/"):
        return [{"host": address.host}]
    places: dict[tuple[str, str], dict[str, str]] = {}
    problem: OSError | None = None
    for host in address.host.split(","):
        try:
            resolved = socket.getaddrinfo(host, address.port or _PORT, type=socket.SOCK_STREAM)
        except OSError as error:
            problem = error
            continue
        for *_, place in resolved:
            places[host, str(place[0])] = {"host": host, "hostaddr": str(place[0])}
    if not places:
        raise PlatformError(TargetError(ErrorClass.TRANSIENT, "08001", f"{address.host} cannot be resolved: {problem}"))
    return list(places.values())


def _doors(address: Address, secret: str | None, place: Mapping[str, str]) -> Iterator[Door]:
    options = {name: value for name, value in address.options.items() if name not in ("host", "target_session_attrs")}
    wanted = options.pop("sslmode", None) or os.environ.get("PGSSLMODE") or "prefer"
    by_socket = "hostaddr" not in place  # never encrypted
    for mode in (wanted,) if by_socket else _IN_TURN.get(wanted, (wanted,)):
        yield Door(
            {
                "port": address.port, "dbname": address.database, "user": address.user or None, "password": secret,
                "client_encoding": "UTF8", "sslmode": mode, **_ALIVE, **options, **place,
                **({"gssencmode": "disable"} if secret else {}),  # one more kind of encryption that libpq tries in turn
            }
        )  # fmt: skip
