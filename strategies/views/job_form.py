"""The page on which a job is added or changed, and what it shows while a schedule is typed: the next due instants."""

from __future__ import annotations

import zoneinfo
from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from strategies import implementations, job_changes, job_definitions, registry, schedule_preview
from strategies.audit import Actor
from strategies.forms.job import JobForm, supports
from strategies.job_changes import ChangedMeanwhile
from strategies.models import MaintenanceJob, StrategyConfig, StrategyType, Target, User
from strategies.recurrence import EXAMPLES
from strategies.views.access import SignedIn, for_operators
from strategies.views.jobs import visible

SUGGESTED_JOBS = 500


@require_http_methods(["GET", "POST"])
@for_operators
def job_new(request: SignedIn) -> HttpResponse:
    return _page(request, None)


@require_http_methods(["GET", "POST"])
@for_operators
def job_edit(request: SignedIn, pk: int) -> HttpResponse:
    return _page(request, visible(request.user, pk))


def _page(request: SignedIn, job: MaintenanceJob | None) -> HttpResponse:
    """Choose database and strategy, then the rest. Sent with *save* the job is kept, with *check* only judged, else drawn anew."""
    sent = request.POST if request.method == "POST" else request.GET
    target = _target(request.user, sent.get("target", ""), job)
    names = _strategies(target)
    strategy = _chosen(sent.get("strategy", ""), names, job)
    if target is None or not strategy:
        return _place(request, target, strategy, names)
    row = _row(target, strategy, sent, job)
    config = job_definitions.configurations([row]).get(row.pk)
    place: Any = {"user": request.user, "target": target, "strategy": strategy, "job": job, "config": config}
    if request.method == "GET":
        form = JobForm(**place)
        form.initial.setdefault("target_object", request.GET.get("object") or "ALL")
        return _form(request, form, config)
    is_other = request.POST.get("drawn_for") != strategy
    if is_other or not {"save", "check"} & request.POST.keys():
        return _form(request, JobForm(typed=request.POST, **place), config, is_redrawn=True)
    form = JobForm(request.POST, **place)
    if form.is_valid() and "save" in request.POST and _is_saved(request, form):
        return redirect("job", form.saved.pk)
    return _form(request, form, config)


def _place(request: SignedIn, target: Target | None, strategy: str, names: list[str]) -> HttpResponse:
    """Where and what: the rest of the form depends on it."""
    targets = Target.objects.visible_to(request.user).defer("facts")
    context = {"targets": targets, "target": target, "strategy": strategy, "names": names}
    return render(request, "strategies/job_place.html", context, status=422 if request.method == "POST" else 200)


def _form(
    request: SignedIn, form: JobForm, config: StrategyConfig | None, *, is_redrawn: bool = False
) -> HttpResponse:  # fmt: skip
    values = {name: form[name].value() for name in ("schedule_type", "schedule_value", "schedule_timezone")}
    jobs = MaintenanceJob.objects.visible_to(request.user).order_by("job_name", "pk").values_list("pk", "job_name")
    context = {
        "form": form, "job": form.job, "config": config, "is_redrawn": is_redrawn,
        "is_right": form.is_bound and not form.errors,
        "preview": schedule_preview.preview(_scheduled(MaintenanceJob(), values), config, timezone.now()),
        "examples": [(kind.replace("_", " ").capitalize(), example) for kind, example in EXAMPLES.items()],
        "zones": sorted(zoneinfo.available_timezones()),
        "jobs": jobs[:SUGGESTED_JOBS],
    }  # fmt: skip
    return render(request, "strategies/job_form.html", context, status=422 if form.errors else 200)


def _is_saved(request: SignedIn, form: JobForm) -> bool:
    """Keep what a valid form says. False = another has changed the job meanwhile, which the form says."""
    actor, moment, row = Actor.of(request), timezone.now(), form.saved
    if form.job is None:
        job_changes.add(actor, row, moment)
        messages.success(request, f"{row.job_name} is added; it is read within seconds.")
        return True
    try:
        is_changed = job_changes.change(actor, row, moment, drawn_from=form.cleaned_data["version"])
    except ChangedMeanwhile as other:
        form.add_error(None, f"{other}. Nothing was saved; open the form anew to see it as it is now.")
        return False
    messages.success(request, f"{row.job_name} is changed." if is_changed else f"{row.job_name} stays as it was.")
    return True


@require_safe
@for_operators
def job_due(request: SignedIn) -> HttpResponse:
    """The next due instants of a schedule as it is typed."""
    target = _target(request.user, request.GET.get("target", ""), None)
    strategy = request.GET.get("strategy", "")
    row, config = MaintenanceJob(), None
    if target is not None and supports(target, strategy):
        row = _row(target, strategy, request.GET, None)
        config = job_definitions.configurations([row]).get(row.pk)
    context = {"preview": schedule_preview.preview(_scheduled(row, request.GET), config, timezone.now())}
    return render(request, "strategies/job_due.html", context)


def _target(user: User, text: str, job: MaintenanceJob | None) -> Target | None:
    """What was chosen; where that is none that the person sees, what the job has."""
    if text.isascii() and text.isdigit() and len(text) < 19:
        found = Target.objects.visible_to(user).filter(pk=int(text)).first()
        if found is not None:
            return found
    if job is None or job.names_unknown_database:
        return None
    return job.target or Target.objects.get(is_home=True)


def _strategies(target: Target | None) -> list[str]:
    """Those that there is an implementation of, for this database where one is chosen."""
    names = StrategyType.objects.filter(is_active=True).values_list("strategy_name", flat=True)
    known = registry.routines().keys() if target is None else implementations.names(target)
    return [name for name in names if name in known]


def _chosen(text: str, names: list[str], job: MaintenanceJob | None) -> str:
    if text in names or (job is not None and text == job.strategy_id):
        return text
    return job.strategy_id if job is not None else ""


def _row(target: Target, strategy: str, sent: Mapping[str, str], job: MaintenanceJob | None) -> MaintenanceJob:
    """A row at the place that was typed, to find its configuration."""
    is_home = target.is_home and (job is None or job.target_id is None)
    return MaintenanceJob(
        strategy_id=strategy, target=None if is_home else target,
        target_object=_askable(sent.get("target_object")) or (job.target_object if job is not None else "ALL"),
        target_type_id=_askable(sent.get("target_type")) or (job.target_type_id if job is not None else "TABLE"),
    )  # fmt: skip


def _askable(text: str | None) -> str:
    """What a database can be asked for; the form itself refuses the rest."""
    return (text or "").replace("\x00", "")


def _scheduled(row: MaintenanceJob, values: Mapping[str, Any]) -> MaintenanceJob:
    row.schedule_type_id = str(values.get("schedule_type") or "")
    row.schedule_value = str(values.get("schedule_value") or "")[:100]
    row.schedule_timezone = str(values.get("schedule_timezone") or "").strip() or None
    return row
