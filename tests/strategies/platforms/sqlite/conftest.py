"""Real files with planted faults, and sessions on them."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from strategies.platforms.base import SessionTag
from strategies.platforms.sqlite.platform import PLATFORM
from strategies.platforms.sqlite.session import SqliteSession

TAG = SessionTag(portal="0badcafe", purpose="test")
Connect = Callable[[Path], SqliteSession]


class TargetFile:
    """A database as an application would have written it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def run(self, *statements: str) -> TargetFile:
        """Run statements in a connection of their own."""
        connection = sqlite3.connect(self.path, isolation_level=None)
        for statement in statements:
            connection.execute(statement)
        connection.close()
        return self

    def ask(self, sql: str) -> list[tuple[object, ...]]:
        connection = sqlite3.connect(self.path)
        try:
            return connection.execute(sql).fetchall()
        finally:
            connection.close()

    def fill(self, table: str, rows: int, *columns: str, start: int = 1) -> TargetFile:
        """Insert `rows` rows; each column is an expression of the number n."""
        return self.run(
            f"WITH RECURSIVE numbers(n) AS (SELECT {start} UNION ALL SELECT n + 1 FROM numbers WHERE n < {start + rows - 1}) "
            f"INSERT INTO {table} SELECT {', '.join(columns)} FROM numbers"
        )

    def redefine(self, index: str, sql: str) -> TargetFile:
        """Change the definition of an index behind SQLite's back, so that its entries no longer match it."""
        connection = sqlite3.connect(self.path, isolation_level=None)
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute("UPDATE sqlite_master SET sql = ? WHERE name = ?", (sql, index))
        connection.close()
        return self

    def smash(self, page: int, offset: int, data: bytes) -> TargetFile:
        """Overwrite bytes of a page (the first is 1) of 4096 bytes."""
        with self.path.open("r+b") as file:
            file.seek((page - 1) * 4096 + offset)
            file.write(data)
        return self


@pytest.fixture
def target(tmp_path: Path) -> TargetFile:
    return TargetFile(tmp_path / "target.db")


@pytest.fixture
def connect() -> Iterator[Connect]:
    sessions = []

    def opened(path: Path) -> SqliteSession:
        session = PLATFORM.connect(PLATFORM.address(f"sqlite:///{quote(str(path))}"), None, TAG)
        assert isinstance(session, SqliteSession)
        sessions.append(session)
        return session

    yield opened
    for session in sessions:
        session.close()
