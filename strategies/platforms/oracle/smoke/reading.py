"""Items that only read: facts, rights, every query file, what strategies see of the whole database, and what health is told by."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from strategies.plans import MissingRight
from strategies.platforms.base import Concern, PlatformError
from strategies.platforms.oracle import platform
from strategies.platforms.oracle.errors import is_hidden
from strategies.platforms.oracle.names import filled, oracle_query
from strategies.platforms.oracle.prechecks import PRECHECKS
from strategies.platforms.oracle.smoke.items import Item, NotApplicable, Unexpected
from strategies.platforms.oracle.smoke.stage import Stage, smoke_query
from strategies.platforms.queries import Query

ACCOUNT, QUERIES, STRATEGIES, HEALTH, SMALL = (
    "The account and the database", "Every query of the portal", "What the strategies see", "What health is told by",
    "What the dictionary holds",
)  # fmt: skip
_BIND = re.compile(r"(?<![:\w]):(\w+)")
_LITERAL = re.compile(r"'[^']*'")
# Where people's tables and columns stand in a query.
_PLACES = {"table": "dual", "archive": "dual", "batch": "dummy", "condition": "t.dummy < 'X'"}
# For one object of a name that is not there, so that the whole database is not read; numbers that any column takes.
_NOBODY = "MPORTAL_SMOKE_NOBODY"
_BINDS: Mapping[str, Any] = {
    "everything": 0, "days": 30, "least_bytes": 1_048_576, "file_id": 1, "first_block": 1, "last_block": 1, "object_id": 1,
    "table_object_id": 1, "journal_object_id": 1, "instance": 1, "sid": 1, "serial": 1, "part_name": None,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Tried:
    """A strategy as it is tried: its name, what it does on Oracle, and the parameters that it has unless somebody asks otherwise.

    What is `of_one_table` cannot look at everything.
    """

    name: str
    concern: Concern[Any]
    parameters: Any
    of_one_table: bool = False


def names_of(folder: str) -> list[str]:
    """The query files of a folder beside this package's, by name."""
    return sorted(path.stem for path in (Path(__file__).parent.parent / folder).glob("*.sql"))


def items(tried: tuple[Tried, ...]) -> Iterator[Item]:
    yield Item("facts", ACCOUNT, "The database tells what it is", _facts)
    yield Item("options", ACCOUNT, "The options that the portal looks for have the names that it knows", _options)
    for name, precheck in PRECHECKS.items():
        yield Item(
            f"precheck_{name.lower()}", ACCOUNT, f"Precheck: {precheck.purpose.rstrip('.')}", partial(_precheck, name)
        )
    yield Item("rights_monitoring", ACCOUNT, "The account has what monitoring needs", _monitoring)
    for one in tried:
        title = f"The account has what {one.name} needs"
        yield Item(f"rights_{one.name.lower()}", ACCOUNT, title, partial(_rights, one))
    yield Item("catalogue_role", ACCOUNT, "What SELECT_CATALOG_ROLE lacks of what the queries read", _catalogue_role)
    optional = can_do_without(tried)
    for name in names_of("queries"):
        query = filled(oracle_query(name), **_PLACES)
        title = f"{name}.sql: {query.purpose.rstrip('.')}"
        yield Item(f"query_{name}", QUERIES, title, partial(_query, query, name in optional))
    for one in (one for one in tried if not one.of_one_table):
        title = f"{one.name} looks at the whole database"
        yield Item(f"assess_{one.name.lower()}", STRATEGIES, title, partial(_assess, one), limit_seconds=600)
    for name in names_of("smoke/queries"):
        if name.startswith("health_"):
            query = smoke_query(name)
            yield Item(name, HEALTH, query.purpose.rstrip("."), partial(_query, query, True))
    yield Item("high_values", SMALL, "The upper bounds of partitions, of the type LONG, come as text", _high_values)
    yield Item(
        "audit_zone",
        SMALL,
        "The audit trail's archive time is kept in UTC (read only; nothing is cleaned)",
        _audit_zone,
    )


def _facts(stage: Stage) -> str:
    facts = stage.session.facts()
    stage.database = {"Version": facts.version, "Database": facts.database, "Account": facts.user, **facts.details}
    if facts.version_number < 190_000 or not facts.user:
        raise Unexpected(f"The database calls itself {facts.product} {facts.version}, the account {facts.user!r}.")
    return "; ".join(
        [f"{facts.product} {facts.version}", *(f"{label}: {text}" for label, text in facts.details.items())]
    )


