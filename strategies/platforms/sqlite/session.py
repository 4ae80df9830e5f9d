"""One connection to a SQLite file: reading, sending steps so that they can be stopped at any moment, and metering them."""

from __future__ import annotations

import itertools
import os
import platform as operating_system
import re
import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from strategies.plans import ErrorClass, Facts, Meters, Outcome, Progress, Step, TargetError
from strategies.platforms.base import PlatformError, Row, Session
from strategies.platforms.queries import Query
from strategies.platforms.sqlite.catalogue import has_dbstat, sqlite_query
from strategies.platforms.sqlite.errors import target_error
from strategies.platforms.sqlite.metering import Gauge
from strategies.platforms.stopping import Stops

_INSTRUCTIONS_PER_TICK = 10_000  # of SQLite's virtual machine; some milliseconds, so that a cancel is felt at once
_LOCK_SLICE_MS = 200  # SQLite's own wait for a lock cannot be interrupted, so it is spent in slices of this length
_numbers = itertools.count(1)
_GIVES_A_ROW_A_PAGE = re.compile(r'PRAGMA ("main"\.)?incremental_vacuum', re.IGNORECASE)
_CHECKPOINT = re.compile(r'PRAGMA ("main"\.)?wal_checkpoint', re.IGNORECASE)
_CHANGES_ROWS = re.compile(r"\s*(?:INSERT|UPDATE|DELETE)\b", re.IGNORECASE)
_HELD = TargetError(ErrorClass.LOCK, "SQLITE_BUSY", "others read or write what the -wal file holds")


