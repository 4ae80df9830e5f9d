"""The entries of the navigation, with their counts: only pages that work, and only those that the reader may open."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import SimpleLazyObject

from maintenance_portal import __version__
from maintenance_portal.vitals import Vitals, vitals
from monitoring.models import NotificationChannel
from strategies import inbox
from strategies.models import (
    READS,
    READS_AUDIT,
    READS_SQL,
    Hold,
    JobRun,
    MaintenanceJob,
    Role,
    Target,
    User,
    may,
)
from strategies.run_groups import run_groups

# Pages that stand beneath an entry, and whose address does not: by how the names of their addresses begin.
_BENEATH = {
    "approvals": ("approval-rule", "standing-approval", "delegation"),
    "calendars": ("entry-",),
    "jobs": ("import",),
    "operations": ("log-",),
    "strategies": ("version",),
    "windows": ("feed",),
    "notifications": ("notification", "channel", "message-text"),
    "systems": ("status-page",),
}


@dataclass(frozen=True, slots=True)
class Entry:
    """`counts` says what the count counts."""

    title: str
    url: str
    icon: str
    is_current: bool
    count: int = 0
    counts: str = ""
    is_bad: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    title: str
    entries: Sequence[Entry]


@dataclass(frozen=True, slots=True)
class Navigation:
    groups: Sequence[Group]
    quick: Sequence[Entry]
    holds: Sequence[str]
    roles: Sequence[str]
    vitals: Vitals
    version: str
    is_demo: bool


def navigation(request: HttpRequest) -> dict[str, Any]:
    """Read only by pages that show the navigation."""
    return {"navigation": SimpleLazyObject(lambda: build(request))}


def build(request: HttpRequest) -> Navigation | None:
    """None for visitors who are not signed in."""
    user = request.user
    if not isinstance(user, User):
        return None
    holds = list(Hold.objects.in_force().visible_to(user).select_related("target", "tag", "tenant"))
    groups = _groups(user, request, len(holds))
    entries = {entry.title: entry for group in groups for entry in group.entries}
    return Navigation(
        groups=groups,
        quick=[entries[title] for title in ("Home", "Runs", "Approvals", "Databases") if title in entries],
        holds=[hold.scope for hold in holds],
        roles=[role.label for role in Role if role.value in user.roles],
        vitals=vitals(timezone.now()),
        version=__version__,
        is_demo=Target.objects.visible_to(user).filter(is_demo=True).exists(),
    )


def _groups(user: User, request: HttpRequest, held: int) -> list[Group]:
    home, path = reverse("home"), request.path
    page = request.resolver_match.url_name or "" if request.resolver_match else ""

    def entry(title: str, name: str, icon: str, count: int = 0, counts: str = "", is_bad: bool = False) -> Entry:
        url = reverse(name)
        is_current = path == url if url == home else path.startswith(url) or page.startswith(_BENEATH.get(name, ()))
        return Entry(title, url, icon, is_current, count, counts, is_bad)

    groups = [Group("", [entry("Home", "home", "house")])]
    if not may(user, *READS):
        return groups
    at_work, failed = _counts(user)
    reads_sql = may(user, *READS_SQL)
    run = [entry("Runs", "runs", "play-circle", *((failed, "failed", True) if failed else (at_work, "at work")))]
    if reads_sql:
        run += [
            entry("Jobs", "jobs", "calendar-check", _set_aside(user), "set aside", True),
            entry("Approvals", "approvals", "patch-check", _asked(user), "wait for you", False),
            entry("Operation log", "operations", "journal-text"),
        ]
    run.append(entry("Holds", "holds", "pause-circle", held, "in force"))
    observe = [entry("Databases", "targets", "hdd-stack")]
    if reads_sql:
        observe += [
            entry("Errors", "errors", "exclamation-octagon"),
            entry("Trends", "trends", "graph-up"),
            entry("Statistics", "statistics", "bar-chart"),
        ]
    plan = [
        entry("Calendar", "agenda", "calendar3"),
        entry("Windows", "windows", "unlock"),
        entry("Calendars", "calendars", "snow"),
        entry("Strategies", "strategies", "diagram-3"),
    ]
    if reads_sql:
        plan.append(entry("Statements", "statements", "file-earmark-code"))
    groups += [
        Group("Run", run),
        Group("Plan", plan),
        Group("Observe", observe),
    ]
    share = [entry("Systems", "systems", "boxes")]
    if reads_sql:
        share.append(entry("Report", "report", "file-earmark-bar-graph"))
    if may(user, *READS_AUDIT):
        silent = NotificationChannel.objects.visible_to(user).in_trouble().count()
        share.append(entry("Notifications", "notifications", "bell", silent, "channels in trouble", True))
        share.append(entry("Audit", "audit", "shield-check"))
    groups.append(Group("Share", share))
    return groups


def _asked(user: User) -> int:
    return inbox.count(user, timezone.now())


def _set_aside(user: User) -> int:
    """Of the jobs that are on: what is off misses nothing."""
    return MaintenanceJob.objects.visible_to(user).filter(quarantined_at__isnull=False, is_active=True).count()


def _counts(user: User) -> tuple[int, int]:
    """Runs at work, and failed runs that nobody has dealt with: each by an index of its own, whatever the history."""
    groups, shown = run_groups(timezone.now()), JobRun.objects.visible_to(user)
    at_work, failed = (shown.filter(groups[name].condition).count() for name in ("at_work", "unhandled"))
    return at_work, failed
