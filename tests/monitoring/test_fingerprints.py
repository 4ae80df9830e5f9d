"""Errors that look alike have one shape, others another: on messages that were sorted by hand, and on whatever else there is."""

from __future__ import annotations

import time
from collections import Counter, defaultdict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitoring.fingerprints import GONE, LONGEST, READ, fingerprint, shape
from tests.monitoring.error_messages import LABELLED

WORDS = sorted({word for _, message in LABELLED for word in message.split()})
MARKS = [
    *"…()[]\"'.:;=,/-_#0 \n",
    "(…)",
    "table",
    "of",
    "ORA-06512: at",
    "LINE 1:",
    "DETAIL:",
    "12 Nov",
    "UTC",
    "arguments: [",
]
MESSAGES = st.one_of(
    st.text(max_size=3 * READ),
    st.lists(st.sampled_from([*WORDS, *MARKS]), max_size=60).map(" ".join),
    st.lists(st.sampled_from([*WORDS, *MARKS]), max_size=60).map("".join),
    st.sampled_from([message for _, message in LABELLED]),
)  # fmt: skip


def wrongly_grouped() -> list[tuple[str, str]]:
    """Messages whose shape is not that of most of their kind, or is that of another kind."""
    kinds: dict[str, Counter[str]] = defaultdict(Counter)
    owners: dict[str, Counter[str]] = defaultdict(Counter)
    for kind, message in LABELLED:
        kinds[kind][shape(message)] += 1
        owners[shape(message)][kind] += 1
    return [
        (kind, message)
        for kind, message in LABELLED
        if shape(message) != kinds[kind].most_common(1)[0][0] or owners[shape(message)].most_common(1)[0][0] != kind
    ]


def test_at_least_95_percent_of_the_messages_sorted_by_hand_are_rightly_grouped() -> None:
    assert len(LABELLED) >= 120
    wrong = wrongly_grouped()
    assert len(wrong) <= 0.05 * len(LABELLED), wrong


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ('could not create unique index "a_ccnew"', "could not create unique index …"),
        ("could not create unique index \"b_ccnew\"\nDETAIL:  Key (id)=(5) is duplicated.", "could not create unique index …"),
        ("ORA-01653: unable to extend table APP.ORDERS by 128 in tablespace USERS",
         "ORA-01653: unable to extend table … by … in tablespace …"),
        ("UNIQUE constraint failed: orders.id, orders.region", "UNIQUE constraint failed: …"),
        ("ORA-00600: internal error code, arguments: [kdsgrp1], [7], []", "ORA-00600: internal error code, arguments: [kdsgrp1]"),
        ("don't retry: it's the user's job", "don't retry: it's the user's job"),
        ("Backup of C:\\data\\shop.bak failed on Tue Nov 24 02:00:00 2026 CET", "Backup of … failed on …"),
        ("read/write error", "read/write error"),
        ("", ""),
    ],
)  # fmt: skip
def test_what_varies_is_taken_out_and_what_tells_the_kind_stays(message: str, expected: str) -> None:
    assert shape(message) == expected


@settings(max_examples=2000, deadline=None)
@given(MESSAGES)
def test_any_text_has_a_shape_of_bounded_length_that_is_its_own_shape(message: str) -> None:
    found = shape(message)
    assert len(found) <= LONGEST
    assert shape(found) == found


@pytest.mark.parametrize(
    "part", ["[", "[1", "'", '"', "(", "a.", "a_", "/a", "table ", f"{GONE} ", "Mon ", "key (", "(a)="]
)
def test_no_message_takes_long(part: str) -> None:
    began = time.perf_counter()
    shape((part * READ)[:READ])
    assert time.perf_counter() - began < 1


def test_a_fingerprint_tells_code_strategy_and_shape_apart() -> None:
    parts = [("a", "b", "c"), ("ab", "", "c"), ("a", "bc", ""), ("", "ab", "c")]
    prints = {fingerprint(*part) for part in parts}
    assert len(prints) == len(parts)
    assert {len(one) for one in prints} == {64}
    assert fingerprint("a", "b", "c") == fingerprint("a", "b", "c")
    assert fingerprint("\ud800", "b", "c")
