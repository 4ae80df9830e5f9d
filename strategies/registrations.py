"""What a version of a strategy brings: its row in the registry, configurations, jobs and a package; refused as a whole. Pure."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from graphlib import CycleError, TopologicalSorter
from typing import Any

DEPENDS_ON = "depends_on_jobs"
_PACKAGE_NAME = re.compile(r"[A-Z][A-Z0-9_$#]{0,127}")
_CREATES = r"\s*CREATE\s+OR\s+REPLACE\s+(?:(?:NON)?EDITIONABLE\s+)?{kind}\s+\"?{name}\"?\s"


def definition_digest(definition: Mapping[str, Any]) -> str:
    """SHA-256 (hex) of the definition that a strategy was generated from, as JSON."""
    return hashlib.sha256(json.dumps(definition, sort_keys=True).encode()).hexdigest()


def package_version(digest: str) -> str:
    """Of the Python package that is generated from the definition of this digest."""
    return f"1.0+{digest[:12]}"


class RegistrationRefused(ValueError):
    """A registration that cannot be carried out. `field` names the part at fault, like `jobs[2].job_name`; the text says why."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(reason)
        self.field = field


class Kind(StrEnum):
    """How a column of the seed's tables holds what it means."""

    TEXT = "text"
    NUMBER = "number"
    FLAG = "flag"  # 'Y' or 'N'
    JSON = "json"  # an object, as text
    NAMES = "names"  # of jobs; the column holds their numbers


@dataclass(frozen=True, slots=True)
class Column:
    """`least` and `most` bound a number, `most` the length of a text; `words` are all that it may be.

    What a version does not name `is_set` to the `default` all the same where it says what work is done, and left as it is where
    people set it as they like: a new row begins with it.
    """

    kind: Kind = Kind.TEXT
    most: int = 0
    least: int = 0
    default: Any = None
    is_set: bool = False
    is_required: bool = False
    words: tuple[str, ...] = ()


_PARALLEL = Column(Kind.NUMBER, 64, 1, default=1, is_set=True)
_OBJECT = {"target_object": Column(most=128, is_required=True), "target_type": Column(most=30, is_required=True)}
_LIST, _OBJECT_OR_NONE = Column(most=1000, is_set=True), Column(Kind.JSON, is_set=True)
STRATEGY: Mapping[str, Column] = {
    "strategy_name": Column(most=50, is_required=True),
    "strategy_type": Column(most=20, default="MAINTENANCE", is_set=True),
    "description": Column(most=200, is_set=True),
    "category": Column(most=30, is_set=True),
}
CONFIGURATION: Mapping[str, Column] = {
    **_OBJECT,
    "strategy_type": Column(most=20, default="MAINTENANCE", is_set=True),
    "strategy_config": Column(Kind.JSON, default={}, is_set=True),
    "execution_mode": Column(default="AUTOMATIC", is_set=True, words=("AUTOMATIC", "MANUAL", "SCHEDULED")),
    "parallel_degree": _PARALLEL,
    "batch_size": Column(Kind.NUMBER, 100_000, 1, default=1000, is_set=True),
    "timeout_seconds": Column(Kind.NUMBER, 2**31 - 1, 1, default=3600, is_set=True),
    "resource_limits": _OBJECT_OR_NONE,
    "priority_level": Column(Kind.NUMBER, 10, 1, default=5, is_set=True),
    "schedule_expression": Column(most=200, is_set=True),
    "schedule_timezone": Column(most=50, default="UTC", is_set=True),
    "depends_on_strategies": _LIST,
    "prerequisite_checks": _LIST,
    "description": Column(most=500),
    "tags": Column(most=500),
    "monitoring_enabled": Column(Kind.FLAG, default="Y"),
    "alert_thresholds": Column(Kind.JSON),
    "notification_config": Column(Kind.JSON),
}
JOB: Mapping[str, Column] = {
    "job_name": Column(most=128, is_required=True),
    **_OBJECT,
    "job_type": Column(most=50, is_required=True),
    "schedule_type": Column(most=20, is_required=True),
    "schedule_value": Column(most=100, is_set=True),
    "schedule_timezone": Column(most=64, is_set=True),
    "job_parameters": _OBJECT_OR_NONE,
    DEPENDS_ON: Column(Kind.NAMES, is_set=True),
    "prerequisite_checks": _LIST,
    "max_parallel_degree": _PARALLEL,
    "resource_limits": _OBJECT_OR_NONE,
    "notify_on_success": Column(Kind.FLAG, default="N"),
    "notify_on_failure": Column(Kind.FLAG, default="Y"),
    "notification_recipients": Column(most=1000),
    "start_within_minutes": Column(Kind.NUMBER, 7 * 24 * 60, 1, default=60),
    "when_late": Column(default="SKIP", words=("SKIP", "RUN_ONCE")),
}
_SWITCH = Column(Kind.FLAG, default=True)  # how a new row begins; afterwards it is people's own


