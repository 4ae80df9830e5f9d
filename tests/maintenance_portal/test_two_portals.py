"""Two whole portals on one PostgreSQL, whose workers are killed at random: every job once, and every run says what is true of it."""

from __future__ import annotations

import logging
import os
import random
import re
import signal
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import psutil
import pytest
from django.conf import settings
from django.db import connection
from django.db.models import QuerySet
from django.utils import timezone

from strategies import runs, sealing, successors, targets
from strategies.audit import Actor
from strategies.models import OPEN, AuditEntry, JobRun, MaintenanceJob, OperationLog, Origin, RunStatus, Target
from strategies.workers import WorkerIdentity
from tests.long import IS_ALL
from tests.maintenance_portal.started import StartedPortal, start, wait_for
from tests.servers import RunningServer, newest_server, start_server
from tests.strategies.execution.conftest import registered

pytestmark = [
    pytest.mark.database,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="of PostgreSQL: tests/test_on_postgresql.py runs it there"),
]  # fmt: skip

log = logging.getLogger(__name__)
ANNA, STRATEGY = Actor("anna"), "STATISTICS_MAINTENANCE"
JOBS, DATABASES = (500, 20) if IS_ALL else (12, 6)
PREPARED_IN = timedelta(seconds=30 if IS_ALL else 3)
A_KILL_EVERY = (0.5, 4.0)  # seconds, with --all; else there is one
WORKERS = 2  # of each kind, in each portal
QUICK = {
    "PORTAL_RUN_WORKERS": str(WORKERS), "PORTAL_SHORT_WORKERS": str(WORKERS), "PORTAL_MAX_RUNS": str(2 * WORKERS),
    "PORTAL_LEASE_SECONDS": "5", "PORTAL_GRACE_SECONDS": "2", "PORTAL_PULSE_SECONDS": "6", "PORTAL_LOOK_SECONDS": "10",
}  # fmt: skip


@pytest.fixture
def server() -> Iterator[RunningServer]:
    """Of the maintained databases. It writes down each statement that comes to them, with the name of the session that sent it."""
    logged = {"logging_collector": "on", "log_line_prefix": "%d|%a|", "log_directory": "log", "max_connections": "100"}
    with start_server(newest_server(), **logged) as running:
        yield running


@dataclass
class Watched:
    """The maintained databases: each table is to be analysed, by a job of its own."""

    server: RunningServer
    names: list[str] = field(default_factory=list)
    tables: list[tuple[str, str]] = field(default_factory=list)

    def make(self, exits: ExitStack) -> None:
        for place in range(DATABASES):
            name = exits.enter_context(self.server.database())
            with self.server.connect(name) as sql:
                for number in range(place, JOBS, DATABASES):
                    sql.execute(f"CREATE TABLE t{number} AS SELECT i AS a FROM generate_series(1, 200) i")  # type: ignore[arg-type]
                    self.tables.append((name, f"t{number}"))
                sql.execute(f"ALTER DATABASE {name} SET log_min_messages = 'log'")  # type: ignore[arg-type]
                sql.execute(f"ALTER DATABASE {name} SET log_statement = 'all'")  # type: ignore[arg-type]
            self.names.append(name)

    def analysed(self) -> dict[tuple[str, str], int]:
        """How often each table was, as the server itself has counted."""
        found = {}
        for name in self.names:
            with self.server.connect(name) as sql:
                rows = sql.execute("SELECT relname, analyze_count FROM pg_stat_user_tables").fetchall()
            found |= {(name, table): count for table, count in rows}
        return found

    def sent(self) -> Counter[tuple[str, str, str]]:
        """(session, database, table) of each ANALYZE that has come to the server."""
        folder = self.server.socket.parent / "data" / "log"
        lines = "\n".join(path.read_text() for path in sorted(folder.iterdir()))
        found = re.findall(r"^(t_\w+)\|(.*?)\|LOG: .*ANALYZE.*?\b(t\d+)\b", lines, re.MULTILINE)
        return Counter((session, database, table) for database, session, table in found)


