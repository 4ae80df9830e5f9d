"""The report on maintenance for managers: what was done, missed, approved and went wrong in some days on the databases in sight.

It is counted from the runs and the operation log at the moment at which it is asked for, and kept nowhere.
"""

from __future__ import annotations

from datetime import UTC, datetime

from monitoring import grounds, report_consents, report_work
from monitoring.grounds import Chosen
from monitoring.models import RollupMark
from monitoring.report_rows import Piece, Report, Some, Span
from strategies.models import Environment, RunStatus, User

SHOWN = 20  # rows of each list on the page and in the document; the file has all


def report(user: User, chosen: Chosen, span: Span, moment: datetime, *, is_whole: bool = False) -> Report:
    """A constant number of queries. `is_whole`: with all databases and errors, not the first `SHOWN`."""
    most = None if is_whole else SHOWN
    targets, places = grounds.databases(user, chosen)
    names = {pk: target.name for pk, target in targets.items()}
    windows = grounds.windows(user, span.since)
    if not chosen.is_everything:
        windows = [one for one in windows if any(map(one.window.scope.covers, places.values()))]
    since = span.since
    both = report_work.runs(user, chosen, Span(span.before.first, span.last, span.zone))
    earlier, rows = ([row for row in both if (row.finished_at >= since) is is_now] for is_now in (False, True))
    log = report_work.operations(user, chosen, span)
    pieces, before = (report_work.by_piece(*one) for one in ((rows, span.pieces), (earlier, span.before.pieces)))
    databases = report_work.by_database(rows, log, names)
    ended = report_work.ended(user, chosen, span)
    errors, error_count = report_work.errors(user, chosen, span, names, most)
    return Report(
        span=span, scope=scope_words(chosen), moment=moment, runs=sum(pieces[1:], pieces[0]), before=sum(before[1:], before[0]),
        pieces=tuple(map(Piece, span.pieces, pieces, before)),
        strategies=tuple(report_work.by_strategy(rows, log)), databases=Some(tuple(databases[:most]), len(databases)),
        operations=log.count, objects=len(log.objects),
        missed=report_work.listed(ended.filter(status=RunStatus.MISSED), SHOWN),
        unhandled=report_work.listed(ended.filter(awaits_handling=True), SHOWN),
        consents=report_consents.consents(user, chosen, span, SHOWN),
        errors=errors, error_count=error_count, windows=report_work.windows(windows, rows, span, moment),
        pruned_before=RollupMark.objects.filter(pk=1, sealed_before__gt=span.since.astimezone(UTC).date())
        .values_list("sealed_before", flat=True).first(),
        has_demo=any(target.is_demo for target in targets.values()),
    )  # fmt: skip


def scope_words(chosen: Chosen) -> str:
    """As a sentence has it: `all databases in sight`, `database shop`, `tenant Main, environment Production`."""
    parts = [
        f"{word} {value}"
        for word, value in (
            ("database", chosen.target),
            ("tenant", chosen.tenant),
            ("environment", Environment(chosen.environment).label if chosen.environment else None),
            ("tag", chosen.tag),
        )
        if value is not None
    ]
    return ", ".join(parts) or "all databases in sight"