class SqliteSession(Session):
    """A connection in autocommit mode. SQLite has no list of sessions; `session_id` names the process and the connection."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self.session_id = f"{operating_system.node()}:{os.getpid()}:{next(_numbers)}"
        self.path = path
        self._connection = connection
        self._stops = Stops(self._interrupt, code="SQLITE_INTERRUPT")
        self._is_moving = False
        self._ticks = 0
        self._answers: list[Row] | None = None  # of the check at hand
        self._changed: int | None = None  # rows, by the statement of the step at hand that changed the most
        connection.set_progress_handler(self._tick, _INSTRUCTIONS_PER_TICK)

    def facts(self) -> Facts:
        row = self.rows(sqlite_query("facts"))[0]
        sizes = [file.stat().st_size for file in (self.path, self._beside("-wal")) if file.exists()]
        free_bytes = row["freelist_count"] * row["page_size"]
        return Facts(
            product="SQLite",
            version=row["version"],
            version_number=_version_number(row["version"]),
            database=str(self.path),
            role="primary",
            user=_process_user(),
            is_writable=_may_write(self.path.resolve()),
            size_bytes=sum(sizes),
            details={
                "Journal mode": row["journal_mode"],
                "Page size": f"{row['page_size']} bytes",
                "Pages": f"{row['page_count']:,}",
                "Free pages": f"{row['freelist_count']:,} ({free_bytes:,} bytes that new rows can reuse)",
                "Automatic vacuum": ("off", "full", "incremental")[row["auto_vacuum"]],
                "Encoding": row["encoding"],
                "Application id": f"0x{row['application_id'] & 0xFFFFFFFF:08x}",
                "User version": str(row["user_version"]),
                "Space per index": "known" if has_dbstat(self) else "not known: there is no dbstat",
            },
        )

    def rows(self, query: Query, parameters: Mapping[str, Any] | None = None) -> list[Row]:
        """Run a reading query. Raises PlatformError, of class CANCELLED where the work it belongs to is to stop."""
        with self._moving():
            try:
                self._stops.heed()
                cursor = self._connection.execute(query.sql, dict(parameters or {}))
                names = [column[0] for column in cursor.description]
                return [dict(zip(names, row, strict=True)) for row in cursor]
            except sqlite3.Error as error:
                raise PlatformError(self._error_of(error)) from error

    def execute(self, step: Step) -> Outcome:
        """Send a step. The lock that a step's `begin` takes is waited for before any work is done."""
        self._answers, self._changed = [] if step.is_check else None, None
        started, gauge, error = time.monotonic(), Gauge.now(), None
        with self._moving(), self._stops.at_work(step.check.get("longest_hold_seconds"), "the statement"):
            try:
                self._send(step)
            except sqlite3.Error as refusal:
                error = self._error_of(refusal)
            except PlatformError as refusal:
                error = refusal.error
            if self._connection.in_transaction:
                self._at_once("ROLLBACK")
        now, duration_ms = Gauge.now(), round((time.monotonic() - started) * 1000)
        is_alone = self._pragma("threads") == 0  # what helping threads cost is in no counter of this one
        meters = Meters(
            cpu_ms=now.cpu_ms_since(gauge) if is_alone else None,
            io_operations=now.io_since(gauge) if is_alone else None,
            rows=None if error else self._rows_processed(step),
        )
        answers, self._answers = tuple(self._answers or ()), None
        return Outcome(duration_ms=duration_ms, error=error, meters=meters, answers=answers)

    @contextmanager
    def at_work(self, *, limit_seconds: float | None = None) -> Iterator[None]:
        with self._stops.at_work(limit_seconds):
            yield

    def cancel(self) -> None:
        """Stops what `execute` does, or what is asked within `at_work`; never what is asked afterwards, of the state left behind."""
        self._stops.ask()

    def only_read(self, schema: str) -> None:
        """There is one schema, `main`."""
        self._at_once("PRAGMA query_only = ON")

    def _interrupt(self) -> None:
        with suppress(sqlite3.ProgrammingError):  # closed meanwhile: nothing runs any more
            self._connection.interrupt()

    def progress(self) -> Progress | None:
        """SQLite does not say how far it is; the count of its instructions at least shows that it moves."""
        if not self._is_moving:
            return None
        millions = self._ticks * _INSTRUCTIONS_PER_TICK / 1_000_000
        return Progress(None, f"working, {millions:,.1f} million instructions so far")

    def close(self) -> None:
        self._connection.close()

    def _send(self, step: Step) -> None:
        for setting in step.settings:
            self._run(setting)
        if self._answers:  # a setting gives a row, too
            self._answers.clear()
        patience_ms = self._pragma("busy_timeout")
        try:
            if not step.begin:
                for statement in step.statements:
                    self._run_patiently(statement, patience_ms)
                return
            self._run_patiently(step.begin, patience_ms)
            # The lock is ours now; a full page cache must not wait for readers each time it spills.
            self._set_busy_timeout(0)
            for statement in step.statements:
                self._run(statement)
            self._run_patiently("COMMIT", patience_ms)
        finally:
            self._set_busy_timeout(patience_ms)

    def _run(self, statement: str) -> None:
        self._stops.heed()
        if _GIVES_A_ROW_A_PAGE.match(statement):  # and Python stops after the first
            self._connection.executescript(statement)
            return
        cursor = self._connection.execute(statement)
        rows = cursor.fetchall()
        if _CHANGES_ROWS.match(statement):
            self._changed = max(self._changed or 0, cursor.rowcount)
        if self._answers is not None and cursor.description:
            names = [column[0] for column in cursor.description]
            self._answers += [dict(zip(names, row, strict=True)) for row in rows]
        if _CHECKPOINT.match(statement) and rows[0][0]:  # told in a row, not as an error
            raise PlatformError(_HELD)

    def _run_patiently(self, statement: str, patience_ms: int) -> None:
        """Run what may be repeated after SQLITE_BUSY without losing work, until patience ends.

        BEGIN, COMMIT, a checkpoint, and VACUUM, which takes the lock before it does anything.
        """
        deadline = time.monotonic() + patience_ms / 1000
        while True:
            left_ms = max(0, round((deadline - time.monotonic()) * 1000))
            self._set_busy_timeout(min(left_ms, _LOCK_SLICE_MS))
            try:
                return self._run(statement)
            except sqlite3.Error as error:
                if target_error(error).error_class is not ErrorClass.LOCK or left_ms == 0:
                    raise
            except PlatformError as refusal:
                if refusal.error is not _HELD or left_ms == 0:
                    raise
                # A checkpoint that waits for readers keeps writers out meanwhile: between two of them they have their turn
                time.sleep(_LOCK_SLICE_MS / 1000)

    def _at_once(self, statement: str) -> list[Any]:
        """Run a small statement of our own that no cancel is meant for: one that is hit all the same runs again."""
        while True:
            try:
                return self._connection.execute(statement).fetchall()
            except sqlite3.Error as error:
                if target_error(error).error_class is not ErrorClass.CANCELLED:
                    raise

    def _pragma(self, name: str) -> int:
        return int(self._at_once(f"PRAGMA {name}")[0][0])

    def _set_busy_timeout(self, milliseconds: int) -> None:
        self._at_once(f"PRAGMA busy_timeout = {milliseconds:d}")

    def _rows_processed(self, step: Step) -> int | None:
        """What the query that the step names counts afterwards, outside the meters, else what its statements say that they changed.

        None where neither can tell.
        """
        name = step.check.get("rows_query")
        if not name:
            return self._changed
        if step.is_reversal:
            return None
        try:
            rows = self.rows(sqlite_query(name), step.check)
        except PlatformError:
            return None
        return rows[0]["rows"] if rows else None

    def _error_of(self, error: sqlite3.Error) -> TargetError:
        """The error as a value; an interrupt says who wanted it.

        Where nobody asked this session to stop, an exception came out of a signal's handler: Python runs that inside SQLite's
        progress handler and loses the exception there.
        """
        found = target_error(error)
        if found.error_class is not ErrorClass.CANCELLED:
            return found
        message = "interrupted by a signal to this process, such as the time limit of its task"
        return self._stops.why or replace(found, message=message)

    def _tick(self) -> int:
        self._ticks += 1
        return int(self._stops.why is not None)

    @contextmanager
    def _moving(self) -> Iterator[None]:
        self._ticks, self._is_moving = 0, True
        try:
            yield
        finally:
            self._is_moving = False

    def _beside(self, suffix: str) -> Path:
        real = self.path.resolve()  # of a link
        return real.with_name(real.name + suffix)


def _version_number(version: str) -> int:
    """3.40.1 → 3040001, as SQLite numbers itself."""
    major, minor, patch = (int(part) for part in version.split(".")[:3])
    return major * 1_000_000 + minor * 1_000 + patch


def _may_write(path: Path) -> bool:
    """Whether this process may write the file and create the journal beside it. Asked of the system, without any lock."""
    effective = os.access in os.supports_effective_ids
    return all(os.access(place, os.W_OK, effective_ids=effective) for place in (path, path.parent))


def _process_user() -> str:
    """The operating-system user of this process: SQLite has no accounts of its own."""
    try:
        import pwd
    except ImportError:  # Windows
        return os.environ.get("USERNAME", "")
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:  # a container's bare number
        return str(os.geteuid())
