"""Reads what a job's row and its configuration say into typed values, or names the column that is at fault."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import F, Q

from strategies import implementations, registry
from strategies.budgets import Budget
from strategies.dependencies import DependencyRefused, parse_jobs, parse_names
from strategies.models import ExecutionMode, MaintenanceJob, StrategyConfig, Target
from strategies.plans import Limits
from strategies.platforms.base import NotSupported
from strategies.recurrence import Recurrence, ScheduleRefused, recurrence
from strategies.routines.base import ParametersRefused

LONGEST_SECONDS = 7 * 24 * 3600
# Which keys `resource_limits` takes, and the least and the most of each.
LIMITS = {
    "max_duration_seconds": (1, LONGEST_SECONDS), "lock_wait_seconds": (1, 3600), "memory_mb": (1, 1_048_576),
    "max_database_seconds": (1, LONGEST_SECONDS), "max_io_operations": (1, 10**12), "max_lock_seconds": (1, LONGEST_SECONDS),
}  # fmt: skip
# Whole numbers that a row, or its configuration, must have: the least and the most of each.
START_WITHIN_MINUTES = (1, 7 * 24 * 60)  # with none at all it would be late in the second in which it is due
_PARALLEL = (1, 64)
_OF_JOB = {"start_within_minutes": START_WITHIN_MINUTES, "max_parallel_degree": _PARALLEL}
_OF_CONFIG = {"parallel_degree": _PARALLEL, "timeout_seconds": (1, 2**31 - 1), "priority_level": (1, 10)}


class JobRefused(ValueError):
    """A job that cannot be carried out as it stands. `field` is the column at fault; the text says why."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(reason)
        self.field = field


@dataclass(frozen=True, slots=True)
class Definition:
    """What a job means, with everything resolved. `is_manual` = its configuration leaves starting to people."""

    target: Target
    parameters: Mapping[str, Any]
    recurrence: Recurrence
    is_manual: bool
    timeout_seconds: int
    priority: int
    limits: Limits
    budget: Budget
    prechecks: tuple[str, ...]


def configurations(jobs: Iterable[MaintenanceJob]) -> dict[int | None, StrategyConfig]:
    """Each job's configuration, by the job's number: the active row with the same strategy, object, type and database. One query."""
    wanted = list(jobs)
    rows = StrategyConfig.objects.filter(
        is_active=True, strategy__in={job.strategy_id for job in wanted},
        target_object__in={job.target_object for job in wanted},
    ).annotate(names_home=F("target__is_home"))  # fmt: skip
    by_place: dict[tuple[Any, ...], StrategyConfig] = {}
    for row in rows.order_by("-config_id"):  # of several alike the oldest counts
        place = None if getattr(row, "names_home", None) else row.target_id
        by_place[row.strategy_id, row.target_object, row.target_type_id, place] = row
    keys = {job.pk: (job.strategy_id, job.target_object, job.target_type_id, place_of(job)) for job in wanted}
    return {pk: by_place[key] for pk, key in keys.items() if key in by_place}


def place_of(job: MaintenanceJob) -> int | None:
    """The database of a job; None = home, whether the row names it or names none. One that is not there is never home."""
    return None if job.target is not None and job.target.is_home else job.target_id


def at_place(place: int | None) -> Q:
    """A condition on configurations: they are for this database."""
    return Q(target=place) if place is not None else Q(target__isnull=True) | Q(target__is_home=True)


def read(job: MaintenanceJob, config: StrategyConfig | None, home: Target) -> Definition:
    """What this row means; `home` is meant where it names no database. Raises JobRefused for the first fault."""
    if job.names_unknown_database:
        raise JobRefused("target", f"There is no database {job.target_id}.")
    target = job.target or home
    _refuse_unknown_work(job, config, target)
    _refuse_figures(job, _OF_JOB)
    if config is not None:
        _refuse_figures(config, _OF_CONFIG)
    limits = _limits(job, config)
    parameters = _parameters(job, config, limits)
    resources = Limits(memory_mb=limits.get("memory_mb"), parallel_degree=_parallel_degree(job, config))
    try:
        registry.platforms()[target.platform].limit_settings(resources)
    except NotSupported as refusal:
        raise JobRefused("resource_limits", str(refusal)) from None
    _refuse_unreadable_dependencies(job, config, target)
    return Definition(
        target=target,
        parameters=parameters,
        recurrence=schedule_of(job, config),
        is_manual=config is not None and config.execution_mode == ExecutionMode.MANUAL,
        timeout_seconds=_timeout(config, limits),
        priority=config.priority_level if config is not None else 5,
        limits=resources,
        budget=Budget.of(limits),
        prechecks=_prechecks(job, config, target),
    )


def _refuse_unknown_work(job: MaintenanceJob, config: StrategyConfig | None, target: Target) -> None:
    if why := implementations.why_not(target, job.strategy_id, _given(job, config)):
        raise JobRefused("strategy_name" if target.platform in registry.platforms() else "target", why)
    if not job.target_object.strip():
        raise JobRefused("target_object", "Name the object, or ALL.")


