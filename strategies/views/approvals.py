"""The inbox of approvals, the page of one, and what people answer there."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from strategies import inbox, keyset, runs, signing
from strategies.audit import Actor
from strategies.forms.approval import PRESETS, AnswerForm, SendBackForm, TextForm
from strategies.models import Approval, ApprovalState, User, may
from strategies.models.access import OPERATES
from strategies.refused import Refused
from strategies.views.access import SignedIn, for_operators, for_readers_of_sql, for_signers


@require_safe
@for_readers_of_sql
def approval_list(request: SignedIn) -> HttpResponse:
    """What the reader is asked, as cards; who is asked nothing sees what others are asked."""
    moment = timezone.now()
    glasses = inbox.glasses_for(request.user, moment)
    mine = [row.pk for row in inbox.asked_of(request.user, moment)]
    others = inbox.questions(request.user).defer("sealed", "risk", "run__plan").exclude(pk__in=mine)
    context = {
        "cards": inbox.cards(request.user, moment, mine[: inbox.SHOWN]), "mine_count": len(mine), "shown": inbox.SHOWN,
        "glasses": glasses, "glasses_count": len(glasses), "others": others[: inbox.SHOWN], "presets": PRESETS,
        "others_count": others.count(), "moment": moment,
    }  # fmt: skip
    return render(request, "strategies/approvals.html", context)


@require_safe
@for_readers_of_sql
def approval_own(request: SignedIn) -> HttpResponse:
    """What the reader asked for, whatever became of it."""
    page = keyset.page(inbox.own(request.user), request.GET)
    return render(request, "strategies/approvals_own.html", {"page": page, "query": ""})


def visible(user: User, pk: int) -> Approval:
    return get_object_or_404(Approval.objects.visible_to(user).select_related("run__target", "standing"), pk=pk)


@require_safe
@for_readers_of_sql
def approval(request: SignedIn, pk: int) -> HttpResponse:
    row = visible(request.user, pk)
    return _page(request, row, AnswerForm(initial={"level": row.level}))


def _page(request: SignedIn, row: Approval, form: forms.Form, status: int = 200) -> HttpResponse:
    moment = timezone.now()
    may_withdraw = may(request.user, *OPERATES) and row.state in (ApprovalState.ASKED, ApprovalState.APPROVED)
    context: dict[str, Any] = {
        "card": next(iter(inbox.cards(request.user, moment, [row.pk]))), "form": form, "moment": moment,
        "difference": inbox.difference(row), "presets": PRESETS,
        "is_requester": request.user.username in row.requesters,
        "may_withdraw": may_withdraw and not row.run.has_begun and row.run.is_open,
        "siblings": Approval.objects.filter(run=row.run_id).exclude(pk=row.pk).defer("sealed", "risk"),
    }  # fmt: skip
    return render(request, "strategies/approval.html", context, status=status)


@require_POST
@for_signers
def approval_approve(request: SignedIn, pk: int) -> HttpResponse:
    """The level that comes with the form is the one that the person was shown."""
    row, form = visible(request.user, pk), AnswerForm(request.POST)
    if not form.is_valid():
        return _page(request, row, form, 422)
    level, user, actor = form.cleaned_data["level"], request.user, Actor.of(request)

    def say(moment: datetime) -> str:
        signed = signing.approve(row.pk, user, actor, level, form.said, moment)
        if signed.state == ApprovalState.APPROVED:
            return f"Run {signed.run_id} is approved: it starts as soon as nothing else stands in its way."
        return f"Your word for run {signed.run_id} is noted; it still needs others."

    return _answer(request, row, say, "approvals")


@require_POST
@for_signers
def approval_send_back(request: SignedIn, pk: int) -> HttpResponse:
    row, form = visible(request.user, pk), SendBackForm(request.POST)
    if not form.is_valid():
        return _page(request, row, form, 422)
    level, user, actor = form.cleaned_data["level"], request.user, Actor.of(request)

    def say(moment: datetime) -> str:
        signing.send_back(row.pk, user, actor, level, form.said, moment)
        return f"Run {row.run_id} was sent back with your reason."

    return _answer(request, row, say, "approvals")


@require_POST
@for_readers_of_sql
def approval_comment(request: SignedIn, pk: int) -> HttpResponse:
    row, form = visible(request.user, pk), TextForm(request.POST)
    if not form.is_valid():
        return _page(request, row, form, 422)
    user, actor = request.user, Actor.of(request)

    def say(moment: datetime) -> str:
        signing.comment(row.pk, user, actor, form.cleaned_data["text"], moment)
        return "Your comment was noted."

    return _answer(request, row, say, "approval")


@require_POST
@for_operators
def approval_withdraw(request: SignedIn, pk: int) -> HttpResponse:
    row, form = visible(request.user, pk), TextForm(request.POST)
    if not form.is_valid():
        return _page(request, row, form, 422)
    user, actor = request.user, Actor.of(request)

    def say(moment: datetime) -> str:
        signing.withdraw(row.pk, user, actor, form.cleaned_data["text"], moment)
        return f"The question about run {row.run_id} was withdrawn; the run waits until somebody asks again."

    return _answer(request, row, say, "approval")


def _answer(request: SignedIn, row: Approval, say: Callable[[datetime], str], back: str) -> HttpResponse:
    """Say it, tell what became of it, and go where the next one is; back to the page where it was refused."""
    moment = timezone.now()
    try:
        done = say(moment)
        runs.ask_gate_anew(row.run_id, moment)
    except Refused as refusal:
        messages.error(request, str(refusal))
        return redirect("approval", row.pk)
    messages.success(request, done)
    return redirect("approvals") if back == "approvals" else redirect("approval", row.pk)
