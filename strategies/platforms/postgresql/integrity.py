"""INTEGRITY_VALIDATION on PostgreSQL: amcheck, checksum failures, changed collations and constraints that are not validated."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from strategies.assessments import Assessment, Finding, Severity
from strategies.plans import LeftBehind, MissingRight, Need, Outcome, StateLeft, Step, TargetError, Verification
from strategies.platforms.base import Concern, Row, Session
from strategies.platforms.postgresql import checks, constraints
from strategies.platforms.postgresql.constraints import UNVALIDATED
from strategies.platforms.postgresql.names import chosen_oid, postgresql_query, quoted
from strategies.platforms.queries import Right
from strategies.routines.integrity_validation import IntegrityParameters

_CUT_OFF = "The check was cut off, and what it found is not known; it has to be made again."
_DEFAULT_COLLATION_OID = 100  # pg_collation's row for the database's own, the same in every server
_KEEPS_DATABASE_RULES = 150_000
_SHOWN = 5

_BAD_CHECKSUMS = "checksum_failures"


class Integrity(Concern[IntegrityParameters]):
    """What INTEGRITY_VALIDATION needs of PostgreSQL."""

    queries: ClassVar[tuple[str, ...]] = (
        "find_object", "amcheck_functions", "amcheck_available", "checkable", "checksum_failures", "data_checksums",
        "database_collation", "changed_collations", "indexes_by_collation", "unvalidated_constraints", "facts",
    )  # fmt: skip

    damage: ClassVar[frozenset[str]] = frozenset({_BAD_CHECKSUMS})
    rights: ClassVar[tuple[Right, ...]] = (
        Right("EXTENSION amcheck", "checking tables and indexes", is_optional=True),
        Right("EXECUTE ON FUNCTION bt_index_check OF EXTENSION amcheck", "checking indexes", is_optional=True),
        Right("EXECUTE ON FUNCTION verify_heapam OF EXTENSION amcheck", "checking tables", is_optional=True),
    )

    def missing_rights(self, session: Session, parameters: IntegrityParameters) -> list[MissingRight]:
        user = quoted(session.rows(postgresql_query("facts"))[0]["user"])
        return [
            MissingRight(
                right=f"EXECUTE on {row['function_name']}",
                needed_for=f"checking {'indexes' if row['name'] == 'bt_index_check' else 'tables'} with amcheck",
                grant=f"GRANT EXECUTE ON FUNCTION {row['signature']} TO {user};",
                blocks=False,
            )
            for row in _functions(session).values()
            if not row["may_call"]
        ]

    def assess(self, session: Session, parameters: IntegrityParameters, target_object: str) -> Assessment:
        only = chosen_oid(session, target_object)
        drift = _collations(session)
        findings = [*_checksums(session), *drift] if only is None else []
        binds = {"only": only, "constraint": None}
        findings += map(constraints.finding, session.rows(postgresql_query("unvalidated_constraints"), binds))
        suspects = {oid for finding in drift for oid in finding.evidence["oids"]}
        functions = _functions(session)
        rows = checks.in_order(session.rows(postgresql_query("checkable"), {"only": only}), suspects)
        due = [check for row in rows if (check := checks.due(row, functions, suspects)) is not None]
        met = {check.object for check in due}
        left_out = [row for row in rows if row["object"] not in met]
        notes = [*_notes(session, functions, left_out), *(_notes_on_server(session) if only is None else [])]
        unchecked = tuple((checks.FAILED, row["object"]) for row in left_out)
        return Assessment(tuple(findings), tuple(notes), tuple(due), unchecked)

    def steps(self, findings: Sequence[Finding], parameters: IntegrityParameters) -> list[Step]:
        built = []
        for finding in findings:
            if finding.evidence.get("is_due"):
                built.append(checks.step(finding, parameters))
            elif finding.kind == UNVALIDATED and parameters.validate_constraints and finding.evidence["can_plan"]:
                built.append(constraints.step(finding, parameters))
        return built

    def is_needed(self, session: Session, step: Step) -> Need:
        if not step.is_check:
            state = _constraint(session, step)
            if state is None:
                return Need(False, "the constraint is gone.")
            return Need(not state["is_validated"], "it is validated by now." if state["is_validated"] else "")
        rows = session.rows(postgresql_query("checkable"), {"only": step.check["oid"]})
        is_there = any((row["oid"], row["object"]) == (step.check["oid"], step.object) for row in rows)
        return Need(is_there, "" if is_there else f"{step.object} is gone, or has become another.")

    def verify(self, session: Session, step: Step, outcome: Outcome | None) -> Verification:
        if step.is_check:
            return Verification(False, _CUT_OFF) if outcome is None else checks.judge(step, outcome.answers)
        state = _constraint(session, step)
        if state is None:
            return Verification(False, "The constraint is gone.", objects_affected=0)
        message = "Every row keeps it: it is validated." if state["is_validated"] else "It is still not validated."
        return Verification(state["is_validated"], message)

    def explain(self, step: Step, error: TargetError) -> Verification | None:
        return checks.explain(step, error) if step.is_check else constraints.explain(step, error)

    def state_left(self, session: Session, step: Step) -> StateLeft:
        text = (
            "A check changes nothing, and leaves nothing behind." if step.is_check else "The constraint is as it was."
        )
        return StateLeft(LeftBehind.CLEAN, text)


def _functions(session: Session) -> dict[str, Row]:
    """The functions of amcheck by name, of each the one that takes the most."""
    found: dict[str, Row] = {}
    for row in session.rows(postgresql_query("amcheck_functions")):
        found.setdefault(row["name"], row)
    return found


def _notes(session: Session, functions: dict[str, Row], left_out: Sequence[Row]) -> list[str]:
    if not functions:
        if session.rows(postgresql_query("amcheck_available")):
            how = "a superuser installs it in this database with CREATE EXTENSION amcheck;"
        else:
            how = "it is part of PostgreSQL's contrib package, which this server lacks;"
        return [f"Tables and indexes are not checked: the extension amcheck is not there; {how} nothing else can tell."]
    notes = []
    absent = sum(checks.function_of(row) not in functions for row in left_out)
    if absent:
        what = "One table is" if absent == 1 else f"{absent} tables are"
        notes.append(
            f"{what} not checked: the extension amcheck of this database is older than 1.3 and checks indexes only; its owner brings"
            " it up to date with ALTER EXTENSION amcheck UPDATE;"
        )
    if refused := len(left_out) - absent:
        what = "One table or index is" if refused == 1 else f"{refused} tables and indexes are"
        notes.append(f"{what} not checked: the account may not call the functions of amcheck.")
    return notes


def _notes_on_server(session: Session) -> list[str]:
    """What nobody can tell of this server, so that no findings do not read as proof."""
    notes = []
    if not session.rows(postgresql_query("data_checksums"))[0]["is_on"]:
        notes.append(
            "This server writes no checksums into its pages: what a disk has changed is noticed only where a page no longer makes"
            " sense. A stopped server is given them with pg_checksums --enable."
        )
    if getattr(session, "version", _KEEPS_DATABASE_RULES) < _KEEPS_DATABASE_RULES:
        notes.append(
            "PostgreSQL 14 does not keep by which rules a database sorts text: after an upgrade of the operating system nothing but a"
            " check tells whether its indexes still fit."
        )
    return notes


def _checksums(session: Session) -> list[Finding]:
    return [
        Finding(
            _BAD_CHECKSUMS, row["place"], "DATABASE", Severity.CRITICAL,
            f"{row['failures']:,} pages of {row['place']} were read whose checksum does not fit.",
            "A disk, its controller or memory gave back other bytes than were written. The server's log names the files; find the"
            " cause, and restore what they hold. The server counts on from here until its counters are reset; pg_stat_reset() also"
            " has autovacuum forget what it knows of each table, so vacuum and analyze them afterwards.",
            {
                "failures": row["failures"],
                "last_failure_at": row["last_failure_at"].isoformat() if row["last_failure_at"] else None,
            },
        )
        for row in session.rows(postgresql_query("checksum_failures"))
    ]  # fmt: skip


def _collations(session: Session) -> list[Finding]:
    found = []
    if getattr(session, "version", 0) >= _KEEPS_DATABASE_RULES:
        for row in session.rows(postgresql_query("database_collation")):
            refresh = f"ALTER DATABASE {row['object']} REFRESH COLLATION VERSION"
            found.append(_drift(session, row, "DATABASE", _DEFAULT_COLLATION_OID, refresh))
    for row in session.rows(postgresql_query("changed_collations")):
        refresh = f"ALTER COLLATION {row['object']} REFRESH VERSION"
        found.append(_drift(session, row, "COLLATION", row["collation_oid"], refresh))
    return found


def _drift(session: Session, row: Row, object_type: str, collation: int, refresh: str) -> Finding:
    indexes = session.rows(postgresql_query("indexes_by_collation"), {"collation": collation})
    names = [index["object"] for index in indexes]
    such_as = f": {', '.join(names[:_SHOWN])}{' and others' if len(names) > _SHOWN else ''}" if names else ""
    many = "an index" if len(names) == 1 else f"{len(names)} indexes"
    return Finding(
        "changed_collation", row["object"], object_type, Severity.WARNING,
        f"The rules for sorting text of {row['object']} have changed from version {row['recorded_version']} to"
        f" {row['actual_version'] or 'one that is not known'}, and {many} may still be sorted by the old ones{such_as}.",
        "Such indexes may miss rows, and let doubles in. Rebuild them with REINDEX INDEX CONCURRENTLY and, where partitions are"
        f" bounded by text, see that each row is in the right one. Only then tell the server: {refresh};",
        {
            "recorded_version": row["recorded_version"], "actual_version": row["actual_version"], "indexes": names[:100],
            "oids": [index["oid"] for index in indexes],
        },
    )  # fmt: skip


def _constraint(session: Session, step: Step) -> Row | None:
    binds = {"only": None, "constraint": step.check["constraint_oid"]}
    rows = session.rows(postgresql_query("unvalidated_constraints"), binds)
    return next((row for row in rows if row["constraint_name"] == step.check["constraint_name"]), None)


CONCERN = Integrity()
