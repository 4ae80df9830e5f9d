"""What a reader's search finds, in groups: a constant number of queries, none of which reads the log without a bound."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db.models import Case, Q, QuerySet, When
from django.urls import reverse
from django.utils.http import urlencode

from monitoring.models import ErrorDay
from strategies import registry
from strategies.forms.clear_text import without_password
from strategies.manual import manual
from strategies.models import (
    READS_SQL,
    Finding,
    JobRun,
    MaintenanceJob,
    OperationLog,
    StrategyType,
    Tag,
    Target,
    User,
    may,
)
from strategies.models.state import State

SHOWN = 8  # hits in each group
RECENT_RUNS = 10_000  # the latest runs, among which those of a database or strategy are looked for
ERRORS_WITHIN = timedelta(days=31)
_NUMBER = re.compile(r"(run|operation)?\s*(#?)\s*([0-9]{1,18})", re.IGNORECASE)


class Query(NamedTuple):
    """What was typed. `number` is set where it is one: `812`, which may also be a part of a name, `#812`, `run 812`.

    `of` is what marks it as a number: `run`, `operation`, `#` for either of them, or nothing.
    """

    text: str
    number: int | None = None
    of: str = ""


class Hit(NamedTuple):
    """One thing that was found. `severity` is that of a finding; `moment` is when a run was asked for, or an operation began.

    A `state` as text is a word that SQL typed and the portal does not know.
    """

    title: str
    url: str
    detail: str = ""
    state: State | str | None = None
    severity: str = ""
    moment: datetime | None = None


class Group(NamedTuple):
    """Things of one kind, at most SHOWN of them. `url` is the page of all, and `link` says what it shows."""

    title: str
    icon: str
    hits: Sequence[Hit]
    has_more: bool
    url: str
    link: str


def parse(text: str) -> Query:
    text = " ".join(text.split())
    found = _NUMBER.fullmatch(text)
    return Query(text, int(found[3]), (found[1] or found[2]).lower()) if found else Query(text)


def search(user: User, query: Query, moment: datetime) -> list[Group]:
    """What this person may see of what was asked for; groups without a hit are left out."""
    if query.of:
        groups = [
            _runs(user, query, []) if query.of != "operation" else None,
            _operations(user, query, moment) if query.of != "run" else None,
        ]
    else:
        names = _strategy_names(query.text)
        groups = [
            _databases(user, query.text),
            _jobs(user, query.text),
            _runs(user, query, [name for name, _ in names]),
            _strategies(names),
            _findings(user, query.text),
            _operations(user, query, moment),
            _people(user, query.text),
        ]
    return [group for group in groups if group is not None and group.hits]


def _group(
    title: str, icon: str, rows: Iterable[Any], hit: Callable[[Any], Hit], url: str, link: str
) -> Group:  # fmt: skip
    """Of up to SHOWN + 1 rows, the last of which only says that there are more."""
    found = list(rows)
    return Group(title, icon, [hit(row) for row in found[:SHOWN]], len(found) > SHOWN, url, link)


def _listed(page: str, /, **narrowed: Any) -> str:
    """A list's address, narrowed."""
    return f"{reverse(page)}?{urlencode(narrowed)}" if narrowed else reverse(page)


def _joined(*parts: str) -> str:
    return " · ".join(part for part in parts if part)


def title_of(strategy: str) -> str:
    routine = registry.routines().get(strategy)
    return routine.title if routine else strategy.replace("_", " ").capitalize()


def _holds(text: str, *values: str | None) -> bool:
    return any(text.casefold() in value.casefold() for value in values if value)


