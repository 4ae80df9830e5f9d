"""Windows permit and freezes forbid: what of the two holds at a moment, against a model that looks at each minute."""

# ruff: noqa: DTZ001 (times on the wall have no zone of their own)
from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from strategies.occurrences import Slot, occurrences
from strategies.scope import Place, Scope
from strategies.windows import (
    LONGEST_EXTENSION,
    Freeze,
    Window,
    covering,
    first_free,
    free,
    next_opening,
    openings,
)

EVERYWHERE = Scope()
SHOP, OTHER = Place(1, 7, "production"), Place(2, 7, "test")
INSTANT, MINUTE, HOUR, DAY = timedelta(microseconds=1), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
MONDAY = datetime(2026, 11, 30, tzinfo=UTC)


def window(pk: int = 1, hour: int = 22, minutes: int = 240, scope: Scope = EVERYWHERE, **values: object) -> Window:
    when = occurrences(datetime(2026, 11, 1, hour), minutes, "UTC", "FREQ=DAILY")
    return Window(pk, f"Window {pk}", scope, when, **values)  # type: ignore[arg-type]


def freeze(since: datetime, until: datetime, scope: Scope = EVERYWHERE, **values: object) -> Freeze:
    when = occurrences(since.replace(tzinfo=None), int((until - since) / MINUTE), "UTC")
    return Freeze(1, "Quarter close", "Finance", (scope,), when, **values)  # type: ignore[arg-type]


def test_a_window_is_open_from_its_start_until_just_before_its_end() -> None:
    opens, closes = MONDAY + 22 * HOUR, MONDAY + 26 * HOUR
    is_open = [window().opening(moment) is not None for moment in (opens - INSTANT, opens, closes - INSTANT, closes)]
    assert is_open == [False, True, True, False]


def test_an_extended_slot_is_open_until_its_new_end_and_one_that_was_closed_until_then() -> None:
    opens, closes = MONDAY + 22 * HOUR, MONDAY + 26 * HOUR
    longer, shorter = (window(ends={opens: closes + by}) for by in (HOUR, -HOUR))
    assert longer.opening(closes + HOUR - INSTANT) is not None
    assert longer.opening(closes + HOUR) is None
    assert shorter.opening(closes - HOUR) is None
    assert shorter.opening(closes - HOUR - INSTANT) is not None
    assert longer.opening(closes + DAY) is None  # the other nights end as ever


def test_an_extension_of_a_whole_day_still_counts_at_its_last_instant() -> None:
    opens, closes = MONDAY + 22 * HOUR, MONDAY + 26 * HOUR
    when = occurrences(opens.replace(tzinfo=None), 240, "UTC")
    extended = Window(1, "Once", Scope(), when, ends={opens: closes + LONGEST_EXTENSION})
    assert extended.opening(closes + LONGEST_EXTENSION - INSTANT) is not None
    assert extended.opening(closes + LONGEST_EXTENSION) is None


def test_a_slot_that_was_closed_before_it_began_never_opens() -> None:
    opens = MONDAY + 22 * HOUR
    closed = window(ends={opens: opens})
    assert closed.opening(opens) is None
    after = closed.next_opening(opens - HOUR)
    assert after is not None
    assert after.slot.starts_at == opens + DAY


def test_a_window_that_cannot_be_read_never_opens_and_still_covers() -> None:
    broken = Window(1, "Broken", Scope(target=1), None)
    assert covering([broken], SHOP) == [broken]
    assert covering([broken], OTHER) == []
    assert openings([broken], MONDAY) == []
    assert next_opening([broken], MONDAY) is None
    assert free([broken], [], SHOP, MONDAY, MONDAY + 30 * DAY) == []


def test_a_freeze_that_cannot_be_read_always_holds() -> None:
    broken = Freeze(1, "Broken", "Finance", (Scope(target=1),), None)
    assert broken.in_force(MONDAY) is not None
    assert free([], [broken], SHOP, MONDAY, MONDAY + 30 * DAY) == []
    assert free([], [broken], OTHER, MONDAY, MONDAY + DAY) == [Slot(MONDAY, MONDAY + DAY)]


def test_a_freeze_holds_from_its_start_until_just_before_its_end_unless_that_slot_was_lifted() -> None:
    since, until = MONDAY, MONDAY + DAY
    holds = [freeze(since, until).in_force(at) is not None for at in (since - INSTANT, since, until - INSTANT, until)]
    assert holds == [False, True, True, False]
    assert freeze(since, until, lifted=frozenset({since})).in_force(since) is None