def _refuse_figures(row: MaintenanceJob | StrategyConfig, known: Mapping[str, tuple[int, int]]) -> None:
    """SQLite keeps any text in any column, and no database knows what is too much."""
    for field, (least, most) in known.items():
        if not _is_whole(getattr(row, field), least, most):
            raise JobRefused(field, f"Takes a whole number from {least} to {most:,}.")


def _is_whole(value: object, least: int, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def _object(field: str, value: Any) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise JobRefused(field, 'Expected a JSON object like {"key": 1}.')
    return value


def _parameters(job: MaintenanceJob, config: StrategyConfig | None, limits: Mapping[str, int]) -> dict[str, Any]:
    """The configuration's parameters, the job's own over them, and what limits say of them. Typed by the routine."""
    routine = registry.routine_of(job.strategy_id, _given(job, config))
    own = _object("job_parameters", job.job_parameters)
    configured = _object("strategy_config", config.strategy_config if config is not None else None)
    values = _given(job, config)
    sources = {**dict.fromkeys(configured, "strategy_config"), **dict.fromkeys(own, "job_parameters")}
    if config is not None and "max_objects" not in values:
        values["max_objects"], sources["max_objects"] = config.batch_size, "batch_size"
    if "lock_wait_seconds" in limits:
        values["lock_wait_seconds"], sources["lock_wait_seconds"] = limits["lock_wait_seconds"], "resource_limits"
    sources["target_object"] = "target_object"
    try:
        typed = routine.read_parameters(values)
        registry.require(routine, typed, job.target_object)
        routine.require_of_job(typed)
    except ParametersRefused as refusal:
        fields = {sources.get(name, "job_parameters") for name in refusal.problems}
        field = "job_parameters" if "job_parameters" in fields else min(fields, default="job_parameters")
        told = (why if name == field else f"{name}: {why}" for name, why in refusal.problems.items())
        raise JobRefused(field, "; ".join(told) + ".") from None
    read_: dict[str, Any] = typed.model_dump(mode="json")
    return read_


def _given(job: MaintenanceJob, config: StrategyConfig | None) -> dict[str, Any]:
    """The configuration's parameters, and the job's own over them, as they were typed. Raises JobRefused."""
    configured = _object("strategy_config", config.strategy_config if config is not None else None)
    return {**configured, **_object("job_parameters", job.job_parameters)}


def _limits(job: MaintenanceJob, config: StrategyConfig | None) -> dict[str, int]:
    found: dict[str, int] = {}
    for row in (config, job):
        for name, value in _object("resource_limits", row.resource_limits if row is not None else None).items():
            if name not in LIMITS:
                raise JobRefused("resource_limits", f"{name} is no limit; there are {', '.join(LIMITS)}.")
            least, most = LIMITS[name]
            if not _is_whole(value, least, most):
                raise JobRefused("resource_limits", f"{name} takes a whole number from {least} to {most:,}.")
            found[name] = value
    return found


def _parallel_degree(job: MaintenanceJob, config: StrategyConfig | None) -> int:
    """As many as the configuration asks for, and never more than the job allows."""
    return min(job.max_parallel_degree, config.parallel_degree if config is not None else job.max_parallel_degree)


def _timeout(config: StrategyConfig | None, limits: Mapping[str, int]) -> int:
    seconds = config.timeout_seconds if config is not None else 3600
    return min(seconds, limits.get("max_duration_seconds", LONGEST_SECONDS))


def schedule_of(job: MaintenanceJob, config: StrategyConfig | None) -> Recurrence:
    """When this row is due, whatever else is wrong with it. Raises JobRefused."""
    zone = job.schedule_timezone or (config.schedule_timezone if config is not None else None)
    expression = config.schedule_expression if config is not None else None
    try:
        return recurrence(job.schedule_type_id, job.schedule_value, zone, custom_default=expression)
    except ScheduleRefused as refusal:
        raise JobRefused(refusal.field, str(refusal)) from None


def _refuse_unreadable_dependencies(job: MaintenanceJob, config: StrategyConfig | None, target: Target) -> None:
    try:
        parse_jobs(job.depends_on_jobs)
    except DependencyRefused as refusal:
        raise JobRefused("depends_on_jobs", f"Depends on jobs: {refusal}") from None
    for name in parse_names(config.depends_on_strategies if config is not None else None):
        if name not in registry.routines() and name not in implementations.packages_in(target):
            raise JobRefused(
                "depends_on_strategies", f"It depends on {name}, of which there is no implementation here."
            )


def _prechecks(job: MaintenanceJob, config: StrategyConfig | None, target: Target) -> tuple[str, ...]:
    known = registry.platforms()[target.platform].prechecks
    names = dict.fromkeys(
        name.upper()
        for row in (config, job)
        for name in parse_names(row.prerequisite_checks if row is not None else None)
    )
    for name in names:
        if name not in known:
            label = registry.platforms()[target.platform].label
            offered = ", ".join(known) or "none"
            raise JobRefused("prerequisite_checks", f"{name} is no check of {label}; there are {offered}.")
    return tuple(names)
