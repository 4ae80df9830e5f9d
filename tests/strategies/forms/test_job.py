"""The form of a job: every wrong value is refused at its field, and what SQL typed is kept and shown."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.http import QueryDict

from strategies.forms.job import JobForm
from strategies.forms.parameters import PREFIX
from strategies.models import MaintenanceJob, StrategyConfig, Target, User
from tests import scripted
from tests.jobs import a_config, a_job
from tests.pages import HOSTILE

pytestmark = pytest.mark.django_db


@pytest.fixture
def anna(person: Callable[..., User]) -> User:
    return person("anna", "DBA")


@pytest.fixture
def form(anna: User, sqlite_target: Target) -> Callable[..., JobForm]:
    """What comes of sending these values, over those that the form was drawn with."""

    def send(
        job: MaintenanceJob | None = None, on: Target = sqlite_target, config: StrategyConfig | None = None,
        does: str = "INDEX_MAINTENANCE", **values: Any,
    ) -> JobForm:  # fmt: skip
        place: dict[str, Any] = {"user": anna, "target": on, "strategy": does, "job": job, "config": config}
        return JobForm(as_sent(JobForm(**place), {"job_name": job.job_name if job else "NIGHTLY", **values}), **place)

    return send


def as_sent(drawn: JobForm, values: dict[str, Any]) -> QueryDict:
    """What a browser sends back of a form as it was drawn, but for some values."""
    sent = QueryDict(mutable=True)
    for name in drawn.fields:
        value = values.get(name, drawn[name].value())
        if isinstance(value, (list, tuple)):
            sent.setlist(name, list(value))
        elif value is not False:
            sent[name] = "on" if value is True else "" if value is None else str(value)
    for name in values.keys() - drawn.fields.keys():
        sent[name] = values[name]
    return sent


def row(form: JobForm) -> MaintenanceJob:
    assert form.is_valid(), form.errors
    return form.saved


# What is wrong is named at its field.


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("job_name", ""),
        ("job_name", "a\u202eb"),
        ("job_name", "x" * 129),
        ("target", "999999"),
        ("strategy", "COMPLIANCE_MAINTENANCE"),
        ("strategy", "DANCE"),
        ("target_object", " "),
        ("target_object", "a\x00b"),
        ("target_type", "PLANET"),
        ("job_type", ""),
        ("schedule_type", "HOURLY"),
        ("schedule_value", "26:00"),
        ("schedule_value", "SUNDAY 02:00"),
        ("schedule_value", "x" * 101),
        ("schedule_timezone", "Nowhere/City"),
        ("start_within_minutes", "0"),
        ("start_within_minutes", "10081"),
        ("start_within_minutes", "soon"),
        ("when_late", "SOMETIMES"),
        ("max_parallel_degree", "0"),
        ("max_parallel_degree", "65"),
        ("limit-max_duration_seconds", "0"),
        ("limit-max_duration_seconds", "604801"),
        ("limit-lock_wait_seconds", "3601"),
        ("limit-memory_mb", "x"),
        ("limit-max_database_seconds", "0"),
        ("limit-max_io_operations", "1e3"),
        ("limit-max_lock_seconds", "604801"),
        (PREFIX + "retries", "11"),
        (PREFIX + "bloat_percent", "nan"),
        (PREFIX + "repair_invalid", "perhaps"),
        ("checks", ["MOON_PHASE"]),
        ("depends-0-job", "4711"),
        ("depends-0-job", "NO_SUCH_JOB"),
        ("depends-1-job", HOSTILE),
        ("depends-0-job", "9" * 30),
        ("depends-0-on", "sometimes"),
        ("notification_recipients", "anna@example.com, anna"),
        ("notification_recipients", "<script>@x"),
    ],
)
def test_a_wrong_value_is_refused_at_its_field_and_no_other(
    form: Callable[..., JobForm], field: str, value: Any
) -> None:
    sent = form(**{field: value})
    assert not sent.is_valid()
    assert set(sent.errors) == {field}


def test_whoever_has_a_mail_address_and_may_know_is_told_by_user_name(
    form: Callable[..., JobForm], person: Callable[..., User]
) -> None:
    for name, role, tenant in (("rita", "DBA", "Main"), ("olga", "DBA", "Other"), ("stan", "stakeholder", "Main")):
        person(name, role, tenant=tenant)
        User.objects.filter(username=name).update(email=f"{name}@example.org")
    person("nomail", "DBA")
    sent = form(notification_recipients="Rita; ops@example.org")
    assert sent.is_valid(), sent.errors
    assert sent.cleaned_data["notification_recipients"] == "Rita, ops@example.org"
    for text, why in (
        ("nomail", "nomail has no mail address."),
        ("olga", "olga is somebody who may not see this database."),
        ("olga@example.org", "olga@example.org is somebody who may not see this database."),
        ("stan", "stan is somebody who may not see this database."),
    ):
        assert form(notification_recipients=text).errors == {"notification_recipients": [why]}


def test_everything_wrong_is_named_at_once(form: Callable[..., JobForm]) -> None:
    wrong = {"job_name": "", "start_within_minutes": "x", PREFIX + "retries": "99", "depends-0-job": "4711"}
    assert set(form(**wrong).errors) == set(wrong)


def test_a_schedule_that_needs_a_value_says_so(form: Callable[..., JobForm]) -> None:
    for kind in ("EVENT_DRIVEN", "CUSTOM"):
        assert set(form(schedule_type=kind).errors) == {"schedule_value"}


def test_a_limit_that_the_platform_cannot_keep_is_refused_at_its_field(
    form: Callable[..., JobForm], sqlite_target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    scripted.install(monkeypatch, scripted.World())
    target = Target.objects.create(name="odd", platform="scripted", url="scripted://x", tenant=sqlite_target.tenant)
    for others in ({}, {"limit-max_lock_seconds": "5"}):
        sent = form(on=target, does="CLEANUP_MAINTENANCE", **{"limit-memory_mb": "64"}, **others)
        assert sent.errors == {"limit-memory_mb": ["memory_mb cannot be held: Scripted knows no memory."]}


def test_jobs_that_would_wait_for_each_other_are_refused(form: Callable[..., JobForm], sqlite_target: Target) -> None:
    one = a_job(sqlite_target, "ONE")
    two = a_job(sqlite_target, "TWO", depends_on_jobs=str(one.pk))
    sent = form(one, **{"depends-0-job": str(two.pk)})
    assert f"{one.pk} → {two.pk} → {one.pk}" in sent.errors["depends-0-job"][0]
    assert "depends-0-job" in form(one, **{"depends-0-job": str(one.pk)}).errors


def test_a_fault_of_the_configuration_stands_above_the_form(
    form: Callable[..., JobForm], sqlite_target: Target
) -> None:
    config = a_config(sqlite_target, strategy_config={"bloat_percent": 1})
    sent = form(config=config)
    assert set(sent.errors) == {"__all__"}
    assert sent.errors["__all__"][0].startswith("strategy_config: bloat_percent: ")


# What is right becomes a row.


def test_a_new_job_is_the_row_that_sql_would_have_typed(form: Callable[..., JobForm], sqlite_target: Target) -> None:
    first = a_job(sqlite_target, "FIRST")
    made = row(form(
        schedule_type="WEEKLY", schedule_value=" SUNDAY   02:30 ", schedule_timezone="Europe/Berlin", start_within_minutes="1",
        max_parallel_degree="2", checks=["WRITABLE", "FREE_SPACE"], notify_on_success=True, notify_on_failure=False,
        notification_recipients=" a@example.com;b@example.com ",
        **{PREFIX + "retries": "3", PREFIX + "repair_invalid": "no", "limit-memory_mb": "64", "depends-0-job": f"{first.pk} FIRST",
           "depends-0-on": "failure"},
    ))  # fmt: skip
    assert (made.schedule_value, made.schedule_timezone, made.start_within_minutes) == (
        "SUNDAY 02:30",
        "Europe/Berlin",
        1,
    )
    assert made.job_parameters == {"retries": 3, "repair_invalid": False}
    assert (made.resource_limits, made.max_parallel_degree) == ({"memory_mb": 64}, 2)
    assert (made.prerequisite_checks, made.depends_on_jobs) == ("WRITABLE, FREE_SPACE", f"{first.pk}:failure")
    assert (made.notify_on_success, made.notify_on_failure) == (True, False)
    assert made.notification_recipients == "a@example.com, b@example.com"
    assert (made.target, made.pk) == (sqlite_target, None)


def test_what_is_left_empty_stays_empty_so_that_the_configuration_counts(form: Callable[..., JobForm]) -> None:
    made = row(form())
    empty = ("job_parameters", "resource_limits", "prerequisite_checks", "depends_on_jobs", "notification_recipients",
             "schedule_value", "schedule_timezone")  # fmt: skip
    assert {getattr(made, name) for name in empty} == {None}


def test_an_empty_parameter_shows_what_it_will_be(form: Callable[..., JobForm], sqlite_target: Target) -> None:
    config = a_config(sqlite_target, strategy_config={"rebuild_bloated": False}, batch_size=2500)
    drawn = form(config=config)
    assert 'placeholder="As configured: 2,500"' in str(drawn[PREFIX + "max_objects"])
    assert "As configured: no" in str(drawn[PREFIX + "rebuild_bloated"])
    assert "Default: yes" in str(drawn[PREFIX + "repair_invalid"])
    assert 'placeholder="Default: 40"' in str(drawn[PREFIX + "bloat_percent"])


def test_a_job_may_be_named_by_its_number_its_name_or_both(form: Callable[..., JobForm], sqlite_target: Target) -> None:
    first = a_job(sqlite_target, "FIRST LOAD")
    for text in (str(first.pk), "FIRST LOAD", f"{first.pk} FIRST LOAD"):
        assert row(form(**{"depends-0-job": text})).depends_on_jobs == str(first.pk)
    a_job(sqlite_target, "FIRST LOAD")
    assert "Several jobs have this name" in form(**{"depends-0-job": "FIRST LOAD"}).errors["depends-0-job"][0]
    assert row(form(**{"depends-0-job": f"{first.pk} FIRST LOAD"})).depends_on_jobs == str(first.pk)


def test_home_is_kept_as_no_database(form: Callable[..., JobForm]) -> None:
    home = Target.objects.get(is_home=True)
    assert row(form(on=home)).target is None


# What SQL typed is kept and shown.


def test_a_row_that_nobody_changed_stays_as_it_was_typed(form: Callable[..., JobForm], sqlite_target: Target) -> None:
    first, second = a_job(sqlite_target, "FIRST"), a_job(sqlite_target, "SECOND")
    job = a_job(
        sqlite_target, depends_on_jobs=f"{first.pk},{second.pk}:ALWAYS", prerequisite_checks="writable,free_space",
        notification_recipients="dba-team; anna@example.com", job_parameters={}, resource_limits={"memory_mb": 64},
        schedule_value="2:00",
    )  # fmt: skip
    made = row(form(job))
    for name in ("depends_on_jobs", "prerequisite_checks", "notification_recipients", "job_parameters", "resource_limits",
                 "schedule_value"):  # fmt: skip
        assert getattr(made, name) == getattr(job, name), name


def test_parameters_and_limits_without_a_field_are_shown_as_text_and_kept(
    form: Callable[..., JobForm], sqlite_target: Target
) -> None:
    job = a_job(sqlite_target, job_parameters={"operation": "MAINTAIN", "retries": "many", "bloat_percent": 30},
                resource_limits={"cpu": 1, "memory_mb": 64})  # fmt: skip
    sent = form(job)
    assert '"operation": "MAINTAIN"' in sent["parameters_as_typed"].value()
    assert '"retries": "many"' in sent["parameters_as_typed"].value()
    assert sent[PREFIX + "bloat_percent"].value() == "30"
    assert set(sent.errors) == {"parameters_as_typed"}
    assert len(sent.errors["parameters_as_typed"]) == 2
    mended = form(job, parameters_as_typed="", limits_as_typed="")
    assert row(mended).job_parameters == {"bloat_percent": 30}
    assert row(mended).resource_limits == {"memory_mb": 64}
    assert set(form(job, parameters_as_typed="").errors) == {"limits_as_typed"}


@pytest.mark.parametrize("stored", [[1, 2], "text", 5])
def test_what_is_no_object_at_all_is_shown_and_refused(
    form: Callable[..., JobForm], sqlite_target: Target, stored: Any
) -> None:
    job = a_job(sqlite_target, job_parameters=stored)
    assert set(form(job).errors) == {"parameters_as_typed"}
    assert row(form(job, parameters_as_typed="")).job_parameters is None


@pytest.mark.parametrize("text", ["{", "nan", '{"x": NaN}', "[" * 3000, '{"x": "\\ud800"}', "{'x': 1}", "9" * 4001])
def test_text_that_is_no_json_is_refused_at_its_field(
    form: Callable[..., JobForm], sqlite_target: Target, text: str
) -> None:
    job = a_job(sqlite_target, job_parameters={"operation": "MAINTAIN"})
    assert set(form(job, parameters_as_typed=text).errors) == {"parameters_as_typed"}


def test_the_same_parameter_is_said_in_one_place(form: Callable[..., JobForm], sqlite_target: Target) -> None:
    job = a_job(sqlite_target, job_parameters={"operation": "MAINTAIN", "retries": 3})
    sent = form(job, parameters_as_typed='{"retries": 4}')
    assert "one place" in sent.errors["parameters_as_typed"][0]


def test_dependencies_that_cannot_be_read_are_shown_as_they_were_typed(
    form: Callable[..., JobForm], sqlite_target: Target
) -> None:
    job = a_job(sqlite_target, depends_on_jobs="first")
    sent = form(job)
    assert sent["depends_as_typed"].value() == "first"
    assert set(sent.errors) == {"depends-0-job"}
    assert row(form(job, depends_as_typed="")).depends_on_jobs is None


def test_checks_of_another_platform_are_shown_and_can_be_taken_away(
    form: Callable[..., JobForm], sqlite_target: Target
) -> None:
    job = a_job(sqlite_target, prerequisite_checks="WRITABLE, MOON_PHASE")
    sent = form(job)
    assert "MOON_PHASE: this database has no such check" in str(sent["checks"])
    assert set(sent.errors) == {"checks"}
    assert row(form(job, checks=["WRITABLE"])).prerequisite_checks == "WRITABLE"


def test_a_strategy_without_an_implementation_can_be_changed_to_one(
    form: Callable[..., JobForm], sqlite_target: Target
) -> None:
    job = a_job(sqlite_target, strategy_id="COMPLIANCE_MAINTENANCE", job_parameters={"keep": 3})
    sent = form(job, does="COMPLIANCE_MAINTENANCE")
    assert sent["parameters_as_typed"].value() == '{\n "keep": 3\n}'
    assert set(sent.errors) == {"strategy"}
    assert row(form(job, parameters_as_typed="")).strategy_id == "INDEX_MAINTENANCE"


def test_a_job_out_of_sight_stays_where_it_stood_and_cannot_be_chosen(
    form: Callable[..., JobForm], sqlite_target: Target, person: Callable[..., User]
) -> None:
    theirs = Target.objects.create(
        name="theirs", platform="sqlite", url="sqlite:////x", tenant=person("olga", tenant="Other").tenants.get()
    )
    hidden = a_job(theirs, "SECRET")
    job = a_job(sqlite_target, depends_on_jobs=f"{hidden.pk}:always")
    sent = form(job)
    assert sent["depends-0-job"].value() == str(hidden.pk)
    assert row(sent).depends_on_jobs == f"{hidden.pk}:always"
    for text in (str(hidden.pk), "SECRET"):
        assert set(form(**{"depends-0-job": text}).errors) == {"depends-0-job"}


def test_words_that_are_out_of_use_are_offered_to_the_job_that_has_them_only(
    form: Callable[..., JobForm], sqlite_target: Target
) -> None:
    job = a_job(sqlite_target)
    job.job_type.is_active = False
    job.job_type.save()
    assert row(form(job)).job_type_id == "MAINTENANCE"
    assert set(form().errors) == {"job_type"}


# Drawn anew.


def test_drawn_anew_it_keeps_what_was_typed_and_judges_nothing(anna: User, sqlite_target: Target) -> None:
    place: dict[str, Any] = {"user": anna, "target": sqlite_target}
    typed = QueryDict("job_name=&schedule_value=26:00&checks=WRITABLE&depends-0-job=x&depends-1-job=y&strategy=OLD")
    drawn = JobForm(typed=typed, strategy="STATISTICS_MAINTENANCE", **place)
    assert (drawn["schedule_value"].value(), drawn["checks"].value()) == ("26:00", ["WRITABLE"])
    assert (drawn["strategy"].value(), drawn["drawn_for"].value()) == (
        "STATISTICS_MAINTENANCE",
        "STATISTICS_MAINTENANCE",
    )
    assert [job.value() for job, _ in drawn.depends] == ["x", "y", None, None]
    assert drawn.errors == {}


def test_hostile_text_stays_text(form: Callable[..., JobForm], sqlite_target: Target) -> None:
    job = a_job(sqlite_target, HOSTILE, job_parameters={HOSTILE: HOSTILE}, depends_on_jobs=HOSTILE)
    sent = form(job, job_name=HOSTILE)
    assert not sent.is_valid()
    assert "<script>" not in str(sent)
