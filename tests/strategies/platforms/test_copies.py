"""Copies: their names fit and differ, none but the portal's own is taken for one, and the newest are kept."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from strategies.assessments import Severity
from strategies.plans import Meters, Outcome
from strategies.platforms.copies import Copy, Seen, copy_name, judge, judge_rows, known, mark, without
from strategies.routines.backup_maintenance import BackupParameters

NOW = datetime(2026, 11, 29, 2, 0, 30, tzinfo=UTC)


def quoted(name: str) -> str:
    return f'"{name}"'


def made(hours: int, table: str = "t") -> Copy:
    at = (NOW - timedelta(hours=hours)).replace(second=0)
    return Copy(copy_name(table, at, 63), at)


def seen(*copies: Copy, why_not: str = "") -> Seen:
    return Seen(object="s.t", table="t", now=NOW, copies=copies, longest_name=63, why_not=why_not)


@pytest.mark.parametrize(
    ("table", "name"),
    [
        ("orders", "orders_b202611290200"),
        ("ORDERS", "ORDERS_B202611290200"),
        ("x" * 49, "x" * 49 + "_b202611290200"),
        ("x" * 50, "x" * 40 + "_77cf1206_b202611290200"),
        ("表" * 21, "表" * 13 + "_55b60475_b202611290200"),
    ],
)
def test_the_name_of_a_copy_fits_the_longest_that_there_may_be(table: str, name: str) -> None:
    assert copy_name(table, NOW, 63) == name
    assert len(name.encode()) <= 63


def test_tables_with_the_same_long_beginning_have_copies_of_different_names() -> None:
    assert copy_name("x" * 60 + "a", NOW, 63) != copy_name("x" * 60 + "b", NOW, 63)


def test_the_minute_of_a_name_is_in_utc() -> None:
    local = datetime.fromisoformat("2026-11-29T04:00:00+02:00")
    assert copy_name("t", local, 63) == "t_b202611290200"


def test_a_copy_is_known_by_its_name_together_with_its_mark() -> None:
    name = "t_b202611290200"
    of_ours = mark('"t"', quoted(name))
    assert known("t", [(name, of_ours)], 63, quoted) == (Copy(name, NOW.replace(second=0)),)
    for strange in (
        ("kept", of_ours),  # renamed
        (name, ""),  # of a name alone
        (name, mark('"u"', quoted(name))),  # of another table
        (name, mark('"t"', quoted("t_b202611280200"))),  # a mark that was copied
        (name, f"{of_ours} Mine."),
        ("t_b202613290200", mark('"t"', quoted("t_b202613290200"))),  # no such month
        ("u_b202611290200", mark('"t"', quoted("u_b202611290200"))),
    ):
        assert known("t", [strange], 63, quoted) == (), strange


def test_the_newest_copy_comes_first() -> None:
    texts = [(copy.name, mark('"t"', quoted(copy.name))) for copy in (made(50), made(2), made(26))]
    assert [copy.name for copy in known("t", texts, 63, quoted)] == [made(2).name, made(26).name, made(50).name]


@pytest.mark.parametrize(
    ("copies", "keep", "kind", "surplus"),
    [
        ((), 3, "no_fresh_copy", []),
        ((26,), 3, "no_fresh_copy", []),
        ((20,), 3, "no_fresh_copy", []),
        ((19,), 3, None, []),
        ((26, 50, 74), 3, "no_fresh_copy", [74]),
        ((26, 50, 74, 98), 3, "no_fresh_copy", [74, 98]),
        ((26, 50), 1, "no_fresh_copy", [26, 50]),
        ((26, 50, 74, 98), 0, "no_fresh_copy", []),
        ((2, 26, 50), 3, None, []),
        ((2, 26, 50, 74), 3, "surplus_copies", [74]),
        ((2, 26, 50, 74), 0, None, []),
    ],
)
def test_a_copy_is_due_by_the_age_of_the_newest_and_the_newest_are_kept(
    copies: tuple[int, ...], keep: int, kind: str | None, surplus: list[int]
) -> None:
    found = judge(seen(*map(made, copies)), BackupParameters(keep_copies=keep))
    assert [finding.kind for finding in found] == ([kind] if kind else [])
    for finding in found:
        assert finding.evidence["surplus"] == [made(hours).name for hours in surplus]


def test_what_keeps_a_table_from_being_copied_is_said_and_then_nothing_is_dropped_either() -> None:
    (finding,) = judge(seen(made(30), made(50), made(70), why_not="It has a LONG column."), BackupParameters())
    assert (finding.severity, finding.advice) == (Severity.WARNING, "It has a LONG column.")
    assert finding.summary == "The newest copy of s.t was made 30 h ago."
    assert not finding.evidence["can_plan"]


def test_copies_that_the_account_cannot_drop_stay() -> None:
    (finding,) = judge(seen(made(2), made(26), made(50)), BackupParameters(keep_copies=1))
    assert without(finding, [made(26).name]).evidence["surplus"] == [made(50).name]
    assert not without(finding, [made(26).name, made(50).name]).evidence["can_plan"]


def test_a_copy_with_other_rows_than_were_copied_is_none() -> None:
    assert judge_rows("c", 5, Outcome(1, meters=Meters(rows=5))).ok
    assert judge_rows("c", 5, None).ok, "its worker was lost: it is there, so it is whole"
    told = judge_rows("c", 5, Outcome(1, meters=Meters(rows=6)))
    assert (told.ok, told.message) == (False, "c has 5 rows, and 6 were copied.")
