"""A data folder as the first command leaves it: made once for all who begin with one, also over the processes of a whole run."""

from __future__ import annotations

import atexit
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
_SHARED = "PORTAL_TEST_INSTALLED"
_GENEROUS = 120.0


def environment(data: Path, **more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PORTAL_", "DJANGO_", "Q_"))}
    return {**kept, "PORTAL_DATA": str(data), **more}


def share() -> None:
    """Begin to make it, while the processes that will ask for it start."""
    data = _place()
    os.environ[_SHARED] = str(data)
    threading.Thread(target=_make, args=(data,), daemon=True).start()


def is_shared() -> bool:
    return _SHARED in os.environ


@cache
def folder() -> Path:
    """Only to be copied from. Raises TimeoutError where whoever should make it does not."""
    if not is_shared():
        data = _place()
        _make(data)
        return data
    data, until = Path(os.environ[_SHARED]), time.monotonic() + _GENEROUS
    while not data.exists():
        if time.monotonic() > until:
            raise TimeoutError(f"{data} was not made.")
        time.sleep(0.05)
    return data


def fill(name: str) -> sqlite3.Connection:
    """Put what it has into a database in memory, which stays as long as the connection.

    Read as a file that nobody changes: else SQLite makes and removes files beside it, while others copy the folder.
    """
    found = f"{(folder() / 'portal.sqlite3').as_uri()}?immutable=1"
    database, source = sqlite3.connect(name, uri=True), sqlite3.connect(found, uri=True)
    source.backup(database)
    source.close()
    return database


def _place() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="portal-installed-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder / "data"


def _make(data: Path) -> None:
    """It has its name once it is whole."""
    making = data.with_name("making")
    command = [sys.executable, str(ROOT / "manage.py"), "migrate", "--verbosity=0"]
    subprocess.run(command, env=environment(making), check=True)
    if left := [path.name for path in making.glob("*.sqlite3-*")]:
        raise RuntimeError(f"What was written stands in {', '.join(left)}, too: it cannot be read as one file.")
    making.rename(data)
