"""Runs our own PL/SQL without a server: text, numbers, lists, records, loops, and SQL on tables of SQLite. What it lacks, it refuses.

It stands in for the meaning of the language as its manual has it (an empty text is NULL, lists begin at 1, logic has three values),
not for Oracle: no types are checked, and what Oracle's own functions do is told here as their manual tells it.
"""

from __future__ import annotations

import hashlib
import re
import sqlite3
import unicodedata
from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any

from tests.oracle import plsql
from tests.oracle.expressions import Names, Way, null_if_empty
from tests.oracle.reader import Raised, Reader, Subprogram

_CONSTANT = re.compile(r"^    (c_\w+)\s+CONSTANT\s+\w+(?:\(\d+\))?\s*:=\s*(.*?);", re.M | re.S)
_IN_SQL = re.compile(r"'(?:[^']|'')*'|(?<![\w.])[pvc]_\w+(?:\.\w+)?")


class Body:
    """The body of a package. `given` are functions by name in capitals; one of them comes before the body's own of that name."""

    def __init__(
        self, specification: str, text: str, tables: sqlite3.Connection, given: Mapping[str, Callable[..., Any]]
    ) -> None:
        self.tables, self.given, self.constants = tables, {**ORACLE, **given}, dict[str, Any]()
        self.records = {**plsql.package(specification).records, **plsql.package(text).records}
        self._texts = {region.name: region.text for region in plsql.regions(text)}
        self._read: dict[str, Subprogram] = {}
        for name, value in _CONSTANT.findall(text):
            self.constants[name.upper()] = Reader(value, self).expression()({})

    def call(self, name: str, *arguments: Any) -> Any:
        if name in self.given or name not in self._texts:
            return self.given[name](*arguments)
        if name not in self._read:
            self._read[name] = Reader(self._texts[name], self).subprogram()
        return self._read[name](arguments)

    def rows(self, sql: str, names: Names) -> list[SimpleNamespace]:
        """Of a query, with the values of what is PL/SQL's in it."""
        binds: dict[str, Any] = {}

        def bound(found: re.Match[str]) -> str:
            if found[0].startswith("'"):
                return found[0]
            binds[f"b{len(binds)}"] = Reader(found[0], self).name()(names)
            return f":b{len(binds) - 1}"

        cursor = self.tables.execute(_IN_SQL.sub(bound, sql), binds)
        columns = [column[0].lower() for column in cursor.description or ()]
        return [SimpleNamespace(**dict(zip(columns, map(null_if_empty, row), strict=True))) for row in cursor]

    def value(self, name: str, way: Way, names: Names) -> Any:
        if name in names or name in self.constants:
            found = names[name] if name in names else self.constants[name]
        else:
            if way and way[0][0] == "field":  # of a package
                name, way = f"{name}.{way[0][1]}", way[1:]
            arguments = [one(names) for one in way[0][1]] if way and way[0][0] == "in" else []
            found, way = self.call(name, *arguments), way[1:] if way and way[0][0] == "in" else way
        way = list(way)
        while way:
            kind, what = way.pop(0)
            if kind == "in":
                found = found[what[0](names) - 1]
            elif isinstance(found, list):
                found = {"COUNT": found.__len__, "EXTEND": lambda of=found: of.append(None), "DELETE": found.clear}[
                    what
                ]()
            else:
                found = getattr(found, what.lower())
                if callable(found):  # a method
                    found = found(*(one(names) for one in (way.pop(0)[1] if way and way[0][0] == "in" else ())))
        return found

    def assign(self, name: str, way: Way, value: Any, names: Names) -> None:
        value = list(value) if isinstance(value, list) else value
        if not way:
            names[name] = value
            return
        holder = self.value(name, way[:-1], names)
        kind, what = way[-1]
        if kind == "in":
            holder[what[0](names) - 1] = value
        else:
            setattr(holder, what.lower(), value)


def database() -> sqlite3.Connection:
    """An empty one that has what SQL of Oracle's has."""
    made = sqlite3.connect(":memory:")
    made.execute("CREATE TABLE dual AS SELECT 'X' AS dummy")
    made.create_function("STANDARD_HASH", 2, lambda text, kind: hashlib.new(kind, text.encode()).digest())
    made.create_function("RAWTOHEX", 1, lambda raw: raw.hex().upper())
    made.create_function("DECOMPOSE", 2, lambda text, kind: unicodedata.normalize("NFD", text))
    made.create_function("COMPOSE", 1, lambda text: unicodedata.normalize("NFC", text))
    return made


def _ascii(text: str) -> str:
    return "".join(one if one.isascii() and one != "\\" else _units(one) for one in text)


def _units(character: str) -> str:
    found = character.encode("utf-16-be")
    return "".join(f"\\{found[at : at + 2].hex().upper()}" for at in range(0, len(found), 2))


def _part(text: str | None, start: int, length: int | None = None) -> str | None:
    if text is None or (length is not None and length < 1):
        return None
    return null_if_empty(text[start - 1 :] if length is None else text[start - 1 : start - 1 + length])


def _place(text: str | None, sought: str | None, start: int = 1) -> int | None:
    if text is None or sought is None:
        return None
    return (text.rfind(sought) if start < 0 else text.find(sought, start - 1)) + 1


def _raise(number: int, text: str) -> None:
    raise Raised(number, text)


def _of_text(of: Callable[..., Any]) -> Callable[..., Any]:
    """NULL of NULL."""
    return lambda text, *more: None if text is None else null_if_empty(of(text, *more))


ORACLE: Mapping[str, Callable[..., Any]] = {
    "ASCII": _of_text(ord), "ASCIISTR": _of_text(_ascii), "CHR": chr, "LENGTH": _of_text(len), "INSTR": _place, "SUBSTR": _part,
    "LENGTHB": _of_text(lambda text: len(text.encode())), "SUBSTRB": _part, "UPPER": _of_text(str.upper), "LOWER": _of_text(str.lower),
    "LTRIM": _of_text(str.lstrip), "RTRIM": _of_text(str.rstrip), "TRIM": _of_text(lambda text: text.strip(" ")),
    "REPLACE": _of_text(lambda text, old, new=None: text.replace(old, new or "")), "TO_CHAR": _of_text(str),
    "TO_CLOB": lambda text: text,
    "TO_NUMBER": _of_text(lambda text, form: int(text, 16)), "NVL": lambda one, other: other if one is None else one,
    "COALESCE": lambda *values: next((value for value in values if value is not None), None), "RAISE_APPLICATION_ERROR": _raise,
    "DBMS_LOB.GETLENGTH": _of_text(len), "DBMS_LOB.INSTR": _place,
    "DBMS_LOB.SUBSTR": lambda text, length, start: _part(text, start, length), "SYS_CONTEXT": lambda space, name: name,
}  # fmt: skip
