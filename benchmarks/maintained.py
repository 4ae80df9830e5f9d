"""Databases that need maintenance, put back before each measurement; the tools that come with them, and the portal's own runs."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
from django.utils import timezone

from benchmarks.bench import Bench
from maintenance_portal import tasks
from strategies import needs, runs, targets
from strategies.audit import Actor
from strategies.models import RunStatus, Target, Tenant
from strategies.workers import WorkerIdentity
from tests.servers import RunningServer, available_servers

ANNA = Actor("anna")


class SqliteFile:
    """A file made once by `fill`. `restore` makes it again as it was then."""

    def __init__(self, folder: Path, name: str, fill: Callable[[sqlite3.Connection], object]) -> None:
        self.path, self._kept = folder / f"{name}.db", folder / f"{name}.kept"
        with closing(sqlite3.connect(self._kept, isolation_level=None)) as connection:
            connection.execute("PRAGMA synchronous = OFF")
            fill(connection)
        self.restore()
        self.target = _registered("sqlite", f"sqlite:///{self.path}", name)

    def restore(self) -> None:
        for ending in ("", "-wal", "-shm"):
            self.path.with_name(f"{self.path.name}{ending}").unlink(missing_ok=True)
        shutil.copyfile(self._kept, self.path)

    def tool(self, statement: str) -> None:
        """`sqlite3 FILE STATEMENT`."""
        _carried_out("sqlite3", str(self.path), statement)


class PostgresqlDatabase:
    """A database made once by `fill`. `restore` makes it again as it was then, but for the server's counters of changes."""

    def __init__(self, server: RunningServer, name: str, fill: Callable[[psycopg.Connection[Any]], object]) -> None:
        self._server, self._name, self._kept = server, name, f"{name}_kept"
        with server.connect() as admin:
            admin.execute(f"CREATE DATABASE {self._kept}")
        with server.connect(self._kept) as connection:
            fill(connection)
        self.restore()
        self.target = _registered("postgresql", server.url(name), name)

    def restore(self) -> None:
        with self._server.connect() as admin:
            admin.execute(f"DROP DATABASE IF EXISTS {self._name} WITH (FORCE)")
            admin.execute(f"CREATE DATABASE {self._name} TEMPLATE {self._kept}")
            admin.execute("CHECKPOINT")

    def tool(self, program: str, *options: str) -> None:
        """A program of the server's own version, with this database."""
        where = ("-h", str(self._server.socket), "-p", str(self._server.port), "-U", "postgres", "-d", self._name)
        _carried_out(str(tools() / program), *where, *options)


def tools() -> Path:
    """Where the programs of the newest server of this machine are, which is the one that benchmarks start."""
    return available_servers()[-1].home / "bin"


def why_not_with(tool: str, bench: Bench) -> str:
    """Why nothing can be compared with this tool here, as a sentence; empty where it is there. `tool` begins with its program."""
    program = tool.split()[0]
    if program == "sqlite3":
        return "" if shutil.which(program) else f"no {program} on this machine"
    if bench.portals.server is None:
        return "no PostgreSQL on this machine"
    return "" if (tools() / program).exists() else f"the PostgreSQL of this machine has no {program}"


def _carried_out(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 (the databases' own)
    if done.returncode != 0:
        raise RuntimeError(f"{Path(command[0]).name} failed: {done.stderr.strip()}")


def _registered(platform: str, url: str, name: str) -> Target:
    tenant = Tenant.objects.get(name="Main")
    return Target.objects.create(name=name, platform=platform, url=url, tenant=tenant)


def check(target: Target) -> None:
    """As the portal does before runs, which want fresh facts."""
    if not targets.check(target, timezone.now()):
        raise RuntimeError(f"{target} cannot be checked: {target.check_error}")


def assess(target: Target, strategy: str, parameters: Mapping[str, Any]) -> int:
    """Look at the database and keep what is found; how many findings."""
    assessment = needs.ask_assessment(ANNA, target, strategy, timezone.now(), wake=False)
    assessment.parameters = dict(parameters)
    if needs.assess(assessment) is None:
        raise RuntimeError(f"{target} cannot be assessed: {assessment.error}")
    return assessment.found


def maintain(target: Target, strategy: str, parameters: Mapping[str, Any]) -> int:
    """A whole run as a worker does it: plan, claim, carry out with the log, look again; how many steps it had."""
    run = runs.ask(ANNA, target, strategy, timezone.now(), is_released=True, parameters=parameters, wake=False)
    runs.plan(run, timezone.now())
    if run.status == RunStatus.WAITING:
        runs.ask_gate([run], timezone.now(), wake=False)
        claimed = runs.claim(run.pk, WorkerIdentity.current().text, timezone.now())
        if claimed is None:
            run.refresh_from_db()
            raise RuntimeError(f"the run on {target} may not start: {run.reasons}")
        tasks.carry_out(claimed)
        run.refresh_from_db()
    if run.status != RunStatus.SUCCEEDED:
        raise RuntimeError(f"the run on {target} ended {run.status}: {run.message}")
    return run.steps_total
