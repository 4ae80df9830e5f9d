"""What a look at a target gives: needs with their evidence, the checks that it leaves to a run, and what it could not see. Frozen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any


class Severity(StrEnum):
    """How much a finding matters, mildest first."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"


@dataclass(frozen=True, slots=True)
class Finding:
    """A need that an assessment saw. `kind` and `object` name it; `evidence` holds the figures, so that a reader can check it."""

    kind: str
    object: str
    object_type: str
    severity: Severity
    summary: str
    advice: str
    evidence: Mapping[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "severity": self.severity.value, "evidence": dict(self.evidence)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Finding:
        values = {name: data[name] for name in cls.__dataclass_fields__}
        return cls(**{**values, "severity": Severity(data["severity"])})


@dataclass(frozen=True, slots=True)
class Assessment:
    """What a look at a target gave: needs, and `notes` on what was left out and why (in sentences).

    `checks` are no needs: each names what a run is to check because a look cannot tell, with the `kind` and the `object` of
    the finding that the check may bring. They stand in the order in which they are worth making; a plan puts those first that
    were not made for longest. `unchecked` names, by kind and object (empty = all of that kind), what could not be looked at now or
    was not asked for: what was found of it before stands.
    """

    findings: tuple[Finding, ...] = ()
    notes: tuple[str, ...] = ()
    checks: tuple[Finding, ...] = ()
    unchecked: tuple[tuple[str, str], ...] = ()
