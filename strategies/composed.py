"""Strategies put together from routines of the portal: what each part finds, does and proves is its routine's."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, TypeVar

from annotated_types import Le

from strategies.assessments import Assessment, Finding
from strategies.plans import MissingRight, Need, Outcome, StateLeft, Step, TargetError, Verification
from strategies.platforms.base import Concern, ObjectUnknown, Session
from strategies.platforms.queries import Right
from strategies.routines.base import Parameters, ParametersRefused, Routine

OPERATION = "operation"  # in the evidence of a finding and of a step: whose it is
SWITCH = "do_"  # with the operation's name in small letters: the parameter that leaves a part out
P = TypeVar("P", bound=Parameters)


@dataclass(frozen=True, slots=True)
class Part:
    """An operation type of the registry, done by a routine of the portal.

    `settings` are parameters of the strategy that the routine gets by the same name, `fixed` what it gets always.
    """

    operation: str
    routine: str
    settings: tuple[str, ...] = ()
    fixed: Mapping[str, Any] = field(default_factory=dict)

    @property
    def switch(self) -> str:
        return SWITCH + self.operation.lower()


class Composed(Routine[P]):
    """A routine whose work is that of its parts, in their order."""

    concern: ClassVar[str] = ""  # each part has its own
    parts: ClassVar[tuple[Part, ...]]


@dataclass(frozen=True, slots=True)
class Work:
    """A part, and who does it on a platform."""

    part: Part
    routine: Routine[Any]
    concern: Concern[Any]

    def parameters(self, whole: Parameters) -> Parameters | None:
        """What the routine gets of the strategy's parameters; None where they leave this part out. Raises ParametersRefused."""
        return handed(self.part, self.routine, whole)


def handed(part: Part, routine: Routine[Any], whole: Parameters) -> Parameters | None:
    """What a routine gets of a strategy's parameters; None where they leave its part out. Raises ParametersRefused."""
    if not getattr(whole, part.switch, True):
        return None
    names = (*Parameters.model_fields, *part.settings)
    values = {**{name: getattr(whole, name) for name in names}, **part.fixed}
    for bound in routine.parameters.model_fields["max_objects"].metadata:  # batches are fewer than objects may be
        if isinstance(bound, Le):
            values["max_objects"] = min(values["max_objects"], bound.le)
    found: Parameters = routine.read_parameters(values)
    return found


def require(parts: Iterable[tuple[Part, Routine[Any]]], whole: Parameters, target_object: str) -> None:
    """Raises ParametersRefused where none of the parts could look at the object; one that could not is left out by the others."""
    problems: dict[str, str] = {}
    for part, routine in parts:
        own = handed(part, routine, whole)
        if own is None:
            continue
        try:
            routine.require(own, target_object)
        except ParametersRefused as refusal:
            problems |= refusal.problems
        else:
            return
    if problems:
        raise ParametersRefused(problems)


