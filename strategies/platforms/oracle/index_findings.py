"""Which indexes of an Oracle database need work, and what may be done about it, judged from dictionary rows. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from strategies.assessments import Assessment, Finding, Severity
from strategies.platforms.oracle import index_statements
from strategies.platforms.oracle.names import shown
from strategies.platforms.oracle.stated import Stated
from strategies.routines.index_maintenance import IndexParameters

Row = Mapping[str, Any]
UNUSABLE, DISABLED, FAILED = "unusable_index", "disabled_function_index", "failed_domain_index"
ORPHANED, INTERRUPTED, UNUSED = "orphaned_entries", "interrupted_build", "unused_index"
_MB = 1_048_576
_RETIRED = "Left alone: it is invisible as well, as one that is about to be dropped. REBUILD and VISIBLE bring it back."
_CLEAN_UP = (
    "Clean up after that build: what a rebuild left goes, and an index that was just being created goes as a whole."
)
_ONLINE_TYPES = ("NORMAL", "NORMAL/REV", "FUNCTION-BASED NORMAL", "FUNCTION-BASED NORMAL/REV")
_OFFLINE_TYPES = (*_ONLINE_TYPES, "BITMAP", "FUNCTION-BASED BITMAP", "CLUSTER")


@dataclass(frozen=True, slots=True)
class How:
    """How an index may be rebuilt here. `why_not` is a sentence where it may not."""

    is_online: bool = False
    degree: int = 1
    why_not: str = ""


@dataclass(frozen=True, slots=True)
class Room:
    """What rebuilding needs beside the old copy, and what its tablespace can still take; None = not known.

    `tablespace_status` is that of DBA_TABLESPACES: ONLINE, READ ONLY or OFFLINE.
    """

    needs_bytes: int | None = None
    free_bytes: int | None = None
    tablespace_status: str = "ONLINE"

    @property
    def why_not(self) -> str:
        if self.tablespace_status != "ONLINE":
            return f"Its tablespace is {self.tablespace_status.lower()}, and a rebuild writes a new copy there."
        if self.needs_bytes is None or self.free_bytes is None or self.needs_bytes <= self.free_bytes:
            return ""
        return (
            f"A rebuild needs about {self.needs_bytes / _MB:,.0f} MB beside the old copy, and its tablespace can take"
            f" {self.free_bytes / _MB:,.0f} MB more. Make room first."
        )


def how(row: Row, parameters: IndexParameters, stated: Stated) -> How:
    """Online where the stated edition and the kind of index have it, else offline with consent, else not at all."""
    if why_not := _why_by_hand(row):
        return How(why_not=why_not)
    if row.get("part_name") is not None and not stated.has_partitioning:
        return How(why_not="Left alone, since Partitioning is not stated as licensed in the address of this database.")
    degree = parameters.rebuild_degree if stated.has_enterprise else 1
    if degree > 1 and index_statements.clause_of_degree(row["degree"], row["instances"]) is None:
        degree = 1  # what cannot be put back exactly is not changed
    online_type = row["index_type"] in _ONLINE_TYPES and row["join_index"] != "YES" and row["table_type"] != "CLUSTER"
    if online_type and stated.has_enterprise:
        return How(is_online=True, degree=degree)
    if parameters.allow_blocking:
        return How(degree=degree)
    reason = (
        "an online rebuild needs Enterprise Edition, which is not stated in the address of this database"
        if online_type
        else f"an index of the type {row['index_type']} cannot be rebuilt online"
    )
    return How(
        why_not=f"Left alone, since {reason}. Offline, writes to its table would wait until it is done: allow that if it may be."
    )


def _why_by_hand(row: Row) -> str:
    kind = row["index_type"]
    if row["temporary"] == "Y":
        return "Its table is temporary, and no entries of it last: drop it and create it again while nobody uses the table."
    if kind.startswith("IOT"):
        return "It is the table itself, an index-organized one: ALTER TABLE … MOVE rebuilds it."
    if kind not in _OFFLINE_TYPES:
        return f"An index of the type {kind} is rebuilt as its index type asks for: see its own manual."
    return ""


def broken(
    rows: Sequence[Row], parts: Sequence[Row], parameters: IndexParameters, stated: Stated, room: Mapping[str, Room]
) -> Assessment:
    """Findings for what is unusable, disabled, failed or holds orphaned entries. `room` is by object, as pages name it.

    An index that is partitioned says N/A of itself; its parts say what they are.
    """
    findings: list[Finding] = []
    notes = Counter[str]()
    for row in _nameable(rows, notes):
        if row["funcidx_status"] == "DISABLED":
            findings.append(_disabled(row))
        elif row["domidx_status"] == "IDXTYP_INVLD" or row["domidx_opstatus"] == "FAILED":
            findings.append(_failed(row))
        elif row["status"] == "UNUSABLE":
            findings.append(_unusable(row, parameters, stated, room))
        elif row["orphaned_entries"] == "YES" and row["partitioned"] == "NO":
            findings.append(_orphaned(row, stated))
    for row in _nameable(parts, notes):
        if row["status"] == "UNUSABLE" and is_unusable_by_design(row):
            index = shown(row["owner"], row["index_name"])
            notes[f"{index}: partitions that the table leaves out of its partial indexes stay unusable"] += 1
        elif row["status"] == "UNUSABLE":
            findings.append(_unusable(row, parameters, stated, room))
        elif row["orphaned_entries"] == "YES":
            findings.append(_orphaned(row, stated))
    wanted = [finding for finding in findings if _is_wanted(finding, parameters)]
    return Assessment(tuple(wanted), tuple(f"{text} ({count})." for text, count in sorted(notes.items())))


def is_unusable_by_design(row: Row) -> bool:
    """A partition that its table leaves out of partial indexes (INDEXING OFF) is unusable on purpose."""
    return bool(row["indexing"] == "PARTIAL" and row["part_indexing"] == "OFF")


def _nameable(rows: Iterable[Row], notes: Counter[str]) -> list[Row]:
    kept = []
    for row in rows:
        if any('"' in (row.get(name) or "") for name in ("owner", "index_name", "part_name")):
            notes["Left out, since no statement can name them: names that hold a double quote"] += 1
        else:
            kept.append(row)
    return kept


def _is_wanted(finding: Finding, parameters: IndexParameters) -> bool:
    return parameters.remove_leftovers if finding.kind == ORPHANED else parameters.repair_invalid


def _unusable(row: Row, parameters: IndexParameters, stated: Stated, room: Mapping[str, Room]) -> Finding:
    name = object_of(row)
    way, space = how(row, parameters, stated), room.get(name, Room())
    is_enforcing = row["uniqueness"] == "UNIQUE" or bool(row["constraints_backed"])
    is_retired = row["visibility"] == "INVISIBLE" and not is_enforcing
    why_not = _RETIRED if is_retired else way.why_not or space.why_not
    cost = "it enforces a key, so writes to its table fail" if is_enforcing else "queries do without it"
    severity = Severity.CRITICAL if is_enforcing else Severity.INFO if is_retired else Severity.WARNING
    return Finding(
        kind=UNUSABLE, object=name, object_type="INDEX", severity=severity,
        summary=f"Index {name} on {shown(row['table_owner'], row['table_name'])} is unusable: {cost}.",
        advice=why_not or _advice(way), evidence=evidence(row, way, space, can_plan=not why_not),
    )  # fmt: skip


def _advice(way: How) -> str:
    if way.is_online:
        return "Rebuild it online."
    return "Rebuild it offline, as was allowed: writes to its table wait until it is done."


def _disabled(row: Row) -> Finding:
    name = object_of(row)
    return Finding(
        kind=DISABLED, object=name, object_type="INDEX", severity=Severity.CRITICAL,
        summary=f"Index {name} is disabled: the function that it is built on was changed or is invalid, and writes to its table fail.",
        advice="Make the function valid; then ALTER INDEX … ENABLE, or REBUILD where the function gives other values than before.",
        evidence=evidence(row, How(), Room(), can_plan=False),
    )  # fmt: skip


def _failed(row: Row) -> Finding:
    name = object_of(row)
    return Finding(
        kind=FAILED, object=name, object_type="INDEX", severity=Severity.CRITICAL,
        summary=f"Domain index {name} does not work: its index type is {row['domidx_status'] or 'not known'}, its last operation"
        f" {row['domidx_opstatus'] or 'not known'}.",
        advice="What mends it is told in the manual of its index type.",
        evidence=evidence(row, How(), Room(), can_plan=False),
    )  # fmt: skip


def _orphaned(row: Row, stated: Stated) -> Finding:
    """Entries that a dropped partition leaves in a global index: Oracle removes them in a nightly job of its own."""
    name = object_of(row)
    is_licensed = stated.has_enterprise and stated.has_partitioning
    return Finding(
        kind=ORPHANED, object=name, object_type="INDEX", severity=Severity.INFO,
        summary=f"Index {name} still holds entries of partitions that were dropped.",
        advice="Remove them: reads and writes go on."
        if is_licensed
        else "Left alone, since Enterprise Edition with Partitioning is not stated in the address of this database.",
        evidence=evidence(row, How(is_online=True), Room(), can_plan=is_licensed),
    )  # fmt: skip


def interrupted(row: Row, *, locks: Sequence[Row] | None) -> Finding:
    """A journal table without a session that works on it. `locks` None = it cannot be seen whether somebody does."""
    name = object_of(row)
    why_not = ""
    if '"' in row["owner"] + row["index_name"]:
        why_not = "No statement can name it."
    elif locks is None:
        why_not = "It cannot be seen whether a build still runs (SELECT on GV_$LOCK, GV_$SESSION, GV_$TRANSACTION), so it stays."
    elif locks:
        why_not = f"Left alone now, since {held_by(locks)} works on its table and may be building just this."
    return Finding(
        kind=INTERRUPTED, object=name, object_type="INDEX", severity=Severity.WARNING,
        summary=f"An online build of index {name} was interrupted: its journal {shown(row['journal_owner'], row['journal_name'])}"
        " is still there, and the index can be neither rebuilt nor dropped.",
        advice=why_not or _CLEAN_UP,
        evidence={
            **_identity(row), "journal": row["journal_name"], "journal_object_id": int(row["journal_object_id"]),
            "can_plan": not why_not,
        },
    )  # fmt: skip


def held_by(locks: Sequence[Row]) -> str:
    """The first of them, for people: who, and since when a transaction is open if one is."""
    first = max(locks, key=lambda lock: lock["transaction_minutes"] or 0)
    since = (
        f", with a transaction open for {int(first['transaction_minutes'])} minutes"
        if first["transaction_minutes"]
        else ""
    )
    return f"session {int(first['sid'])} of {first['username'] or first['program'] or 'the database'}{since}"


def unused(row: Row, parameters: IndexParameters, *, is_sampled: bool) -> Finding:
    """An index of which no use is known. DBA_INDEX_USAGE says nothing of checks of foreign keys, nor of standby databases."""
    name = object_of(row)
    last = (
        f"last used on {row['last_used_on']}"
        if row["last_used_on"]
        else "never used as far as the database has counted"
    )
    by_sample = "; the database counts by samples, so rare use may be missed" if is_sampled else ""
    return Finding(
        kind=UNUSED, object=name, object_type="INDEX", severity=Severity.INFO,
        summary=f"Index {name} on {shown(row['table_owner'], row['table_name'])} was {last}{by_sample}. It is paid for by every write.",
        advice="Hide it from the optimizer: it is kept up to date and can be shown again at once. If nobody misses it over a whole"
        " business cycle, drop it by hand.",
        evidence={
            **_identity(row), "created_on": row["created_on"], "last_used_on": row["last_used_on"], "accesses": int(row["accesses"]),
            "unused_days": parameters.unused_days, "is_sampled": is_sampled, "can_plan": '"' not in row["owner"] + row["index_name"],
        },
    )  # fmt: skip


def object_of(row: Row) -> str:
    return index_statements.words_for(row["owner"], row["index_name"], row.get("part_level"), row.get("part_name"))


def _identity(row: Row) -> dict[str, Any]:
    return {
        "owner": row["owner"], "index_name": row["index_name"], "part_level": row.get("part_level"),
        "part_name": row.get("part_name"), "table": shown(row["table_owner"], row["table_name"]),
        "object_id": _number(row.get("object_id")), "table_object_id": _number(row.get("table_object_id")),
    }  # fmt: skip


def evidence(row: Row, way: How, space: Room, *, can_plan: bool) -> dict[str, Any]:
    """What a step and its checks need of the row, as JSON takes it."""
    return {
        **_identity(row), "index_type": row["index_type"], "tablespace": row["tablespace_name"],
        "data_object_id": _number(row.get("data_object_id")), "degree": (row["degree"] or "").strip(),
        "instances": (row["instances"] or "").strip(), "is_online": way.is_online, "rebuild_degree": way.degree,
        "needs_bytes": space.needs_bytes, "tablespace_free_bytes": space.free_bytes, "can_plan": can_plan,
    }  # fmt: skip


def _number(value: Any) -> int | None:
    return None if value is None else int(value)
