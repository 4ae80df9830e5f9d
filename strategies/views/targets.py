"""Databases: the list, one of them with what it said and what it needs, registering, changing, checking, assessing."""

from __future__ import annotations

import zoneinfo
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.db.models import Case, Count, When
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from strategies import account_rights, collecting, holding, needs, registry, secrets, targets
from strategies.assessments import Severity
from strategies.audit import Actor
from strategies.filters import TargetFilter
from strategies.forms.target_page import SwitchForm, TargetPageForm
from strategies.models import Assessment, Finding, Hold, LogCollection, Target, Tenant, User
from strategies.plans import Step
from strategies.routines.base import Routine
from strategies.targets import ChangedMeanwhile, NameTaken, TargetInUse
from strategies.views.access import SignedIn, for_operators, for_readers

STOP_POLLING = 286  # htmx's own status
SHOWN_FINDINGS = 100
_SEVERITY = Case(
    When(severity=Severity.CRITICAL.value, then=0), When(severity=Severity.WARNING.value, then=1), default=2
)


@dataclass(frozen=True, slots=True)
class Look:
    """What is known of one strategy's needs on a target. `latest` None = never assessed; `open` = being assessed."""

    routine: Routine[Any]
    latest: Assessment | None
    open: Assessment | None
    findings: Sequence[tuple[Finding, Sequence[Step] | None]]
    count: int

    @property
    def hidden(self) -> int:
        """Findings that are open and not among those shown."""
        return self.count - len(self.findings)

    @property
    def has_steps(self) -> bool:
        """Whether a run would do anything about what was found."""
        return any(steps for _, steps in self.findings)

    @property
    def has_checks(self) -> bool:
        """Whether a run would read what the last look left to it."""
        return self.latest is not None and self.latest.checks_left > 0

    @property
    def notes(self) -> list[str]:
        """What the last look could not tell, in sentences."""
        return needs.notes(self.latest.notes, self.latest.checks_left) if self.latest is not None else []


@require_safe
@for_readers
def target_list(request: SignedIn) -> HttpResponse:
    found = TargetFilter(request.GET, Target.objects.visible_to(request.user), request=request)
    rows = needs.needs_of(list(found.qs.select_related("tenant").prefetch_related("tags").defer("facts")))
    return render(request, "strategies/targets.html", {"rows": rows, "filter": found, "query": _narrowed(found)})


def _narrowed(found: TargetFilter) -> bool:
    return any(found.form.data.get(name) for name in found.form.fields)


def _visible(user: User, pk: int) -> Target:
    return get_object_or_404(Target.objects.visible_to(user).select_related("tenant"), pk=pk)


@require_safe
@for_readers
def target(request: SignedIn, pk: int) -> HttpResponse:
    row = _visible(request.user, pk)
    collecting.read_sooner(Target.objects.filter(pk=row.pk), timezone.now())
    return render(request, "strategies/target.html", _live(row, request.user))


@require_safe
@for_readers
def target_live(request: SignedIn, pk: int) -> HttpResponse:
    """The part that changes while the target is looked at; nothing more to ask for once all looks are over."""
    context = _live(_visible(request.user, pk), request.user)
    return render(request, "strategies/target_live.html", context, status=200 if context["is_busy"] else STOP_POLLING)


def _live(row: Target, user: User) -> dict[str, Any]:
    looks = _looks(row)
    platform = registry.platforms().get(row.platform)
    return {
        "target": row,
        "platform": platform.label if platform else row.platform,
        "is_known": platform is not None,
        "looks": looks,
        "rights": account_rights.by_capability(row),
        "needed": account_rights.needed(row),
        "useful": account_rights.useful(row),
        "is_busy": row.is_being_checked or any(look.open for look in looks),
        "secret": secrets.describe(row.secret),
        "collection": LogCollection.objects.filter(target=row).first(),
        "holds": Hold.objects.in_force().visible_to(user).filter(target=row),
        "recent": row.runs.select_related("target").defer("plan", "parameters").order_by("-pk")[:8],
    }


