"""SPACE_MAINTENANCE on Oracle: full tablespaces told, reclaimable segments shrunk or moved, the recycle bin emptied where asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import ClassVar

from strategies.assessments import Assessment, Finding
from strategies.plans import LeftBehind, MissingRight, Need, Outcome, StateLeft, Step, Verification
from strategies.platforms.base import Concern, NotSupported, ObjectUnknown, PlatformError, Row, Session
from strategies.platforms.oracle import rights, space_findings, space_steps
from strategies.platforms.oracle.chosen import Chosen, chosen
from strategies.platforms.oracle.errors import is_hidden
from strategies.platforms.oracle.names import can_quote, oracle_query, shown
from strategies.platforms.oracle.reach import Reach, softened
from strategies.platforms.oracle.space_findings import DROPPED, LARGE, MOVABLE, SHRINKABLE
from strategies.platforms.oracle.space_steps import ROW_MOVEMENT
from strategies.platforms.oracle.stated import stated_of
from strategies.platforms.oracle.tablespaces import TABLESPACE, TEMPORARY, tablespace_finding
from strategies.platforms.queries import Query, Right
from strategies.routines.space_maintenance import SpaceParameters

_MB = 1_048_576
_ANALYZE, _ALTER, _DROP = "ANALYZE ANY", "ALTER ANY TABLE", "DROP ANY TABLE"
_PARTIAL = f"The segment advisor may not tell of all segments: the account lacks {_ANALYZE}."
_NO_ADVICE = (
    "The database's segment advisor recommends nothing. Its automatic task (auto space advisor) is {status}: without it no"
    " segment is known to be worth shrinking."
)


class Space(Concern[SpaceParameters]):
    """What SPACE_MAINTENANCE needs of Oracle."""

    queries: ClassVar[tuple[str, ...]] = (
        "find_table_or_index", "tablespaces", "temporary_tablespaces", "segment_advice", "segment_advisor", "table_segment",
        "tablespace_room", "recycle_bin", "facts_session", "system_privileges", "own_tables",
    )  # fmt: skip
    optional_queries: ClassVar[frozenset[str]] = frozenset({
        "tablespaces", "temporary_tablespaces", "segment_advisor", "tablespace_room", "recycle_bin",
    })  # fmt: skip

    rights: ClassVar[tuple[Right, ...]] = (
        Right(_ALTER, "shrinking and moving tables of other accounts"),
        Right(_DROP, "removing tables of other accounts from the recycle bin", is_optional=True),
    )

    def missing_rights(self, session: Session, parameters: SpaceParameters) -> list[MissingRight]:
        """Removing dropped tables asks for a right of its own where it is to be done."""
        of_shrinking, of_removing = self.rights
        wanted = [*rights.of_queries(self.queries, self.optional_queries), of_shrinking]
        if parameters.purge_after_days:
            wanted.append(replace(of_removing, is_optional=False))
        return rights.missing(softened(session, wanted), rights.Held.ask(session))

    def assess(self, session: Session, parameters: SpaceParameters, target_object: str) -> Assessment:
        table, part = space_findings.split_name(target_object)
        wanted = chosen(session, table)
        if wanted.name is not None and not wanted.is_table:
            raise ObjectUnknown(f"{target_object} is an index; name a table, or ALL.")
        looks = [_tablespaces(session, parameters)] if wanted.name is None else []
        reaches = Reach.ask_each(session, (_ANALYZE, _ALTER, _DROP))
        looks.append(_segments(session, wanted, part, parameters, reaches))
        if parameters.purge_after_days and part is None:
            looks.append(_recycle_bin(session, wanted, parameters, reaches[_DROP]))
        return Assessment(
            tuple(finding for look in looks for finding in look.findings),
            tuple(note for look in looks for note in look.notes),
            unchecked=tuple(kind for look in looks for kind in look.unchecked),
        )

    def steps(self, findings: Sequence[Finding], parameters: SpaceParameters) -> list[Step]:
        return space_steps.steps(findings, parameters)

    def is_needed(self, session: Session, step: Step) -> Need:
        if step.check["kind"] == DROPPED:
            is_there = _is_in_recycle_bin(session, step)
            return Need(is_there, "" if is_there else "it is no longer in the recycle bin.")
        state = _state(session, step)
        if state is None:
            return Need(False, "it is gone.")
        if _is_movement_left_on(state, step):
            return Need(True)  # by an attempt that could not switch it off again, which is how this step ends
        if step.check["kind"] == SHRINKABLE and state["row_movement"] != step.check["row_movement"]:
            return Need(False, "its row movement was switched off since this was planned; assess again.")
        if _wastes_enough(state, step):
            return Need(True)
        return Need(False, f"it takes only {int(state['size_bytes']) / _MB:,.1f} MB by now.")

    def verify(self, session: Session, step: Step, outcome: Outcome | None) -> Verification:
        if step.check["kind"] == DROPPED:
            is_gone = not _is_in_recycle_bin(session, step)
            message = "It is gone for good." if is_gone else "It is still in the recycle bin."
            return Verification(is_gone, message, {"exists": not is_gone})
        state = _state(session, step)
        if state is None:
            return Verification(False, "It is gone.", objects_affected=0)
        if step.check["kind"] == ROW_MOVEMENT:
            is_off = state["row_movement"] == step.check["row_movement"]
            return Verification(is_off, f"Row movement is {state['row_movement']}.")
        return judge(state, step)

    def clean_up(self, session: Session, step: Step) -> list[Step]:
        return [space_steps.restore_row_movement(step)] if _has_left_movement_on(session, step) else []

    def state_left(self, session: Session, step: Step) -> StateLeft:
        if _has_left_movement_on(session, step):
            statement = space_steps.row_movement_off(step.check)
            text = f"Row movement is still switched on, which it was not before: {statement} switches it off."
            return StateLeft(LeftBehind.NEEDS_CLEANUP, text)
        text = {
            DROPPED: "The table is in the recycle bin as before, or gone.",
            MOVABLE: "A move that does not end leaves the segment where it was; the server removes the unfinished copy.",
        }.get(
            step.check["kind"],
            "Rows that were moved by then stay where they are now; nothing is lost, and the next run goes on.",
        )
        return StateLeft(LeftBehind.CLEAN, text)


def judge(state: Row, step: Step) -> Verification:
    """What the dictionary says after a shrink or a move. Pure."""
    size = int(state["size_bytes"])
    new_unusable = int(state["unusable_indexes"]) - step.check["unusable_indexes"]
    evidence = {
        "size_bytes": size,
        "row_movement": state["row_movement"],
        "unusable_indexes": int(state["unusable_indexes"]),
    }
    if new_unusable > 0:
        return Verification(False, f"{new_unusable} of its indexes have become unusable: rebuild them.", evidence)
    if state["row_movement"] != step.check["row_movement"]:
        return Verification(False, f"Row movement is {state['row_movement']}, which it was not before.", evidence)
    if step.check["kind"] == MOVABLE and state["data_object_id"] == step.check["data_object_id"]:
        return Verification(False, "It was not moved: it is still the old segment.", evidence)
    if _wastes_enough(state, step):
        return Verification(False, f"It still takes {size / _MB:,.1f} MB.", evidence, objects_affected=0)
    return Verification(True, f"{step.check['size_bytes'] / _MB:,.1f} MB before, {size / _MB:,.1f} MB now.", evidence)


def _tablespaces(session: Session, parameters: SpaceParameters) -> Assessment:
    rows, notes = _read(session, oracle_query("tablespaces"), {}, "How full tablespaces are")
    temporary, more = _read(session, oracle_query("temporary_tablespaces"), {}, "How full temporary tablespaces are")
    found = (
        *(tablespace_finding(row, parameters) for row in rows),
        *(tablespace_finding(row, parameters, is_temporary=True) for row in temporary),
    )
    hidden = (*(_all_of(TABLESPACE) if notes else ()), *(_all_of(TEMPORARY) if more else ()))
    return Assessment(tuple(finding for finding in found if finding is not None), (*notes, *more), unchecked=hidden)


def _all_of(*kinds: str) -> tuple[tuple[str, str], ...]:
    """For `Assessment.unchecked`: what was found of these kinds before stands."""
    return tuple((kind, "") for kind in kinds)


_Segment = tuple[str, str, str | None]  # owner, table, part
_SEGMENTS = _all_of(SHRINKABLE, MOVABLE, LARGE)


def _segments(
    session: Session, wanted: Chosen, only: str | None, parameters: SpaceParameters, reaches: Mapping[str, Reach]
) -> Assessment:
    rows, notes = _read(
        session, oracle_query("segment_advice"), wanted.table_binds, "What the segment advisor recommends"
    )
    if not notes and not reaches[_ANALYZE].covers(wanted.owner):
        notes.append(_PARTIAL)
    is_complete = not notes
    if is_complete and not rows:
        notes, is_complete = _why_no_advice(session)
    seen = _advised(session, _worth_a_look(rows, only, parameters), parameters, reaches[_ALTER])
    unchecked = seen.unchecked if is_complete else _SEGMENTS
    return replace(seen, notes=(*notes, *seen.notes), unchecked=unchecked)


def _advised(session: Session, advice: Mapping[_Segment, Row], parameters: SpaceParameters, reach: Reach) -> Assessment:
    """Findings of those segments that are still as the advisor saw them."""
    notes: list[str] = []
    stated, version, findings = stated_of(session), tuple(getattr(session, "version", ())), []
    room = _room(session, notes) if advice and parameters.move_online else {}
    for (owner, name, part), row in advice.items():
        if not can_quote(owner, name, part):
            notes.append(
                f"{shown(owner, name)} is left alone: a name with a double quote cannot be written in a statement."
            )
            continue
        segments, refused = _read(
            session, oracle_query("table_segment"), _binds(owner, name, part), "Whether tables can be shrunk"
        )
        if refused:  # and would be for each of them
            return Assessment(notes=(*notes, *refused), unchecked=_SEGMENTS)
        for segment in segments:
            seen = {**segment, "room_bytes": room.get(segment["tablespace_name"])}
            if (finding := space_findings.segment_finding(row, seen, parameters, stated, version)) is not None:
                findings.append(reach.judged(finding))
    return Assessment(tuple(findings), tuple(notes))


def _room(session: Session, notes: list[str]) -> dict[str, int]:
    """Bytes that each tablespace can still take, as far as that is known."""
    rows, refused = _read(
        session, oracle_query("tablespace_room"), {}, "Whether there is room to move what cannot be shrunk"
    )
    notes += refused
    return {row["tablespace_name"]: int(row["free_bytes"]) for row in rows if row["free_bytes"] is not None}


def _worth_a_look(rows: Sequence[Row], only: str | None, parameters: SpaceParameters) -> dict[_Segment, Row]:
    """Advice with figures that could pass the floor, by segment; of several for one the most modest counts."""
    advice: dict[_Segment, Row] = {}
    for row in rows:
        key = (row["owner"], row["segment_name"], row["partition_name"])
        is_table, is_chosen = str(row["segment_type"]).startswith("TABLE"), only in (None, key[2])
        if not is_table or not is_chosen or None in (row["used_bytes"], row["reclaimable_bytes"]):
            continue
        if int(row["reclaimable_bytes"]) >= parameters.reclaim_megabytes * _MB:
            advice[key] = min(advice.get(key, row), row, key=lambda seen: int(seen["reclaimable_bytes"]))
    return advice


def _why_no_advice(session: Session) -> tuple[list[str], bool]:
    """A sentence, and whether the advisor is known to look: else what it told before may still hold."""
    rows, notes = _read(session, oracle_query("segment_advisor"), {}, "Whether the segment advisor is on")
    status = str(rows[0]["status"]) if rows else "not there"
    return notes or [_NO_ADVICE.format(status=status.lower())], status == "ENABLED"


def _recycle_bin(session: Session, wanted: Chosen, parameters: SpaceParameters, reach: Reach) -> Assessment:
    binds = {"owner": wanted.owner, "object_name": wanted.name, "days": parameters.purge_after_days}
    rows, notes = _read(session, oracle_query("recycle_bin"), binds, "What lies in the recycle bins")
    usable = [row for row in rows if can_quote(row["owner"], row["object_name"])]
    found = tuple(reach.judged(space_findings.dropped_finding(row)) for row in usable)
    return Assessment(found, tuple(notes), unchecked=_all_of(DROPPED) if notes else ())


def _read(
    session: Session, query: Query, binds: Mapping[str, str | int | None], what: str
) -> tuple[list[Row], list[str]]:
    """The rows; a note where the account may not read them. Raises PlatformError for other trouble."""
    try:
        return session.rows(query, binds), []
    except NotSupported as lacking:
        return [], [str(lacking)]
    except PlatformError as refusal:
        if not is_hidden(refusal.error):
            raise
        return [], [f"{what} could not be read ({refusal.error}); it needs {query.needs}."]


def _binds(owner: str, name: str, part: str | None) -> dict[str, str | None]:
    return {"owner": owner, "table_name": name, "part_name": part}


def _state(session: Session, step: Step) -> Row | None:
    seen = step.check
    found = session.rows(
        oracle_query("table_segment"), _binds(seen["owner"], seen["table_name"], seen["partition_name"])
    )
    return found[0] if found else None


def _is_in_recycle_bin(session: Session, step: Step) -> bool:
    binds = {"owner": step.check["owner"], "object_name": step.check["object_name"], "days": 0}
    return bool(session.rows(oracle_query("recycle_bin"), binds))


def _wastes_enough(state: Row, step: Step) -> bool:
    wasted = space_findings.wasted_bytes(step.check, state)
    limits = {"percent": step.check["reclaim_percent"], "megabytes": step.check["reclaim_megabytes"]}
    return space_findings.passes(wasted, int(state["size_bytes"]), **limits)


def _has_left_movement_on(session: Session, step: Step) -> bool:
    if step.check["kind"] not in (SHRINKABLE, ROW_MOVEMENT):
        return False
    state = _state(session, step)
    return state is not None and _is_movement_left_on(state, step)


def _is_movement_left_on(state: Row, step: Step) -> bool:
    is_switched = step.check["kind"] in (SHRINKABLE, ROW_MOVEMENT) and step.check["row_movement"] != "ENABLED"
    return is_switched and state["row_movement"] == "ENABLED"


CONCERN = Space()
