"""What holds for a database by its scope, in the names that people gave: windows, calendars, holds and who has to agree."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.db.models import Q

from strategies.models import ApprovalRule, CalendarScope, Hold, MaintenanceWindow, StandingApproval, Target
from strategies.sentences import sentences

_KINDS = {
    "windows": "window", "calendars": "calendar", "holds": "hold", "approval_rules": "rule of approval",
    "standing_approvals": "standing approval",
}  # fmt: skip


def holding(target: Target, moment: datetime) -> Mapping[str, list[str]]:
    """What is in force for it now, by kind; the same six queries, however much there is."""
    here = _here(target)
    windows = MaintenanceWindow.objects.filter(here, is_active=True)
    scopes = CalendarScope.objects.filter(here, calendar__is_active=True)
    holds = Hold.objects.in_force().filter(here)
    rules = ApprovalRule.objects.filter(here, is_active=True)
    standing = StandingApproval.objects.filter(here, granted_at__isnull=False, revoked_at=None, ends_at__gt=moment)
    return {
        "windows": sorted(windows.values_list("name", flat=True)),
        "calendars": sorted(set(scopes.values_list("calendar__name", flat=True))),
        "holds": sorted(f"{reason} ({person})" for reason, person in holds.values_list("reason", "placed_by")),
        "approval_rules": sorted(rules.values_list("name", flat=True)),
        "standing_approvals": sorted(str(row) for row in standing.select_related("target", "tag", "tenant")),
    }


def lost(before: Mapping[str, list[str]], after: Mapping[str, list[str]]) -> str:
    """What held for a database and does so no more, in sentences; both are of `holding`. Empty = nothing."""
    gone = [f"the {_KINDS[kind]} {name}" for kind, names in before.items() for name in names if name not in after[kind]]
    has_no_window = bool(before["windows"]) and not after["windows"]
    return sentences(
        f"This holds for it no more: {', '.join(gone)}." if gone else "",
        "No window covers it now: it may be worked on at any time outside freezes." if has_no_window else "",
    )


def _here(target: Target) -> Q:
    """The rows whose scope this database is in. Of what is over, also those that outlived theirs: they are to be left out."""
    everywhere = Q(target=None, tag=None, tenant=None, environment="")
    tags = list(target.tags.values_list("pk", flat=True))
    named = Q(target=target.pk) | Q(tag__in=tags) | Q(tenant=target.tenant_id) | Q(environment=target.environment)
    return named | everywhere
