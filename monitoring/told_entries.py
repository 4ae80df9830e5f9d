"""What sealed audit entries say, ready to be told: where it was, and each fact as a value, which `fact_words` puts in words.

Loaded with the same few queries however many entries there are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.urls import reverse

from monitoring import window_entries
from monitoring.fact_words import Fact, as_data, in_words
from monitoring.maintenance_life import CANCELLED, DONE, UNFINISHED, WITHDRAWN
from monitoring.models import Announcement
from monitoring.notifiable import EVENTS, PLAIN, Notifiable
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
    Target,
)
from strategies.scope import NOWHERE, Place, Scope

_OVER = (f"maintenance.{DONE}", f"maintenance.{UNFINISHED}")
# It does not take place, or nobody is told how it goes on
_NEVER = (f"maintenance.{CANCELLED}", f"maintenance.{WITHDRAWN}")


@dataclass(frozen=True, slots=True)
class Told:
    """One entry, by the number of its seal and its key. `places` are the databases that it is about: for a run one, for a window all
    that it is for.

    `where` is what its subject itself holds for; `facts` are those that `text_examples.sample` names, as far as they are known, and
    `zone` is the one of what it is about; `ids` has the keys of what it is about, for programs.
    """

    seal: int
    entry: int
    event: Notifiable
    facts: Mapping[str, Fact]
    path: str
    where: Scope
    places: Sequence[Place]
    zone: str
    ids: Mapping[str, int] = field(default_factory=dict)
    target: Target | None = None
    strategy: str = ""
    run: JobRun | None = None
    job: MaintenanceJob | None = None
    approval: Approval | None = None
    announcement: Announcement | None = None
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

    def words(self, zone: str = "", *, is_plain: bool = False) -> dict[str, str]:
        """What is told as text, with the instants in this zone, or else in that of what it is about."""
        return in_words(self._told(is_plain), zone or self.zone)

    def data(self, *, is_plain: bool = False) -> dict[str, Any]:
        """The same for programs."""
        return {**as_data(self._told(is_plain)), "ids": dict(self.ids)}

    def _told(self, is_plain: bool) -> Mapping[str, Fact]:
        """People who know nothing of databases are told nothing technical."""
        names = (*PLAIN, "bound", "over")
        return {name: fact for name, fact in self.facts.items() if name in names} if is_plain else self.facts


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
        self._removed = window_entries.removed(keys.get("MaintenanceWindow", set()) - self._windows.keys())
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
        if entry.action == "run.started":  # it may be over by now
            facts["took"] = None
        return self._made(number, entry, run.target_id, facts, reverse("run", args=[pk]), run=run, job=run.job)

    def _of_approval(self, number: int, entry: AuditEntry, pk: int) -> Told | None:
        approval = self._approvals.get(pk)
        run = self._runs.get(approval.run_id) if approval is not None else None
        if approval is None or run is None:
            return None
        facts: dict[str, Fact] = {
            **self._facts(entry, run.target_id), **self._run_facts(run),
            "asked_by": approval.asked_by, "risk": approval.score, "asked_of": approvals.in_words(approval),
            "not_before": approval.not_before, "not_after": approval.not_after,
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
        facts: dict[str, Fact] = {**self._facts(entry, target), "job": entry.object_name}
        if job is not None:
            facts |= {"strategy": job.strategy_id, "work": _words(job.strategy_id)}
            facts["reason"] = facts["reason"] or str(job.quarantine_reason or "") or None
        path = reverse("job", args=[pk]) if job is not None else reverse("jobs")
        return self._made(number, entry, target, facts, path, job=job)

    def _of_window(self, number: int, entry: AuditEntry, pk: int) -> Told | None:
        row = self._windows.get(pk)
        kept = {**self._removed.get(pk, {}), **(entry.before or {}), **(entry.after or {})}
        where = row.where if row is not None else window_entries.scope_named(str(kept.get("scope", "")))
        zone = row.time_zone if row is not None else str(kept.get("time_zone") or settings.TIME_ZONE)
        facts: dict[str, Fact] = {
            **self._facts(entry, None), "window": entry.object_name, "scope": row.scope if row else str(kept.get("scope", "")),
            "changes": window_entries.changes(entry, zone),
        }  # fmt: skip
        places = [place for place in self._places.values() if where.covers(place)]
        path = reverse("window", args=[pk]) if row is not None else reverse("windows")
        target = self._targets.get(where.target) if where.target is not None else None
        return Told(number, entry.pk, EVENTS[entry.action], facts, path, where, places, zone, {"window": pk}, target)

    def _of_calendar(self, number: int, entry: AuditEntry, pk: int) -> Told | None:
        """What becomes of a freeze; hours of backups keep nothing from starting."""
        row, scopes = self._calendars.get(pk), self._scopes.get(pk, [])
        if row is None:
            return None
        kept = {**(entry.before or {}), **(entry.after or {})}
        zone = str(kept.get("time_zone") or settings.TIME_ZONE)
        facts: dict[str, Fact] = {
            **self._facts(entry, None), "window": f"{kept.get('entry') or kept.get('name') or 'without a name'} ({row.name})",
            "scope": ", ".join(scope.scope for scope in scopes) or "nothing", "changes": window_entries.changes(entry, zone),
        }  # fmt: skip
        where = scopes[0].where if len(scopes) == 1 else NOWHERE
        places = [place for place in self._places.values() if any(scope.where.covers(place) for scope in scopes)]
        path = reverse("calendar", args=[pk])
        return Told(number, entry.pk, EVENTS[entry.action], facts, path, where, places, zone, {"calendar": pk})

    def _of_target(self, number: int, entry: AuditEntry, pk: int) -> Told | None:
        if pk not in self._targets:
            return None
        facts = self._facts(entry, pk)
        facts["reason"] = facts["reason"] or self._targets[pk].stopped_why or None
        return self._made(number, entry, pk, facts, reverse("target", args=[pk]))

    def _of_announcement(self, number: int, entry: AuditEntry, pk: int) -> Told | None:
        row = self._announcements.get(pk)
        if row is None:
            return None
        said = entry.after or {}
        names = tuple(sorted(str(name) for name in said.get("databases", ())))
        on = [target for target in self._targets.values() if target.name in names]
        strategies = tuple(str(name) for name in said.get("strategies", ()))
        facts: dict[str, Fact] = {
            **self._facts(entry, None), "system": row.system.name, "tenant": row.system.tenant.name, "notice": row.system.notice,
            "database": names, "environment": tuple(sorted({target.get_environment_display() for target in on})),
            "strategies": strategies, "work": tuple(map(_words, strategies)), "runs": tuple(said.get("runs", ())),
            "undone": tuple(f"{_words(str(name))} on {where}" for name, where in said.get("not_done", ())),
            "starts": _read(said.get("starts_at")), "ends": _read(said.get("ends_at")), "was": _read(said.get("was_starts_at")),
            "begun": bool(said.get("has_begun")), "bound": bool(said.get("is_bound")), "over": entry.action in _OVER,
        }  # fmt: skip
        if entry.action in _NEVER:
            facts |= {"starts": None, "ends": None}
        places = [self._places[target.pk] for target in on]
        where = Scope(tenant=row.system.tenant_id)
        path, ids = reverse("system", args=[row.system_id]), {"announcement": pk, "system": row.system_id}
        target = on[0] if len(on) == 1 else None
        return Told(
            number, entry.pk, EVENTS[entry.action], facts, path, where, places, row.system.time_zone, ids, target, announcement=row
        )  # fmt: skip

    def _made(
        self, number: int, entry: AuditEntry, target: int, facts: dict[str, Fact], path: str, **rows: Any
    ) -> Told | None:
        place = self._places.get(target)
        if place is None:
            return None
        row, strategy = self._targets[target], str(facts.get("strategy") or "")
        of = {name: rows.get(name) for name in ("run", "job", "approval")}
        ids = {"database": target, **{name: one.pk for name, one in of.items() if one is not None}}
        return Told(
            number, entry.pk, EVENTS[entry.action], facts, path, Scope(target=target), [place], row.time_zone, ids, row, strategy,
            **rows,
        )  # fmt: skip

    def _facts(self, entry: AuditEntry, target: int | None) -> dict[str, Fact]:
        event = EVENTS[entry.action]
        facts: dict[str, Fact] = {
            "title": event.title, "said": event.said, "reason": entry.reason or None, "at": entry.at,
            "actor": None if entry.actor == "portal" else entry.actor.removeprefix("cli:"),
            "message": str((entry.after or {}).get("message", "")) or None,
        }  # fmt: skip
        row = self._targets.get(target) if target is not None else None
        if row is not None:
            facts |= {
                "database": row.name, "environment": str(Environment(row.environment).label), "tenant": row.tenant.name
            }  # fmt: skip
        return facts

    @staticmethod
    def _run_facts(run: JobRun) -> dict[str, Fact]:
        has_length = run.duration_ms is not None and run.started_at is not None
        return {
            "run": run.pk, "strategy": run.strategy_name, "work": _words(run.strategy_name),
            "job": run.job.job_name if run.job is not None else None, "asked_by": run.asked_by.removeprefix("cli:"),
            "error": run.error_code or None, "due": run.due_at, "began": run.started_at,
            "took": timedelta(milliseconds=run.duration_ms or 0) if has_length else None,
        }  # fmt: skip


def _read(text: Any) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text) if text else None
    except (TypeError, ValueError):
        return None
    return moment if moment is not None and moment.tzinfo is not None else None


def _words(strategy: str) -> str:
    return strategy.replace("_", " ").capitalize()