def test_the_window_that_closes_last_comes_first_and_the_next_is_the_one_that_opens_first() -> None:
    long, short, early = window(1, 22, 300), window(2, 23, 60), window(3, 1, 60)
    now = MONDAY + 23 * HOUR + 30 * MINUTE
    assert [found.window.pk for found in openings([short, early, long], now)] == [1, 2]
    following = next_opening([long, short, early], now)
    assert following is not None
    assert following.window.pk == 3


def test_a_window_tells_the_time_of_its_own_clock_and_stops_after_its_grace() -> None:
    when = occurrences(datetime(2026, 11, 28, 22), 240, "Europe/Vienna", "FREQ=DAILY")
    vienna = Window(1, "Night", Scope(), when, "Europe/Vienna", grace=10 * MINUTE, capacity=2)
    opening = vienna.opening(MONDAY + 22 * HOUR)
    assert opening is not None
    assert vienna.on_its_clock(opening.slot.starts_at) == "Mon 30 Nov 22:00 (Europe/Vienna)"
    assert opening.stops_at == MONDAY + 25 * HOUR + 10 * MINUTE
    assert [opening.is_full(running) for running in (1, 2, 3)] == [False, True, True]


def test_a_database_without_windows_is_free_outside_freezes_and_one_with_windows_inside_of_them() -> None:
    frozen = freeze(MONDAY + 23 * HOUR, MONDAY + 24 * HOUR)
    nights = [window(scope=Scope(target=1))]
    until = MONDAY + 2 * DAY
    assert free(nights, [frozen], OTHER, MONDAY, until) == [
        Slot(MONDAY, MONDAY + 23 * HOUR),
        Slot(MONDAY + 24 * HOUR, until),
    ]
    assert free(nights, [frozen], SHOP, MONDAY, until) == [
        Slot(MONDAY, MONDAY + 2 * HOUR),  # what is left of the night before
        Slot(MONDAY + 22 * HOUR, MONDAY + 23 * HOUR),
        Slot(MONDAY + 24 * HOUR, MONDAY + 26 * HOUR),
        Slot(MONDAY + 46 * HOUR, until),
    ]


def test_the_first_free_slot_is_long_enough_or_there_is_none() -> None:
    nights = [window(minutes=120)]
    frozen = freeze(MONDAY + 22 * HOUR, MONDAY + 23 * HOUR)
    found = first_free(nights, [frozen], SHOP, MONDAY + 12 * HOUR, 2 * HOUR)
    assert found == Slot(MONDAY + 46 * HOUR, MONDAY + 48 * HOUR)
    assert first_free(nights, [frozen], SHOP, MONDAY, 3 * HOUR) is None


RULES = ("", "FREQ=DAILY", "FREQ=WEEKLY;BYDAY=TU,SA", "FREQ=DAILY;INTERVAL=2")
TIMES = st.tuples(st.integers(0, 72 * 2), st.integers(1, 30 * 2), st.sampled_from(RULES))  # in half-hours since Sunday


def when(times: tuple[int, int, str]):
    start, length, rule = times
    return occurrences(datetime(2026, 11, 29) + start * 30 * MINUTE, length * 30, "UTC", rule)


@settings(max_examples=60, deadline=None)
@given(open_=st.lists(TIMES, max_size=3), shut=st.lists(TIMES, max_size=3))
def test_free_time_is_what_each_half_hour_says_and_a_freeze_goes_before_a_window(
    open_: list[tuple[int, int, str]], shut: list[tuple[int, int, str]]
) -> None:
    windows = [Window(n, f"W{n}", Scope(), when(times)) for n, times in enumerate(open_)]
    freezes = [Freeze(n, f"F{n}", "C", (Scope(),), when(times)) for n, times in enumerate(shut)]
    since, until = MONDAY, MONDAY + 5 * DAY
    pieces = free(windows, freezes, SHOP, since, until)
    for number in range(5 * 48):
        moment = since + number * 30 * MINUTE
        is_shut = any(freeze.in_force(moment) for freeze in freezes)
        is_open = not windows or bool(openings(windows, moment))
        assert any(moment in piece for piece in pieces) is (is_open and not is_shut)
    assert all(piece.starts_at < piece.ends_at for piece in pieces)
    assert all(before.ends_at < after.starts_at for before, after in pairwise(pieces))
