from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from strategies.gate import verdict
from strategies.gate_values import (
    CalendarFacts,
    Cap,
    FreezeInForce,
    GateFacts,
    GlassBroken,
    HoldInForce,
    JobFacts,
    Predicted,
    Reason,
    RunAhead,
)
from strategies.occurrences import Slot, occurrences
from strategies.scope import Scope
from strategies.windows import Opening, Window

NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
CLEAR = GateFacts(
    target="shop",
    is_target_active=True,
    stopped_why="",
    is_checked=True,
    check_error="",
    facts_age=timedelta(minutes=5),
    facts_max_age=timedelta(hours=1),
    changes_data=True,
    is_writable=True,
    caps=(Cap("database shop", 1, 0), Cap("the whole portal", 4, 3)),
)


def codes(facts: GateFacts) -> list[str]:
    return [reason.code for reason in verdict(facts, NOW).reasons]


def test_nothing_against_it_means_it_may_start() -> None:
    assert verdict(CLEAR, NOW).may_start


@pytest.mark.parametrize(
    ("change", "code", "words"),
    [
        ({"is_target_active": False}, "inactive", "shop is switched off"),
        ({"stopped_why": "28P01"}, "stopped", "refused the sign-in"),
        ({"is_checked": False, "facts_age": None}, "facts_old", "was never checked"),
        ({"facts_age": timedelta(hours=3)}, "facts_old", "was last checked 3 h ago"),
        ({"facts_age": timedelta(days=9)}, "facts_old", "9 days"),
        ({"check_error": "no route"}, "unreachable", "no route"),
        ({"missing_rights": ("MAINTAIN on orders",)}, "missing_right", "MAINTAIN on orders"),
        ({"missing_rights": ("a", "b")}, "missing_right", "lacks 2 rights: a, b."),
        ({"missing_rights": tuple("abcdef")}, "missing_right", "lacks 6 rights: a, b, c and 3 more."),
        ({"is_writable": False}, "read_only", "takes no changes"),
        ({"holds": (HoldInForce("all databases", "audit week", "anna"),)}, "hold", "audit week"),
        ({"overlap": RunAhead(7, "INDEX_MAINTENANCE on shop")}, "overlap", "Run 7"),
        ({"caps": (Cap("tag finance", 2, 2),)}, "cap", "2 of 2 runs are at work on tag finance"),
        ({"is_runnable": False}, "no_routine", "Nothing here knows"),
    ],
)
def test_each_obstacle_is_a_sentence_that_names_who_can_clear_it(change: dict, code: str, words: str) -> None:
    answer = verdict(replace(CLEAR, **change), NOW)
    assert not answer.may_start
    (reason,) = answer.reasons
    assert reason.code == code
    assert words in reason.sentence
    assert reason.cleared_by.endswith(".")


def test_all_reasons_are_given_at_once() -> None:
    held = replace(CLEAR, holds=(HoldInForce("all databases", "x", "a"),), caps=(Cap("database shop", 1, 1),))
    assert codes(held) == ["hold", "cap"]


def test_a_database_that_takes_no_changes_may_still_be_read() -> None:
    assert codes(replace(CLEAR, is_writable=False, changes_data=False)) == []


def test_a_stopped_target_says_only_that() -> None:
    assert codes(replace(CLEAR, stopped_why="28P01", check_error="28P01", facts_age=timedelta(days=2))) == ["stopped"]


# Windows, freezes, approvals, break-glass.

EVERY_NIGHT = occurrences(datetime(2026, 11, 1, 1), 240, "UTC", "FREQ=DAILY")  # noqa: DTZ001 (of the wall clock)
WINDOW = Window(1, "Night", Scope(), EVERY_NIGHT, capacity=2)
OPENING = Opening(WINDOW, Slot(NOW - timedelta(hours=1), NOW + timedelta(hours=3)))
SHUT = CalendarFacts(
    is_covered=True, opens_next=Opening(WINDOW, Slot(NOW + timedelta(hours=23), NOW + timedelta(hours=27)))
)
OPEN = CalendarFacts(is_covered=True, openings=[(OPENING, 0)])
QUARTER_CLOSE = FreezeInForce("Quarter close", "Finance", "fred", NOW + timedelta(days=1), "the books are closed")
FROZEN = CalendarFacts(freezes=[QUARTER_CLOSE])
GLASS = GlassBroken(NOW + timedelta(hours=1))
HELD = (HoldInForce("all databases", "audit week", "anna"),)
WAITS = Reason("not_approved", "It waits for the approval of 1 approver.", "They find it among their approvals.")


