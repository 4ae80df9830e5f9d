"""The page on which a strategy is defined: as a form and as text, with its faults, from nothing or from a copy."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from strategies import definitions
from strategies.forms.definition_values import as_sent, unsaid
from strategies.generator.definition import Definition
from strategies.generator.reading import read
from strategies.generator.texts import read_text, values_as_json, values_as_yaml
from strategies.models import (
    StrategyConfig,
    StrategyType,
    StrategyVersion,
    Target,
)
from strategies.views.generate import EXAMPLE
from tests.generated import kept
from tests.pages import text_of
from tests.strategies.generator.test_reading import GOOD
from tests.strategies.views.generating import PAGE, known, said, sent, text_in, told, typed, values_in

pytestmark = pytest.mark.django_db


def test_a_definition_that_is_typed_in_the_form_is_shown_as_the_files_that_come_of_it(dba: Client) -> None:
    page = sent(dba, GOOD)
    assert page.status_code == 200
    made = definitions.implementation(GOOD)
    assert page.context["paths"] == list(made.files)
    assert page.context["path"] == "README.md"
    assert "No version of it is kept yet." in text_of(page)
    other = typed(dba, values_as_json(GOOD), "file", file="plsql/nightly_tidy_pkg.sql")
    assert '<span class="y-k">CREATE</span>' in other.content.decode()
    assert StrategyVersion.objects.count() == 0, "nothing is kept by looking at it"


def test_every_fault_stands_at_its_field_and_above_the_form_with_a_link_to_it(dba: Client) -> None:
    jobs = [
        {},
        {"name": "A", "schedule_type": "DAILY", "schedule_value": "25:00"},
        {"name": "A", "operations": ["NO"], "depends_on": ["C"]},
    ]  # fmt: skip
    values = {"name": "1x", "type": "NONE", "targets": ["MOON"], "operations": ["REBUILD"], "jobs": jobs,
              "parameters": {"stale_percent": "x", "stale_rows": 5}}  # fmt: skip
    page = sent(dba, values)
    assert page.status_code == 422
    assert told(page) == {
        "Name #id_name": "1X is no name: letters A to Z, digits and underscores, beginning with a letter.",
        "Template #id_type": f"NONE is no template; these are: {', '.join(sorted(known().library.templates))}.",
        "Category #id_category": "Missing.",
        "Description #id_description": "Missing.",
        "Works on #id_targets_0": f"MOON is no type of target; these are: {', '.join(known().target_types)}.",
        "Job 2, job type #id_job-1-type": "Missing.",
        "Job 2, time, day or event #id_job-1-schedule_value": "'25:00' does not end in a time of day. Like: 02:00.",
        "Job 3, job type #id_job-2-type": "Missing.",
        "Job 3, operations #id_job-2-operations_0": "NO is no operation of the definition; these are: REBUILD.",
        "Job 3, name #id_job-2-name": "A is the name of job 2, too.",
        "Job 3, after the jobs #id_job-2-depends_on": "C is no job of this definition.",
        "Stale from (percent changed) #id_parameter-stale_percent": "It is no parameter of these operations; these are: none.",
        "Stale from (rows changed) #id_parameter-stale_rows": "It is no parameter of these operations; these are: none.",
    }
    assert values_in(page) == {**values, "jobs": jobs[1:]}, "nothing of what was typed is lost"
    source = page.content.decode()
    for one in page.context["form"].told:
        assert f'href="#{one.anchor}"' in source, one
        assert f'id="{one.anchor}"' in source, one


def test_jobs_are_counted_as_the_form_counts_them_also_behind_an_empty_one(dba: Client) -> None:
    page = sent(dba, {**GOOD, "jobs": [{}, {"name": "A"}, {}, {"name": "A"}]})
    assert told(page) == {"Job 4, name #id_job-3-name": "A is the name of job 2, too."}


def test_form_and_text_are_two_views_of_one_definition_and_neither_loses_what_was_typed(dba: Client) -> None:
    wrong = {
        **GOOD,
        "name": "lower case",
        "type": "NONE",
        "targets": ["MOON"],
        "parameters": {"stale_percent": "a lot"},
    }
    wrong["jobs"] = [
        {"name": "A", "schedule_value": "whenever", "depends_on": ["B"]},
        {"type": "NO_TYPE", "operations": ["X"]},
    ]
    for values in (GOOD, wrong):
        for action, parse in (("as_json", json.loads), ("as_yaml", read_text)):
            page = sent(dba, values, action)
            assert page.status_code == 200
            assert parse(text_in(page)) == values
            back = typed(dba, text_in(page), "as_form")
            assert unsaid(read(values, known()).as_json() if values is GOOD else values, said(back)) == []
    assert read_text(text_in(typed(dba, values_as_json(GOOD), "as_yaml"))) == GOOD


def test_what_the_form_has_no_field_for_stays_text_and_is_named(dba: Client) -> None:
    values = {**GOOD, "colour": "blue", "name": 5, "parameters": {"stale_percent": [1], "nothing": 1, "stale_rows": "7"},
              "jobs": [{"name": "A", "owner": "anna", "depends_on": ["a, b"]}, 7, "ANALYSIS"]}  # fmt: skip
    text = values_as_yaml(values)
    page = typed(dba, text, "as_form")
    assert page.status_code == 422
    assert text_in(page) == text
    lost = [fault.field for fault in page.context["faults"] if fault.reason.startswith("is nothing that the form")]
    assert lost == [
        "name", "jobs[0].owner", "jobs[0].depends_on", "jobs[1]", "jobs[2]", "parameters.stale_percent", "parameters.nothing",
        "parameters.stale_rows", "colour",
    ]  # fmt: skip
    short = {**GOOD, "jobs": "ANALYSIS, VALIDATION"}
    shown = typed(dba, values_as_yaml(short), "as_form")
    assert [job["name"] for job in values_in(shown)["jobs"]] == ["ANALYSIS", "VALIDATION"], (
        "of a right one what it means"
    )


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "is missing."),
        ("a" * 200_001, "has 200,001 characters; 200,000 is the most."),
        ('{"name": 1, "name": 2}', "names name twice."),
        ("name: a\nname: b", "name stands there twice"),
        ("a: &x 1\nb: *x", "aliases are not taken"),
        ("a: !!python/object/apply:os.system [id]", "tags (!) are not taken"),
        ("!!bool maybe", "tags (!) are not taken"),
        ('{"a": NaN}', "holds NaN, which is no number."),
        ('{"a": 1e999}', "holds a number that is too large."),
        ('{"a": ' + "9" * 5000 + "}", "holds a number that is too large."),
        ('{"\\ud800": 1}', "holds half a character."),
        ("[" * 5000, "is nested too deeply."),
        ("5", "A definition is an object with a name, a type, and so on."),
    ],
)
def test_a_text_that_cannot_be_read_is_refused_with_a_sentence_and_stays(dba: Client, text: str, reason: str) -> None:
    for action in ("preview", "as_form", "as_yaml", "keep", "zip", "add"):
        page = typed(dba, text, action)
        assert page.status_code == 422, action
        assert reason in page.context["faults"][0].reason
        assert text_in(page) == text


def test_jobs_are_added_and_taken_away_without_being_judged(dba: Client) -> None:
    page = sent(dba, {**GOOD, "name": "no name"}, "add")
    assert page.status_code == 200
    assert page.context["form"].job_count == 3
    first = dict(as_sent(GOOD).lists())
    page = dba.post(PAGE, {"view": "form", **first, "remove": "0"})
    assert [job["name"] for job in values_in(page)["jobs"]] == ["INDEXES"]
    page = sent(dba, {**GOOD, "jobs": [{"name": f"J{number}"} for number in range(50)]}, "add")
    assert page.context["form"].job_count == 50
    assert 'name="add"' not in page.content.decode()


def test_a_definition_is_checked_without_leaving_it(dba: Client) -> None:
    assert "Nothing is wrong with it." in text_of(sent(dba, GOOD, "check"))
    page = typed(dba, values_as_json({**GOOD, "category": ""}), "check")
    assert [str(fault) for fault in page.context["faults"]] == ["category: is missing."]


def test_the_example_is_a_definition(dba: Client) -> None:
    assert isinstance(read(read_text(EXAMPLE), known()), Definition)
    assert EXAMPLE.splitlines()[0] in dba.post(PAGE, {"view": "text", "text": ""}).content.decode()


# Copies.


def test_a_definition_begins_as_a_copy_of_a_strategy_of_the_portal_with_the_parameters_of_a_configuration(
    dba: Client,
) -> None:
    strategy = StrategyType.objects.get_or_create(strategy_name="STATISTICS_MAINTENANCE")[0]
    given = {"stale_percent": 7.5, "stale_rows": "many", "with_other": 1}
    row = StrategyConfig.objects.create(
        strategy=strategy, target_object="ALL", target_type_id="TABLE", strategy_config=given
    )
    page = dba.get(PAGE, {"from": f"configuration-{row.pk}"})
    values = values_in(page)
    assert values["parameters"] == {"stale_percent": 7.5}
    assert "ANALYZE" in values["operations"]
    assert set(told(sent(dba, values, "check"))) == {"Name #id_name"}, "only its name is left open"
    assert "parameters" not in values_in(dba.get(PAGE, {"from": "strategy-STATISTICS_MAINTENANCE"}))
    titles = [title for title, _ in page.context["sources"]]
    assert titles == ["Strategies of the portal", "Their configurations"]


def test_what_is_not_there_or_not_seen_is_not_copied(dba: Client, person: Callable[..., Any]) -> None:
    target = Target.objects.create(
        name="theirs", platform="sqlite", url="sqlite:////x", tenant=person("x", tenant="Other").tenants.get()
    )
    strategy = StrategyType.objects.get_or_create(strategy_name="STATISTICS_MAINTENANCE")[0]
    row = StrategyConfig.objects.create(strategy=strategy, target_object="ALL", target_type_id="TABLE", target=target)
    for key in (
        f"configuration-{row.pk}",
        "version-1",
        "strategy-NONE",
        "strategy-STRATEGY_DEPLOYMENT",
        "x",
        "version-" + "9" * 40,
    ):
        assert dba.get(PAGE, {"from": key}).status_code == 404, key


def test_a_version_is_copied_as_it_was_defined(dba: Client) -> None:
    sent(dba, GOOD, "keep")
    version = StrategyVersion.objects.get()
    page = dba.get(PAGE, {"from": f"version-{version.pk}"})
    assert unsaid(version.definition, said(page)) == []
    assert page.context["sources"][0] == (
        "Generated strategies",
        [(f"version-{version.pk}", "NIGHTLY_TIDY, version 1")],
    )
    other = kept()  # of a definition that no form could show
    assert read_text(text_in(dba.get(PAGE, {"from": f"version-{other.pk}"}))) == other.definition


def test_a_broken_file_of_the_installation_is_told_of_and_no_crash(dba: Client, tmp_path: Path, settings: Any) -> None:
    (tmp_path / "operations").mkdir()
    (tmp_path / "operations" / "odd.toml").write_text("x = <b>", encoding="utf-8")
    settings.PORTAL_GENERATOR = tmp_path
    page = dba.get(PAGE)
    assert page.status_code == 500
    assert "a file of the library cannot be used" in text_of(page)
    assert "odd.toml" in text_of(page)
    assert "<b>" not in page.content.decode().partition("odd.toml")[2].partition("</div>")[0]


def test_a_parameter_of_several_operations_has_one_field_and_is_named_with_each(dba: Client) -> None:
    parts = {part.name: part for part in dba.get(PAGE).context["form"].operation_parts}
    fields = [field.html_name for part in parts.values() for field in part.parameters]
    assert len(set(fields)) == len(fields) == len(known().library.settings(known().library.operations))
    for name, part in parts.items():
        own = {f"parameter-{word}" for word in known().library.operations[name].python.settings}
        assert {field.html_name for field in (*part.parameters, *part.elsewhere)} == own
    assert any(part.elsewhere for part in parts.values())
