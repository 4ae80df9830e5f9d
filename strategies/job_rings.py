"""Finds jobs and strategies that wait for each other: what waits for what is read once for many jobs, in a few questions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import cached_property

from django.db.models import QuerySet

from strategies.dependencies import cycle, numbers, parse_names
from strategies.job_definitions import JobRefused, at_place, place_of
from strategies.models import MaintenanceJob, StrategyConfig

_CHUNK = 500  # Oracle takes at most 1000 expressions in a list
_STEPS = 3  # behind the jobs themselves; where the way is longer, all that wait for any job are read at once


class Rings:
    """What these jobs wait for, as they stand here, and all that lies behind it, as the database has it."""

    def __init__(self, jobs: Iterable[MaintenanceJob]) -> None:
        self._jobs = list(jobs)
        self._waits_for: dict[int, Sequence[int]] = {
            job.pk: numbers(job.depends_on_jobs) for job in self._jobs if job.pk is not None
        }
        level = {number for job in self._jobs for number in numbers(job.depends_on_jobs)}
        for _ in range(_STEPS):
            found = _read(sorted(level - self._waits_for.keys()))
            self._waits_for |= found
            level = {number for upstreams in found.values() for number in upstreams}
        if level - self._waits_for.keys():
            self._waits_for = {
                **_waiting(MaintenanceJob.objects.filter(depends_on_jobs__isnull=False)),
                **self._waits_for,
            }

    def refuse(self, job: MaintenanceJob, config: StrategyConfig | None) -> None:
        """Raises JobRefused where the job waits for itself, by whatever way, or for a job that there is not."""
        wanted = numbers(job.depends_on_jobs)
        if missing := [number for number in wanted if number not in self._waits_for]:
            raise JobRefused("depends_on_jobs", f"There is no job {missing[0]}.")
        if way := cycle(job.pk, lambda node: wanted if node == job.pk else self._waits_for.get(int(node), ())):
            raise JobRefused("depends_on_jobs", f"The jobs wait for each other: {_shown(way)}.")
        if config is not None and parse_names(config.depends_on_strategies):
            edges = self._strategies[place_of(job)]
            if way := cycle(config.strategy_id, lambda node: edges.get(str(node), ())):
                raise JobRefused("depends_on_strategies", f"The strategies wait for each other: {_shown(way)}.")

    @cached_property
    def _strategies(self) -> dict[int | None, dict[str, list[str]]]:
        """By database, which strategy waits for which others there."""
        found: dict[int | None, dict[str, list[str]]] = defaultdict(dict)
        for place in {place_of(job) for job in self._jobs}:
            rows = StrategyConfig.objects.filter(at_place(place), is_active=True, depends_on_strategies__isnull=False)
            for strategy, names in rows.values_list("strategy_id", "depends_on_strategies"):
                found[place].setdefault(str(strategy), []).extend(parse_names(names))
        return found


def _read(jobs: Sequence[int]) -> dict[int, Sequence[int]]:
    found: dict[int, Sequence[int]] = {}
    for start in range(0, len(jobs), _CHUNK):
        found |= _waiting(MaintenanceJob.objects.filter(pk__in=jobs[start : start + _CHUNK]))
    return found


def _waiting(rows: QuerySet[MaintenanceJob]) -> dict[int, Sequence[int]]:
    return {pk: numbers(text) for pk, text in rows.values_list("pk", "depends_on_jobs").iterator()}


def _shown(way: Iterable[int | str]) -> str:
    return " → ".join(map(str, way))
