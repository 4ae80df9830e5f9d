"""Loads what the gate decides on, for any number of waiting runs with the same few queries."""

from __future__ import annotations

import logging
from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import DatabaseError

from strategies import implementations, timetables
from strategies.consents import Consents
from strategies.gate import verdict
from strategies.gate_values import (
    SAID_BY_TARGET,
    Cap,
    GateFacts,
    HoldInForce,
    Predicted,
    Reason,
    RunAhead,
    Verdict,
)
from strategies.job_facts import job_facts
from strategies.models import ACTIVE, OCCUPYING, Hold, JobRun, RunStatus, Tag, Target
from strategies.scope import Place

log = logging.getLogger(__name__)


class Gatehouse:
    """Who is at work, what is held, which caps there are, at one moment.

    When runs are let in one after the other (`counts_ready`), those that already have their turn count as if they were at work,
    and each one `admit`ted counts for the next. At the claim only what really is at work counts.
    """

    def __init__(self, moment: datetime, asking: Sequence[JobRun], *, counts_ready: bool) -> None:
        self._moment = moment
        self._jobs = job_facts(asking, moment)
        self._timetable = timetables.load(moment)
        self._consents = Consents(asking, moment)
        self._total = 0
        self._by_target: Counter[int] = Counter()
        self._by_tag: Counter[int] = Counter()
        self._by_window: Counter[int] = Counter()
        self._ahead: dict[tuple[int, str], list[int]] = defaultdict(list)
        self._tags: dict[int, list[Tag]] = defaultdict(list)
        for link in Target.tags.through.objects.select_related("tag"):
            self._tags[link.target_id].append(link.tag)
        self._holds = list(Hold.objects.in_force().select_related("target", "tag", "tenant"))
        statuses = (*OCCUPYING, RunStatus.READY) if counts_ready else OCCUPYING
        busy = JobRun.objects.filter(status__in=statuses).only(
            "id", "status", "target_id", "strategy_name", "window_id"
        )
        for run in busy:
            self._count(run, takes_slot=run.status in (*ACTIVE, RunStatus.READY))
            if run.status != RunStatus.PAUSED and run.window_id is not None:
                self._by_window[run.window_id] += 1

    def admit(self, run: JobRun, answer: Verdict) -> None:
        """This run was let in: it counts for those behind it."""
        self._count(run, takes_slot=True)
        if answer.opening is not None:
            self._by_window[answer.opening.window.pk] += 1

    def judge(self, run: JobRun) -> Verdict:
        """What the gate answers. A run on which the portal itself fails waits and says so, and keeps no other from its turn."""
        try:
            return verdict(self.facts(run), self._moment)
        except DatabaseError:
            raise
        except Exception as bug:
            reason = Reason(
                "portal_failed",
                f"The portal itself failed when it asked whether this run may start: {type(bug).__name__}.",
                "Whoever runs the portal finds more in its log; a DBA may cancel the run.",
            )
            if run.reasons != [reason.as_json()]:  # else each second again
                log.exception("run %s: the gate failed", run.pk)
            return Verdict(self._moment, (reason,))

    def _count(self, run: JobRun, *, takes_slot: bool) -> None:
        self._ahead[run.target_id, run.strategy_name].append(run.pk)
        if takes_slot:
            self._total += 1
            self._by_target[run.target_id] += 1
            self._by_tag.update(tag.pk for tag in self._tags[run.target_id])

    def facts(self, run: JobRun) -> GateFacts:
        """All that the verdict on this run rests on. The run needs its `target` loaded."""
        target, said = run.target, run.target.facts or {}
        place = timetables.place_of(target, (tag.pk for tag in self._tags[target.pk]))
        predicted = run.predicted or {}
        return GateFacts(
            target=target.name,
            is_target_active=target.is_active,
            stopped_why=target.stopped_why if target.stopped_at else "",
            is_checked=target.checked_at is not None,
            check_error=target.check_error,
            facts_age=self._moment - target.checked_at if target.checked_at else None,
            facts_max_age=timedelta(seconds=settings.PORTAL_FACTS_MAX_AGE_SECONDS),
            changes_data=not run.is_read_only,
            is_writable=bool(said.get("is_writable", True)),
            missing_rights=missing_rights(run),
            overlap=self._overlap(run),
            caps=self._caps(target),
            holds=self._holds_on(place),
            is_runnable=_is_runnable(run),
            due_at=None if run.has_begun else run.due_at,
            start_before=None if run.has_begun else run.start_before,
            not_before=run.not_before,
            put_back=_put_back(run),
            job=self._jobs.get(run.pk),
            calendar=self._timetable.facts(place, self._by_window),
            predicted=Predicted(predicted.get("p90_ms"), predicted.get("firsts_p90_ms", ())),
            approval=self._consents.reason(run),
            glass=self._consents.glass(run),
        )

    def opens(self, target: Target, at: datetime, bound: datetime) -> datetime | None:
        """See timetables.Timetable.opens."""
        place = timetables.place_of(target, (tag.pk for tag in self._tags[target.pk]))
        return self._timetable.opens(place, at, bound)

    def _overlap(self, run: JobRun) -> RunAhead | None:
        others = [pk for pk in self._ahead[run.target_id, run.strategy_name] if pk != run.pk]
        return RunAhead(others[0], f"{run.strategy_name} on {run.target.name}") if others else None

    def _caps(self, target: Target) -> list[Cap]:
        of_tags = [
            Cap(f"tag {tag.name}", tag.max_parallel_runs, self._by_tag[tag.pk])
            for tag in self._tags[target.pk]
            if tag.max_parallel_runs
        ]
        return [
            Cap(f"database {target.name}", target.max_parallel_runs, self._by_target[target.pk]),
            *of_tags,
            Cap("the whole portal", settings.PORTAL_MAX_RUNS, self._total),
        ]

    def _holds_on(self, place: Place) -> tuple[HoldInForce, ...]:
        return tuple(
            HoldInForce(hold.scope, hold.reason, hold.placed_by) for hold in self._holds if hold.where.covers(place)
        )


def missing_rights(run: JobRun) -> tuple[str, ...]:
    """What the account lacks for the strategy of this run, as the last check saw it."""
    return tuple(right["right"] for right in rows_of_missing_rights(run))


def rows_of_missing_rights(run: JobRun) -> list[dict[str, Any]]:
    """The same, with what each is needed for and the statement that would grant it."""
    return [
        right
        for right in run.target.missing_rights
        if right.get("blocks", True) and right.get("strategy") in (None, run.strategy_name)
    ]


def _is_runnable(run: JobRun) -> bool:
    return not implementations.why_not(run.target, run.strategy_name, run.parameters)


def _put_back(run: JobRun) -> list[Reason]:
    """What its database said of it. The run keeps the gate's own reasons beside, which are found out anew each time."""
    told = [Reason.from_json(reason) for reason in run.reasons] if run.not_before else []
    return [reason for reason in told if reason.code in SAID_BY_TARGET]
