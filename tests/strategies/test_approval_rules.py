"""Who has to agree: the levels that rules make together, and when a level has everybody it needs."""

from __future__ import annotations

from itertools import permutations, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strategies.approval_rules import (
    Demand,
    Level,
    Rule,
    Unreadable,
    Word,
    is_met,
    is_within,
    levels,
    needs_people,
    read_levels,
)
from strategies.risk import Factor, Risk
from strategies.scope import Place, Scope

PRODUCTION, TEST = Place(1, 7, "production"), Place(2, 7, "test")
APPROVER, DBA, MANAGER = Demand("approver"), Demand("DBA"), Demand("manager")
READS = Risk(changes_data=False)


def of(score: int, *names: str) -> Risk:
    """A risk of this score."""
    return Risk((Factor("size", score, "."), *(Factor(name, 0, ".") for name in names)))


DROPS = of(45, "destructive")
TWO_LEVELS = Rule("production", ((APPROVER,), (MANAGER,)), Scope(environment="production"))
ONE_LEVEL = Rule("test", ((DBA,),), Scope(environment="test"))


@pytest.mark.parametrize(
    ("rules", "place", "risk", "wanted"),
    [
        ([TWO_LEVELS, ONE_LEVEL], PRODUCTION, of(30), ((APPROVER,), (MANAGER,))),
        ([TWO_LEVELS, ONE_LEVEL], TEST, of(30), ((DBA,),)),
        ([TWO_LEVELS, ONE_LEVEL], PRODUCTION, READS, ()),
        ([], PRODUCTION, of(25), ((APPROVER,),)),  # the floor: production
        ([], TEST, DROPS, ((APPROVER,),)),  # the floor: what drops or deletes anywhere
        ([], TEST, of(99), ()),  # rebuilding elsewhere needs nobody, though it has no undo
        ([], PRODUCTION, READS, ()),
        ([ONE_LEVEL], TEST, of(0), ((DBA,),)),  # a change without a factor is a change all the same
        ([Rule("empty", ((),))], PRODUCTION, of(25), ((APPROVER,),)),
        ([Rule("none", ())], PRODUCTION, of(25), ((APPROVER,),)),
        ([Rule("late", ((MANAGER,),), from_score=60)], PRODUCTION, of(25), ((APPROVER,),)),
        ([Rule("late", ((MANAGER,),), from_score=60)], PRODUCTION, of(60), ((APPROVER, MANAGER),)),
        ([Rule("late", ((Demand("approver", 2),),), from_score=60)], PRODUCTION, of(60), ((Demand("approver", 2),),)),
        ([Rule("other", ((MANAGER,),), strategy="S2")], TEST, of(30), ()),
        ([Rule("this", ((MANAGER,),), strategy="S1")], TEST, of(30), ((MANAGER,),)),
        ([Rule("a", ((Demand("DBA", 1),),)), Rule("b", ((Demand("DBA", 3),),))], TEST, of(1), ((Demand("DBA", 3),),)),
        ([Rule("a", ((DBA,),)), Rule("b", ((MANAGER,), (DBA,)))], TEST, of(1), ((DBA, MANAGER), (DBA,))),
    ],
)  # fmt: skip
def test_the_rules_that_hold_are_all_kept(
    rules: list[Rule], place: Place, risk: Risk, wanted: tuple[Level, ...]
) -> None:
    assert levels(rules, place, "S1", risk, needs_people=needs_people(place, risk)) == wanted


DEMANDS = st.builds(
    Demand, st.sampled_from(["approver", "DBA", "manager"]), st.integers(1, 3),
    st.sampled_from([frozenset(), frozenset({"anna", "bert", "cleo"})]),
)  # fmt: skip
SOME_RULES = st.lists(
    st.builds(
        Rule, st.just("r"), st.lists(st.lists(DEMANDS, max_size=2).map(tuple), max_size=3).map(tuple),
        st.sampled_from([Scope(), Scope(environment="production"), Scope(target=2)]), st.sampled_from(["", "S1", "S2"]),
        st.integers(0, 100),
    ), max_size=4,
)  # fmt: skip


def asks_at_least(more: tuple[Level, ...], less: tuple[Level, ...]) -> bool:
    """Whether everybody whom `less` asks is asked by `more`, too, and no later."""
    return len(more) >= len(less) and all(
        any(
            (other.role, other.people) == (demand.role, demand.people) and other.quorum >= demand.quorum
            for level in more[: number + 1]
            for other in level
        )
        for number, level in enumerate(less)
        for demand in level
    )


@given(rules=SOME_RULES, scores=st.tuples(st.integers(0, 100), st.integers(0, 100)), place=st.sampled_from([PRODUCTION, TEST]),
       drops=st.sampled_from([(False, False), (False, True), (True, True)]))  # fmt: skip
def test_more_risk_never_takes_a_level_or_a_person_away(
    rules: list[Rule], scores: tuple[int, int], place: Place, drops: tuple[bool, bool]
) -> None:
    # Empty levels between others would move those behind them; the form and `read_levels` refuse them.
    rules = [Rule(r.name, tuple(filter(None, r.levels)), r.scope, r.strategy, r.from_score) for r in rules]
    less, more = (
        of(score, *(["destructive"] if does_drop else []))
        for score, does_drop in zip(sorted(scores), drops, strict=True)
    )
    found = [levels(rules, place, "S1", risk, needs_people=needs_people(place, risk)) for risk in (less, more)]
    assert asks_at_least(found[1], found[0])
    if place is PRODUCTION or drops[0]:
        assert found[0]


@given(rules=SOME_RULES)
def test_what_only_reads_needs_nobody_whatever_the_rules(rules: list[Rule]) -> None:
    assert levels(rules, PRODUCTION, "S1", READS, needs_people=needs_people(PRODUCTION, READS)) == ()


