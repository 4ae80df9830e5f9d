"""Rows of the registry, of configurations and of jobs as a version has them, compared with what is in the portal's own tables. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from strategies.assessments import Assessment, Finding, Severity
from strategies.registrations import CONFIGURATION, JOB, STRATEGY, Column, Content, Kind, Row

MISSING, DRIFT = "strategy_missing", "strategy_drift"
QUERIES = ("registered_strategy", "registered_configurations", "registered_jobs")
_LONGEST_SHOWN = 120  # characters of a value that differs


@dataclass(frozen=True, slots=True)
class Table:
    """One of the seed's tables: `key` tells rows of a strategy apart, beside the database that they are for."""

    name: str
    kind: str
    query: str
    number: str
    key: tuple[str, ...]
    columns: Mapping[str, Column]


STRATEGIES = Table("generic_strategy_types", "STRATEGY", QUERIES[0], "strategy_type_id", (), STRATEGY)
CONFIGURATIONS = Table(
    "generic_strategy_config", "CONFIGURATION", QUERIES[1], "config_id", ("target_object", "target_type"), CONFIGURATION
)
JOBS = Table("generic_maintenance_jobs", "JOB", QUERIES[2], "job_id", ("job_name",), JOB)
TABLES = {table.name: table for table in (STRATEGIES, CONFIGURATIONS, JOBS)}


@dataclass(frozen=True, slots=True)
class Wanted:
    """A row as a version has it, and where it belongs; kept as JSON with a finding and its step."""

    table: str
    strategy: str
    key: Mapping[str, Any]
    values: Mapping[str, Any]
    number: int
    place: int | None = None
    home: int | None = None
    order: int = 0
    begins_active: bool = True
    row_id: int | None = None
    former: Mapping[str, Any] | None = None  # of the columns that change; None = the row is new

    def as_json(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__dataclass_fields__}

    @classmethod
    def of(cls, kept: Mapping[str, Any]) -> Wanted:
        return cls(**{name: kept[name] for name in cls.__dataclass_fields__})

    @property
    def columns(self) -> Mapping[str, Column]:
        return TABLES[self.table].columns

    @property
    def brought(self) -> Mapping[str, Any]:
        """What the row has right after its step: of a new one also what the version leaves to people, as it begins."""
        if self.former is not None:
            return self.values
        begins = {name: column.default for name, column in self.columns.items()}
        return {name: begins[name] for name in begins if name not in {*self.key, "strategy_name"}} | {**self.values}


@dataclass(frozen=True, slots=True)
class There:
    """What the tables have of one strategy, on all databases."""

    rows: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)

    def of_place(self, table: str, place: int | None, home: int | None) -> list[Mapping[str, Any]]:
        """Rows for one database, those that are switched on first, then the oldest."""
        here = [row for row in self.rows[table] if table == STRATEGIES.name or _place(row, home) == place]
        number = TABLES[table].number
        return sorted(here, key=lambda row: (row["is_active"] != "Y", row[number]))

    def find(self, wanted: Wanted) -> Mapping[str, Any] | None:
        """The row that is meant, or of several alike the first."""
        rows = self.of_place(wanted.table, wanted.place, wanted.home)
        if wanted.row_id is not None:
            number = TABLES[wanted.table].number
            return next((row for row in rows if row[number] == wanted.row_id), None)
        return next((row for row in rows if all(row[name] == value for name, value in wanted.key.items())), None)

    def numbers(self, wanted: Wanted, names: Iterable[str]) -> list[int | None]:
        """Of the jobs of these names, for the same database; None for one that is not there."""
        jobs = self.of_place(JOBS.name, wanted.place, wanted.home)
        oldest: dict[str, int] = {}
        for row in jobs:
            oldest[row["job_name"]] = min(row["job_id"], oldest.get(row["job_name"], row["job_id"]))
        return [oldest.get(name) for name in names]

    def differing(self, wanted: Wanted, row: Mapping[str, Any]) -> list[str]:
        """Columns that hold something else than the version has."""
        return [name for name, value in wanted.values.items() if not self._agrees(wanted, row, name, value)]

    def changed_since(self, wanted: Wanted, row: Mapping[str, Any]) -> list[str]:
        """Columns that hold something else than right after the step."""
        return [name for name, value in wanted.brought.items() if not self._agrees(wanted, row, name, value)]

    def _agrees(self, wanted: Wanted, row: Mapping[str, Any], name: str, value: Any) -> bool:
        has: Any = row[name]
        kind = wanted.columns[name].kind if name in wanted.columns else Kind.TEXT
        if kind is Kind.NAMES:
            numbers = self.numbers(wanted, value or ())
            return None not in numbers and numbers_of(has) == set(numbers)
        if kind is Kind.JSON and has and value:
            return bool(_parsed(has) == _parsed(value))
        return (has or None) == (value or None) if kind is not Kind.NUMBER else has == value


def _place(row: Mapping[str, Any], home: int | None) -> int | None:
    return None if row["target_id"] == home else row["target_id"]


