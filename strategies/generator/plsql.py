"""The PL/SQL side of a generated strategy: the package that does it inside an Oracle, its tests, and what takes it in and out. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from textwrap import indent
from typing import Any

from strategies.generator.definition import Definition
from strategies.generator.library import BIND, InPlsql, Library, Operation, Setting
from strategies.generator.masters import fill
from strategies.generator.rendering import render
from strategies.plans import Locks
from strategies.routines.base import Parameters

SPECIFICATION, BODY = "plsql/#{package}.sql", "plsql/#{package}_body.sql"
MASTERS = {
    SPECIFICATION: "plsql/package.sql",
    BODY: "plsql/package_body.sql",
    "plsql/test_#{package}.sql": "plsql/test_package.sql",
    "plsql/test_#{package}_body.sql": "plsql/test_package_body.sql",
    "plsql/deploy.sql": "plsql/deploy.sql",
    "plsql/rollback.sql": "plsql/rollback.sql",
    "docs/package.md": "plsql/package.md",
}
LONGEST_TEXT = 128  # of a parameter that is text and names no limit


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter that the package reads from its JSON, as the masters need it."""

    name: str
    title: str
    description: str
    type: str
    reader: str
    bounds: str
    sections: str


@dataclass(frozen=True, slots=True)
class Part:
    """An operation on objects of one type, as texts that stand in the masters."""

    key: str
    title: str
    operation: str
    switch: str
    target_type: str
    specification: str
    body: str
    statement: str
    look: str
    check: str
    all_of: str
    needs_object: bool
    is_destructive: bool
    locks: str
    rights: str
    risk: str
    undo: str


@dataclass(frozen=True, slots=True)
class Operated:
    """An operation, and the sections that are there where it is."""

    title: str
    switch: str
    sections: str


def package_name(definition: Definition) -> str:
    return f"{definition.name.lower()}_pkg"


def files(definition: Definition, library: Library, own: tuple[Path, ...] = ()) -> dict[str, str]:
    """Text by path."""
    keys, values = chosen(definition, library), tokens(definition, library)
    return {fill(path, (), values): fill(text, keys, values) for path, text in masters(library, own).items()}


@cache
def masters(library: Library, own: tuple[Path, ...] = ()) -> Mapping[str, str]:
    """The masters by the path that they have once they are filled. Raises LibraryRefused."""
    context: dict[str, Any] = {
        "max_objects": str(Parameters.model_fields["max_objects"].default),
        "operations": [Operated(one.title, one.switch, _sections([one])) for one in library.operations.values()],
        "settings": list(_parameters(library)),
        "parts": [_part(one, work) for one in library.operations.values() for work in one.plsql],
    }
    return {path: render(name, context, own) for path, name in MASTERS.items()}


def chosen(definition: Definition, library: Library) -> frozenset[str]:
    """The sections of a definition: its operations, each on its targets."""
    return frozenset(
        part_key(library.operations[name], work) for name, work in _works(definition, library)
    )  # fmt: skip


def tokens(definition: Definition, library: Library) -> dict[str, str]:
    """What is filled into the masters."""
    values = {
        "name": definition.name,
        "package": package_name(definition),
        "digest": definition.digest,
        "target_type": definition.targets[0],
        "takes_all": "0" if all(work.needs_object for _, work in _works(definition, library)) else "1",
    }
    for name, setting in library.settings(definition.operations).items():
        given = definition.parameters.get(name, setting.field.default)
        values[f"default:{name}"], values[f"shown:{name}"] = literal(given), shown(given)
    return values


def literal(value: bool | int | float | str) -> str:
    """A default in PL/SQL, where a flag is a number. It stands on one line: a definition refuses what would break it."""
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'" if value else "NULL"
    return shown(value) if not isinstance(value, bool) else str(int(value))


def shown(value: bool | int | float | str) -> str:
    """A default as people type it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:f}".rstrip("0").rstrip(".")
    return str(value) or "none"


def _works(definition: Definition, library: Library) -> Iterator[tuple[str, InPlsql]]:
    for name in definition.operations:
        for work in library.operations[name].plsql:
            if work.target_type in definition.targets:
                yield name, work


def part_key(operation: Operation, work: InPlsql) -> str:
    return f"{operation.operation_type}_{work.target_type}".lower()


def _sections(operations: list[Operation]) -> str:
    return " ".join(part_key(operation, work) for operation in operations for work in operation.plsql)


def _part(operation: Operation, work: InPlsql) -> Part:
    return Part(
        key=part_key(operation, work),
        title=operation.title,
        operation=operation.operation_type,
        switch=operation.switch,
        target_type=work.target_type,
        specification=_text(work.specification, 4),
        body=_text(work.body, 4),
        statement=_text(work.statement, 8) + "\n" if work.statement else "",
        look=_text(work.look, 22),
        check=_text(work.check, 0),
        all_of=_text(work.all_of, 17),
        needs_object=work.needs_object,
        is_destructive=work.is_destructive,
        locks=work.locks.sentence if work.statement else Locks.NONE.sentence,
        rights=", ".join(work.rights) or "none beyond those of an owner",
        risk=work.risk,
        undo=work.undo,
    )


def _text(text: str, spaces: int) -> str:
    return indent(BIND.sub(r"g_\1", text.strip()), " " * spaces)


def _parameters(library: Library) -> Iterator[Parameter]:
    """Also those that no look takes: what a configuration gives to the strategy, the package does not refuse."""
    for name, setting in library.settings(library.operations).items():
        used = [one for one in library.operations.values() if name in one.python.settings]
        yield _parameter(setting, _sections(used))


def _parameter(setting: Setting, sections: str) -> Parameter:
    field = setting.field
    kinds = {
        bool: ("NUMBER", "flag_of", ""),
        str: ("VARCHAR2(4000)", "text_of", f", {setting.longest or LONGEST_TEXT}"),
    }
    least, most = setting.bounds
    numbers = ("NUMBER", "number_of", f", {shown(least)}, {shown(most)}")
    kind, reader, bounds = kinds.get(setting.type, numbers)
    return Parameter(setting.name, str(field.title), str(field.description), kind, reader, bounds, sections)
