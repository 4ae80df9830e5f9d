"""INDEX_MAINTENANCE on PostgreSQL: reads the catalogue, plans online rebuilds, and checks what became of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
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
    StepRole,
    TargetError,
    Verification,
)
from strategies.platforms.base import Concern, PlatformError, Row, Session
from strategies.platforms.postgresql import bloat, index_findings, rights, transactions
from strategies.platforms.postgresql.duplicate_keys import look_for_duplicates
from strategies.platforms.postgresql.grants import maintain
from strategies.platforms.postgresql.index_findings import BLOATED, LEFTOVER, is_usable
from strategies.platforms.postgresql.leaf_density import LeafDensity
from strategies.platforms.postgresql.names import chosen_oid, postgresql_query, quoted
from strategies.platforms.queries import Right
from strategies.routines.index_maintenance import IndexParameters

_MB = 1_048_576
_ESTIMATED, _MEASURED = "estimate from statistics", "measured with pgstatindex"


class Indexes(Concern[IndexParameters]):
    """What INDEX_MAINTENANCE needs of PostgreSQL."""

    queries: ClassVar[tuple[str, ...]] = (
        "find_object", "indexes", "index_widths", "leaf_density_function", "leaf_density", "limit_statements",
        "open_transactions", "unique_keys", "duplicate_keys",
    )  # fmt: skip

    rights: ClassVar[tuple[Right, ...]] = maintain("rebuilding indexes")

    def missing_rights(self, session: Session, parameters: IndexParameters) -> list[MissingRight]:
        return [*rights.missing(session, _rows(session), "rebuilding indexes", "index"), *rights.sight(session)]

    def assess(self, session: Session, parameters: IndexParameters, target_object: str) -> Assessment:
        rows = _rows(session, only=chosen_oid(session, target_object))
        keys = look_for_duplicates(session, index_findings.doubtful(rows, parameters))
        broken = index_findings.broken(rows, parameters, keys)
        if not parameters.rebuild_bloated:
            return broken
        bloated = self._bloated(session, rows, parameters)
        findings, notes = (*broken.findings, *bloated.findings), (*broken.notes, *bloated.notes)
        return Assessment(findings, notes, unchecked=bloated.unchecked)

    def _bloated(self, session: Session, rows: Sequence[Row], parameters: IndexParameters) -> Assessment:
        """Only indexes that could pass the floor at all are looked at; for the others the answer is known."""
        large = {
            row["index_oid"]: row
            for row in rows
            if row["is_valid"] and row["is_ready"] and row["size_bytes"] >= max(parameters.bloat_megabytes * _MB, 1)
        }
        if not large:
            return Assessment()
        findings, distrusted, unchecked, density = [], Counter[str](), [], LeafDensity(session)
        for figures in session.rows(postgresql_query("index_widths"), {"indexes": list(large)}):
            row = large[figures["index_oid"]]
            if why := bloat.distrust(figures, parameters.stale_estimate_percent):
                distrusted[why] += 1
                unchecked.append((BLOATED, row["object"]))
                continue
            finding = index_findings.bloated(row, bloat.expected_bytes(bloat.widths(figures)), parameters, _ESTIMATED)
            if finding is None:
                continue
            if (measured := density.bytes_when_rebuilt(row, figures["fillfactor"])) is not None:
                finding = index_findings.bloated(row, measured, parameters, _MEASURED)
            if finding is not None:
                findings.append(finding)
        untold = [
            f"{count} large {'index' if count == 1 else 'indexes'} {why}: bloat cannot be told; gather statistics first."
            for why, count in sorted(distrusted.items())
        ]
        return Assessment(tuple(findings), (*untold, *density.notes), unchecked=tuple(unchecked))

    def steps(self, findings: Sequence[Finding], parameters: IndexParameters) -> list[Step]:
        return index_findings.steps(findings, parameters)

    def is_needed(self, session: Session, step: Step) -> Need:
        state = _state(session, step)
        if state is None:
            return Need(False, "the index is gone.")
        if state["held_by"]:
            _wait("at_work", f"{state['held_by']} works on its table (an index build, a VACUUM or an ANALYZE).")
        if step.check["kind"] == LEFTOVER:
            return _is_leftover(state, step)
        if state["index_oid"] != step.check["index_oid"] and is_usable(state):
            return Need(False, "it was rebuilt meanwhile.")
        if step.check["kind"] == BLOATED:
            if state["filenode"] != step.check["filenode"]:
                return Need(False, "it was rebuilt meanwhile.")
        elif is_usable(state):
            return Need(False, "it is valid now.")
        if older := transactions.in_the_way(session, step.check["oldest_minutes"], state["table_oid"]):
            _wait("old_transaction", f"an online rebuild would wait: {older}")
        return Need(True)

    def verify(self, session: Session, step: Step, outcome: Outcome | None) -> Verification:
        state = _state(session, step)
        if step.check["kind"] == LEFTOVER:
            gone = state is None or state["index_oid"] != step.check["index_oid"]
            return Verification(gone, "The copy is gone." if gone else "The copy is still there.", {"exists": not gone})
        if state is None:
            return Verification(False, "The index is gone.")
        evidence = {
            "is_valid": is_usable(state), "size_bytes": state["size_bytes"], "leftovers": sorted(state["copy_objects"].values()),
        }  # fmt: skip
        if not is_usable(state):
            return Verification(False, "The index is still invalid.", evidence)
        if state["index_oid"] == step.check["index_oid"] and state["filenode"] == step.check["filenode"]:
            return Verification(False, "The index is still the old one: it was not rebuilt.", evidence)
        before, after = step.check["size_bytes"] / _MB, state["size_bytes"] / _MB
        return Verification(True, f"Valid and new: {before:,.1f} MB before, {after:,.1f} MB now.", evidence)

    def state_left(self, session: Session, step: Step) -> StateLeft:
        state = _state(session, step)
        if step.check["kind"] == LEFTOVER or state is None:
            return StateLeft(LeftBehind.CLEAN, "Nothing was left behind.")
        if not (new := _new_copies(state, step)):
            still = "" if is_usable(state) else " The index is invalid, as it was before."
            return StateLeft(LeftBehind.CLEAN, f"Nothing was left behind.{still}")
        copies = ", ".join(state["copy_objects"][name] for name in new)
        return StateLeft(
            LeftBehind.NEEDS_CLEANUP,
            f"An invalid copy is left ({copies}): writes may pay for it. The next index maintenance drops it, once the index"
            " itself is valid.",
        )

    def clean_up(self, session: Session, step: Step) -> list[Step]:
        """Copies of this index that this run's failed rebuild left; dropped before another attempt makes one more.

        Those that were there before are met by a step of their own, which asks whether the index itself is valid.
        """
        state = _state(session, step)
        if step.check["kind"] == LEFTOVER or state is None or state["held_by"]:
            return []
        schema = step.check["schema_name"]
        return [
            Step(
                key=f"clean:{step.key}:{name}", operation_type="CLEANUP", object=state["copy_objects"][name],
                object_type="INDEX", settings=step.settings, statements=(f"DROP INDEX CONCURRENTLY {quoted(schema, name)}",),
                locks=step.locks, is_destructive=True, reason="The attempt before left this invalid copy.",
                undo_note="Nothing is lost: the copy was never in use.", role=StepRole.CLEAN_UP,
                check={"kind": LEFTOVER, "schema_name": schema, "index_name": name, "index_oid": oid},
            )
            for name, oid in _new_copies(state, step).items()
        ]  # fmt: skip


def _is_leftover(state: Row, step: Step) -> Need:
    """Asked just before a copy is dropped: is it still one, and is its original valid?"""
    if state["index_oid"] != step.check["index_oid"]:
        return Need(False, "another index has its name now.")
    if is_usable(state):
        return Need(False, "the index is valid now, so it is no leftover.")
    if not state["original"]:
        return Need(False, "the index that it is a copy of is gone, so it stays.")
    if not state["original_is_valid"]:
        return Need(False, f"its original {state['original']} is not valid, so it stays.")
    return Need(True)


def _new_copies(state: Row, step: Step) -> dict[str, int]:
    """Copies that were not there when the step was planned, by name with their oid."""
    before = set(step.check["copies"].values())
    return {name: oid for name, oid in sorted(state["copies"].items()) if oid not in before}


def _rows(
    session: Session, *, only: int | None = None, schema: str | None = None, name: str | None = None
) -> list[Row]:
    """All indexes; those of one oid (an index's or a table's); or the one of a name."""
    return session.rows(postgresql_query("indexes"), {"only": only, "schema": schema, "name": name})


def _state(session: Session, step: Step) -> Row | None:
    found = _rows(session, schema=step.check["schema_name"], name=step.check["index_name"])
    return found[0] if found else None


def _wait(code: str, why: str) -> None:
    raise PlatformError(TargetError(ErrorClass.LOCK, code, f"Not now: {why}"))


CONCERN = Indexes()
