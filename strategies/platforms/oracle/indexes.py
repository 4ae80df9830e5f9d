"""INDEX_MAINTENANCE on Oracle: reads the dictionary, plans rebuilds as the stated edition has them, and checks what became of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import ClassVar

from strategies.assessments import Assessment, Finding
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
from strategies.platforms.base import Concern, Row, Session
from strategies.platforms.oracle import (
    index_bloat,
    index_findings,
    index_guards,
    index_room,
    index_state,
    index_steps,
    rights,
)
from strategies.platforms.oracle.chosen import Chosen, chosen
from strategies.platforms.oracle.index_findings import INTERRUPTED, ORPHANED, UNUSED
from strategies.platforms.oracle.names import oracle_query
from strategies.platforms.oracle.reach import Reach, softened
from strategies.platforms.oracle.stated import Stated, stated_of
from strategies.platforms.queries import Right
from strategies.routines.index_maintenance import IndexParameters

_MB = 1_048_576
_ANY, _CLEAN = "ALTER ANY INDEX", "EXECUTE ON SYS.DBMS_REPAIR"
_GATHER = "; gather statistics first"
_ADVICE = {index_bloat.SPARSE: ""}


class Indexes(Concern[IndexParameters]):
    """What INDEX_MAINTENANCE needs of Oracle."""

    queries: ClassVar[tuple[str, ...]] = (
        "find_table_or_index", "indexes", "index_parts", "index_segments", "tablespace_room", "index_widths", "index_journals",
        "index_locks", "index_usage_tracking", "unused_indexes", "facts_session", "system_privileges",
        "object_privileges", "own_tables",
    )  # fmt: skip
    optional_queries: ClassVar[frozenset[str]] = frozenset({"tablespace_room", "index_locks"})

    rights: ClassVar[tuple[Right, ...]] = (
        Right(_ANY, "rebuilding, coalescing and hiding indexes of other accounts"),
        Right(
            _CLEAN,
            "cleaning up after interrupted online builds; without it Oracle does that by itself, later",
            is_optional=True,
        ),
    )

    def missing_rights(self, session: Session, parameters: IndexParameters) -> list[MissingRight]:
        """Queries for what was not asked for are not needed. The room of tablespaces and others' locks can be done without."""
        asked = {
            "index_widths": parameters.rebuild_bloated,
            "index_usage_tracking": parameters.hide_unused, "unused_indexes": parameters.hide_unused,
        }  # fmt: skip
        needed = [name for name in self.queries if asked.get(name, True)]
        wanted = softened(session, self.rights)
        return rights.missing_rights(session, needed, wanted, optional=self.optional_queries)

    def assess(self, session: Session, parameters: IndexParameters, target_object: str) -> Assessment:
        wanted, stated = chosen(session, target_object), stated_of(session)
        rows = session.rows(oracle_query("indexes"), {**wanted.index_binds, "everything": 0})
        parts = session.rows(oracle_query("index_parts"), {**wanted.index_binds, "part_name": None, "everything": 0})
        tablespaces, notes = index_room.tablespaces(session)
        unusable = [row for row in (*rows, *parts) if row["status"] == "UNUSABLE"]
        seen = index_findings.broken(rows, parts, parameters, stated, index_room.rooms(session, unusable, tablespaces))
        looks = [
            self._interrupted(session, wanted, parameters), self._bloated(session, wanted, parameters, stated, tablespaces),
            self._unused(session, wanted, parameters),
        ]  # fmt: skip
        reach = Reach.ask(session, _ANY)
        found = (*seen.findings, *(finding for look in looks for finding in look.findings))
        judged = tuple(
            _cleanable(session, finding) if finding.kind == INTERRUPTED else reach.judged(finding) for finding in found
        )
        notes += [*seen.notes, *(note for look in looks for note in look.notes), *_sight(session, judged)]
        return Assessment(judged, tuple(notes), unchecked=tuple(one for look in looks for one in look.unchecked))

    def _interrupted(self, session: Session, wanted: Chosen, parameters: IndexParameters) -> Assessment:
        if not parameters.remove_leftovers:
            return Assessment()
        journals = session.rows(oracle_query("index_journals"), wanted.index_binds)
        findings, notes, unchecked = [], [], []
        for row in journals:
            locks = index_state.locks(session, row)
            finding = index_findings.interrupted(row, locks=locks)
            if locks:
                notes.append(f"{finding.object} has the journal of an online build. {finding.advice}")
                unchecked.append((INTERRUPTED, finding.object))
            else:
                findings.append(finding)
        return Assessment(tuple(findings), tuple(notes), unchecked=tuple(unchecked))

    def _bloated(
        self,
        session: Session,
        wanted: Chosen,
        parameters: IndexParameters,
        stated: Stated,
        tablespaces: Mapping[str, Row],
    ) -> Assessment:
        """Only indexes that could pass the floor at all are looked at; for the others the answer is known."""
        if not parameters.rebuild_bloated:
            return Assessment()
        least = max(int(parameters.bloat_megabytes * _MB), 1)
        findings, distrusted, unchecked = [], Counter[str](), []
        for row in session.rows(oracle_query("index_widths"), {**wanted.index_binds, "least_bytes": least}):
            if why := index_bloat.distrust(row, parameters.stale_estimate_percent):
                distrusted[why] += 1
                unchecked.append((index_bloat.BLOATED, index_findings.object_of(row)))
                continue
            room = index_room.room_of(index_bloat.expected_bytes(row), tablespaces.get(row["tablespace_name"]))
            way = index_findings.how(row, parameters, stated)
            if (finding := index_bloat.bloated(row, parameters, way, room)) is not None:
                findings.append(finding)
        notes = [
            f"{count} large {'index' if count == 1 else 'indexes'} {why}: bloat cannot be told{_ADVICE.get(why, _GATHER)}."
            for why, count in sorted(distrusted.items())
        ]
        return Assessment(tuple(findings), tuple(notes), unchecked=tuple(unchecked))

    def _unused(self, session: Session, wanted: Chosen, parameters: IndexParameters) -> Assessment:
        if not parameters.hide_unused:
            return Assessment()
        tracking = session.rows(oracle_query("index_usage_tracking"))
        if not tracking or not tracking[0]["is_enabled"]:
            note = "The database does not count the use of indexes, so unused ones cannot be told."
            return Assessment(notes=(note,), unchecked=((UNUSED, ""),))
        if (tracking[0]["countable_days"] or 0) < parameters.unused_days:
            words = f"The database has not been able to count the use of indexes for {parameters.unused_days} days"
            note = f"{words}, so unused ones cannot be told yet."
            return Assessment(notes=(note,), unchecked=((UNUSED, ""),))
        is_sampled = bool(tracking[0]["collection_type"])
        binds = {**wanted.index_binds, "days": parameters.unused_days}
        rows = session.rows(oracle_query("unused_indexes"), binds)
        return Assessment(tuple(index_findings.unused(row, parameters, is_sampled=is_sampled) for row in rows))

    def steps(self, findings: Sequence[Finding], parameters: IndexParameters) -> list[Step]:
        return index_steps.steps(findings, parameters)

    def is_needed(self, session: Session, step: Step) -> Need:
        state = index_state.read(session, step)
        if state is None:
            return Need(False, "the index is gone.")
        if step.is_reversal:
            return Need(not state.is_visible, "" if not state.is_visible else "it is visible already.")
        kind = step.check["kind"]
        if why := index_state.why_not_needed(state, step):
            return Need(False, why)
        if kind in (INTERRUPTED, UNUSED, ORPHANED):
            if kind == INTERRUPTED:
                index_guards.wait_for_others(session, step, state)
            return Need(True)
        index_guards.ask_for_room(session, step)
        if state.journal is not None:
            index_guards.wait_for_others(session, step, state)
            why = "an online build of this index was interrupted, and is cleaned up first."
            raise index_guards.refusal(ErrorClass.LOCK, "interrupted_build", why)
        index_guards.wait_for_old_transactions(session, step)
        return Need(True)

    def verify(self, session: Session, step: Step, outcome: Outcome | None) -> Verification:
        state = index_state.read(session, step)
        if state is not None:
            return index_state.judge_result(state, step)
        if step.check["kind"] == INTERRUPTED:  # it was just being created
            return Verification(True, "The unfinished index is gone with its journal.")
        return Verification(False, "The index is gone.", objects_affected=0)

    def explain(self, step: Step, error: TargetError) -> Verification | None:
        return index_steps.explain(step, error)

    def verify_undo(self, session: Session, step: Step) -> Verification:
        state = index_state.read(session, step)
        if state is None:
            return Verification(False, "The index is gone.", objects_affected=0)
        if state.is_visible:
            return Verification(True, "The index is visible again.", {"visibility": "VISIBLE"})
        return Verification(False, "The index is still invisible.", {"visibility": "INVISIBLE"}, objects_affected=0)

    def state_left(self, session: Session, step: Step) -> StateLeft:
        state = index_state.read(session, step)
        if state is None:
            return StateLeft(LeftBehind.CLEAN, "Nothing was left behind: the index is gone.")
        return index_state.judge_rest(state, step)

    def clean_up(self, session: Session, step: Step) -> list[Step]:
        """The journal and the degree that a failed rebuild left. Never while others work on the table: it might be their build."""
        if step.check["kind"] not in index_state.REBUILT:
            return []
        state = index_state.read(session, step)
        if state is None:
            return []
        has_journal = (
            state.journal is not None
            and _may_clean(session)
            and index_state.locks(session, state.lock_binds(step)) == []
        )
        return index_steps.clean_up_steps(step, has_journal=has_journal, degree_differs=state.degree_differs(step))


def _may_clean(session: Session) -> bool:
    return rights.Held.ask(session).has(_CLEAN)


def _cleanable(session: Session, finding: Finding) -> Finding:
    """The finding of an interrupted build, without a plan where the account may not clean up."""
    if not finding.evidence["can_plan"] or _may_clean(session):
        return finding
    advice = f"Left to Oracle, which cleans up by itself, later: the account lacks {_CLEAN}."
    return replace(finding, advice=advice, evidence={**finding.evidence, "can_plan": False})


def _sight(session: Session, findings: Sequence[Finding]) -> list[str]:
    """A note where a rebuild would wait for transactions that the account cannot see."""
    is_planned = any(finding.evidence["can_plan"] and finding.evidence.get("is_online") for finding in findings)
    nothing = dict.fromkeys(("table_object_id", "object_id", "journal_object_id"))
    if not is_planned or index_state.locks(session, nothing) is not None:
        return []
    return [
        "Transactions of others cannot be seen (GV_$LOCK, GV_$SESSION, GV_$TRANSACTION): an online rebuild waits for those on its"
        " table, however old they are, until the run's own time limit."
    ]


CONCERN = Indexes()
