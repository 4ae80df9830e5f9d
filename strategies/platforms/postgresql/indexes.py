"""INDEX_MAINTENANCE on PostgreSQL: reads the catalogue, plans online rebuilds, and checks what became of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from strategies.plans import (
    Assessment,
    ErrorClass,
    Finding,
    LeftBehind,
    MissingRight,
    Need,
    Outcome,
    StateLeft,
    Step,
    TargetError,
    Verification,
)
from strategies.platforms.base import Concern, PlatformError, Query, Row, Session
from strategies.platforms.postgresql import bloat, index_findings, rights
from strategies.platforms.postgresql.index_findings import BLOATED, LEFTOVER
from strategies.platforms.postgresql.names import chosen_oid, postgresql_query, quoted
from strategies.routines.index_maintenance import IndexParameters

_MB = 1_048_576
_ESTIMATED, _MEASURED = "estimate from statistics", "measured with pgstatindex"


class Indexes(Concern[IndexParameters]):
    """What INDEX_MAINTENANCE needs of PostgreSQL."""

    queries: ClassVar[tuple[str, ...]] = (
        "find_object", "indexes", "index_widths", "leaf_density_function", "leaf_density", "index_state",
        "older_transactions",
    )  # fmt: skip

    def missing_rights(self, session: Session, parameters: IndexParameters) -> list[MissingRight]:
        rows = session.rows(postgresql_query("indexes"), {"only": None})
        return rights.missing(session, rows, "rebuilding indexes", "index")

    def assess(self, session: Session, parameters: IndexParameters, target_object: str) -> Assessment:
        only = chosen_oid(session, target_object)
        rows = session.rows(postgresql_query("indexes"), {"only": only})
        findings = index_findings.broken(rows, parameters)
        if not parameters.rebuild_bloated:
            return Assessment(tuple(findings))
        more, notes = self._bloated(session, rows, parameters)
        return Assessment((*findings, *more), tuple(notes))

    def _bloated(
        self, session: Session, rows: Sequence[Row], parameters: IndexParameters
    ) -> tuple[list[Finding], list[str]]:
        """Only indexes that could pass the floor at all are looked at; for the others the answer is known."""
        large = {
            row["index_oid"]: row
            for row in rows
            if row["is_valid"] and row["is_ready"] and row["size_bytes"] >= max(parameters.bloat_megabytes * _MB, 1)
        }
        if not large:
            return [], []
        findings, distrusted = [], Counter[str]()
        for figures in session.rows(postgresql_query("index_widths"), {"indexes": list(large)}):
            row = large[figures["index_oid"]]
            if why := bloat.distrust(figures, parameters.stale_estimate_percent):
                distrusted[why] += 1
                continue
            finding = index_findings.bloated(row, bloat.expected_bytes(bloat.widths(figures)), parameters, _ESTIMATED)
            if finding is not None and (measured := self._measured(session, row, figures["fillfactor"])) is not None:
                finding = index_findings.bloated(row, measured, parameters, _MEASURED)
            if finding is not None:
                findings.append(finding)
        return findings, [
            f"{count} large {'index' if count == 1 else 'indexes'} {why}: bloat cannot be told; gather statistics first."
            for why, count in sorted(distrusted.items())
        ]

    def _measured(self, session: Session, row: Mapping[str, Any], fillfactor: int) -> int | None:
        """Bytes after a rebuild by the real density of the leaf pages, or None without pgstattuple (or without the right)."""
        installed = session.rows(postgresql_query("leaf_density_function"))
        if not installed:
            return None
        query = postgresql_query("leaf_density")
        filled = Query(
            query.name, query.sql.replace("{pgstatindex}", installed[0]["function_name"]), query.purpose, query.needs,
            query.licence, query.since,
        )  # fmt: skip
        try:
            density = session.rows(filled, {"index": row["index_oid"]})[0]["avg_leaf_density"]
        except PlatformError:
            return None
        return round(int(row["size_bytes"]) * min(1.0, float(density) / fillfactor))

    def steps(self, findings: Sequence[Finding], parameters: IndexParameters) -> list[Step]:
        return index_findings.steps(findings, parameters)

    def is_needed(self, session: Session, step: Step) -> Need:
        state = _state(session, step)
        if state is None:
            return Need(False, "the index is gone.")
        if state["build_running"]:
            _wait("index_build", "another index build runs on the same table.")
        if step.check["kind"] == LEFTOVER:
            return Need(not state["is_usable"], "the index is valid now, so it is no leftover.")
        if state["index_oid"] != step.check["index_oid"] and state["is_usable"]:
            return Need(False, "it was rebuilt meanwhile.")
        if step.check["kind"] == BLOATED:
            if state["filenode"] != step.check["filenode"]:
                return Need(False, "it was rebuilt meanwhile.")
        elif state["is_usable"]:
            return Need(False, "it is valid now.")
        older = session.rows(postgresql_query("older_transactions"), {"minutes": step.check["oldest_minutes"]})
        if older:
            minutes = round(older[0]["seconds"] / 60)
            who = f"session {older[0]['pid']} of {older[0]['account'] or 'another account'}"
            _wait(
                "old_transaction", f"an online rebuild would wait for the transaction of {who}, open for {minutes} min."
            )
        return Need(True)

    def verify(self, session: Session, step: Step, outcome: Outcome | None) -> Verification:
        state = _state(session, step)
        if step.check["kind"] == LEFTOVER:
            gone = state is None or state["index_oid"] != step.check["index_oid"]
            return Verification(gone, "The copy is gone." if gone else "The copy is still there.", {"exists": not gone})
        if state is None:
            return Verification(False, "The index is gone.")
        evidence = {"is_valid": state["is_usable"], "size_bytes": state["size_bytes"], "leftovers": state["leftovers"]}
        if not state["is_usable"]:
            return Verification(False, "The index is still invalid.", evidence)
        if state["index_oid"] == step.check["index_oid"] and state["filenode"] == step.check["filenode"]:
            return Verification(False, "The index is still the old one: it was not rebuilt.", evidence)
        before, after = step.check["size_bytes"] / _MB, state["size_bytes"] / _MB
        return Verification(True, f"Valid and new: {before:,.1f} MB before, {after:,.1f} MB now.", evidence)

    def state_left(self, session: Session, step: Step) -> StateLeft:
        state = _state(session, step)
        if step.check["kind"] == LEFTOVER or state is None or not state["leftovers"]:
            return StateLeft(LeftBehind.CLEAN, "Nothing was left behind.")
        copies = ", ".join(state["leftovers"])
        return StateLeft(
            LeftBehind.NEEDS_CLEANUP,
            f"An invalid copy is left ({copies}): every write pays for it. The next index maintenance drops it.",
        )

    def clean_up(self, session: Session, step: Step) -> list[Step]:
        """Copies of this index that the failed rebuild left; dropped before another attempt makes one more."""
        state = _state(session, step)
        if step.check["kind"] == LEFTOVER or state is None or state["build_running"]:
            return []
        schema = step.check["schema_name"]
        found = [_state_of(session, schema, name) for name in state["leftovers"]]
        return [
            Step(
                key=f"clean:{step.key}:{name}", operation_type="CLEANUP", object=f"{quoted(schema, name)}",
                object_type="INDEX", settings=step.settings, statements=(f"DROP INDEX CONCURRENTLY {quoted(schema, name)}",),
                locks=step.locks, is_destructive=True, reason="The attempt before left this invalid copy.",
                undo_note="Nothing is lost: the copy was never in use.",
                check={
                    "kind": LEFTOVER, "schema_name": schema, "index_name": name, "index_oid": copy["index_oid"],
                    "filenode": copy["filenode"], "size_bytes": copy["size_bytes"],
                },
            )
            for name, copy in zip(state["leftovers"], found, strict=True)
            if copy is not None
        ]  # fmt: skip


def _state(session: Session, step: Step) -> Row | None:
    return _state_of(session, step.check["schema_name"], step.check["index_name"])


def _state_of(session: Session, schema: str, name: str) -> Row | None:
    found = session.rows(postgresql_query("index_state"), {"schema": schema, "name": name})
    return found[0] if found else None


def _wait(code: str, why: str) -> None:
    raise PlatformError(TargetError(ErrorClass.LOCK, code, f"Not now: {why}"))


CONCERN = Indexes()
