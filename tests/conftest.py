"""What every test stands on: a database that may be emptied, wake-ups that are kept, and people with roles."""

from __future__ import annotations

import gc
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import installed

# Files that take minutes go first: at the end all workers would wait for the one that has such a file left.
LONGEST = (
    "tests/test_on_postgresql.py", "tests/maintenance_portal/test_supervisor.py", "tests/browser/test_accessibility.py",
    "tests/maintenance_portal/commands/test_processes.py", "tests/browser/test_story.py",
    "tests/strategies/views/test_bad_input.py", "tests/maintenance_portal/demo/test_seed.py", "tests/test_benchmarks.py",
)  # fmt: skip


def pytest_configure(config: pytest.Config) -> None:
    if getattr(config.option, "numprocesses", None) and not hasattr(config, "workerinput"):
        installed.share()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    places = {config.rootpath / name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.path, len(places)))


def pytest_collection_finish() -> None:
    """All that was collected stays until the end: looking through it again and again took a tenth of the time of tests."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings_parallel_suffix: None, monkeypatch_session: pytest.MonkeyPatch
) -> None:
    """Where many processes run tests, only one goes through all the migrations, and the others begin with what it made."""
    from django.db import connection

    if connection.vendor != "sqlite" or not installed.is_shared():
        return
    kept: list[sqlite3.Connection] = []
    create = type(connection.creation)._create_test_db

    def create_filled(self: Any, *args: Any, **kwargs: Any) -> str:
        name: str = create(self, *args, **kwargs)
        kept.append(installed.fill(name))
        return name

    monkeypatch_session.setattr(type(connection.creation), "_create_test_db", create_filled)


@pytest.fixture(scope="session")
def monkeypatch_session() -> Iterator[pytest.MonkeyPatch]:
    with pytest.MonkeyPatch.context() as patch:
        yield patch


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None) -> None:
    """Emptying the tables between tests empties the audit too: for that one transaction, and no longer, its guard is away.

    Django's own rows of models and their permissions, which no test changes, stay: making them anew is most of what it costs.
    """
    from django.contrib.auth.management import create_permissions
    from django.contrib.contenttypes.management import create_contenttypes
    from django.db import connection
    from django.db.models.signals import post_migrate

    from strategies import audit_guard

    assert post_migrate.disconnect(create_contenttypes)
    assert post_migrate.disconnect(create_permissions, dispatch_uid="django.contrib.auth.management.create_permissions")
    operations = type(connection.ops)
    empty = operations.sql_flush

    def sql_flush(self: Any, style: Any, tables: list[str], **kwargs: Any) -> list[str]:
        emptied = [table for table in tables if table not in ("django_content_type", "auth_permission")]
        if self.connection.vendor == "postgresql":  # its TRUNCATE of a hundred empty tables takes half a second
            statements = [f"DELETE FROM {self.quote_name(table)}" for table in _filled(self.connection, emptied)]
        else:
            statements = empty(self, style, emptied, **kwargs)
        return [
            *audit_guard.REMOVE_SEALS[connection.vendor], *audit_guard.REMOVE[connection.vendor], *statements,
            *audit_guard.INSTALL[connection.vendor], *audit_guard.INSTALL_SEALS[connection.vendor],
        ]  # fmt: skip

    operations.sql_flush = sql_flush  # type: ignore[method-assign]


def _filled(connection: Any, tables: list[str]) -> list[str]:
    """Those that hold a row; one query."""
    asked = [f"SELECT '{table}' WHERE EXISTS (SELECT 1 FROM {connection.ops.quote_name(table)})" for table in tables]
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(asked))
        return [table for (table,) in cursor.fetchall()]


@pytest.fixture(autouse=True)
def _wake_ups(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Any]]:
    """Wake-ups are kept here instead of being queued; tests of the queue itself undo this."""
    from strategies import queue

    sent: list[tuple[str, Any]] = []
    monkeypatch.setattr(queue, "_send", lambda path, argument, cluster: sent.append((path.rsplit(".", 1)[1], argument)))
    return sent


@pytest.fixture
def wake_ups(_wake_ups: list[tuple[str, Any]]) -> list[tuple[str, Any]]:
    return _wake_ups


@pytest.fixture(autouse=True)
def _quick(settings: Any) -> None:
    """Hashing is slow on purpose, and nothing here is worth guarding; and not each test's client looks through all files."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.WHITENOISE_AUTOREFRESH = True


@pytest.fixture
def person(db: None) -> Callable[..., Any]:
    """Make a user: `person("anna", "DBA")` in tenant Main, `person("olga", "DBA", tenant="Other")` outside it."""
    from django.contrib.auth.models import Group

    from strategies.models import Tenant, User

    def make(name: str, *roles: str, tenant: str = "Main") -> User:
        user = User.objects.create_user(name, password="correct horse battery")
        user.groups.set(Group.objects.filter(name__in=roles))
        user.tenants.set([Tenant.objects.get_or_create(name=tenant)[0]])
        return user

    return make


@pytest.fixture
def sqlite_target(db: None, tmp_path: Path) -> Any:
    """A registered target over a small, healthy SQLite database."""
    import sqlite3

    from strategies.models import Target, Tenant

    path = tmp_path / "shop.db"
    with sqlite3.connect(path) as connection:
        connection.executescript(
            "CREATE TABLE orders (id INTEGER PRIMARY KEY, customer TEXT, placed TEXT);"
            "CREATE INDEX orders_by_customer ON orders (customer);"
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)"
            "INSERT INTO orders (customer, placed) SELECT 'customer ' || (i % 97), '2026-11-' || (i % 28 + 1) FROM n;"
        )
    connection.close()
    tenant = Tenant.objects.get(name="Main")
    return Target.objects.create(name="shop", platform="sqlite", url=f"sqlite:///{path}", tenant=tenant)
