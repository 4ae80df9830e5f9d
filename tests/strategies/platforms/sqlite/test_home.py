"""The portal's own migrated database, with its checks of JSON, is a target like any other."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from django.db import connection
from django.utils import timezone

from strategies import needs, runs, targets
from strategies.audit import Actor
from strategies.execution import runner
from strategies.models import Finding, JobRun, RunStatus, Target, Tenant
from strategies.platforms.sqlite import speed
from tests.strategies.platforms.sqlite.conftest import TargetFile

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "sqlite", reason="the portal's tables are on another database"),
]

ANNA = Actor("anna")


def findings(target: Target, strategy: str) -> dict[str, str]:
    """Look for real: object → kind of what is found."""
    assessment = needs.ask_assessment(ANNA, target, strategy, timezone.now(), wake=False)
    assert needs.assess(assessment) is not None, assessment.error
    return {row.object: row.kind for row in Finding.objects.current().filter(target=target, strategy_name=strategy)}


@pytest.fixture
def file(tmp_path: Path) -> TargetFile:
    """The portal's tables and rows in a file of their own, which a test may spoil."""
    connection.ensure_connection()
    copied = sqlite3.connect(tmp_path / "portal.db")
    connection.connection.backup(copied)
    copied.close()
    return TargetFile(tmp_path / "portal.db")


def spoil_an_index(file: TargetFile) -> None:
    """One index of the table of targets misses all its rows."""
    (index, whole), *_ = file.ask(
        f"SELECT name, sql FROM sqlite_master WHERE tbl_name = '{Target._meta.db_table}' AND sql LIKE 'CREATE INDEX%(\"tenant_id\")'"
    )
    file.redefine(str(index), f"{whole} WHERE id < 0").run(f'REINDEX "{index}"').redefine(str(index), str(whole))


def test_home_is_checked_and_found_healthy() -> None:
    home = Target.objects.get(is_home=True)
    assert targets.check(home, timezone.now()), home.check_error
    assert home.facts["product"] == "SQLite"
    assert findings(home, "INDEX_MAINTENANCE") == {}
    findings(home, "STATISTICS_MAINTENANCE")


@pytest.mark.parametrize("strategy", ["INDEX_MAINTENANCE", "STATISTICS_MAINTENANCE"])
def test_the_portals_own_tables_are_mended(file: TargetFile, strategy: str) -> None:
    if strategy == "INDEX_MAINTENANCE":
        spoil_an_index(file)
    tenant = Tenant.objects.get(name="Main")
    copy = Target.objects.create(name="copy", platform="sqlite", url=f"sqlite:///{file.path}", tenant=tenant)
    assert targets.check(copy, timezone.now()), copy.check_error
    assert findings(copy, strategy)
    run = runs.ask(ANNA, copy, strategy, timezone.now(), parameters={}, wake=False)
    assert runs.plan(run, timezone.now()), run.message
    assert runs.release(run, ANNA, run.plan_digest, timezone.now())
    claimed = runs.claim(run.pk, "host/1/2/3.00", timezone.now())
    assert claimed is not None
    runner.carry_out(claimed)
    claimed.refresh_from_db()
    assert claimed.status == RunStatus.SUCCEEDED, claimed.message
    assert findings(copy, strategy) == {}


SPACE = {"reclaim_percent": 1, "reclaim_megabytes": 1}


def leave_free_pages() -> Path:
    """A few megabytes of the portal's own file that nobody needs."""
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE passing(a)")
        cursor.execute(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)"
            " INSERT INTO passing SELECT randomblob(1000) FROM n"
        )
        cursor.execute("DROP TABLE passing")
        cursor.execute("SELECT file FROM pragma_database_list WHERE name = 'main'")
        ((file,),) = cursor.fetchall()
        return Path(file)


def planned_on_home() -> JobRun:
    run = runs.ask(
        ANNA, Target.objects.get(is_home=True), "SPACE_MAINTENANCE", timezone.now(), parameters=SPACE, wake=False
    )
    assert runs.plan(run, timezone.now()), run.message
    return run


def test_home_gives_its_free_pages_back_while_the_portal_works_with_it() -> None:
    path = leave_free_pages()
    Target.objects.filter(is_home=True).update(environment="test")  # on production somebody has to approve it
    home = Target.objects.get(is_home=True)
    assert targets.check(home, timezone.now()), home.check_error
    before = path.stat().st_size
    run = planned_on_home()
    assert runs.release(run, ANNA, run.plan_digest, timezone.now())
    claimed = runs.claim(run.pk, "host/1/2/3.00", timezone.now())
    assert claimed is not None
    runner.carry_out(claimed)
    claimed.refresh_from_db()
    assert claimed.status == RunStatus.SUCCEEDED, claimed.message
    assert path.stat().st_size < before - 4_000_000


def test_home_is_left_alone_where_a_vacuum_would_outlast_the_lease(monkeypatch: pytest.MonkeyPatch) -> None:
    leave_free_pages()
    home = Target.objects.get(is_home=True)
    assert targets.check(home, timezone.now()), home.check_error
    monkeypatch.setattr(speed, "_measure", lambda folder: (1_000, 60.0))
    run = planned_on_home()
    assert runs.plan_of(run).steps == ()
    assert "are the most that this database can bear" in runs.plan_of(run).notes[0]
