"""Strategies whose work a package in the database does: one step that calls it, with its own answers before and after."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, cast

from strategies.assessments import Assessment, Finding, Severity
from strategies.in_database import PackageParameters
from strategies.plans import (
    ErrorClass,
    LeftBehind,
    Locks,
    MissingRight,
    Need,
    Outcome,
    StateLeft,
    Step,
    TargetError,
    Verification,
)
from strategies.platforms.base import Concern, ObjectUnknown, PlatformError, Row, Session
from strategies.platforms.oracle import facts
from strategies.platforms.oracle.lock_wait import lock_wait
from strategies.platforms.oracle.names import literal, oracle_query, quoted
from strategies.platforms.oracle.session import OracleSession

KIND = "package"
GOOD = frozenset({"SUCCESS", "WARNING", "INFO"})
NOT_ENDED = frozenset({"STARTED", "RUNNING", "PENDING"})
MOST = 1000  # rows of a status that are read
_TOLD = 5


class Package(Concern[PackageParameters]):
    """The package of one strategy, wherever the account finds it when it is asked."""

    queries: ClassVar[tuple[str, ...]] = ("facts_packages", "package_state")

    def __init__(self, strategy: str) -> None:
        self._strategy = strategy

    def missing_rights(self, session: Session, parameters: PackageParameters) -> list[MissingRight]:
        """A package that the account may not call is one that it does not see."""
        return []

    def assess(self, session: Session, parameters: PackageParameters, target_object: str) -> Assessment:
        """One finding for information: what the package would find to do only it knows. Raises ObjectUnknown."""
        owner, name = self._found(session)
        is_valid = validate(session, owner, name, target_object)
        evidence = {
            "owner": owner, "package_name": name, "compiled_at": _compiled_at(session, owner, name), "can_plan": is_valid,
        }  # fmt: skip
        asked = "" if is_valid else f" Its validate_target refuses {target_object}."
        summary = f"{owner}.{name} in the database does the work.{asked}"
        return Assessment((Finding(KIND, target_object, "OBJECT", Severity.INFO, summary, "", evidence),))

    def steps(self, findings: Sequence[Finding], parameters: PackageParameters) -> list[Step]:
        return [self._step(finding, parameters) for finding in findings if finding.evidence["can_plan"]]

    def _step(self, finding: Finding, parameters: PackageParameters) -> Step:
        seen = finding.evidence
        given = json.dumps(parameters.own, ensure_ascii=False, sort_keys=True) if parameters.own else None
        value = literal(given) if given is not None else "NULL"
        block = (
            f"BEGIN\n  -- as compiled on {seen['compiled_at']}\n  {quoted(seen['owner'], seen['package_name'])}.execute_strategy("
            f"p_target_object => {literal(finding.object)}, p_parameters => {value});\nEND;"
        )
        return Step(
            key=f"package:{self._strategy}:{finding.object}"[:500], operation_type="EXECUTE", object=finding.object,
            object_type="OBJECT", statements=(block,), settings=lock_wait(parameters.lock_wait_seconds), locks=Locks.ALL,
            is_destructive=True, reason=f"{finding.summary} What it locks and changes is the package's own.",
            undo_note="What a package has done the portal does not know how to take back; its author says how.",
            evidence={"package": f"{seen['owner']}.{seen['package_name']}", "compiled_at": seen["compiled_at"]},
            check={name: seen[name] for name in ("owner", "package_name", "compiled_at")},
        )  # fmt: skip

    def is_needed(self, session: Session, step: Step) -> Need:
        """What runs is what was shown: a package that was compiled anew is another one. Raises PlatformError for both refusals."""
        owner, name = step.check["owner"], step.check["package_name"]
        is_valid = validate(
            session, owner, name, step.object
        )  # first: what is only marked as invalid is compiled by the call
        now = _compiled_at(session, owner, name)
        if now != step.check["compiled_at"]:
            raise _refused(f"{owner}.{name} was compiled on {now}, after the plan was made; have the run planned anew.")
        if not is_valid:
            raise _refused(f"validate_target of {owner}.{name} refuses {step.object}.")
        return Need(True)

    def verify(self, session: Session, step: Step, outcome: Outcome | None) -> Verification:
        """How things stand now is no proof of a call whose end nobody saw: they may have stood so before it."""
        found = judge(status(session, step.check["owner"], step.check["package_name"], step.object))
        if outcome is None and found.ok:
            return Verification(
                False, f"Whether the call came to its end is not known. {found.message}", found.evidence
            )
        return found

    def state_left(self, session: Session, step: Step) -> StateLeft:
        told = judge(status(session, step.check["owner"], step.check["package_name"], step.object)).message
        return StateLeft(LeftBehind.UNKNOWN, f"What the package had done when it stopped only it can tell. {told}")

    def _found(self, session: Session) -> tuple[str, str]:
        """Owner and name. Raises ObjectUnknown, PlatformError."""
        seen: facts.Seen = {"packages": session.rows(oracle_query("facts_packages"))}
        found = facts.packages(seen, also_invalid=True).get(self._strategy)
        if found is None:
            raise ObjectUnknown(
                f"{self._strategy}{facts.PACKAGE} is not one package with execute_strategy that the account may call."
            )
        owner, _, name = found.partition(".")
        return owner, name


def validate(session: Session, owner: str, name: str, target_object: str) -> bool:
    """What validate_target says; a BOOLEAN has no place in SQL, so a block asks. Raises PlatformError."""
    block = f"BEGIN :answer := CASE WHEN {quoted(owner, name)}.validate_target(:object) THEN 1 ELSE 0 END; END;"
    return _of_oracle(session).number(block, {"object": target_object}) == 1


def status(session: Session, owner: str, name: str, target_object: str) -> list[Row]:
    """The rows of get_strategy_status. Raises PlatformError."""
    block = f"BEGIN :answer := {quoted(owner, name)}.get_strategy_status(:object); END;"
    return _of_oracle(session).cursor_rows(block, {"object": target_object}, most=MOST)


def _of_oracle(session: Session) -> OracleSession:
    return cast(OracleSession, session)


def judge(rows: Sequence[Mapping[str, Any]]) -> Verification:
    """What the rows of a status mean: each names its object, how it stands in the words of the operation log, and why. Pure."""
    if not rows:
        return Verification(False, "get_strategy_status names no object, so that nothing was verified.")
    if missing := sorted({"object_name", "status", "message"} - rows[0].keys()):
        return Verification(False, f"get_strategy_status gives no {', '.join(missing)}.")
    bad = [row for row in rows if str(row["status"] or "").upper() not in GOOD]
    told = "; ".join(_words(row) for row in (bad or rows)[:_TOLD])
    more = f"; and {len(bad or rows) - _TOLD} more" if len(bad or rows) > _TOLD else ""
    evidence = {"objects": len(rows), "not_well": len(bad)}
    if not bad:
        return Verification(True, f"The package says: {told}{more}.", evidence, objects_affected=len(rows))
    return Verification(False, f"The package says of {len(bad)} of {len(rows)}: {told}{more}.", evidence)


def _words(row: Mapping[str, Any]) -> str:
    word = str(row["status"] or "no status").upper()
    word = f"{word} (not ended)" if word in NOT_ENDED else word
    message = " ".join(str(row["message"] or "").split()).rstrip(".")
    return f"{row['object_name']} {word}{f': {message[:300]}' if message else ''}"


def _compiled_at(session: Session, owner: str, name: str) -> str:
    """When the package or its body was compiled last, as far as the account sees either. Raises ObjectUnknown, PlatformError."""
    rows = session.rows(oracle_query("package_state"), {"owner": owner, "name": name})
    if not rows:
        raise ObjectUnknown(f"{owner}.{name} is gone, or the account may not call it any more.")
    if invalid := [str(row["kind"]).lower() for row in rows if row["status"] != "VALID"]:
        raise ObjectUnknown(
            f"The {' and the '.join(invalid)} {owner}.{name} does not compile; a DBA looks at its errors first."
        )
    return max(str(row["compiled_at"]) for row in rows)


def _refused(sentence: str) -> PlatformError:
    return PlatformError(TargetError(ErrorClass.PERMANENT, "package", sentence))
