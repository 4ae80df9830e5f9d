"""Strategies that are packages in a database, on the pages: planned and made jobs of like any other, with what the package gets."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from strategies.models import JobRun, MaintenanceJob, StrategyType, Target
from tests.pages import Scene, text_of
from tests.strategies.platforms.oracle.conftest import sales

__all__ = ["sales"]
JOB = {
    "job_name": "NIGHTLY", "job_type": "MAINTENANCE", "schedule_type": "ON_DEMAND", "schedule_value": "", "schedule_timezone": "",
    "target_object": "ORDERS", "target_type": "TABLE", "max_parallel_degree": "1", "start_within_minutes": "60",
    "when_late": "SKIP", "is_active": "on", "save": "",
}  # fmt: skip


@pytest.fixture
def app(sales: Target, shop: Scene) -> Target:
    """Packages for a strategy that only it has, and for one that the portal has, too."""
    packages = {"MY_STRATEGY": "APP.MY_STRATEGY_PKG", "INDEX_MAINTENANCE": "APP.INDEX_MAINTENANCE_PKG"}
    Target.objects.filter(pk=sales.pk).update(facts={"packages": packages, "details": {}})
    StrategyType.objects.create(strategy_name="MY_STRATEGY", strategy_type="MAINTENANCE", category="DATABASE")
    sales.refresh_from_db()
    return sales


def planning(client: Client, app: Target, strategy: str, **typed: str) -> Any:
    fields = {
        "target_object": "ORDERS",
        "timeout_minutes": "60",
        **{name.replace("__", "-"): value for name, value in typed.items()},
    }
    return client.post(f"/runs/new/?target={app.pk}&strategy={strategy}", fields)


def test_a_run_of_a_package_is_asked_for_with_what_it_gets(dba: Client, app: Target) -> None:
    page = text_of(dba.get(f"/runs/new/?target={app.pk}&strategy=MY_STRATEGY"))
    assert "MY_STRATEGY (package)" in page
    assert "Parameters of the package" in page
    assert "Manual page" not in page
    assert (
        planning(dba, app, "MY_STRATEGY", for__package='{"operation": "MAINTAIN"}', parameter__retries="0").status_code
        == 302
    )
    run = JobRun.objects.latest("pk")
    assert (run.strategy_name, run.target_object, run.parameters["operation"], run.parameters["retries"]) == (
        "MY_STRATEGY", "ORDERS", "MAINTAIN", 0,
    )  # fmt: skip
    assert run.parameters["implementation"] == "package"
    shown = text_of(dba.get(f"/runs/{run.pk}/"))
    assert "MAINTAIN" in shown


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("not JSON", "cannot be read as JSON"), ("[1]", "Expected a JSON object"), ('{"retries": 1}', "retries has a field of its own"),
        ('{"x": "' + "y" * 5000 + '"}', "longer than 4000"),
    ],
)  # fmt: skip
def test_what_no_package_can_get_is_refused_at_its_field(dba: Client, app: Target, typed: str, words: str) -> None:
    before = JobRun.objects.count()
    refused = planning(dba, app, "MY_STRATEGY", for__package=typed, parameter__retries="0")
    assert refused.status_code == 422
    assert words in str(refused.context["form"].errors["for-package"])
    assert JobRun.objects.count() == before


def test_where_both_can_do_it_the_person_chooses(dba: Client, app: Target) -> None:
    page = text_of(dba.get(f"/runs/new/?target={app.pk}&strategy=INDEX_MAINTENANCE"))
    assert "The package APP.INDEX_MAINTENANCE_PKG" in page
    planning(dba, app, "INDEX_MAINTENANCE")
    assert "implementation" not in JobRun.objects.latest("pk").parameters
    planning(dba, app, "INDEX_MAINTENANCE", parameter__implementation="package", for__package='{"online": true}')
    assert JobRun.objects.latest("pk").parameters["online"] is True
    mixed = planning(dba, app, "INDEX_MAINTENANCE", for__package='{"online": true}')
    assert "the portal&#x27;s own implementation is chosen" in str(mixed.context["form"].errors["for-package"])


def test_a_database_without_the_package_offers_none(dba: Client, app: Target, shop: Scene) -> None:
    assert "MY_STRATEGY" not in text_of(dba.get(f"/runs/new/?target={shop.target.pk}"))
    assert "MY_STRATEGY" in text_of(dba.get(f"/runs/new/?target={app.pk}"))
    assert "form" not in dba.get(f"/runs/new/?target={shop.target.pk}&strategy=MY_STRATEGY").context


def saving(client: Client, app: Target, strategy: str, path: str = "/jobs/new/", **typed: str) -> Any:
    fields = {name.replace("__", "-"): value for name, value in typed.items()}
    drawn = client.get(f"{path}?target={app.pk}&strategy={strategy}").context["form"]
    kept = {
        field.html_name: field.value()
        for field in drawn
        if isinstance(field.value(), (str, int)) and field.value() is not True
    }
    return client.post(
        path, {**kept, **JOB, "target": str(app.pk), "strategy": strategy, "drawn_for": strategy, **fields}
    )


def test_a_job_of_a_package_keeps_what_it_gets(dba: Client, app: Target) -> None:
    response = saving(dba, app, "MY_STRATEGY", parameters_as_typed='{"operation": "MAINTAIN"}')
    assert response.status_code == 302, response.context["form"].errors
    job = MaintenanceJob.objects.get(job_name="NIGHTLY")
    assert (job.strategy_id, job.job_parameters, job.target) == ("MY_STRATEGY", {"operation": "MAINTAIN"}, app)
    drawn = dba.get(f"/jobs/{job.pk}/edit/").context["form"]
    assert "MAINTAIN" in str(drawn["parameters_as_typed"].value())
    assert "operation" in text_of(dba.get(f"/jobs/{job.pk}/"))


def test_a_job_may_choose_the_package_and_keeps_that_choice(dba: Client, app: Target) -> None:
    response = saving(
        dba, app, "INDEX_MAINTENANCE", parameter__implementation="package", parameters_as_typed='{"online": false}'
    )
    assert response.status_code == 302, response.context["form"].errors
    job = MaintenanceJob.objects.get(job_name="NIGHTLY")
    assert job.job_parameters == {"implementation": "package", "online": False}
    assert dba.get(f"/jobs/{job.pk}/edit/").context["form"]["parameter-implementation"].value() == "package"
    Target.objects.filter(pk=app.pk).update(facts={"packages": {}, "details": {}})
    drawn = dba.get(f"/jobs/{job.pk}/edit/").context["form"]
    assert "implementation" in str(drawn["parameters_as_typed"].value())  # it is not lost where its field is gone


def test_what_neither_takes_is_refused_before_it_is_saved(dba: Client, app: Target) -> None:
    refused = saving(dba, app, "INDEX_MAINTENANCE", parameters_as_typed='{"online": false}')
    assert refused.status_code == 422
    assert "online: is not a parameter" in str(refused.context["form"].errors)
    assert not MaintenanceJob.objects.filter(job_name="NIGHTLY").exists()
