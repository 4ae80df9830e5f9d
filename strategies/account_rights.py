"""What the account of a target may do, by capability: what a check finds missing, and what that means for runs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from strategies import registry
from strategies.capabilities import MONITORING, capabilities, in_short
from strategies.models import Target
from strategies.models.state import State
from strategies.platforms.base import Platform, Session


class RightsState(State):
    """What the rights that an account has for a capability are good for."""

    COMPLETE = "complete", "check-lg", "ok", "Complete"
    ENOUGH = "enough", "info-circle", "plan", "Enough"
    LACKING = "lacking", "exclamation-triangle", "warn", "Runs wait"


@dataclass(frozen=True, slots=True)
class CapabilityRights:
    """One capability, with what the last check found missing for it: those that runs wait for first."""

    name: str
    title: str
    missing: Sequence[Mapping[str, Any]]

    @property
    def needed_count(self) -> int:
        return sum(right["blocks"] for right in self.missing)

    @property
    def useful_count(self) -> int:
        """Without these the runs start, and leave out what they are for."""
        return len(self.missing) - self.needed_count

    @property
    def state(self) -> RightsState:
        if self.needed_count:
            return RightsState.LACKING
        return RightsState.ENOUGH if self.missing else RightsState.COMPLETE

    def as_json(self) -> dict[str, Any]:
        return {
            "capability": self.name, "title": self.title, "state": self.state.value, "is_complete": not self.missing,
            "missing": list(self.missing),
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Lack:
    """Rights that are missing for one and the same thing."""

    rights: Sequence[str]
    needed_for: str
    title: str  # of the capability

    @property
    def in_short(self) -> str:
        return in_short(self.rights)


@dataclass(frozen=True, slots=True)
class Lacking:
    """What is missing, told together: `script` has the grant of each right once."""

    count: int
    lacks: Sequence[Lack]
    script: str


def together(rows: Iterable[Mapping[str, Any]]) -> Lacking:
    """Rows of a target's missing rights, a right that several capabilities lack counted once."""
    titles = {MONITORING: "Monitoring", **{name.lower(): one.title for name, one in registry.routines().items()}}
    grouped: dict[tuple[str, str], list[str]] = {}
    grants: dict[str, str] = {}
    for row in rows:
        name = _capability(row)
        grouped.setdefault((titles.get(name, name), row["needed_for"]), []).append(row["right"])
        grants.setdefault(row["right"], row["grant"])
    lacks = [Lack(rights, needed_for, title) for (title, needed_for), rights in grouped.items()]
    return Lacking(len(grants), lacks, "\n".join(dict.fromkeys(filter(None, grants.values()))))


def needed(target: Target) -> Lacking:
    """What runs wait for."""
    return together(row for row in target.missing_rights if row.get("blocks", True))


def useful(target: Target) -> Lacking:
    """What would only help; not what some run waits for as well."""
    waited_for = target.rights_needed
    return together(row for row in target.missing_rights if row["right"] not in waited_for)


def missing(platform: Platform, opened: Session) -> list[dict[str, Any]]:
    """What the account lacks, as rows of a target. What the platform itself reads is monitoring, which no run waits for.

    Raises PlatformError.
    """
    monitoring = platform.missing_rights(opened)
    found = [{**right.as_json(), "blocks": False, "strategy": "", "capability": MONITORING} for right in monitoring]
    for name, routine in registry.routines().items():
        if registry.supports(platform.name, name):
            lacking = registry.concern(platform.name, name).missing_rights(opened, routine.read_parameters({}))
            found += [{**right.as_json(), "strategy": name, "capability": name.lower()} for right in lacking]
    return found


def by_capability(target: Target) -> list[CapabilityRights]:
    """Every capability of the target's platform; none where the portal does not know the platform, or nobody has looked yet."""
    if target.platform not in registry.platforms() or target.facts is None:
        return []
    rows = list(_rows(target))
    return [
        CapabilityRights(one.name, one.title, [row for row in rows if row["capability"] == one.name])
        for one in capabilities(target.platform)
        if one.strategy or one.name == MONITORING
    ]


def _rows(target: Target) -> Iterator[dict[str, Any]]:
    """Those that block first. Rows of earlier versions name the strategy only, and block unless they say otherwise."""
    for row in sorted(target.missing_rights, key=lambda row: not row.get("blocks", True)):
        yield {**row, "capability": _capability(row), "blocks": row.get("blocks", True)}


def _capability(row: Mapping[str, Any]) -> str:
    return str(row.get("capability", str(row.get("strategy") or "").lower()))
