"""The packages that strategies inside a database call, and the tables below them: what makes each, in order. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path

MARK = "maintenance-portal"  # stands in the first lines of each source, and in the comment of each table: what is ours
LOGGER = "GENERIC_MAINTENANCE_LOGGER_PKG"
GENERATOR = "STRATEGY_IMPLEMENTATION_GENERATOR_PKG"
_FOLDER = Path(__file__).parent
_MADE = re.compile(r"(?:CREATE (?:OR REPLACE )?|COMMENT ON )(TABLE|INDEX|TRIGGER|PACKAGE BODY|PACKAGE) (\w+)")
_BLOCK = re.compile(
    r"\s*(BEGIN|DECLARE|CREATE\s+(OR\s+REPLACE\s+)?(PACKAGE|PROCEDURE|FUNCTION|TRIGGER|TYPE)|CREATE\s+TABLE)\b", re.I
)
_OF_SQLPLUS = ("--", "REM ", "PROMPT ", "SET ", "WHENEVER ", "SHOW ")
_SHOW_ERRORS = """\
SELECT e.name, e.type, e.line, e.position, e.text
  FROM user_errors e
 WHERE e.name LIKE 'GENERIC%'
    OR e.name = 'STRATEGY_IMPLEMENTATION_GENERATOR_PKG'
 ORDER BY e.name, e.type, e.sequence;"""
_PACKAGES = ("generic_log_store_pkg", "generic_maintenance_logger_pkg")
_GENERATOR = ("generic_generator_store_pkg", "strategy_implementation_generator_pkg")


class Place(StrEnum):
    """Where they are to work: beside the portal's own tables, or in a database that gets tables of its own."""

    PORTAL = "portal"
    TARGET = "target"


@dataclass(frozen=True, slots=True)
class Unit:
    """One statement, and what it makes: its kind in Oracle's words and its name as the dictionary holds it.

    Of the kind ROWS it is a block that fills the table of this name anew: no dictionary lists it, so each installation sends it.
    """

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
    return _made_by(*(["tables"] if place is Place.TARGET else []), *_files(_PACKAGES, place))


@cache
def generator(place: Place) -> tuple[Unit, ...]:
    """What generates strategies inside the database, beside `units`. Its rows come from the library: `generator/in_oracle.py`."""
    lookups = ["generator_lookups"] if place is Place.TARGET else []
    return _made_by(*lookups, "generator_tables", *_files(_GENERATOR, place))


def _files(packages: tuple[str, str], place: Place) -> list[str]:
    """Of a store, whose body differs by place, and of the package that stands on it."""
    store, package = packages
    return [store, package, f"{store}_body_{place}", f"{package}_body"]


def _made_by(*names: str) -> tuple[Unit, ...]:
    return tuple(unit for name in names for unit in read((_FOLDER / f"{name}.sql").read_text(encoding="utf-8")))


def read(script: str) -> list[Unit]:
    """The units that a script makes. Raises ValueError where it does anything else."""
    found = []
    for statement in statements(script):
        unit = unit_of(statement)
        if unit is None:
            raise ValueError(f"no statement that makes something: {statement[:60]}")
        found.append(unit)
    return found


def unit_of(statement: str) -> Unit | None:
    """What a statement makes; None where it makes nothing of ours."""
    made = _MADE.match(statement)
    if made is None:
        return None
    return Unit("COMMENT" if statement.startswith("COMMENT") else made[1], made[2].upper(), statement)


def example(name: str) -> str:
    """The text of an example of the documents. Raises FileNotFoundError where the documents are not there."""
    return (_FOLDER.parent.parent / "docs" / "examples" / f"{name}.sql").read_text(encoding="utf-8")


def statements(script: str) -> list[str]:
    """What SQL*Plus would send: a script is cut at lines that hold a slash, or after a semicolon where no block stands."""
    found, lines, is_block = [], list[str](), False
    for line in script.splitlines():
        if not lines and (not line.strip() or line.startswith(_OF_SQLPLUS)):
            continue
        if line.strip() == "/":
            found.append("\n".join(lines))
            lines = []
            continue
        is_block = is_block if lines else _BLOCK.match(line) is not None
        lines.append(line)
        if not is_block and line.rstrip().endswith(";"):
            found.append("\n".join(lines).rstrip().removesuffix(";"))
            lines = []
    return [*found, *(["\n".join(lines)] if any(map(str.strip, lines)) else [])]


def columns(table: Unit) -> tuple[str, ...]:
    """Of a table that is made, as the dictionary holds them."""
    lines = table.statement.splitlines()[1:-1]
    return tuple(line.split()[0].upper() for line in lines if not line.lstrip().startswith("CONSTRAINT"))


def tables(place: Place) -> tuple[str, ...]:
    """Those that are made, in their order."""
    return tuple(unit.name for unit in units(place) if unit.kind == "TABLE")


def script(place: Place, more: tuple[Unit, ...] = ()) -> str:
    """All of it for SQL*Plus, and more behind it; it stops at the first error and shows what does not compile."""
    where = "the portal's own database" if place is Place.PORTAL else "a database with tables of its own"
    head = f"REM The packages that strategies call, for {where}."
    body = "\n".join(f"{unit.statement}\n/" for unit in (*units(place), *more))
    return f"{head}\nWHENEVER SQLERROR EXIT FAILURE\nSET DEFINE OFF\n{body}\n{_SHOW_ERRORS}\n"