@pytest.mark.parametrize(
    ("change", "code", "words", "who"),
    [
        ({"calendar": SHUT}, "window_closed", "the next, Night, opens Wed 25 Nov 01:00 (UTC)", "by itself"),
        ({"calendar": CalendarFacts(is_covered=True)}, "window_closed", "none of them opens again", "owner of a window"),
        ({"calendar": CalendarFacts(True, [(OPENING, 2)])}, "window_full", "2 of 2 runs", "raise its capacity"),
        ({"calendar": FROZEN}, "freeze", "frozen by Quarter close of the calendar Finance until 2026-11-25 02:00 UTC", "fred"),
        ({"calendar": CalendarFacts(freezes=[replace(QUARTER_CLOSE, until=None)])}, "freeze", "end cannot be read", "fred"),
        ({"calendar": OPEN, "predicted": Predicted(None, [4 * 3600_000])}, "does_not_fit", "up to 4 h, and", "may be extended"),
        ({"approval": WAITS}, "not_approved", "1 approver", "their approvals"),
    ],
)  # fmt: skip
def test_what_the_calendar_and_people_say_is_a_sentence_too(change: dict, code: str, words: str, who: str) -> None:
    (reason,) = verdict(replace(CLEAR, **change), NOW).reasons
    assert reason.code == code
    assert words in reason.sentence
    assert who in reason.cleared_by


def test_inside_an_open_window_it_may_start_and_is_told_which() -> None:
    answer = verdict(replace(CLEAR, calendar=OPEN), NOW)
    assert answer.may_start
    assert answer.opening == OPENING


def test_of_two_open_windows_a_full_one_gives_way_to_one_with_room() -> None:
    other = Opening(replace(WINDOW, pk=2, capacity=None), Slot(NOW, NOW + timedelta(hours=1)))
    answer = verdict(replace(CLEAR, calendar=CalendarFacts(True, [(OPENING, 2), (other, 9)])), NOW)
    assert answer.opening == other


def test_what_only_reads_needs_no_window_and_no_freeze_stops_it() -> None:
    reads = replace(CLEAR, changes_data=False, calendar=replace(SHUT, freezes=[QUARTER_CLOSE]))
    answer = verdict(reads, NOW)
    assert answer.may_start
    assert answer.opening is None


@pytest.mark.parametrize(("left_ms", "fits"), [(0, True), (-1, False)])
def test_what_takes_exactly_as_long_as_is_left_fits(left_ms: int, fits: bool) -> None:
    takes = 3 * 3600_000 - left_ms
    assert verdict(replace(CLEAR, calendar=OPEN, predicted=Predicted(takes * 9, [takes])), NOW).may_start is fits


@pytest.mark.parametrize(
    ("firsts_hours", "may_start"), [((5, 3), True), ((5, 3.5), False), ((5, None), True), ((5, 4.5), False)]
)
def test_what_no_such_window_has_room_for_is_passed_over(firsts_hours: tuple, may_start: bool) -> None:
    """Of a window of 4 h, 3 h are left."""
    firsts = [None if hours is None else int(hours * 3600_000) for hours in firsts_hours]
    assert verdict(replace(CLEAR, calendar=OPEN, predicted=Predicted(None, firsts)), NOW).may_start is may_start


def test_what_the_whole_window_is_too_short_for_does_not_wait_for_the_next_one_to_open() -> None:
    (reason,) = verdict(replace(CLEAR, calendar=OPEN, predicted=Predicted(None, [5 * 3600_000])), NOW).reasons
    assert "up to 5 h, and the whole window Night has 4 h" in reason.sentence
    assert "by itself" not in reason.cleared_by


def test_what_is_not_known_to_take_longer_may_start() -> None:
    assert verdict(replace(CLEAR, calendar=OPEN, predicted=Predicted(None, [None])), NOW).may_start


