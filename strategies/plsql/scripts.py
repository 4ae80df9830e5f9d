"""The packages that strategies inside a database call, and the tables below them: what makes each, in order. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path

MARK = "maintenance-portal"  # stands in the first lines of each source, and in the comment of each table: what is ours
LOGGER = "GENERIC_MAINTENANCE_LOGGER_PKG"
_FOLDER = Path(__file__).parent
_MADE = re.compile(r"(?:CREATE (?:OR REPLACE )?|COMMENT ON )(TABLE|INDEX|TRIGGER|PACKAGE BODY|PACKAGE) (\w+)")
_SHOW_ERRORS = """\
SELECT e.name, e.type, e.line, e.position, e.text
  FROM user_errors e
 WHERE e.name LIKE 'GENERIC%'
 ORDER BY e.name, e.type, e.sequence;"""
_PACKAGES = ("generic_log_store_pkg", "generic_maintenance_logger_pkg")


class Place(StrEnum):
    """Where they are to work: beside the portal's own tables, or in a database that gets tables of its own."""

    PORTAL = "portal"
    TARGET = "target"


@dataclass(frozen=True, slots=True)
class Unit:
    """One statement, and what it makes: its kind in Oracle's words and its name as the dictionary holds it."""

    kind: str
    name: str
    statement: str

    @property
    def is_code(self) -> bool:
        """Whether it is compiled, and replaced by each installation."""
        return self.kind in ("PACKAGE", "PACKAGE BODY", "TRIGGER")


@cache
def units(place: Place) -> tuple[Unit, ...]:
    """In the order in which they must be made; of tables all that belongs to them stands together."""
    files = ["tables"] if place is Place.TARGET else []
    files += [*_PACKAGES, f"{_PACKAGES[0]}_body_{place}", f"{_PACKAGES[1]}_body"]
    return tuple(unit for name in files for unit in read((_FOLDER / f"{name}.sql").read_text(encoding="utf-8")))


def read(script: str) -> list[Unit]:
    """The statements of a script, each of which ends before a line that holds a slash. Raises ValueError for others."""
    found = []
    for part in re.split(r"^/$", script, flags=re.MULTILINE):
        statement = re.sub(r"\A(?:\s*--[^\n]*\n)*", "", part).strip()
        if not statement:
            continue
        made = _MADE.match(statement)
        if made is None:
            raise ValueError(f"no statement that makes something: {statement[:60]}")
        kind = "COMMENT" if statement.startswith("COMMENT") else made[1]
        found.append(Unit(kind, made[2].upper(), statement))
    return found


def examples(name: str) -> str:
    """The packages of an example of the documents, as a script. Raises FileNotFoundError where the documents are not there."""
    text = (_FOLDER.parent.parent / "docs" / "examples" / f"{name}.sql").read_text(encoding="utf-8")
    parts = [part.strip() for part in re.split(r"^/$", text, flags=re.MULTILINE)]
    kept = [part[part.index("CREATE OR REPLACE PACKAGE") :] for part in parts if "CREATE OR REPLACE PACKAGE" in part]
    return "".join(f"{part}\n/\n" for part in kept)


def columns(table: Unit) -> tuple[str, ...]:
    """Of a table that is made, as the dictionary holds them."""
    lines = table.statement.splitlines()[1:-1]
    return tuple(line.split()[0].upper() for line in lines if not line.lstrip().startswith("CONSTRAINT"))


def tables(place: Place) -> tuple[str, ...]:
    """Those that are made, in their order."""
    return tuple(unit.name for unit in units(place) if unit.kind == "TABLE")


def script(place: Place) -> str:
    """All of it for SQL*Plus, which stops at the first error and shows what does not compile."""
    head = (
        f"REM The packages that strategies call, for {'the portal’s own database' if place is Place.PORTAL else 'a database'}"
        f"{'' if place is Place.PORTAL else ' with tables of its own'}."
    )
    body = "\n".join(f"{unit.statement}\n/" for unit in units(place))
    return f"{head}\nWHENEVER SQLERROR EXIT FAILURE\nSET DEFINE OFF\n{body}\n{_SHOW_ERRORS}\n"