def said(person: str, *roles: str, instead_of: str = "") -> Word:
    return Word(person, frozenset(roles), instead_of)


@pytest.mark.parametrize(
    ("level", "words", "is_enough"),
    [
        ((APPROVER,), [], False),
        ((APPROVER,), [said("anna", "DBA")], False),
        ((APPROVER,), [said("anna", "approver")], True),
        ((Demand("approver", 2),), [said("anna", "approver")], False),
        ((Demand("approver", 2),), [said("anna", "approver"), said("anna", "approver", instead_of="bert")], False),
        ((Demand("approver", 2),), [said("anna", "approver"), said("bert", "approver")], True),
        ((APPROVER, DBA), [said("anna", "approver")], False),
        ((APPROVER, DBA), [said("anna", "approver"), said("bert", "DBA")], True),
        ((APPROVER, DBA), [said("anna", "approver", "DBA")], False),  # one person, two roles: one seat
        ((APPROVER, DBA), [said("anna", "approver", "DBA"), said("bert", "approver")], True),  # whoever came first
        ((APPROVER, DBA), [said("bert", "approver"), said("cleo", "approver")], False),
        (
            (Demand("approver", 2), Demand("DBA", 1, frozenset({"bert"})), MANAGER),
            [
                said("bert", "approver"),
                said("cleo", "approver", "manager"),
                said("dora", "approver"),
                said("emil", "approver"),
            ],
            True,
        ),
        ((Demand("approver", 1, frozenset({"bert"})),), [said("anna", "approver")], False),
        ((Demand("approver", 1, frozenset({"bert"})),), [said("bert")], True),
        ((Demand("approver", 1, frozenset({"bert"})),), [said("anna", instead_of="bert")], True),
        ((Demand("approver", 1, frozenset({"anna"})),), [said("anna", instead_of="bert")], False),
    ],
)
def test_a_level_is_met_by_people_and_not_by_words(level: Level, words: list[Word], is_enough: bool) -> None:
    assert is_met(level, words) is is_enough


WORDS = st.lists(
    st.builds(
        Word, st.sampled_from("abcde"), st.frozensets(st.sampled_from(["approver", "DBA", "manager"]), min_size=1), st.just("")
    ), max_size=5, unique_by=lambda word: word.person,
)  # fmt: skip
LEVEL = st.lists(
    st.builds(Demand, st.sampled_from(["approver", "DBA", "manager"]), st.integers(1, 2)), min_size=1, max_size=3
)


@given(level=LEVEL.map(tuple), words=WORDS)
def test_a_level_is_met_when_some_seating_gives_each_seat_a_person_of_its_own(level: Level, words: list[Word]) -> None:
    seats = [demand for demand in level for _ in range(demand.quorum)]
    seatings = permutations(words, len(seats))
    by_trying_all = any(all(map(lambda d, w: d.takes(w.voice, w.roles), seats, seating)) for seating in seatings)
    assert is_met(level, words) is by_trying_all


TWO_APPROVERS = (Demand("approver", 2),)


@pytest.mark.parametrize(
    ("wanted", "asked", "is_enough"),
    [
        ((), ((APPROVER,),), True),
        (((APPROVER,),), ((APPROVER,),), True),
        (((APPROVER,),), (TWO_APPROVERS,), True),
        ((TWO_APPROVERS,), ((APPROVER,),), False),
        (((APPROVER,),), ((APPROVER, DBA), (MANAGER,)), True),
        (((APPROVER, DBA),), ((APPROVER,), (DBA,)), False),
        (((APPROVER,), (MANAGER,)), ((APPROVER,),), False),
        (((DBA,),), ((APPROVER,),), False),
        (((Demand("DBA", 1, frozenset({"bert"})),),), ((DBA,),), False),
        (((APPROVER,),), (), False),
    ],
)
def test_who_was_asked_is_enough_where_nobody_more_is_wanted_of_any_level(
    wanted: tuple[Level, ...], asked: tuple[Level, ...], is_enough: bool
) -> None:
    assert is_within(wanted, asked) is is_enough


@pytest.mark.parametrize(
    "kept",
    [
        None, "approver", [], {}, [[]], ["approver"], [["approver"]], [[{}]], [[{"role": "approver"}]],
        [[{"role": "nobody", "quorum": 1}]], *([[{"role": "DBA", "quorum": q}]] for q in (0, -1, "2", 1.5, True, 21)),
        [[{"role": "DBA", "quorum": 1, "people": "anna"}]], [[{"role": "DBA", "quorum": 2, "people": ["anna", "anna"]}]],
        [[{"role": "DBA", "quorum": 1}]] * 6,
    ],
)  # fmt: skip
def test_levels_that_would_ask_nobody_or_cannot_be_read_are_refused(kept: object) -> None:
    with pytest.raises(Unreadable, match=r"\.$"):
        read_levels(kept)


def test_levels_are_read_as_they_are_kept() -> None:
    kept = [[{"role": "approver", "quorum": 2}], [{"role": "DBA", "quorum": 1, "people": ["bert", "anna"]}]]
    assert read_levels(kept) == ((Demand("approver", 2),), (Demand("DBA", 1, frozenset({"anna", "bert"})),))


def test_needs_people_is_about_production_and_what_drops() -> None:
    found = {
        (place.environment, risk.has("destructive"), risk.changes_data): needs_people(place, risk)
        for place, risk in product((PRODUCTION, TEST), (of(0), DROPS, READS))
    }
    assert found == {
        ("production", False, True): True, ("production", True, True): True, ("production", False, False): False,
        ("test", False, True): False, ("test", True, True): True, ("test", False, False): False,
    }  # fmt: skip