@dataclass(frozen=True, slots=True)
class Row:
    """One row that is to be there: `values` by column, as the database holds them; `begins_active` counts for a new row alone."""

    values: Mapping[str, Any]
    begins_active: bool = True


@dataclass(frozen=True, slots=True)
class PackageSource:
    """A package of PL/SQL, as two statements that make it."""

    name: str
    specification: str
    body: str


@dataclass(frozen=True, slots=True)
class Registration:
    """All of a version. `jobs` stand behind those that they depend on."""

    strategy: Row
    configurations: tuple[Row, ...]
    jobs: tuple[Row, ...]
    package: PackageSource | None

    @property
    def name(self) -> str:
        return str(self.strategy.values["strategy_name"])

    @classmethod
    def read(cls, data: Any) -> Registration:
        """From plain JSON. Raises RegistrationRefused for the first fault."""
        given = _object("registration", data)
        _refuse_others("", given, ("strategy", "configurations", "jobs", "package"))
        strategy = Row(_values("strategy", _object("strategy", given.get("strategy")), STRATEGY))
        name = strategy.values["strategy_name"]
        configurations = _rows("configurations", given.get("configurations", []), CONFIGURATION, name)
        places = [(row.values["target_object"], row.values["target_type"]) for row in configurations]
        _refuse_twice("configurations", places, "is configured twice")
        jobs = _rows("jobs", given.get("jobs", []), JOB, name)
        _refuse_twice("jobs", [row.values["job_name"] for row in jobs], "is the name of two jobs")
        return cls(strategy, configurations, _in_order(jobs), _package(given.get("package")))


@dataclass(frozen=True, slots=True)
class Content:
    """What a deployment brings to the database that it works on: a version, for the database `place` (None = home).

    `home` is the number of home: a row that names it is one of home's, as one that names none. `begins_anew`: it was rolled back, so
    that what the undo has switched off is switched on again. `remark` is a sentence for the notes of a plan.
    """

    number: int
    registration: Registration
    place: int | None = None
    place_name: str = "home"
    home: int | None = None
    brings_rows: bool = True
    brings_strategy: bool = True  # the row of the registry is one, whatever versions several databases have
    brings_package: bool = False
    begins_anew: bool = False
    remark: str = ""


def _rows(field: str, data: Any, columns: Mapping[str, Column], strategy: str) -> tuple[Row, ...]:
    if not isinstance(data, list):
        raise RegistrationRefused(field, "Expected a list.")
    rows = []
    for number, entry in enumerate(data):
        where = f"{field}[{number}]"
        given = dict(_object(where, entry))
        if given.pop("strategy_name", strategy) != strategy:
            raise RegistrationRefused(
                f"{where}.strategy_name", f"Another strategy than {strategy} is not registered here."
            )
        if "depends_on" in given and DEPENDS_ON in columns:
            given[DEPENDS_ON] = given.pop("depends_on")
        is_active = _value(f"{where}.is_active", given.pop("is_active", True), _SWITCH)
        rows.append(Row(_values(where, given, columns), begins_active=is_active != "N"))
    return tuple(rows)


def _values(where: str, given: Mapping[str, Any], columns: Mapping[str, Column]) -> dict[str, Any]:
    _refuse_others(where, given, columns)
    found = {}
    for name, column in columns.items():
        field = f"{where}.{'depends_on' if name == DEPENDS_ON else name}"
        if column.is_required and not str(given.get(name) or "").strip():
            raise RegistrationRefused(field, "Has to be named.")
        if name in given or column.is_set:
            value = given.get(name, column.default)
            found[name] = _value(field, column.default if value is None else value, column)
    return found


