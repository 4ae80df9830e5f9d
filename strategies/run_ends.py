"""Runs at work end sooner where what let them in ends sooner by now: a freeze that was typed in meanwhile, a window made shorter."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime

from strategies import audit, timetables
from strategies.audit import PORTAL
from strategies.models import ACTIVE, JobRun, Target
from strategies.timetables import Timetable


def bring_forward(moment: datetime) -> None:
    """Never later: that takes somebody who may extend the window. What two people let start against windows and freezes goes on."""
    rows = JobRun.objects.filter(status__in=ACTIVE).exclude(is_read_only=True).exclude(glasses__used_at__isnull=False)
    at_work = list(rows.select_related("target").defer("plan"))
    if not at_work:
        return
    timetable = timetables.load(moment)
    tags: dict[int, list[int]] = defaultdict(list)
    for target, tag in Target.tags.through.objects.values_list("target_id", "tag_id"):
        tags[target].append(tag)
    for run in at_work:
        ends_at = _ends_at(run, timetable, tags[run.target_id])
        if ends_at is not None and (run.window_ends_at is None or ends_at < run.window_ends_at):
            _move(run, ends_at)


def _ends_at(run: JobRun, timetable: Timetable, tags: list[int]) -> datetime | None:
    """Until when it may be at work by what holds now; None = nothing ends it."""
    facts = timetable.facts(timetables.place_of(run.target, tags), {})
    ends = [timetable.moment] if facts.freezes else [facts.freezes_at] if facts.freezes_at is not None else []
    window = next((window for window in timetable.windows if window.pk == run.window_id), None)
    if window is not None:
        opening = window.opening(timetable.moment)
        ends.append(opening.slot.ends_at if opening is not None else timetable.moment)
    return min(ends, default=None)


def _move(run: JobRun, ends_at: datetime) -> None:
    """The run itself looks at its end each second."""
    rows = JobRun.objects.filter(pk=run.pk, status__in=ACTIVE, window_ends_at=run.window_ends_at)
    if rows.update(window_ends_at=ends_at) == 1:
        before = {"ends_at": run.window_ends_at.isoformat() if run.window_ends_at else None}
        audit.record(
            PORTAL, "run.end_moved", run, before=before, after={"ends_at": ends_at.isoformat()}, target=run.target
        )
