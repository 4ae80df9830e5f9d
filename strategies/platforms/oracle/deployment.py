"""STRATEGY_DEPLOYMENT on Oracle: the package of a strategy in the account's schema, and the rows of the registry where it is home."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

from strategies.assessments import Assessment, Finding, Severity
from strategies.plans import (
    ErrorClass,
    LeftBehind,
    Locks,
    MissingRight,
    Need,
    Outcome,
    StateLeft,
    Step,
    StepRole,
    TargetError,
    Verification,
)
from strategies.platforms.base import PlatformError, Session
from strategies.platforms.oracle import package_source, rights
from strategies.platforms.oracle.lock_wait import lock_wait
from strategies.platforms.oracle.names import literal, oracle_query
from strategies.platforms.queries import Query, Right
from strategies.platforms.registered_rows import DRIFT, MISSING, QUERIES
from strategies.platforms.registering import Registering
from strategies.platforms.row_statements import Dialect, key_of, row_steps
from strategies.registrations import Content, PackageSource
from strategies.routines.strategy_deployment import DeploymentParameters

CREATE = "CREATE PROCEDURE"
_LONGEST = 900  # characters of one literal: 4,000 bytes are the most, and a character may take four


def _literal(value: str | int | None) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, int):
        return f"{value:d}"
    if len(value) <= _LONGEST:
        return literal(value)
    return " || ".join(f"TO_NCLOB({literal(value[at : at + _LONGEST])})" for at in range(0, len(value), _LONGEST))


def _same(name: str, value: str | None, is_long: bool) -> str:
    """A LOB, as a column or as a value that is put together, takes no `=`."""
    if value is None:
        return f"{name} IS NULL"
    if is_long or value.startswith("TO_NCLOB("):
        return f"DBMS_LOB.COMPARE(TO_NCLOB({name}), TO_NCLOB({value})) = 0"
    return f"{name} = {value}"


DIALECT = Dialect(
    literal=_literal, now="SYS_EXTRACT_UTC(SYSTIMESTAMP)", as_text=lambda number: f"TO_CHAR({number})", same=_same,
    one_row=" FROM dual",
)  # fmt: skip


class Deployment(Registering):
    """What STRATEGY_DEPLOYMENT needs of Oracle."""

    queries: ClassVar[tuple[str, ...]] = (
        *QUERIES, "deployed_package", "deployed_source", "visible_compile_errors", "facts_session", "system_privileges",
        "object_privileges",
    )  # fmt: skip
    optional_queries: ClassVar[frozenset[str]] = frozenset(QUERIES)  # of tables that are in home alone
    rights: ClassVar[tuple[Right, ...]] = (
        Right(CREATE, "bringing packages of strategies into the account's own schema", is_optional=True),
    )

    def query(self, name: str) -> Query:
        return oracle_query(name)

    def missing_rights(self, session: Session, parameters: DeploymentParameters) -> list[MissingRight]:
        return rights.missing_rights(session, self.queries, self.rights, optional=self.optional_queries)

    def compare(self, session: Session, content: Content) -> Assessment:
        seen = super().compare(session, content)
        package = content.registration.package
        if package is None or not content.brings_package:
            return seen
        found = _compared(package, package_source.read(session, package.name), content.number)
        if found is not None and not rights.Held.ask(session).has(CREATE):
            advice = f"The account lacks {CREATE}; a DBA grants it: GRANT {CREATE} TO the account."
            found = replace(found, advice=advice, evidence={**found.evidence, "can_plan": False})
        return replace(seen, findings=(*seen.findings, *((found,) if found is not None else ())))

    def names(self, content: Content) -> frozenset[str]:
        package = content.registration.package if content.brings_package else None
        return super().names(content) | ({package.name} if package is not None else set())

    def steps(self, findings: Sequence[Finding], parameters: DeploymentParameters) -> list[Step]:
        """Packages first: what the rows have run by itself is there then."""
        settings = lock_wait(parameters.lock_wait_seconds)
        of_rows = [Step(begin="SET TRANSACTION READ WRITE", **made.values) for made in row_steps(findings, DIALECT)]
        return [*(_step(finding, settings) for finding in findings if _can_bring(finding)), *of_rows]

    def is_needed(self, session: Session, step: Step) -> Need:
        if "package" not in step.check:
            return super().is_needed(session, step)
        has, check = package_source.read(session, step.check["package"]), step.check
        to, since = (check["former"], check["wanted"]) if step.is_reversal else (check["wanted"], check["former"])
        if not package_source.differing(has, to):
            return Need(False, f"{step.object} is as it is to be already.")
        if has.digests != dict(since) and not package_source.is_between(has, check):
            what = "after it was deployed" if step.is_reversal else "after the plan was made"
            words = f"Somebody has changed {step.object} {what}: this would be lost. Have a run planned anew."
            raise PlatformError(TargetError(ErrorClass.PERMANENT, "changed", words))
        return Need(True)

    def verify(self, session: Session, step: Step, outcome: Outcome | None) -> Verification:
        if "package" not in step.check:
            return super().verify(session, step, outcome)
        to = step.check["former" if step.role is StepRole.CLEAN_UP else "wanted"]
        return _judged(session, step, to)

    def verify_undo(self, session: Session, step: Step) -> Verification:
        if "package" not in step.check:
            return super().verify_undo(session, step)
        return _judged(session, step, step.check["former"])

    def clean_up(self, session: Session, step: Step) -> list[Step]:
        """What does not compile is taken back; never what somebody else has made of the package meanwhile."""
        if "package" not in step.check or step.is_reversal:
            return []
        if not package_source.is_between(package_source.read(session, step.check["package"]), step.check):
            return []
        return [
            replace(
                step, key=f"clean_up:{step.key}"[:500], statements=step.undo, undo=(), undo_note="It takes back what failed.",
                reason=f"Takes back a deployment of {step.object} that failed.", role=StepRole.CLEAN_UP,
            )
        ]  # fmt: skip

    def state_left(self, session: Session, step: Step) -> StateLeft:
        if "package" not in step.check:
            return super().state_left(session, step)
        has = package_source.read(session, step.check["package"])
        if has.digests == dict(step.check["former"]):
            return StateLeft(LeftBehind.CLEAN, f"{step.object} is as it was before.")
        told = "; ".join(package_source.differing(has, step.check["wanted"])) or "it is as the version has it"
        return StateLeft(
            LeftBehind.NEEDS_CLEANUP,
            f"Of {step.object} {told}. Deploy the version again, or the one that was there before.",
        )


def _compared(package: PackageSource, has: package_source.Seen, number: int) -> Finding | None:
    """None = it is as the version has it. Pure."""
    wanted = package_source.wanted(package)
    differs = package_source.differing(has, package_source.digests(wanted))
    if not differs:
        return None
    is_missing = has.sources[package_source.PACKAGE] is None
    what = "is not there as in" if is_missing else "differs from"
    return Finding(
        MISSING if is_missing else DRIFT, package.name, "PACKAGE", Severity.WARNING,
        f"Package {package.name} {what} version {number}: {', and '.join(differs)}.",
        "Deploy the version." if is_missing else "Deploy the version again: that puts it back.",
        {
            "deployed_version": number, "differs": differs, "can_plan": True,
            "package": {"name": package.name, "wanted": wanted, "former": dict(has.sources)},
        },
    )  # fmt: skip


def _can_bring(finding: Finding) -> bool:
    return "package" in finding.evidence and bool(finding.evidence.get("can_plan"))


def _step(finding: Finding, settings: tuple[str, ...]) -> Step:
    package: Mapping[str, Any] = finding.evidence["package"]
    name, wanted, former = package["name"], package["wanted"], package["former"]
    replaces = former[package_source.PACKAGE] is not None
    waits = (
        " Who calls it waits until it is compiled, and sessions that have used it lose its state." if replaces else ""
    )
    return Step(
        key=key_of(finding), operation_type="UPDATE" if replaces else "CREATE", object=name, object_type="PACKAGE",
        settings=settings, statements=package_source.statements(name, wanted), undo=package_source.statements(name, former),
        locks=Locks.DDL, is_destructive=replaces, reason=f"{finding.summary}{waits}",
        evidence={each: finding.evidence[each] for each in ("deployed_version", "differs")},
        check={
            "kind": finding.kind, "package": name, "wanted": package_source.digests(wanted),
            "former": package_source.digests(former),
        },
    )  # fmt: skip


def _judged(session: Session, step: Step, to: Mapping[str, str | None]) -> Verification:
    has = package_source.read(session, step.check["package"])
    told = package_source.differing(has, to)
    if not told:
        gone = to[package_source.PACKAGE] is None
        return Verification(
            True, f"{step.object} {'is no longer there' if gone else 'is there as it is to be, and valid'}."
        )
    words = package_source.errors(session, step.check["package"]) if has.invalid else ""
    return Verification(
        False, f"Of {step.object} {'; '.join(told)}{f': {words}' if words else ''}.", objects_affected=0
    )


CONCERN = Deployment()