def jobs_of(watched: Watched, due: datetime) -> list[MaintenanceJob]:
    """As typed in SQL; all of them are due at this instant, and then not for a long time."""
    by_name = {name: registered("postgresql", watched.server.url(name), name) for name in watched.names}
    Target.objects.filter(name__in=by_name).update(max_parallel_runs=4)
    return MaintenanceJob.objects.bulk_create(
        MaintenanceJob(
            strategy_id=STRATEGY, job_name=f"ANALYSE_{table.upper()}", job_type_id="MAINTENANCE", schedule_type_id="CUSTOM",
            schedule_value="0 0 29 2 *", target=by_name[name], target_object=f"public.{table}", target_type_id="TABLE", next_run=due,
            start_within_minutes=600,
        )
        for name, table in watched.tables
    )  # fmt: skip


@dataclass
class Killer:
    """Kills workers of both portals, at moments and of a choice that a number decides."""

    portals: list[StartedPortal]
    chance: random.Random
    killed: list[int] = field(default_factory=list)
    next_at: float = field(default_factory=time.monotonic)

    def may_kill(self) -> None:
        """With --all now and then one of all who work in a cluster, or one of those with a run in hand; else one of these, once."""
        if time.monotonic() < self.next_at:
            return
        anybody = IS_ALL and self.chance.random() < 0.5
        pids = [pid for portal in self.portals for pid in workers_of(portal)] if anybody else busy_workers()
        if pids:
            pid = self.chance.choice(pids)
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
                self.killed.append(pid)
                self.next_at = time.monotonic() + self.chance.uniform(*A_KILL_EVERY) if IS_ALL else float("inf")


def busy_workers() -> list[int]:
    running = JobRun.objects.filter(status=RunStatus.RUNNING).values_list("worker", flat=True)
    return [WorkerIdentity.parse(worker).pid for worker in running]


def workers_of(portal: StartedPortal) -> list[int]:
    """Who takes wake-ups, carries them out and reports them, of both clusters; not those that look after these."""
    found = []
    for name, main in portal.children().items():
        if name.startswith("worker"):
            with suppress(psutil.Error, IndexError):
                found += [process.pid for process in psutil.Process(main).children()[0].children()]
    return found


def end_at_one_stroke(portal: StartedPortal) -> None:
    """As a machine that loses its power: the supervisor first, and whatever it has started."""
    everybody = psutil.Process(portal.process.pid).children(recursive=True)
    portal.children()
    portal.process.kill()
    for process in everybody:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    portal.process.wait()


@pytest.fixture
def portals(tmp_path: Path) -> Iterator[list[StartedPortal]]:
    own = connection.settings_dict
    address = f"postgresql://{own['USER']}:{own['PASSWORD']}@{own['HOST']}:{own['PORT']}/{own['NAME']}"
    same = {
        **QUICK, "DATABASE_URL": address, "PORTAL_SECRET_KEY": settings.SECRET_KEY,
        "PORTAL_ENCRYPTION_KEYS": ",".join(settings.PORTAL_ENCRYPTION_KEYS),
    }  # fmt: skip
    with ExitStack() as exits:
        both = [exits.enter_context(start(tmp_path / name, "--no-demo", **same)) for name in ("one", "two")]
        yield both
        for portal in both:  # at the same time
            portal.children()
            portal.process.terminate()


@pytest.fixture
def watched(server: RunningServer) -> Iterator[Watched]:
    with ExitStack() as exits:
        made = Watched(server)
        made.make(exits)
        yield made


def resume_lost(rows: QuerySet[JobRun]) -> None:
    """As a DBA does on its page. Somebody has to: the portal does not begin a second time by itself."""
    for run in rows.filter(status=RunStatus.LOST, children=None).select_related("target"):
        rest = successors.resume(run, ANNA, timezone.now())
        assert runs.release(rest, ANNA, rest.plan_digest, timezone.now())


