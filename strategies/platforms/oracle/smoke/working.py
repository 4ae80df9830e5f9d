"""Items that carry out steps of strategies on objects of our own: each is found, planned, sent and checked as in a run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from strategies.assessments import Finding
from strategies.plans import Need, Step, StepRole, Verification
from strategies.platforms.base import Concern, PlatformError
from strategies.platforms.oracle import index_statements, space_findings, space_steps
from strategies.platforms.oracle.archive import CONCERN as ARCHIVE
from strategies.platforms.oracle.cleanup import CONCERN as CLEANUP
from strategies.platforms.oracle.indexes import CONCERN as INDEXES
from strategies.platforms.oracle.integrity import CONCERN as INTEGRITY
from strategies.platforms.oracle.integrity_findings import invalid_object
from strategies.platforms.oracle.names import oracle_query
from strategies.platforms.oracle.smoke import statements
from strategies.platforms.oracle.smoke.items import Item, NotApplicable, Unexpected
from strategies.platforms.oracle.smoke.stage import Stage, smoke_query
from strategies.platforms.oracle.space import CONCERN as SPACE
from strategies.platforms.oracle.statistics import CONCERN as STATISTICS
from strategies.routines.archive_maintenance import ArchiveParameters
from strategies.routines.cleanup_maintenance import CleanupParameters
from strategies.routines.index_maintenance import IndexParameters
from strategies.routines.integrity_validation import IntegrityParameters
from strategies.routines.space_maintenance import SpaceParameters
from strategies.routines.statistics_maintenance import StatisticsParameters

INDEX, STATS, ROOM, SOUND, ROWS = (
    "Index maintenance", "Statistics maintenance", "Space maintenance", "Integrity validation", "Old rows",
)  # fmt: skip
_HOSTILE = " it's a select \u00e9"  # behind our prefix: lower case, blanks, an apostrophe, a reserved word, a letter with an accent
_A_SECOND = 1.1  # LAST_ANALYZED counts seconds, and has to be later than before


def items() -> Iterator[Item]:
    for name, section, title, run in (
        ("index_rebuild", INDEX, "An unusable index is found, rebuilt and usable", _rebuild),
        ("index_names", INDEX, "The same of names with blanks, lower case and quotes", _hostile_names),
        ("index_degree", INDEX, "A parallel rebuild gives the index its degree back", _degree),
        (
            "index_degree_sticks",
            INDEX,
            "The degree of a bare REBUILD PARALLEL sticks, also of one partition",
            _bare_degree,
        ),
        ("index_hidden", INDEX, "An index is made invisible and visible again", _hide),
        ("statistics_first", STATS, "Missing statistics are gathered; the undo removes them again", _first_statistics),
        (
            "statistics_restored",
            STATS,
            "Stale statistics are gathered; the undo restores those from before",
            _restored_statistics,
        ),
        ("space_shrink", ROOM, "A table that was emptied is shrunk, with its row movement as before", _shrink),
        ("space_function_index", ROOM, "A table with a function-based index is refused to be shrunk", _refused_shrink),
        ("space_move", ROOM, "Such a table is moved online, and its indexes stay usable", _move),
        ("space_purge", ROOM, "A dropped table is found in the recycle bin and removed from it", _purge),
        ("integrity_validate", SOUND, "A table and its index are validated online", _validate),
        (
            "integrity_compile",
            SOUND,
            "A procedure that cannot be compiled says why; one that can becomes valid",
            _compile,
        ),
        ("rows_deleted", ROWS, "Old rows of a table are deleted in two batches", _clean_up),
        ("rows_archived", ROWS, "Old rows are moved into an archive that is created; a batch comes back", _archive),
    ):
        yield Item(name, section, title, run, changes=True)


def carry_out(stage: Stage, concern: Concern[Any], step: Step) -> Verification:
    """As a run does it: still needed? send it; what does the database say? Raises PlatformError, Unexpected."""
    if step.role is not StepRole.CLEAN_UP:
        require_need(concern.is_needed(stage.session, step))
    outcome = stage.session.execute(step)
    if outcome.error is not None:
        raise PlatformError(outcome.error)
    return accepted(
        concern.verify_undo(stage.session, step) if step.is_reversal else concern.verify(stage.session, step, outcome)
    )


def require_need(need: Need) -> None:
    """Raises Unexpected."""
    if not need.is_needed:
        raise Unexpected(f"The step counts as not needed: {need.why}")


def accepted(found: Verification) -> Verification:
    """Raises Unexpected."""
    if not found.ok:
        raise Unexpected(found.message)
    return found


def only_step(findings: Sequence[Finding], steps: Sequence[Step]) -> Step:
    """Raises NotApplicable where the finding says why it is left alone, Unexpected where there is none, or more than one."""
    if len(steps) == 1:
        return steps[0]
    if not steps and len(findings) == 1:
        raise NotApplicable(findings[0].advice)
    raise Unexpected(f"{len(findings)} findings and {len(steps)} steps came of it; one was to be expected.")


def rebuild_step(stage: Stage, index: str, parameters: IndexParameters) -> Step:
    stage.session.alter(statements.spoil(stage.owner, index))
    findings = INDEXES.assess(stage.session, parameters, stage.shown(index)).findings
    return only_step(findings, INDEXES.steps(findings, parameters))


def index_parameters(stage: Stage, degree: int = 1) -> IndexParameters:
    """Offline where the stated edition has no other way: the tables are our own."""
    return IndexParameters(allow_blocking=not stage.stated.has_enterprise, rebuild_degree=degree, lock_wait_seconds=30)


def _rebuild(stage: Stage) -> str:
    index = stage.index(stage.table(rows=1000))
    return carry_out(stage, INDEXES, rebuild_step(stage, index, index_parameters(stage))).message


def _hostile_names(stage: Stage) -> str:
    table = stage.table(rows=1000, name=stage.name(_HOSTILE))
    index = stage.index(table, name=stage.name(f"{_HOSTILE} index"))
    rebuilt = carry_out(stage, INDEXES, rebuild_step(stage, index, index_parameters(stage)))
    gathered = carry_out(stage, STATISTICS, _gather_step(stage, table))
    return f"{stage.shown(table)}: {rebuilt.message} {gathered.message}"


def _degree(stage: Stage) -> str:
    stage.need_enterprise()
    index = stage.index(stage.table(rows=1000))
    before = _index(stage, index)["degree"]
    carry_out(stage, INDEXES, rebuild_step(stage, index, index_parameters(stage, degree=2)))
    after = _index(stage, index)["degree"]
    if after != before:
        raise Unexpected(f"Its degree was {before}, and is {after}.")
    return f"Its degree is {after}, as it was before."


def _index(stage: Stage, index: str) -> Any:
    rows = stage.session.rows(smoke_query("own_index"), {"index_name": index})
    if not rows:
        raise Unexpected("The dictionary does not show the index.")
    return rows[0]


def _bare_degree(stage: Stage) -> str:
    stage.need_enterprise()
    index = stage.index(stage.table(rows=1000))
    stage.session.alter(statements.rebuild_parallel(stage.owner, index))
    found = [f"after REBUILD PARALLEL 2 it is {_index(stage, index)['degree']}"]
    if stage.stated.has_partitioning:
        local = _local_index(stage)
        stage.session.alter(statements.rebuild_parallel(stage.owner, local, "P1"))
        found.append(f"after REBUILD PARTITION PARALLEL 2 it is {_index(stage, local)['degree']}")
    stage.session.alter(index_statements.restore_degree(stage.owner, index, "NOPARALLEL"))
    after = _index(stage, index)["degree"]
    if after != "1":
        raise Unexpected(f"NOPARALLEL leaves a degree of {after}; {', '.join(found)}.")
    return f"The degree: {', '.join(found)}, after NOPARALLEL 1."


def _local_index(stage: Stage) -> str:
    table, index = stage.name(), stage.name()
    stage.make(
        "TABLE", table, statements.partitioned_table(stage.owner, table), statements.fill(stage.owner, table, 2000, 100),
        statements.local_index(stage.owner, index, table),
    )  # fmt: skip
    return index


def _hide(stage: Stage) -> str:
    index = stage.index(stage.table())
    seen = []
    for statement in (index_statements.hide(stage.owner, index), index_statements.show(stage.owner, index)):
        stage.session.alter(statement)
        seen.append(str(_index(stage, index)["visibility"]))
    if seen != ["INVISIBLE", "VISIBLE"]:
        raise Unexpected(f"The dictionary says {' and then '.join(seen)}.")
    return "INVISIBLE, and then VISIBLE."


def _gather_step(stage: Stage, table: str) -> Step:
    parameters = StatisticsParameters(minimum_rows=1, stale_rows=1, stale_percent=0.1)
    findings = STATISTICS.assess(stage.session, parameters, stage.shown(table)).findings
    return only_step(findings, STATISTICS.steps(findings, parameters))


def _first_statistics(stage: Stage) -> str:
    step = _gather_step(stage, stage.table(rows=2000))
    gathered = carry_out(stage, STATISTICS, step)
    undone = carry_out(stage, STATISTICS, step.reversal())
    return f"{gathered.message} {undone.message}"


def _restored_statistics(stage: Stage) -> str:
    stage.need("ANALYZE ANY")  # else changes are counted when the database likes
    table = stage.table(rows=2000)
    carry_out(stage, STATISTICS, _gather_step(stage, table))
    stage.session.alter(statements.fill(stage.owner, table, 2000, 100, first=2001))
    stage.pause(_A_SECOND)
    step = _gather_step(stage, table)
    if not step.is_reversible:
        raise NotApplicable(step.undo_note)
    stage.pause(_A_SECOND)
    gathered = carry_out(stage, STATISTICS, step)
    undone = carry_out(stage, STATISTICS, step.reversal())
    return f"{gathered.message} {undone.message}"


def _emptied(stage: Stage) -> str:
    """A table of about 6 MB, of which a tenth is left."""
    table = stage.table(rows=5000, width=1000)
    stage.session.alter(statements.empty(stage.owner, table, 500))
    return table


def _space_step(stage: Stage, table: str, parameters: SpaceParameters) -> Step:
    """The advisor knows nothing of a table that is a moment old: what it would say is put here."""
    binds = {"owner": stage.owner, "table_name": table, "part_name": None}
    segments = stage.session.rows(oracle_query("table_segment"), binds)
    if not segments:
        raise Unexpected("The dictionary does not show the table's segment.")
    size = int(segments[0]["size_bytes"])
    advice = {"reclaimable_bytes": size * 3 // 4, "used_bytes": size - size * 3 // 4}
    found = space_findings.segment_finding(advice, segments[0], parameters, stage.stated, stage.session.version)
    findings = [found] if found is not None else []
    return only_step(findings, space_steps.steps(findings, parameters))


def _space(*, move_online: bool = False) -> SpaceParameters:
    return SpaceParameters(reclaim_percent=10, reclaim_megabytes=0, move_online=move_online, lock_wait_seconds=30)


def _shrink(stage: Stage) -> str:
    return carry_out(stage, SPACE, _space_step(stage, _emptied(stage), _space())).message


def _refused_shrink(stage: Stage) -> str:
    table = stage.table(rows=100)
    stage.index(table, on='UPPER("FILLER")')
    stage.session.alter(statements.row_movement(stage.owner, table))
    try:
        stage.session.alter(statements.shrink(stage.owner, table))
    except PlatformError as refusal:
        if refusal.error.code not in ("ORA-10631", "ORA-10635"):
            raise
        return f"Refused, as the portal expects: {refusal}"
    raise Unexpected("The database has shrunk it, which the portal would never plan.")


def _move(stage: Stage) -> str:
    stage.need_enterprise()
    table = _emptied(stage)
    index = stage.index(table, on='UPPER("FILLER")')
    moved = carry_out(stage, SPACE, _space_step(stage, table, _space(move_online=True)))
    return f"{moved.message} Its index is {_index(stage, index)['status']}."


def _purge(stage: Stage) -> str:
    table = stage.name()
    stage.make("DROPPED TABLE", table)
    stage.make("TABLE", table, statements.table(stage.owner, table), statements.fill(stage.owner, table, 100, 100))
    stage.session.alter(statements.drop_into_bin(stage.owner, table))
    binds = {"owner": stage.owner, "object_name": table, "days": 0}
    rows = stage.read(oracle_query("recycle_bin"), binds)
    if not rows:
        raise NotApplicable("The recycle bin does not show it: is the parameter RECYCLEBIN off?")
    findings = [space_findings.dropped_finding(row) for row in rows]
    return carry_out(stage, SPACE, only_step(findings, space_steps.steps(findings, _space()))).message


def _validate(stage: Stage) -> str:
    table = stage.table(rows=1000)
    stage.index(table)
    checks = INTEGRITY.assess(stage.session, IntegrityParameters(), stage.shown(table)).checks
    return carry_out(stage, INTEGRITY, only_step(checks, INTEGRITY.steps(checks, IntegrityParameters()))).message


def _compile(stage: Stage) -> str:
    stage.need("CREATE PROCEDURE")
    table, name = stage.name(), stage.name()
    stage.make("PROCEDURE", name, statements.procedure(stage.owner, name, table))
    parameters = IntegrityParameters(compile_invalid=True)
    rows = stage.session.rows(oracle_query("invalid_objects"), {"owner": stage.owner, "object_name": name})
    findings = [invalid_object(row) for row in rows]
    step = only_step(findings, INTEGRITY.steps(findings, parameters))
    refused = stage.session.execute(step).error
    if refused is None or refused.code != "ORA-24344":
        raise Unexpected(f"Without its table it was compiled: {refused or 'no error was told'}.")
    stage.make("TABLE", table, statements.table(stage.owner, table))
    return f"{refused} Then: {carry_out(stage, INTEGRITY, step).message}"


def _clean_up(stage: Stage) -> str:
    table = stage.aged_table(20, name=stage.name(_HOSTILE))
    parameters = CleanupParameters(age_column="CREATED", keep_days=10, batch_rows=6)
    findings = CLEANUP.assess(stage.session, parameters, stage.shown(table)).findings
    return _in_batches(stage, CLEANUP, CLEANUP.steps(findings, parameters))


def _archive(stage: Stage) -> str:
    stage.need("CREATE TABLE")
    table = stage.aged_table(20)
    stage.make("TABLE", f"{table}_ARCHIVE")
    parameters = ArchiveParameters(age_column="CREATED", keep_days=10, batch_rows=6)
    findings = ARCHIVE.assess(stage.session, parameters, stage.shown(table)).findings
    steps = ARCHIVE.steps(findings, parameters)
    told = _in_batches(stage, ARCHIVE, steps)
    return f"{told} {carry_out(stage, ARCHIVE, steps[-1].reversal()).message}"


def _in_batches(stage: Stage, concern: Concern[Any], steps: Sequence[Step]) -> str:
    if len(steps) < 2:
        raise Unexpected(f"{len(steps)} steps came of it; two batches were to be expected.")
    return " ".join(carry_out(stage, concern, step).message for step in steps)