def _databases(user: User, text: str) -> Group:
    """By name, owner or tag; by address, without what may be a password in it, for whoever reads SQL."""
    tagged = Target.tags.through.objects.filter(tag__in=Tag.objects.filter(name__icontains=text))
    wanted = Q(name__icontains=text) | Q(owner__icontains=text) | Q(pk__in=tagged.values("target"))
    if reads_sql := may(user, *READS_SQL):
        wanted |= Q(url__icontains=text, is_home=False)
    begins_so = Case(When(name__istartswith=text, then=0), default=1)
    rows = Target.objects.visible_to(user).filter(wanted).prefetch_related("tags").defer("facts", "missing_rights")
    found = [row for row in rows.order_by(begins_so, "name")[: SHOWN + 1] if _is_seen(row, text, reads_sql)]
    is_by_name = any(_holds(text, row.name) for row in found)
    return _group(
        "Databases", "hdd-stack", found, lambda row: _database(row, text, reads_sql),
        _listed("targets", name=text) if is_by_name else _listed("targets"),
        "All with this in their name" if is_by_name else "All databases",
    )  # fmt: skip


def _is_seen(row: Target, text: str, reads_sql: bool) -> bool:
    """Whether it was found by something that is shown: what stands in an address as a password is not told by guessing it."""
    tags = (tag.name for tag in row.tags.all())
    return _holds(text, row.name, row.owner, *tags, without_password(row.url) if reads_sql else None)


def _database(row: Target, text: str, reads_sql: bool) -> Hit:
    platform = registry.platforms().get(row.platform)
    tags = ", ".join(tag.name for tag in row.tags.all())
    address = without_password(row.url) if reads_sql and not row.is_home else ""
    detail = _joined(
        platform.label if platform else row.platform,
        row.get_environment_display(),
        f"owner {row.owner}" if row.owner else "",
        f"tags {tags}" if tags else "",
        address if _holds(text, address) else "",
    )
    return Hit(row.name, reverse("target", args=[row.pk]), detail, row.state)


def _jobs(user: User, text: str) -> Group | None:
    if not may(user, *READS_SQL):
        return None
    wanted = Q(job_name__icontains=text) | Q(target_object__icontains=text)
    rows = MaintenanceJob.objects.visible_to(user).filter(wanted).select_related("target").order_by("job_name", "pk")
    found = list(rows[: SHOWN + 1])
    is_by_name = any(_holds(text, row.job_name) for row in found)
    return _group(
        "Jobs", "calendar-check", found, _job, _listed("jobs", name=text) if is_by_name else _listed("jobs"),
        "All with this in their name" if is_by_name else "All jobs",
    )  # fmt: skip


def _job(row: MaintenanceJob) -> Hit:
    place = row.target.name if row.target else "the portal's own database"
    detail = _joined(title_of(row.strategy_id), row.target_object, place)
    return Hit(row.job_name, reverse("job", args=[row.pk]), detail, row.state)


def _runs(user: User, query: Query, strategies: Sequence[str]) -> Group:
    """By number; or of a database or strategy of that name, among the latest."""
    rows = JobRun.objects.visible_to(user).select_related("target").defer("plan", "parameters").order_by("-pk")
    if query.number is not None:
        found = list(rows.filter(pk=query.number))
    else:
        newest = JobRun.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
        wanted = Q(target__name__icontains=query.text) | Q(strategy_name__in=strategies)
        found = list(rows.filter(wanted, pk__gt=newest - RECENT_RUNS)[: SHOWN + 1])
    return _group("Runs", "play-circle", found, _run, *_list_of_runs(found, strategies))


def _list_of_runs(found: Sequence[JobRun], strategies: Sequence[str]) -> tuple[str, str]:
    """Narrowed by what they were found by, as far as the list can be."""
    runnable = [name for name in strategies if name in registry.routines()]
    if len(runnable) == 1:
        return _listed("runs", strategy=runnable[0]), f"All runs of {title_of(runnable[0]).lower()}"
    targets = {row.target for row in found}
    if len(targets) == 1 and len(found) > 1:
        (target,) = targets
        return _listed("runs", target=target.pk), f"All runs on {target.name}"
    return _listed("runs"), "All runs"


def _run(row: JobRun) -> Hit:
    title = f"Run {row.pk}: {title_of(row.strategy_name)} on {row.target.name}"
    detail = _joined(row.target_object if row.target_object != "ALL" else "", f"asked by {row.asked_by}")
    return Hit(title, reverse("run", args=[row.pk]), detail, row.shown_state, moment=row.created_at)