@pytest.mark.timeout(3000 if IS_ALL else 400)
def test_each_job_is_done_once_whoever_is_killed(watched: Watched, portals: list[StartedPortal]) -> None:
    due = (timezone.now() + PREPARED_IN).replace(microsecond=0)
    jobs = jobs_of(watched, due)
    wait_for(lambda: all(len(portal.children()) == 3 for portal in portals), "all children of both")
    beats = [portal.children()["beat"] for portal in portals]
    killer = Killer(list(portals), random.Random(20261129))
    rows = JobRun.objects.filter(job__in=jobs).defer("plan")
    while rows.filter(status__in=OPEN).exists() or rows.exclude(status__in=OPEN).count() < JOBS or is_left(rows):
        killer.may_kill()
        resume_lost(rows)
        if IS_ALL and len(killer.portals) == 2 and rows.exclude(status__in=OPEN).count() > JOBS / 2:
            end_at_one_stroke(killer.portals.pop())
        time.sleep(0.1 if killer.killed else 0.01)
    took = timezone.now() - due
    log.info(
        "%s jobs in %s: %s, %s kills", JOBS, took, Counter(rows.values_list("origin", "status")), len(killer.killed)
    )
    assert killer.killed
    assert [portal.children()["beat"] for portal in killer.portals] == beats[: len(killer.portals)]
    assert not any(portal.said("The beat ended") for portal in portals)
    each_run_tells_the_truth(rows, watched)
    each_job_was_done_once(jobs, due, rows, watched)
    workers = {
        WorkerIdentity.parse(worker).group for worker in rows.exclude(worker="").values_list("worker", flat=True)
    }
    assert all(workers & portal.groups for portal in portals)
    wait_for(lambda: not sealing.unsealed(), "the seals")
    assert not [found for found in sealing.check() if isinstance(found, sealing.Broken)]


def is_left(rows: QuerySet[JobRun]) -> bool:
    """Whether something is lost that nobody has resumed."""
    return rows.filter(status=RunStatus.LOST, children=None).exists()


def each_run_tells_the_truth(rows: QuerySet[JobRun], watched: Watched) -> None:
    """What a run says that it did, and no more, has come to the server from its session."""
    sent = watched.sent()
    said: Counter[tuple[str, str, str]] = Counter()
    for run in rows.select_related("target"):
        assert run.status in (RunStatus.SUCCEEDED, RunStatus.WARNING, RunStatus.LOST), run.message
        done = OperationLog.objects.filter(run=run, status="SUCCESS", operation_type="ANALYZE").count()
        assert done == (run.status != RunStatus.LOST), run.message
        if done:
            said[targets.tag("run", run.pk).text, run.target.name, run.target_object.removeprefix("public.")] += done
    assert said == sent
    assert not OperationLog.objects.filter(run__in=rows, status="STARTED").exists()


def each_job_was_done_once(jobs: list[MaintenanceJob], due: datetime, rows: QuerySet[JobRun], watched: Watched) -> None:
    assert watched.analysed() == dict.fromkeys(watched.tables, 1)
    assert Counter(rows.filter(origin=Origin.SCHEDULE).values_list("due_at", "job")) == {
        (due, job.pk): 1 for job in jobs
    }
    for job in MaintenanceJob.objects.filter(pk__in=[job.pk for job in jobs]):
        of_job = [run.status for run in rows.filter(job=job).order_by("pk")]
        assert (job.execution_count, job.error_count) == (1, RunStatus.LOST in of_job), job.job_name
        assert job.last_status == {"succeeded": "SUCCESS", "warning": "WARNING"}[of_job[-1]]
    begun = Counter(AuditEntry.objects.filter(action="run.started").values_list("object_id", flat=True))
    let_go = Counter(
        AuditEntry.objects.filter(action__in=("run.paused", "run.put_back")).values_list("object_id", flat=True)
    )
    assert {pk: count - let_go[pk] for pk, count in begun.items()} == {str(run.pk): 1 for run in rows}
