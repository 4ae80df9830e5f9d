"""SQLite as a platform: a target is one database file on this machine, opened for reading and writing and never created."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import ClassVar, NoReturn
from urllib.parse import quote, unquote_to_bytes, urlsplit

from strategies.load import Load
from strategies.plans import ErrorClass, Limits, TargetError
from strategies.platforms.base import (
    Address,
    AddressRefused,
    NotSupported,
    Platform,
    PlatformError,
    Precheck,
    RemoteSession,
    Session,
    SessionTag,
)
from strategies.platforms.sqlite.errors import target_error
from strategies.platforms.sqlite.load import of_machine
from strategies.platforms.sqlite.prechecks import PRECHECKS
from strategies.platforms.sqlite.session import SqliteSession

_NO_SESSIONS = "SQLite keeps no list of sessions: every connection is only a process that has the file open."
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")

# A target's file may have been made by anybody, and the check of a table runs what the table's CHECK constraints call. What
# protects is that nothing in this connection can do harm: Python leaves loading extensions off, we add no function, SQLite
# lets nothing in a file switch writable_schema on, and `_take_away_tokenizers` below. An untrusted schema adds that SQLite
# refuses every function not marked innocuous, so it is as SQLite advises, except where that would refuse healthy files:
# versions 3.38 to 3.40 marked all JSON functions wrongly, and call a file that has CHECK (json_valid(x)) malformed.
_JSON_COUNTS_AS_UNSAFE = (3, 38) <= sqlite3.sqlite_version_info < (3, 41)
_CAUTION = (
    f"PRAGMA trusted_schema = {'ON' if _JSON_COUNTS_AS_UNSAFE else 'OFF'}",
    "PRAGMA cell_size_check = ON",  # a damaged cell is found when its page is read
)


class Sqlite(Platform):
    """SQLite, as far as the library that Python brings reads the file."""

    name: ClassVar[str] = "sqlite"
    label: ClassVar[str] = "SQLite"
    schemes: ClassVar[tuple[str, ...]] = ("sqlite",)
    has_sessions: ClassVar[bool] = False
    takes_secret: ClassVar[bool] = False
    url_example: ClassVar[str] = "sqlite:////srv/app/app.db"
    prechecks: ClassVar[Mapping[str, Precheck]] = PRECHECKS
    queries: ClassVar[tuple[str, ...]] = ("facts",)
    framework_queries: ClassVar[tuple[str, ...]] = (
        "framework_tables", "framework_counts", "framework_configs", "framework_jobs", "framework_log",
    )  # fmt: skip

    def schema_named(self, typed: str) -> str:
        if typed.lower() != "main":
            raise ValueError("A SQLite file has one schema, main.")
        return "main"

    def limit_settings(self, limits: Limits) -> tuple[str, ...]:
        """The page cache, and the threads that sort beside the session's own.

        Building an index takes the size of the cache several times: for the pages, and once for each thread that sorts.
        """
        helpers = (limits.parallel_degree or 1) - 1
        settings = []
        if limits.memory_mb is not None:
            kib = max(1, limits.memory_mb * 1024 // (2 + helpers))
            settings.append(f"PRAGMA cache_size = -{kib:d}")  # below nought it counts KiB
        if limits.parallel_degree is not None:
            settings.append(f"PRAGMA threads = {helpers:d}")
        return tuple(settings)

    def address(self, url: str) -> Address:
        """Read `sqlite:////absolute/path`. Raises AddressRefused. The file is neither opened nor has it to exist."""
        path = _path_of(url)
        return Address(platform=self.name, url="sqlite:///" + quote(path), database=path)

    def connect(self, address: Address, secret: str | None, tag: SessionTag, *, timeout_seconds: float = 10) -> Session:
        """Open the file. `timeout_seconds` is the wait for locks until a step sets its own. Raises PlatformError.

        There is nothing to authenticate and nowhere to leave the tag: access is what the file's permissions say.
        """
        path = Path(address.database)
        _must_be_a_file(path)
        uri = f"file:{quote(str(path))}?mode=rw"  # rw, not rwc: a missing file must stay missing
        connection = None
        try:
            connection = sqlite3.connect(
                uri, uri=True, timeout=timeout_seconds, isolation_level=None, check_same_thread=False
            )
            connection.text_factory = _text
            _take_away_tokenizers(connection)
            for pragma in _CAUTION:
                connection.execute(pragma)
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()  # opening alone reads nothing
        except sqlite3.Error as error:
            if connection is not None:
                connection.close()
            raise PlatformError(target_error(error)) from error
        return SqliteSession(connection, path)

    def load(self, session: Session) -> Load:
        return of_machine()

    def our_sessions(self, session: Session, tag: SessionTag) -> list[RemoteSession]:
        raise NotSupported(_NO_SESSIONS)

    def end_session(self, session: Session, remote: RemoteSession, *, force: bool) -> bool:
        raise NotSupported(_NO_SESSIONS)


def _take_away_tokenizers(connection: sqlite3.Connection) -> None:
    """SQLite's own fts3_tokenizer takes an address in memory for code. Full-text tables do not need the function.

    It is meant to be refused within a file's schema, but SQLite 3.40 runs it where a CHECK constraint calls it.
    """
    for arguments in (1, 2):
        connection.create_function("fts3_tokenizer", arguments, None)


def _path_of(url: str) -> str:
    """The absolute path that an address names. Raises AddressRefused; no sentence repeats what might be a password."""
    text = url.strip()
    try:
        parts = urlsplit(text)
    except ValueError:
        raise AddressRefused("This is not a readable address; write sqlite:////absolute/path/file.db.") from None
    if parts.scheme != "sqlite":
        raise AddressRefused("A SQLite address begins with sqlite:////.")
    if "@" in parts.netloc:
        raise AddressRefused("SQLite has no users and no passwords; write sqlite:////absolute/path/file.db.")
    if parts.netloc:
        raise AddressRefused(
            "SQLite has no host: the file is on this machine. Write four slashes: sqlite:////absolute/path."
        )
    if parts.query or text.endswith("?"):
        raise AddressRefused("SQLite addresses take no options; write a ? that belongs to the path as %3F.")
    if "#" in text:
        raise AddressRefused("Write a # that belongs to the path as %23.")
    path = _decoded(parts.path.removeprefix("/"))
    if path.lstrip("/") == ":memory:":
        raise AddressRefused("A database in memory belongs to one process and cannot be maintained from here.")
    if not path.startswith("/"):
        raise AddressRefused("The path must be absolute: write four slashes, sqlite:////absolute/path/file.db.")
    return _settled(path)


def _decoded(path: str) -> str:
    try:
        decoded = unquote_to_bytes(path).decode("utf-8")
    except UnicodeDecodeError:
        raise AddressRefused("The path is not UTF-8 once its %xx parts are decoded.") from None
    if _CONTROL.search(decoded):
        raise AddressRefused("The path holds a control character.")
    return decoded


def _settled(path: str) -> str:
    """The path in its one form, so that a file cannot be registered twice. Raises AddressRefused for a folder."""
    settled = PurePosixPath("/", path.lstrip("/"))
    if ".." in settled.parts:
        raise AddressRefused("The path holds `..`; write where the file really is.")
    if path.endswith(("/", "/.")) or Path(settled).is_dir():
        raise AddressRefused("This is a folder; name the database file in it.")
    return str(settled)


def _must_be_a_file(path: Path) -> None:
    """Raises PlatformError in plain words where SQLite would only say that it is unable to open the file."""
    try:
        if path.is_file():
            return
        problem = "Not a file" if path.exists() else "There is no such file"
    except OSError as error:
        problem = error.strerror or "The file cannot be looked at"
    _cannot_open(f"{problem}: {path}")


def _cannot_open(message: str) -> NoReturn:
    raise PlatformError(TargetError(ErrorClass.PERMANENT, "SQLITE_CANTOPEN", message))


def _text(raw: bytes) -> str:
    """Text that is not UTF-8 is shown with replacement characters; one bad name must not stop the look at all others."""
    return raw.decode("utf-8", errors="replace")


PLATFORM = Sqlite()
