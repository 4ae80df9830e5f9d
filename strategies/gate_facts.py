"""Loads what the gate decides on, for all waiting runs at once, with a number of queries that does not grow with them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.conf import settings

from strategies import registry
from strategies.gate import Cap, GateFacts, HoldInForce, RunAhead
from strategies.models import ACTIVE, OCCUPYING, Hold, JobRun, Tag, Target


@dataclass
class _Company:
    """Who else is at work now."""

    total: int = 0
    by_target: Counter[int] = field(default_factory=Counter)
    by_tag: Counter[int] = field(default_factory=Counter)
    work: dict[tuple[int, str], list[JobRun]] = field(default_factory=lambda: defaultdict(list))


def load(runs: Iterable[JobRun], moment: datetime) -> dict[int, GateFacts]:
    """Facts by run id. Runs need `target` loaded. Six queries, however many runs there are."""
    waiting = list(runs)
    tags: dict[int, list[Tag]] = defaultdict(list)
    for link in Target.tags.through.objects.select_related("tag"):
        tags[link.target_id].append(link.tag)
    company = _company(tags)
    holds = list(Hold.objects.in_force().select_related("target", "tag"))
    return {run.pk: _facts(run, moment, tags[run.target_id], company, holds) for run in waiting}


def _company(tags: dict[int, list[Tag]]) -> _Company:
    company = _Company()
    at_work = JobRun.objects.filter(status__in=OCCUPYING).only(
        "id", "status", "target_id", "strategy_name", "target_object"
    )
    for run in at_work:
        company.work[run.target_id, run.strategy_name].append(run)
        if run.status in ACTIVE:
            company.total += 1
            company.by_target[run.target_id] += 1
            company.by_tag.update(tag.pk for tag in tags[run.target_id])
    return company


def _facts(run: JobRun, moment: datetime, tags: list[Tag], company: _Company, holds: list[Hold]) -> GateFacts:
    target = run.target
    facts = target.facts or {}
    others = [other for other in company.work[target.pk, run.strategy_name] if other.pk != run.pk]
    return GateFacts(
        target=target.name,
        is_target_active=target.is_active,
        stopped_why=target.stopped_why if target.stopped_at else "",
        is_checked=target.checked_at is not None,
        check_error=target.check_error,
        facts_age=moment - target.checked_at if target.checked_at else None,
        facts_max_age=timedelta(seconds=settings.PORTAL_FACTS_MAX_AGE_SECONDS),
        changes_data=bool((run.plan or {}).get("steps")),
        is_writable=bool(facts.get("is_writable", True)),
        missing_rights=tuple(
            right["right"]
            for right in target.missing_rights
            if right.get("blocks", True) and right.get("strategy") in (None, run.strategy_name)
        ),
        overlap=RunAhead(others[0].pk, f"{others[0].strategy_name} on {target.name}") if others else None,
        caps=_caps(target, tags, company),
        holds=tuple(
            HoldInForce(hold.scope, hold.reason, hold.placed_by)
            for hold in holds
            if hold.target_id in (None, target.pk)
            and (hold.tag_id is None or hold.tag_id in {tag.pk for tag in tags})
            and hold.environment in ("", None, target.environment)
        ),
        is_runnable=target.platform in registry.platforms()
        and run.strategy_name in registry.routines()
        and registry.supports(target.platform, run.strategy_name),
    )


def _caps(target: Target, tags: list[Tag], company: _Company) -> list[Cap]:
    of_tags = [
        Cap(f"tag {tag.name}", tag.max_parallel_runs, company.by_tag[tag.pk]) for tag in tags if tag.max_parallel_runs
    ]
    return [
        Cap(f"database {target.name}", target.max_parallel_runs, company.by_target[target.pk]),
        *of_tags,
        Cap("the whole portal", settings.PORTAL_MAX_RUNS, company.total),
    ]
