"""Runs: the list, planning one, and the page on which a run is followed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_http_methods, require_safe

from strategies import (
    account_rights,
    budgets,
    continuing,
    deployments,
    implementations,
    keyset,
    progress,
    registry,
    run_consent,
    run_parameters,
    runs,
    successors,
)
from strategies.account_rights import Lacking
from strategies.audit import Actor
from strategies.budgets import Budget, Line, Used
from strategies.filters import RunFilter
from strategies.forms.parameters import PREFIX, RunForm
from strategies.gate_facts import rows_of_missing_rights
from strategies.job_facts import name_jobs
from strategies.models import (
    ACTIVE,
    BAD,
    AuditEntry,
    JobRun,
    MaintenanceJob,
    OperationLog,
    OperationStatus,
    RunStatus,
    Stop,
    Target,
    User,
    may,
)
from strategies.models.access import OPERATES
from strategies.plans import ErrorClass, Plan
from strategies.views.access import SignedIn, for_operators, for_readers, for_readers_of_sql
from strategies.views.targets import STOP_POLLING

LOG_TAIL = 12


@dataclass(frozen=True, slots=True)
class Possible:
    """What a person who operates may do with a run now."""

    release: bool = False
    stop_after_step: bool = False
    cancel: bool = False
    resume: int = 0  # steps that a resumed run would do
    undo: int = 0  # steps that can be taken back
    retry: bool = False
    handle: bool = False


@require_safe
@for_readers
def run_list(request: SignedIn) -> HttpResponse:
    rows = JobRun.objects.visible_to(request.user).select_related("target").defer("plan", "parameters")
    found = RunFilter(request.GET, rows, request=request)
    page = keyset.page(found.qs, request.GET)
    name_jobs(page.rows, MaintenanceJob.objects.visible_to(request.user))
    return render(request, "strategies/runs.html", {"page": page, "filter": found, "query": _query(request)})


def _query(request: SignedIn) -> str:
    """The filters of this page, for the links to its other pages."""
    kept = request.GET.copy()
    for name in ("before", "after"):
        kept.pop(name, None)
    return kept.urlencode()


@require_http_methods(["GET", "POST"])
@for_operators
def run_plan(request: SignedIn) -> HttpResponse:
    """Choose database and strategy, then its parameters; what comes back is a plan, and nothing runs yet."""
    targets = Target.objects.visible_to(request.user).filter(is_active=True).defer("facts")
    target = _chosen_target(targets, request.GET.get("target", ""))
    names = list(registry.routines()) if target is None else implementations.names(target)
    strategy = request.GET.get("strategy", "") if request.GET.get("strategy", "") in names else ""
    context: dict[str, Any] = {
        "targets": targets, "target": target, "routines": [registry.routine_of(name, {}) for name in names], "strategy": strategy,
        "asked_for": (asked_for := _asked_for(request.GET)),
    }  # fmt: skip
    if target is None or not strategy:
        return render(request, "strategies/run_plan.html", context)
    data = request.POST if request.method == "POST" else None
    package = implementations.packages_in(target).get(strategy, "")
    routine = registry.routine_of(strategy, {})
    target_object = request.GET.get("object") or ("" if routine.is_of_one_table else "ALL")
    form = RunForm(
        data, routine=routine, platform=target.platform, package=package, initial={"target_object": target_object, **asked_for},
    )  # fmt: skip
    if request.method == "POST" and form.is_valid() and _is_accepted(request.user, target, form):
        run = runs.ask(
            Actor.of(request), target, strategy, timezone.now(), target_object=form.cleaned_data["target_object"],
            parameters=form.parameters, timeout_seconds=form.cleaned_data["timeout_minutes"] * 60,
        )  # fmt: skip
        return redirect("run", run.pk)
    context |= {"form": form, "routine": routine, "has_manual": strategy in registry.routines()}
    return render(request, "strategies/run_plan.html", context, status=422 if form.errors else 200)


def _is_accepted(user: User, target: Target, form: RunForm) -> bool:
    """Whether there is what the parameters speak of, for this person and this database; the form says what there is not."""
    for name, why in (problems := deployments.refusals(user, form.typed, target)).items():
        form.add_error(PREFIX + name, why)
    return not problems


def _asked_for(query: QueryDict) -> dict[str, str]:
    """Parameters that whoever led here has filled in: each stands in its field, if the form has one, and can be changed there."""
    return {name: str(value)[:500] for name, value in query.items() if name.startswith(PREFIX)}


def _chosen_target(targets: QuerySet[Target], text: str) -> Target | None:
    return targets.filter(pk=int(text)).first() if text.isascii() and text.isdigit() and len(text) < 19 else None


def visible(user: User, pk: int) -> JobRun:
    return get_object_or_404(JobRun.objects.visible_to(user).select_related("target", "parent", "window"), pk=pk)


@require_safe
@for_readers
def run(request: SignedIn, pk: int) -> HttpResponse:
    row = visible(request.user, pk)
    return render(request, "strategies/run.html", _live(row, request.user))


@require_safe
@for_readers
def run_live(request: SignedIn, pk: int) -> HttpResponse:
    """The changing part of a run's page; nothing more to ask for once it has ended."""
    row = visible(request.user, pk)
    return render(
        request, "strategies/run_live.html", _live(row, request.user), status=200 if row.is_open else STOP_POLLING
    )


