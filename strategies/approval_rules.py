"""Who has to agree before a run may start: rules by environment, strategy, tenant and risk, put together so that each is kept. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from strategies.risk import Risk
from strategies.scope import Place, Scope

PRODUCTION = "production"
ROLES = ("DBA", "approver", "manager")  # whose word can be asked for
STEPS_IN = "manager"  # whose word counts for that of others once nobody else has given it in time
REMIND_BEFORE = (timedelta(hours=24), timedelta(hours=2))
ESCALATE_BEFORE = timedelta(hours=2)
MOST_LEVELS, MOST_QUORUM = 5, 20


@dataclass(frozen=True, slots=True, order=True)
class Demand:
    """`quorum` people, each of whom has the role, or (where `people` is not empty) is one of them by user name."""

    role: str
    quorum: int = 1
    people: frozenset[str] = frozenset()

    def takes(self, person: str, roles: Collection[str]) -> bool:
        """Whether this person's word counts here."""
        return person in self.people if self.people else self.role in roles


Level = tuple[Demand, ...]  # all of them are to be met before the next level is asked


@dataclass(frozen=True, slots=True)
class Rule:
    """What holds for plans of this scope and strategy (empty = each) from this score on: `levels`, one after the other."""

    name: str
    levels: tuple[Level, ...]
    scope: Scope = field(default_factory=Scope)
    strategy: str = ""
    from_score: int = 0

    def holds(self, place: Place, strategy: str, risk: Risk) -> bool:
        return self.scope.covers(place) and self.strategy in ("", strategy) and risk.score >= self.from_score


FLOOR: Level = (Demand("approver"),)  # what no rule can lower


def levels(rules: Iterable[Rule], place: Place, strategy: str, risk: Risk, *, needs_people: bool) -> tuple[Level, ...]:
    """The levels that a plan has to pass, none for one that only reads. All rules that hold are kept at once.

    More risk only adds rules, and so never takes a level or a person away. `needs_people` is the floor: work on production, and
    work that drops or deletes anywhere. A rule that asks people whatever the risk stands in its place; one that does so from a
    score on stands beside it, or more risk could do with others than less.
    """
    if not risk.changes_data:
        return ()
    asked = [rule for rule in rules if rule.holds(place, strategy, risk)]
    if needs_people and not any(rule.from_score == 0 and any(rule.levels) for rule in asked):
        asked.append(Rule("", (FLOOR,)))
    found = (
        _together(level for rule in asked for level in rule.levels[number : number + 1])
        for number in range(max((len(rule.levels) for rule in asked), default=0))
    )
    return tuple(level for level in found if level)


def needs_people(place: Place, risk: Risk) -> bool:
    return risk.changes_data and (place.environment == PRODUCTION or risk.has("destructive"))


def _together(parts: Iterable[Level]) -> Level:
    """The demands of one level; of those for the same people the one with the most."""
    most: dict[tuple[str, frozenset[str]], int] = {}
    for demand in (demand for part in parts for demand in part):
        key = demand.role, demand.people
        most[key] = max(most.get(key, 0), demand.quorum)
    return tuple(
        Demand(role, quorum, people)
        for (role, people), quorum in sorted(most.items(), key=lambda one: (one[0][0], sorted(one[0][1])))
    )


@dataclass(frozen=True, slots=True)
class Word:
    """One person's agreement: what roles they had when they gave it, and for whom they spoke (empty = for themselves)."""

    person: str
    roles: frozenset[str]
    instead_of: str = ""

    @property
    def voice(self) -> str:
        """Whose word it is."""
        return self.instead_of or self.person


def is_met(level: Level, words: Sequence[Word]) -> bool:
    """Whether a level has everybody it needs: for each seat that its demands keep a person of its own.

    One person takes one seat, whatever roles they have and for however many they speak. Seats are given out by augmenting paths
    (Kuhn's algorithm for bipartite matching), so that the order in which people came does not matter.
    """
    seats = [demand for demand in level for _ in range(demand.quorum)]
    taken: dict[int, str] = {}  # by the number of the seat

    def finds_a_seat(person: str, asked: set[int]) -> bool:
        own = [word for word in words if word.person == person]
        for number, demand in enumerate(seats):
            if number in asked or not any(demand.takes(word.voice, word.roles) for word in own):
                continue
            asked.add(number)
            if number not in taken or finds_a_seat(taken[number], asked):
                taken[number] = person
                return True
        return False

    for person in sorted({word.person for word in words}):
        finds_a_seat(person, set())
    return len(taken) == len(seats)


