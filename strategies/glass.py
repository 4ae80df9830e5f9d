"""Break-glass: a start against holds, freezes and windows, which one person asks for with a reason and a second one agrees to."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import transaction

from strategies import approvals, audit
from strategies.audit import PORTAL, Actor
from strategies.gate_values import Reason
from strategies.models import OPEN, BreakGlass, JobRun
from strategies.refused import Refused

VALID_FOR = timedelta(hours=4)


def ask(run: JobRun, actor: Actor, reason: str, moment: datetime) -> BreakGlass:
    """Ask for it. Raises Refused for a run that is over, has begun, or has been asked for already, and for an empty reason."""
    if not reason.strip():
        raise Refused("Say why it cannot wait.")
    with transaction.atomic():
        run = JobRun.objects.select_for_update().select_related("target").get(pk=run.pk)
        if run.status not in OPEN or run.has_begun:
            raise Refused("The run has begun, or is over.")
        if BreakGlass.objects.filter(run=run, ends_at__gt=moment, used_at=None).exists():
            raise Refused("It was asked for already.")
        row = BreakGlass.objects.create(
            run=run, reason=reason.strip()[:500], asked_by=actor.name, asked_at=moment, ends_at=moment + VALID_FOR
        )
        audit.record(actor, "glass.asked", row, after={"run": run.pk}, reason=row.reason, target=run.target)
    return row


def agree(row: BreakGlass, actor: Actor, moment: datetime) -> None:
    """A second person agrees. Raises Refused for whoever asked for it or for the run, and where it is too late."""
    if not may_agree(row, actor.person):
        raise Refused("A second person has to agree: not who asked for it, and not who wants the run.")
    with transaction.atomic():
        rows = BreakGlass.objects.filter(pk=row.pk, second_at=None, used_at=None, ends_at__gt=moment)
        if not rows.update(second=actor.name, second_at=moment):
            raise Refused("It is over, or somebody has agreed already.")
        audit.record(actor, "glass.agreed", row, after={"run": row.run_id}, reason=row.reason, target=row.run.target)
    row.refresh_from_db()


def may_agree(row: BreakGlass, person: str) -> bool:
    """Whether this is a second person: neither who asked for it nor who wants the run."""
    return Actor(row.asked_by).person.casefold() != person.casefold() and not approvals.is_requester(row.run, person)


def use(run: JobRun, overrode: Iterable[Reason], moment: datetime) -> None:
    """The run starts on it, within the caller's transaction: kept is what stood against the start."""
    row = BreakGlass.objects.filter(run=run, second_at__isnull=False, used_at=None, ends_at__gt=moment).first()
    if row is None:
        return
    told = [reason.as_json() for reason in overrode]
    BreakGlass.objects.filter(pk=row.pk).update(used_at=moment, overrode=told)
    audit.record(
        PORTAL, "glass.used", row, after={"run": run.pk, "overrode": told}, reason=row.reason, target=run.target
    )


def end(run: JobRun, moment: datetime) -> None:
    """The run is planned anew: nobody has agreed to a start of what that will be."""
    for row in BreakGlass.objects.filter(run=run, used_at=None, ends_at__gt=moment):
        BreakGlass.objects.filter(pk=row.pk, used_at=None).update(ends_at=moment)
        why = "The plan for which it was asked is made anew."
        audit.record(PORTAL, "glass.ended", row, after={"run": run.pk}, reason=why, target=run.target)


def give_back(run: JobRun, moment: datetime) -> None:
    """The run started on it, and was put back before anything of it began: it counts again, for as long as it would have."""
    row = BreakGlass.objects.filter(run=run, used_at__isnull=False, ends_at__gt=moment).first()
    if row is None or BreakGlass.objects.filter(pk=row.pk, used_at=row.used_at).update(used_at=None, overrode=[]) != 1:
        return
    audit.record(PORTAL, "glass.kept", row, after={"run": run.pk}, reason=row.reason, target=run.target)
