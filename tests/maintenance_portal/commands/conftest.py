"""Commands as people and scripts call them: within this process, or as processes of an installation of their own."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from strategies.models import Target, Tenant
from tests.maintenance_portal.started import install

ROOT = Path(__file__).resolve().parents[3]


@dataclass(frozen=True)
class Said:
    """How a command ended, and what it wrote."""

    code: int
    out: str
    err: str

    @property
    def answer(self) -> dict[str, Any]:
        value = json.loads(self.out)
        assert isinstance(value, dict)
        return value


def command(*words: str) -> Said:
    """Call a command within this process."""
    out, err = StringIO(), StringIO()
    try:
        call_command(*words, stdout=out, stderr=err)
    except CommandError as refusal:
        return Said(refusal.returncode, out.getvalue(), f"{err.getvalue()}{refusal}\n")
    except SystemExit as end:
        return Said(int(end.code or 0), out.getvalue(), err.getvalue())
    return Said(0, out.getvalue(), err.getvalue())


def damaged_shop(path: Path) -> Path:
    """Three faults for INDEX_MAINTENANCE (indexes that miss rows), and one table without statistics."""
    shop = sqlite3.connect(path, isolation_level=None)
    shop.execute("CREATE TABLE orders (id INTEGER PRIMARY KEY, customer TEXT, placed TEXT, cents INTEGER)")
    shop.execute(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000) "
        "INSERT INTO orders SELECT i, 'customer ' || (i % 97), '2026-11-' || (i % 28 + 1), i * 7 % 5000 FROM n"
    )
    for column in ("customer", "placed", "cents"):
        lose_entries(shop, f"orders_by_{column}", f"orders ({column})", "id <= 1990")
    shop.close()
    return path


def lose_entries(shop: sqlite3.Connection, index: str, on: str, kept: str) -> None:
    """An index that says it holds every row, and holds only those."""
    shop.execute(f"CREATE INDEX {index} ON {on} WHERE {kept}")
    shop.execute("PRAGMA writable_schema = ON")
    shop.execute("UPDATE sqlite_master SET sql = ? WHERE name = ?", (f"CREATE INDEX {index} ON {on}", index))
    shop.execute("PRAGMA writable_schema = OFF")


@pytest.fixture
def shop_file(tmp_path: Path) -> Path:
    return damaged_shop(tmp_path / "shop.db")


@pytest.fixture
def shop(transactional_db: None, shop_file: Path) -> Target:
    """A registered target with planted faults; nobody has looked at it yet."""
    main = Tenant.objects.get(name="Main")
    return Target.objects.create(name="shop", platform="sqlite", url=f"sqlite:///{shop_file}", tenant=main)


@dataclass(frozen=True)
class Installation:
    """A portal of its own, whose commands are real processes."""

    folder: Path

    @property
    def environment(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "VIRTUAL_ENV") if name in os.environ}
        return {**kept, "PORTAL_DATA": str(self.folder / "data"), "PORTAL_DEMO": str(self.folder / "demo")}

    def words(self, *words: str) -> list[str]:
        return [sys.executable, str(ROOT / "manage.py"), *words]

    def command(self, *words: str, **environment: str) -> Said:
        ended = subprocess.run(
            self.words(*words), env={**self.environment, **environment}, stdin=subprocess.DEVNULL, capture_output=True,
            text=True, timeout=120, check=False,
        )  # fmt: skip
        return Said(ended.returncode, ended.stdout, ended.stderr)

    def start(self, *words: str, **options: Any) -> subprocess.Popen[str]:
        return subprocess.Popen(
            self.words(*words), env=self.environment, stdin=subprocess.DEVNULL, text=True, start_new_session=True,
            **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options},
        )  # fmt: skip

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Ask the portal's own database."""
        portal = sqlite3.connect(self.folder / "data" / "portal.sqlite3", timeout=30)
        try:
            return portal.execute(sql).fetchall()
        finally:
            portal.close()


@pytest.fixture(scope="session")
def _new_installation(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    made = Installation(tmp_path_factory.mktemp("installation"))
    install(made.folder / "data")
    return made


@pytest.fixture
def installation(_new_installation: Installation, tmp_path: Path) -> Installation:
    shutil.copytree(_new_installation.folder, tmp_path / "portal")
    return Installation(tmp_path / "portal")


@pytest.fixture
def eventually() -> Callable[[Callable[[], bool]], None]:
    import time

    def wait(holds: Callable[[], bool], seconds: float = 60) -> None:
        until = time.monotonic() + seconds
        while not holds():
            assert time.monotonic() < until, "it never came true"
            time.sleep(0.05)

    return wait
