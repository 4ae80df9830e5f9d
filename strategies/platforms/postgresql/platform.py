"""PostgreSQL 14 and newer: addresses, tagged sessions, and asking the server which of them live."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlencode, urlsplit

import psycopg

from strategies.load import Load
from strategies.plans import ErrorClass, Limits, MissingRight, TargetError
from strategies.platforms.base import (
    Address,
    AddressRefused,
    Platform,
    PlatformError,
    Precheck,
    RemoteSession,
    Session,
    SessionTag,
)
from strategies.platforms.postgresql import grants, load, rights
from strategies.platforms.postgresql.beside import PATIENCE_SECONDS
from strategies.platforms.postgresql.names import postgresql_query
from strategies.platforms.postgresql.prechecks import PRECHECKS
from strategies.platforms.postgresql.session import PostgresqlSession
from strategies.platforms.postgresql.sign_in import Connection, sign_in

OLDEST = 14
_OPTIONS = ("host", "sslmode", "sslrootcert", "target_session_attrs")
_SSL_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
# The server looks this often whether the client still lives: a statement whose worker was killed ends by itself.
_CHECK_CLIENT = "5s"


class Postgresql(Platform):
    name: ClassVar[str] = "postgresql"
    label: ClassVar[str] = "PostgreSQL"
    schemes: ClassVar[tuple[str, ...]] = ("postgresql", "postgres")
    has_sessions: ClassVar[bool] = True
    takes_secret: ClassVar[bool] = True
    url_example: ClassVar[str] = "postgresql://user@host:5432/database"
    prechecks: ClassVar[Mapping[str, Precheck]] = PRECHECKS
    queries: ClassVar[tuple[str, ...]] = (
        "facts", "our_sessions", "cancel_session", "end_session", "progress", "backend_io", "backend_memory", "flush_counters",
        "waiting_sessions", "load", "replicas", "archiver", "invalid_indexes",
    )  # fmt: skip
    framework_queries: ClassVar[tuple[str, ...]] = (
        "framework_tables", "framework_counts", "framework_configs", "framework_jobs", "framework_log",
    )  # fmt: skip
    shell: ClassVar[str] = "psql"

    def account(self, typed: str) -> str:
        if not typed or "\0" in typed:
            raise ValueError("an account has a name")
        return typed

    def grant(self, privilege: str, account: str) -> str:
        return grants.grant(privilege, account)

    def schema_named(self, typed: str) -> str:
        """As PostgreSQL reads it: small letters, unless it is in double quotes."""
        return typed[1:-1].replace('""', '"') if len(typed) > 2 and typed[0] == typed[-1] == '"' else typed.lower()

    def missing_rights(self, session: Session) -> list[MissingRight]:
        return rights.sight(session)

    def limit_settings(self, limits: Limits) -> tuple[str, ...]:
        """Memory of one maintenance statement, and the workers that help the session's own."""
        settings = []
        if limits.memory_mb is not None:
            settings.append(f"SET maintenance_work_mem = '{limits.memory_mb:d}MB'")
        if limits.parallel_degree is not None:
            settings.append(f"SET max_parallel_maintenance_workers = {limits.parallel_degree - 1:d}")
        return tuple(settings)

    def address(self, url: str) -> Address:
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            raise AddressRefused("The address cannot be read: is the port a number from 1 to 65535?") from None
        if parts.scheme not in self.schemes:
            raise AddressRefused(f"The address begins with postgresql://, as in {self.url_example}.")
        if parts.password is not None:
            raise AddressRefused("The address must not contain a password; give the secret separately.")
        database = unquote(parts.path.removeprefix("/"))
        if not database or "/" in database or parts.fragment:
            raise AddressRefused(f"The address ends with the name of one database, as in {self.url_example}.")
        options = _options(parts)
        host = options.get("host") or unquote(parts.hostname or "localhost")
        user = unquote(parts.username or "")
        return Address("postgresql", _text(parts, user, database, options), database, host, port, user, options)

    def connect(self, address: Address, secret: str | None, tag: SessionTag, *, timeout_seconds: float = 10) -> Session:
        connection, door = sign_in(address, secret, tag.text, timeout_seconds)
        version = connection.info.server_version
        if version < OLDEST * 10_000:
            connection.close()
            words = f"PostgreSQL {version // 10_000} is too old: {OLDEST} or newer is needed."
            raise PlatformError(TargetError(ErrorClass.PERMANENT, "version", words))
        _prepare(connection)
        beside = SessionTag(tag.portal, "monitor").text
        return PostgresqlSession(connection, lambda: door.open(beside, PATIENCE_SECONDS))

    def load(self, session: Session) -> Load:
        return load.of(session)

    def our_sessions(self, session: Session, tag: SessionTag) -> list[RemoteSession]:
        rows = session.rows(postgresql_query("our_sessions"), {"tag": tag.text[:63]})
        return [
            RemoteSession(str(row["pid"]), bool(row["is_working"]), row["statement"] or "", row["working_seconds"])
            for row in rows
        ]

    def end_session(self, session: Session, remote: RemoteSession, *, force: bool) -> bool:
        query = postgresql_query("end_session" if force else "cancel_session")
        return bool(session.rows(query, {"pid": int(remote.session_id)})[0]["accepted"])


def _options(parts: SplitResult) -> dict[str, str]:
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    if unknown := options.keys() - set(_OPTIONS):
        raise AddressRefused(f"Unknown option {', '.join(sorted(unknown))}; known are {', '.join(_OPTIONS)}.")
    if "host" in options and not options["host"].startswith("/"):
        raise AddressRefused("host= takes the absolute path of the folder that holds the server's socket.")
    if options.get("sslmode", "prefer") not in _SSL_MODES:
        raise AddressRefused(f"sslmode is one of {', '.join(_SSL_MODES)}.")
    return options


def _text(parts: SplitResult, user: str, database: str, options: dict[str, str]) -> str:
    host = parts.hostname or ""
    place = (f"{quote(user, safe='')}@" if user else "") + (f"[{host}]" if ":" in host else host)
    place += f":{parts.port}" if parts.port else ""
    query = f"?{urlencode(options, safe='/')}" if options else ""
    return f"postgresql://{place}/{quote(database, safe='')}{query}"


def _prepare(connection: Connection) -> None:
    """Where the server's system cannot check its client, the setting is refused, and statements end when they end.

    From 17 on an account may have a limit for transactions, which ends the session; a step is one, however long it takes.
    """
    if connection.info.server_version >= 170_000:
        connection.execute("SET transaction_timeout = 0")
    try:
        connection.execute(f"SET client_connection_check_interval = '{_CHECK_CLIENT}'".encode())
    except psycopg.Error:
        return


PLATFORM = Postgresql()
