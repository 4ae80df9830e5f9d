"""One connection to a PostgreSQL server: reading, sending steps that can be cancelled, and looking on from beside."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC
from typing import Any

import psycopg

from strategies.plans import ErrorClass, Facts, Outcome, Progress, Step, TargetError
from strategies.platforms.base import PlatformError, Row, Session
from strategies.platforms.postgresql import metering
from strategies.platforms.postgresql.beside import Beside
from strategies.platforms.postgresql.errors import target_error
from strategies.platforms.postgresql.names import postgresql_query, quoted
from strategies.platforms.postgresql.sign_in import Connection
from strategies.platforms.queries import Query
from strategies.platforms.stopping import Stops
from strategies.sentences import sentences


class PostgresqlSession(Session):
    """A connection in autocommit mode: CONCURRENTLY and VACUUM refuse to run inside a transaction."""

    def __init__(self, connection: Connection, connect_beside: Callable[[], Connection]) -> None:
        self.session_id = str(connection.info.backend_pid)
        self._connection = connection
        self._beside = Beside(connect_beside)
        self._notices: list[str] = []
        self._answers: list[Row] = []
        self._tuples_done: int | None = None
        self._changed: int | None = None  # rows, by the statement of the step at hand that changed the most
        self._is_executing = False
        self._stops = Stops(self._interrupt, code="57014")
        connection.add_notice_handler(self._hear)

    @property
    def version(self) -> int:
        """As `server_version_num`: 160014 is 16.14."""
        return self._connection.info.server_version

    def facts(self) -> Facts:
        row = self.rows(postgresql_query("facts"))[0]
        return Facts(
            product="PostgreSQL",
            version=row["version"],
            version_number=self.version,
            database=row["database"],
            role="standby" if row["is_standby"] else "primary",
            user=row["user"],
            is_writable=not row["is_standby"] and not row["is_read_only"],
            size_bytes=row["size_bytes"],
            details={
                "Superuser": "yes" if row["is_superuser"] else "no",
                "Started": f"{row['started_at'].astimezone(UTC):%Y-%m-%d %H:%M} UTC",
                "Encoding": row["encoding"],
                "Autovacuum": row["autovacuum"],
                "Data checksums": row["data_checksums"],
                "Extensions": ", ".join(row["extensions"]) or "none",
                "Server address": row["address"],
            },
        )

    @contextmanager
    def at_work(self, *, limit_seconds: float | None = None) -> Iterator[None]:
        with self._stops.at_work(limit_seconds):
            yield

    def rows(self, query: Query, parameters: Mapping[str, Any] | None = None) -> list[Row]:
        self._stops.heed()
        try:
            # Prepared at once: the catalogue's views take longer to plan than to read, and a run asks the same at each step.
            return list(self._connection.execute(query.sql.encode(), dict(parameters or {}), prepare=True))
        except psycopg.Error as error:
            raise PlatformError(self._told(error)) from error

    def _told(self, error: psycopg.Error) -> TargetError:
        """A statement that was cancelled at a limit of ours says so."""
        told = target_error(error, is_connected=self._is_connected)
        why = self._stops.why
        return why if why is not None and told.error_class is ErrorClass.CANCELLED else told

    def execute(self, step: Step) -> Outcome:
        self._notices.clear()
        self._answers.clear()
        self._tuples_done = self._changed = None
        started, io_before, error = time.monotonic(), metering.io_operations(self._connection), None
        with self._stops.at_work():
            self._is_executing = True
            try:
                self._send(step)
            except psycopg.Error as refusal:
                error = self._told(refusal)
            finally:
                self._is_executing = False
        duration_ms = round((time.monotonic() - started) * 1000)
        meters = metering.meters(
            self._notices,
            io_before=io_before,
            io_after=metering.io_operations(self._connection),
            memory=metering.memory_mb(self._connection),
            tuples_done=self._tuples_done if self._changed is None or error is not None else self._changed,
        )
        return Outcome(duration_ms, error, meters, tuple(self._notices), tuple(self._answers))

    def _send(self, step: Step) -> None:
        """Statements go as they are, without parameters: a percent sign in a name is only a percent sign."""
        for setting in step.settings:
            self._connection.execute(setting.encode())
        if not step.begin:
            self._send_each(step.statements, is_check=step.is_check)
            return
        self._connection.execute(step.begin.encode())
        try:
            self._send_each(step.statements)
            self._connection.execute("COMMIT")
        except psycopg.Error:
            with suppress(psycopg.Error):  # a lost connection has rolled back already
                self._connection.rollback()
            raise

    def _send_each(self, statements: tuple[str, ...], *, is_check: bool = False) -> None:
        for statement in statements:
            if self._stops.why is not None:  # asked for between two statements, when there was nothing to cancel
                raise psycopg.errors.QueryCanceled("canceled before the statement was sent")
            cursor = self._connection.execute(statement.encode())
            if is_check and cursor.description:
                self._answers += cursor.fetchall()
            elif (rows := metering.changed(cursor.statusmessage)) is not None:
                self._changed = max(self._changed or 0, rows)

    def only_read(self, schema: str) -> None:
        try:
            self._connection.execute("SET default_transaction_read_only = on")
            self._connection.execute(f"SET search_path = {quoted(schema)}".encode())
        except psycopg.Error as error:
            raise PlatformError(self._told(error)) from error

    def cancel(self) -> None:
        """Repeating it is safe. Only the work at hand is cancelled, never the questions asked afterwards."""
        self._stops.ask()

    def _interrupt(self) -> None:
        """The server has the signal before this returns, and forgets it where nothing runs: it never hits what comes later."""
        with suppress(psycopg.Error):
            self._connection.cancel_safe(timeout=5)

    def progress(self) -> Progress | None:
        if not self._is_executing:
            return None
        row = self._beside.look(postgresql_query("progress"), {"pid": int(self.session_id)})
        if row is None:
            return None
        self._tuples_done = row["tuples_done"] or self._tuples_done
        return Progress(_fraction(row), _phase(row))

    def close(self) -> None:
        self._beside.close()
        self._connection.close()

    @property
    def _is_connected(self) -> bool:
        return not (self._connection.closed or self._connection.broken)

    def _hear(self, notice: psycopg.errors.Diagnostic) -> None:
        words = sentences(notice.message_primary, notice.message_detail)
        self._notices.append(f"{notice.severity or 'NOTICE'} {words}")


def _fraction(row: Mapping[str, Any]) -> float | None:
    """Share of the phase that counts most, by blocks; None while there is nothing to count."""
    total, done = row["total"], row["done"]
    return min(1.0, done / total) if total else None


def _phase(row: Mapping[str, Any]) -> str:
    blockers = row["blocked_by"]
    waiting = f", waiting for session {', '.join(map(str, blockers))}" if blockers else ""
    return f"{row['phase']}{waiting}"
