"""Texts that are put together read as sentences."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from strategies.sentences import instant, sentences, span


@pytest.mark.parametrize(
    ("texts", "together"),
    [
        (("08001: Connection refused", "Is the server running?"), "08001: Connection refused. Is the server running?"),
        (("It ended.", "Anna lifts it"), "It ended. Anna lifts it."),
        (('Held: "closes"', "Anna lifts it."), 'Held: "closes". Anna lifts it.'),
        (("He said “no.”", "So"), "He said “no.” So."),
        (("  padded \n", "", None, "…cut off…"), "padded. …cut off…"),
        (("",), ""),
        ((), ""),
    ],
)
def test_each_text_ends_before_the_next_begins(texts: tuple[str, ...], together: str) -> None:
    assert sentences(*texts) == together


def test_an_instant_is_said_in_utc() -> None:
    noon_in_tokyo = datetime(2026, 11, 28, 12, 0, tzinfo=timezone(timedelta(hours=9)))
    assert instant(noon_in_tokyo) == instant(noon_in_tokyo.astimezone(UTC)) == "2026-11-28 03:00 UTC"


@pytest.mark.parametrize(
    ("length", "said"),
    [
        (timedelta(seconds=59), "0 min"),
        (timedelta(minutes=119), "119 min"),
        (timedelta(hours=2), "2 h"),
        (timedelta(hours=47, minutes=59), "47 h"),
        (timedelta(hours=48), "2 days"),
    ],
)
def test_a_span_is_said_in_the_largest_unit_of_which_it_has_two(length: timedelta, said: str) -> None:
    assert span(length) == said
