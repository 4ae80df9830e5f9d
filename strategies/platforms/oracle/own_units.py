"""Installs the packages that strategies call, and the tables below them, into a schema; and removes what of it is ours."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import cast

from strategies.platforms.base import Row, Session
from strategies.platforms.oracle.names import oracle_query, quoted
from strategies.platforms.oracle.rights import Held
from strategies.platforms.oracle.session import OracleSession
from strategies.platforms.packages import DoesNotCompile, Packages, Work
from strategies.plsql.scripts import Place, Unit, columns, generator, units

_OF_THE_PORTAL = "GENERIC_OPERATION_LOG"
_RIGHTS = {
    Place.PORTAL: ("CREATE PROCEDURE", "CREATE TABLE"),  # the table of an archive
    Place.TARGET: ("CREATE TABLE", "CREATE SEQUENCE", "CREATE TRIGGER", "CREATE PROCEDURE"),
}
_FIRST_GO = ("PACKAGE", "TABLE")  # a body goes with its package, a trigger and an index with their table
MOST_ERRORS = 20


class OwnUnits(Packages):
    """In the schema of the account."""

    def to_install(self, session: Session, place: Place, more: Sequence[Unit] = ()) -> Work:
        there = _there(session)
        wanted = (*units(place), *more)
        refusals = _lacking(session, place)
        if place is Place.PORTAL and ("TABLE", _OF_THE_PORTAL) not in there:
            refusals.append(
                f"The portal's tables are not in this schema ({_OF_THE_PORTAL} is missing): have them made first (migrate)."
            )
        found = _columns(session) if there and any(unit.kind == "TABLE" for unit in wanted) else {}
        refusals += [sentence for unit in wanted if (sentence := _why_foreign(unit, there, found))]
        left = [unit for unit in wanted if unit.is_code or not _is_there(unit, there)]
        return Work(tuple(left), tuple(refusals))

    def to_remove(self, session: Session, place: Place) -> Work:
        names = {unit.name for unit in (*units(place), *generator(place))}
        ours = [
            key for key, row in _there(session).items() if row["is_ours"] and key[1] in names and key[0] in _FIRST_GO
        ]
        made = [
            Unit(kind, name, f"DROP {kind} {quoted(name)}{' PURGE' if kind == 'TABLE' else ''}")
            for kind, name in sorted(ours)
        ]
        return Work(tuple(made))

    def send(self, session: Session, work: Work) -> None:
        if work.refusals:
            raise ValueError(" ".join(work.refusals))
        for unit in work.units:
            cast(OracleSession, session).alter(unit.statement)
        has_compiled = any(unit.is_code and unit.statement.startswith("CREATE") for unit in work.units)
        if has_compiled and (errors := compile_errors(session)):
            raise DoesNotCompile(errors)


def compile_errors(session: Session) -> list[str]:
    """What does not compile of ours, as the database says it. Raises PlatformError."""
    rows = session.rows(oracle_query("own_compile_errors"))
    told = [f"{row['kind']} {row['name']}, line {row['line']}: {' '.join(str(row['text']).split())}" for row in rows]
    more = len(told) - MOST_ERRORS
    return [*told[:MOST_ERRORS], *([f"and {more} more"] if more > 0 else [])]


def _there(session: Session) -> dict[tuple[str, str], Row]:
    return {(str(row["kind"]), str(row["name"])): row for row in session.rows(oracle_query("own_units"))}


def _is_there(unit: Unit, there: dict[tuple[str, str], Row]) -> bool:
    """An installation that was cut off goes on: the comment of a table is what makes it ours, and comes after it."""
    if unit.kind == "COMMENT":
        table = there.get(("TABLE", unit.name))
        return table is not None and bool(table["is_ours"])
    return (unit.kind, unit.name) in there


def _why_foreign(unit: Unit, there: dict[tuple[str, str], Row], found: dict[str, set[str]]) -> str:
    """Why this one stands in the way; empty = it does not. A table of just our columns is one that was cut off before its comment."""
    row = there.get((unit.kind, unit.name))
    if row is None or unit.kind == "INDEX":
        return ""
    own = set(columns(unit)) if unit.kind == "TABLE" else set()
    if not row["is_ours"] and (unit.kind != "TABLE" or found.get(unit.name) != own):
        return f"{unit.kind} {unit.name} is there and not ours: nothing of it is replaced. Rename or drop it, or use another schema."
    if missing := own - found.get(unit.name, set()):
        return f"TABLE {unit.name} is there without {', '.join(sorted(missing))}: it was made by another version."
    return ""


def _lacking(session: Session, place: Place) -> list[str]:
    held = Held.ask(session)
    return [
        f"The account lacks {privilege}, granted to it and not to a role."
        for privilege in _RIGHTS[place]
        if not held.has(privilege)
    ]


def _columns(session: Session) -> dict[str, set[str]]:
    """Of the tables that are there, by name."""
    found = defaultdict(set)
    for row in session.rows(oracle_query("own_columns")):
        found[str(row["table_name"])].add(str(row["column_name"]))
    return dict(found)
