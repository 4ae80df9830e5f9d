"""Groups of errors as pages, files and reports show them: what a person may see of them, with a constant number of queries."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import NamedTuple

from django.db.models import Max, Min, QuerySet, Sum

from monitoring import known_errors
from monitoring.known_errors import KnownError
from monitoring.models import ErrorDay, ErrorGroup, HandledError
from monitoring.rows import DayCount, Period
from strategies.models import AuditEntry, OperationLog, User

LATEST = 20
HISTORY = 10
SHOWN_TARGETS = 20
ONE_ACT = timedelta(seconds=10)  # entries of one act are written one after the other
OBJECTS = 20
AT_ONCE = 500  # values in one list: Oracle takes at most 1000
NO_TARGET = "no database"


@dataclass(frozen=True, slots=True)
class ErrorRow:
    """One group over a period. `first_at` is that of all time; `targets` the names, the most hit first."""

    group: ErrorGroup
    count: int
    first_at: datetime
    last_at: datetime
    days: tuple[DayCount, ...]
    targets: tuple[str, ...]
    handled: HandledError | None
    is_open: bool

    @property
    def known(self) -> KnownError | None:
        return known_errors.known(self.group.error_code, self.group.shape)

    @property
    def came_back(self) -> bool:
        """Whether somebody dealt with it, and it came again."""
        return self.is_open and self.handled is not None


class ErrorRows(NamedTuple):
    """Groups, the open ones first and of those the most frequent; `of` is how many there are, `errors` how many errors."""

    rows: tuple[ErrorRow, ...]
    of: int
    still_open: int
    errors: int


class OnTarget(NamedTuple):
    """One group on one target over a period: `n` errors."""

    target: str
    n: int
    last_at: datetime
    is_open: bool


class Occurrence(NamedTuple):
    """The latest error of one day on one target; `n` is how many it was that day. The log may have lost its row."""

    at: datetime
    target: str
    object: str
    message: str
    n: int
    operation_id: int
    is_in_log: bool


@dataclass(frozen=True, slots=True)
class ErrorDetail:
    """All of one group. `objects` are those that it hit most often; `row` is None where none came in the period.

    `last_at` is that of all time.
    """

    row: ErrorRow | None
    last_at: datetime | None
    is_open: bool
    handled: HandledError | None
    targets: tuple[OnTarget, ...]
    objects: tuple[tuple[str, int], ...]
    latest: tuple[Occurrence, ...]


class Act(NamedTuple):
    """Somebody noted that the errors on these targets are dealt with."""

    actor: str
    at: datetime
    note: str
    targets: tuple[str, ...]


class _Pair(NamedTuple):
    """One group on one target."""

    target: int | None
    name: str
    n: int
    last_at: datetime


_Marks = Mapping[tuple[int, int | None], HandledError]


def groups(
    user: User, period: Period, *, strategy: str = "", target: int | None = None, state: str = "", most: int | None = None
) -> ErrorRows:  # fmt: skip
    """Groups that came in these days: all, or (`state`) the `open` or `handled` ones; the first `most` of them in full.

    Open is what has an error that nobody has dealt with, of these days or before: so says the page of the group too.
    """
    days = _days(user, strategy=strategy, target=target)
    pairs = _pairs(_within(days, period))
    every = _pairs(days.filter(group__in=list(pairs)) if len(pairs) <= AT_ONCE else days)
    marks = _marks(user, pairs)
    open_ = {group for group in pairs if any(_is_open(group, pair, marks) for pair in every[group])}
    counts = {group: sum(pair.n for pair in each) for group, each in pairs.items()}
    wanted = [group for group in pairs if not state or (group in open_) == (state == "open")]
    wanted.sort(key=lambda group: (group not in open_, -counts[group], group))
    shown = {group: pairs[group] for group in wanted[:most]}
    rows = _rows(days, period, shown, {group: _latest_mark(group, every[group], marks) for group in shown}, open_)
    return ErrorRows(rows, len(wanted), len(open_.intersection(wanted)), sum(counts[group] for group in wanted))


def detail(user: User, group: ErrorGroup, period: Period, *, target: int | None = None) -> ErrorDetail:
    """One group that the user sees, over these days."""
    days = _days(user, target=target).filter(group=group)
    within = _within(days, period)
    every, recent = _pairs(days), _pairs(within)
    marks = _marks(user, every or {group.pk: []})
    open_ = {group.pk} if any(_is_open(group.pk, pair, marks) for pair in every.get(group.pk, ())) else set()
    handled = _latest_mark(group.pk, every.get(group.pk, ()), marks)
    row = next(iter(_rows(days, period, recent, {group.pk: handled}, open_)), None)
    targets = (
        OnTarget(pair.name, pair.n, pair.last_at, _is_open(group.pk, pair, marks)) for pair in recent.get(group.pk, ())
    )  # fmt: skip
    return ErrorDetail(
        row,
        max((pair.last_at for pair in every.get(group.pk, ())), default=None),
        bool(open_),
        handled,
        tuple(targets),
        _objects(within),
        _latest(user, within),
    )


def history(user: User, group: ErrorGroup) -> tuple[Act, ...]:
    """Who noted when that it is dealt with, the latest first; one act on several targets is one. One query."""
    rows = AuditEntry.objects.visible_to(user).filter(object_type="ErrorGroup", object_id=str(group.pk))
    found: list[Act] = []
    columns = rows.order_by("-pk").values_list("actor", "at", "reason", "target__name")
    for actor, at, note, target in columns[: HISTORY * SHOWN_TARGETS]:
        name = target or NO_TARGET
        if found and found[-1][:1] + found[-1][2:3] == (actor, note) and found[-1].at - at < ONE_ACT:
            found[-1] = found[-1]._replace(targets=(*found[-1].targets, name))
        else:
            found.append(Act(actor, at, note, (name,)))
    return tuple(found[:HISTORY])


def _days(user: User, *, strategy: str = "", target: int | None = None) -> QuerySet[ErrorDay]:
    rows = ErrorDay.objects.visible_to(user).order_by()
    if strategy:
        rows = rows.filter(group__strategy_name=strategy)
    return rows if target is None else rows.filter(target=target)


def _within(days: QuerySet[ErrorDay], period: Period) -> QuerySet[ErrorDay]:
    return days.filter(day__gte=period.first, day__lte=period.last)


def _pairs(days: QuerySet[ErrorDay]) -> dict[int, list[_Pair]]:
    """Each group's targets, the most hit first."""
    found: dict[int, list[_Pair]] = defaultdict(list)
    rows = days.values_list("group_id", "target_id", "target__name").annotate(n=Sum("count"), last=Max("last_at"))
    for group, target, name, count, last_at in rows:
        found[group].append(_Pair(target, name or NO_TARGET, count, last_at))
    for each in found.values():
        each.sort(key=lambda pair: (-pair.n, pair.name))
    return dict(found)


