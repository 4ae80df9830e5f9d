"""Makes the demo: people of every role, and messy databases of each platform that this machine can run. Twice is as good as once."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import ModuleType
from urllib.parse import quote

import psycopg
from django.conf import settings
from django.utils import timezone

from maintenance_portal.demo import calendars, jobs, past, people, systems
from maintenance_portal.demo.people import sign_ins
from maintenance_portal.demo.sqlite import build_messy_sqlite
from strategies import targets
from strategies.audit import Actor
from strategies.models import Environment, Target, Tenant
from strategies.reference_rows import FIRST_TENANT
from strategies.targets import NameTaken, TargetInUse, TargetValues

__all__ = ["SQLITE_FILE", "NotThere", "seed", "sign_ins"]

SQLITE_FILE, ARCHIVE_FILE = "shop.db", "archive.db"
ARCHIVE = "demo-archive"  # on production, so that windows and people stand before what it needs


class NotThere(Exception):
    """A demo database cannot be made on this machine now; the text is a sentence for people."""


@dataclass(frozen=True, slots=True)
class Database:
    """A database of the demo. `build` makes it where it is missing, and gives its address; it raises NotThere."""

    name: str
    platform: str
    build: Callable[[Path], str]
    environment: Environment = Environment.DEVELOPMENT


def seed(actor: Actor) -> list[str]:
    """Make what is missing of the demo, touching nothing else. Gives sentences on what could not be made. Raises OSError."""
    notes = people.ensure(actor)
    folder = Path(settings.PORTAL_DEMO)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for database in (
        Database("demo-sqlite", "sqlite", _build_sqlite),
        Database("demo-postgresql", "postgresql", _build_postgresql),
        Database(ARCHIVE, "sqlite", _build_archive, Environment.PRODUCTION),
    ):
        try:
            _ensure(actor, database, folder)
        except NotThere as reason:
            notes.append(f"{database.name}: {reason}")
    notes += calendars.ensure(actor, Target.objects.filter(is_demo=True, name=ARCHIVE).first())
    jobs.ensure(actor)
    notes += systems.ensure(actor)
    past.ensure(timezone.now())
    return notes


def _ensure(actor: Actor, database: Database, folder: Path) -> None:
    """Build it, and register it where it is not yet. Raises NotThere."""
    known = Target.objects.filter(name__iexact=database.name).first()
    if known is not None and not known.is_demo:
        raise NotThere("a database of this name exists that is not of the demo, and is left alone.")
    url = database.build(folder)
    values = TargetValues(
        name=database.name, platform=database.platform, url=url, tenant=Tenant.objects.get(name=FIRST_TENANT),
        tags=("demo",), owner="The demo", environment=database.environment,
    )  # fmt: skip
    try:
        if known is None:
            known = targets.register(actor, values, is_demo=True)
        elif known.url != url:
            targets.change(actor, known, values)
    except NameTaken:
        return  # another process seeds as well
    except TargetInUse as refusal:
        raise NotThere(f"it has moved, but {refusal}.") from None
    if known.checked_at is None:
        targets.check(known, timezone.now())


def _build_sqlite(folder: Path) -> str:
    return _messy_sqlite(folder / SQLITE_FILE)


def _build_archive(folder: Path) -> str:
    return _messy_sqlite(folder / ARCHIVE_FILE)


def _messy_sqlite(path: Path) -> str:
    try:
        build_messy_sqlite(path)
    except (OSError, sqlite3.Error) as refusal:
        raise NotThere(f"{path} cannot be made: {refusal}.") from None
    return f"sqlite:///{quote(str(path))}"


def _build_postgresql(folder: Path) -> str:
    server = _postgresql()
    if reason := server.available():
        raise NotThere(str(reason))
    url = str(server.url(folder))
    try:
        server.build_messy_postgresql(url)
    except psycopg.Error as refusal:
        first = (str(refusal).splitlines() or [type(refusal).__name__])[0]
        raise NotThere(f"its server does not answer; it runs while the portal runs with the demo. ({first})") from None
    return url


def _postgresql() -> ModuleType:
    """Found only when it is needed: the server's programs are no part of the portal."""
    try:
        return import_module("maintenance_portal.demo.postgresql")
    except ImportError:
        raise NotThere("this installation has no PostgreSQL server.") from None
