"""What every routine (a kind of work) is: a name, typed parameters, a manual page as docstring, and how findings become a plan."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.fields import FieldInfo

from strategies.assessments import Assessment, Finding, Severity
from strategies.plans import Plan
from strategies.platforms.base import EVERYTHING, Concern, Session

IMPLEMENTATION = (
    "implementation"  # the parameter that chooses, where a strategy is both a routine here and a package on its target
)
PYTHON: Literal["python"] = "python"
PACKAGE: Literal["package"] = "package"


class Parameters(BaseModel):
    """Settings every routine takes. A field's title, description and bounds make the form, the manual page and the refusals."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    max_objects: int = Field(
        default=100,
        ge=1,
        le=100_000,
        title="At most this many objects",
        description="Objects worked on in one run: first those that had no turn for a month, the most severe before the others. The "
        "plan says how many were left for the next.",
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

    def lacking(self) -> dict[str, str]:
        """What has no default and was not said: the reason by parameter."""
        return {}


class RetentionParameters(Parameters):
    """For how long the rows of one table are kept, and in what portions those go that are older."""

    max_objects: int = Field(
        default=100,
        ge=1,
        le=1000,
        title="At most this many batches",
        description="Batches in one run. The plan says how many rows were left for the next.",
    )
    age_column: str = Field(
        default="",
        max_length=300,
        title="Column with the age of rows",
        description="A date or an instant, by its name as the database holds it; Oracle reads it in capitals unless it stands in double"
        " quotes. There is no default: without it nothing is planned.",
    )
    keep_days: int = Field(
        default=365,
        ge=1,
        le=36_500,
        title="Keep for (days)",
        description="Rows from before midnight UTC so many days ago are old, by the clock of the database. Values without a time zone"
        " are read as UTC.",
    )
    batch_rows: int = Field(
        default=10_000,
        ge=1,
        le=1_000_000,
        title="Rows in one batch",
        description="Each batch is a transaction of its own: after it a run can stop, and others have their turn.",
    )
    allow_cascade: bool = Field(
        default=False,
        title="Let foreign keys change other tables",
        description="Where a foreign key with ON DELETE CASCADE, SET NULL or SET DEFAULT refers to the table, rows of other tables go"
        " or lose values with its rows, and no copy of them is kept. Without this such a table is left alone.",
    )

    def lacking(self) -> dict[str, str]:
        return {} if self.age_column.strip() else {"age_column": "name the column that says how old a row is"}


P = TypeVar("P", bound=Parameters)


def only(platform: str) -> dict[str, Any]:
    """What marks a parameter that means nothing to other products; as `json_schema_extra` of its field."""
    return {"only": platform}


def concerns(field: FieldInfo, platform: str) -> bool:
    """Whether a parameter means something to this product."""
    extra = field.json_schema_extra
    return not isinstance(extra, dict) or extra.get("only", platform) == platform


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
    can_be_part: ClassVar[bool] = True  # of a strategy that is put together from several
    is_of_one_table: ClassVar[bool] = False  # it works on a table that a person names, and cannot look at ALL
    parameters: type[P]

    def read_parameters(self, values: Mapping[str, Any]) -> P:
        """Typed parameters from what was typed or stored. Raises ParametersRefused, naming each wrong field."""
        given = dict(values)
        if given.get(IMPLEMENTATION) == PYTHON:  # that is what this is
            del given[IMPLEMENTATION]
        try:
            return self.parameters.model_validate(given)
        except ValidationError as refusal:
            problems = {
                ".".join(map(str, error["loc"])) or "parameters": (
                    "is not a parameter of this strategy" if error["type"] == "extra_forbidden" else error["msg"]
                )
                for error in refusal.errors(include_url=False, include_context=False, include_input=False)
            }
            raise ParametersRefused(problems) from None

    def require(self, parameters: P, target_object: str) -> None:
        """Raises ParametersRefused where no target could be looked at: the table is not named, or the column."""
        problems = parameters.lacking()
        if self.is_of_one_table and target_object.strip().upper() in EVERYTHING:
            problems["target_object"] = "name one table, it cannot work on all"
        if problems:
            raise ParametersRefused(problems)

    def require_of_job(self, parameters: P) -> None:
        """Raises ParametersRefused for what a person may leave open who sees the plan, and a job that runs by itself may not."""

    def assess(self, session: Session, concern: Concern[P], parameters: P, target_object: str) -> Assessment:
        """Needs of this kind on the target, the most severe first. Raises PlatformError."""
        seen = concern.assess(session, parameters, target_object)
        ordered = tuple(sorted(seen.findings, key=lambda finding: (_ORDER[finding.severity], finding.object)))
        return replace(seen, findings=ordered)

    def plan(self, *, platform: str, target: str, concern: Concern[P], parameters: P, assessment: Assessment) -> Plan:
        """The frozen steps for the first findings that any can meet, and behind them those for the checks that still have room.

        Pure. What no step meets takes no room, or runs would come back to it for ever and never to what stands behind it.
        """
        to_meet, not_met = _told_apart(assessment.findings, concern, parameters)
        most = parameters.max_objects
        steps = tuple(concern.steps(to_meet[:most], parameters))
        room = max(0, most - len(steps))
        steps = (*steps, *concern.steps(assessment.checks[:room], parameters))
        # An empty plan must not read as "all is well" where something was seen that no step meets.
        notes = (*assessment.notes, *_left_alone(not_met))
        notes = (*notes, *_left_for_the_next(len(to_meet[most:]), len(assessment.checks[room:]), most))
        return Plan(
            strategy=self.name,
            version=self.version,
            platform=platform,
            target=target,
            parameters=parameters.model_dump(mode="json"),
            steps=steps,
            notes=notes,
            damage=damage_of(assessment, concern),
        )


def _told_apart(
    findings: Sequence[Finding], concern: Concern[P], parameters: P
) -> tuple[Sequence[Finding], Sequence[Finding]]:
    """Those that a step meets, and those that none does. What can be met only after something else is, is among the first."""
    objects = {step.object for step in concern.steps(findings, parameters)}
    met: list[Finding] = []
    not_met: list[Finding] = []
    for finding in findings:
        is_among = finding.object in objects and finding.evidence.get("can_plan", True)
        (met if is_among or concern.steps([finding], parameters) else not_met).append(finding)
    return met, not_met


def damage_of(assessment: Assessment, concern: Concern[Any]) -> tuple[str, ...]:
    """What a look saw to be damaged, in sentences. Pure."""
    return tuple(
        found.summary
        for found in assessment.findings
        if found.kind in concern.damage and found.severity is Severity.CRITICAL
    )


_TOLD = 100  # in the notes of one plan


def _left_alone(findings: Sequence[Finding]) -> Iterator[str]:
    """Sentences on what no step meets."""
    for finding in findings[:_TOLD]:
        yield f"{finding.object} is left alone: {finding.summary} {finding.advice}"
    if (more := len(findings) - _TOLD) > 0:
        yield f"{more} more are left alone for such reasons; the page of the database names them."


def _left_for_the_next(findings: int, checks: int, most: int) -> Iterator[str]:
    """Sentences on what a run leaves that works on `most` objects."""
    objects = "1 object" if most == 1 else f"{most} objects"
    if findings:
        yield f"{findings} further findings are left for the next run (at most {objects} a run)."
    if checks:
        yield (
            f"{checks} {'check finds' if checks == 1 else 'checks find'} no room in this run, which works on {objects} at most;"
            " what was not checked for longest comes first in the next."
        )