class ComposedConcern(Concern[Parameters]):
    """What a composed strategy needs of one platform. A part that cannot work on an object is noted, and stops no other."""

    queries: tuple[str, ...]  # type: ignore[misc]  # of one strategy, where other concerns are of their class
    optional_queries: frozenset[str]  # type: ignore[misc]
    rights: tuple[Right, ...]  # type: ignore[misc]
    damage: frozenset[str]  # type: ignore[misc]

    def __init__(self, works: Sequence[Work]) -> None:
        self._works = {work.part.operation: work for work in works}
        concerns = [work.concern for work in works]
        self.queries = tuple(dict.fromkeys(name for one in concerns for name in one.queries))
        needed = {name for one in concerns for name in one.queries if name not in one.optional_queries}
        self.optional_queries = frozenset(self.queries) - needed
        self.rights = tuple(dict.fromkeys(right for one in concerns for right in one.rights))
        self.damage = frozenset().union(*(one.damage for one in concerns))

    def missing_rights(self, session: Session, parameters: Parameters) -> list[MissingRight]:
        found = (work.concern.missing_rights(session, own) for work, own in self._wanted(parameters))
        return list(dict.fromkeys(right for rights in found for right in rights))

    def assess(self, session: Session, parameters: Parameters, target_object: str) -> Assessment:
        """Raises ObjectUnknown where none of the parts can work on this object."""
        seen: list[Assessment] = []
        left_out: list[str] = []
        for work, own in self._wanted(parameters):
            try:
                work.routine.require(own, target_object)
                seen.append(_named(work.concern.assess(session, own, target_object), work.part.operation))
            except (ObjectUnknown, ParametersRefused) as refusal:
                left_out.append(f"{work.part.operation} is left out: {_sentence(str(refusal))}")
        if left_out and not seen:
            raise ObjectUnknown(" ".join(left_out))
        return Assessment(
            findings=tuple(_each_once(found for one in seen for found in one.findings)),
            notes=(*left_out, *dict.fromkeys(note for one in seen for note in one.notes)),
            checks=tuple(_each_once(check for one in seen for check in one.checks)),
            unchecked=tuple(dict.fromkeys(pair for one in seen for pair in one.unchecked)),
        )

    def steps(self, findings: Sequence[Finding], parameters: Parameters) -> list[Step]:
        found: list[Step] = []
        for work, own in self._wanted(parameters):
            mine = [finding for finding in findings if finding.evidence.get(OPERATION) == work.part.operation]
            made = [_marked(step, work.part.operation) for step in work.concern.steps(mine, own)]
            found += [_behind(step, found) for step in made]
        return found

    def is_needed(self, session: Session, step: Step) -> Need:
        concern, own = self._of(step)
        return concern.is_needed(session, own)

    def verify(self, session: Session, step: Step, outcome: Outcome | None) -> Verification:
        concern, own = self._of(step)
        told = concern.verify(session, own, outcome)
        return told if told.finding is None else replace(told, finding=_of(told.finding, step.evidence[OPERATION]))

    def explain(self, step: Step, error: TargetError) -> Verification | None:
        concern, own = self._of(step)
        return concern.explain(own, error)

    def clean_up(self, session: Session, step: Step) -> list[Step]:
        concern, own = self._of(step)
        return [_marked(one, step.evidence[OPERATION]) for one in concern.clean_up(session, own)]

    def verify_undo(self, session: Session, step: Step) -> Verification:
        concern, own = self._of(step)
        return concern.verify_undo(session, own)

    def state_left(self, session: Session, step: Step) -> StateLeft:
        concern, own = self._of(step)
        return concern.state_left(session, own)

    def _wanted(self, parameters: Parameters) -> Iterator[tuple[Work, Parameters]]:
        for work in self._works.values():
            if (own := work.parameters(parameters)) is not None:
                yield work, own

    def _of(self, step: Step) -> tuple[Concern[Any], Step]:
        """Whose step it is, and the step as that concern has made it."""
        operation = step.evidence[OPERATION]
        evidence = {name: value for name, value in step.evidence.items() if name != OPERATION}
        return self._works[operation].concern, replace(step, key=_unmarked(step.key, operation), evidence=evidence)


def _sentence(text: str) -> str:
    return text if text.endswith(".") else f"{text}."


def _named(seen: Assessment, operation: str) -> Assessment:
    return replace(
        seen,
        findings=tuple(_of(finding, operation) for finding in seen.findings),
        checks=tuple(_of(check, operation) for check in seen.checks),
    )


def _of(finding: Finding, operation: str) -> Finding:
    return replace(finding, evidence={**finding.evidence, OPERATION: operation})


def _each_once(findings: Iterable[Finding]) -> Iterator[Finding]:
    """What two parts find of an object is met by the first of them."""
    seen = set()
    for finding in findings:
        if (key := (finding.kind, finding.object)) not in seen:
            seen.add(key)
            yield finding


def _marked(step: Step, operation: str) -> Step:
    """Two parts may do the same to an object: the operation tells their steps apart."""
    return replace(
        step,
        key=f"{operation}:{step.key}",
        after=tuple(f"{operation}:{key}" for key in step.after),
        evidence={**step.evidence, OPERATION: operation},
    )


def _behind(step: Step, earlier: Sequence[Step]) -> Step:
    """What drops or deletes waits until the parts before it have done with its object: a copy that failed keeps the rows."""
    if not step.is_destructive:
        return step
    return replace(step, after=(*step.after, *(one.key for one in earlier if one.object == step.object)))


def _unmarked(key: str, operation: str) -> str:
    """Before or behind what marks a reversal."""
    undo, mark = "undo:", f"{operation}:"
    if key.startswith(undo):
        return undo + key.removeprefix(undo).removeprefix(mark)
    return key.removeprefix(mark)