def _live(row: JobRun, user: User) -> dict[str, Any]:
    """The same few queries whatever the length of the plan; the operations are those of the steps shown."""
    moment = timezone.now()
    plan = Plan.from_json(row.plan) if row.plan else None
    name_jobs([row], MaintenanceJob.objects.visible_to(user))
    past = progress.past([row])
    log = list(
        OperationLog.objects.filter(run=row).defer("strategy_context", "sql_text").order_by("-operation_id")[:LOG_TAIL]
    )
    steps = progress.step_rows(row, plan, _operations(row, plan), past) if plan else []
    return {
        "run": row,
        "plan": plan,
        "steps": steps,
        "log": log,
        "estimate": progress.estimate(row, plan, past, moment),
        "possible": _possible(row, user),
        "lacking": _lacking(row),
        "consent": run_consent.of(row, user, moment),
        "used": _used(row),
        "will_fail_again": _will_fail_again(row),
        "parameters": run_parameters.given(row.strategy_name, row.target.platform, row.parameters),
        "children": row.children.defer("plan", "parameters").order_by("pk"),
        "history": AuditEntry.objects.visible_to(user)
        .filter(object_type="JobRun", object_id=str(row.pk))
        .order_by("pk"),
        "moment": moment,
        "elapsed_seconds": ((row.finished_at or moment) - row.started_at).total_seconds() if row.started_at else None,
    }


def _lacking(row: JobRun) -> Lacking | None:
    """Missing rights without which an empty plan does not say that all is well; while it can still be planned anew."""
    if row.plan is None or row.steps_total or not row.is_open:
        return None
    found = account_rights.together(rows_of_missing_rights(row))
    return found if found.count else None


def _used(row: JobRun) -> list[Line]:
    """What the run has used of its database, and of its budget; of one that has not begun only what has a limit."""
    found = budgets.lines(Budget.of(row.limits), Used.of(row.used))
    return [line for line in found if row.used is not None or line.limit is not None]


def _will_fail_again(row: JobRun) -> bool:
    """Whether the error of an ended run comes back until somebody has changed something."""
    return row.status == RunStatus.FAILED and row.error_class in (ErrorClass.PERMANENT, ErrorClass.AUTHENTICATION)


def _operations(row: JobRun, plan: Plan | None) -> list[OperationLog]:
    if plan is None:
        return []
    first = progress.first_shown(row, len(plan.steps))
    keys = [step.key for step in plan.steps[first : first + progress.SHOWN_STEPS]]
    rows = OperationLog.objects.filter(run=row, step_key__in=keys)
    return list(rows.defer("strategy_context", "sql_text").order_by("operation_id"))


def _possible(row: JobRun, user: User) -> Possible:
    if not may(user, *OPERATES):
        return Possible()
    if row.is_open:
        return Possible(
            release=row.status == RunStatus.PLANNED and row.planned_at is not None and not row.is_released,
            stop_after_step=row.status in ACTIVE and row.stop not in (Stop.AFTER_STEP, Stop.CANCEL),
            cancel=row.stop != Stop.CANCEL,
        )
    done = list(row.operations.filter(step_key__isnull=False).values_list("step_key", "status"))
    succeeded = {str(key) for key, status in done if status == OperationStatus.SUCCESS}
    return Possible(
        resume=len(continuing.steps_left(row, runs.done_keys(row))),
        undo=0 if successors.undone_by(row) else len(successors.reversals(row, succeeded)),
        retry=True,
        handle=row.status in BAD and row.handled_at is None,
    )


@require_safe
@for_readers_of_sql
def run_plan_download(request: SignedIn, pk: int) -> HttpResponse:
    """The plan as a script to read: every statement in order, with what it is for."""
    row = visible(request.user, pk)
    if row.plan is None:
        raise Http404
    plan = Plan.from_json(row.plan)
    response = render(
        request, "strategies/plan.sql", {"run": row, "plan": plan}, content_type="text/plain; charset=utf-8"
    )
    response["Content-Disposition"] = content_disposition_header(True, f"run-{row.pk}-plan.sql")
    return response


def told(request: SignedIn, won: bool, done: str, lost: str) -> None:
    """Say what became of a request: somebody may have been quicker."""
    if won:
        messages.success(request, done)
    else:
        messages.warning(request, lost)