def _looks(row: Target) -> list[Look]:
    """One for each strategy that can look at the database as a whole, or left findings; three queries each, however much was found.

    What is still open is asked before anything else: a look that ends meanwhile is then shown once more, and never by halves.
    """
    unfinished = {one.strategy_name: one for one in row.assessments.filter(finished_at=None).order_by("pk")}
    found = Finding.objects.current().filter(target=row)
    counts = dict(found.order_by().values_list("strategy_name").annotate(Count("pk")))
    looks, whole = [], registry.seen_as_a_whole(row.platform)
    for name, routine in registry.routines().items():
        if name not in whole and name not in counts:
            continue
        assessments = row.assessments.filter(strategy_name=name).order_by("-pk")
        worst = list(found.filter(strategy_name=name).order_by(_SEVERITY, "object")[:SHOWN_FINDINGS])
        for finding in worst:
            finding.target = row
        looks.append(
            Look(
                routine,
                latest=assessments.of_this_database().filter(finished_at__isnull=False).first(),
                open=unfinished.get(name),
                findings=[(finding, needs.remedy(finding)) for finding in worst],
                count=counts.get(name, 0),
            )
        )
    return looks


@require_http_methods(["GET", "POST"])
@for_operators
def target_register(request: SignedIn) -> HttpResponse:
    """Register a database, and have it looked at at once."""
    tenants = _own_tenants(request.user)
    data = request.POST if request.method == "POST" else None
    form = TargetPageForm(data, tenants=tenants, may_name_places=request.user.has_every_tenant)
    if request.method == "POST" and form.is_valid():
        try:
            row = targets.register(Actor.of(request), form.values())
        except NameTaken as taken:
            form.add_error("name", f"{str(taken)[0].upper()}{str(taken)[1:]}.")
        else:
            targets.ask_check(row, Actor.of(request), timezone.now())
            messages.success(request, f"{row.name} was registered.")
            return redirect("target", row.pk)
    return _form_page(request, form, None)


@require_http_methods(["GET", "POST"])
@for_operators
def target_edit(request: SignedIn, pk: int) -> HttpResponse:
    row = _visible(request.user, pk)
    data = request.POST if request.method == "POST" else None
    form = TargetPageForm(
        data, tenants=_own_tenants(request.user), target=row, may_name_places=request.user.has_every_tenant
    )
    if request.method == "POST" and form.is_valid():
        moment = timezone.now()
        held = holding.holding(row, moment)
        try:
            targets.change(Actor.of(request), row, form.values(), drawn_from=form.cleaned_data["version"])
        except ChangedMeanwhile as other:
            form.add_error(None, f"{other}. Nothing was saved; open the form anew to see it as it is now.")
        except NameTaken as taken:
            form.add_error("name", f"{str(taken)[0].upper()}{str(taken)[1:]}.")
        except TargetInUse as in_use:
            form.add_error("url", f"{str(in_use)[0].upper()}{str(in_use)[1:]}.")
        else:
            if row.checked_at is None and row.is_active:
                targets.ask_check(row, Actor.of(request), moment)
            messages.success(request, f"{row.name} was changed.")
            if lost := holding.lost(held, holding.holding(row, moment)):
                messages.warning(request, lost)
            return redirect("target", row.pk)
    return _form_page(request, form, row)


def _form_page(request: SignedIn, form: TargetPageForm, row: Target | None) -> HttpResponse:
    context = {"form": form, "target": row, "zones": sorted(zoneinfo.available_timezones())}
    return render(request, "strategies/target_form.html", context, status=422 if form.errors else 200)


def _own_tenants(user: User) -> Any:
    return Tenant.objects.all() if user.is_superuser else user.tenants.all()


@require_POST
@for_operators
def target_check(request: SignedIn, pk: int) -> HttpResponse:
    row = _visible(request.user, pk)
    targets.ask_check(row, Actor.of(request), timezone.now())
    return redirect("target", row.pk)


@require_POST
@for_operators
def target_assess(request: SignedIn, pk: int) -> HttpResponse:
    """Look for needs with one strategy, or with all that can look at the database as a whole."""
    row = _visible(request.user, pk)
    supported = registry.seen_as_a_whole(row.platform)
    wanted = request.POST.get("strategy", "")
    try:
        needs.ask_assessments(Actor.of(request), row, [wanted] if wanted in supported else supported, timezone.now())
    except needs.TargetNotReady as refusal:
        messages.error(request, str(refusal))
    return redirect("target", row.pk)


@require_POST
@for_operators
def target_switch(request: SignedIn, pk: int) -> HttpResponse:
    row = _visible(request.user, pk)
    form = SwitchForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Say why, in a few words (at most 500 characters); nothing was changed.")
        return redirect("target", row.pk)
    on = form.cleaned_data["switch"] == "on"
    if targets.switch(Actor.of(request), row, on=on, reason=form.cleaned_data["reason"]):
        messages.success(request, f"{row.name} was switched {'on' if on else 'off'}.")
    return redirect("target", row.pk)
