"""Maintenance jobs: the list, one of them with when and why (not), and what people do with them."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from strategies import job_changes, job_list, job_neighbours, job_pages, job_values, jobs
from strategies.audit import Actor
from strategies.filters import JobFilter
from strategies.forms.run_actions import NoteForm
from strategies.forms.target_page import SwitchForm
from strategies.job_definitions import JobRefused
from strategies.models import AuditEntry, JobRun, MaintenanceJob, User
from strategies.views.access import SignedIn, for_operators, for_readers_of_sql
from strategies.views.targets import STOP_POLLING

SHOWN_ENTRIES = 20


@require_safe
@for_readers_of_sql
def job_list_page(request: SignedIn) -> HttpResponse:
    rows = MaintenanceJob.objects.visible_to(request.user).select_related("target")
    found, moment = JobFilter(request.GET, rows, request=request), timezone.now()
    shown, runs = found.qs, JobRun.objects.visible_to(request.user)
    context: dict[str, Any] = {"filter": found, "query": _query(request)}
    if not request.GET.get("state"):  # those that need somebody stand first; they are not named twice
        is_first = not request.GET.get("after") and not request.GET.get("before")
        aside, context["aside_count"] = job_list.set_aside(shown) if is_first else ([], 0)
        context["aside"] = job_list.rows_of(aside, runs, moment)
        shown = shown.filter(quarantined_at__isnull=True)
    page = job_list.page(shown, request.GET)
    context |= {"page": page, "rows": job_list.rows_of(page.jobs, runs, moment)}
    return render(request, "strategies/jobs.html", context)


def _query(request: SignedIn) -> str:
    """The filters of this page, for the links to its other pages."""
    kept = request.GET.copy()
    for name in ("before", "after"):
        kept.pop(name, None)
    return kept.urlencode()


def visible(user: User, pk: int) -> MaintenanceJob:
    return get_object_or_404(MaintenanceJob.objects.visible_to(user).select_related("target"), pk=pk)


@require_safe
@for_readers_of_sql
def job(request: SignedIn, pk: int) -> HttpResponse:
    row = visible(request.user, pk)
    context = _live(row, request.user)
    basis = context["page"].basis
    context |= {
        "picture": job_neighbours.neighbours(row, basis.config, MaintenanceJob.objects.visible_to(request.user)),
        "parameters": job_values.parameters_used(basis),
        "prechecks": job_values.prechecks_used(basis),
        "budget": job_values.budget_used(basis),
        "history": _history(row, request.user),
    }
    return render(request, "strategies/job.html", context)


@require_safe
@for_readers_of_sql
def job_live(request: SignedIn, pk: int) -> HttpResponse:
    """The changing part of a job's page; nothing more to ask for while nothing of it is open or soon due."""
    context = _live(visible(request.user, pk), request.user)
    status = 200 if context["page"].is_live else STOP_POLLING
    return render(request, "strategies/job_live.html", context, status=status)


def _live(row: MaintenanceJob, user: User) -> dict[str, Any]:
    moment = timezone.now()
    page = job_pages.live_page(
        row, JobRun.objects.visible_to(user), moment, jobs=MaintenanceJob.objects.visible_to(user)
    )
    return {"job": row, "page": page, "moment": moment}


def _history(row: MaintenanceJob, user: User) -> list[job_pages.Told]:
    entries = AuditEntry.objects.visible_to(user).filter(object_type="MaintenanceJob", object_id=str(row.pk))
    return [job_pages.told(entry) for entry in entries.order_by("-pk")[:SHOWN_ENTRIES]]


@require_POST
@for_operators
def job_run(request: SignedIn, pk: int) -> HttpResponse:
    """Run it by hand: what comes back is a plan, which somebody has to release."""
    row = visible(request.user, pk)
    try:
        with transaction.atomic():
            run = jobs.ask_run(Actor.of(request), row, timezone.now())
            if not JobRun.objects.visible_to(request.user).filter(pk=run.pk).exists():
                raise JobRefused("job_parameters", "What it brings is for a database that you do not see.")
    except JobRefused as refusal:
        messages.error(request, f"It cannot run as it stands. {refusal.field}: {refusal}")
        return redirect("job", row.pk)
    return redirect("run", run.pk)


@require_POST
@for_operators
def job_switch(request: SignedIn, pk: int) -> HttpResponse:
    row = visible(request.user, pk)
    form = SwitchForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Say why, in a few words (at most 500 characters); nothing was changed.")
        return redirect("job", row.pk)
    on, reason = form.cleaned_data["switch"] == "on", form.cleaned_data["reason"]
    word = "on" if on else "off"
    if job_changes.switch(Actor.of(request), row, timezone.now(), on=on, reason=reason):
        messages.success(request, f"{row.job_name} is switched {word}{'' if on else ': it starts nothing by itself'}.")
    else:
        messages.info(request, f"Somebody had switched {row.job_name} {word} already.")
    return redirect("job", row.pk)


@require_POST
@for_operators
def job_handle(request: SignedIn, pk: int) -> HttpResponse:
    """Say of all failed and missed runs of the job at once that somebody has dealt with them."""
    row = visible(request.user, pk)
    form = NoteForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Say what was done, in a few words (at most 500 characters).")
        return redirect("job", row.pk)
    runs = JobRun.objects.visible_to(request.user)
    count = job_changes.handle(Actor.of(request), row, runs, form.cleaned_data["note"], timezone.now())
    if count:
        messages.success(request, f"What was done about {count} run{'' if count == 1 else 's'} was noted.")
    else:
        messages.info(request, "There was no run left that nobody had dealt with.")
    return redirect("job", row.pk)
