"""Where items are tried: sessions of the account, and objects of its own schema that are removed whatever happens."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar, cast

import oracledb

from strategies.plans import ErrorClass, Outcome, Step, TargetError
from strategies.platforms.base import Address, PlatformError, Row, SessionTag
from strategies.platforms.oracle.errors import is_hidden
from strategies.platforms.oracle.names import shown
from strategies.platforms.oracle.platform import Oracle
from strategies.platforms.oracle.rights import Held
from strategies.platforms.oracle.session import OracleSession
from strategies.platforms.oracle.sign_in import Door
from strategies.platforms.oracle.smoke import statements
from strategies.platforms.oracle.smoke.items import NotApplicable, Unexpected
from strategies.platforms.oracle.stated import Stated
from strategies.platforms.queries import Query, load_query

T = TypeVar("T")

PURPOSE = "smoke"
_ATTEMPTS = 3  # to connect, one after the other; a sign-in that is refused ends them at once
_PATIENCE_SECONDS = 20.0
_LOOK_EVERY_SECONDS = 0.25
_ROUNDS, _BETWEEN_ROUNDS_SECONDS = 5, 5.0
# What a removal is told where there is nothing to remove: no table, no object, nothing in the recycle bin, no job, no credential.
_NOT_THERE = ("ORA-00942", "ORA-04043", "ORA-38307", "ORA-27475", "ORA-27476")


def smoke_query(name: str) -> Query:
    return load_query("oracle/smoke", name)


@dataclass(frozen=True, slots=True)
class Own:
    """An object of ours, with the statement that removes it. What lasts goes when it is told to, or with the trial."""

    kind: str
    name: str
    removal: str
    lasts: bool = False


class Running:
    """A step that runs in a session of its own, in a thread, while others look on."""

    def __init__(self, session: OracleSession, step: Step) -> None:
        self.session = session
        self._step = step
        self._outcome: Outcome | None = None
        self._thread = threading.Thread(target=self._run, name="smoke", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        self._outcome = self.session.execute(self._step)

    @property
    def is_over(self) -> bool:
        return not self._thread.is_alive()

    def outcome(self, seconds: float = _PATIENCE_SECONDS) -> Outcome:
        """Raises Unexpected where it has not ended within that time."""
        self._thread.join(seconds)
        if self._outcome is None:
            raise Unexpected(f"It had not ended {seconds:g} seconds after it was to end.")
        return self._outcome


@dataclass
class Stage:
    """One trial on one server. `token` (8 hex digits) is in the name of each object and in the tag of each session of it."""

    platform: Oracle
    address: Address
    secret: str | None = field(repr=False)
    token: str
    timeout_seconds: float = 10.0
    pause: Callable[[float], None] = time.sleep
    owner: str = ""
    database: dict[str, str] = field(default_factory=dict)  # what it says of itself, for the report
    left: list[str] = field(default_factory=list)
    has_whole_schema: bool = False  # it was empty, so that whatever is in it is of this trial
    _session: OracleSession | None = None
    _refusal: PlatformError | None = None
    _failures: int = 0
    _numbers: int = 0
    _own: list[Own] = field(default_factory=list)
    _sessions: list[OracleSession] = field(default_factory=list)
    _connections: list[oracledb.Connection] = field(default_factory=list)
    _running: list[Running] = field(default_factory=list)

    @property
    def prefix(self) -> str:
        """With which the names of all objects of this trial begin."""
        return f"{statements.PREFIX}{self.token.upper()}_"

    @property
    def stated(self) -> Stated:
        return Stated.read(self.address.options)

    @property
    def session(self) -> OracleSession:
        """The session that items work in; a new one after it was lost. Raises PlatformError."""
        if self._session is None:
            self._session = self._connect(SessionTag(self.token, PURPOSE))
        return self._session

    def open(self, run: int) -> OracleSession:
        """One more session, tagged as that of a run; closed after the item. Raises PlatformError."""
        opened = self._connect(self.tag(run))
        self._sessions.append(opened)
        return opened

    def tag(self, run: int) -> SessionTag:
        return SessionTag(self.token, "run", run)

    def connection(self) -> oracledb.Connection:
        """The bare connection of the driver, which commits nothing by itself; closed after the item. Raises PlatformError."""
        door = Door(self.address, self.secret or "")
        opened = self._opened(lambda: door.open(self.tag(0), self.timeout_seconds)).connection
        self._connections.append(opened)
        opened.autocommit = False
        return opened

    @property
    def refusal(self) -> PlatformError | None:
        """Why no more sessions can be had; None as long as they can."""
        return self._refusal

    def _connect(self, tag: SessionTag) -> OracleSession:
        connect = self.platform.connect
        session = self._opened(lambda: connect(self.address, self.secret, tag, timeout_seconds=self.timeout_seconds))
        return cast(OracleSession, session)

    def _opened(self, connect: Callable[[], T]) -> T:
        """A refused sign-in is never tried again: accounts get locked."""
        if self._refusal is not None:
            raise self._refusal
        try:
            found = connect()
        except PlatformError as refusal:
            self._failures += 1
            if refusal.error.error_class is ErrorClass.AUTHENTICATION or self._failures == _ATTEMPTS:
                self._refusal = refusal
            raise
        self._failures = 0
        return found

    def run(self, session: OracleSession, step: Step) -> Running:
        """Send it in a thread."""
        running = Running(session, step)
        self._running.append(running)
        return running

    def until(self, holds: Callable[[], bool], what: str, seconds: float = _PATIENCE_SECONDS) -> None:
        """Wait until something holds. Raises Unexpected, with `what` as the first words of the sentence."""
        for _ in range(max(1, int(seconds / _LOOK_EVERY_SECONDS))):
            if holds():
                return
            self.pause(_LOOK_EVERY_SECONDS)
        raise Unexpected(f"{what} within {seconds:g} seconds.")

    def need(self, *privileges: str) -> None:
        """Raises NotApplicable where the account lacks one of these privileges, in the words of a GRANT."""
        held = Held.ask(self.session)
        if lacking := [name for name in privileges if not held.has(name)]:
            grants = " ".join(self.platform.grant(name, self.owner) for name in lacking)
            raise NotApplicable(f"The account lacks {', '.join(lacking)}: {grants}")

    def read(self, query: Query, binds: Mapping[str, Any] | None = None, of: OracleSession | None = None) -> list[Row]:
        """The rows of a query that only a trial asks, or that the portal can do without.

        Raises NotApplicable where the account lacks a right that its header names, else PlatformError.
        """
        try:
            return (of or self.session).rows(query, binds)
        except PlatformError as refusal:
            if not is_hidden(refusal.error):
                raise
            self.need(*query.privileges)
            raise

    def need_enterprise(self) -> None:
        """Raises NotApplicable where the address does not state an edition that has it."""
        if not self.stated.has_enterprise:
            raise NotApplicable("The address does not state an edition that has this (edition=EE or edition=FREE).")

    def shown(self, name: str) -> str:
        """An object of ours as pages name it."""
        return shown(self.owner, name)

    def name(self, ending: str = "") -> str:
        """A name that nothing has yet."""
        self._numbers += 1
        return f"{self.prefix}{self._numbers}{ending}"

    def make(self, kind: str, name: str, *how: str, lasts: bool = False) -> None:
        """Create an object of ours; it is remembered before it is there, so that no error leaves it behind. Raises PlatformError."""
        self._own.append(Own(kind, name, statements.removal(kind, self.owner, name), lasts))
        for statement in how:
            self.session.alter(statement)

    def table(self, *, rows: int = 0, width: int = 100, name: str | None = None) -> str:
        """A table with two columns, ID and FILLER, and so many rows. Raises PlatformError."""
        named = name or self.name()
        self.make("TABLE", named, statements.table(self.owner, named))
        if rows:
            self.session.alter(statements.fill(self.owner, named, rows, width))
        return named

    def aged_table(self, rows: int, name: str | None = None) -> str:
        """A table with two columns, ID and CREATED, and a row for each of so many days past. Raises PlatformError."""
        named = name or self.name()
        self.make("TABLE", named, statements.aged_table(self.owner, named))
        self.session.alter(statements.fill_aged(self.owner, named, rows))
        return named

    def index(self, table: str, on: str = '"ID"', name: str | None = None) -> str:
        """An index of that table, which goes with it. Raises PlatformError."""
        named = name or self.name()
        self.session.alter(statements.index(self.owner, named, table, on))
        return named

    def clear(self) -> None:
        """Remove what the item made: other sessions first, since their locks would keep its objects."""
        for running in self._running:
            if not running.is_over:
                running.session.cancel()
                with suppress(Unexpected):
                    running.outcome(10.0)
        busy = {id(running.session) for running in self._running if not running.is_over}
        for session in self._sessions:
            if id(session) not in busy:  # to close it under a running call could end the process
                session.close()
        for connection in self._connections:
            with suppress(oracledb.Error, OSError):
                if connection.is_healthy():
                    connection.rollback()
                connection.close()
        self._running, self._sessions, self._connections = [], [], []
        self._remove()

    def remove_lasting(self) -> None:
        """Remove what outlasts its item, in several rounds: a process that was ended may still have a statement under way."""
        self._own = [replace(own, lasts=False) for own in self._own]
        for _ in range(_ROUNDS):
            self._remove()
            if not self._own:
                return
            self.pause(_BETWEEN_ROUNDS_SECONDS)

    def _remove(self) -> None:
        kept = []
        for own in reversed(self._own):
            if own.lasts:
                kept.append((own, ""))
                continue
            try:
                self.session.alter(own.removal)
            except PlatformError as refusal:
                if refusal.error.code in _NOT_THERE:
                    continue
                self.heard(refusal.error)
                kept.append((own, str(refusal)))
        self._own = [own for own, _ in reversed(kept)]
        self.left = [
            f"{own.kind} {self.shown(own.name)}: {why} Remove it with: {own.removal}" for own, why in kept if why
        ]

    def heard(self, error: TargetError) -> None:
        """After a lost connection the next item gets a new one."""
        if error.error_class is ErrorClass.LOST:
            self.drop()

    def drop(self) -> None:
        """Give the session up, whatever state it is in."""
        session, self._session = self._session, None
        if session is not None:
            session.close()

    def cancel(self) -> None:
        """Stop what runs now; called from another thread."""
        for session in (self._session, *self._sessions):
            if session is not None:
                session.cancel()

    def leave(self) -> None:
        """Remove what is still there, look for what else bears our prefix, and close."""
        self.clear()
        self.remove_lasting()
        if self.owner:
            with suppress(PlatformError):
                self.left += self._found()
        self.drop()

    def _found(self) -> list[str]:
        """Objects with our prefix that nothing else has told of."""
        if self.has_whole_schema:
            rows = self.session.rows(smoke_query("schema_objects"))
        else:
            rows = self.session.rows(smoke_query("own_objects"), {"prefix": self.prefix})
        names = [f"{row['object_type']} {self.shown(row['object_name'])}" for row in rows]
        return [f"{name}: it is still there." for name in names if not any(told.startswith(name) for told in self.left)]
