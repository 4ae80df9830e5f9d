"""What sealed audit entries say, ready to be told: where it was, and each fact as the plain text that messages are made of.

Loaded with the same few queries however many entries there are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.urls import reverse

from monitoring.models import Announcement
from monitoring.notifiable import EVENTS, Notifiable
from strategies import approvals, timetables
from strategies.models import (
    Approval,
    AuditEntry,
    AuditSeal,
    Calendar,
    CalendarKind,
    CalendarScope,
    Environment,
    JobRun,
    MaintenanceJob,
    MaintenanceWindow,
    Tag,
    Target,
    Tenant,
)
from strategies.scope import NOWHERE, Place, Scope

_SHOWN_CHANGES = {"name", "starts", "minutes", "time_zone", "rule", "scope", "is_active", "capacity", "ends_at"}


@dataclass(frozen=True, slots=True)
class Told:
    """One entry. `places` are the databases that it is about: for a run one, for a window all that it is for.

    `where` is what its subject itself holds for; `facts` have a text for every name of `notifiable.sample` that is known.
    """

    seal: int
    event: Notifiable
    facts: Mapping[str, str]
    path: str
    where: Scope
    places: Sequence[Place]
    target: Target | None = None
    strategy: str = ""
    run: JobRun | None = None
    job: MaintenanceJob | None = None
    approval: Approval | None = None
    announcement: Announcement | None = None
    times: Mapping[str, Any] = field(default_factory=dict)  # of a maintenance: what its entry says of it
    people: frozenset[str] = field(default_factory=frozenset)  # user names of those who wanted it

    @property
    def tenants(self) -> frozenset[int]:
        """Whose databases it is about."""
        own = {self.where.tenant} if self.where.tenant is not None else set()
        return frozenset({*(place.tenant for place in self.places), *own})

    @property
    def tenant(self) -> int | None:
        """The one whose databases it is about; None = several, none, or whatever there will be."""
        if self.where.is_everything or self.where.environment:
            return None
        return next(iter(self.tenants)) if len(self.tenants) == 1 else None

    @property
    def step(self) -> str:
        """Of the life of a maintenance, see `maintenance_life`; empty = it is about none."""
        return self.event.event.removeprefix("maintenance.") if self.announcement is not None else ""

    def plain_facts(self, zone: str) -> dict[str, str]:
        """What people are told of a maintenance who know nothing of databases: with the times of this zone, and nothing technical."""
        row = self.announcement
        if row is None:
            return {}
        notice = row.system.notice
        return {
            "title": self.event.title, "said": self.event.said, "system": row.system.name, "notice": notice, **_times(self.times, zone)
        }  # fmt: skip


def told(seals: Sequence[AuditSeal]) -> list[Told]:
    """What these sealed entries tell, without those of which nobody is told, and those whose subject is gone without a trace."""
    entries = [(seal.number, seal.entry) for seal in seals if seal.entry.action in EVENTS]
    return _Loaded([entry for _, entry in entries]).all(entries) if entries else []


class _Loaded:
    """All rows that a batch of entries is about."""

    def __init__(self, entries: Iterable[AuditEntry]) -> None:
        keys: dict[str, set[int]] = {}
        for entry in entries:
            if entry.object_id.isdigit():
                keys.setdefault(entry.object_type, set()).add(int(entry.object_id))
        self._approvals = Approval.objects.defer("sealed", "risk").in_bulk(keys.get("Approval", ()))
        of_approvals = {approval.run_id for approval in self._approvals.values()}
        runs = JobRun.objects.select_related("job", "config").defer("plan", "parameters", "job__job_parameters")
        self._runs = runs.in_bulk({*keys.get("JobRun", ()), *of_approvals})
        self._jobs = MaintenanceJob.objects.in_bulk(keys.get("MaintenanceJob", ()))
        self._announcements = Announcement.objects.select_related("system", "system__tenant").in_bulk(
            keys.get("Announcement", ())
        )
        self._windows = MaintenanceWindow.objects.select_related("target", "tag", "tenant").in_bulk(
            keys.get("MaintenanceWindow", ())
        )
        self._calendars = Calendar.objects.filter(kind=CalendarKind.FREEZE).in_bulk(keys.get("Calendar", ()))
        self._scopes: dict[int, list[CalendarScope]] = {}
        scopes = CalendarScope.objects.filter(calendar__in=self._calendars).select_related("target", "tag", "tenant")
        for scope in scopes if self._calendars else ():
            self._scopes.setdefault(scope.calendar_id, []).append(scope)
        self._removed = _removed(keys.get("MaintenanceWindow", set()) - self._windows.keys())
        self._targets = {
            row.pk: row for row in Target.objects.select_related("tenant").defer("facts", "missing_rights")
        }
        self._places = {one.place.target: one.place for one in timetables.databases(self._targets.values())}
        self._home = next((pk for pk, row in self._targets.items() if row.is_home), None)

    def all(self, entries: Iterable[tuple[int, AuditEntry]]) -> list[Told]:
        by_type = {
            "JobRun": self._of_run, "MaintenanceJob": self._of_job, "Approval": self._of_approval,
            "MaintenanceWindow": self._of_window, "Target": self._of_target, "Announcement": self._of_announcement,
            "Calendar": self._of_calendar,
        }  # fmt: skip
        found = []
        for number, entry in entries:
            pk = int(entry.object_id) if entry.object_id.isdigit() else 0
            one = by_type[entry.object_type](number, entry, pk) if entry.object_type in by_type else None
            if one is not None:
                found.append(one)
        return found

    def _of_run(self, number: int, entry: AuditEntry, pk: int) -> Told | None:
        run = self._runs.get(pk)
        if run is None:
            return None
        facts = {**self._facts(entry, run.target_id), **self._run_facts(run)}
        return self._made(number, entry, run.target_id, facts, reverse("run", args=[pk]), run=run, job=run.job)

    def _of_approval(self, number: int, entry: AuditEntry, pk: int) -> Told | None:
        approval = self._approvals.get(pk)
        run = self._runs.get(approval.run_id) if approval is not None else None
        if approval is None or run is None:
            return None
        zone = self._zone(run.target_id)
        facts = {
            **self._facts(entry, run.target_id), **self._run_facts(run),
            "asked_by": approval.asked_by, "risk": str(approval.score), "asked_of": approvals.in_words(approval),
            "not_before": instant(approval.not_before, zone), "not_after": instant(approval.not_after, zone),
        }  # fmt: skip
        path = reverse("approval", args=[pk])
        people = frozenset(str(name) for name in approval.requesters)
        return self._made(
            number, entry, run.target_id, facts, path, run=run, job=run.job, approval=approval, people=people
        )  # fmt: skip

    def _of_job(self, number: int, entry: AuditEntry, pk: int) -> Told | None:
        job = self._jobs.get(pk)
        target = (job.target_id or self._home) if job is not None else entry.target_id
        if target not in self._targets:
            return None
        facts = {**self._facts(entry, target), "job": entry.object_name, "strategy": "", "work": ""}
        if job is not None:
            facts |= {"strategy": job.strategy_id, "work": _words(job.strategy_id)}
            facts["reason"] = facts["reason"] or str(job.quarantine_reason or "")
        path = reverse("job", args=[pk]) if job is not None else reverse("jobs")
        return self._made(number, entry, target, facts, path, job=job)

    def _of_window(self, number: int, entry: AuditEntry, pk: int) -> Told | None:
        row = self._windows.get(pk)
        kept = {**self._removed.get(pk, {}), **(entry.before or {}), **(entry.after or {})}
        where = row.where if row is not None else _scope_named(str(kept.get("scope", "")))
        zone = row.time_zone if row is not None else str(kept.get("time_zone") or settings.TIME_ZONE)
        facts = {
            **self._facts(entry, None), "window": entry.object_name, "scope": row.scope if row else str(kept.get("scope", "")),
            "changes": _changes(entry, zone),
        }  # fmt: skip
        places = [place for place in self._places.values() if where.covers(place)]
        path = reverse("window", args=[pk]) if row is not None else reverse("windows")
        target = self._targets.get(where.target) if where.target is not None else None
        return Told(number, EVENTS[entry.action], facts, path, where, places, target=target)

    def _of_calendar(self, number: int, entry: AuditEntry, pk: int) -> Told | None:
        """What becomes of a freeze; hours of backups keep nothing from starting."""
        row, scopes = self._calendars.get(pk), self._scopes.get(pk, [])
        if row is None:
            return None
        kept = {**(entry.before or {}), **(entry.after or {})}
        zone = str(kept.get("time_zone") or settings.TIME_ZONE)
        facts = {
            **self._facts(entry, None), "window": f"{kept.get('entry') or kept.get('name') or 'without a name'} ({row.name})",
            "scope": ", ".join(scope.scope for scope in scopes) or "nothing", "changes": _changes(entry, zone),
        }  # fmt: skip
        where = scopes[0].where if len(scopes) == 1 else NOWHERE
        places = [place for place in self._places.values() if any(scope.where.covers(place) for scope in scopes)]
        return Told(number, EVENTS[entry.action], facts, reverse("calendar", args=[pk]), where, places)

    def _of_target(self, number: int, entry: AuditEntry, pk: int) -> Told | None:
        if pk not in self._targets:
            return None
        facts = self._facts(entry, pk)
        facts["reason"] = facts["reason"] or self._targets[pk].stopped_why
        return self._made(number, entry, pk, facts, reverse("target", args=[pk]))

    def _of_announcement(self, number: int, entry: AuditEntry, pk: int) -> Told | None:
        row = self._announcements.get(pk)
        if row is None:
            return None
        said = entry.after or {}
        names = {str(name) for name in said.get("databases", ())}
        on = [target for target in self._targets.values() if target.name in names]
        facts = {
            **self._facts(entry, None), "system": row.system.name, "tenant": row.system.tenant.name,
            "database": ", ".join(sorted(names)), "environment": ", ".join(sorted({target.get_environment_display() for target in on})),
            "work": ", ".join(_words(str(name)) for name in said.get("strategies", ())),
            "runs": ", ".join(str(run) for run in said.get("runs", ())), **_times(said, row.system.time_zone),
        }  # fmt: skip
        places = [self._places[target.pk] for target in on]
        where = Scope(tenant=row.system.tenant_id)
        path = reverse("system", args=[row.system_id])
        target = on[0] if len(on) == 1 else None
        return Told(
            number, EVENTS[entry.action], facts, path, where, places, target=target, announcement=row, times=said
        )  # fmt: skip

    def _made(
        self, number: int, entry: AuditEntry, target: int, facts: dict[str, str], path: str, **rows: Any
    ) -> Told | None:
        place = self._places.get(target)
        if place is None:
            return None
        where, strategy = Scope(target=target), facts.get("strategy", "")
        return Told(
            number, EVENTS[entry.action], facts, path, where, [place], target=self._targets[target], strategy=strategy, **rows
        )  # fmt: skip

    def _facts(self, entry: AuditEntry, target: int | None) -> dict[str, str]:
        event = EVENTS[entry.action]
        facts = {
            "title": event.title, "said": event.said, "reason": entry.reason, "at": instant(entry.at, self._zone(target)),
            "actor": "" if entry.actor == "portal" else entry.actor.removeprefix("cli:"),
            "message": str((entry.after or {}).get("message", "")),
        }  # fmt: skip
        row = self._targets.get(target) if target is not None else None
        if row is not None:
            facts |= {
                "database": row.name, "environment": str(Environment(row.environment).label), "tenant": row.tenant.name
            }  # fmt: skip
        return facts

    def _run_facts(self, run: JobRun) -> dict[str, str]:
        zone = self._zone(run.target_id)
        return {
            "run": str(run.pk), "strategy": run.strategy_name, "work": _words(run.strategy_name),
            "job": run.job.job_name if run.job is not None else "", "asked_by": run.asked_by.removeprefix("cli:"),
            "error": run.error_code, "due": instant(run.due_at, zone),
            "began": instant(run.started_at, zone) if run.started_at else "",
            "took": took(run.duration_ms) if run.duration_ms is not None and run.started_at else "",
        }  # fmt: skip

    def _zone(self, target: int | None) -> str:
        row = self._targets.get(target) if target is not None else None
        return row.time_zone if row is not None else str(settings.TIME_ZONE)


def instant(moment: datetime, zone: str) -> str:
    """In the zone of the database, which it names: `Sat 28 Nov 22:00 CET`. A zone that is not known is UTC."""
    try:
        local = moment.astimezone(ZoneInfo(zone))
    except (KeyError, ValueError, OSError):
        local = moment.astimezone(UTC)
    return f"{local:%a} {local.day} {local:%b %H:%M %Z}"


def _times(said: Mapping[str, Any], zone: str) -> dict[str, str]:
    """The times that an entry about a maintenance says, in the words of this zone."""
    return {
        "starts": _read(said.get("starts_at"), zone), "ends": _read(said.get("ends_at"), zone),
        "was": _read(said.get("was_starts_at"), zone), "begun": "yes" if said.get("has_begun") else "",
    }  # fmt: skip


def _read(text: Any, zone: str) -> str:
    try:
        return instant(datetime.fromisoformat(text), zone) if text else ""
    except (TypeError, ValueError):
        return ""


def took(milliseconds: int) -> str:
    """A length of time in a sentence: `40 s`, `3 min 20 s`, `2 h 5 min`."""
    seconds = max(0, round(milliseconds / 1000))
    if seconds < 60:
        return f"{seconds} s" if seconds else "less than 1 s"
    if seconds < 3600:
        return f"{seconds // 60} min {seconds % 60} s"
    return f"{seconds // 3600} h {seconds % 3600 // 60} min"


def _words(strategy: str) -> str:
    return strategy.replace("_", " ").capitalize()


def _changes(entry: AuditEntry, zone: str) -> str:
    """Each value that is another now, a line each."""
    before, after = entry.before or {}, entry.after or {}
    if entry.action in ("window.added", "window.removed", "calendar.entry_added", "calendar.entry_removed"):
        return ""
    if entry.action == "calendar.entry_lifted":
        return f"From {_value('ends_at', after.get('starts_at'), zone)} until {_value('ends_at', after.get('ends_at'), zone)}"
    lines = []
    for name in sorted(_SHOWN_CHANGES & before.keys() & after.keys()):
        old, new = (_value(name, values[name], zone) for values in (before, after))
        lines.append(f"{name.replace('_', ' ').capitalize()}: {old} → {new}")
    return "\n".join(lines)


def _value(name: str, value: Any, zone: str) -> str:
    if name == "ends_at":
        try:
            return instant(datetime.fromisoformat(str(value)), zone)
        except ValueError:
            return str(value)
    return "none" if value in (None, "") else str(value)


def _removed(windows: set[int]) -> dict[int, dict[str, Any]]:
    """What the audit kept of windows that are gone, by their keys."""
    keys = [str(pk) for pk in windows]
    rows = AuditEntry.objects.filter(object_type="MaintenanceWindow", object_id__in=keys, action="window.removed")
    return {int(pk): before or {} for pk, before in rows.values_list("object_id", "before")} if keys else {}


def _scope_named(text: str) -> Scope:
    """What a row that is gone held for, by the words in which the audit kept it (`Scoped.scope`); nowhere, if that is gone, too."""
    if text == "all databases":
        return Scope()
    kind, _, name = text.partition(" ")
    if kind == "environment":
        found = next((value for value, label in Environment.choices if label == name), None)
        return Scope(environment=found) if found is not None else NOWHERE
    models: dict[str, Any] = {"database": Target, "tag": Tag, "tenant": Tenant}
    pk = models[kind].objects.filter(name=name).values_list("pk", flat=True).first() if kind in models else None
    if pk is None:
        return NOWHERE
    return Scope(target=pk) if kind == "database" else Scope(tag=pk) if kind == "tag" else Scope(tenant=pk)
