"""What STRATEGY_DEPLOYMENT does in the portal's own tables, whichever product holds them; a platform makes the steps."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

from strategies.assessments import Assessment
from strategies.plans import (
    ErrorClass,
    LeftBehind,
    MissingRight,
    Need,
    Outcome,
    StateLeft,
    Step,
    TargetError,
    Verification,
)
from strategies.platforms.base import EVERYTHING, Concern, ObjectUnknown, PlatformError, Session
from strategies.platforms.queries import Query
from strategies.platforms.registered_rows import (
    CONFIGURATIONS,
    JOBS,
    STRATEGIES,
    TABLES,
    There,
    Wanted,
    compared,
    names,
)
from strategies.registrations import Content
from strategies.routines.strategy_deployment import DeploymentParameters

# What a statement does not meet as it was looked at, it leaves alone.
_MEANWHILE = " Somebody wrote it at the same moment, which was left as it is; have the run planned anew."


class Registering(Concern[DeploymentParameters]):
    """The rows of deployments, where the session is on home. A platform adds `steps`, and what else it deploys."""

    @abstractmethod
    def query(self, name: str) -> Query:
        """One of `QUERIES` in this product's words."""

    def missing_rights(self, session: Session, parameters: DeploymentParameters) -> list[MissingRight]:
        """The tables are the portal's own: its account may write them, or the portal could not work."""
        return []

    def assess(self, session: Session, parameters: DeploymentParameters, target_object: str) -> Assessment:
        """Of one object where it is named as findings name it. Raises ObjectUnknown, PlatformError."""
        wanted = "" if target_object.strip().upper() in EVERYTHING else target_object.strip()
        contents = [one for one in parameters.contents if not wanted or wanted in self.names(one)]
        if wanted and not contents:
            raise ObjectUnknown(
                f"{wanted} is nothing that is deployed here: name it as findings do, or leave the object at ALL."
            )
        found = [self.compare(session, content) for content in contents]
        return Assessment(
            tuple(one for seen in found for one in seen.findings if wanted in ("", one.object)),
            tuple(note for seen in found for note in seen.notes),
        )

    def names(self, content: Content) -> frozenset[str]:
        """What a version brings here, as findings name it."""
        return names(content) if content.brings_rows else frozenset()

    def compare(self, session: Session, content: Content) -> Assessment:
        """What differs from one version. Raises PlatformError."""
        return (
            compared(content, self.there(session, content.registration.name)) if content.brings_rows else Assessment()
        )

    def there(self, session: Session, strategy: str) -> There:
        """Raises PlatformError."""
        which = {"strategy": strategy}
        return There({table.name: session.rows(self.query(table.query), which) for table in TABLES.values()})

    def is_needed(self, session: Session, step: Step) -> Need:
        """What runs is what was shown: a row that is another one by now is refused, since nobody has agreed to its loss."""
        wanted = Wanted.of(step.check["row"])
        there = self.there(session, wanted.strategy)
        row = there.find(wanted)
        if step.is_reversal:
            return self._undo_needed(session, step, there, row)
        if row is not None and not there.differing(wanted, row):
            return Need(False, f"{step.object} is as version {wanted.number} has it already.")
        if wanted.former is None and row is not None:
            raise _refused(f"{step.object} appeared after the plan was made; have the run planned anew.")
        if wanted.former is not None and (row is None or _changed(wanted.former, row)):
            what = "is gone" if row is None else f"was changed ({', '.join(_changed(wanted.former, row))})"
            raise _refused(f"{step.object} {what} since the plan was made; have the run planned anew.")
        return Need(True)

    def _undo_needed(self, session: Session, step: Step, there: There, row: Mapping[str, Any] | None) -> Need:
        wanted = Wanted.of(step.check["row"])
        before = self.verify_undo(session, step)
        if before.ok:
            return Need(False, before.message)
        if row is None:
            raise _refused(f"{step.object} is gone: there is nothing to which its former values could be given back.")
        if changed := there.changed_since(wanted, row):
            raise _refused(
                f"{step.object} was changed after it was deployed ({', '.join(changed)}): the undo would take that back as well."
                " Put it right by hand, or deploy the version that is wanted."
            )
        return Need(True)

    def verify(self, session: Session, step: Step, outcome: Outcome | None) -> Verification:
        wanted = Wanted.of(step.check["row"])
        there = self.there(session, wanted.strategy)
        row = there.find(wanted)
        if row is None:
            return Verification(False, f"{step.object} is not there.", objects_affected=0)
        if differing := there.differing(wanted, row):
            message = f"{step.object} does not have what version {wanted.number} has: {', '.join(differing)}."
            others = differing if wanted.former is None else _changed(wanted.former, row, differing)
            return Verification(False, f"{message}{_MEANWHILE if others else ''}", objects_affected=0)
        return Verification(True, f"{step.object} is as version {wanted.number} has it.")

    def verify_undo(self, session: Session, step: Step) -> Verification:
        wanted = Wanted.of(step.check["row"])
        there = self.there(session, wanted.strategy)
        row = there.find(wanted)
        if wanted.former is not None:
            changed = [""] if row is None else _changed(wanted.former, row)
            if not changed:
                return Verification(True, f"{step.object} has its former values.")
            others = [] if row is None else [name for name in wanted.former if name in there.changed_since(wanted, row)]
            message = f"{step.object} does not have its former values{_named(others)}."
            return Verification(False, f"{message}{_MEANWHILE if others else ''}", objects_affected=0)
        if row is None:
            return Verification(True, f"{step.object} is no longer there.")
        if wanted.table == STRATEGIES.name:
            is_kept = any(there.rows[table.name] for table in (CONFIGURATIONS, JOBS))
            return Verification(
                is_kept, f"{step.object} is still there{', since something refers to it' if is_kept else ''}."
            )
        is_off, others = row["is_active"] == "N", there.changed_since(wanted, row)
        message = f"{step.object} is still there{_named(others)}, and switched {'off' if is_off else 'on'}."
        return Verification(is_off, f"{message}{_MEANWHILE if others and not is_off else ''}")

    def state_left(self, session: Session, step: Step) -> StateLeft:
        told = self.verify(session, step, None).message
        return StateLeft(
            LeftBehind.CLEAN, f"A row is written as a whole or not at all, so nothing is half-done: {told}"
        )


def _changed(former: Mapping[str, Any], row: Mapping[str, Any], among: Sequence[str] | None = None) -> list[str]:
    """Columns that no longer hold what they held when the plan was made."""
    names = former if among is None else [name for name in among if name in former]
    return [name for name in names if (row[name] or None) != (former[name] or None)]


def _named(columns: Sequence[str]) -> str:
    return f" ({', '.join(columns)})" if columns else ""


def _refused(sentence: str) -> PlatformError:
    return PlatformError(TargetError(ErrorClass.PERMANENT, "changed", sentence))
