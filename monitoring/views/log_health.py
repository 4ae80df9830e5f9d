"""The operation log itself: its size and growth, how long it is kept, who writes into it, and pruning it now."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from monitoring import expiry, log_health, partition_state, retention, rollups
from monitoring.figures import log_health as figures
from monitoring.figures.theme import THEMES
from monitoring.forms import PeriodForm, PolicyForm
from monitoring.log_health import Kept
from monitoring.models import LogSize
from monitoring.partition_state import State
from monitoring.views.sheets import csv_file, refused
from strategies import log_policies
from strategies.audit import Actor
from strategies.models import OperationLog, may
from strategies.models.access import OPERATES
from strategies.views.access import SignedIn, for_operators, for_readers_of_sql

PRUNE_SECONDS = 10.0  # of a request
QUICKLY_MEASURED_MS = 2000
REFUSAL = "The log is shared by all tenants: only somebody who sees them all may change how it is kept."


@require_safe
@for_readers_of_sql
def health(request: SignedIn) -> HttpResponse:
    return _page(request)


def _page(request: SignedIn, sent: PolicyForm | None = None) -> HttpResponse:
    user, moment = request.user, timezone.now()
    form = _form(request, moment)
    size = log_health.latest()
    rules = log_health.rules(user, size)
    visible = OperationLog.objects.visible_to(user).select_related("target").defer("strategy_context", "sql_text")
    open_rows = list(log_health.never_ended(visible, moment).order_by("-operation_id")[: log_health.SHOWN + 1])
    context: dict[str, Any] = {
        "filter": {"form": form, "problems": form.problems},
        "query": _without_rule(request),
        "counted_at": rollups.looked_at(),
        "is_whole": user.has_every_tenant,
        "size": size,
        "concerns": log_health.check_log_table_health(moment) if user.has_every_tenant else (),
        "rules": rules,
        "partitions": _partitions(rules, moment) if user.has_every_tenant else None,
        "never_ended": open_rows[: log_health.SHOWN],
        "has_more": len(open_rows) > log_health.SHOWN,
        "running_for": expiry.RUNNING_FOR.days,
        "unreadable": log_health.unreadable(user, size).select_related("target").defer("strategy_context", "sql_text"),
        "may_change": may(user, *OPERATES) and user.has_every_tenant,
        "refusal": REFUSAL,
    }
    chosen = _chosen(rules, sent.data.get("strategy", "") if sent else request.GET.get("rule", ""))
    context |= {"chosen": chosen.policy, "rule_form": sent or _rule_form(rules, chosen)}
    if form.is_valid():
        days = log_health.growth(user, form.days, **form.narrowed)
        sizes = log_health.sizes(form.days) if user.has_every_tenant else {}
        context |= {
            "themes": THEMES,
            "growth_figure": figures.rows_per_day(days) if any(day.n for day in days) else None,
            "growth_words": figures.rows_in_words(days),
            "growth": [(day, sizes.get(day.day)) for day in days[::-1]],
        }
    return render(request, "monitoring/log_health.html", context, status=422 if sent else 200)


def _partitions(rules: tuple[Kept, ...], moment: datetime) -> State:
    return partition_state.state(moment, [rule.policy.retention_days for rule in rules])


def _form(request: SignedIn, moment: datetime) -> PeriodForm:
    return PeriodForm(request.GET, user=request.user, today=moment.astimezone(UTC).date())


def _without_rule(request: SignedIn) -> str:
    kept = request.GET.copy()
    kept.pop("rule", None)
    return kept.urlencode()


def _chosen(rules: tuple[Kept, ...], name: str) -> Kept:
    """The rule that is to be changed; that of all where no such strategy is listed."""
    return next((rule for rule in rules if rule.policy.strategy == name), rules[0])


def _rule_form(rules: tuple[Kept, ...], chosen: Kept) -> PolicyForm:
    policy = chosen.policy
    initial = {
        "strategy": policy.strategy, "retention_days": policy.retention_days, "is_enabled": policy.is_switched_on,
    }  # fmt: skip
    form = PolicyForm(strategies=_names(rules), initial=initial)
    return form.for_one() if policy.strategy else form


def _names(rules: tuple[Kept, ...]) -> list[str]:
    return [rule.policy.strategy for rule in rules]


@require_safe
@for_readers_of_sql
def growth_csv(request: SignedIn) -> HttpResponse:
    """Day by day: rows that came, and (for those who see every tenant) the log as it was measured."""
    form = _form(request, timezone.now())
    if not form.is_valid():
        return refused(request, form, "log-health")
    days = log_health.growth(request.user, form.days, **form.narrowed)
    sizes = log_health.sizes(form.days) if request.user.has_every_tenant else {}
    rows = ((day.day, day.n, *_size_cells(sizes.get(day.day))) for day in days)
    return csv_file("operation-log-growth.csv", ("day", "rows_that_came", "rows_in_log", "size_bytes"), rows)


def _size_cells(size: LogSize | None) -> tuple[int | None, int | None]:
    return (None, None) if size is None else (size.row_count, size.size_bytes)


@require_POST
@for_operators
def policy(request: SignedIn) -> HttpResponse:
    """Change the rule of all strategies, or of one; or have one follow all again."""
    if not request.user.has_every_tenant:
        messages.error(request, REFUSAL)
        return redirect("log-health")
    form = PolicyForm(request.POST, strategies=_names(log_health.rules(request.user, log_health.latest())))
    if not form.is_valid():
        return _page(request, form)
    actor, name = Actor.of(request), form.cleaned_data["strategy"]
    if name and request.POST.get("how") == "follow":
        is_changed = log_policies.follow_all(actor, name)
    else:
        is_changed = log_policies.set_log_retention_days(actor, form.cleaned_data["retention_days"], name)
        enabled = form.cleaned_data["is_enabled"]
        is_changed |= (
            log_policies.set_strategy_logging(actor, name, enabled) if name else log_policies.set_logging_enabled(actor, enabled)
        )  # fmt: skip
    if is_changed:
        messages.success(request, f"The rule for {name.replace('_', ' ').lower() or 'all strategies'} is changed.")
    else:
        messages.info(request, "It was so already; nothing was changed.")
    return redirect("log-health")


@require_http_methods(["GET", "POST"])
@for_operators
def prune(request: SignedIn) -> HttpResponse:
    """What would go, and then, if that is still so, pruning it; what takes too long for a request goes by night."""
    if not request.user.has_every_tenant:
        messages.error(request, REFUSAL)
        return redirect("log-health")
    moment = timezone.now()
    if request.method == "POST":
        up_to = _whole_number(request.POST.get("up_to", ""))
        shown = retention.preview(moment, up_to=up_to)
        if up_to is not None and shown.digest == request.POST.get("digest"):
            return _prune(request, moment, up_to)
        messages.warning(request, "What would go has changed since it was shown; nothing was pruned. Look again.")
    shown = retention.preview(moment)
    status = 422 if request.method == "POST" else 200
    return render(request, "monitoring/log_prune.html", {"shown": shown}, status=status)


def _whole_number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def _prune(request: SignedIn, moment: datetime, up_to: int) -> HttpResponse:
    try:
        cleaned = retention.cleanup_old_logs(moment, actor=Actor.of(request), up_to=up_to, seconds=PRUNE_SECONDS)
    except retention.Busy as busy:
        messages.warning(request, str(busy))
        return redirect("log-health")
    size = log_health.latest()
    if size is None or size.took_ms < QUICKLY_MEASURED_MS:
        log_health.monitor_log_table_size(timezone.now(), force=True)
    rows = f"{cleaned.rows:,} {'row is' if cleaned.rows == 1 else 'rows are'} pruned."
    if cleaned.is_complete:
        messages.success(request, rows)
    else:
        messages.warning(request, f"{rows} The rest goes by night, or prune again.")
    return redirect("log-health")
