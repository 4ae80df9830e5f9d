"""Stands in for python-oracledb's connection: answers by the text of a statement, raises the driver's errors, keeps what it got."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

import oracledb
from oracledb import errors as driver_errors

from strategies.platforms.base import SessionTag
from strategies.platforms.oracle.names import oracle_query

TAG = SessionTag("1a2b3c4d", "run", 17)
URL = "oracle://portal@db.example:1521/sales?edition=EE"

Rows = Sequence[Mapping[str, Any]]
Answer = Rows | Exception | Callable[[], "Rows | Exception"]


def oracle_error(number: int, text: str) -> oracledb.Error:
    """As the driver raises what the database answers: `text` is what stands behind `ORA-nnnnn: `."""
    error = driver_errors._Error(f"ORA-{number:05d}: {text}", code=number)
    return error.exc_type(error)  # type: ignore[no-any-return]


def driver_error(number: int, *, cause: str | None = None, **words: Any) -> oracledb.Error:
    """One that the driver makes itself: `DPY-nnnn`."""
    error = driver_errors._create_err(number, cause, **words)
    return error.exc_type(error)  # type: ignore[no-any-return]


class Variable:
    """What a block of PL/SQL puts a number or a cursor into: the rows of its answer, or the first value of them."""

    def __init__(self, connection: Connection, kind: Any) -> None:
        self._connection, self._kind, self.rows = connection, kind, list[Mapping[str, Any]]()

    def getvalue(self) -> Any:
        if self._kind is not oracledb.DB_TYPE_CURSOR:
            return next(iter(self.rows[0].values())) if self.rows else None
        found = Cursor(self._connection)
        found.take(self.rows)
        return found


class Cursor:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._rows: list[tuple[Any, ...]] = []
        self._kinds: dict[str, Any] = {}
        self.description: list[tuple[Any, ...]] | None = None
        self.rowcount = 0
        self.warning: Any = None

    def __enter__(self) -> Cursor:
        return self

    def __exit__(self, *exc: object) -> None:
        return

    def execute(self, statement: str, parameters: Mapping[str, Any] | None = None, **how: Any) -> None:
        self._connection.check()
        answer = self._connection.answer(statement, self._sent(parameters or {}), how)
        if isinstance(answer, Exception):
            self._connection.is_gone |= isinstance(answer, OSError) or answer.args[0].is_session_dead
            raise answer
        self.warning = self._connection.warnings.get(statement)
        if statement in self._connection.rowcounts:
            self.rowcount = self._connection.rowcounts[statement]
        if isinstance(variable := (parameters or {}).get("answer"), Variable):
            variable.rows = list(answer)
        if statement.lstrip().upper().startswith(("SELECT", "WITH")):
            self.take(answer)

    def _sent(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """As the server gets them: an instant is a DATE, unless its type was said."""
        return {
            name: value.replace(microsecond=0) if isinstance(value, datetime) and name not in self._kinds else value
            for name, value in parameters.items()
        }

    def take(self, rows: Rows) -> None:
        columns = list(rows[0]) if rows else ["NOTHING"]
        self.description = [(column.upper(),) for column in columns]
        self._rows = [tuple(map(_fetched, row.values())) for row in rows]

    def setinputsizes(self, **kinds: Any) -> None:
        self._kinds = kinds

    def var(self, kind: Any) -> Variable:
        return Variable(self._connection, kind)

    def fetchmany(self, most: int) -> list[tuple[Any, ...]]:
        return self._rows[:most]

    def fetchall(self) -> list[tuple[Any, ...]]:
        return self._rows

    def fetchone(self) -> tuple[Any, ...] | None:
        return self._rows[0] if self._rows else None


def _fetched(value: Any) -> Any:
    """With fetch_decimals the driver gives every NUMBER as Decimal."""
    return Decimal(str(value)) if isinstance(value, (int, float)) and not isinstance(value, bool) else value


class Connection:
    """`answers` by the name of a query, or by `~` and what is found in the statement; what none fits has no rows."""

    def __init__(self, answers: Mapping[str, Answer] | None = None, *, version: str = "19.22.0.0.0") -> None:
        self.answers = {"own_instance": [{"instance": 1}], **(answers or {})}
        self.version = version
        self.session_id, self.serial_num, self.warning = 123, 4567, None
        self._autocommit = False
        self.module = self.action = self.clientinfo = ""
        self._call_timeout = 0
        self.is_gone = False
        self.warnings: dict[str, Any] = {}
        self.rowcounts: dict[str, int] = {}
        self.sent: list[str] = []
        self.binds: list[dict[str, Any]] = []
        self.how: list[dict[str, Any]] = []
        self.pings: list[Exception] = []
        self.is_closed = False
        self.broken = threading.Event()
        self.runs = threading.Event()

    @property
    def autocommit(self) -> bool:
        return self._autocommit

    @autocommit.setter
    def autocommit(self, value: bool) -> None:
        if self.is_closed:
            raise driver_error(driver_errors.ERR_NOT_CONNECTED)
        self._autocommit = value

    @property
    def call_timeout(self) -> int:
        return self._call_timeout

    @call_timeout.setter
    def call_timeout(self, value: int) -> None:
        self.check()
        self._call_timeout = value

    def is_healthy(self) -> bool:
        return not self.is_closed and not self.is_gone

    def cursor(self) -> Cursor:
        self.check()
        return Cursor(self)

    def check(self) -> None:
        if self.is_closed:
            raise driver_error(driver_errors.ERR_NOT_CONNECTED)
        assert not self.is_gone, "the driver itself would end the process"

    def answer(self, statement: str, binds: dict[str, Any], how: dict[str, Any]) -> Rows | Exception:
        self.sent.append(statement)
        self.binds.append(binds)
        self.how.append(how)
        for key, found in self.answers.items():
            if key[1:] in statement if key.startswith("~") else oracle_query(key).sql == statement:
                return found() if callable(found) else found
        return []

    def until_broken(self) -> Exception:
        """An answer: the statement runs until somebody breaks it."""
        self.runs.set()
        assert self.broken.wait(10)
        return oracle_error(1013, "user requested cancel of current operation")

    def cancel(self) -> None:
        self.check()
        self.sent.append("(break)")
        self.broken.set()

    def ping(self) -> None:
        self.check()
        self.sent.append(f"(ping within {self.call_timeout} ms)")
        if self.pings:
            raise self.pings.pop(0)

    def commit(self) -> None:
        self.check()
        self.sent.append("(commit)")

    def rollback(self) -> None:
        self.check()
        self.sent.append("(rollback)")

    def close(self) -> None:
        if self.is_closed:
            raise driver_error(driver_errors.ERR_NOT_CONNECTED)
        self.is_closed = True
