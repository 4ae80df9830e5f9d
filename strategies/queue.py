"""Sends wake-ups to the workers. A wake-up carries a primary key and nothing else, and may vanish: the tick sends another."""

from __future__ import annotations

from functools import partial

from django.db import transaction
from django_q.tasks import async_task

MAINTENANCE = "maintenance"  # runs: one at a time per worker, however long
DEFAULT = "default"  # everything short

# What may be woken up: name -> (dotted path, cluster). A test resolves each path.
TASKS: dict[str, tuple[str, str]] = {
    "run_job": ("maintenance_portal.tasks.run_job", MAINTENANCE),
    "plan_run": ("maintenance_portal.tasks.plan_run", DEFAULT),
    "look_after_run": ("maintenance_portal.tasks.look_after_run", DEFAULT),
    "check_target": ("maintenance_portal.tasks.check_target", DEFAULT),
    "assess": ("maintenance_portal.tasks.assess", DEFAULT),
}
ANSWER_PULSE = "maintenance_portal.tasks.answer_pulse"


def enqueue(name: str, pk: int) -> None:
    """Wake a worker for this row once the current transaction has committed."""
    path, cluster = TASKS[name]
    transaction.on_commit(partial(_send, path, pk, cluster))


def ask_pulse(cluster: str) -> None:
    """Ask a cluster through its own queue whether it takes wake-ups."""
    transaction.on_commit(partial(_send, ANSWER_PULSE, cluster, cluster))


def _send(path: str, argument: int | str, cluster: str) -> None:
    async_task(path, argument, cluster=cluster, save=False)
