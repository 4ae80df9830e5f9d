"""Strategies whose work a package in the database does: their parameters are the package's own, and pass through as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from pydantic import ConfigDict, model_validator

from strategies.assessments import Assessment
from strategies.plans import Plan
from strategies.platforms.base import Concern, ObjectUnknown
from strategies.routines.base import IMPLEMENTATION, PACKAGE, Parameters, Routine

LONGEST_BYTES = 30_000  # of the JSON that a package gets, which is one literal of PL/SQL


class PackageParameters(Parameters):
    """What the portal itself takes, and beside it whatever the package takes."""

    model_config = ConfigDict(extra="allow", frozen=True)

    implementation: Literal["package"] = PACKAGE

    @model_validator(mode="after")
    def _fits(self) -> PackageParameters:
        if len(json.dumps(self.own, ensure_ascii=False).encode()) > LONGEST_BYTES:
            raise ValueError(f"A package takes at most {LONGEST_BYTES:,} bytes of parameters.")
        return self

    @property
    def own(self) -> dict[str, Any]:
        """What the package gets."""
        return dict(self.model_extra or {})


class PackageRoutine(Routine[PackageParameters]):
    """A strategy by its name alone.

    **What it does.** The package named after the strategy does all of it: `execute_strategy` is called once, for the object
    that the job names.

    **When to use.** Where a strategy is written in PL/SQL, or `implementation` is set to `package`.

    **Risk.** What the package locks and changes only its author knows; the plan takes the worst for granted.

    **Undo.** None that the portal knows of.
    """

    version: ClassVar[str] = "1"
    concern: ClassVar[str] = "packages"
    parameters = PackageParameters

    def __init__(self, strategy: str) -> None:
        self.name = strategy  # type: ignore[misc]  # of one strategy, where other routines are of their class
        self.title = f"{strategy} (package)"  # type: ignore[misc]

    def plan(
        self, *, platform: str, target: str, concern: Concern[PackageParameters], parameters: PackageParameters,
        assessment: Assessment,
    ) -> Plan:  # fmt: skip
        """One step. Raises ObjectUnknown where the package refuses the object: that is no empty plan."""
        for finding in assessment.findings:
            if not finding.evidence["can_plan"]:
                raise ObjectUnknown(finding.summary)
        return super().plan(
            platform=platform, target=target, concern=concern, parameters=parameters, assessment=assessment
        )


def wants_package(values: Mapping[str, Any]) -> bool:
    """Whether these parameters ask for the package where there is a routine, too."""
    return values.get(IMPLEMENTATION) == PACKAGE