def _marks(user: User, pairs: Collection[int]) -> _Marks:
    """What somebody dealt with, of these groups."""
    rows = HandledError.objects.visible_to(user)
    if len(pairs) <= AT_ONCE:
        rows = rows.filter(group__in=list(pairs))
    return {(mark.group_id, mark.target_id): mark for mark in rows}


def _is_open(group: int, pair: _Pair, marks: _Marks) -> bool:
    mark = marks.get((group, pair.target))
    return mark is None or pair.last_at > mark.until_at


def _latest_mark(group: int, pairs: Collection[_Pair], marks: _Marks) -> HandledError | None:
    found = [mark for pair in pairs if (mark := marks.get((group, pair.target))) is not None]
    return max(found, key=lambda mark: mark.handled_at, default=None)


def _rows(
    days: QuerySet[ErrorDay], period: Period, pairs: Mapping[int, list[_Pair]], handled: Mapping[int, HandledError | None],
    open_: Collection[int],
) -> tuple[ErrorRow, ...]:  # fmt: skip
    """In the order of `pairs`; three queries for each five hundred groups."""
    found: list[ErrorRow] = []
    every = list(pairs)
    for start in range(0, len(every), AT_ONCE):
        some = every[start : start + AT_ONCE]
        known = ErrorGroup.objects.in_bulk(some)
        of_these = days.filter(group__in=some)
        first = dict(of_these.values_list("group_id").annotate(first=Min("first_at")))
        by_day: dict[int, dict[date, int]] = defaultdict(dict)
        for group, day, n in _within(of_these, period).values_list("group_id", "day").annotate(n=Sum("count")):
            by_day[group][day] = n
        found += (
            ErrorRow(
                group=known[group],
                count=sum(pair.n for pair in pairs[group]),
                first_at=first[group],
                last_at=max(pair.last_at for pair in pairs[group]),
                days=tuple(DayCount(day, by_day[group].get(day, 0)) for day in period.days),
                targets=tuple(pair.name for pair in pairs[group]),
                handled=handled[group],
                is_open=group in open_,
            )
            for group in some
        )
    return tuple(found)


def _objects(days: QuerySet[ErrorDay]) -> tuple[tuple[str, int], ...]:
    total: Counter[str] = Counter()
    for objects in days.values_list("objects_hit", flat=True):
        total.update(objects)
    return tuple(sorted(total.items(), key=lambda item: (-item[1], item[0]))[:OBJECTS])


def _latest(user: User, days: QuerySet[ErrorDay]) -> tuple[Occurrence, ...]:
    rows = list(
        days.select_related("target").defer("objects_hit", "target__facts").order_by("-last_at", "-pk")[:LATEST]
    )
    left = OperationLog.objects.visible_to(user).filter(pk__in=[row.last_operation_id for row in rows])
    in_log = set(left.order_by().values_list("pk", flat=True))
    return tuple(
        Occurrence(
            row.last_at, row.target.name if row.target else NO_TARGET, row.last_object, row.last_message, row.count,
            row.last_operation_id, row.last_operation_id in in_log,
        )
        for row in rows
    )  # fmt: skip
