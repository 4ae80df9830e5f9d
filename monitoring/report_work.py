"""What was done in the days of a report, counted over the runs that ended in them and the operations that began in them.

Each is found by the index on its time, so that the cost grows with the days and not with the past before them.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from django.db.models import Count, Q, QuerySet, Window

from monitoring import fingerprints, known_errors
from monitoring.grounds import Chosen, Planned
from monitoring.models import ErrorGroup
from monitoring.report_rows import EndedRun, ErrorCount, Runs, Some, Span, WindowUse, Work
from strategies.models import JobRun, MaintenanceWindow, OperationLog, OperationStatus, RunStatus, User
from strategies.run_groups import ended_within, run_groups

CHUNK = 2000
AT_ONCE = 500  # values in one list: Oracle takes at most 1000
DONE = (OperationStatus.SUCCESS, OperationStatus.WARNING)
FAILED = (OperationStatus.ERROR, OperationStatus.TIMEOUT)
NO_DATABASE = "no database"
OUTSIDE, ELSEWHERE = "Outside of windows", "Windows that are switched off or out of sight now"
_ELSEWHERE = -1  # no window has this key


def narrowed(rows: QuerySet[Any], user: User, chosen: Chosen) -> Any:
    """Rows with a target that the user sees, of what was chosen."""
    seen = rows.visible_to(user)  # type: ignore[attr-defined]
    return seen if chosen.is_everything else seen.filter(target__in=chosen.targets(user).order_by().values("pk"))


# Runs


class _Ended(NamedTuple):
    status: str
    strategy: str
    target: int
    finished_at: datetime
    duration_ms: int | None
    window: int | None
    is_late: bool
    has_begun: bool


@dataclass(slots=True)
class Tally:
    """Runs added up one by one."""

    counts: Counter[str] = field(default_factory=Counter)
    worked_ms: int = 0
    measured: int = 0

    def add(self, status: str, duration_ms: int | None) -> None:
        self.counts[status] += 1
        if duration_ms is not None:
            self.worked_ms += duration_ms
            self.measured += 1

    @property
    def runs(self) -> Runs:
        return Runs(**self.counts, worked_ms=self.worked_ms, measured=self.measured)


def ended(user: User, chosen: Chosen, span: Span) -> QuerySet[JobRun]:
    """Runs that ended in these days; the list of runs has the same ones."""
    rows = JobRun.objects.filter(run_groups(span.since)["ended"].condition, ended_within(span.since, span.until))
    found: QuerySet[JobRun] = narrowed(rows, user, chosen)
    return found


def runs(user: User, chosen: Chosen, span: Span) -> list[_Ended]:
    """One query; a row a run."""
    columns = (
        "status",
        "strategy_name",
        "target_id",
        "finished_at",
        "duration_ms",
        "window_id",
        "window_ends_at",
        "started_at",
    )
    found = []
    for row in ended(user, chosen, span).order_by().values_list(*columns).iterator(CHUNK):
        status, strategy, target, finished_at, duration_ms, window, ends_at, started_at = row
        is_late = ends_at is not None and started_at is not None and finished_at > ends_at
        found.append(
            _Ended(status, strategy, target, finished_at, duration_ms, window, is_late, started_at is not None)
        )
    return found


def by_piece(rows: Iterable[_Ended], pieces: Sequence[Span]) -> list[Runs]:
    ends = [piece.until for piece in pieces]
    tallies = [Tally() for _ in pieces]
    for row in rows:
        tallies[bisect_right(ends, row.finished_at)].add(row.status, row.duration_ms)
    return [tally.runs for tally in tallies]


def listed(rows: QuerySet[JobRun], most: int) -> Some[EndedRun]:
    """The latest of them, and how many there are. One query."""
    columns = ("pk", "status", "strategy_name", "target__name", "due_at", "finished_at", "message")
    latest = rows.annotate(of=Window(Count("pk"))).order_by("-finished_at", "-pk").values_list(*columns, "of")[:most]
    found = [(EndedRun(pk, RunStatus(status), *rest), of) for pk, status, *rest, of in latest]
    return Some(tuple(run for run, _ in found), found[0][1] if found else 0)


# Operations


@dataclass(slots=True)
class Operations:
    """By strategy and by target: how many began, and on which objects one did its work."""

    count: int = 0
    objects: set[tuple[int | None, str | None, str]] = field(default_factory=set)
    by_strategy: dict[str, Operations] = field(default_factory=dict)
    by_target: dict[int | None, Operations] = field(default_factory=dict)

    def add(self, n: int, thing: tuple[int | None, str | None, str] | None) -> None:
        self.count += n
        if thing is not None:
            self.objects.add(thing)


def _log(user: User, chosen: Chosen, span: Span) -> Any:
    rows = OperationLog.objects.readable().filter(operation_time__gte=span.since, operation_time__lt=span.until)
    return narrowed(rows, user, chosen).order_by()


def operations(user: User, chosen: Chosen, span: Span) -> Operations:
    """Operations that began in these days. One query, with a row for each object and strategy."""
    found = Operations()
    grouped = _log(user, chosen, span).values_list("strategy_name", "target_id", "target_type", "target_object")
    for strategy, target, kind, name, n, done in grouped.annotate(
        n=Count("pk"), done=Count("pk", filter=Q(status__in=DONE))
    ).iterator(CHUNK):
        thing = (target, kind, name) if done and name else None
        by_strategy = found.by_strategy.setdefault(strategy, Operations())
        for one in (found, by_strategy, found.by_target.setdefault(target, Operations())):
            one.add(n, thing)
    return found


def by_strategy(rows: Iterable[_Ended], log: Operations) -> list[Work]:
    """The busiest first."""
    return _works(((row.strategy, row) for row in rows), log.by_strategy, lambda name: (name, None))


def by_database(rows: Iterable[_Ended], log: Operations, names: Mapping[int, str]) -> list[Work]:
    return _works(((row.target, row) for row in rows), log.by_target, lambda key: (names.get(key, NO_DATABASE), key))


def _works(rows: Iterable[tuple[Any, _Ended]], log: Mapping[Any, Operations], named: Any) -> list[Work]:
    tallies: dict[Any, Tally] = defaultdict(Tally)
    for key, row in rows:
        tallies[key].add(row.status, row.duration_ms)
    nothing = Operations()
    found = []
    for key in tallies.keys() | log.keys():
        done = log.get(key, nothing)
        name, number = named(key)
        found.append(Work(name, number, tallies[key].runs, done.count, len(done.objects)))
    return sorted(found, key=lambda one: (-one.runs.total, -one.operations, one.name))


# Errors


@dataclass(slots=True)
class _Alike:
    last_at: datetime
    n: int = 0
    targets: Counter[int | None] = field(default_factory=Counter)


def errors(
    user: User, chosen: Chosen, span: Span, names: Mapping[int, str], most: int | None
) -> tuple[Some[ErrorCount], int]:  # fmt: skip
    """Errors of operations that began in these days in groups that look alike, the most frequent first, and how many errors there
    are. Two queries for the first `most`.
    """
    found: dict[tuple[str, str, str], _Alike] = {}
    columns = ("error_code", "strategy_name", "error_message", "message", "target_id", "operation_time")
    rows = _log(user, chosen, span).filter(status__in=FAILED).values_list(*columns)
    for code, strategy, error_message, message, target, at in rows.iterator(CHUNK):
        kind = ((code or "").strip(), strategy, fingerprints.shape(error_message or message or ""))
        one = found.setdefault(kind, _Alike(at))
        one.n += 1
        one.targets[target] += 1
        one.last_at = max(one.last_at, at)
    order = sorted(found, key=lambda kind: (-found[kind].n, kind))[:most]
    keys = _group_keys([fingerprints.fingerprint(*kind) for kind in order])
    counts = tuple(_counted(kind, found[kind], names, keys) for kind in order)
    return Some(counts, len(found)), sum(one.n for one in found.values())


def _group_keys(prints: Sequence[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for start in range(0, len(prints), AT_ONCE):
        rows = ErrorGroup.objects.filter(fingerprint__in=prints[start : start + AT_ONCE]).order_by()
        found |= dict(rows.values_list("fingerprint", "pk"))
    return found


def _counted(
    kind: tuple[str, str, str], one: _Alike, names: Mapping[int, str], keys: Mapping[str, int]
) -> ErrorCount:  # fmt: skip
    code, strategy, shape = kind
    known = known_errors.known(code, shape)
    where = tuple(NO_DATABASE if key is None else names.get(key, NO_DATABASE) for key, _ in one.targets.most_common())
    group = keys.get(fingerprints.fingerprint(*kind))
    return ErrorCount(code, strategy, shape, one.n, where, one.last_at, group, known.cause if known else "")


# Windows


def windows(
    planned_windows: Sequence[Planned], rows: Collection[_Ended], span: Span, moment: datetime
) -> list[WindowUse]:
    """Windows that hold for what was chosen, by their rules of today, then what began in others and outside of any. One query."""
    worked: dict[int | None, list[_Ended]] = defaultdict(list)
    known = {planned.window.pk for planned in planned_windows}
    for row in rows:
        if row.has_begun or row.window is not None:
            worked[row.window if row.window is None or row.window in known else _ELSEWHERE].append(row)
    changed = dict(
        MaintenanceWindow.objects.filter(is_active=True, changed_at__gt=span.since).values_list("pk", "changed_at")
    )
    until = min(span.until, moment)
    found = []
    for planned in planned_windows:
        window = planned.window
        slots = list(window.slots(span.since, until)) if span.since < until else []
        seconds = sum((min(slot.ends_at, until) - max(slot.starts_at, span.since)).total_seconds() for slot in slots)
        is_known = window.when is not None
        use = WindowUse(
            name=window.name, key=window.pk, where=planned.where, slots=len(slots) if is_known else None,
            open_seconds=int(seconds) if is_known else None, changed_at=changed.get(window.pk), **_used(worked[window.pk]),
        )  # fmt: skip
        found.append(use)
    found.sort(key=lambda use: (-use.worked_ms, use.name))
    for key, name in ((_ELSEWHERE, ELSEWHERE), (None, OUTSIDE)):
        if worked[key]:
            found.append(
                WindowUse(
                    name, key=None, where="", slots=None, open_seconds=None, changed_at=None, **_used(worked[key])
                )
            )
    return found


def _used(rows: Collection[_Ended]) -> dict[str, int]:
    return {
        "runs": len(rows),
        "worked_ms": sum(row.duration_ms or 0 for row in rows),
        "late": sum(row.is_late for row in rows),
    }
