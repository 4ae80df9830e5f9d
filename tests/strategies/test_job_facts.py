"""Which runs of an upstream say how it stands, and that nobody reads the name of a job that they may not see."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from strategies import continuing, endings, jobs
from strategies.dependencies import Answer
from strategies.gate import job_reasons
from strategies.gate_values import JobFacts
from strategies.job_facts import _of_strategies, job_facts
from strategies.models import AuditEntry, JobRun, MaintenanceJob, Origin, RunStatus, Stop, StrategyConfig, Target
from tests import jobs as rows
from tests import scripted
from tests.jobs import DAY, MINUTE, NIGHT, SECOND, settled
from tests.nightly import ANNA, nightly, scripted_target, the_run
from tests.scripted import World

pytestmark = pytest.mark.django_db(transaction=True)

AT = NIGHT + 30 * MINUTE


@pytest.fixture
def target(monkeypatch: pytest.MonkeyPatch, db: None) -> Target:
    scripted.install(monkeypatch, World(needs={"a"}))
    return scripted_target()


def ended(run: JobRun, status: RunStatus, after: int = 1, **values: Any) -> JobRun:
    """As a worker would end it, so many minutes after it was due."""
    known = {"started_at": run.due_at, "finished_at": run.due_at + after * MINUTE, "is_released": True, **values}
    JobRun.objects.filter(pk=run.pk).update(status=status, **known)
    run.refresh_from_db()
    return run


class Pair:
    """A job and one that waits for it, both due tonight."""

    def __init__(self, target: Target, on: str = "success") -> None:
        self.first = nightly(target, "FIRST")
        self.second = nightly(target, "SECOND", depends_on_jobs=f"{self.first.pk}:{on}")
        jobs.plan_due(NIGHT)
        self.run = the_run(self.first)

    def answer(self) -> Answer:
        facts = job_facts([the_run(self.second)], AT)[the_run(self.second).pk]
        return facts.upstreams[0].answer if facts.upstreams else Answer.MET

    def by_hand(self, minute: int, origin: Origin = Origin.PAGE, **values: Any) -> JobRun:
        run = jobs.order(ANNA, self.first, origin, NIGHT + minute * MINUTE)
        for name, value in values.items():
            setattr(run, name, value)
        return jobs.begin(ANNA, run)


# What counts.


def test_an_undo_of_a_failed_run_is_no_success_of_the_job(target: Target) -> None:
    pair = Pair(target)
    failed = ended(pair.run, RunStatus.FAILED)
    undo = continuing.successor(failed, ANNA, NIGHT + 2 * MINUTE, Origin.UNDO)
    undo.save()
    ended(undo, RunStatus.FAILED)
    rest = continuing.successor(undo, ANNA, NIGHT + 4 * MINUTE, Origin.RESUME)
    rest.save()
    assert pair.answer() is Answer.WAIT
    ended(rest, RunStatus.SUCCEEDED)
    assert (rest.is_undo, pair.answer()) == (True, Answer.WAIT)


def test_a_plan_that_somebody_asks_for_by_hand_keeps_nobody_waiting(target: Target) -> None:
    pair = Pair(target)
    ended(pair.run, RunStatus.SUCCEEDED)
    plan = pair.by_hand(5)
    assert pair.answer() is Answer.MET
    assert endings.ask_stop(plan, ANNA, Stop.CANCEL, NIGHT + 6 * MINUTE)
    assert pair.answer() is Answer.MET


def test_a_run_by_hand_that_is_released_counts_once_it_has_ended(target: Target) -> None:
    pair = Pair(target)
    ended(pair.run, RunStatus.FAILED)
    run = pair.by_hand(5, is_released=True)
    assert pair.answer() is Answer.WAIT
    ended(run, RunStatus.SUCCEEDED)
    assert pair.answer() is Answer.MET


@pytest.mark.parametrize("origin", [Origin.PAGE, Origin.COMMAND])
def test_one_by_hand_that_was_cancelled_before_it_began_says_nothing(target: Target, origin: Origin) -> None:
    pair = Pair(target)
    ended(pair.run, RunStatus.SUCCEEDED)
    ended(pair.by_hand(5, origin, is_released=True), RunStatus.CANCELLED, started_at=None)
    assert pair.answer() is Answer.MET


def test_one_by_hand_that_found_nothing_to_do_is_a_success(target: Target) -> None:
    pair = Pair(target)
    ended(pair.run, RunStatus.FAILED)
    ended(pair.by_hand(5), RunStatus.SUCCEEDED, started_at=None)
    assert pair.answer() is Answer.MET


@pytest.mark.parametrize("origin", [Origin.RETRY, Origin.RESUME])
def test_what_mends_a_failed_run_counts_from_its_release_on(target: Target, origin: Origin) -> None:
    pair = Pair(target, on="failure")
    again = continuing.successor(ended(pair.run, RunStatus.FAILED), ANNA, NIGHT + 5 * MINUTE, origin)
    again.save()
    assert pair.answer() is Answer.MET, "nobody has decided about the new plan"
    JobRun.objects.filter(pk=again.pk).update(is_released=True)
    assert pair.answer() is Answer.WAIT
    ended(again, RunStatus.SUCCEEDED)
    assert pair.answer() is Answer.NEVER
    ended(again, RunStatus.CANCELLED, started_at=None)
    assert pair.answer() is Answer.MET, "it was taken back, and the failure stands"


def test_while_a_run_of_the_upstream_is_open_its_end_is_waited_for_whatever_came_after_it(target: Target) -> None:
    pair = Pair(target)
    ended(pair.by_hand(5, is_released=True), RunStatus.SUCCEEDED)
    assert pair.run.is_open
    assert pair.answer() is Answer.WAIT


def test_a_run_that_stands_open_since_another_night_keeps_nobody_waiting(target: Target) -> None:
    pair = Pair(target)
    ended(pair.run, RunStatus.SUCCEEDED)
    held = pair.by_hand(0, is_released=True, origin=Origin.RETRY)
    JobRun.objects.filter(pk=held.pk).update(due_at=NIGHT - 3 * DAY)
    third = nightly(target, "THIRD", depends_on_jobs=str(pair.first.pk))
    long_ago = MaintenanceJob.objects.filter(pk=third.pk)
    long_ago.update(last_due=NIGHT - 7 * DAY, next_run=NIGHT)
    jobs.plan_due(NIGHT)
    facts = job_facts([the_run(pair.second), the_run(third)], AT)
    assert not facts[the_run(pair.second).pk].upstreams
    assert [upstream.run for upstream in facts[the_run(third).pk].upstreams] == [held.pk]


def test_a_scheduled_run_that_was_cancelled_leaves_out_what_waits_for_it(target: Target) -> None:
    pair = Pair(target)
    endings.ask_stop(pair.run, ANNA, Stop.CANCEL, NIGHT)
    assert pair.answer() is Answer.NEVER


def test_one_that_was_withdrawn_before_its_time_says_nothing(target: Target) -> None:
    pair = Pair(target)
    endings.withdraw(pair.run, "the job was changed.", NIGHT - SECOND)
    assert pair.answer() is Answer.WAIT


# Strategies on the same database.


@pytest.fixture
def after_indexes(target: Target) -> Callable[[], JobFacts]:
    """What a job is told that waits for INDEX_MAINTENANCE on its database."""
    StrategyConfig.objects.all().delete()
    job = rows.a_job(target, "AFTER", strategy_id="CLEANUP_MAINTENANCE", schedule_value="02:00")
    rows.a_config(target, strategy_id="CLEANUP_MAINTENANCE", depends_on_strategies="INDEX_MAINTENANCE")
    settled(job)
    jobs.plan_due(NIGHT)
    return lambda: job_facts([the_run(job)], AT)[the_run(job).pk]


def indexes(target: Target, origin: Origin, status: RunStatus, **values: Any) -> JobRun:
    known: dict[str, Any] = {"due_at": NIGHT, "started_at": NIGHT, "finished_at": NIGHT, "is_released": True, **values}
    return JobRun.objects.create(
        due_key=f"t:{JobRun.objects.count()}", strategy_name="INDEX_MAINTENANCE", target=target, origin=origin, status=status,
        asked_by="anna", **known,
    )  # fmt: skip


def test_a_plan_from_the_run_page_keeps_nobody_waiting_for_its_strategy(
    target: Target, after_indexes: Callable[[], JobFacts]
) -> None:
    assert after_indexes().upstreams
    indexes(target, Origin.SCHEDULE, RunStatus.SUCCEEDED)
    nothing: dict[str, Any] = {"started_at": None, "finished_at": None, "is_released": False}
    indexes(target, Origin.PAGE, RunStatus.PLANNED, **nothing)
    indexes(target, Origin.UNDO, RunStatus.FAILED, is_undo=True)
    assert not after_indexes().upstreams


def test_of_two_jobs_with_the_strategy_the_one_that_is_open_is_waited_for(
    target: Target, after_indexes: Callable[[], JobFacts]
) -> None:
    running = indexes(target, Origin.SCHEDULE, RunStatus.RUNNING, finished_at=None)
    indexes(target, Origin.SCHEDULE, RunStatus.SUCCEEDED)
    assert [upstream.run for upstream in after_indexes().upstreams] == [running.pk]


def test_strategies_are_waited_for_on_any_number_of_databases(target: Target) -> None:
    """SQLite takes no expression deeper than 1000."""
    last = indexes(target, Origin.SCHEDULE, RunStatus.SUCCEEDED)
    other = indexes(scripted_target("other"), Origin.SCHEDULE, RunStatus.SUCCEEDED)
    many = {(10_000 + number, "INDEX_MAINTENANCE") for number in range(1500)}
    wanted = {(target.pk, "INDEX_MAINTENANCE"), (other.target_id, "CLEANUP_MAINTENANCE"), *many}
    found = _of_strategies(wanted, JobRun.objects.filter(due_at__lte=AT))
    assert {place: {run.pk for run in runs} for place, runs in found.items()} == {
        (target.pk, "INDEX_MAINTENANCE"): {last.pk}
    }


# Upstreams that are gone.


def test_who_waits_for_a_job_that_is_deleted_is_set_aside_and_its_run_says_why(target: Target) -> None:
    pair = Pair(target)
    waiting = the_run(pair.second)
    JobRun.objects.filter(job=pair.first).delete()
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM generic_maintenance_jobs WHERE job_id = %s", [pair.first.pk])
    jobs.open_plans(AT)
    waiting.refresh_from_db()
    gone = pair.first.pk
    assert [reason["sentence"] for reason in waiting.reasons] == [
        f"It runs after job {gone} has succeeded, and there is no job {gone} any more."
    ]
    assert settled(pair.second, AT).quarantine_reason == f"depends_on_jobs: There is no job {gone}."
    jobs.open_plans(AT)
    waiting.refresh_from_db()
    assert [reason["code"] for reason in waiting.reasons] == ["job_off"]


@pytest.mark.skipif(connection.vendor != "sqlite", reason="the others keep to their foreign keys")
def test_a_run_whose_own_job_was_deleted_does_not_start_by_itself(target: Target) -> None:
    """The shell of SQLite has no foreign keys."""
    job = nightly(target)
    jobs.plan_due(NIGHT)
    assert connection.disable_constraint_checking()
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM generic_maintenance_jobs")
    run = JobRun.objects.select_related("target", "job", "config").get()
    reasons = job_reasons(job_facts([run], AT)[run.pk])
    assert [reason.sentence for reason in reasons] == [f"Job {job.pk} is not there any more."]
    JobRun.objects.all().delete()
    connection.enable_constraint_checking()


# Names of jobs that the reader may not see.


@pytest.fixture
def waiting(target: Target) -> MaintenanceJob:
    """A job of Main that waits for one of another tenant."""
    secret = nightly(scripted_target("payroll", tenant="Other"), "SECRET_PAYROLL")
    job = nightly(target, "MINE", depends_on_jobs=str(secret.pk))
    jobs.plan_due(NIGHT)
    jobs.open_plans(NIGHT)
    JobRun.objects.filter(job=job).update(due_at=timezone.now())  # Home shows what is due
    return job


def shown(client: Client, job: MaintenanceJob) -> dict[str, str]:
    pages = (f"/jobs/{job.pk}/", f"/runs/{the_run(job).pk}/", "/runs/", "/")
    return {page: client.get(page).content.decode() for page in pages}


def test_a_reason_names_another_job_only_to_those_who_may_see_it(
    waiting: MaintenanceJob, person: Callable[..., Any], client: Client
) -> None:
    secret = MaintenanceJob.objects.get(job_name="SECRET_PAYROLL")
    reason = the_run(waiting).reasons[0]
    assert (reason["job"], "SECRET_PAYROLL" in reason["sentence"]) == (secret.pk, False)
    client.force_login(person("anna", "DBA"))
    for page, text in shown(client, waiting).items():
        assert "SECRET_PAYROLL" not in text, page
        assert f"after job {secret.pk} has succeeded" in text, page
    both = person("olga", "DBA")
    both.tenants.add(secret.target.tenant)
    client.force_login(both)
    for page, text in shown(client, waiting).items():
        assert f"after job {secret.pk} (SECRET_PAYROLL) has succeeded" in text, page


def test_nor_do_a_message_an_audit_entry_and_the_last_error_of_the_job(
    waiting: MaintenanceJob, person: Callable[..., Any], client: Client
) -> None:
    secret = MaintenanceJob.objects.get(job_name="SECRET_PAYROLL")
    endings.ask_stop(the_run(secret), ANNA, Stop.CANCEL, NIGHT)
    JobRun.objects.filter(job=waiting).update(due_at=NIGHT)
    jobs.open_plans(NIGHT + SECOND)
    run = the_run(waiting)
    assert run.message.startswith(f"Left out. It runs only after job {secret.pk} has succeeded")
    assert not AuditEntry.objects.filter(after__icontains="SECRET_PAYROLL", object_type="JobRun").exists()
    client.force_login(person("anna", "DBA"))
    assert "SECRET_PAYROLL" not in "".join(shown(client, waiting).values())
    both = person("olga", "DBA")
    both.tenants.add(secret.target.tenant)
    client.force_login(both)
    assert (
        f"Left out. It runs only after job {secret.pk} (SECRET_PAYROLL)" in shown(client, waiting)[f"/runs/{run.pk}/"]
    )
