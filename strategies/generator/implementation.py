"""A whole strategy from its definition: every file, and the registration that deploying it takes. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from strategies import registry
from strategies.generator import docs, plsql, python, registration
from strategies.generator.definition import Definition
from strategies.generator.library import Library
from strategies.platforms.base import EVERYTHING


@dataclass(frozen=True, slots=True)
class Implementation:
    """`files` are texts by path, in the order of `in_order`; `registration` is JSON."""

    definition: Definition
    files: Mapping[str, str]
    registration: Mapping[str, Any]


def generate(definition: Definition, library: Library, own: tuple[Path, ...] = ()) -> Implementation:
    """The same definition always gives the same files. `own` are folders whose files come first.

    Raises LibraryRefused, MasterBroken for a broken file of the library.
    """
    package = plsql.files(definition, library, own)
    files = {
        **docs.files(definition, library, own),
        "definition.json": json.dumps(definition.as_json(), indent=2, ensure_ascii=False) + "\n",
        **package,
        **python.files(definition, library, own),
        **registration.scripts(definition, library, own),
    }
    return Implementation(
        definition,
        {path: files[path].rstrip("\n") + "\n" for path in in_order(files)},
        registration.registration(definition, library, package),
    )


def remarks(definition: Definition, library: Library) -> list[str]:
    """Sentences on jobs that have to be completed before they can run; until then they would be set aside. Pure."""
    found = []
    for job in definition.jobs:
        names = job.operations or definition.operations
        routines = [registry.own_routines()[library.operations[name].python.routine] for name in names]
        lacking = [
            routine.read_parameters(_own(definition, library, name)).lacking()
            for name, routine in zip(names, routines, strict=True)
        ]
        if all(routine.is_of_one_table for routine in routines) and job.target_object.upper() in EVERYTHING:
            found.append(f"Job {job.name} works on one table: name it as its object, or the job is set aside.")
        if all(lacking):
            words = ", ".join(dict.fromkeys(word for one in lacking for word in one))
            found.append(f"Job {job.name} needs {words}: give it as a parameter, in its configuration or in its row.")
    return found


def _own(definition: Definition, library: Library, operation: str) -> dict[str, Any]:
    settings = library.operations[operation].python.settings
    return {name: value for name, value in definition.parameters.items() if name in settings}


def in_order(paths: Iterable[str]) -> list[str]:
    """As people read them: what is to be done with it first. Databases that hold JSON keep no order."""
    return sorted(paths, key=lambda path: (path != "README.md", path))


def try_all(library: Library, own: tuple[Path, ...] = ()) -> None:
    """Generate each template whole, so that a file that cannot be filled is found before somebody needs it.

    Raises LibraryRefused, MasterBroken.
    """
    for template in library.templates.values():
        targets = {word for name in template.operations for word in library.operations[name].target_types}
        sample = Definition(
            name="SAMPLE", type=template.strategy_type, category="SAMPLE", description="A sample.", targets=tuple(sorted(targets)),
            operations=template.operations, jobs=(),
        )  # fmt: skip
        generate(sample, library, own)
