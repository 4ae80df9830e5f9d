"""What a job is carried out with: each parameter with where its value comes from, the checks before a start, the budget."""

from __future__ import annotations

from dataclasses import dataclass

from strategies import budgets, registry
from strategies.budgets import Line, Used
from strategies.dependencies import parse_names
from strategies.job_pages import Basis
from strategies.platforms.base import Unasked


@dataclass(frozen=True, slots=True)
class Setting:
    """A value as a run would use it. `source` says where it comes from."""

    title: str
    value: object
    source: str


def parameters_used(found: Basis) -> list[Setting]:
    """The routine's parameters of a job that can be carried out; empty for another."""
    if found.definition is None:
        return []
    own = found.job.job_parameters or {}
    configured = found.config.strategy_config if found.config is not None and found.config.strategy_config else {}
    fields = registry.routine_of(found.job.strategy_id, found.definition.parameters).parameters.model_fields
    limits = {**(found.config.resource_limits or {} if found.config else {}), **(found.job.resource_limits or {})}
    rows = []
    for name, value in found.definition.parameters.items():
        if name in limits:
            source = "resource limits"
        elif name in own:
            source = "this job"
        elif name in configured or (name == "max_objects" and found.config is not None):
            source = "configuration"
        else:
            source = "default"
        rows.append(Setting(str(fields[name].title or name) if name in fields else name, value, source))
    return rows


_UNASKED = {
    Unasked.HOLDS: "asked of every run that changes something",
    Unasked.NOTED: "noted with every run that changes something",
}


def prechecks_used(found: Basis) -> list[Setting]:
    """The checks that come before each start: what each asks of the database."""
    if found.definition is None or found.target is None:
        return []
    own = parse_names((found.job.prerequisite_checks or "").upper())
    known = registry.platforms()[found.target.platform].prechecks
    named = [
        Setting(name, known[name].purpose, "this job" if name in own else "configuration")
        for name in found.definition.prechecks
    ]
    others = (check for name, check in known.items() if name not in found.definition.prechecks)
    return named + [
        Setting(check.name, check.purpose, _UNASKED[check.unasked]) for check in others if check.unasked in _UNASKED
    ]


def budget_used(found: Basis) -> list[Line]:
    """What a run of the job may use of its database in all; only what has a limit."""
    if found.definition is None:
        return []
    return [line for line in budgets.lines(found.definition.budget, Used()) if line.limit is not None]
