"""Statements that bring rows of the portal's own tables to what a version has, and take them back, in the words of a platform. Pure."""

# ruff: noqa: S608 (every value below passes through the platform's `literal`, and these statements are shown before they run)

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from strategies.assessments import Finding
from strategies.platforms.registered_rows import CONFIGURATIONS, JOBS, STRATEGIES, TABLES, Wanted
from strategies.registrations import DEPENDS_ON, Kind

DEPLOYER = "STRATEGY_DEPLOYMENT"  # whom a row names as the one who made or changed it
# What the database itself lets no job, configuration or strategy go for: the tables that refer to it, and by which columns.
REFERRING: Mapping[str, tuple[tuple[str, str, str], ...]] = {
    JOBS.name: (("portal_job_run", "job_id", "job_id"), ("portal_announced_work", "job_id", "job_id")),
    CONFIGURATIONS.name: (("portal_job_run", "config_id", "config_id"),),
    STRATEGIES.name: (
        (CONFIGURATIONS.name, "strategy_name", "strategy_name"),
        (JOBS.name, "strategy_name", "strategy_name"),
    ),
}


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a product writes values: `literal` of a text, a number or None, `now` in UTC, `as_text` of a number.

    `same` is the condition that a column holds a value, or none where it is None; `is_long` = the column holds texts of any length.
    `one_row` is what a SELECT of values alone reads from.
    """

    literal: Callable[[str | int | None], str]
    now: str
    as_text: Callable[[str], str]
    same: Callable[[str, str | None, bool], str]
    one_row: str = ""


@dataclass(frozen=True, slots=True)
class RowStep:
    """What a step on a row is made of."""

    finding: Finding
    wanted: Wanted
    statements: tuple[str, ...]
    undo: tuple[str, ...]
    after: tuple[str, ...]

    @property
    def values(self) -> dict[str, Any]:
        """For `Step`: all that no product decides."""
        seen = self.finding.evidence
        return {
            "key": key_of(self.finding), "operation_type": "CREATE" if self.wanted.former is None else "UPDATE",
            "object": self.finding.object, "object_type": self.finding.object_type, "statements": self.statements,
            "undo": self.undo, "after": self.after, "reason": self.finding.summary,
            "evidence": {name: seen[name] for name in ("deployed_version", "differs") if name in seen},
            "check": {"kind": self.finding.kind, "row": self.wanted.as_json()},
        }  # fmt: skip


def key_of(finding: Finding) -> str:
    return f"deploy:{finding.object}"[:500]


def row_steps(findings: Sequence[Finding], dialect: Dialect) -> Iterator[RowStep]:
    """What brings these rows, those first that others refer to or are configured by. Pure."""
    rows = [(finding, Wanted.of(finding.evidence["row"])) for finding in findings if "row" in finding.evidence]
    rows.sort(key=lambda pair: (pair[1].strategy, list(TABLES).index(pair[1].table), pair[1].order))
    before: dict[str, list[str]] = {}
    of_jobs: dict[tuple[str, int | None, str], str] = {}
    for finding, wanted in rows:
        after = list(before.get(wanted.strategy, ()))
        if wanted.table == JOBS.name:
            names = wanted.values.get(DEPENDS_ON) or ()
            upstream = ((wanted.strategy, wanted.place, name) for name in names)
            after += [of_jobs[one] for one in upstream if one in of_jobs]
            of_jobs[wanted.strategy, wanted.place, wanted.key["job_name"]] = key_of(finding)
        else:
            before.setdefault(wanted.strategy, []).append(key_of(finding))
        make, undo = (_insert, _undo_insert) if wanted.former is None else (_update, _undo_update)
        yield RowStep(finding, wanted, make(wanted, dialect), undo(wanted, dialect), tuple(after))


def _value(wanted: Wanted, name: str, value: Any, dialect: Dialect) -> str:
    """As SQL. Jobs are named by the version, and numbered in the table: each is looked up where the row is written."""
    if name != DEPENDS_ON or not isinstance(value, list):
        return dialect.literal(value)
    numbers = [
        f"(SELECT MIN(job_id) FROM {JOBS.name} WHERE {_where({'strategy_name': wanted.strategy, 'job_name': job}, dialect)}"
        f" AND {_at_place(wanted, dialect)})"
        for job in value
    ]
    return " || ',' || ".join(dialect.as_text(number) for number in numbers)


def _where(values: Mapping[str, Any], dialect: Dialect) -> str:
    return " AND ".join(f"{name} = {dialect.literal(value)}" for name, value in values.items())


def _at_place(wanted: Wanted, dialect: Dialect) -> str:
    if wanted.place is not None:
        return f"target_id = {dialect.literal(wanted.place)}"
    return "target_id IS NULL" if wanted.home is None else f"(target_id IS NULL OR target_id = {wanted.home:d})"


def _deployed(status: str, dialect: Dialect) -> dict[str, str]:
    return {
        "deployment_status": dialect.literal(status), "deployment_completed": dialect.now,
        "rollback_available": dialect.literal("Y" if status == "COMPLETED" else "N"),
    }  # fmt: skip


def _insert(wanted: Wanted, dialect: Dialect) -> tuple[str, ...]:
    given = {"strategy_name": wanted.strategy, **wanted.key, **wanted.values}
    texts = {name: _value(wanted, name, value, dialect) for name, value in given.items() if value is not None}
    if wanted.table != STRATEGIES.name:
        if wanted.place is not None:
            texts["target_id"] = dialect.literal(wanted.place)
        texts["created_by"] = dialect.literal(DEPLOYER)
        texts["is_active"] = dialect.literal("Y" if wanted.begins_active else "N")
    if wanted.table == CONFIGURATIONS.name:
        texts |= {**_deployed("COMPLETED", dialect), "deployment_started": dialect.now}
    taken = f"EXISTS (SELECT 1 FROM {wanted.table} WHERE {_named(wanted, dialect)})"
    values = f"{', '.join(texts.values())}{dialect.one_row}"
    return (f"INSERT INTO {wanted.table} ({', '.join(texts)}) SELECT {values} WHERE NOT {taken}",)


def _named(wanted: Wanted, dialect: Dialect) -> str:
    which = _where({"strategy_name": wanted.strategy, **wanted.key}, dialect)
    return which if wanted.table == STRATEGIES.name else f"{which} AND {_at_place(wanted, dialect)}"


def _holding(wanted: Wanted, values: Mapping[str, Any], dialect: Dialect) -> str:
    """The condition that nobody has written the row since it was looked at: between a look and its statement anybody may."""
    return " AND ".join(
        dialect.same(
            name,
            None if value is None else _value(wanted, name, value, dialect),
            wanted.columns[name].kind is Kind.JSON,
        )
        if name in wanted.columns
        else dialect.same(name, dialect.literal(value), False)
        for name, value in values.items()
    )


def _undo_insert(wanted: Wanted, dialect: Dialect) -> tuple[str, ...]:
    """A row that something refers to stays; what could start it is switched off. Neither where somebody has made it another."""
    which = _named(wanted, dialect)
    if wanted.table != STRATEGIES.name:
        which += f" AND created_by = {dialect.literal(DEPLOYER)}"
    which += f" AND {_holding(wanted, wanted.brought, dialect)}"
    free = " AND ".join(
        f"NOT EXISTS (SELECT 1 FROM {table} r WHERE r.{column} = {wanted.table}.{own})"
        for table, column, own in REFERRING[wanted.table]
    )
    delete = f"DELETE FROM {wanted.table} WHERE {which} AND {free}"
    if wanted.table == STRATEGIES.name:
        return (delete,)
    off = {"is_active": dialect.literal("N"), **_modified(dialect)}
    if wanted.table == CONFIGURATIONS.name:
        off |= _deployed("ROLLED_BACK", dialect)
    return delete, f"UPDATE {wanted.table} SET {_assigned(off)} WHERE {which}"


def _update(wanted: Wanted, dialect: Dialect) -> tuple[str, ...]:
    former = wanted.former or {}
    texts = {name: _value(wanted, name, wanted.values[name], dialect) for name in former}
    if wanted.table == CONFIGURATIONS.name:
        texts |= {**_deployed("COMPLETED", dialect), "deployment_started": dialect.now}
    return (_changing(wanted, texts, former, dialect),)


def _undo_update(wanted: Wanted, dialect: Dialect) -> tuple[str, ...]:
    former = wanted.former or {}
    texts = {name: dialect.literal(value) for name, value in former.items()}
    if wanted.table == CONFIGURATIONS.name:
        texts |= _deployed("ROLLED_BACK", dialect)
    return (_changing(wanted, texts, {name: wanted.values[name] for name in former}, dialect),)


def _changing(wanted: Wanted, texts: Mapping[str, str], since: Mapping[str, Any], dialect: Dialect) -> str:
    """Of the row that holds `since`, or of none."""
    if wanted.table != STRATEGIES.name:
        texts = {**texts, **_modified(dialect)}
    which = f"{TABLES[wanted.table].number} = {wanted.row_id:d} AND {_holding(wanted, since, dialect)}"
    return f"UPDATE {wanted.table} SET {_assigned(texts)} WHERE {which}"


def _modified(dialect: Dialect) -> dict[str, str]:
    return {"last_modified": dialect.now, "last_modified_by": dialect.literal(DEPLOYER)}


def _assigned(texts: Mapping[str, str]) -> str:
    return ", ".join(f"{name} = {text}" for name, text in texts.items())