def _value(field: str, value: Any, column: Column) -> Any:
    """As the database holds it; an empty text is none, as Oracle has it."""
    if value is None or value == "":
        return None
    match column.kind:
        case Kind.NUMBER:
            if not isinstance(value, int) or isinstance(value, bool) or not column.least <= value <= column.most:
                raise RegistrationRefused(field, f"Takes a whole number from {column.least} to {column.most:,}.")
            return value
        case Kind.FLAG:
            if value not in (True, False, "Y", "N"):
                raise RegistrationRefused(field, "Takes true or false.")
            return "Y" if value in (True, "Y") else "N"
        case Kind.JSON:
            return _json(field, value)
        case Kind.NAMES:
            if not isinstance(value, list) or not all(isinstance(name, str) and name for name in value):
                raise RegistrationRefused(field, "Takes a list of names of jobs.")
            return list(dict.fromkeys(value)) or None
    if not isinstance(value, str):
        raise RegistrationRefused(field, "Takes a text.")
    if column.words and value not in column.words:
        raise RegistrationRefused(field, f"Is one of {', '.join(column.words)}.")
    if column.most and len(value) > column.most:
        raise RegistrationRefused(field, f"Has at most {column.most} characters.")
    _refuse_unwritable(field, value)
    return value


def _json(field: str, value: Any) -> str:
    if not isinstance(value, dict):
        raise RegistrationRefused(field, 'Expected a JSON object like {"key": 1}.')
    try:
        text = json.dumps(value, ensure_ascii=False, sort_keys=True, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as fault:
        raise RegistrationRefused(field, f"Cannot be written as JSON: {fault}.") from None
    _refuse_unwritable(field, text)
    return text


def _refuse_unwritable(field: str, text: str) -> None:
    if "\0" in text:
        raise RegistrationRefused(field, "Holds the character NUL, which no database keeps in a text.")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise RegistrationRefused(field, "Holds half of a character.") from None


def _in_order(jobs: Sequence[Row]) -> tuple[Row, ...]:
    """Each behind those that it depends on. Raises RegistrationRefused for one that is not there, and for a ring."""
    by_name = {row.values["job_name"]: row for row in jobs}
    for number, row in enumerate(jobs):
        for name in row.values[DEPENDS_ON] or ():
            if name not in by_name:
                raise RegistrationRefused(f"jobs[{number}].depends_on", f"There is no job {name} in this registration.")
    waits = TopologicalSorter({name: row.values[DEPENDS_ON] or () for name, row in by_name.items()})
    try:
        return tuple(by_name[name] for name in waits.static_order())
    except CycleError as ring:
        names = ", ".join(sorted({*ring.args[1]}))
        raise RegistrationRefused("jobs", f"These wait for each other: {names}.") from None


def _package(data: Any) -> PackageSource | None:
    if data is None:
        return None
    given = _object("package", data)
    _refuse_others("package", given, ("name", "specification", "body"))
    for part in ("name", "specification", "body"):
        if not isinstance(given.get(part), str) or not given[part].strip():
            raise RegistrationRefused(f"package.{part}", "Has to be a text.")
        _refuse_unwritable(f"package.{part}", given[part])
    name = given["name"]
    if not _PACKAGE_NAME.fullmatch(name):
        raise RegistrationRefused("package.name", "Is a plain name in capitals, as Oracle has it.")
    for part, kind in (("specification", "PACKAGE"), ("body", r"PACKAGE\s+BODY")):
        begin = re.compile(_CREATES.format(kind=kind, name=re.escape(name)), re.IGNORECASE)
        if not begin.match(given[part]):
            kind = kind.replace(r"\s+", " ")
            raise RegistrationRefused(f"package.{part}", f"Does not begin with CREATE OR REPLACE {kind} {name}.")
    return PackageSource(name, given["specification"].rstrip(), given["body"].rstrip())


def _object(field: str, data: Any) -> Mapping[str, Any]:
    if not isinstance(data, Mapping):
        raise RegistrationRefused(field, "Expected a JSON object.")
    return data


def _refuse_others(where: str, given: Mapping[str, Any], known: Any) -> None:
    for name in given:
        if name not in known:
            raise RegistrationRefused(f"{where}.{name}".lstrip("."), "Is not known here.")


def _refuse_twice(field: str, names: Sequence[Any], what: str) -> None:
    for name, times in Counter(names).items():
        if times > 1:
            raise RegistrationRefused(field, f"{name if isinstance(name, str) else ' '.join(name)} {what}.")
