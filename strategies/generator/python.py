"""The Python side of a generated strategy: a package with the routine and its tests, as a formatter would leave them. Pure."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from strategies import registry
from strategies.generator.definition import Definition
from strategies.generator.library import Library, Operation, Setting
from strategies.generator.rendering import render
from strategies.manual import manual
from strategies.plans import Locks
from strategies.registrations import package_version

WIDTH = 112  # of what stands in a docstring or a long text, before its indent
DESCRIPTION = WIDTH - 28  # of a field, behind its name
TYPES = {bool: "bool", int: "int", float: "float", str: "str"}


@dataclass(frozen=True, slots=True)
class Field:
    """A parameter of the routine; each value as Python writes it."""

    name: str
    type: str
    default: str
    bounds: tuple[str, ...]
    title: str
    only: str
    description: str


def module_name(definition: Definition) -> str:
    """Of a word of its own: no strategy is in the way of a module that is there."""
    return f"strategy_{definition.name.lower()}"


def files(definition: Definition, library: Library, own: tuple[Path, ...] = ()) -> dict[str, str]:
    """Text by path."""
    module = module_name(definition)
    values = _values(definition, library)
    return {
        "python/pyproject.toml": render("python/pyproject.toml.txt", values, own),
        f"python/src/{module}/__init__.py": render("python/module.py.txt", values, own),
        f"python/tests/test_{module}.py": render("python/test_module.py.txt", values, own),
    }


def operations(definition: Definition, library: Library) -> list[Operation]:
    """Those of a definition, in the order in which they are done."""
    return [operation for name, operation in library.operations.items() if name in definition.operations]


def _values(definition: Definition, library: Library) -> dict[str, Any]:
    found = operations(definition, library)
    fields = [_switch(operation) for operation in found]
    settings = library.settings(operation.operation_type for operation in found)
    usual = {name: settings[name].field.default for name in definition.parameters}  # what examples were made for
    fields += [_field(setting, definition.parameters) for setting in settings.values()]
    return {
        "name": definition.name,
        "title": title(definition),
        "module": module_name(definition),
        "distribution": module_name(definition).replace("_", "-"),
        "version": package_version(definition.digest),
        "category": definition.category,
        "is_of_one_table": all(registry.own_routines()[one.python.routine].is_of_one_table for one in found),
        "description": json.dumps(definition.description, ensure_ascii=False),
        "imports": "Parameters, only" if any(field.only for field in fields) else "Parameters",
        "fields": fields,
        "manual": "\n\n".join(_section(*section) for section in sections(definition, found, library).items()),
        "parts": [_part(operation) for operation in found],
        "examples": list(_examples(found, usual)),
        "refusals": list(_refusals(settings)),
    }


def title(definition: Definition) -> str:
    """The name as people read it."""
    return definition.name.replace("_", " ").strip().capitalize()


def _switch(operation: Operation) -> Field:
    return Field(
        operation.switch, "bool", "True", (), quoted(operation.title), "", _broken(operation.what, DESCRIPTION, 8)
    )


def _field(setting: Setting, given: Mapping[str, Any]) -> Field:
    field = setting.field
    bounds = [
        f"{kind}={value(getattr(mark, kind))}"
        for mark in field.metadata
        for kind in ("ge", "le", "max_length")
        if hasattr(mark, kind)
    ]
    extra = field.json_schema_extra
    only = quoted(str(extra["only"])) if isinstance(extra, dict) and "only" in extra else ""
    kind = TYPES[setting.type]
    default = given.get(setting.name, field.default)
    return Field(
        setting.name,
        kind,
        value(default),
        tuple(bounds),
        quoted(str(field.title)),
        only,
        _broken(str(field.description), DESCRIPTION, 8),
    )


def value(given: object) -> str:
    """A flag, a number, a text, or what holds them, as a formatter writes it."""
    if isinstance(given, str):
        return quoted(given)
    if isinstance(given, Mapping):
        return "{" + ", ".join(f"{quoted(str(name))}: {value(one)}" for name, one in given.items()) + "}"
    if isinstance(given, Sequence):
        return "(" + ", ".join(map(value, given)) + ("," if len(given) == 1 else "") + ")"
    return repr(given)


def quoted(text: str) -> str:
    """In double quotes, unless single ones need fewer escapes."""
    plain = "".join(_ESCAPES.get(one, one) for one in text)
    if text.count('"') > text.count("'"):
        return "'" + plain.replace("'", "\\'") + "'"
    return '"' + plain.replace('"', '\\"') + '"'


_ESCAPES = {"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def _broken(text: str, room: int, indent: int) -> str:
    """As it is where it fits; else as strings in lines of their own, which Python puts together again."""
    if len(text) <= room:
        return quoted(text)
    lines = textwrap.wrap(
        text, WIDTH - 10, break_long_words=False, break_on_hyphens=False, drop_whitespace=False, replace_whitespace=False,
        expand_tabs=False,
    )  # fmt: skip
    return f"\n{' ' * indent}".join(map(quoted, lines))


def sections(definition: Definition, found: Sequence[Operation], library: Library) -> dict[str, list[str]]:
    """The manual page: paragraphs by the titles that every routine's has."""
    return {
        "What it does": [_sentence(definition.description), *(f"{one.title} ({one.operation_type}): {one.what}" for one in found)],
        "When to use": [library.templates[definition.type].when_to_use],
        "Risk": list(_of_routines(found, "Risk")),
        "Undo": list(_of_routines(found, "Undo")),
    }  # fmt: skip


