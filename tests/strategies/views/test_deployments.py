"""A deployment through the pages that every run has: asked for by hand, shown as exact statements, its drift as a finding."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from strategies import needs, runs, settling
from strategies.models import Deployment, Finding, JobRun, MaintenanceJob, StrategyType, Target, Tenant, User
from strategies.successors import undo
from tests.generated import ANNA, DEPLOYMENT, NAME, carried_out, deployed, home, kept, planned, registration
from tests.pages import text_of

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def dba(client: Client, person: Callable[..., User]) -> Client:
    client.force_login(person("dora", "DBA"))
    return client


def asked(client: Client, target: Target, /, **parameters: Any) -> Any:
    typed = {f"parameter-{name}": str(value) for name, value in parameters.items()}
    data = {"target_object": "ALL", "timeout_minutes": "60", **typed}
    return client.post(f"/runs/new/?target={target.pk}&strategy={DEPLOYMENT}", data)


def a_job(target: Target) -> dict[str, Any]:
    """What the form of a job is sent that deploys the strategy each day."""
    return {
        "target": target.pk, "strategy": DEPLOYMENT, "drawn_for": DEPLOYMENT, "save": "1", "job_name": "x", "target_object": "ALL",
        "target_type": "DATABASE", "job_type": "MAINTENANCE", "schedule_type": "DAILY", "start_within_minutes": "60",
        "when_late": "SKIP", "max_parallel_degree": "1", "parameter-strategy": NAME,
    }  # fmt: skip


def job_of(parameters: dict[str, Any], target: Target | None = None) -> MaintenanceJob:
    StrategyType.objects.get_or_create(strategy_name=DEPLOYMENT)
    return MaintenanceJob.objects.create(
        strategy_id=DEPLOYMENT, job_name="x", job_type_id="MAINTENANCE", schedule_type_id="ON_DEMAND", target_object="ALL",
        target_type_id="DATABASE", job_parameters=parameters, target=target,
    )  # fmt: skip


def test_a_version_is_planned_by_hand_and_shown_statement_by_statement(dba: Client) -> None:
    target = home()
    kept()
    assert asked(dba, target, strategy=NAME).status_code == 302
    run = JobRun.objects.latest("pk")
    assert runs.plan(run, timezone.now()), run.message
    text = text_of(dba.get(f"/runs/{run.pk}/"))
    assert "INSERT INTO generic_strategy_types (strategy_name" in text
    assert '<dt>Version</dt> <dd class="num">1</dd>' in " ".join(text.split())
    carried_out(run)
    assert MaintenanceJob.objects.filter(strategy=NAME).count() == 2


def test_what_differs_stands_on_the_page_of_the_database_with_what_a_run_would_do(dba: Client) -> None:
    target = home()
    kept()
    deployed(target, strategy=NAME)
    MaintenanceJob.objects.filter(job_name="first").update(schedule_type="DAILY")
    assessment = needs.ask_assessment(ANNA, target, DEPLOYMENT, timezone.now(), wake=False)
    assert needs.assess(assessment) is not None
    text = text_of(dba.get(f"/databases/{target.pk}/"))
    assert f"Job first of {NAME} differs from version 1 in 1 column." in text
    assert "What differs" in text


def looked(target: Target) -> None:
    assert needs.assess(needs.ask_assessment(ANNA, target, DEPLOYMENT, timezone.now(), wake=False)) is not None


def test_the_page_of_a_version_says_what_the_last_look_found_of_it_where_it_is(dba: Client) -> None:
    target, version = home(), kept()
    page = f"/versions/{version.pk}/"

    def told() -> str:
        text = " ".join(text_of(dba.get(page)).split())
        return text.partition("<dt>Deployed</dt>")[2].partition("</dd>")[0]

    assert "nowhere that is known" in told()
    looked(target)
    deployed(target, strategy=NAME)
    assert "Not compared since" in told()  # the look was before
    looked(target)
    assert "As it was generated" in told()
    kept(registration("OTHER_CARE"))
    deployed(target, strategy="OTHER_CARE")
    MaintenanceJob.objects.filter(strategy="OTHER_CARE").update(schedule_type="DAILY")
    looked(target)
    assert "As it was generated" in told()  # what differs is another's
    MaintenanceJob.objects.filter(strategy=NAME, job_name="first").update(schedule_type="DAILY")
    MaintenanceJob.objects.filter(strategy=NAME, job_name="second").delete()
    looked(target)
    assert "2 differences" in told()
    assert f'href="/databases/{target.pk}/#h-{DEPLOYMENT}"' in told()


def test_what_differs_is_counted_by_what_it_is_and_not_by_its_name(dba: Client) -> None:
    target, version = home(), kept()
    shop = Target.objects.create(name="shop", platform="sqlite", url="sqlite:////x.db", tenant=target.tenant)
    deployed(target, strategy=NAME, target="shop")
    newer = kept(registration(strategy={"strategy_name": NAME, "description": "Looks after more."}))
    deployed(target, strategy=NAME)
    MaintenanceJob.objects.filter(target=shop).update(schedule_type="DAILY")
    StrategyType.objects.filter(strategy_name=NAME).update(description="Somebody typed this.")
    looked(target)
    Target.objects.filter(pk=shop.pk).update(name="the shop")
    assert "2 differences" in text_of(dba.get(f"/versions/{version.pk}/"))  # its jobs for the shop
    assert "1 difference<" in text_of(
        dba.get(f"/versions/{newer.pk}/")
    )  # the registry's row, which has what the newest says
    Finding.objects.update(evidence={"deployed_version": 1, "row": "?"})  # as SQL may
    assert "As it was generated" in text_of(dba.get(f"/versions/{version.pk}/"))


def test_what_a_look_leaves_out_is_not_said_to_be_as_it_was_generated(dba: Client, theirs: Target) -> None:
    target, version = home(), kept()
    deployed(target, strategy=NAME, target="theirs")
    User.objects.get(username="dora").tenants.add(theirs.tenant)
    MaintenanceJob.objects.filter(target=theirs).delete()
    looked(target)
    text = text_of(dba.get(f"/versions/{version.pk}/"))
    assert "Compared only when it is deployed there: it is for another tenant than home" in text
    assert "As it was generated" not in text


def test_who_changes_the_schedule_of_a_job_chooses_no_version(client: Client, person: Callable[..., User]) -> None:
    home()
    other = Tenant.objects.create(name="Other")
    shop = Target.objects.create(name="shop", platform="sqlite", url="sqlite:////x.db", tenant=other)
    theo = person("theo", "DBA")
    theo.tenants.set([other])
    client.force_login(theo)
    yard = Target.objects.create(name="yard", platform="sqlite", url="sqlite:////y.db", tenant=other)
    row = job_of({"strategy": NAME, "version": 1}, target=shop)
    data = {
        **a_job(shop),
        "parameter-version": "1",
        "version": client.get(f"/jobs/{row.pk}/edit/").context["form"]["version"].value(),
    }
    response = client.post(f"/jobs/{row.pk}/edit/", {**data, "parameter-version": "2"})
    assert f"You see no version of {NAME}" in response.context["form"].errors["parameter-strategy"][0]
    response = client.post(f"/jobs/{row.pk}/edit/", {**data, "target": yard.pk})
    assert f"You see no version of {NAME}" in response.context["form"].errors["parameter-strategy"][0]
    answer = client.post(f"/jobs/{row.pk}/edit/", data)
    assert answer.status_code == 302, answer.context["form"].errors
    row.refresh_from_db()
    assert row.schedule_type_id == "DAILY"


def test_the_page_of_a_version_asks_no_more_where_it_is_in_more_places(dba: Client) -> None:
    target, version = home(), kept()
    deployed(target, strategy=NAME)
    looked(target)

    def asked_for() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert dba.get(f"/versions/{version.pk}/").status_code == 200
        return len(queries)

    asked_for()
    before = asked_for()
    for number in range(3):
        shop = Target.objects.create(
            name=f"shop{number}", platform="sqlite", url=f"sqlite:////{number}.db", tenant=target.tenant
        )
        deployed(target, strategy=NAME, target=shop.name)
    looked(target)
    assert asked_for() == before
    assert text_of(dba.get(f"/versions/{version.pk}/")).count("As it was generated") == 4


def test_another_tenants_database_is_none_that_a_version_could_be_deployed_for(dba: Client) -> None:
    target = home()
    kept()
    other = Tenant.objects.create(name="Other")
    Target.objects.create(name="theirs", platform="sqlite", url="sqlite:////x.db", tenant=other)
    response = asked(dba, target, strategy=NAME, target="theirs")
    assert response.status_code == 422
    assert "There is no database theirs." in text_of(response)
    assert not JobRun.objects.exists()
    data = {**a_job(target), "parameter-target": "theirs"}
    response = dba.post("/jobs/new/", data)
    assert response.status_code == 422
    assert "There is no database theirs." in text_of(response)


@pytest.mark.parametrize(
    ("typed", "field", "why"),
    [
        (
            {"strategy": "NO_SUCH"},
            "strategy",
            "You see no version of NO_SUCH; a strategy has one once it was generated.",
        ),
        ({"strategy": NAME, "version": 7}, "version", f"There is no version 7 of {NAME}; the newest is 1."),
        ({"strategy": NAME, "target": "nowhere"}, "target", "There is no database nowhere."),
    ],
)
def test_what_is_not_there_is_refused_at_its_field_before_anything_is_kept(
    dba: Client, typed: dict[str, Any], field: str, why: str
) -> None:
    target = home()
    kept()
    response = asked(dba, target, **typed)
    assert response.status_code == 422
    assert response.context["form"].errors == {f"parameter-{field}": [why]}
    assert not JobRun.objects.exists()


def test_a_version_that_has_nothing_for_a_database_is_refused_there(dba: Client) -> None:
    home()
    shop = Target.objects.create(
        name="shop", platform="sqlite", url="sqlite:////x.db", tenant=Tenant.objects.get(name="Main")
    )
    kept()
    response = asked(dba, shop, strategy=NAME)
    assert response.status_code == 422
    assert f"Version 1 of {NAME} has nothing for shop" in response.context["form"].errors["parameter-strategy"][0]
    response = asked(dba, shop, strategy=NAME, target="home")
    assert response.context["form"].errors == {
        "parameter-target": [
            "Only home keeps what is for another database than itself, and shop is not home: deploy to home."
        ]
    }


def test_who_does_not_see_home_deploys_none_of_its_versions(client: Client, person: Callable[..., User]) -> None:
    home()
    kept()
    other = Tenant.objects.create(name="Other")
    shop = Target.objects.create(name="shop", platform="sqlite", url="sqlite:////x.db", tenant=other)
    theirs = person("theo", "DBA")
    theirs.tenants.set([other])
    client.force_login(theirs)
    response = asked(client, shop, strategy=NAME)
    assert response.status_code == 422
    assert "You see no version of" in response.context["form"].errors["parameter-strategy"][0]


def test_a_job_brings_a_version_that_somebody_has_chosen(dba: Client) -> None:
    target = home()
    kept()
    data = {**a_job(target), "is_active": "on"}
    response = dba.post("/jobs/new/", data)
    assert response.status_code == 422
    assert "A job names the version by its number" in text_of(response)
    assert "parameter-version" in response.context["form"].errors
    response = dba.post("/jobs/new/", {**data, "parameter-version": "2"})
    assert response.context["form"].errors == {
        "parameter-version": [f"There is no version 2 of {NAME}; the newest is 1."]
    }
    assert dba.post("/jobs/new/", {**data, "parameter-version": "1"}).status_code == 302
    MaintenanceJob.objects.update(job_parameters={"strategy": NAME}, is_settled=False)  # as SQL may
    assert settling.settle(timezone.now()) == 1
    assert MaintenanceJob.objects.get().quarantine_reason == (
        "job_parameters: version: A job names the version by its number, since the newest may be another one whenever it runs."
    )


@pytest.fixture
def theirs(dba: Client) -> Target:
    """A database of a tenant that the one who is signed in does not belong to."""
    other = Tenant.objects.create(name="Other")
    return Target.objects.create(name="theirs", platform="sqlite", url="sqlite:////x.db", tenant=other)


def test_a_run_for_another_tenants_database_is_none_of_theirs_who_see_home_alone(dba: Client, theirs: Target) -> None:
    target = home()
    kept()
    done = deployed(target, strategy=NAME, target="theirs")
    asked_for = planned(target, strategy=NAME, target="theirs")
    for run in (done, asked_for, undo(done, ANNA, timezone.now())):
        assert run.place == theirs
        assert dba.get(f"/runs/{run.pk}/").status_code == 404
        for what in ("release", "undo", "retry", "resume"):
            assert dba.post(f"/runs/{run.pk}/{what}/", {"digest": run.plan_digest}).status_code == 404
    assert JobRun.objects.count() == 3
    assert "theirs" not in text_of(dba.get("/runs/"))
    assert "theirs" not in text_of(dba.get("/operations/"))
    dora = User.objects.get(username="dora")
    assert not Deployment.objects.visible_to(dora).exists()
    dora.tenants.add(theirs.tenant)
    assert dba.get(f"/runs/{done.pk}/").status_code == 200
    assert "for theirs" in text_of(dba.get("/operations/"))
    assert Deployment.objects.visible_to(dora).count() == 1


def test_what_differs_for_another_tenants_database_is_neither_found_on_home_nor_put_back_there(
    dba: Client, theirs: Target
) -> None:
    target = home()
    kept()
    deployed(target, strategy=NAME)
    deployed(target, strategy=NAME, target="theirs")
    kept(registration(strategy={"strategy_name": NAME, "description": "Looks after more."}))
    deployed(target, strategy=NAME, target="theirs")
    MaintenanceJob.objects.filter(job_name="first").update(schedule_type="DAILY")
    assert needs.assess(needs.ask_assessment(ANNA, target, DEPLOYMENT, timezone.now(), wake=False)) is not None
    assert "theirs" not in text_of(dba.get(f"/databases/{target.pk}/"))
    # Nor is the registry's row, which has what their newer version says, put back to what home's own says.
    assert [step.object for step in runs.plan_of(planned(target)).steps] == [f"job first of {NAME}"]


def test_a_job_is_not_run_by_hand_for_a_database_that_the_person_does_not_see(dba: Client, theirs: Target) -> None:
    home()
    kept()
    row = job_of({"strategy": NAME, "version": 1, "target": "theirs"})
    response = dba.post(f"/jobs/{row.pk}/run/", follow=True)
    assert "What it brings is for a database that you do not see." in text_of(response)
    assert not JobRun.objects.exists()
    User.objects.get(username="dora").tenants.add(theirs.tenant)
    dba.post(f"/jobs/{row.pk}/run/")
    assert JobRun.objects.get().place == theirs


@pytest.mark.parametrize("typed", [{"version": 3}, {"target": "home"}, {"strategy": "X" * 51}])
def test_parameters_that_mean_nothing_are_refused_by_the_form(dba: Client, typed: dict[str, Any]) -> None:
    assert asked(dba, home(), **typed).status_code == 422
    assert not JobRun.objects.exists()


def test_the_manual_page_tells_the_bounds_of_texts(dba: Client) -> None:
    text = text_of(dba.get(f"/strategies/{DEPLOYMENT}/"))
    assert "at most 50 characters" in text
