"""A job in the browser: added, its next runs seen while it is typed, run by hand, released, and found in its history."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from strategies import durations, endings, holds, jobs, runs, settling
from strategies.audit import Actor
from strategies.execution import runner
from strategies.models import JobRun, MaintenanceJob, Portal, RunStatus, Stop, Target
from strategies.workers import WorkerIdentity
from tests import scripted
from tests.browser.conftest import EACH_PAGE, updated
from tests.browser.test_accessibility import SPACED, cut_off, faults, faults_in_the_dark, sideways
from tests.jobs import a_job
from tests.pages import HOSTILE, Scene, ended_run, step


@pytest.fixture
def target(shop: Scene, monkeypatch: pytest.MonkeyPatch) -> Target:
    """A database that does what a test scripts: one broken table. There is no job yet."""
    MaintenanceJob.objects.all().delete()
    scripted.install(monkeypatch, scripted.World(needs={"orders"}))
    now = timezone.now()
    holds.lift(shop.hold, Actor("anna"), now)
    Portal.objects.filter(pk=1).update(beat_at=now)
    return Target.objects.create(
        name="bench",
        platform="scripted",
        url="scripted://x",
        tenant=shop.target.tenant,
        checked_at=now,
        max_parallel_runs=9,
    )


def carried_out(run: JobRun) -> None:
    """What beat and worker do of a released run."""
    moment = timezone.now()
    runs.ask_gate([run], moment)
    taken = runs.claim(run.pk, WorkerIdentity.current().text, moment)
    assert taken is not None, run.reasons
    runner.carry_out(taken, now=timezone.now)


def test_a_job_is_added_run_by_hand_and_found_in_its_history(
    open_as: Callable[..., Page], target: Target, base: str
) -> None:
    page = open_as(is_hurried=True)
    page.goto(f"{base}/jobs/")
    page.get_by_role("link", name="Add the first one").click()
    page.get_by_label("Database").select_option("bench")
    page.get_by_label("Strategy").select_option("CLEANUP_MAINTENANCE")
    page.get_by_role("button", name="Continue").click()

    page.get_by_role("textbox", name="Name").fill("NIGHTLY")
    page.get_by_label("Schedule").select_option("WEEKLY")
    page.get_by_label("Time, day or event").fill("SUNDAY 02:30")
    due = page.locator("#due")
    expect(due).to_contain_text("Every Sunday at 02:30, UTC")
    page.get_by_label("Time zone").fill("Europe/Berlin")
    expect(due).to_contain_text("Every Sunday at 02:30, Europe/Berlin")
    expect(due.get_by_role("listitem")).to_have_count(5)
    page.get_by_label("Time zone").fill("Nowhere/City")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#id_schedule_timezone_error")).to_contain_text("Nowhere/City is no time zone")
    page.complaints.clear()  # type: ignore[attr-defined]  # the browser itself says that the form was refused
    page.get_by_label("Time zone").fill("Europe/Berlin")
    page.get_by_role("button", name="Save").click()

    expect(page.get_by_role("heading", name="NIGHTLY")).to_be_visible()
    expect(page.locator("#live")).to_contain_text("It is new or was changed")
    settling.settle(timezone.now())
    expect(page.locator("#live")).to_contain_text("It is not due before")
    expect(page.locator("table.due").first.get_by_role("row")).to_have_count(6)

    page.get_by_role("button", name="Run now…").click()
    run = JobRun.objects.select_related("target", "job", "config").get(job__job_name="NIGHTLY")
    page.wait_for_url(f"{base}/runs/{run.pk}/")
    runs.plan(run, timezone.now())
    page.get_by_role("button", name="Release…").click()
    page.locator("dialog[open]").get_by_role("button", name="Release").click()
    expect(page.get_by_text("The plan was released.")).to_be_visible()
    run.refresh_from_db()
    carried_out(run)

    page.goto(f"{base}/jobs/")
    row = page.get_by_role("row").filter(has_text="NIGHTLY")
    expect(row).to_contain_text("Succeeded")
    row.get_by_role("link", name="NIGHTLY").click()
    history = page.get_by_role("region", name="Its runs")
    expect(history.get_by_role("row").filter(has_text=f"Run {run.pk}")).to_contain_text("Succeeded")
    history.get_by_role("link", name="All runs of this job").click()
    expect(page.get_by_role("row")).to_have_count(2)


def test_an_open_run_is_followed_by_itself(open_as: Callable[..., Page], target: Target, base: str) -> None:
    job = a_job(target, strategy_id="CLEANUP_MAINTENANCE")
    settling.settle(timezone.now())
    run = jobs.ask_run(Actor("anna"), MaintenanceJob.objects.get(pk=job.pk), timezone.now())
    page = open_as(is_hurried=True)
    page.goto(f"{base}/jobs/{job.pk}/")
    expect(page.locator("#live")).to_contain_text("is being planned")
    page.get_by_text("The 15 after these").click()
    updated(page)
    expect(page.locator("#later-due")).to_have_attribute("open", "")
    runs.plan(run, timezone.now())
    expect(page.locator("#live")).to_contain_text(f"Nobody has released the plan of run {run.pk} yet.")
    endings.ask_stop(run, Actor("anna"), Stop.CANCEL, timezone.now())
    expect(page.locator("#live")).to_contain_text("It is not due before")
    expect(page.locator("#live").get_by_text("live ·")).to_have_count(0)


@pytest.mark.parametrize("look", EACH_PAGE)
def test_the_pages_of_jobs_are_clean(
    look: str, open_as: Callable[..., Page], target: Target, shop: Scene, base: str
) -> None:
    page = open_as(look=look)
    found: dict[str, Any] = {}
    for path in paths(shop):
        answer = page.goto(base + path)
        assert answer is not None
        assert answer.ok, path
        page.evaluate("document.querySelectorAll('details').forEach(part => part.open = true)")
        problems = [*faults(page), *cut_off(page), *(["scrolls sideways"] if sideways(page) else [])]
        if look == "light":
            problems += faults_in_the_dark(page)
        if problems:
            found[path] = problems
    assert found == {}


def paths(shop: Scene) -> list[str]:
    """A job with a bit of everything on it, one that is set aside with hostile text, and the forms of both."""
    now, target = timezone.now(), shop.target
    first = a_job(target, "LOAD_CHECK", "CUSTOM", schedule_value="*/15 * * * *")
    job = a_job(
        target, schedule_value="02:30", schedule_timezone="Europe/Berlin", depends_on_jobs=f"{first.pk}:always",
        job_parameters={"retries": 3}, prerequisite_checks="WRITABLE", notification_recipients="dba@example.com",
    )  # fmt: skip
    a_job(
        target,
        "A_NAME_THAT_IS_LONGER_THAN_ITS_BOX_AND_GOES_ON",
        "ON_DEMAND",
        depends_on_jobs=f"{job.pk}:failure, {first.pk}",
    )
    wrong = a_job(
        target, HOSTILE, job_parameters={"operation": HOSTILE}, resource_limits={"cpu": 1}, depends_on_jobs="first",
        schedule_timezone="Nowhere/City",
    )  # fmt: skip
    settling.settle(now)
    for number, status in enumerate((RunStatus.SUCCEEDED, RunStatus.FAILED, RunStatus.MISSED)):
        run = ended_run(target, status, step(number), message=HOSTILE)
        JobRun.objects.filter(pk=run.pk).update(job=job)
        durations.remember(target, "INDEX_MAINTENANCE", durations.WHOLE_RUN, 60_000, now)
    JobRun.objects.filter(pk=shop.waiting.pk).update(job=job)
    JobRun.objects.filter(pk=shop.running.pk).update(job=first)
    place = f"target={target.pk}&strategy=INDEX_MAINTENANCE"
    return [
        "/jobs/", "/jobs/?state=dancing", "/jobs/?name=nothing", "/jobs/new/", f"/jobs/new/?{place}",
        *(f"/jobs/{row.pk}/{end}" for row in (job, wrong) for end in ("", "edit/")), f"/jobs/{first.pk}/",
    ]  # fmt: skip


def test_narrow_screens_and_widely_set_letters_cut_nothing_off(
    open_as: Callable[..., Page], target: Target, shop: Scene, base: str
) -> None:
    page = open_as(look="phone")
    found = []
    for path in paths(shop):
        page.set_viewport_size({"width": 320, "height": 640})
        page.goto(base + path)
        page.evaluate("document.querySelectorAll('details').forEach(part => part.open = true)")
        found += [(path, "narrow", what) for what in (*cut_off(page), *(["sideways"] if sideways(page) else []))]
        page.set_viewport_size({"width": 390, "height": 844})
        page.evaluate(SPACED)
        found += [(path, "spaced", what) for what in (*cut_off(page), *(["sideways"] if sideways(page) else []))]
    assert [one for one in found if not one[2].startswith("<input")] == [], "what is typed into a field can be scrolled"


@pytest.mark.parametrize("look", ["light", "phone"])
def test_the_dialogs_of_jobs_are_clean(
    look: str, open_as: Callable[..., Page], target: Target, shop: Scene, base: str
) -> None:
    job = a_job(shop.target)
    JobRun.objects.filter(pk=shop.failed.pk).update(job=job)
    page = open_as(look=look)
    page.goto(f"{base}/jobs/{job.pk}/")
    for button in ("Switch off…", "1 not handled…"):
        page.get_by_role("button", name=button).click()
        page.locator("dialog[open]").wait_for()
        assert faults(page) + faults_in_the_dark(page) == [], button
        page.keyboard.press("Escape")
