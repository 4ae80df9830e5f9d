"""One connection to an Oracle database: reading, sending steps that can be cancelled, and looking on from beside."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

import oracledb

from strategies.plans import ErrorClass, Facts, Outcome, Progress, Step, TargetError
from strategies.platforms.base import NotSupported, ObjectUnknown, PlatformError, Row, Session
from strategies.platforms.oracle import facts, metering
from strategies.platforms.oracle.beside import Beside
from strategies.platforms.oracle.errors import one_line, target_error, told
from strategies.platforms.oracle.names import is_plain, oracle_query, read_name
from strategies.platforms.oracle.reading import answers_of, limit_round_trips, of_cursor, read, require
from strategies.platforms.oracle.sign_in import Signed
from strategies.platforms.oracle.stated import Stated
from strategies.platforms.queries import Query
from strategies.platforms.stopping import Stops

T = TypeVar("T")

_CANCELLED = "ORA-01013"
_PATIENCE_MS = 5000  # for a round trip that only tidies up
_CHANGES_ROWS = re.compile(r"\s*(?:INSERT|UPDATE|DELETE|MERGE)\b", re.IGNORECASE)


class OracleSession(Session):
    """A connection that commits each statement: changes of structure do so by themselves, before and after.

    `stated` is what the address says of edition and licences, `version` the database's own, such as (19, 22, 0, 0, 0).
    """

    def __init__(self, signed: Signed, stated: Stated, connect_beside: Callable[[], Signed]) -> None:
        self._connection = signed.connection
        self.stated = stated
        self.version = tuple(int(part) for part in self._connection.version.split("."))
        self.instance, self.sid, self.serial = signed.instance, self._connection.session_id, self._connection.serial_num
        self.session_id = f"{self.sid},{self.serial},@{self.instance}"
        warning = self._connection.warning
        self.sign_in_warning = one_line(str(warning)) if warning is not None else ""
        self._beside = Beside(connect_beside)
        self._answers: list[Row] = []  # of the check at hand
        self._is_executing = self._is_calling = self._may_be_broken = False
        self._stops = Stops(self._interrupt, code=_CANCELLED)

    def facts(self) -> Facts:
        return facts.of(self, self.stated, self.version, self.sign_in_warning)

    @contextmanager
    def at_work(self, *, limit_seconds: float | None = None) -> Iterator[None]:
        try:
            with self._stops.at_work(limit_seconds):
                yield
        finally:
            self._settle()

    def rows(self, query: Query, parameters: Mapping[str, Any] | None = None) -> list[Row]:
        """As dictionaries by lower-case names; numbers are whole where they are whole, else Decimal. Raises PlatformError.

        Raises NotSupported where the query needs what the address does not state to be licensed.
        """
        if not self.stated.has(query.licence):
            raise NotSupported(
                f"{query.purpose} This needs {query.licence}, and the address does not state that it is there."
            )
        self._stops.heed()
        return self._ask(query, parameters)

    def alter(self, statement: str) -> None:
        """Send one statement that reads nothing, outside of any step. Raises PlatformError."""
        try:
            self._send_one(statement)
        except (oracledb.Error, OSError) as error:
            raise PlatformError(self._told(error)) from error

    def number(self, block: str, binds: Mapping[str, Any]) -> int | None:
        """What a block of PL/SQL puts into `:answer`. Raises PlatformError."""
        return self._answer(block, binds, oracledb.DB_TYPE_NUMBER, lambda value: None if value is None else int(value))

    def cursor_rows(self, block: str, binds: Mapping[str, Any], *, most: int) -> list[Row]:
        """The first rows of the cursor that a block of PL/SQL puts into `:answer`. Raises PlatformError."""
        return self._answer(block, binds, oracledb.DB_TYPE_CURSOR, lambda rows: of_cursor(rows, most))

    def execute(self, step: Step) -> Outcome:
        before, rows, error = metering.readings(self._ask), None, None
        self._answers.clear()
        started = time.monotonic()
        with self.at_work():
            self._is_executing = True
            try:
                rows = self._send(step)
            except PlatformError as refusal:
                error = refusal.error
            except (oracledb.Error, OSError) as refusal:
                error = self._told(refusal)
            finally:
                self._is_executing = False
        duration_ms = round((time.monotonic() - started) * 1000)
        answers = tuple(self._answers)
        return Outcome(duration_ms, error, metering.meters(before, metering.readings(self._ask), rows), answers=answers)

    def only_read(self, schema: str) -> None:
        """Nothing but queries is sent; 19c has no session that could not change anything."""
        if not is_plain(schema):
            raise NotSupported(
                f"{schema} is a name that needs double quotes: such a schema cannot be entered from here."
            )
        self.alter(f"ALTER SESSION SET CURRENT_SCHEMA = {schema}")

    def cancel(self) -> None:
        """Repeating it is safe. Only the work at hand is cancelled, never the questions asked afterwards."""
        self._stops.ask()

    def progress(self) -> Progress | None:
        if not self._is_executing:
            return None
        row = self._beside.look(
            oracle_query("progress"), {"instance": self.instance, "sid": self.sid, "serial": self.serial}
        )
        return None if row is None else Progress(_fraction(row), _phase(row))

    def close(self) -> None:
        self._beside.close()
        self._close()

    def _ask(self, query: Query, parameters: Mapping[str, Any] | None = None) -> list[Row]:
        try:
            with self._calling():
                return read(self._connection, query, parameters)
        except (oracledb.Error, OSError) as error:
            raise PlatformError(self._told(error)) from error

    def _answer(self, block: str, binds: Mapping[str, Any], kind: Any, read_it: Callable[[Any], T]) -> T:
        self._stops.heed()
        try:
            with self._calling(), self._connection.cursor() as cursor:
                answer = cursor.var(kind)
                cursor.execute(block, {**binds, "answer": answer})
                return read_it(answer.getvalue())
        except (oracledb.Error, OSError) as error:
            raise PlatformError(self._told(error)) from error

    def _send(self, step: Step) -> int | None:
        """Rows that were changed, None where no statement says so. Raises PlatformError, oracledb.Error, OSError."""
        for setting in step.settings:
            self._send_one(setting)
        if not step.begin:
            return self._send_each(step)
        self._connection.autocommit = False
        try:
            self._send_one(step.begin)
            rows = self._send_each(step)
            with self._calling():
                self._connection.commit()
            return rows
        except (PlatformError, oracledb.Error, OSError):
            self._settle()  # a break on its way would hit the rollback
            self._roll_back()
            raise
        finally:
            with suppress(oracledb.Error):  # closed meanwhile
                self._connection.autocommit = True

    def _send_each(self, step: Step) -> int | None:
        counted: list[int] = []
        for statement in step.statements:
            self._stops.heed()  # asked for between two statements, when there was nothing to cancel
            changed, has_errors = self._send_one(statement, is_asking=step.is_check)
            if has_errors:
                raise PlatformError(self._compiled_with_errors(step))
            if _CHANGES_ROWS.match(statement):
                counted.append(changed)
        return sum(counted) if counted else None

    def _send_one(self, statement: str, *, is_asking: bool = False) -> tuple[int, bool]:
        """How many rows were changed, and whether something was compiled with errors. The text goes as it is, without binds."""
        with self._calling(), self._connection.cursor() as cursor:
            if is_asking:
                self._answers += answers_of(cursor, statement)
            else:
                cursor.execute(statement)
            return cursor.rowcount, cursor.warning is not None

    def _compiled_with_errors(self, step: Step) -> TargetError:
        """The driver only warns of it: ORA-24344 is a success to the database."""
        words = f"{step.object} was compiled with errors"
        found = self._compile_errors(step.object)
        listed = "; ".join(f"line {row['line']}: {' '.join(str(row['text']).split())}" for row in found[:5])
        more = f" (and {len(found) - 5} more)" if len(found) > 5 else ""
        return TargetError(ErrorClass.PERMANENT, "ORA-24344", f"{words}: {listed}{more}." if listed else f"{words}.")

    def _compile_errors(self, name: str) -> list[Row]:
        try:
            owner, found = read_name(name)
        except ObjectUnknown:
            return []
        for query in ("compile_errors", "visible_compile_errors"):
            with suppress(PlatformError):
                return self._ask(oracle_query(query), {"owner": owner, "name": found})
        return []

    def _told(self, error: oracledb.Error | OSError) -> TargetError:
        """A statement that was cancelled at a limit of ours says so."""
        found = target_error(error)
        if told(error).number == 1013:
            self._may_be_broken = False  # it has hit what it was meant for
        if found.error_class is ErrorClass.LOST:
            self._close()  # it may be half alive, and must never be used for another statement
        why = self._stops.why
        return why if why is not None and found.error_class is ErrorClass.CANCELLED else found

    @contextmanager
    def _calling(self) -> Iterator[None]:
        require(self._connection)
        self._is_calling = True
        try:
            yield
        finally:
            self._is_calling = False

    def _interrupt(self) -> None:
        """A break that finds nothing at work would hit the next call instead: so none is sent then."""
        if self._is_calling and self._connection.is_healthy():
            self._may_be_broken = True
            with suppress(oracledb.Error, OSError):
                self._connection.cancel()

    def _settle(self) -> None:
        """A break that came just after its statement had ended is caught here, before it hits what is asked next."""
        if not self._may_be_broken:
            return
        self._may_be_broken = False
        try:
            require(self._connection)
            limit_round_trips(self._connection, _PATIENCE_MS)
            self._connection.ping()
        except (oracledb.Error, OSError) as error:
            if told(error).number != 1013:
                self._close()
        limit_round_trips(self._connection, 0)

    def _roll_back(self) -> None:
        """What cannot be rolled back by word is by closing: the database then does it."""
        try:
            with self._calling():
                self._connection.rollback()
        except (oracledb.Error, OSError):
            self._close()

    def _close(self) -> None:
        limit_round_trips(self._connection, _PATIENCE_MS)
        with suppress(oracledb.Error, OSError):
            self._connection.close()


def _fraction(row: Row) -> float | None:
    """Share of what the database itself counts of a long operation; None while it counts nothing."""
    total, done = row["totalwork"], row["sofar"]
    return min(1.0, float(done / total)) if total else None


def _phase(row: Row) -> str:
    phase = str(row["opname"] or ("at work" if row["state"] != "WAITING" else row["event"]))
    if row["blocking_session"] is None:
        return phase
    return f"{phase}, waiting for session {row['blocking_session']},@{row['blocking_instance']} ({row['event']})"