def _strategy_names(text: str) -> list[tuple[str, str]]:
    """Names and descriptions of strategies, also of those that are known by name only."""
    rows = StrategyType.objects.values_list("strategy_name", "description")
    return [(name, words or "") for name, words in rows if _holds(text, name, title_of(name))]


def _strategies(names: Sequence[tuple[str, str]]) -> Group:
    return _group("Strategies", "diagram-3", names, _strategy, _listed("strategies"), "All strategies")


def _strategy(row: tuple[str, str]) -> Hit:
    name, description = row
    routine = registry.routines().get(name)
    if routine is None:
        return Hit(title_of(name), reverse("strategies"), _joined("known by name only", description))
    return Hit(routine.title, reverse("strategy", args=[name]), manual(routine.__doc__)[0].paragraphs[0])


def _findings(user: User, text: str) -> Group:
    rows = Finding.objects.current().visible_to(user).filter(object__icontains=text)
    found = rows.select_related("target").defer("evidence").order_by("pk")[: SHOWN + 1]
    return _group(
        "Findings", "search", found, _finding, _listed("targets", needs="findings"), "Databases with open findings"
    )


def _finding(row: Finding) -> Hit:
    url = f"{reverse('target', args=[row.target_id])}#h-{row.strategy_name}"
    return Hit(row.object, url, _joined(row.target.name, row.summary), severity=row.severity)


def _operations(user: User, query: Query, moment: datetime) -> Group | None:
    """By number, and by error code: the latest on each day and database, which the counted errors name, not the log."""
    if not may(user, *READS_SQL):
        return None
    rows = OperationLog.objects.visible_to(user).select_related("target").defer("strategy_context", "sql_text")
    keys = [] if query.of else _with_error(user, query.text, moment)
    if query.number is not None:
        keys.append(query.number)
    listed, link = _listed("operations"), "Operation log"
    if len(keys) > (query.number is not None):
        listed, link = _listed("operations", text=query.text), "All with this error code in the last 31 days"
    found = rows.filter(pk__in=keys).order_by("-pk")[: SHOWN + 1]
    return _group("Operations", "journal-text", found, _operation, listed, link)


def _with_error(user: User, code: str, moment: datetime) -> list[int]:
    """Numbers of the latest operations with this error code."""
    since = (moment - ERRORS_WITHIN).date()
    days: QuerySet[ErrorDay] = ErrorDay.objects.visible_to(user)
    rows = days.filter(day__gte=since, group__error_code__iexact=code).order_by("-last_at")
    return list(rows.values_list("last_operation_id", flat=True)[: SHOWN + 1])


def _operation(row: OperationLog) -> Hit:
    title = f"Operation {row.pk}: {row.operation_type.replace('_', ' ').lower()} {row.target_object or ''}".strip()
    detail = _joined(
        row.error_code or "", row.target.name if row.target else "no database", title_of(row.strategy_name)
    )
    return Hit(title, reverse("operation", args=[row.pk]), detail, row.state or row.status, moment=row.operation_time)


def _people(user: User, text: str) -> Group | None:
    if not user.is_superuser:
        return None
    wanted = Q(username__icontains=text) | Q(first_name__icontains=text) | Q(last_name__icontains=text)
    rows = User.objects.filter(wanted).order_by("username")[: SHOWN + 1]
    if user.is_staff:
        changelist = reverse("admin:strategies_user_changelist")
        return _group(
            "People", "people", rows, lambda row: _person(row, reverse("admin:strategies_user_change", args=[row.pk])),
            f"{changelist}?{urlencode({'q': text})}", "All of these in the administration",
        )  # fmt: skip
    return _group(
        "People",
        "people",
        rows,
        lambda row: _person(row, _listed("audit", actor=row.username)),
        _listed("audit"),
        "Audit",
    )


def _person(row: User, url: str) -> Hit:
    return Hit(row.username, url, _joined(row.get_full_name(), "" if row.is_active else "switched off"))
