"""The queue of wake-ups. A wake-up carries a primary key and nothing else, and may vanish: the tick sends another."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django_q.brokers import get_broker
from django_q.models import OrmQ, Task
from django_q.tasks import async_task

from strategies.models import Pulse

MAINTENANCE = "maintenance"  # runs: one at a time per worker, however long
DEFAULT = "default"  # everything short

# What may be woken up: name -> (dotted path, cluster). A test resolves each path.
TASKS: dict[str, tuple[str, str]] = {
    "run_job": ("maintenance_portal.tasks.run_job", MAINTENANCE),
    "plan_run": ("maintenance_portal.tasks.plan_run", DEFAULT),
    "look_after_run": ("maintenance_portal.tasks.look_after_run", DEFAULT),
    "check_target": ("maintenance_portal.tasks.check_target", DEFAULT),
    "assess": ("maintenance_portal.tasks.assess", DEFAULT),
    "collect": ("maintenance_portal.tasks.collect", DEFAULT),
    "import_framework": ("maintenance_portal.tasks.import_framework", DEFAULT),
    "roll_up": ("maintenance_portal.tasks.roll_up", DEFAULT),
    "deliver": ("maintenance_portal.tasks.deliver", DEFAULT),
    "care_for_log": ("maintenance_portal.tasks.care_for_log", DEFAULT),
}
TAKE = "maintenance_portal.pulse.take"  # what a worker calls for each of them
ANSWER_PULSE = "maintenance_portal.pulse.answer"

_AT_MOST_BETWEEN = timedelta(minutes=10)  # however long a row has waited: about fifty wake-ups in eight hours
_KEPT = timedelta(days=30)  # what failed tasks left in the queue's own table; our rows and the log tell it, too
_BATCH = 500  # Oracle takes at most 1000 expressions in a list


def enqueue(name: str, pk: int) -> None:
    """Wake a worker for this row once the current transaction has committed."""
    path, cluster = TASKS[name]
    transaction.on_commit(partial(_send, path, pk, cluster))


def ask_pulse(cluster: str) -> None:
    """Ask a cluster through its own queue whether it takes wake-ups."""
    transaction.on_commit(partial(_send, ANSWER_PULSE, cluster, cluster))


def _send(path: str, argument: int | str, cluster: str) -> None:
    call = (path, argument) if path == ANSWER_PULSE else (TAKE, path, argument, cluster)
    async_task(*call, cluster=cluster, save=False)


class _Server:
    """Whether the server through which wake-ups go was there when this process asked last. The portal's own database always is."""

    is_away = False


def look() -> None:
    """Ask it, before each tick."""
    _Server.is_away = bool(settings.PORTAL_REDIS) and not get_broker(DEFAULT).ping()
    if _Server.is_away:  # the questions are lost with the wake-ups: no cluster is to be replaced for want of an answer
        Pulse.objects.exclude(asked_at=None).update(asked_at=None)


def is_away() -> bool:
    return _Server.is_away


def is_overdue(since: datetime | None, woken_at: datetime | None, moment: datetime) -> bool:
    """Whether a row that waits `since` then is woken again: its wake-up vanished, or waits its turn in the queue.

    The two cannot be told apart from here, so the first comes after PORTAL_WAKE_SECONDS, and the distance doubles with the
    time waited, up to ten minutes: a long queue is not made longer without bound. While nothing can be sent nothing is overdue:
    else the distances would grow, and what waits would wait on when the server is back.
    """
    if _Server.is_away:
        return False
    if woken_at is None:
        return True
    first = timedelta(seconds=settings.PORTAL_WAKE_SECONDS)
    return moment - woken_at > max(first, min(woken_at - (since or woken_at), _AT_MOST_BETWEEN))


def take_over(cluster: str) -> None:
    """For a cluster that starts: what the one before it had fetched is delivered again, and the pulse is asked anew.

    A wake-up fetched by workers that were killed would else stay locked for as long as a run may take. One whose work
    goes on all the same comes twice, which does no harm. (Redis gives each away for good: there the tick sends another.)
    """
    now = timezone.now()
    OrmQ.objects.filter(key=cluster, lock__gt=now).update(lock=now)
    Pulse.objects.filter(cluster=cluster).update(asked_at=None)


def prune(moment: datetime) -> int:
    """Delete one batch of what the queue keeps of tasks that ended over thirty days ago; how many rows it was."""
    old = Task.objects.filter(stopped__lt=moment - _KEPT).order_by("stopped")
    pks = list(old.values_list("pk", flat=True)[:_BATCH])
    return Task.objects.filter(pk__in=pks).delete()[0] if pks else 0
