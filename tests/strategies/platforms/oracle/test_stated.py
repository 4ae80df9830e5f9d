from __future__ import annotations

import pytest

from strategies.platforms.base import AddressRefused
from strategies.platforms.oracle.stated import Edition, Stated, stated_of
from tests.strategies.platforms.oracle.dictionary import ENTERPRISE, Dictionary


def test_nothing_stated_counts_as_the_least() -> None:
    stated = Stated.read({})
    assert (stated.has_enterprise, stated.has_partitioning) == (False, False)
    assert stated.has("none")
    assert not any(stated.has(licence) for licence in ("Enterprise Edition", "Partitioning", "Diagnostics Pack"))
    assert "nothing that needs Enterprise Edition is planned" in stated.words


@pytest.mark.parametrize(
    ("options", "licences"),
    [
        ({"edition": "se2"}, set()),
        ({"edition": "EE"}, {"Enterprise Edition"}),
        ({"edition": "ee", "licensed": " Partitioning, diagnostics"}, {"Enterprise Edition", "Partitioning", "Diagnostics Pack"}),
        ({"edition": "FREE"}, {"Enterprise Edition", "Partitioning"}),
    ],
)  # fmt: skip
def test_only_what_is_stated_is_there(options: dict[str, str], licences: set[str]) -> None:
    stated = Stated.read(options)
    known = ("Enterprise Edition", "Partitioning", "Advanced Compression", "Diagnostics Pack", "Tuning Pack")
    assert {licence for licence in known if stated.has(licence)} == licences
    assert stated.has_partitioning == ("Partitioning" in licences)


def test_the_words_name_edition_and_licences() -> None:
    assert (
        Stated(Edition.ENTERPRISE, frozenset({"partitioning"})).words == "Enterprise Edition, as stated; Partitioning"
    )


def test_a_session_that_carries_nothing_has_nothing() -> None:
    session = Dictionary(stated=ENTERPRISE)
    assert stated_of(session) is ENTERPRISE
    del session.stated
    assert stated_of(session) == Stated()


@pytest.mark.parametrize(
    "options",
    [
        {"edition": "XE"},
        {"licensed": "tuning"},
        {"edition": "SE2", "licensed": "tuning"},
        {"edition": "EE", "licensed": "x"},
    ],
)
def test_what_cannot_be_stated_is_refused(options: dict[str, str]) -> None:
    with pytest.raises(AddressRefused):
        Stated.read(options)
