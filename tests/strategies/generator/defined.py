"""Definitions for tests: each template with each set of targets that it serves, under names and texts that could break a file."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from strategies import reference_rows, registry
from strategies.generator.definition import Definition, Known
from strategies.generator.library import Library, library
from strategies.generator.reading import read
from tests.long import IS_ALL

LIBRARY = library()
KNOWN = Known(
    LIBRARY,
    [word for words in reference_rows.TARGET_TYPES.values() for word in words],
    list(reference_rows.JOB_TYPES),
    frozenset(registry.own_routines()),
)
# Words of the languages that are reserved in none, names of ours and of others, the shortest, the longest.
NAMES = (
    "A", "X" * 50, "NIGHTLY_TIDY", "A__B_", "NAME", "OTHERS", "DUAL", "UT", "TEST_X", "STATISTICS", "PARAMETERS", "PART", "ROUTINE",
    "COMPOSED", "FIELD", "CLASSVAR", "STRATEGIES", "DJANGO", "PYTEST", "SQLITE3", "OS", "V_OBJECT", "P_OBJECT", "G_X", "C_ALL",
    "PACKAGE", "BODY", "E1_2",
)  # fmt: skip
TEXTS = (
    "Statistics of the shop.",
    "It's; DROP TABLE x; --",
    "A \"\"\" quote ''' and \\n a \\ backslash \\",
    "#{name} {{ name }} {% endfor %} %% end",
    "&amp & <b>&define</b> | a `b` [c](d) *e* _f_",
    "größe ☃ 数据库 \u202fé",
    "/* ; */ / @ $$ || ' || \" ${x} %s {0}",
    "x" * 200,
    "~~~ all that follows",
    "# no heading",
    "1. no list - nor this",
)
OBJECTS = ("ALL", "ORDERS", '"Two Words".it\'s', "größe", "public.orders", "x" * 128, "-- ; /")


def definition(values: dict[str, Any]) -> Definition:
    return read(values, KNOWN)


def served(of: Library, strategy_type: str) -> list[tuple[str, ...]]:
    """Sets of targets of a template: each type alone, and all of them."""
    types = sorted(
        {word for name in of.templates[strategy_type].operations for word in of.operations[name].target_types}
    )
    return [*((word,) for word in types), *([tuple(types)] if len(types) > 1 else [])]


def every() -> Iterator[Definition]:
    """Templates × targets × names, with each text and object somewhere among them."""
    number = 0
    for strategy_type, template in LIBRARY.templates.items():
        for targets in served(LIBRARY, strategy_type):
            operations = [
                name for name in template.operations if not LIBRARY.operations[name].target_types.isdisjoint(targets)
            ]
            for name in NAMES:
                yield _one(number, name, strategy_type, targets, operations)
                number += 1


def _one(number: int, name: str, strategy_type: str, targets: tuple[str, ...], operations: list[str]) -> Definition:
    words = [*operations[number % len(operations) :], *operations[: number % len(operations)]]
    asked = words[: 1 + number % len(words)]
    types = {word for one in asked for word in LIBRARY.operations[one].target_types}
    place = OBJECTS[number % len(OBJECTS)]
    jobs = [
        {"name": "FIRST", "type": "MAINTENANCE", "target_object": place, "operations": asked[:1]},
        {
            "name": "SECOND",
            "type": "ANALYSIS",
            "depends_on": ["FIRST"],
            "schedule_type": "DAILY",
            "schedule_value": "03:30",
        },
    ]
    return definition(
        {
            "name": name, "type": strategy_type, "category": "DATABASE", "description": TEXTS[number % len(TEXTS)],
            "targets": [one for one in targets if one in types], "operations": asked, "jobs": jobs[: number % 3],
            "parameters": _parameters(asked) if number % 2 else {},
        }
    )  # fmt: skip


def _parameters(operations: list[str]) -> dict[str, Any]:
    """Another value than the default for each."""
    found: dict[str, Any] = {}
    for name, setting in LIBRARY.settings(operations).items():
        default = setting.field.default
        if setting.type is bool:
            found[name] = not default
        elif setting.type is str:
            found[name] = 'it\'s "x"'[: setting.longest or 8]
        else:
            found[name] = setting.type(setting.bounds[0])
    return {name: value for name, value in found.items() if not LIBRARY.settings(operations)[name].why_not(value)}


EVERY = tuple(every())[:: 1 if IS_ALL else 3]  # each name and each text is still among them
