"""What every routine (a kind of work) is: a name, typed parameters, a manual page as docstring, and how findings become a plan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from strategies.plans import Assessment, Finding, Plan, Severity
from strategies.platforms.base import Concern, Session


class Parameters(BaseModel):
    """Settings every routine takes. A field's title, description and bounds make the form, the manual page and the refusals."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    max_objects: int = Field(
        default=100,
        ge=1,
        le=100_000,
        title="At most this many objects",
        description="Objects worked on in one run, the most severe first; the plan says how many were left for the next.",
    )
    retries: int = Field(
        default=2,
        ge=0,
        le=10,
        title="Retries",
        description="Further attempts of a step after a transient error or a lock, each visible in the operation log.",
    )
    retry_delay_seconds: int = Field(
        default=5,
        ge=1,
        le=600,
        title="Delay before the first retry",
        description="Seconds; doubled before each further retry.",
    )
    lock_wait_seconds: int = Field(
        default=5,
        ge=1,
        le=3600,
        title="Wait for locks at most",
        description="Seconds that a statement may queue behind others, and others behind it, before it gives up.",
    )


P = TypeVar("P", bound=Parameters)


class ParametersRefused(ValueError):
    """Values a routine does not take: `problems` maps each field to its reason."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__("; ".join(f"{name}: {reason}" for name, reason in problems.items()))
        self.problems = dict(problems)


_ORDER = {Severity.CRITICAL: 0, Severity.WARNING: 1, Severity.INFO: 2}


class Routine(Generic[P]):
    """A kind of work. Its docstring is the manual page, with the sections What it does, When to use, Risk and Undo."""

    name: ClassVar[str]
    title: ClassVar[str]
    version: ClassVar[str]
    category: ClassVar[str] = "DATABASE"
    concern: ClassVar[str]  # the module of each platform that knows how
    icon: ClassVar[str] = "bi-tools"
    parameters: type[P]

    def read_parameters(self, values: Mapping[str, Any]) -> P:
        """Typed parameters from what was typed or stored. Raises ParametersRefused, naming each wrong field."""
        try:
            return self.parameters.model_validate(dict(values))
        except ValidationError as refusal:
            problems = {
                ".".join(map(str, error["loc"])) or "parameters": (
                    "is not a parameter of this strategy" if error["type"] == "extra_forbidden" else error["msg"]
                )
                for error in refusal.errors(include_url=False, include_context=False, include_input=False)
            }
            raise ParametersRefused(problems) from None

    def assess(self, session: Session, concern: Concern[P], parameters: P, target_object: str) -> Assessment:
        """Needs of this kind on the target, the most severe first. Raises PlatformError."""
        seen = concern.assess(session, parameters, target_object)
        ordered = tuple(sorted(seen.findings, key=lambda finding: (_ORDER[finding.severity], finding.object)))
        return Assessment(ordered, seen.notes)

    def plan(self, *, platform: str, target: str, concern: Concern[P], parameters: P, assessment: Assessment) -> Plan:
        """The frozen steps for the most severe findings. Pure."""
        chosen, left = self._choose(assessment.findings, parameters)
        steps = tuple(concern.steps(chosen, parameters))
        met = {step.object for step in steps}
        # An empty plan must not read as "all is well" where something was seen that no step meets.
        not_met = (finding for finding in chosen if finding.object not in met)
        notes = (*assessment.notes, *(f"{f.object} is left alone: {f.summary} {f.advice}" for f in not_met))
        if left:
            notes = (
                *notes,
                f"{left} further findings are left for the next run (at most {parameters.max_objects} objects a run).",
            )
        return Plan(
            strategy=self.name,
            version=self.version,
            platform=platform,
            target=target,
            parameters=parameters.model_dump(mode="json"),
            steps=steps,
            notes=notes,
        )

    @staticmethod
    def _choose(findings: Sequence[Finding], parameters: Parameters) -> tuple[Sequence[Finding], int]:
        return findings[: parameters.max_objects], max(0, len(findings) - parameters.max_objects)
