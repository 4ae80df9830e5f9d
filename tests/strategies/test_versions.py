"""Versions are numbered by strategy, kept once for each definition, and never changed."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from strategies import versions
from strategies.models import AuditEntry, StrategyVersion
from strategies.models.audit import AppendOnly
from strategies.registrations import RegistrationRefused
from strategies.versions import VersionUnknown
from tests.generated import ANNA, NAME, job, kept, registration

pytestmark = pytest.mark.django_db


@pytest.mark.database
def test_each_definition_is_one_version_of_its_strategy() -> None:
    first, again = kept(), kept()
    assert (first.number, again.pk) == (1, first.pk)
    assert kept(registration(jobs=[])).number == 2
    assert kept(registration("OTHER")).number == 1
    assert versions.get(NAME).number == 2
    assert [str(row) for row in StrategyVersion.objects.all().newest()] == ["OTHER 1", f"{NAME} 2"]
    assert versions.get(NAME, 1).pk == first.pk
    entries = AuditEntry.objects.filter(action="version.kept").order_by("pk")
    assert [entry.object_name for entry in entries] == [f"{NAME} 1", f"{NAME} 2", "OTHER 1"]


def test_the_order_of_keys_makes_no_other_definition() -> None:
    one, other = {"a": 1, "b": {"c": 2, "d": 3}}, {"b": {"d": 3, "c": 2}, "a": 1}
    assert versions.digest_of(one, {"x": "1", "y": "2"}, one) == versions.digest_of(other, {"y": "2", "x": "1"}, other)


def test_another_file_of_the_same_definition_makes_another_version() -> None:
    first = kept()
    args = (ANNA, first.definition, {**first.files, "README.md": "Mended."}, first.registration, timezone.now())
    assert versions.keep(*args).number == 2
    assert versions.keep(*args).number == 2


@pytest.mark.parametrize(
    ("strategy", "number", "why"),
    [(NAME, 2, f"There is no version 2 of {NAME}."), ("X", 0, "There is no version of X.")],
)
def test_one_that_is_not_there_is_named(strategy: str, number: int, why: str) -> None:
    kept()
    with pytest.raises(VersionUnknown, match=why):
        versions.get(strategy, number)


def test_a_version_is_never_changed() -> None:
    version = kept()
    version.number = 7
    for change in (
        version.save,
        version.delete,
        StrategyVersion.objects.all().delete,
        lambda: StrategyVersion.objects.update(number=7),
    ):
        with pytest.raises(AppendOnly):
            change()
    assert StrategyVersion.objects.get().number == 1


@pytest.mark.parametrize(
    ("column", "word"), [("job_type", "NONE"), ("schedule_type", "SOMETIMES"), ("target_type", "PLANET")]
)
def test_words_that_the_lookup_tables_do_not_know_are_refused(column: str, word: str) -> None:
    with pytest.raises(RegistrationRefused, match=rf"{word} \(of a\) is none of ") as refusal:
        kept(registration(jobs=[job("a", **{column: word})]))
    assert refusal.value.field == f"jobs.{column}"
    assert not StrategyVersion.objects.exists()


def test_those_who_read_sql_see_versions(person: Any) -> None:
    kept()
    seen = [
        StrategyVersion.objects.visible_to(person(role.lower(), role)).count()
        for role in ("DBA", "auditor", "approver", "manager")
    ]
    assert seen == [1, 1, 1, 1]


@pytest.mark.database
@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor == "sqlite", reason="there writers take turns")
def test_those_who_keep_versions_at_once_take_different_numbers() -> None:
    start, failed = threading.Barrier(4), []

    def keep(which: int) -> None:
        try:
            start.wait()
            given = registration(jobs=[job(str(which))])
            versions.keep(ANNA, {"which": which}, {}, given, timezone.now())
        except Exception as error:
            failed.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=keep, args=(which,)) for which in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert failed == []
    assert sorted(StrategyVersion.objects.values_list("number", flat=True)) == [1, 2, 3, 4]
