"""Oracle Database 19c and newer: addresses, tagged sessions, and asking the database which of them live."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar, cast

from strategies.load import Load
from strategies.plans import Limits, MissingRight, TargetError
from strategies.platforms.base import (
    Address,
    Concern,
    NotSupported,
    Platform,
    PlatformError,
    Precheck,
    RemoteSession,
    Row,
    Session,
    SessionTag,
)
from strategies.platforms.oracle import facts, grants, load, rights
from strategies.platforms.oracle.address import EXAMPLE, read_address
from strategies.platforms.oracle.beside import PATIENCE_SECONDS
from strategies.platforms.oracle.errors import is_hidden
from strategies.platforms.oracle.names import oracle_query
from strategies.platforms.oracle.own_units import OwnUnits
from strategies.platforms.oracle.packages import Package
from strategies.platforms.oracle.prechecks import PRECHECKS
from strategies.platforms.oracle.session import OracleSession
from strategies.platforms.oracle.sign_in import client_info, module_and_action, sign_in
from strategies.platforms.oracle.stated import Stated
from strategies.platforms.packages import Packages
from strategies.platforms.queries import Right

_SESSION = re.compile(r"(\d+),(\d+),@(\d+)")
_GONE = ("ORA-00026", "ORA-00030")  # no such session any more
_MARKED = "ORA-00031"  # to be ended as soon as it can be: the server could not do so at once


class Oracle(Platform):
    """Signs in with python-oracledb's thin mode, which needs no Oracle client."""

    name: ClassVar[str] = "oracle"
    label: ClassVar[str] = "Oracle"
    schemes: ClassVar[tuple[str, ...]] = ("oracle",)
    has_packages: ClassVar[bool] = True
    has_sessions: ClassVar[bool] = True
    takes_secret: ClassVar[bool] = True
    needs_secret: ClassVar[bool] = True
    url_example: ClassVar[str] = EXAMPLE
    url_note: ClassVar[str] = (
        "For Oracle, options at its end such as ?edition=EE state what was bought; without them nothing is planned that"
        " needs more than Standard Edition 2."
    )
    prechecks: ClassVar[Mapping[str, Precheck]] = PRECHECKS
    queries: ClassVar[tuple[str, ...]] = (
        *(f"facts_{part}" for part in facts.PARTS), "system_privileges", "object_privileges", "own_instance", "own_statistics",
        "our_sessions", "progress", "waiting_sessions", "open_transactions", "compile_errors", "visible_compile_errors",
        "load", "tablespaces", "temporary_tablespaces", "undo_errors", "standby_destinations", "standby_lag", "backup_age",
        "invalid_state", "own_log", "own_units", "own_compile_errors", "own_columns",
        "package_state",
    )  # fmt: skip
    framework_queries: ClassVar[tuple[str, ...]] = (
        "framework_tables", "framework_counts", "framework_configs", "framework_jobs", "framework_log",
    )  # fmt: skip
    framework_rights: ClassVar[tuple[Right, ...]] = grants.FRAMEWORK_RIGHTS
    rights: ClassVar[tuple[Right, ...]] = grants.PLATFORM_RIGHTS
    shell: ClassVar[str] = "SQL*Plus"
    remark: ClassVar[str] = "REM"
    preamble: ClassVar[tuple[str, ...]] = grants.PREAMBLE

    def account(self, typed: str) -> str:
        return grants.account(typed)

    def grant(self, privilege: str, account: str) -> str:
        return grants.grant(privilege, account)

    def schema_named(self, typed: str) -> str:
        return grants.account(typed)

    def missing_rights(self, session: Session) -> list[MissingRight]:
        """Each part stands by itself: what one right does not let the account see is told as not seen, and blocks nothing."""
        wanted = [right for right in self.rights if right.privilege != "CREATE SESSION"]
        return rights.missing_rights(session, self.queries, wanted, optional=self.queries)

    def limit_settings(self, limits: Limits) -> tuple[str, ...]:
        """Only a degree of 1 can be held for a session: parallel work is then off, whatever a statement or an object asks for.

        A higher degree is a request of each statement, and the memory of a session is the database's to give.
        """
        if limits.memory_mb is not None:
            raise NotSupported("memory_mb cannot be held on Oracle: the database shares out its own memory for work.")
        if limits.parallel_degree is None:
            return ()
        if limits.parallel_degree > 1:
            raise NotSupported(
                "parallel_degree above 1 cannot be held on Oracle: each statement states its own. With 1, all are serial."
            )
        return tuple(f"ALTER SESSION DISABLE PARALLEL {kind}" for kind in ("DDL", "DML", "QUERY"))

    def address(self, url: str) -> Address:
        return read_address(url)

    def connect(self, address: Address, secret: str | None, tag: SessionTag, *, timeout_seconds: float = 10) -> Session:
        signed, door = sign_in(address, secret, tag, timeout_seconds)
        beside = SessionTag(tag.portal, "monitor")
        stated = Stated.read(address.options)
        return OracleSession(signed, stated, lambda: door.open(beside, PATIENCE_SECONDS))

    def package_concern(self, strategy: str) -> Concern[Any]:
        return Package(strategy)

    def packages(self) -> Packages:
        return OwnUnits()

    def logged(self, session: Session, since: datetime, after: int) -> list[Row]:
        """Columns of TIMESTAMP without a zone hold UTC."""
        at = since.astimezone(UTC).replace(tzinfo=None)
        return session.rows(oracle_query("own_log"), {"since": at, "after": after})

    def load(self, session: Session) -> Load:
        return load.of(session)

    def our_sessions(self, session: Session, tag: SessionTag) -> list[RemoteSession]:
        module, action = module_and_action(tag)
        binds = {"tag": client_info(tag), "module": module, "action": action}
        return [_remote(row) for row in session.rows(oracle_query("our_sessions"), binds)]

    def end_session(self, session: Session, remote: RemoteSession, *, force: bool) -> bool:
        """Without ALTER SYSTEM an idle session is left alone (False): whoever used it is gone, and nothing is sent there any more.

        Where the server could not end a session at once it says ORA-00031, which the driver takes for the end of its own.
        """
        try:
            cast(OracleSession, session).alter(ending(remote.session_id, force=force))
        except PlatformError as refusal:
            if is_hidden(refusal.error) and remote.is_working:
                raise PlatformError(_with_help(refusal.error)) from None
            if refusal.error.code in _GONE or is_hidden(refusal.error):
                return False
            if refusal.error.code != _MARKED:
                raise
        return True


