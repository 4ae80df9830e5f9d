"""What the rules of approval would ask, by environment and risk: the same decision that is made for each plan, shown as a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from strategies import approvals
from strategies.approval_rules import Level, Rule, Unreadable, levels, needs_people, read_levels, say_level
from strategies.models import ApprovalRule, Environment, Target
from strategies.risk import DESTRUCTIVE, MOST, Factor, Risk
from strategies.scope import Place
from strategies.timetables import place_of


@dataclass(frozen=True, slots=True)
class Row:
    """`cells` say who is asked for each of the `columns`, in words; empty = nobody."""

    title: str
    cells: Sequence[Sequence[str]]


@dataclass(frozen=True, slots=True)
class Preview:
    columns: Sequence[str]
    rows: Sequence[Row]


@dataclass(frozen=True, slots=True)
class Listed:
    """A rule as the list shows it. `problem` is why its levels cannot be read; then it counts as the floor."""

    row: ApprovalRule
    levels: Sequence[str]
    problem: str = ""


def listed(row: ApprovalRule) -> Listed:
    try:
        return Listed(row, [say_level(level) for level in read_levels(row.levels)])
    except Unreadable as problem:
        return Listed(row, [say_level(level) for level in approvals.rule_of(row).levels], str(problem))


def preview(rules: Sequence[Rule], targets: Sequence[Target], strategy: str) -> Preview:
    """A row for each environment, where only what holds everywhere or there counts, and one for each of these databases."""
    places = [(value.label, Place(0, 0, value.value)) for value in Environment]
    places += [
        (f"Database {target.name}", place_of(target, [tag.pk for tag in target.tags.all()])) for target in targets
    ]
    bands = _bands(rules)
    columns = ["Reads only", *(_words(first, last) for first, last in bands), "Drops or deletes"]
    risks = [
        Risk(changes_data=False),
        *(_risk(last, "steps") for _, last in bands),
        _risk(max(DESTRUCTIVE, bands[-1][0]), "destructive"),
    ]
    return Preview(
        columns, [Row(title, [_asked(rules, place, strategy, risk) for risk in risks]) for title, place in places]
    )


def _asked(rules: Sequence[Rule], place: Place, strategy: str, risk: Risk) -> list[str]:
    found: tuple[Level, ...] = levels(rules, place, strategy, risk, needs_people=needs_people(place, risk))
    return [say_level(level) for level in found]


def _bands(rules: Sequence[Rule]) -> list[tuple[int, int]]:
    """Scores between which nothing changes, by where the rules begin."""
    begins = sorted({0, *(rule.from_score for rule in rules if rule.from_score <= MOST)})
    return [
        (first, (begins[number + 1] - 1) if number + 1 < len(begins) else MOST) for number, first in enumerate(begins)
    ]


def _words(first: int, last: int) -> str:
    return f"Risk {first}" if first == last else f"Risk {first}–{last}"


def _risk(score: int, name: str) -> Risk:
    return Risk((Factor(name, score, ""),))
