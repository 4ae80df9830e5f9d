"""Keeps what jobs wait for as rows, so that the jobs that wait for one are found without reading all."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from django.db.models import QuerySet

from strategies.dependencies import numbers
from strategies.models import JobDependency, MaintenanceJob


def keep(jobs: Iterable[MaintenanceJob]) -> None:
    """Of jobs that are held and read anew. A list that cannot be read names nobody."""
    wanted = {job.pk: numbers(job.depends_on_jobs) for job in jobs}
    gone, there = [], set()
    for pk, job, upstream in JobDependency.objects.filter(job__in=wanted).values_list("pk", "job", "upstream"):
        if upstream in wanted[job]:
            there.add((job, upstream))
        else:
            gone.append(pk)
    if gone:
        JobDependency.objects.filter(pk__in=gone).delete()
    new = [
        (job, upstream) for job, upstreams in wanted.items() for upstream in upstreams if (job, upstream) not in there
    ]
    JobDependency.objects.bulk_create(JobDependency(job_id=job, upstream=upstream) for job, upstream in new)


def waiting_for(rows: QuerySet[MaintenanceJob], upstreams: Collection[int]) -> QuerySet[MaintenanceJob]:
    """Those of these jobs that wait for one of those, which are told by their numbers."""
    return rows.filter(pk__in=JobDependency.objects.filter(upstream__in=upstreams).values("job"))
