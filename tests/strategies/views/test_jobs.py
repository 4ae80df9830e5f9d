"""The pages of jobs: who may, what they say, and that what is typed there is judged, kept and audited."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from maintenance_portal import tasks
from strategies import holds, settling
from strategies.audit import Actor
from strategies.models import (
    AuditEntry,
    JobRun,
    MaintenanceJob,
    Portal,
    Role,
    RunStatus,
    StrategyConfig,
    StrategyType,
    Target,
)
from tests.jobs import a_config, a_job, settled
from tests.pages import HOSTILE, Scene, ended_run, running, scene, step, text_of

pytestmark = pytest.mark.django_db
SQL = {Role.DBA, Role.APPROVER, Role.MANAGER, Role.AUDITOR}
PAGES = ("/jobs/", "/jobs/{pk}/", "/jobs/{pk}/live/")
FORMS = ("/jobs/new/", "/jobs/due/", "/jobs/{pk}/edit/")
ACTIONS = ("/jobs/{pk}/run/", "/jobs/{pk}/switch/", "/jobs/{pk}/handle/")


@pytest.fixture
def shop(db: None) -> Scene:
    """A bit of everything, and no job yet."""
    made = scene()
    MaintenanceJob.objects.all().delete()
    return made


@pytest.fixture
def job(shop: Scene) -> MaintenanceJob:
    Portal.objects.filter(pk=1).update(beat_at=timezone.now())
    return settled(a_job(shop.target), timezone.now())


def values(page: Any) -> dict[str, Any]:
    """What a browser would send of the form on a page."""
    sent: dict[str, Any] = {"save": "1"}
    form = page.context["form"]
    for name in form.fields:
        value = form[name].value()
        if value is not False:
            sent[name] = "on" if value is True else "" if value is None else value
    return sent


def parts(client: Client, path: str) -> str:
    response = client.get(path)
    assert response.status_code in (200, 286), path
    return text_of(response)


# Who may.


@pytest.mark.parametrize("role", [*Role, None])
def test_each_role_may_what_it_may_and_nothing_else(
    role: Role | None, job: MaintenanceJob, person: Callable[..., Any]
) -> None:
    client = Client()
    client.force_login(person("p", *([role] if role else [])))
    before = AuditEntry.objects.count()
    for paths, verb, roles in ((PAGES, "get", SQL), (FORMS, "get", {Role.DBA}), (ACTIONS, "post", {Role.DBA})):
        for path in paths:
            status = getattr(client, verb)(path.format(pk=job.pk)).status_code
            assert (status in (200, 286, 302)) if role in roles else status == 403, (path, status)
    if role is not Role.DBA:
        assert AuditEntry.objects.count() == before
        for path in ("/jobs/new/", f"/jobs/{job.pk}/edit/"):
            assert client.post(path, {"save": "1"}).status_code == 403


def test_nobody_sees_anything_without_signing_in(job: MaintenanceJob) -> None:
    for path in (*PAGES, *FORMS, *ACTIONS):
        response = Client().get(path.format(pk=job.pk))
        assert (response.status_code, response["Location"].partition("?")[0]) == (302, "/sign-in/")


def test_jobs_of_another_tenant_do_not_exist(job: MaintenanceJob, person: Callable[..., Any]) -> None:
    client = Client()
    client.force_login(person("olga", Role.DBA, tenant="Other"))
    before = AuditEntry.objects.count()
    assert job.job_name not in parts(client, "/jobs/")
    for path in (*PAGES[1:], "/jobs/{pk}/edit/"):
        assert client.get(path.format(pk=job.pk)).status_code == 404
    for path in (*ACTIONS, "/jobs/{pk}/edit/"):
        assert client.post(path.format(pk=job.pk), {"save": "1", "switch": "off", "reason": "x"}).status_code == 404
    assert AuditEntry.objects.count() == before


def test_names_of_another_tenant_stand_nowhere(dba: Client, job: MaintenanceJob, person: Callable[..., Any]) -> None:
    theirs = a_job(scene("theirs", "Other").target, "SECRET", depends_on_jobs=str(job.pk))
    MaintenanceJob.objects.filter(pk=job.pk).update(depends_on_jobs=str(theirs.pk))
    for path in ("/jobs/", f"/jobs/{job.pk}/", f"/jobs/{job.pk}/edit/", "/jobs/new/"):
        text = parts(dba, path)
        assert "SECRET" not in text, path
        assert "theirs" not in text, path


def test_who_does_not_operate_is_offered_nothing_to_press(job: MaintenanceJob, person: Callable[..., Any]) -> None:
    client = Client()
    client.force_login(person("aud", Role.AUDITOR))
    text = parts(client, f"/jobs/{job.pk}/")
    for word in ("Run now", "Switch off", "/edit/", "<dialog"):
        assert word not in text, word
    assert "Who did what" in text
    assert "Add a job" not in parts(client, "/jobs/")


# The list.


def names(client: Client, query: str = "") -> list[str]:
    return [row.job.job_name for row in client.get(f"/jobs/?{query}").context["rows"]]


def test_the_list_says_what_is_scheduled_what_comes_and_how_it_went(
    dba: Client, job: MaintenanceJob, shop: Scene
) -> None:
    run = ended_run(shop.target, RunStatus.FAILED, step(1))
    JobRun.objects.filter(pk=run.pk).update(job=job, duration_ms=62_000)
    text = parts(dba, "/jobs/")
    for words in ("Every day at 02:00", "Index maintenance", "shop", "Failed", "1 min 02 s", "Scheduled"):
        assert words in text, words
    assert job.next_run is not None
    assert f"{job.next_run:%H:%M:%S}" in text


def test_those_set_aside_stand_first_with_the_reason_and_once(dba: Client, job: MaintenanceJob, shop: Scene) -> None:
    settled(a_job(shop.target, "WRONG", schedule_value="26:00"), timezone.now())
    response = dba.get("/jobs/")
    assert [row.job.job_name for row in response.context["aside"]] == ["WRONG"]
    assert names(dba) == ["NIGHTLY"]
    assert "does not end in a time of day" in text_of(response)
    assert names(dba, "state=quarantined") == ["WRONG"]
    assert "aside" not in dba.get("/jobs/?state=scheduled").context


def test_it_narrows_by_everything_that_people_ask_for(dba: Client, job: MaintenanceJob, shop: Scene) -> None:
    now = timezone.now()
    settled(a_job(shop.target, "BY_EVENT", "EVENT_DRIVEN", schedule_value="LOAD_DONE"), now)
    settled(a_job(None, "HOME_CARE", "WEEKLY", strategy_id="STATISTICS_MAINTENANCE"), now)
    settled(a_job(shop.target, "OFF", is_active=False), now)
    JobRun.objects.filter(pk=running(shop.target, step(1)).pk).update(job=job)
    a_job(shop.target, "NEW")
    home = Target.objects.get(is_home=True)
    everything = ["BY_EVENT", "HOME_CARE", "NEW", "NIGHTLY", "OFF"]
    assert names(dba) == everything
    for query, expected in (
        ("name=night", ["NIGHTLY"]),
        ("strategy=STATISTICS_MAINTENANCE", ["HOME_CARE"]),
        (f"target={shop.target.pk}", ["BY_EVENT", "NEW", "NIGHTLY", "OFF"]),
        (f"target={home.pk}", ["HOME_CARE"]),
        ("schedule=WEEKLY", ["HOME_CARE"]),
        ("state=scheduled", ["HOME_CARE", "NIGHTLY"]),
        ("state=unclocked", ["BY_EVENT"]),
        ("state=running", ["NIGHTLY"]),
        ("state=off", ["OFF"]),
        ("state=unsettled", ["NEW"]),
        ("state=quarantined", []),
    ):
        assert names(dba, query) == expected, query


@pytest.mark.parametrize(
    "query", ["state=dancing", "target=0", "target=x", "strategy=<script>", "schedule=HOURLY", "name=%00"]
)
def test_a_wrong_filter_is_named_and_shows_no_row(dba: Client, job: MaintenanceJob, query: str) -> None:
    response = dba.get(f"/jobs/?{query}")
    assert response.context["rows"] == []
    assert "Nothing is shown, because a filter is wrong" in text_of(response)


def test_the_list_is_paged_by_name(dba: Client, job: MaintenanceJob, shop: Scene) -> None:
    for number in range(60):
        a_job(shop.target, f"JOB_{number:02} & more")
    first = dba.get("/jobs/?name=JOB_")
    next_page = re.search(r'href="(\?name=JOB_&amp;after=[^"]+)"', first.content.decode())
    assert next_page is not None
    rest = dba.get("/jobs/" + next_page[1].replace("&amp;", "&"))
    assert len(first.context["rows"]) == 50
    assert [row.job.job_name for row in rest.context["rows"]] == [f"JOB_{number} & more" for number in range(50, 60)]


def test_empty_pages_name_the_next_step(dba: Client, shop: Scene) -> None:
    assert "Add the first one" in parts(dba, "/jobs/")
    assert "Show all" in parts(dba, "/jobs/?name=x")


# One job.


def test_the_page_says_why_it_does_not_run_and_who_clears_it(dba: Client, job: MaintenanceJob, shop: Scene) -> None:
    path = f"/jobs/{job.pk}/"
    holds.lift(shop.hold, Actor("anna"), timezone.now())
    assert "It is not due before" in parts(dba, path)
    MaintenanceJob.objects.filter(pk=job.pk).update(is_active=False)
    settled(job)
    assert "It is switched off." in parts(dba, path)
    MaintenanceJob.objects.filter(pk=job.pk).update(schedule_value="26:00")
    settled(job)
    text = parts(dba, path)
    assert "It was set aside: schedule_value:" in text
    assert "A DBA changes the job" in text
    assert "Its schedule cannot be read." in text
    StrategyType.objects.create(strategy_name="NOBODY_DOES_IT")
    MaintenanceJob.objects.filter(pk=job.pk).update(strategy="NOBODY_DOES_IT")
    settled(job)
    text = parts(dba, path)
    assert "There is no implementation of" in text
    assert "26:00" in text.partition("Its schedule cannot be read.")[2], (
        "the fault of the schedule, not of the strategy"
    )


def test_an_open_run_of_it_gives_its_reasons_and_the_page_is_live(
    dba: Client, job: MaintenanceJob, shop: Scene
) -> None:
    assert "hx-get" not in parts(dba, f"/jobs/{job.pk}/")
    assert dba.get(f"/jobs/{job.pk}/live/").status_code == 286
    JobRun.objects.filter(pk=shop.waiting.pk).update(job=job)
    text = parts(dba, f"/jobs/{job.pk}/")
    assert f'hx-get="/jobs/{job.pk}/live/"' in text
    assert "New work is held:" in text
    assert "Anna lifts it." in text
    assert dba.get(f"/jobs/{job.pk}/live/").status_code == 200
    JobRun.objects.filter(pk=shop.running.pk).update(job=job)
    assert "It is running" in parts(dba, f"/jobs/{job.pk}/")


def test_what_would_stand_in_the_way_is_a_sentence_and_a_word_at_each_instant(dba: Client, job: MaintenanceJob) -> None:
    text = parts(dba, f"/jobs/{job.pk}/")
    assert text.count("would not start</span> a right is missing; held") == 20
    assert "The owner of the database grants it." in text


def test_due_instants_are_in_the_readers_zone_and_on_the_jobs_clock(
    dba: Client, shop: Scene, person: Callable[..., Any]
) -> None:
    job = settled(a_job(shop.target, schedule_timezone="Asia/Tokyo", schedule_value="09:00"), timezone.now())
    assert job.next_run is not None
    text = parts(dba, f"/jobs/{job.pk}/")
    assert "In Asia/Tokyo" in text
    assert "09:00 JST" in text
    reader = person("kenji", Role.DBA)
    reader.time_zone = "Asia/Tokyo"
    reader.save()
    client = Client()
    client.force_login(reader)
    text = parts(client, f"/jobs/{job.pk}/")
    assert "09:00:00</time>" in text
    assert "In Asia/Tokyo" not in text


def test_the_dependencies_are_drawn_with_links_and_told_in_a_table(
    dba: Client, job: MaintenanceJob, shop: Scene
) -> None:
    first = a_job(shop.target, "FIRST")
    MaintenanceJob.objects.filter(pk=job.pk).update(depends_on_jobs=f"{first.pk}:failure")
    last = settled(a_job(shop.target, "LAST", depends_on_jobs=f"{job.pk}:always"), timezone.now())
    text = parts(dba, f"/jobs/{job.pk}/")
    for other in (first, last):
        assert text.count(f'href="/jobs/{other.pk}/"') == 2
    for words in ("on failure", "always", "has failed", "has ended", 'class="edge failure"', 'class="edge always"'):
        assert words in text, words
    assert "waits for no other job" in parts(dba, f"/jobs/{a_job(shop.target, 'ALONE').pk}/")


def test_the_history_links_to_all_runs_of_the_job(dba: Client, job: MaintenanceJob, shop: Scene) -> None:
    JobRun.objects.filter(pk=shop.succeeded.pk).update(job=job)
    assert f'href="/runs/?job={job.pk}"' in parts(dba, f"/jobs/{job.pk}/")
    found = dba.get(f"/runs/?job={job.pk}").context["page"].rows
    assert [run.pk for run in found] == [shop.succeeded.pk]


def test_hostile_text_stays_text(dba: Client, shop: Scene) -> None:
    job = a_job(shop.target, HOSTILE, target_object=HOSTILE, notification_recipients=HOSTILE, last_error=HOSTILE)
    other = a_job(shop.target, HOSTILE, "EVENT_DRIVEN", schedule_value=HOSTILE, depends_on_jobs=str(job.pk))
    a_job(shop.target, HOSTILE, depends_on_jobs=HOSTILE, prerequisite_checks=HOSTILE, schedule_timezone=HOSTILE)
    settled(job, timezone.now())
    for path in ("/jobs/", *(f"/jobs/{row.pk}/{end}" for row in MaintenanceJob.objects.all() for end in ("", "edit/"))):
        assert "<script>alert" not in parts(dba, path), path
    assert other.pk


def test_ten_times_the_jobs_and_runs_cost_no_more_queries(dba: Client, job: MaintenanceJob, shop: Scene) -> None:
    paths = ("/jobs/", f"/jobs/{job.pk}/", f"/jobs/{job.pk}/live/", f"/jobs/{job.pk}/edit/", "/jobs/new/", "/jobs/due/")

    def counts() -> list[int]:
        found = []
        for path in paths:
            with CaptureQueriesContext(connection) as queries:
                parts(dba, path)
            found.append(len(queries))
        return found

    def grow(number: int) -> None:
        for n in range(number):
            row = a_job(shop.target, f"JOB_{number}_{n}", depends_on_jobs=str(job.pk))
            a_job(shop.target, f"BAD_{number}_{n}", schedule_value="26:00")
            for status in (RunStatus.FAILED, RunStatus.SUCCEEDED):
                JobRun.objects.filter(pk=ended_run(shop.target, status, step(1)).pk).update(job=row)
            JobRun.objects.filter(pk=ended_run(shop.target, RunStatus.MISSED, step(1)).pk).update(job=job)
        settling.settle(timezone.now())

    grow(3)
    few = counts()
    grow(30)
    assert counts() == few
    assert max(few) <= 40


# What people do with it.


def test_running_it_by_hand_leads_to_the_plan_which_somebody_has_to_release(dba: Client, job: MaintenanceJob) -> None:
    response = dba.post(f"/jobs/{job.pk}/run/")
    run = JobRun.objects.get(job=job)
    assert response["Location"] == f"/runs/{run.pk}/"
    assert (run.is_released, run.origin, run.asked_by) == (False, "page", "anna")


def test_a_job_that_cannot_run_says_why_instead(dba: Client, shop: Scene) -> None:
    job = a_job(shop.target, job_parameters={"retries": 99})
    response = dba.post(f"/jobs/{job.pk}/run/", follow=True)
    assert "It cannot run as it stands. job_parameters: retries:" in text_of(response)
    assert not JobRun.objects.filter(job=job).exists()


def test_switching_it_off_needs_a_reason_and_is_audited(dba: Client, job: MaintenanceJob) -> None:
    path = f"/jobs/{job.pk}/switch/"
    assert "Say why" in text_of(dba.post(path, {"switch": "off", "reason": " "}, follow=True))
    assert "is switched off" in text_of(dba.post(path, {"switch": "off", "reason": "Migration"}, follow=True))
    assert "switched NIGHTLY off already" in text_of(dba.post(path, {"switch": "off", "reason": "x"}, follow=True))
    entry = AuditEntry.objects.get(action="job.switched_off")
    assert (entry.actor, entry.reason) == ("anna", "Migration")
    text = parts(dba, f"/jobs/{job.pk}/")
    assert "Migration" in text
    assert "is active: yes → no" in text


def test_its_failures_are_dealt_with_at_once(dba: Client, job: MaintenanceJob, shop: Scene) -> None:
    JobRun.objects.filter(pk=shop.failed.pk).update(job=job)
    assert "1 not handled…" in parts(dba, f"/jobs/{job.pk}/")
    assert "Say what was done" in text_of(dba.post(f"/jobs/{job.pk}/handle/", follow=True))
    response = dba.post(f"/jobs/{job.pk}/handle/", {"note": "The disk was full."}, follow=True)
    assert "about 1 run was noted" in text_of(response)
    assert "not handled…" not in text_of(response)
    shop.failed.refresh_from_db()
    assert shop.failed.handled_note == "The disk was full."


# Adding and changing.


def test_a_job_is_added_audited_and_settled_by_the_next_tick(dba: Client, shop: Scene) -> None:
    assert "Continue" in parts(dba, "/jobs/new/")
    page = dba.get(f"/jobs/new/?target={shop.target.pk}&strategy=INDEX_MAINTENANCE&object=orders")
    assert page.context["form"]["target_object"].value() == "orders"
    sent = values(page) | {
        "job_name": "MINE",
        "schedule_value": "03:30",
        "parameter-retries": "4",
        "checks": ["WRITABLE"],
    }
    response = dba.post("/jobs/new/", sent)
    job = MaintenanceJob.objects.get(job_name="MINE")
    assert response["Location"] == f"/jobs/{job.pk}/"
    assert (job.target_object, job.job_parameters, job.created_by) == ("orders", {"retries": 4}, "anna")
    assert AuditEntry.objects.get(action="job.added").after["schedule_value"] == "03:30"
    assert "read anew" in parts(dba, f"/jobs/{job.pk}/") or "clock does not tick" in parts(dba, f"/jobs/{job.pk}/")
    now = timezone.now()
    tasks.tick(now)
    job.refresh_from_db()
    assert job.next_run is not None
    assert (job.is_settled, job.quarantined_at, f"{job.next_run:%H:%M}") == (True, None, "03:30")


def test_a_change_is_audited_with_before_and_after_and_shown(dba: Client, job: MaintenanceJob) -> None:
    page = dba.get(f"/jobs/{job.pk}/edit/")
    response = dba.post(f"/jobs/{job.pk}/edit/", values(page) | {"schedule_value": "04:15"}, follow=True)
    entry = AuditEntry.objects.get(action="job.changed")
    assert (entry.before, entry.after) == ({"schedule_value": None}, {"schedule_value": "04:15"})
    text = text_of(response)
    assert "NIGHTLY is changed." in text
    assert "schedule value: – → 04:15" in text
    tasks.tick(timezone.now())
    job.refresh_from_db()
    assert job.next_run is not None
    assert f"{job.next_run:%H:%M}" == "04:15"


def test_saving_what_nobody_changed_changes_nothing(dba: Client, job: MaintenanceJob) -> None:
    response = dba.post(f"/jobs/{job.pk}/edit/", values(dba.get(f"/jobs/{job.pk}/edit/")), follow=True)
    assert "stays as it was" in text_of(response)
    assert not AuditEntry.objects.filter(action="job.changed").exists()


@pytest.mark.parametrize("version", [None, "", "x" * 64])
def test_what_another_changed_meanwhile_is_not_overwritten(
    dba: Client, job: MaintenanceJob, version: str | None
) -> None:
    sent = values(dba.get(f"/jobs/{job.pk}/edit/")) | {"schedule_value": "04:15"}
    if version is not None:
        sent["version"] = version
    MaintenanceJob.objects.filter(pk=job.pk).update(target_object="orders")
    response = dba.post(f"/jobs/{job.pk}/edit/", sent)
    assert response.status_code == 422
    assert "was changed while this form was open. Nothing was saved" in text_of(response)
    job.refresh_from_db()
    assert (job.schedule_value, job.target_object) == (None, "orders")


def test_a_wrong_value_stands_at_its_field_and_nothing_is_saved(dba: Client, job: MaintenanceJob) -> None:
    sent = values(dba.get(f"/jobs/{job.pk}/edit/")) | {"schedule_value": "26:00", "parameter-retries": "99"}
    response = dba.post(f"/jobs/{job.pk}/edit/", sent)
    assert response.status_code == 422
    assert set(response.context["form"].errors) == {"parameter-retries"}
    assert 'id="id_parameter-retries_error"' in response.content.decode()
    assert '<details id="shared" open>' in response.content.decode(), "the field that is wrong is not hidden"
    sent["parameter-retries"] = "1"
    text = text_of(dba.post(f"/jobs/{job.pk}/edit/", sent))
    assert "does not end in a time of day" in text
    job.refresh_from_db()
    assert job.job_parameters is None


def test_checking_judges_and_saves_nothing(dba: Client, job: MaintenanceJob) -> None:
    sent = values(dba.get(f"/jobs/{job.pk}/edit/")) | {"schedule_value": "04:15", "check": "1"}
    del sent["save"]
    response = dba.post(f"/jobs/{job.pk}/edit/", sent)
    assert "Nothing is wrong with it. It is not saved yet." in text_of(response)
    assert "Every day at 04:15" in text_of(response)
    job.refresh_from_db()
    assert job.schedule_value is None


def test_another_strategy_is_shown_with_its_parameters_before_it_is_saved(dba: Client, job: MaintenanceJob) -> None:
    sent = values(dba.get(f"/jobs/{job.pk}/edit/")) | {"strategy": "STATISTICS_MAINTENANCE", "job_name": "RENAMED"}
    response = dba.post(f"/jobs/{job.pk}/edit/", sent)
    assert response.status_code == 200
    assert "Nothing is saved yet." in text_of(response)
    assert response.context["form"]["job_name"].value() == "RENAMED", "what was typed is kept"
    job.refresh_from_db()
    assert job.strategy_id == "INDEX_MAINTENANCE"
    dba.post(f"/jobs/{job.pk}/edit/", values(response))
    job.refresh_from_db()
    assert (job.strategy_id, job.job_name) == ("STATISTICS_MAINTENANCE", "RENAMED")


def test_more_rows_for_other_jobs_come_on_demand(dba: Client, job: MaintenanceJob) -> None:
    sent = values(dba.get(f"/jobs/{job.pk}/edit/")) | {"depends-0-job": "1", "depends-1-job": "2", "draw": "1"}
    del sent["save"]
    assert len(dba.post(f"/jobs/{job.pk}/edit/", sent).context["form"].depends) == 4


def test_a_set_aside_job_says_on_its_form_why(dba: Client, shop: Scene) -> None:
    job = settled(a_job(shop.target, job_parameters={"operation": "MAINTAIN"}), timezone.now())
    text = parts(dba, f"/jobs/{job.pk}/edit/")
    assert "It was set aside. job_parameters: operation: is not a parameter" in text
    assert "&quot;operation&quot;: &quot;MAINTAIN&quot;" in text


def test_the_form_is_drawn_for_the_configuration_of_its_place(dba: Client, shop: Scene) -> None:
    a_config(shop.target, batch_size=25, schedule_timezone="Asia/Tokyo")
    page = dba.get(f"/jobs/new/?target={shop.target.pk}&strategy=INDEX_MAINTENANCE")
    assert page.context["preview"].zone == "Asia/Tokyo"
    assert 'placeholder="As configured: 25"' in page.content.decode()
    StrategyConfig.objects.all().delete()


def test_a_schedule_is_previewed_while_it_is_typed(dba: Client, shop: Scene) -> None:
    a_config(shop.target, schedule_expression="*/15 * * * *", schedule_timezone="Europe/Berlin")
    place = {"target": shop.target.pk, "strategy": "INDEX_MAINTENANCE", "target_object": "ALL", "target_type": "TABLE"}
    for typed, words in (
        ({"schedule_type": "WEEKLY", "schedule_value": "SUNDAY 02:30"}, "Every Sunday at 02:30"),
        ({"schedule_type": "CUSTOM"}, "Every 15 minutes"),
        ({"schedule_type": "DAILY", "schedule_timezone": "Nowhere/City"}, "Nowhere/City is no time zone"),
        ({"schedule_type": "EVENT_DRIVEN"}, "needs the name of its event"),
        ({}, "no meaning here"),
        ({"schedule_type": "DAILY", "schedule_value": "<script>"}, "&lt;SCRIPT&gt;"),
    ):
        response = dba.get("/jobs/due/", {**place, **typed})
        assert words in text_of(response), typed
    with_config = dba.get("/jobs/due/", {**place, "schedule_type": "DAILY"})
    assert with_config.context["preview"].zone == "Europe/Berlin"
    assert len(with_config.context["preview"].times) == 5


GARBAGE = ("", "0", "-1", "x", "9" * 30, "\x00", "💥", "<script>", "' OR 1=1 --", "%00", "null", "{", "a" * 5000)


def test_whatever_is_typed_gets_an_answer(dba: Client, job: MaintenanceJob) -> None:
    dba.raise_request_exception = True
    drawn = values(dba.get(f"/jobs/{job.pk}/edit/"))
    for value in GARBAGE:
        everything = dict.fromkeys(
            [*drawn, "name", "state", "schedule", "after", "before", "object", "parameters_as_typed"], value
        )
        for path in ("/jobs/", "/jobs/new/", "/jobs/due/", f"/jobs/{job.pk}/edit/"):
            assert dba.get(path, everything).status_code < 500, (path, value)
        for path in ("/jobs/new/", *(path.format(pk=job.pk) for path in (*ACTIONS, "/jobs/{pk}/edit/"))):
            assert dba.post(path, everything).status_code < 500, (path, value)
        kept = {name: drawn[name] for name in ("target", "strategy", "drawn_for", "save")}
        assert dba.post(f"/jobs/{job.pk}/edit/", everything | kept).status_code in (302, 422), value
    job.refresh_from_db()
    assert job.strategy_id == "INDEX_MAINTENANCE"


def test_a_run_that_is_soon_due_makes_the_page_live(dba: Client, job: MaintenanceJob) -> None:
    MaintenanceJob.objects.filter(pk=job.pk).update(next_run=timezone.now() + timedelta(seconds=90))
    assert "hx-get" in parts(dba, f"/jobs/{job.pk}/")