def _of_routines(found: Sequence[Operation], section: str) -> Iterator[str]:
    """What the manual pages of the routines say: the strategy does nothing else."""
    told = set()
    for operation in found:
        if operation.python.routine in told:
            continue
        told.add(operation.python.routine)
        page = manual(registry.own_routines()[operation.python.routine].__doc__)
        for paragraph in next(one.paragraphs for one in page if one.title == section):
            yield f"{operation.title} ({operation.operation_type}): {paragraph}"


def _section(name: str, paragraphs: Sequence[str]) -> str:
    lines = [f"    {name}"]
    for number, paragraph in enumerate(paragraphs):
        safe = paragraph.replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
        wrapped = textwrap.wrap(safe, WIDTH, break_long_words=False, break_on_hyphens=False)
        lines += [*([""] if number else []), *(f"        {line}" for line in wrapped)]
    return "\n".join(lines)


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."


def _part(operation: Operation) -> dict[str, str]:
    work = operation.python
    return {
        "operation": operation.operation_type,
        "routine": work.routine,
        "settings": value(work.settings) if work.settings else "",
        "fixed": value(work.fixed) if work.fixed else "",
    }


def _examples(found: Sequence[Operation], usual: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for operation in found:
        for platform, here in operation.python.platforms.items():
            if (example := here.example) is not None:
                milder = [lock.value for lock in Locks][: [*Locks].index(here.locks) + 1]
                yield {
                    "operation": quoted(operation.operation_type),
                    "platform": quoted(platform),
                    "setup": [_broken(line, WIDTH - 8, 12) for line in example.setup],
                    "target_object": quoted(example.target_object),
                    "parameters": [
                        f"{quoted(name)}: {value(one)}"
                        for name, one in {**_of(operation, usual), **example.parameters}.items()
                    ],
                    "settled": value(example.settled),
                    "reversible": value(here.is_reversible),
                    "locks": quoted(" ".join(milder)),
                }


def _of(operation: Operation, values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: one for name, one in values.items() if name in operation.python.settings}


def _refusals(settings: Mapping[str, Setting]) -> Iterator[dict[str, str]]:
    """A value of each parameter that its bounds do not let in."""
    for name, setting in settings.items():
        least, most = setting.bounds
        for number in (least - 1, most + 1):
            if setting.field.annotation in (int, float) and setting.why_not(number):
                yield {"name": name, "value": value(number)}
                break
