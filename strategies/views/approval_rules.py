"""Who has to agree, by environment, risk, strategy and tenant: the rules, what they would ask, and changing them."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from strategies import approvals, registry, rule_changes, rule_preview
from strategies.audit import Actor
from strategies.forms.approval_rule import RuleForm
from strategies.models import ApprovalRule, Target, User, may
from strategies.models.scoped import visible_scopes
from strategies.refused import Refused
from strategies.rule_changes import CHANGES
from strategies.views.access import SignedIn, for_readers_of_sql


@require_safe
@for_readers_of_sql
def rule_list(request: SignedIn) -> HttpResponse:
    targets = Target.objects.visible_to(request.user).defer("facts").order_by("name")
    chosen, strategy = request.GET.get("target", ""), request.GET.get("strategy", "")
    is_key = chosen.isascii() and chosen.isdigit() and len(chosen) < 19
    target = targets.prefetch_related("tags").filter(pk=int(chosen)).first() if is_key else None
    strategy = strategy if strategy in registry.routines() else ""
    context = {
        "rules": [rule_preview.listed(row) for row in _visible(request.user).order_by("name")],
        "preview": rule_preview.preview(approvals.rules(), [target] if target else [], strategy),
        "targets": targets, "target": target, "strategy": strategy, "routines": registry.routines().values(),
        "may_change": may(request.user, *CHANGES),
    }  # fmt: skip
    return render(request, "strategies/approval_rules.html", context)


def _visible(user: User) -> QuerySet[ApprovalRule]:
    return visible_scopes(ApprovalRule.objects.select_related("target", "tag", "tenant"), user)


@require_http_methods(["GET", "POST"])
@for_readers_of_sql
def rule_new(request: SignedIn) -> HttpResponse:
    return _form(request, None)


@require_http_methods(["GET", "POST"])
@for_readers_of_sql
def rule_edit(request: SignedIn, pk: int) -> HttpResponse:
    return _form(request, get_object_or_404(_visible(request.user), pk=pk))


def _form(request: SignedIn, rule: ApprovalRule | None) -> HttpResponse:
    """Sent with *check* it is shown what the rules would ask with it, which everybody may try; with *save* a manager's is kept."""
    form = RuleForm(request.POST if request.method == "POST" else None, user=request.user, rule=rule)
    if form.is_bound and form.is_valid() and "save" in request.POST:
        try:
            row = rule_changes.save(form.row, request.user, Actor.of(request), drawn_from=form.cleaned_data["version"])
        except Refused as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal))
        else:
            messages.success(request, f"The rule {row.name} is kept; what was asked before stays as it was asked.")
            return redirect("approval-rules")
    is_right = form.is_bound and not form.errors
    context: dict[str, Any] = {
        "form": form, "rule": rule, "is_right": is_right, "listed": rule_preview.listed(rule) if rule else None,
        "refusal": rule_changes.refusal(rule, request.user),
        "preview": rule_preview.preview(_rules_with(form.row), [], "") if is_right else None,
    }  # fmt: skip
    return render(request, "strategies/approval_rule_form.html", context, status=422 if form.errors else 200)


def _rules_with(row: ApprovalRule) -> list[Any]:
    """The rules in force as they would be with this one."""
    others = [approvals.rule_of(one) for one in ApprovalRule.objects.filter(is_active=True).exclude(pk=row.pk)]
    return [*others, approvals.rule_of(row)] if row.is_active else others


@require_POST
@for_readers_of_sql
def rule_remove(request: SignedIn, pk: int) -> HttpResponse:
    row = get_object_or_404(_visible(request.user), pk=pk)
    try:
        rule_changes.remove(row, request.user, Actor.of(request))
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, f"The rule {row.name} is removed.")
    return redirect("approval-rules")
