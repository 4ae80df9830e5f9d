"""The form built from typed parameters: every wrong value is refused beside its field, before anything is saved."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from strategies import registry
from strategies.forms.parameters import PREFIX, RunForm
from strategies.models import AuditEntry, JobRun, Target
from strategies.routines.base import ParametersRefused, RetentionParameters, concerns

SETS = 200
PLATFORMS = ("oracle", "postgresql", "sqlite")
NO_NUMBERS = (
    "",
    "many",
    "1e",
    "0x10",
    "--1",
    "1,5,2",
    "nan",
    "inf",
    "-inf",
    "٣x",
    "1;DROP TABLE orders",
    "\x00",
    "9" * 400,
    "½",
    "[]",
    "None",
)


def named(routine: Any) -> dict[str, str]:
    """What a form must say of a strategy that works on one table."""
    asked = {"target_object": "log"} if routine.is_of_one_table else {}
    return {**asked, **({f"{PREFIX}age_column": "at"} if issubclass(routine.parameters, RetentionParameters) else {})}


def numbers(routine: Any, platform: str) -> dict[str, tuple[type, float, float]]:
    """Numeric parameters: their type and bounds."""
    found = {}
    for name, field in routine.parameters.model_fields.items():
        if field.annotation in (int, float) and concerns(field, platform):
            lowest = next(rule.ge for rule in field.metadata if hasattr(rule, "ge"))
            highest = next(rule.le for rule in field.metadata if hasattr(rule, "le"))
            found[name] = (field.annotation, lowest, highest)
    return found


def wrong_sets() -> Iterator[tuple[str, str, dict[str, Any], set[str]]]:
    """(platform, strategy, what is typed, the fields that are wrong), 200 of them, the same in every test run."""
    chance = random.Random(20261124)
    for _ in range(SETS):
        name, routine = chance.choice(sorted(registry.routines().items()))
        platform = chance.choice(PLATFORMS)
        fields = numbers(routine, platform)
        texts = (text for text, field in routine.parameters.model_fields.items() if field.annotation is str)
        typed: dict[str, Any] = dict.fromkeys(texts, "NAME")  # a number may only mean something beside a name
        wrong = set(chance.sample(sorted(fields), chance.randint(1, 3)))
        for field, (kind, lowest, highest) in fields.items():
            if field not in wrong:
                typed[field] = kind(chance.uniform(lowest, min(highest, lowest + 1000)))
                continue
            bad: list[Any] = [lowest - 1, highest + 1, lowest - 10**9, highest * 10 + 1, *NO_NUMBERS[1:]]
            if kind is int:
                bad.append(lowest + 0.5)
            typed[field] = chance.choice(bad)
        yield platform, name, typed, wrong


CASES = list(wrong_sets())


def test_there_are_two_hundred_different_sets() -> None:
    assert len({repr(case[:3]) for case in CASES}) == SETS
    assert {case[0] for case in CASES} == set(PLATFORMS) == set(registry.platforms())


@pytest.mark.parametrize(("platform", "strategy", "typed", "wrong"), CASES, ids=range(SETS))
def test_a_wrong_set_is_refused_by_form_and_routine_naming_exactly_its_fields(
    platform: str, strategy: str, typed: Any, wrong: set[str]
) -> None:
    routine = registry.routines()[strategy]
    data = {"timeout_minutes": "60", **named(routine), **{PREFIX + name: str(value) for name, value in typed.items()}}
    form = RunForm(data, routine=routine, platform=platform)
    assert not form.is_valid()
    assert set(form.errors) == {PREFIX + name for name in wrong}
    with pytest.raises(ParametersRefused) as refusal:
        routine.read_parameters({name: str(value) for name, value in typed.items()})
    assert set(refusal.value.problems) == wrong


def test_a_refused_set_leaves_no_run_and_no_audit(client: Client, person: Any, sqlite_target: Target) -> None:
    client.force_login(person("anna", "DBA"))
    before = AuditEntry.objects.count()
    for strategy, typed, wrong in [case[1:] for case in CASES if case[0] == "sqlite"][:20]:
        data = {
            "target_object": "ALL",
            "timeout_minutes": "60",
            **{PREFIX + name: str(value) for name, value in typed.items()},
        }
        response = client.post(f"/runs/new/?target={sqlite_target.pk}&strategy={strategy}", data)
        assert response.status_code == 422
        for name in wrong:
            assert (
                f'id="error_1_id_{PREFIX}{name}"' in response.content.decode()
                or name in response.context["form"].errors.as_json()
            )
    assert (JobRun.objects.count(), AuditEntry.objects.count()) == (0, before)


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("strategy", sorted(registry.routines()))
def test_every_parameter_of_the_product_has_a_field_with_its_words_default_and_bounds(
    strategy: str, platform: str
) -> None:
    routine = registry.routines()[strategy]
    form = RunForm(routine=routine, platform=platform)
    shown = {field.name.removeprefix(PREFIX): field for field in (*form.own, *form.shared)}
    fields = routine.parameters.model_fields
    others = {"Oracle", "PostgreSQL", "SQLite"} - {registry.platforms()[platform].label}
    assert set(shown) == {name for name, field in fields.items() if concerns(field, platform)}
    assert not [field.label for field in shown.values() if any(word in str(field.label) for word in others)]
    for name in shown:
        field = fields[name]
        assert (shown[name].label, shown[name].help_text, shown[name].initial) == (
            field.title,
            field.description,
            field.default,
        )
        assert shown[name].label, name
        assert shown[name].help_text, name
    for name, (_, lowest, highest) in numbers(routine, platform).items():
        widget = str(shown[name])
        assert f'min="{lowest}"' in widget
        assert f'max="{highest}"' in widget


@pytest.mark.parametrize("strategy", sorted(registry.routines()))
def test_what_is_left_empty_has_its_default(strategy: str) -> None:
    routine = registry.routines()[strategy]
    on = {PREFIX + name: "on" for name, field in routine.parameters.model_fields.items() if field.default is True}
    form = RunForm({"timeout_minutes": "60", **on, **named(routine)}, routine=routine, platform="sqlite")
    assert form.is_valid()
    asked = {"age_column": "at"} if issubclass(routine.parameters, RetentionParameters) else {}
    assert form.parameters == routine.read_parameters(asked).model_dump(mode="json")
    assert form.cleaned_data["target_object"] == named(routine).get("target_object", "ALL")


@pytest.mark.parametrize("strategy", ["ARCHIVE_MAINTENANCE", "CLEANUP_MAINTENANCE"])
def test_a_strategy_of_one_table_asks_for_it_and_for_the_column_with_the_age(strategy: str) -> None:
    form = RunForm({"timeout_minutes": "60"}, routine=registry.routines()[strategy], platform="sqlite")
    assert not form.is_valid()
    assert dict(form.errors) == {
        "target_object": ["name one table, it cannot work on all"],
        f"{PREFIX}age_column": ["name the column that says how old a row is"],
    }


def test_a_strategy_of_one_table_asks_for_it_and_a_text_has_a_longest() -> None:
    form = RunForm({"timeout_minutes": "60"}, routine=registry.routines()["BACKUP_MAINTENANCE"], platform="sqlite")
    assert dict(form.errors) == {"target_object": ["name one table, it cannot work on all"]}
    typed = {"timeout_minutes": "60", f"{PREFIX}age_column": "x" * 301}
    form = RunForm(typed, routine=registry.routines()["MONITORING_MAINTENANCE"], platform="sqlite")
    assert set(form.errors) == {f"{PREFIX}age_column"}
    form = RunForm(
        typed | {f"{PREFIX}age_column": "at"}, routine=registry.routines()["MONITORING_MAINTENANCE"], platform="sqlite"
    )
    assert form.is_valid()
    assert form.parameters["age_column"] == "at"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("timeout_minutes", "0"),
        ("timeout_minutes", "1441"),
        ("timeout_minutes", ""),
        ("target_object", "a\u202eb"),
        ("target_object", "x" * 501),
    ],
)
def test_object_and_deadline_are_refused_beside_their_field(field: str, value: str) -> None:
    routine = registry.routines()["INDEX_MAINTENANCE"]
    form = RunForm({"timeout_minutes": "60", field: value}, routine=routine, platform="sqlite")
    assert set(form.errors) == {field}
