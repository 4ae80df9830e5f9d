"""What a window meets: other windows, freezes and backups, told with the time on its clock, and where there is room instead."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from strategies.conflicts import Company, Database, conflicts, free_instead, left_open, left_open_words
from strategies.occurrences import Slot, occurrences
from strategies.scope import Place, Scope
from strategies.windows import Freeze, Window

NOW = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)
SHOP = Database("shop", Place(1, 10, "production", frozenset({5})))
BILLING = Database("billing", Place(2, 10, "production", frozenset({5})))
THEIRS = Database("theirs", Place(3, 20, "production", frozenset()))
ALL = (SHOP, BILLING, THEIRS)
ZONE = "Europe/Vienna"


def window(pk: int, name: str, start: str, minutes: int, scope: Scope, rule: str = "FREQ=DAILY") -> Window:
    when = occurrences(datetime.fromisoformat(start), minutes, ZONE, rule)
    return Window(pk, name, scope, when, ZONE)


def freeze(name: str, start: str, minutes: int, *scopes: Scope, rule: str = "") -> Freeze:
    when = occurrences(datetime.fromisoformat(start), minutes, ZONE, rule)
    return Freeze(1, name, "Company", scopes, when)


NIGHT = window(1, "Night", "2026-11-28T22:00", 240, Scope(tag=5))


def test_a_window_that_meets_nothing_has_no_conflict() -> None:
    morning = window(2, "Morning", "2026-11-28T06:00", 60, Scope(tag=5))
    elsewhere = window(3, "Elsewhere", "2026-11-28T22:00", 60, Scope(tenant=20))
    touching = window(4, "Early", "2026-11-28T21:00", 60, Scope(tag=5))
    assert conflicts(NIGHT, Company(windows=(morning, elsewhere, touching)), ALL, NOW) == []


def test_another_window_on_the_same_databases_is_told_with_how_often_and_when_first() -> None:
    weekly = window(2, "Weekend", "2026-11-29T01:00", 120, Scope(target=1), "FREQ=WEEKLY;BYDAY=SU")
    found = conflicts(NIGHT, Company(windows=(weekly,)), ALL, NOW)
    assert [one.sentence for one in found] == [
        "The window Weekend is open at the same time on shop: 9 times in the next 60 days, first from "
        "Sun 29 Nov 01:00 (Europe/Vienna) to Sun 29 Nov 02:00 (Europe/Vienna)."
    ]
    assert found[0].first == Slot(datetime(2026, 11, 29, 0, tzinfo=UTC), datetime(2026, 11, 29, 1, tzinfo=UTC))


def test_a_window_of_one_tenant_is_told_to_be_that_tenants_own() -> None:
    own = window(2, "Theirs", "2026-11-28T23:00", 60, Scope(tenant=10))
    (found,) = conflicts(NIGHT, Company(windows=(own,)), ALL, NOW)
    assert found.sentence.startswith(
        "The window Theirs, which is a tenant's own, is open at the same time on billing and shop: 60"
    )
    of_the_same, other = (window(pk, f"w{pk}", "2026-11-28T22:00", 60, Scope(tenant=10)) for pk in (3, 4))
    (again,) = conflicts(of_the_same, Company(windows=(other,)), ALL, NOW)
    assert "tenant's own" not in again.sentence


def test_freezes_and_backups_are_told_each_in_its_words_the_earliest_first() -> None:
    company = Company(
        freezes=(freeze("Quarter close", "2026-12-30T00:00", 4 * 1440, Scope()),),
        backups=(freeze("Full backup", "2026-11-29T01:30", 60, Scope(target=2), rule="FREQ=WEEKLY"),),
    )
    backup, close = conflicts(NIGHT, company, ALL, NOW)
    assert backup.sentence.startswith(
        "billing is backed up by Full backup of the calendar Company: 9 times in the next 60 days"
    )
    assert close.sentence.startswith("billing and shop are frozen by Quarter close of the calendar Company: 5 times")
    assert "first from Wed 30 Dec 00:00 (Europe/Vienna) to Wed 30 Dec 02:00 (Europe/Vienna)" in close.sentence


def test_many_databases_are_named_by_three_and_a_number() -> None:
    many = [Database(f"db{number}", Place(number, 10)) for number in range(9)]
    everything = window(1, "All", "2026-11-28T22:00", 60, Scope())
    (found,) = conflicts(everything, Company(windows=(window(2, "Other", "2026-11-28T22:00", 60, Scope()),)), many, NOW)
    assert "on db0, db1, db2 and 6 more" in found.sentence


def test_what_lies_beyond_60_days_is_no_conflict() -> None:
    far = freeze("Far", "2027-03-01T22:00", 60, Scope())
    assert conflicts(NIGHT, Company(freezes=(far,)), ALL, NOW) == []


def test_a_window_that_covers_no_database_or_cannot_be_read_meets_nothing() -> None:
    broken = Window(1, "Broken", Scope(), None)
    company = Company(freezes=(freeze("Close", "2026-11-28T22:00", 60, Scope()),))
    assert conflicts(broken, company, ALL, NOW) == []
    assert conflicts(window(1, "Empty", "2026-11-28T22:00", 60, Scope(tag=99)), company, ALL, NOW) == []


@pytest.mark.parametrize("minutes", [30, 120])
def test_the_next_free_slot_lies_outside_windows_freezes_and_backups(minutes: int) -> None:
    """Vienna is an hour ahead of UTC: other work from 22:00 to 02:00, a backup to 03:00, half an hour, a freeze to 04:30."""
    company = Company(
        windows=(window(2, "Other", "2026-11-28T22:00", 240, Scope(target=1)),),
        backups=(freeze("Backup", "2026-11-29T02:00", 60, Scope(target=2)),),
        freezes=(freeze("Freeze", "2026-11-29T03:30", 60, Scope()),),
    )
    since = datetime(2026, 11, 28, 21, 0, tzinfo=UTC)
    found = free_instead(NIGHT, company, ALL, since, timedelta(minutes=minutes))
    expected = {30: datetime(2026, 11, 29, 2, 0, tzinfo=UTC), 120: datetime(2026, 11, 29, 3, 30, tzinfo=UTC)}[minutes]
    assert found == Slot(expected, expected + timedelta(minutes=minutes))


def test_where_a_freeze_has_no_readable_end_there_is_no_free_slot() -> None:
    endless = Freeze(1, "Broken", "Company", (Scope(),), None)
    assert free_instead(NIGHT, Company(freezes=(endless,)), ALL, NOW, timedelta(hours=1)) is None


BROKEN = Window(2, "Broken", Scope(target=1), None, ZONE)


@pytest.mark.parametrize(
    ("after", "others", "open_"),
    [
        (None, (), [SHOP, BILLING]), (None, (BROKEN,), [BILLING]),
        (window(1, "N", "2026-11-28T22:00", 60, Scope(target=2)), (), [SHOP]),
        (window(1, "N", "2026-11-28T22:00", 60, Scope()), (), []),
        (None, (window(3, "A", "2026-11-28T06:00", 60, Scope(tenant=10)),), []),
    ],
)  # fmt: skip
def test_what_no_window_covers_any_more_is_left_open(
    after: Window | None, others: tuple[Window, ...], open_: list[Database]
) -> None:
    """One that never opens covers all the same; the other tenant's database had no window before."""
    assert left_open(NIGHT, after, others, ALL) == open_


def test_what_is_left_open_is_told_by_name_and_number() -> None:
    assert left_open_words([]) == ""
    assert left_open_words([SHOP, BILLING]) == (
        "No other window covers 2 databases: billing and shop. They may then be worked on at any time outside freezes."
    )
    many = [Database(f"db{number:02}", Place(number, 1)) for number in range(23)]
    assert left_open_words(many).startswith("No other window covers 23 databases: db00, db01")
    assert "db19 and 3 more." in left_open_words(many)
