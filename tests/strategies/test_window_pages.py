"""What the pages of windows tell: open or closed, what fits and why not, and which entries hold now."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from strategies.models import Calendar, CalendarEntry, MaintenanceWindow
from strategies.window_pages import entry_row, fit, opened_first, window_rows, words

NOW = datetime(2026, 11, 28, 23, 0, tzinfo=UTC)
HOUR = 3_600_000


@pytest.mark.parametrize(
    ("p90", "first", "left", "fits", "is_known", "said"),
    [
        (HOUR, HOUR // 2, timedelta(hours=1), True, True, "It fits: 60 min are left."),
        (HOUR + 1, HOUR // 2, timedelta(hours=1), False, True, "the rest goes on in the next window"),
        (3 * HOUR, HOUR + 1, timedelta(hours=1), False, True, "it does not begin"),
        (None, HOUR + 1, timedelta(hours=1), False, True, "it does not begin"),
        (
            None,
            None,
            timedelta(hours=1),
            True,
            False,
            "How long it takes is not known: only 2 of its 5 steps were done often enough.",
        ),
        (HOUR, HOUR, None, False, True, "The window does not open again."),
    ],
)
def test_what_does_not_fit_is_told_with_the_reason(
    p90: int | None, first: int | None, left: timedelta | None, fits: bool, is_known: bool, said: str
) -> None:
    found = fit(p90, first, left, 2, 5)
    assert (found.fits, found.is_known) == (fits, is_known)
    assert said in found.sentence


def test_of_a_run_without_a_plan_it_is_said_that_it_has_none() -> None:
    assert "it has no plan yet" in fit(None, None, timedelta(hours=1)).sentence


@pytest.mark.parametrize(
    ("minutes", "said"), [(5, "5 min"), (119, "119 min"), (120, "2 h"), (270, "4 h 30 min"), (0.5, "1 min")]
)
def test_lengths_of_time_are_rounded_up_to_minutes(minutes: float, said: str) -> None:
    assert words(timedelta(minutes=minutes)) == said


@pytest.mark.django_db
def test_windows_stand_in_the_order_in_which_they_open_those_that_are_open_first() -> None:
    def made(name: str, starts: str, **values: object) -> MaintenanceWindow:
        return MaintenanceWindow.objects.create(
            **{"name": name, "starts": starts, "minutes": 120, "owner": "anna"} | values
        )

    made("Past", "2026-01-01T00:00")
    made("Later", "2026-12-24T22:00")
    made("Open", "2026-11-28T22:00")
    made("Soon", "2026-11-29T22:00")
    made("Broken", "never")
    made("Off", "2026-11-28T22:00", is_active=False)
    found = sorted(window_rows(MaintenanceWindow.objects.all(), NOW), key=opened_first)
    assert [told.row.name for told in found][:3] == ["Open", "Soon", "Later"]
    state = {told.row.name: (told.opening is not None, told.next is not None, told.is_broken) for told in found}
    assert state == {
        "Open": (True, False, False), "Soon": (False, True, False), "Later": (False, True, False), "Past": (False, False, False),
        "Broken": (False, False, True), "Off": (False, False, False),
    }  # fmt: skip


def entry(**values: object) -> CalendarEntry:
    known = {"name": "Close", "starts": "2026-11-28T22:00", "minutes": 120, "time_zone": "UTC"}
    return CalendarEntry(**known | values)


def test_an_entry_is_told_to_hold_to_be_over_or_not_to_be_readable() -> None:
    calendar = Calendar(name="Company", owner="anna")
    on = entry_row(calendar, entry(), NOW)
    assert (on.is_on, on.is_broken, on.is_over, len(on.slots)) == (True, False, False, 1)
    lifted = entry_row(calendar, entry(rule="FREQ=DAILY", lifted=["2026-11-28T22:00:00+00:00"]), NOW)
    assert (lifted.is_on, lifted.slots[0].starts_at) == (False, datetime(2026, 11, 29, 22, tzinfo=UTC))
    over = entry_row(calendar, entry(starts="2026-01-01T00:00", last_end_at=datetime(2026, 1, 1, 2, tzinfo=UTC)), NOW)
    assert (over.is_on, over.is_over) == (False, True)
    broken = entry_row(calendar, entry(starts="never"), NOW)
    assert (broken.is_on, broken.is_broken, broken.is_over) == (True, True, False)
