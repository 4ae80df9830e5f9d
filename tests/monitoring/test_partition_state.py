"""Months and partitions as values, what the page says of them, and what a database without partitions answers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.urls import reverse

from monitoring import partition_care, partition_state, partitions
from monitoring.partition_state import Shown
from monitoring.partitions import Partition
from strategies.models import Role

ON_SQLITE = pytest.mark.skipif("connection.vendor != 'sqlite'", reason="SQLite only")


def instant(year: int, month: int) -> datetime:
    return datetime(year, month, 1, tzinfo=UTC)


def months(*found: tuple[int, int]) -> list[Partition]:
    first = Partition("first", None, instant(*found[0]))
    parts = [
        Partition(f"{year}_{month}", instant(year, month), instant(year + month // 12, month % 12 + 1)) for year, month in found
    ]  # fmt: skip
    return [first, *parts, Partition("other", None, None, is_rest=True, has_whole_drop=False)]


def test_months_follow_each_other_over_the_turn_of_a_year() -> None:
    assert partitions.months_ahead(date(2026, 11, 30)) == (date(2026, 11, 1), date(2026, 12, 1), date(2027, 1, 1))
    assert partitions.next_month(date(2026, 12, 31)) == date(2027, 1, 1)
    assert partitions._month_before(date(2027, 1, 1)) == date(2026, 12, 1)


def test_a_month_is_missing_that_no_partition_is_for() -> None:
    found = months((2026, 12))
    assert partitions.missing(found, date(2026, 11, 15)) == (date(2027, 1, 1),)
    assert partitions.missing(found[:1], date(2026, 11, 15)) == (date(2026, 12, 1), date(2027, 1, 1))
    assert partitions.missing(months((2026, 12), (2027, 1)), date(2026, 11, 15)) == ()


def test_the_bounds_are_read_as_postgresql_writes_them() -> None:
    rows = [
        ("other", "DEFAULT", -1.0, 1),
        ("next", "FOR VALUES FROM ('2026-12-01 00:00:00+00') TO ('2027-01-01 01:00:00+01')", 5.0, 2),
        ("first", "FOR VALUES FROM (MINVALUE) TO ('2026-12-01 00:00:00+00')", 7.0, 3),
        ("odd", "FOR VALUES WITH (modulus 4, remainder 0)", 0.0, 4),
    ]
    found = {part.name: part for part in partitions._from_postgresql(rows)}
    assert next(iter(found)) in ("first", "odd")
    assert (found["next"].lower, found["next"].upper, found["next"].rows) == (instant(2026, 12), instant(2027, 1), 5)
    assert (found["first"].lower, found["first"].upper) == (None, instant(2026, 12))
    assert found["other"].is_rest
    assert found["other"].rows is None
    assert not found["odd"].has_whole_drop


def test_a_partition_goes_as_a_whole_by_the_longest_rule() -> None:
    found = [partition_state._goes_from(part, 90) for part in months((2026, 12))]
    assert found == [date(2027, 3, 1), date(2027, 4, 1), None]


def test_what_the_next_care_drops_is_named() -> None:
    rows = [Shown(part, partition_state._goes_from(part, 90)) for part in months(*((2026, n) for n in range(1, 7)))]
    assert partition_state._next_drop(rows, date(2026, 3, 31)) == ""
    assert partition_state._next_drop(rows, date(2026, 5, 2)) == (
        "By night it drops first, 2026_1, unless one of their rows stays."
    )
    assert "first, 2026_1, 2026_2 and 1 more," in partition_state._next_drop(rows, date(2026, 6, 30))


def test_of_many_partitions_the_newest_are_shown() -> None:
    many = months(*((2000 + n // 12, n % 12 + 1) for n in range(100)))
    shown, older = partition_state._newest([Shown(part, None) for part in many])
    assert (len(shown), older) == (36, 66)
    assert shown[-1].partition.is_rest


@ON_SQLITE
@pytest.mark.django_db
def test_sqlite_says_that_it_has_none(person: Callable[..., object]) -> None:
    for asked in ({}, {"undo": True}):
        with pytest.raises(CommandError, match="SQLite has no partitions"):
            call_command("partition_log", "--yes", **asked)
    with pytest.raises(CommandError, match="SQLite does not pack tables"):
        call_command("partition_log", compress="")
    assert partition_care.keep_ahead(datetime.now(UTC)) == ()
    assert connection.vendor == "sqlite"
    client = Client()
    client.force_login(person("anna", Role.DBA))
    assert "SQLite has no partitions" in client.get(reverse("log-health")).content.decode()
