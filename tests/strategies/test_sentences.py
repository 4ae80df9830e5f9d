"""Texts that are put together read as sentences."""

from __future__ import annotations

import pytest

from strategies.sentences import sentences


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
