"""The pages of a generated strategy: what they say of locks, rights and undo is read from what the portal's code declares. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from strategies import capabilities, registry
from strategies.generator import plsql, python
from strategies.generator.definition import Definition
from strategies.generator.library import Library, Operation, Setting
from strategies.generator.rendering import render

_BEGINS = re.compile(r"^(\s*\d*)([-#+=.)])")  # what makes a line a heading or a part of a list


def files(definition: Definition, library: Library, own: tuple[Path, ...] = ()) -> dict[str, str]:
    """Text by path."""
    found = python.operations(definition, library)
    names = sorted({name for operation in found for name in operation.python.platforms})
    pages = python.sections(definition, found, library)
    values = {
        "title": python.title(definition),
        "name": definition.name,
        "description": cell(definition.description),
        "digest": definition.digest,
        "distribution": python.module_name(definition).replace("_", "-"),
        "package": plsql.package_name(definition),
        "platforms": " and ".join(", ".join(map(_label, names)).rsplit(", ", 1)),
        "sections": [{"title": title, "paragraphs": list(map(cell, pages[title]))} for title in pages],
        "undo": list(map(cell, pages["Undo"])),
        "parameters": list(_parameters(definition, found, library)),
        "jobs": list(_jobs(definition)),
        "operations": list(_operations(found)),
        "changes": list(_changes(found)),
        "rights": list(_rights(found)),
    }
    return {
        path: render(f"docs/{name}", values, own)
        for path, name in (
            ("README.md", "README.md"),
            ("docs/manual.md", "manual.md"),
            ("docs/runbook.md", "runbook.md"),
        )
    }


def cell(text: str) -> str:
    """What stands in Markdown as it was typed: no table, code, link or HTML of its own."""
    for mark in "\\`*_|<>[]&~":
        text = text.replace(mark, f"\\{mark}")
    return _BEGINS.sub(r"\1\\\2", text)


def _label(platform: str) -> str:
    return registry.platforms()[platform].label


def _parameters(definition: Definition, found: Sequence[Operation], library: Library) -> Iterator[dict[str, str]]:
    for operation in found:
        yield {"name": operation.switch, "meaning": f"{operation.title}.", "usual": "true", "bounds": "true or false"}
    own = library.settings(operation.operation_type for operation in found)
    for name, setting in {**own, **library.shared}.items():
        yield _parameter(setting, definition.parameters.get(name, setting.field.default))


def _parameter(setting: Setting, usual: bool | int | float | str) -> dict[str, str]:
    field = setting.field
    return {
        "name": setting.name, "meaning": cell(f"{field.title}. {field.description}"), "usual": cell(plsql.shown(usual)),
        "bounds": setting.held_to,
    }  # fmt: skip


def _jobs(definition: Definition) -> Iterator[dict[str, str]]:
    for job in definition.jobs:
        left_out = [name for name in definition.operations if job.operations and name not in job.operations]
        yield {
            "name": job.name,
            "type": job.type,
            "object": cell(job.target_object),
            "when": cell(" ".join(filter(None, (job.schedule_type, job.schedule_value, job.schedule_timezone)))),
            "without": ", ".join(left_out) or "–",
            "after": ", ".join(map(cell, job.depends_on)) or "–",
        }


def _operations(found: Sequence[Operation]) -> Iterator[dict[str, str]]:
    for operation in found:
        for platform, here in operation.python.platforms.items():
            yield {
                "operation": f"{operation.operation_type}: {operation.title.lower()}",
                "platform": _label(platform),
                "locks": here.locks.sentence,
                "destructive": "yes" if here.is_destructive else "no",
                "undo": "yes" if here.is_reversible else "none",
            }


def _changes(found: Sequence[Operation]) -> Iterator[dict[str, str]]:
    for platform in registry.platforms():
        told = dict.fromkeys(
            change
            for operation in found
            if platform in operation.python.platforms
            for change in registry.changes_of(platform, operation.python.routine)
        )
        for change in told:
            yield {
                "platform": _label(platform), "form": change.form.replace("|", "\\|"), "purpose": cell(change.purpose),
            }  # fmt: skip


def _rights(found: Sequence[Operation]) -> Iterator[dict[str, str]]:
    for platform in registry.platforms():
        wanted = {operation.python.routine for operation in found if platform in operation.python.platforms}
        rights = [
            right
            for capability in capabilities.capabilities(platform)
            if capability.strategy in wanted
            for right in capability.rights
        ]
        needed = dict.fromkeys(
            part for right in rights if not right.is_optional for part in right.privilege.split("; ")
        )
        helpful = dict.fromkeys(part for right in rights for part in right.privilege.split("; ") if part not in needed)
        if rights:
            yield {
                "platform": _label(platform),
                "needed": cell(capabilities.in_short(needed)) or "–",
                "helpful": cell(capabilities.in_short(helpful)) or "–",
            }
