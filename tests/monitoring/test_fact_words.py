"""Facts of messages as people read them in their zone, and as programs do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from monitoring import text_examples
from monitoring.fact_words import Fact, as_data, in_words
from monitoring.notifiable import EVENTS

AT = datetime(2026, 11, 28, 22, 0, tzinfo=UTC)


def maintenance(starts: datetime | None, ends: datetime | None, **more: Fact) -> dict[str, Fact]:
    return {"starts": starts, "ends": ends, "was": None, "bound": False, "over": False, **more}


@pytest.mark.parametrize(
    ("ends", "zone", "until"),
    [
        (AT + timedelta(minutes=40), "UTC", "until about 22:40 UTC"),
        (AT + timedelta(hours=2), "UTC", "until about Sun 29 Nov 00:00 UTC"),
        (AT + timedelta(hours=2), "America/New_York", "until about 19:00 EST"),
        (AT + timedelta(minutes=40), "Nowhere/Else", "until about 22:40 UTC"),
        (None, "UTC", ""),
    ],
)
def test_an_end_names_its_day_only_where_it_is_another(ends: datetime | None, zone: str, until: str) -> None:
    assert in_words(maintenance(AT, ends), zone)["until"] == until


def test_in_the_night_in_which_the_clock_goes_back_both_hours_have_their_name() -> None:
    starts = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    words = in_words(maintenance(starts, starts + timedelta(hours=1)), "Europe/Vienna")
    assert (words["starts"], words["until"]) == ("Sun 25 Oct 02:30 CEST", "until about 02:30 CET")


@pytest.mark.parametrize(("seconds", "lasted"), [
    (59, "less than a minute (Sat 28 Nov 22:00 UTC)"), (60, "from Sat 28 Nov 22:00 UTC until 22:01 UTC"),
])  # fmt: skip
def test_what_is_over_says_how_long_it_was_and_not_until_when(seconds: int, lasted: str) -> None:
    words = in_words(maintenance(AT, AT + timedelta(seconds=seconds), over=True, bound=True), "UTC")
    assert (words["lasted"], words["until"]) == (lasted, "")


def test_a_bound_is_the_latest_and_what_was_told_before_is_named_where_it_is_another_time() -> None:
    words = in_words(maintenance(AT, AT + timedelta(hours=1), bound=True, was=AT + timedelta(seconds=20)), "UTC")
    assert (words["until"], words["was"]) == ("until 23:00 UTC at the latest", "")
    assert in_words(maintenance(None, None, was=AT), "UTC")["was"] == "Sat 28 Nov 22:00 UTC"


@pytest.mark.parametrize(
    ("fact", "words", "datum"),
    [
        (None, "", None), ("x", "x", "x"), (7, "7", 7), (True, "yes", True), (False, "", False), (("a", 2), "a, 2", ["a", 2]),
        ((), "", []), (AT, "Sat 28 Nov 22:00 UTC", "2026-11-28T22:00:00+00:00"), (timedelta(seconds=40), "40 s", 40.0),
        (timedelta(milliseconds=300), "less than 1 s", 0.3), (timedelta(seconds=200), "3 min 20 s", 200.0),
        (timedelta(hours=2, minutes=5), "2 h 5 min", 7500.0),
    ],
)  # fmt: skip
def test_each_kind_of_fact(fact: Fact, words: str, datum: Any) -> None:
    assert in_words({"one": fact}, "UTC") == {"one": words}
    assert as_data({"one": fact}) == {"one": datum}


@pytest.mark.parametrize("event", EVENTS)
def test_examples_are_those_of_their_event(event: str) -> None:
    facts = text_examples.sample(event)
    if event.startswith("maintenance."):
        step = event.removeprefix("maintenance.")
        assert bool(facts["begun"]) is (step in ("started", "verifying", "done", "unfinished"))
        assert bool(facts["was"]) is (step in ("changed", "cancelled", "withdrawn"))
        assert bool(facts["lasted"]) is (step in ("done", "unfinished"))
        assert bool(facts["starts"]) is (step not in ("cancelled", "withdrawn"))
    if event.startswith("approval.") or event in ("run.missed", "run.cancelled"):
        assert not facts["began"], "what has not begun has no begin"
        assert not facts["took"]
