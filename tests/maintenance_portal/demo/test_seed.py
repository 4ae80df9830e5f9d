"""seed_demo and remove_demo touch what is marked as the demo's and nothing else, however often they are called."""

from __future__ import annotations

import shutil
import stat
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import psutil
import pytest
from django.contrib.auth import authenticate
from django.core.management import call_command
from django.db.models import Sum
from django.test import RequestFactory
from django.utils import timezone

from maintenance_portal.demo import past, people, postgresql, removal, seed
from maintenance_portal.processes import Child
from monitoring.models import ErrorDay, ErrorGroup, Rollup, System
from strategies import holds, needs, planner, runs, settling, successors
from strategies.audit import Actor
from strategies.models import (
    Assessment,
    AuditEntry,
    Duration,
    Finding,
    Hold,
    JobRun,
    JobType,
    MaintenanceJob,
    MaintenanceWindow,
    OperationLog,
    ScheduleType,
    StrategyConfig,
    StrategyType,
    Tag,
    Target,
    TargetType,
    Tenant,
    User,
)
from tests.maintenance_portal.commands.conftest import Said, command
from tests.maintenance_portal.started import wait_for

pytestmark = pytest.mark.django_db(transaction=True)

ANNA = Actor("anna")


@pytest.fixture(autouse=True)
def places(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder and a demo folder of this test's own; no PostgreSQL unless a test brings one."""
    settings.PORTAL_DATA, settings.PORTAL_DEMO = tmp_path / "data", tmp_path / "demo"
    monkeypatch.setattr(postgresql, "available", lambda: "this test has no PostgreSQL server.")
    return tmp_path


@pytest.fixture(autouse=True)
def _a_short_past(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ninety days are most of what the demo takes to make: only those who ask for the whole past wait for it."""
    if "whole_past" not in request.fixturenames:
        monkeypatch.setattr(past, "DAYS", 12)


@pytest.fixture
def whole_past() -> int:
    """In days."""
    return past.DAYS


def everything() -> dict[str, set[Any]]:
    """What stands in the tables that the demo writes to, audit apart."""
    models = (
        Target, User, Tenant, Tag, JobRun, OperationLog, Finding, Assessment, Duration, Hold, MaintenanceJob, StrategyConfig,
        System,
    )  # fmt: skip
    return {model.__name__: set(model.objects.values_list("pk", flat=True)) for model in models}


def test_the_demo_has_people_for_every_role_and_a_database_that_answers(places: Path) -> None:
    said = command("seed_demo")
    assert said.code == 0
    assert "demo-postgresql: this test has no PostgreSQL server." in said.out
    shop = Target.objects.get(name="demo-sqlite")
    assert (shop.name, shop.tenant.name, shop.check_error, shop.is_reachable) == ("demo-sqlite", "Main", "", True)
    assert shop.url == f"sqlite:///{places / 'demo' / 'shop.db'}"
    assert {
        user.username: (user.roles, set(user.tenants.values_list("name", flat=True))) for user in User.objects.all()
    } == {
        "dba": ({"DBA"}, {"Main"}),
        "approver": ({"approver"}, {"Main"}),
        "manager": ({"manager"}, {"Main"}),
        "stakeholder": ({"stakeholder"}, {"Main"}),
        "auditor": ({"auditor"}, {"Main"}),
        "outsider": ({"DBA"}, {"Other"}),
    }
    assert set(AuditEntry.objects.values_list("action", flat=True)) == {
        "user.added", "tenant.added", "tag.added", "target.registered", "job.added", "window.added",
        "calendar.added", "calendar.entry_added", "system.added",
    }  # fmt: skip
    on = {system.name: [target.name for target in system.targets.all()] for system in System.objects.all()}
    assert on == {"Web shop": ["demo-sqlite"], "Archive of orders": ["demo-archive"]}


def test_passwords_are_random_kept_for_their_owner_only_and_let_people_in(places: Path) -> None:
    said = command("seed_demo")
    sign_ins = seed.sign_ins()
    assert [name for name, _ in sign_ins] == [person.name for person in people.PEOPLE]
    assert len({password for _, password in sign_ins}) == len(sign_ins)
    file = places / "data" / "demo-passwords"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    name, password = sign_ins[0]
    assert len(password) >= 12
    assert authenticate(RequestFactory().get("/"), username=name, password=password) is not None
    kept = " ".join(str(entry.after) for entry in AuditEntry.objects.all())
    assert not any(password in said.out + said.err + kept for _, password in sign_ins)


def test_seeding_twice_is_seeding_once(places: Path) -> None:
    assert command("seed_demo").code == 0
    before, entries = everything(), AuditEntry.objects.count()
    secrets, hashes = seed.sign_ins(), list(User.objects.order_by("pk").values_list("password", flat=True))
    file = (places / "demo" / "shop.db").read_bytes()
    User.objects.filter(username="dba").update(time_zone="Europe/Vienna")
    assert command("seed_demo").code == 0
    assert (everything(), AuditEntry.objects.count()) == (before, entries)
    assert (seed.sign_ins(), list(User.objects.order_by("pk").values_list("password", flat=True))) == (secrets, hashes)
    assert User.objects.get(username="dba").time_zone == "Europe/Vienna"
    assert (places / "demo" / "shop.db").read_bytes() == file


def test_a_database_that_could_not_be_made_joins_its_system_when_it_can(places: Path) -> None:
    assert command("seed_demo").code == 0
    shop = System.objects.get(name="Web shop")
    shop.targets.clear()
    assert command("seed_demo").code == 0
    assert [target.name for target in shop.targets.all()] == ["demo-sqlite"]


def test_what_is_missing_comes_back_and_a_lost_file_of_passwords_is_made_anew(places: Path) -> None:
    assert command("seed_demo").code == 0
    User.objects.get(username="manager").delete()
    (places / "data" / "demo-passwords").unlink()
    (places / "demo" / "shop.db").unlink()
    assert seed.sign_ins() == []
    assert command("seed_demo").code == 0
    assert (places / "demo" / "shop.db").exists()
    for name, password in seed.sign_ins():
        assert authenticate(RequestFactory().get("/"), username=name, password=password) is not None
    assert len(seed.sign_ins()) == 6


def test_names_that_others_have_are_left_alone_and_told(person: Callable[..., User], places: Path) -> None:
    dba = person("dba", "stakeholder")
    main = Tenant.objects.get(name="Main")
    theirs = Target.objects.create(name="demo-sqlite", platform="sqlite", url="sqlite:////srv/real.db", tenant=main)
    said = command("seed_demo")
    assert said.code == 0
    assert "A user dba exists who is not of the demo" in said.out
    assert "demo-sqlite: a database of this name exists that is not of the demo" in said.out
    dba.refresh_from_db()
    assert (dba.check_password("correct horse battery"), dba.roles) == (True, {"stakeholder"})
    assert "dba" not in dict(seed.sign_ins())
    assert command("remove_demo").code == 0
    assert User.objects.get() == dba
    theirs.refresh_from_db()
    assert (theirs.is_demo, theirs.is_active, theirs.url) == (False, True, "sqlite:////srv/real.db")


def much_work_on(target: Target, name: str) -> None:
    """A row of each kind that can hang on a target."""
    now = timezone.now()
    assert command("assess", target.name).code == 0
    assert command("run_strategy", "STATISTICS_MAINTENANCE", "--target", target.name).code == 0
    words: dict[str, Any] = {
        "strategy": StrategyType.objects.get(strategy_name="STATISTICS_MAINTENANCE"), "target_object": "ALL",
        "target_type": TargetType.objects.get(target_type="DATABASE"), "target": target,
    }  # fmt: skip
    StrategyConfig.objects.create(**words)
    job = MaintenanceJob.objects.create(
        **words, job_name=name, job_type=JobType.objects.get(job_type="MAINTENANCE"),
        schedule_type=ScheduleType.objects.get(schedule_type="DAILY"),
    )  # fmt: skip
    JobRun.objects.filter(target=target).update(job=job)
    holds.place(ANNA, now, "Quarter close", target=target)
    waiting = runs.ask(ANNA, target, "INDEX_MAINTENANCE", now, is_released=True, wake=False)
    assert runs.plan(waiting, now)
    successors.try_again(waiting, ANNA, now)
    needs.ask_assessment(ANNA, target, "INDEX_MAINTENANCE", now)


def test_removing_takes_all_of_the_demo_and_nothing_else(
    sqlite_target: Target, person: Callable[..., User], places: Path
) -> None:
    person("anna", "DBA")
    much_work_on(sqlite_target, "ours")
    before = everything()
    assert command("seed_demo").code == 0
    much_work_on(Target.objects.get(name="demo-sqlite"), "demo")
    grown = everything()
    assert all(grown[name] > before[name] for name in before), "the demo has rows of every kind"
    entries = set(AuditEntry.objects.values_list("pk", flat=True))
    said = command("remove_demo")
    assert (said.code, said.err) == (0, "")
    assert everything() == before
    assert entries < set(AuditEntry.objects.values_list("pk", flat=True)), "no audit entry goes, and the removal is one"
    assert AuditEntry.objects.filter(action="tag.removed", object_name="demo").exists()
    assert not (places / "demo").exists()
    assert not (places / "data" / "demo-passwords").exists()
    assert seed.sign_ins() == []


def test_removing_twice_is_removing_once_and_the_demo_can_come_back(places: Path) -> None:
    for _ in range(2):
        assert command("seed_demo").code == 0
        assert command("remove_demo").code == 0
        before, entries = everything(), AuditEntry.objects.count()
        assert command("remove_demo").code == 0
        assert (everything(), AuditEntry.objects.count()) == (before, entries)


def test_a_run_at_work_on_the_demo_forbids_its_removal(places: Path) -> None:
    assert command("seed_demo").code == 0
    shop = Target.objects.get(name="demo-sqlite")
    run = runs.ask(ANNA, shop, "INDEX_MAINTENANCE", timezone.now(), wake=False)
    JobRun.objects.filter(pk=run.pk).update(status="running", lease_until=timezone.now() + timedelta(hours=1))
    before = everything()
    said = command("remove_demo")
    assert said.code == 1
    assert f"Run {run.pk} is at work on demo-sqlite; cancel it, or wait until it ends." in said.err
    assert everything() == before
    shop.refresh_from_db()
    assert shop.is_active
    JobRun.objects.filter(pk=run.pk).update(status="cancelled")
    assert command("remove_demo").code == 0


def test_no_run_of_the_demo_starts_once_its_removal_has_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker takes up the wake-up of a run at the worst moment: just after the look for runs at work."""
    assert command("seed_demo").code == 0
    shop = Target.objects.get(name="demo-sqlite")
    run = runs.ask(ANNA, shop, "INDEX_MAINTENANCE", timezone.now(), is_released=True, wake=False)
    assert runs.plan(run, timezone.now())
    runs.ask_gate([run], timezone.now(), wake=False)
    assert run.status == "ready"
    close, claims = removal._close, []

    def close_and_claim(actor: Actor) -> None:
        close(actor)
        claims.append(runs.claim(run.pk, "a worker", timezone.now()))

    monkeypatch.setattr(removal, "_close", close_and_claim)
    assert command("remove_demo").code == 0
    assert claims == [None]


def test_more_rows_than_one_batch_are_removed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(removal, "BATCH", 2)
    assert command("seed_demo").code == 0
    assert command("run_strategy", "STATISTICS_MAINTENANCE", "--target", "demo-sqlite").code == 0
    assert OperationLog.objects.count() > 4
    assert command("remove_demo").code == 0
    assert not OperationLog.objects.exists()


def test_a_tenant_that_somebody_uses_stays(person: Callable[..., User]) -> None:
    assert command("seed_demo").code == 0
    olga = person("olga", "DBA", tenant="Other")
    assert command("remove_demo").code == 0
    assert list(olga.tenants.values_list("name", flat=True)) == ["Other"]


def test_a_tag_for_which_somebodys_window_holds_stays_and_what_held_for_a_database_is_told(places: Path) -> None:
    assert command("seed_demo").code == 0
    tag = Tag.objects.get(name="demo")
    MaintenanceWindow.objects.create(name="Ours", starts="2026-01-01T22:00", minutes=60, owner="anna", tag=tag)
    said = command("remove_demo")
    assert (said.code, said.err) == (0, "")
    assert Tag.objects.filter(pk=tag.pk).exists()
    assert not AuditEntry.objects.filter(action="tag.removed").exists()
    told = AuditEntry.objects.filter(action="target.removed").values_list("before", flat=True)
    assert any({"Demo nights", "Ours"} <= set(before["windows"]) for before in told)


def test_files_that_are_not_of_the_demo_stay_and_are_told(places: Path) -> None:
    (places / "demo").mkdir()
    (places / "demo" / "thesis.odt").write_text("years of work")
    (places / "demo" / "shop.db.backup").write_text("somebody's copy")
    assert command("seed_demo").code == 0
    said = command("remove_demo")
    assert said.code == 0
    assert "holds files that are not of the demo" in said.out
    assert sorted(file.name for file in (places / "demo").iterdir()) == ["shop.db.backup", "thesis.odt"]


def test_a_demo_folder_that_cannot_be_made_is_said(places: Path) -> None:
    (places / "demo").write_text("a file stands in the way")
    said = command("seed_demo")
    assert said.code == 1
    assert "The demo cannot be made" in said.err


def test_a_demo_that_has_moved_is_found_at_its_new_place(settings: Any, places: Path) -> None:
    assert command("seed_demo").code == 0
    settings.PORTAL_DEMO = places / "elsewhere"
    assert command("seed_demo").code == 0
    shop = Target.objects.get(name="demo-sqlite")
    assert shop.url == f"sqlite:///{places / 'elsewhere' / 'shop.db'}"
    assert shop.is_reachable


class TestPostgresql:
    """With the server that the portal brings for its demo."""

    @pytest.fixture
    def server(self, places: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Child]:
        monkeypatch.undo()  # the fixture above says that there is none
        if (reason := postgresql.available()) is not None:
            pytest.skip(reason)
        import psycopg

        def answers() -> bool:
            try:
                psycopg.connect(postgresql.url(places / "demo", "postgres"), connect_timeout=5).close()
            except psycopg.OperationalError:
                return False
            return True

        postgresql.ensure_cluster(places / "demo")
        child = Child(postgresql.command(places / "demo"))
        try:
            wait_for(answers, "the server")
            yield child
        finally:
            self.end(child)
            for place in postgresql.places(places / "demo"):
                shutil.rmtree(place, ignore_errors=True)

    @staticmethod
    def end(child: Child) -> None:
        if child.is_running:
            child.send(15)
            child.process.wait(30)
        child.clear()

    def test_it_is_made_mended_and_removed_once_its_server_has_ended(self, server: Child, places: Path) -> None:
        said = command("seed_demo")
        assert (said.code, "does not answer" in said.out) == (0, False), said.out
        shop = Target.objects.get(name="demo-postgresql")
        assert (shop.is_demo, shop.is_reachable, shop.secret) == (True, True, "")
        run = ("run_strategy", "STATISTICS_MAINTENANCE", "--target", "demo-postgresql", "--json")
        done: Said = command(*run)
        assert (done.code, bool(done.answer["operations"])) == (0, True)
        assert command("seed_demo").code == 0
        before = everything()
        said = command("remove_demo")
        assert (said.code, said.out) == (1, "")
        assert "Nothing was removed; stop the portal, then remove the demo." in said.err
        assert everything() == before
        assert Target.objects.filter(is_demo=True, is_active=True).count() == 3
        assert (places / "demo" / "shop.db").exists()
        assert server.is_running
        self.end(server)
        assert command("remove_demo").code == 0
        assert not any(place.exists() for place in (*postgresql.places(places / "demo"), places / "demo"))

    def test_without_its_server_it_is_a_note(self, server: Child) -> None:
        self.end(server)
        said = command("seed_demo")
        assert said.code == 0
        assert "demo-postgresql: its server does not answer" in said.out

    def test_a_pid_that_a_killed_server_left_does_not_hold_its_folder(self, places: Path) -> None:
        lock = places / "demo" / "postgresql" / "data" / "postmaster.pid"
        lock.parent.mkdir(parents=True)
        lock.write_text(f"{psutil.Process().pid}\n")
        assert command("remove_demo").code == 0
        assert not (places / "demo").exists()


def test_call_command_gives_no_passwords_to_logs(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("seed_demo")
    said = capsys.readouterr()
    assert not any(password in said.out + said.err for _, password in seed.sign_ins())


def test_the_demo_has_jobs_and_a_past_of_ninety_days_that_is_marked_and_rolled_up(
    places: Path, whole_past: int
) -> None:
    command("seed_demo")
    now = timezone.now()
    jobs = {job.job_name: job for job in MaintenanceJob.objects.all()}
    assert {"DEMO_WATCH_INDEX", "DEMO_NIGHTLY_INDEX", "DEMO_NIGHTLY_STATISTICS", "DEMO_ARCHIVE_STATISTICS"} == set(jobs)
    nights = JobRun.objects.filter(asked_by="demo")
    assert nights.count() >= 170
    assert nights.earliest("due_at").due_at < now - timedelta(days=whole_past - 2)
    assert {"succeeded", "failed", "missed"} == set(nights.values_list("status", flat=True))
    assert not nights.filter(status__in=("failed", "missed"), handled_at=None).exists(), "nobody has to look at them"
    rows = OperationLog.objects.filter(run__asked_by="demo")
    assert {row.strategy_context["demo"] for row in rows} == {True}
    for name in ("DEMO_NIGHTLY_INDEX", "DEMO_NIGHTLY_STATISTICS"):
        done = nights.filter(job=jobs[name]).exclude(status="missed")
        assert jobs[name].execution_count == done.count()
        assert jobs[name].error_count == done.filter(status="failed").count()
    counted = Rollup.objects.filter(grain="strategy").aggregate(n=Sum("count"), failed=Sum("failed"))
    assert counted == {"n": rows.count(), "failed": rows.filter(status="ERROR").count()}
    command("seed_demo")
    assert JobRun.objects.filter(asked_by="demo").count() == nights.count()


def test_the_demos_jobs_are_scheduled_and_find_nothing_to_take_from_whoever_tries(places: Path) -> None:
    command("seed_demo")
    target = Target.objects.get(name="demo-sqlite")
    found = {finding.object for finding in planner.look(target, "INDEX_MAINTENANCE", "ALL", {}).findings}
    settling.settle(timezone.now())
    for job in target.jobs.all():
        assert job.next_run is not None, job.quarantine_reason
        assert command("run_job", job.job_name, "--json").answer["status"] in ("succeeded", "cancelled")
    assert {f.object for f in planner.look(target, "INDEX_MAINTENANCE", "ALL", {}).findings} == found


def test_with_the_demo_its_past_is_gone_from_every_table(places: Path) -> None:
    before = {
        model: model.objects.count() for model in (JobRun, OperationLog, MaintenanceJob, Rollup, ErrorDay, ErrorGroup)
    }
    command("seed_demo")
    assert command("remove_demo").code == 0
    assert {model: model.objects.count() for model in before} == before