def test_a_freeze_goes_before_an_open_window() -> None:
    assert codes(replace(CLEAR, calendar=replace(OPEN, freezes=[QUARTER_CLOSE]))) == ["freeze"]


def test_two_people_let_a_run_start_against_windows_freezes_and_holds_and_it_is_kept_what_they_overrode() -> None:
    against = replace(CLEAR, calendar=replace(SHUT, freezes=[QUARTER_CLOSE]), holds=HELD, glass=GLASS)
    answer = verdict(against, NOW)
    assert answer.may_start
    assert [reason.code for reason in answer.overridden] == ["hold", "freeze", "window_closed"]
    assert answer.opening is None
    assert not verdict(against, GLASS.ends_at).may_start  # they agreed for a while


@pytest.mark.parametrize(
    "change",
    [
        {"is_target_active": False}, {"stopped_why": "28P01"}, {"check_error": "no route"}, {"missing_rights": ("a",)},
        {"is_writable": False}, {"overlap": RunAhead(7, "x")}, {"caps": (Cap("tag finance", 2, 2),)}, {"is_runnable": False},
        {"approval": WAITS}, {"calendar": CalendarFacts(True, [(OPENING, 2)])}, {"facts_age": timedelta(days=9)},
        {"start_before": NOW - timedelta(seconds=1)}, {"due_at": NOW + timedelta(seconds=1)},
        {"job": JobFacts("NIGHTLY", "is switched off.")},
    ],
)  # fmt: skip
def test_break_glass_overrides_nothing_else(change: dict) -> None:
    without, against = verdict(replace(CLEAR, **change), NOW), verdict(replace(CLEAR, glass=GLASS, **change), NOW)
    assert without.reasons
    assert against.reasons == without.reasons
    assert against.overridden == ()


@pytest.mark.parametrize(
    ("change", "keeps_its_end"),
    [
        ({}, True),
        ({"holds": HELD}, True),
        ({"calendar": replace(OPEN, freezes=[QUARTER_CLOSE])}, True),
        ({"predicted": Predicted(None, [4 * 3600_000])}, False),
    ],
)
def test_who_overrides_a_hold_has_not_overridden_the_end_of_the_window(change: dict, keeps_its_end: bool) -> None:
    answer = verdict(replace(CLEAR, glass=GLASS, **{"calendar": OPEN, **change}), NOW)
    assert answer.may_start
    assert answer.opening == (OPENING if keeps_its_end else None)


# A freeze that begins before the window closes, or before the work is done.

SOON = NOW + timedelta(hours=2)


@pytest.mark.parametrize(
    ("change", "ends_at"),
    [
        ({}, None),
        ({"calendar": OPEN}, OPENING.slot.ends_at),
        ({"calendar": replace(OPEN, freezes_at=SOON)}, SOON),
        ({"calendar": replace(OPEN, freezes_at=OPENING.slot.ends_at + timedelta(hours=1))}, OPENING.slot.ends_at),
        ({"calendar": CalendarFacts(freezes_at=SOON)}, SOON),
        ({"calendar": CalendarFacts(freezes_at=SOON), "changes_data": False}, None),
    ],
)
def test_a_run_ends_when_its_window_closes_or_a_freeze_begins(change: dict, ends_at: datetime | None) -> None:
    answer = verdict(replace(CLEAR, **change), NOW)
    assert answer.may_start
    assert answer.ends_at == ends_at


@pytest.mark.parametrize("calendar", [CalendarFacts(freezes_at=SOON), replace(OPEN, freezes_at=SOON)])
@pytest.mark.parametrize(("more_ms", "fits"), [(0, True), (1, False)])
def test_what_does_not_fit_before_the_next_freeze_does_not_start(
    calendar: CalendarFacts, more_ms: int, fits: bool
) -> None:
    takes = 2 * 3600_000 + more_ms
    answer = verdict(replace(CLEAR, calendar=calendar, predicted=Predicted(takes, [takes])), NOW)
    assert answer.may_start is fits
    if not fits:
        (reason,) = answer.reasons
        assert (reason.code, "shop is frozen in 2 h" in reason.sentence) == ("does_not_fit", True)
