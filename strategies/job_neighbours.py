"""Loads what a job waits for and what waits for it, two steps each way, for its picture: a few queries, however many jobs there are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.db.models import QuerySet

from strategies import job_edges, registry
from strategies.dependencies import Dependency, On, parse_jobs, parse_names
from strategies.job_definitions import at_place, place_of
from strategies.job_graph import MOST_NODES, Edge, Key, Node, Picture, picture
from strategies.models import MaintenanceJob, StrategyConfig

_COLUMNS = ("job_name", "depends_on_jobs", "target__name")
_READ = 100  # jobs read in one step of the way; what is beyond cannot be shown anyhow


class _Found:
    """The picture as it grows. `rows` are the jobs that the reader may see: of others there is nothing but the number."""

    def __init__(self, rows: QuerySet[MaintenanceJob], this: MaintenanceJob) -> None:
        self._rows = rows.select_related("target").only(*_COLUMNS).order_by("job_name", "pk")
        self.nodes: dict[Key, Node] = {this.pk: _node(this)}
        self.edges: list[Edge] = []
        self.more = 0

    def before(self, jobs: Sequence[MaintenanceJob]) -> list[MaintenanceJob]:
        """What these jobs wait for. One query."""
        new = [Edge(entry.job, job.pk, entry.on) for job in jobs for entry in _parsed(job)]
        self.edges += new
        numbers = [number for number in dict.fromkeys(edge.first for edge in new) if number not in self.nodes]
        self.more += max(0, len(numbers) - _READ)
        found = list(self._rows.filter(pk__in=numbers[:_READ]))
        self._keep(found)
        for number in numbers[:_READ]:
            self.nodes.setdefault(number, Node(number, f"Job {number}", "none that you see", is_known=False))
        return found

    def after(self, jobs: Sequence[MaintenanceJob]) -> list[MaintenanceJob]:
        """The jobs that wait for these. One query, and another where there are more than can be shown."""
        numbers = {job.pk for job in jobs}
        if not numbers:
            return []
        waiting = job_edges.waiting_for(self._rows, numbers)
        known = [key for key in self.nodes if isinstance(key, int)]
        most = _READ + len(known)
        rows = list(waiting[:most])
        found = [job for job in rows if job.pk not in self.nodes]
        total = waiting.exclude(pk__in=known).count() if len(rows) == most else len(found)
        found = found[:_READ]
        self.more += total - len(found)
        self._keep(found)
        self.edges += [Edge(entry.job, job.pk, entry.on) for job in rows for entry in _parsed(job)]
        return found[:MOST_NODES]

    def strategies(self, this: MaintenanceJob, names: Iterable[str], followers: Iterable[str]) -> None:
        """Strategies on the same database, before and after the job."""
        for name in (*names, *followers):
            self.nodes.setdefault(name, Node(name, name, "on the same database", name in registry.routines()))
        self.edges += [Edge(name, this.pk, On.SUCCESS) for name in names]
        self.edges += [Edge(this.pk, name, On.SUCCESS) for name in followers]

    def _keep(self, jobs: Iterable[MaintenanceJob]) -> None:
        self.nodes.update((job.pk, _node(job)) for job in jobs)


def neighbours(job: MaintenanceJob, config: StrategyConfig | None, rows: QuerySet[MaintenanceJob]) -> Picture:
    """The picture of one job among those in `rows`, which the reader may see."""
    found = _Found(rows, job)
    found.before(found.before([job])[:MOST_NODES])
    found.after(found.after([job]))
    names = parse_names(config.depends_on_strategies) if config is not None else ()
    found.strategies(job, names, _followers(job))
    return picture(job.pk, found.nodes.values(), found.edges, more=found.more)


def _followers(job: MaintenanceJob) -> list[str]:
    """Strategies whose configurations on the same database wait for this job's strategy."""
    configs = StrategyConfig.objects.filter(
        at_place(place_of(job)), is_active=True, depends_on_strategies__contains=job.strategy_id
    )
    rows = configs.only("strategy", "depends_on_strategies")
    return sorted({row.strategy_id for row in rows if job.strategy_id in parse_names(row.depends_on_strategies)})


def _parsed(job: MaintenanceJob) -> tuple[Dependency, ...]:
    try:
        return parse_jobs(job.depends_on_jobs)
    except ValueError:  # the job is set aside for it
        return ()


def _node(job: MaintenanceJob) -> Node:
    return Node(job.pk, job.job_name, f"job {job.pk} · {job.target.name if job.target else 'home'}")
