"""Windows are kept, changed and removed: checked before, by whoever may, and with what they were before in the audit."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from strategies import audit
from strategies.audit import Actor
from strategies.change_checks import (
    CHANGED,
    SCOPE,
    judge_name,
    judge_owner,
    judge_range,
    judge_reach,
    judge_times,
    of_this_name,
    stored_row,
)
from strategies.models import OCCUPYING, MaintenanceWindow, Role, User
from strategies.models.window import MOST_EXTENDED
from strategies.refused import Refused

LONGEST_GRACE = 240  # minutes


def keep_window(actor: Actor, user: User, window: MaintenanceWindow, *, drawn_from: str = "") -> bool:
    """Keep a new window, or what was changed of one. False = it is as it was.

    `drawn_from` is the `version` of the window that the person saw. Raises Refused, also for who has no hand in all of its scope.
    """
    judge_window(user, window)
    with transaction.atomic():
        stored = stored_row(window, drawn_from)
        if stored is not None:
            judge_reach(user, stored)
        before = told_of_window(stored) if stored is not None else None
        if before is not None and before == told_of_window(window):
            return False
        window.changed_by = actor.name
        with of_this_name(window, "window"):
            window.save()
        after, target = told_of_window(window), window.target
        if stored is None:
            audit.record(actor, "window.added", window, after=after, target=target)
        else:
            audit.record(actor, "window.changed", window, before=before, after=after, target=target)
    return True


def judge_window(user: User, window: MaintenanceWindow) -> None:
    """Raises Refused where this window may not be so, or not by this person. Nothing is kept."""
    judge_name(window, "window")
    judge_times(window)
    judge_range(window, "capacity", 1, 32_767)
    judge_range(window, "grace_minutes", 0, LONGEST_GRACE)
    judge_range(window, "extend_minutes", 0, MOST_EXTENDED)
    if window.extended_by not in (Role.DBA, Role.APPROVER):
        raise Refused("A DBA or an approver may extend it.", "extended_by")
    judge_owner(user, window.owner)
    judge_reach(user, window)


def remove_window(actor: Actor, user: User, window: MaintenanceWindow) -> None:
    """Raises Refused while runs are at work in it, and for who has no hand in all of its scope."""
    with transaction.atomic():
        stored = MaintenanceWindow.objects.select_for_update(of=("self",)).get(pk=window.pk)
        judge_reach(user, stored)
        if stored.runs.filter(status__in=OCCUPYING).exists():
            raise Refused("Runs are at work in it. Close it early, or wait until they have ended.")
        audit.record(actor, "window.removed", stored, before=told_of_window(stored), target=stored.target)
        stored.delete()


def told_of_window(window: MaintenanceWindow) -> dict[str, Any]:
    """What the audit keeps of a window."""
    names = (name for name in CHANGED[MaintenanceWindow] if name not in SCOPE)
    return {**{name: getattr(window, name) for name in names}, "scope": window.scope}