def is_within(wanted: Sequence[Level], asked: Sequence[Level]) -> bool:
    """Whether those who were asked are, level by level, at least those who are wanted."""
    return len(wanted) <= len(asked) and all(
        any((d.role, d.people) == (demand.role, demand.people) and d.quorum >= demand.quorum for d in was)
        for level, was in zip(wanted, asked, strict=False)
        for demand in level
    )


def word_for(
    level: Level, own: Word, others: Iterable[Word], spoken: Collection[str], *, is_escalated: bool = False
) -> Word | None:
    """The word that a person may give for a level: their own, else one of the `others` that they speak for. None = they are not asked.

    `spoken` are those whose word was given already. Where time is short (`is_escalated`) a manager's word counts as that of
    whoever was asked.
    """
    for word in (own, *others):
        if word.voice not in spoken and any(demand.takes(word.voice, word.roles) for demand in level):
            return word
    if not is_escalated or STEPS_IN not in own.roles or own.person in spoken:
        return None
    if by_role := {demand.role for demand in level if not demand.people}:
        return Word(own.person, own.roles | by_role)
    missing = sorted(name for demand in level for name in demand.people if name not in spoken)
    return Word(own.person, own.roles, missing[0]) if missing else None


def say_level(level: Level) -> str:
    """`1 approver and 2 of anna, bert or carl`."""
    parts = []
    for demand in level:
        if demand.people:
            *others, last = sorted(demand.people)
            who = f"{', '.join(others)} or {last}" if others else last
            parts.append(who if demand.quorum == 1 else f"{demand.quorum} of {who}")
        else:
            parts.append(f"{demand.quorum} {demand.role}{'' if demand.quorum == 1 else 's'}")
    return " and ".join(parts)


class Unreadable(ValueError):
    """What is kept is no list of levels; the text says what of it is wrong."""


def read_levels(kept: Any) -> tuple[Level, ...]:
    """Levels as they are kept: lists of `{"role": …, "quorum": …, "people": […]}`. Raises Unreadable."""
    if not isinstance(kept, list) or not 1 <= len(kept) <= MOST_LEVELS:
        raise Unreadable(f"It has no list of one to {MOST_LEVELS} levels.")
    return tuple(_read_level(level, number) for number, level in enumerate(kept, 1))


def _read_level(kept: Any, number: int) -> Level:
    if not isinstance(kept, list) or not kept:
        raise Unreadable(f"Level {number} asks nobody.")
    return tuple(_read_demand(demand, number) for demand in kept)


def _read_demand(kept: Any, number: int) -> Demand:
    if not isinstance(kept, Mapping):
        raise Unreadable(f"Level {number} does not say whom it asks.")
    role, quorum, people = kept.get("role"), kept.get("quorum"), kept.get("people", [])
    if role not in ROLES:
        raise Unreadable(f"Level {number} asks for {role!r}, which is none of {', '.join(ROLES)}.")
    if not isinstance(quorum, int) or isinstance(quorum, bool) or not 1 <= quorum <= MOST_QUORUM:
        raise Unreadable(f"Level {number} asks for {quorum!r} people, which is no number from 1 to {MOST_QUORUM}.")
    if not isinstance(people, list) or not all(isinstance(name, str) and name for name in people):
        raise Unreadable(f"Level {number} has no list of user names.")
    if people and len(set(people)) < quorum:
        raise Unreadable(f"Level {number} asks for {quorum} of {len(set(people))} people.")
    return Demand(role, quorum, frozenset(people))


def next_reminder(asked_at: datetime, not_before: datetime, not_after: datetime, moment: datetime) -> datetime | None:
    """When people are to be reminded next, after `moment`: so long before the start, or before it is too late. None = no more."""
    ends = [end for end in (not_before, not_after) if end > asked_at]
    instants = (end - before for end in ends for before in REMIND_BEFORE)
    return min((instant for instant in instants if instant > max(asked_at, moment)), default=None)