def _options(stage: Stage) -> str:
    known = {str(row["name"]): str(row["value"]) for row in stage.read(smoke_query("option_names"))}
    looked_for = re.findall(r"'([^']+)'", oracle_query("facts_options").sql.split(" IN ")[1])
    if unknown := [name for name in looked_for if name not in known]:
        raise Unexpected(f"The database has no option of the name {', '.join(unknown)}.")
    if strange := sorted(set(known.values()) - {"TRUE", "FALSE"}):
        raise Unexpected(f"Options are not only TRUE or FALSE: {', '.join(strange)}.")
    return f"{len(known)} options; of those looked for are linked in: " + (
        ", ".join(name for name in looked_for if known[name] == "TRUE") or "none"
    )


def _precheck(name: str, stage: Stage) -> str:
    problem = PRECHECKS[name].ask(stage.session)
    if problem is None:
        return "It holds."
    return f"It does not hold now: {problem}" if problem.blocks else f"It holds, and is noted: {problem}"


def _monitoring(stage: Stage) -> str:
    return complete(platform.PLATFORM.missing_rights(stage.session))


def _rights(one: Tried, stage: Stage) -> str:
    return complete(one.concern.missing_rights(stage.session, one.parameters))


def complete(missing: list[MissingRight]) -> str:
    """A sentence where nothing needed is missing. Raises Unexpected, with the grants, where something is. Pure."""
    grants = " ".join(right.grant for right in missing)
    if any(right.blocks for right in missing):
        raise Unexpected(f"{len(missing)} rights are missing: {grants}")
    return f"It can do without what is missing: {grants}" if missing else "Nothing is missing."


def _catalogue_role(stage: Stage) -> str:
    readable = {str(row["name"]) for row in stage.session.rows(smoke_query("catalogue_role"))}
    if not readable:
        raise NotApplicable("The account does not have SELECT_CATALOG_ROLE, and needs it for nothing.")
    queries = [*map(oracle_query, names_of("queries")), *map(smoke_query, names_of("smoke/queries"))]
    wanted = {
        privilege.rpartition(".")[2]
        for query in queries
        for privilege in query.privileges
        if privilege.startswith("SELECT ON ")
    }
    lacking = sorted(wanted - readable)
    return f"It reads {len(wanted) - len(lacking)} of {len(wanted)} objects" + (
        f", not {', '.join(lacking)}." if lacking else "."
    )


def can_do_without(tried: tuple[Tried, ...]) -> frozenset[str]:
    """The queries of the portal whose rights nobody has to grant. Pure."""
    needed = {*platform.PLATFORM.queries}
    for one in tried:
        needed |= {*one.concern.queries} - one.concern.optional_queries
    return frozenset(name for one in tried for name in one.concern.optional_queries) - needed


def _query(query: Query, is_optional: bool, stage: Stage) -> str:
    read = stage.read if is_optional else stage.session.rows
    try:
        rows = read(query, binds(query.sql))
    except PlatformError as refusal:
        if not is_hidden(refusal.error):
            raise
        raise Unexpected(f"{refusal}. It needs {query.needs}.") from None
    return f"{len(rows)} {'row' if len(rows) == 1 else 'rows'}."


def binds(sql: str) -> dict[str, Any]:
    """Values for all binds of a query. Pure."""
    return {name: _BINDS.get(name, _NOBODY) for name in _BIND.findall(_LITERAL.sub("''", sql))}


def _assess(one: Tried, stage: Stage) -> str:
    seen = one.concern.assess(stage.session, one.parameters, "ALL")
    notes = f" Notes: {' '.join(seen.notes)}" if seen.notes else ""
    return f"{len(seen.findings)} findings, {len(seen.checks)} checks.{notes}"


def _high_values(stage: Stage) -> str:
    rows = stage.read(smoke_query("high_values"))
    if not rows:
        raise NotApplicable("There is no partitioned table here.")
    if wrong := {type(row["high_value"]).__name__ for row in rows if not isinstance(row["high_value"], str | None)}:
        raise Unexpected(f"They come as {', '.join(sorted(wrong))}.")
    return f"{len(rows)} of them, such as: {rows[0]['high_value']}"


def _audit_zone(stage: Stage) -> str:
    rows = stage.read(smoke_query("audit_archived"))
    of_unified = [row for row in rows if row["audit_trail"] == "UNIFIED AUDIT TRAIL"]
    if not of_unified:
        raise NotApplicable("No archive time is set for the unified audit trail, and this trial sets none.")
    told = ", ".join(str(row["archived_to"]) for row in of_unified)
    if any(row["zone"] != "+00:00" for row in of_unified):
        raise Unexpected(f"It is kept in another zone: {told}.")
    return f"Archived up to {told}."
