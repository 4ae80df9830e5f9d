"""The commands for jobs: listing, running one now, and announcing an event."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from strategies import holds
from strategies.audit import Actor
from strategies.models import AuditEntry, JobRun, MaintenanceJob, Target, Tenant
from tests import scripted
from tests.jobs import a_job as typed
from tests.jobs import settled
from tests.maintenance_portal.commands.conftest import command
from tests.scripted import World

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    world = World(needs={"a", "b"})
    scripted.install(monkeypatch, world)
    return world


@pytest.fixture
def target(world: World) -> Target:
    main = Tenant.objects.get(name="Main")
    return Target.objects.create(name="shop", platform="scripted", url="scripted://x", tenant=main)


def a_job(target: Target | None, name: str = "NIGHTLY", kind: str = "DAILY", **values: Any) -> MaintenanceJob:
    return settled(typed(target, name, kind, **{"strategy_id": "CLEANUP_MAINTENANCE"} | values), timezone.now())


def test_jobs_are_listed_those_due_next_first(target: Target) -> None:
    late = a_job(target, "LATE", "YEARLY")
    soon = a_job(target, "SOON")
    wrong = a_job(None, "WRONG", strategy_id="COMPLIANCE_MAINTENANCE")
    listed = command("jobs", "--json").answer["jobs"]
    assert [row["job_id"] for row in listed] == [soon.pk, late.pk, wrong.pk]
    assert [row["state"] for row in listed] == ["scheduled", "scheduled", "quarantined"]
    assert (listed[2]["target"], listed[2]["next_run"]) == ("home", None)
    text = command("jobs").out
    assert "There is no implementation of COMPLIANCE_MAINTENANCE here." in text
    assert text.index("SOON") < text.index("LATE")


def test_without_jobs_the_list_says_so() -> None:
    assert command("jobs").out == "There are no jobs.\n"
    assert command("jobs", "--json").answer == {"jobs": []}


def test_a_job_is_run_now_as_its_row_says(target: Target, world: World) -> None:
    job = a_job(target, job_parameters={"max_objects": 1})
    said = command("run_job", "NIGHTLY", "--json")
    assert (said.code, said.answer["status"]) == (0, "succeeded" if not world.needs else said.answer["status"])
    assert len(said.answer["operations"]) == 1
    run = JobRun.objects.get()
    assert (run.job, run.origin, run.parameters["max_objects"]) == (job, "command", 1)
    job.refresh_from_db()
    assert job.execution_count == 1
    assert AuditEntry.objects.filter(action="run.asked", object_id=str(run.pk)).get().actor.startswith("cli:")


def test_a_name_that_several_jobs_have_needs_the_strategy_or_the_number(target: Target) -> None:
    first = a_job(target)
    second = a_job(None, strategy_id="INDEX_MAINTENANCE")
    said = command("run_job", "NIGHTLY")
    assert said.code == 2
    assert f"{first.pk} (CLEANUP_MAINTENANCE on shop)" in said.err
    assert f"{second.pk} (INDEX_MAINTENANCE on home)" in said.err
    assert command("run_job", "NIGHTLY", "--strategy", "CLEANUP_MAINTENANCE", "--json").code == 0
    assert command("run_job", str(first.pk), "--json").code == 0


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["NIGTHLY"], "NAME: no job is named 'NIGTHLY' (did you mean NIGHTLY?)"),
        (["NIGHTLY", "--strategy", "X"], "NAME: no job of X is named 'NIGHTLY'"),
        (["99999999999999999999"], "NAME: no job is named"),
    ],
)
def test_a_job_that_there_is_not_is_bad_input(target: Target, words: list[str], problem: str) -> None:
    a_job(target)
    said = command("run_job", *words)
    assert said.code == 2
    assert problem in said.err
    assert not JobRun.objects.exists()


def test_a_job_that_cannot_run_names_its_column(target: Target) -> None:
    job = a_job(target, job_parameters={"retries": 99})
    said = command("run_job", "NIGHTLY")
    assert said.code == 2
    assert f"job {job.pk} cannot run: job_parameters: retries" in said.err


def test_a_job_that_may_not_start_now_is_cancelled_with_the_reasons(target: Target) -> None:
    a_job(target)
    holds.place(Actor("anna"), timezone.now(), "Quarter close", target=target)
    said = command("run_job", "NIGHTLY", "--json")
    assert said.code == 3
    assert "Quarter close" in said.answer["reasons"][0]["sentence"]


def test_a_plan_made_for_another_address_is_made_again(
    target: Target, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    from maintenance_portal import at_once

    a_job(target)
    looked, real = [], at_once._look

    def look(*words: Any) -> Any:
        looked.append(words[1].url)
        if len(looked) == 1:
            Target.objects.filter(pk=target.pk).update(url="scripted://elsewhere")
        return real(*words)

    monkeypatch.setattr(at_once, "_look", look)
    assert command("run_job", "NIGHTLY", "--json").code == 0
    assert looked == ["scripted://x", "scripted://elsewhere"]
    assert JobRun.objects.count() == 1


def test_an_event_is_announced_and_tells_what_it_led_to(target: Target) -> None:
    job = a_job(target, "AFTER_LOAD", "EVENT_DRIVEN", schedule_value="LOAD_DONE")
    wrong = a_job(target, "WRONG", "EVENT_DRIVEN", schedule_value="LOAD_DONE", job_parameters={"x": 1})
    said = command("emit", "LOAD_DONE", "--json")
    run = JobRun.objects.get()
    assert said.answer["runs"] == [{"run_id": run.pk, "job_id": job.pk}]
    assert [left["job_id"] for left in said.answer["left"]] == [wrong.pk]
    assert command("emit", "LOAD_DONE").out.startswith(f"Run {run.pk + 1} of job {job.pk} (AFTER_LOAD) begins.")
    assert command("emit", "NOBODY").out == "No active job listens to NOBODY.\n"


@pytest.mark.parametrize("name", ["", "  ", "x" * 101, "ß" * 51, "a\nb"])
def test_what_is_no_name_of_an_event_is_bad_input(name: str) -> None:
    assert command("emit", name).code == 2