def _parsed(text: Any) -> Any:
    try:
        return json.loads(text) if isinstance(text, str) else text
    except ValueError:
        return text


def numbers_of(text: Any) -> set[Any]:
    """The numbers in a list as typed; what is none stays a text, and agrees with nothing."""
    parts = [part.strip() for part in str(text or "").split(",") if part.strip()]
    return {int(part) if part.isascii() and part.isdigit() else part for part in parts}


def compared(content: Content, there: There) -> Assessment:
    """What of a version is missing or differs in the tables, in the order in which rows need each other. Pure."""
    findings, notes = [], []
    for order, wanted in enumerate(_wanted(content)):
        row = there.find(wanted)
        shown = _shown(wanted, content)
        if row is None:
            findings.append(_finding(MISSING, shown, _at(wanted, order), (), "is not there"))
            continue
        differing = there.differing(wanted, row)
        if differing:
            former = {name: row[name] for name in differing}
            told = [_difference(wanted, name, row[name]) for name in differing]
            at = _at(wanted, order, row_id=row[TABLES[wanted.table].number], former=former)
            findings.append(_finding(DRIFT, shown, at, told, "differs"))
        if row["is_active"] == "N" and wanted.table != STRATEGIES.name and not content.begins_anew:
            notes.append(f"{shown} is switched off, which a deployment leaves as it is.")
    remarks = (content.remark,) if content.remark else ()
    return Assessment(tuple(findings), (*remarks, *notes, *_others(content, there)))


def names(content: Content) -> frozenset[str]:
    """The rows of a version, as findings and steps name them. Pure."""
    return frozenset(_shown(wanted, content) for wanted in _wanted(content))


def _wanted(content: Content) -> Iterator[Wanted]:
    brought = content.registration

    def wanted(table: Table, row: Row) -> Wanted:
        key = {name: row.values[name] for name in table.key}
        values = {name: value for name, value in row.values.items() if name not in {*table.key, "strategy_name"}}
        if table is CONFIGURATIONS:
            values["version"] = str(content.number)
        if content.begins_anew and table is not STRATEGIES:
            values["is_active"] = "Y" if row.begins_active else "N"
        place = (None, None) if table is STRATEGIES else (content.place, content.home)
        return Wanted(table.name, brought.name, key, values, content.number, *place, begins_active=row.begins_active)

    if content.brings_strategy:
        yield wanted(STRATEGIES, brought.strategy)
    yield from (wanted(CONFIGURATIONS, row) for row in brought.configurations)
    yield from (wanted(JOBS, row) for row in brought.jobs)


def _at(wanted: Wanted, order: int, **found: Any) -> Wanted:
    return Wanted(**{**wanted.as_json(), "order": order, **found})


def _shown(wanted: Wanted, content: Content) -> str:
    """As findings and steps name it."""
    where = "" if content.place is None else f" for {content.place_name}"
    if wanted.table == STRATEGIES.name:
        return f"strategy {wanted.strategy}"
    if wanted.table == CONFIGURATIONS.name:
        return (
            f"configuration of {wanted.strategy} on {wanted.key['target_object']} ({wanted.key['target_type']}){where}"
        )
    return f"job {wanted.key['job_name']} of {wanted.strategy}{where}"


def _difference(wanted: Wanted, name: str, has: Any) -> str:
    value = wanted.values[name]
    wants = ", ".join(value) if isinstance(value, list) else value
    return f"{name}: {_short(has)} instead of {_short(wants)}"


def _short(value: Any) -> str:
    if value in (None, ""):
        return "nothing"
    text = " ".join(str(value).split())
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"


def _finding(kind: str, shown: str, wanted: Wanted, differs: Sequence[str], what: str) -> Finding:
    columns = f" in {len(differs)} column{'' if len(differs) == 1 else 's'}" if differs else ""
    advice = "Deploy the version again: that puts it back." if kind == DRIFT else "Deploy the version."
    summary = (
        f"{shown[0].upper()}{shown[1:]} {what} {'from ' if differs else 'as in '}version {wanted.number}{columns}."
    )
    return Finding(
        kind, shown, TABLES[wanted.table].kind, Severity.WARNING, summary, advice,
        {"deployed_version": wanted.number, **({"differs": list(differs)} if differs else {}), "row": wanted.as_json()},
    )  # fmt: skip


def _others(content: Content, there: There) -> Iterator[str]:
    """Sentences on rows for the same database that the version does not have."""
    brought = content.registration
    jobs = {row.values["job_name"] for row in brought.jobs}
    places = {(row.values["target_object"], row.values["target_type"]) for row in brought.configurations}
    for row in there.of_place(JOBS.name, content.place, content.home):
        if row["job_name"] not in jobs:
            yield f"Job {row['job_name']} of {brought.name} is not part of version {content.number}, and is left alone."
    for row in there.of_place(CONFIGURATIONS.name, content.place, content.home):
        if (row["target_object"], row["target_type"]) not in places:
            on = f"{row['target_object']} ({row['target_type']})"
            yield f"The configuration of {brought.name} on {on} is not part of version {content.number}, and is left alone."
