"""How long the steps of a plan will take, by how long they took before. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from strategies.plans import Step

ENOUGH = 5  # times that a step was done, before anything is said of how long it will take


@dataclass(frozen=True, slots=True)
class Prediction:
    """In ms; None = not known, because one of the steps was not done often enough.

    `firsts_p90_ms` has that of the steps that come first and belong together, and each that is shorter than all before it: a run
    passes over what a whole window is too short for, and begins with the first that is not longer. `known` of the `steps` were done
    often enough.
    """

    p50_ms: int | None
    p90_ms: int | None
    firsts_p90_ms: tuple[int | None, ...]
    known: int
    steps: int


def predict(steps: Sequence[Step], usual: Mapping[str, tuple[int, int]]) -> Prediction:
    """`usual` has p50 and p90 in ms by step key. The sum of what each step stays within is more than what all of them will."""
    figures = [usual.get(step.key) for step in steps]
    known = [figure for figure in figures if figure is not None]
    is_known = len(known) == len(steps)
    firsts = tuple(_ever_shorter(steps, {key: p90 for key, (_, p90) in usual.items()}))
    return Prediction(
        p50_ms=sum(p50 for p50, _ in known) if is_known else None,
        p90_ms=sum(p90 for _, p90 in known) if is_known else None,
        firsts_p90_ms=firsts,
        known=len(known),
        steps=len(steps),
    )


def first_within(firsts_p90_ms: Sequence[int | None], length: timedelta) -> int | None:
    """What a run begins with in a window of this length; where it is too short for all of them, that of the first."""
    fitting = (takes_ms for takes_ms in firsts_p90_ms if not is_longer(takes_ms, length))
    return next(fitting, firsts_p90_ms[0] if firsts_p90_ms else None)


def is_longer(takes_ms: int | None, length: timedelta) -> bool:
    """What is not known to be longer is not."""
    return takes_ms is not None and timedelta(milliseconds=takes_ms) > length


def _ever_shorter(steps: Sequence[Step], p90_ms: Mapping[str, int]) -> Iterator[int | None]:
    shortest: int | None = None
    for found in pieces(steps):
        takes_ms = piece_ms(found, p90_ms)
        if takes_ms is None:
            yield None
            return
        if shortest is None or takes_ms < shortest:
            yield takes_ms
            shortest = takes_ms


def pieces(steps: Sequence[Step]) -> Iterator[Sequence[Step]]:
    """A step with those behind it that come after it by name, and so on: between them no plan is split."""
    start, keys = 0, set[str]()
    for place, step in enumerate(steps):
        if place > start and keys.isdisjoint(step.after):
            yield steps[start:place]
            start, keys = place, set()
        keys.add(step.key)
    if steps:
        yield steps[start:]


def piece(steps: Sequence[Step]) -> Sequence[Step]:
    """The first of them."""
    return next(pieces(steps))


def piece_ms(steps: Sequence[Step], p90_ms: Mapping[str, int]) -> int | None:
    """What the first piece stays within 9 of 10 times; None = not known."""
    figures = [p90_ms.get(step.key) for step in piece(steps)]
    known = [figure for figure in figures if figure is not None]
    return sum(known) if len(known) == len(figures) else None
