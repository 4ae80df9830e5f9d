"""Databases of the portal for one run of the benchmarks: made empty in a folder of their own, gone with it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.db import connections
from django.db.utils import ConnectionHandler

from tests.servers import RunningServer, available_servers, start_server

# Durable, as people run it; tests do without that.
_DURABLE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on", "shared_buffers": "512MB"}


@dataclass
class Database:
    """One database with the portal's tables. Within `use` it is the portal's own, also for threads that begin there."""

    vendor: str
    name: str
    wrapper: Any

    @contextmanager
    def use(self) -> Iterator[None]:
        before, usual = connections["default"], connections.settings["default"]
        connections["default"], connections.settings["default"] = self.wrapper, self.wrapper.settings_dict
        try:
            yield
        finally:
            connections["default"], connections.settings["default"] = before, usual

    @property
    def title(self) -> str:
        return {"sqlite": "SQLite", "postgresql": "PostgreSQL"}[self.vendor]


@dataclass
class Portals:
    """Makes them: each is a copy of one that was migrated once."""

    folder: Path
    _exits: ExitStack = field(default_factory=ExitStack)

    def __enter__(self) -> Portals:
        return self

    def __exit__(self, *_: object) -> None:
        self._exits.close()

    def sqlite(self, name: str) -> Database:
        path = self.folder / f"{name}.sqlite3"
        shutil.copyfile(self._sqlite_template, path)
        return self._database("sqlite", name, _sqlite(path))

    def postgresql(self, name: str) -> Database | None:
        """None where no server can be started."""
        return None if self.server is None else self._copied(self._postgresql_template, name)

    def copied(self, database: Database, name: str) -> Database:
        """Another one with the same rows, of a database in PostgreSQL to which nobody is connected."""
        return self._copied(database.name, name)

    def _copied(self, template: str, name: str) -> Database:
        assert self.server is not None  # noqa: S101 (asked before)
        with self.server.connect() as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        return self._database("postgresql", name, _postgresql(self.server, name))

    @cached_property
    def server(self) -> RunningServer | None:
        """The newest PostgreSQL that this machine has, with a cluster of its own; started when it is first asked for."""
        found = available_servers()
        return self._exits.enter_context(start_server(found[-1], **_DURABLE)) if found else None

    @cached_property
    def postgresql_version(self) -> str | None:
        """As it says itself; None where there is none."""
        if self.server is None:
            return None
        with self.server.connect() as connection:
            return str(connection.execute("SHOW server_version").fetchone()[0])  # type: ignore[index]

    @cached_property
    def _sqlite_template(self) -> Path:
        path = self.folder / "template.sqlite3"
        _migrate(self._database("sqlite", "template", _sqlite(path)))
        return path

    @cached_property
    def _postgresql_template(self) -> str:
        assert self.server is not None  # noqa: S101 (asked before)
        with self.server.connect() as connection:
            connection.execute("CREATE DATABASE template_of_portals")
        database = self._database("postgresql", "template_of_portals", _postgresql(self.server, "template_of_portals"))
        _migrate(database)
        return database.name

    def _database(self, vendor: str, name: str, values: dict[str, Any]) -> Database:
        wrapper = ConnectionHandler({"default": values})["default"]
        self._exits.callback(wrapper.close)
        return Database(vendor, name, wrapper)


def _sqlite(path: Path) -> dict[str, Any]:
    """As the portal has its embedded database, settings and all."""
    return {**settings.DATABASES["default"], "NAME": str(path)}


def postgresql(socket: str, port: str, name: str) -> dict[str, Any]:
    place = {"HOST": socket, "PORT": port, "USER": "postgres", "NAME": name}
    return {"ENGINE": "django.db.backends.postgresql", **place}


def _postgresql(server: RunningServer, name: str) -> dict[str, Any]:
    return postgresql(str(server.socket), str(server.port), name)


def _migrate(database: Database) -> None:
    with database.use():
        call_command("migrate", verbosity=0)
        if database.vendor == "sqlite":  # a copy of the file then has everything
            with database.wrapper.cursor() as cursor:
                cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        database.wrapper.close()