def ending(session_id: str, *, force: bool) -> str:
    """The statement that cancels what a session runs, or ends it. `session_id` as in RemoteSession. Raises ValueError."""
    match = _SESSION.fullmatch(session_id)
    if match is None:
        raise ValueError(f"{session_id} is no session of Oracle's: it is written SID,SERIAL#,@INSTANCE.")
    sid, serial, instance = (int(part) for part in match.groups())
    if force:
        return f"ALTER SYSTEM KILL SESSION '{sid},{serial},@{instance}' IMMEDIATE"
    return f"ALTER SYSTEM CANCEL SQL '{sid}, {serial}, @{instance}'"


def _remote(row: Row) -> RemoteSession:
    """A session that was killed is at work as long as it rolls back."""
    seconds = row["working_seconds"]
    doing = row["event"] if row["state"] == "WAITING" else "on CPU"
    return RemoteSession(
        f"{row['sid']},{row['serial#']},@{row['inst_id']}",
        row["status"] in ("ACTIVE", "KILLED"),
        f"SQL {row['sql_id'] or 'unknown'}, {doing}",
        None if seconds is None else float(seconds),
    )


def _with_help(error: TargetError) -> TargetError:
    words = (
        "The account may not end sessions. Grant ALTER SYSTEM to it, or have a person with that right end the session"
    )
    return TargetError(
        error.error_class, error.code, f"{words}; on Amazon RDS procedures of rdsadmin.rdsadmin_util do."
    )


PLATFORM = Oracle()
