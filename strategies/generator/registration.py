"""What makes a generated strategy known to the portal: its row of the registry, its configurations, its jobs. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from strategies.generator import plsql
from strategies.generator.definition import Definition, Job
from strategies.generator.library import Library
from strategies.generator.rendering import render
from strategies.routines.base import Parameters


def registration(definition: Definition, library: Library, package: Mapping[str, str]) -> dict[str, Any]:
    """As JSON; `package` are the files of the PL/SQL side."""
    return {
        "strategy": {
            "strategy_name": definition.name,
            "strategy_type": definition.type,
            "description": definition.description,
            "category": definition.category,
        },
        "configurations": list(_configurations(definition)),
        "jobs": [_job(job, definition, library) for job in definition.jobs],
        "package": _package(definition, package),
    }


def scripts(definition: Definition, library: Library, own: tuple[Path, ...] = ()) -> dict[str, str]:
    """The same rows as SQL that Oracle, PostgreSQL and SQLite take alike, for who registers by hand; text by path."""
    rows = registration(definition, library, {})
    values = {
        "name": definition.name,
        "digest": definition.digest,
        "strategy": {name: text(one) for name, one in rows["strategy"].items()},
        "configurations": [_texts(row) for row in rows["configurations"]],
        "jobs": [{**_texts(row), "waits": [text(name) for name in row["depends_on"]]} for row in rows["jobs"]],
    }
    return {
        f"registration/{name}.sql": render(f"registration/{name}.sql", values, own)
        for name in ("register", "unregister")
    }


def text(value: object) -> str:
    """A literal of SQL on one line: names and sentences hold no line breaks, and JSON is written without."""
    return "'" + str(value).replace("'", "''") + "'"


def _texts(row: Mapping[str, Any]) -> dict[str, str]:
    return {
        name: str(one) if isinstance(one, int) else text(as_json(one) if isinstance(one, Mapping) else one)
        for name, one in row.items()
        if not isinstance(one, list)
    }


def as_json(value: Mapping[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=True, sort_keys=True)


def _configurations(definition: Definition) -> Iterator[dict[str, Any]]:
    """One for each object that jobs name; without jobs one for all."""
    places = dict.fromkeys((job.target_object, job.target_type) for job in definition.jobs) or {
        ("ALL", definition.targets[0]): None
    }
    for target_object, target_type in places:
        yield {
            "target_object": target_object,
            "target_type": target_type,
            "strategy_type": definition.type,
            "strategy_config": dict(definition.parameters),
            "execution_mode": "AUTOMATIC",
            "batch_size": Parameters.model_fields["max_objects"].default,
        }


def _job(job: Job, definition: Definition, library: Library) -> dict[str, Any]:
    left_out = [name for name in definition.operations if job.operations and name not in job.operations]
    return {
        "job_name": job.name,
        "job_type": job.type,
        "schedule_type": job.schedule_type,
        "schedule_value": job.schedule_value,
        "schedule_timezone": job.schedule_timezone,
        "target_object": job.target_object,
        "target_type": job.target_type,
        "job_parameters": {library.operations[name].switch: False for name in sorted(left_out)},
        "depends_on": list(job.depends_on),
    }


def _package(definition: Definition, files: Mapping[str, str]) -> dict[str, str] | None:
    name = plsql.package_name(definition)
    specification, body = (files.get(path.replace("#{package}", name)) for path in (plsql.SPECIFICATION, plsql.BODY))
    if specification is None or body is None:
        return None
    return {"name": name.upper(), "specification": _unit(specification), "body": _unit(body)}


def _unit(script: str) -> str:
    """Without the line that makes SQL*Plus send it."""
    return script.rstrip().removesuffix("/").rstrip()
