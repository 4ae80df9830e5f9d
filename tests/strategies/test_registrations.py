"""What a registration may say, and which part of it a refusal names."""

from __future__ import annotations

from typing import Any

import pytest

from strategies.registrations import Registration, RegistrationRefused
from tests.generated import BODY, NAME, SPECIFICATION, job, registration

PACKAGE = {"name": "TABLE_CARE_PKG", "specification": SPECIFICATION, "body": BODY}
CONFIGURATION = {"target_object": "ALL", "target_type": "DATABASE"}


def test_what_is_not_named_is_what_the_tables_have_by_themselves() -> None:
    read = Registration.read(registration(configurations=[CONFIGURATION], jobs=[job("one", is_active=False)]))
    assert dict(read.strategy.values) == {
        "strategy_name": NAME, "strategy_type": "MAINTENANCE", "description": "Looks after tables.", "category": "DATABASE",
    }  # fmt: skip
    values = read.configurations[0].values
    assert (values["strategy_config"], values["batch_size"], values["schedule_timezone"]) == ("{}", 1000, "UTC")
    assert "tags" not in values  # people set these as they like
    assert (read.jobs[0].values["depends_on_jobs"], read.jobs[0].begins_active) == (None, False)
    assert read.package is None


def test_jobs_stand_behind_those_that_they_depend_on() -> None:
    jobs = [job("c", depends_on=["b", "a"]), job("b", depends_on=["a"]), job("a")]
    assert [row.values["job_name"] for row in Registration.read(registration(jobs=jobs)).jobs] == ["a", "b", "c"]


WRONG: dict[str, tuple[Any, str, str]] = {
    "no object": ([], "registration", "Expected a JSON object."),
    "an unknown part": (registration(extra=1), "extra", "Is not known here."),
    "no name": (registration(strategy={"strategy_name": " "}), "strategy.strategy_name", "Has to be named."),
    "a name that is too long": (
        registration(strategy={"strategy_name": "X" * 51}),
        "strategy.strategy_name", "Has at most 50 characters.",
    ),
    "a counter": (registration(jobs=[job("a", execution_count=3)]), "jobs[0].execution_count", "Is not known here."),
    "another strategy": (registration(jobs=[job("a", strategy_name="OTHER")]), "jobs[0].strategy_name", "Another strategy than"),
    "a text for a number": (
        registration(configurations=[{**CONFIGURATION, "priority_level": "5"}]), "configurations[0].priority_level",
        "Takes a whole number from 1 to 10.",
    ),
    "a number out of bounds": (
        registration(jobs=[job("a", max_parallel_degree=65)]), "jobs[0].max_parallel_degree", "Takes a whole number from 1 to 64.",
    ),
    "a word that is none": (
        registration(configurations=[{**CONFIGURATION, "execution_mode": "NOW"}]),
        "configurations[0].execution_mode", "Is one of AUTOMATIC",
    ),
    "JSON that is no object": (
        registration(jobs=[job("a", job_parameters=[1])]),
        "jobs[0].job_parameters", "Expected a JSON object",
    ),
    "what JSON does not have": (
        registration(jobs=[job("a", job_parameters={"a": float("nan")})]), "jobs[0].job_parameters", "Cannot be written as JSON",
    ),
    "a NUL": (registration(jobs=[job("a\0b")]), "jobs[0].job_name", "Holds the character NUL"),
    "half of a character": (registration(jobs=[job("a\ud800")]), "jobs[0].job_name", "Holds half of a character."),
    "two jobs of a name": (registration(jobs=[job("a"), job("a")]), "jobs", "a is the name of two jobs."),
    "two configurations of an object": (
        registration(configurations=[CONFIGURATION, CONFIGURATION]), "configurations", "ALL DATABASE is configured twice.",
    ),
    "a job that waits for nobody": (
        registration(jobs=[job("a", depends_on=["b"])]), "jobs[0].depends_on", "There is no job b in this registration.",
    ),
    "a ring": (
        registration(jobs=[job("a", depends_on=["b"]), job("b", depends_on=["a"])]), "jobs", "These wait for each other: a, b.",
    ),
    "a list that is a text": (
        registration(jobs=[job("a", depends_on="b")]),
        "jobs[0].depends_on", "Takes a list of names of jobs.",
    ),
    "a flag that is a word": (
        registration(jobs=[job("a", notify_on_success="maybe")]),
        "jobs[0].notify_on_success", "Takes true or false.",
    ),
    "a package of another name": (
        registration(package={**PACKAGE, "name": "OTHER_PKG"}), "package.specification",
        "Does not begin with CREATE OR REPLACE PACKAGE OTHER_PKG.",
    ),
    "a name of a package that needs quotes": (
        registration(package={**PACKAGE, "name": "my pkg"}),
        "package.name", "Is a plain name in capitals",
    ),
    "a body that is something else": (
        registration(package={**PACKAGE, "body": "DROP TABLE x"}), "package.body",
        "Does not begin with CREATE OR REPLACE PACKAGE BODY TABLE_CARE_PKG.",
    ),
    "a package without a body": (registration(package={**PACKAGE, "body": ""}), "package.body", "Has to be a text."),
}  # fmt: skip


@pytest.mark.parametrize("what", WRONG)
def test_a_wrong_part_is_refused_by_its_name(what: str) -> None:
    data, field, why = WRONG[what]
    with pytest.raises(RegistrationRefused) as refusal:
        Registration.read(data)
    assert (refusal.value.field, str(refusal.value)[: len(why)]) == (field, why)
