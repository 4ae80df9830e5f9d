"""What a kind of statement says of licences is what keeps its steps from being planned."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from strategies.platforms.oracle import index_findings, index_steps, space_steps
from strategies.platforms.oracle.changes import CHANGES
from strategies.platforms.oracle.stated import Edition, Stated
from strategies.routines.index_maintenance import IndexParameters
from strategies.routines.space_maintenance import SpaceParameters
from tests.strategies.platforms.declared import pattern, statements
from tests.strategies.platforms.oracle.dictionary import index, part
from tests.strategies.platforms.oracle.test_space import found

STATED = [
    Stated(), Stated(Edition.STANDARD), Stated(Edition.ENTERPRISE), Stated(Edition.ENTERPRISE, frozenset({"partitioning"})),
    Stated(Edition.FREE),
]  # fmt: skip
INDEXES = [
    index(status="UNUSABLE"), index("BITS", status="UNUSABLE", index_type="BITMAP"), index("OLD", orphaned_entries="YES"),
]  # fmt: skip
PARTS = [
    part(status="UNUSABLE"), part("SUBPARTITION", "SP1", status="UNUSABLE"), part(index_name="GX", orphaned_entries="YES"),
    part(index_name="BITS_LX", status="UNUSABLE", index_type="BITMAP"),
]  # fmt: skip


def sent_for_indexes(stated: Stated) -> Iterator[str]:
    for degree in (1, 4):
        parameters = IndexParameters(allow_blocking=True, rebuild_degree=degree)
        findings = index_findings.broken(INDEXES, PARTS, parameters, stated, {}).findings
        yield from statements(index_steps.steps(findings, parameters))


def sent_for_space(stated: Stated) -> Iterator[str]:
    parameters = SpaceParameters(move_online=True)
    segments: tuple[dict[str, Any], ...] = ({}, {"partition_name": "P1", "segment_type": "TABLE PARTITION"})
    for segment in segments:
        for function_indexes in (0, 1):  # with one it cannot be shrunk
            finding = found(parameters, stated=stated, function_indexes=function_indexes, **segment)
            yield from statements(space_steps.steps([finding] if finding else [], parameters))


SENT = {"indexes": sent_for_indexes, "space": sent_for_space}


BACK = "ALTER INDEX <owner.index> {NOPARALLEL|PARALLEL} [<degree>]"  # needs nothing itself, and follows what does


def kinds(concern: str, stated: Stated) -> dict[str, str]:
    """The licence of each kind of statement that these situations ask for, by its form."""
    sent = list(SENT[concern](stated))
    return {
        change.form: change.licence
        for change in CHANGES[concern]
        if change.form != BACK and any(pattern(change.form).fullmatch(text) for text in sent)
    }


@pytest.mark.parametrize("stated", STATED, ids=lambda stated: stated.words)
@pytest.mark.parametrize("concern", SENT)
def test_what_is_planned_is_what_needs_no_licence_but_those_that_are_stated(concern: str, stated: Stated) -> None:
    everything = kinds(concern, Stated(Edition.FREE))
    assert kinds(concern, stated) == {form: licence for form, licence in everything.items() if stated.has(licence)}


@pytest.mark.parametrize("concern", SENT)
def test_each_kind_that_has_a_licence_is_among_these_situations(concern: str) -> None:
    licensed = {change.form for change in CHANGES[concern] if change.licence != "none"}
    assert licensed
    assert licensed <= kinds(concern, Stated(Edition.FREE)).keys()
