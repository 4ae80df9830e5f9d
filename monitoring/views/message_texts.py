"""The texts of messages: which are people's own, and the form in which one is written, with a preview."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from monitoring import message_texts, own_texts
from monitoring.message_texts import MOST_BODY, MOST_SUBJECT, Text
from monitoring.models import Audience, MessageText
from monitoring.notifiable import EVENTS, sample
from strategies.audit import Actor
from strategies.refused import Refused
from strategies.views.access import SignedIn, for_operators, for_readers_of_audit


class TextForm(forms.Form):
    subject = forms.CharField(max_length=MOST_SUBJECT, strip=False, required=False)
    body = forms.CharField(
        label="Text", max_length=MOST_BODY, strip=False, required=False, widget=forms.Textarea(attrs={"rows": 16})
    )
    version = forms.CharField(required=False, widget=forms.HiddenInput)


@require_safe
@for_readers_of_audit
def text_list(request: SignedIn) -> HttpResponse:
    own = {row.event: row for row in MessageText.objects.filter(audience=Audience.TECHNICAL)}
    context = {"texts": [(event, own.get(name)) for name, event in EVENTS.items()]}
    return render(request, "notifications/texts.html", context)


@require_http_methods(["GET", "POST"])
@for_operators
def text_form(request: SignedIn) -> HttpResponse:
    """Sent with *save* it is kept, with *preview* never; with *reset* the portal's own words are used again."""
    event = request.GET.get("event", next(iter(EVENTS)))
    if event not in EVENTS:
        messages.error(request, "Choose one of these: there is no other message.")
        return redirect("message-texts")
    row = MessageText.objects.filter(event=event, audience=Audience.TECHNICAL).first()
    subject, body = (row.subject, row.body) if row is not None else message_texts.own_words(event)
    if request.method == "GET":
        initial = {"subject": subject, "body": body, "version": own_texts.version(row)}
        return _page(request, event, row, TextForm(initial=initial), _tried(event, subject, body), is_kept=True)
    form = TextForm(request.POST)
    try:
        if "reset" in request.POST:
            if own_texts.reset_text(Actor.of(request), request.user, event, drawn_from=request.POST.get("version", "")):
                messages.success(request, "The portal's own words are used again.")
            return redirect("message-texts")
        if not form.is_valid():
            return _page(request, event, row, form, None, status=422)
        typed = form.cleaned_data
        preview = message_texts.check(event, typed["subject"], typed["body"])
        if "save" not in request.POST:
            return _page(request, event, row, form, preview)
        own_texts.keep_text(
            Actor.of(request), request.user, event, typed["subject"], typed["body"], drawn_from=typed["version"]
        )
    except Refused as refusal:
        form.add_error(refusal.field or None, str(refusal))
        return _page(request, event, row, form, None, status=422)
    messages.success(request, f"The text of “{EVENTS[event].title}” is kept.")
    return redirect("message-texts")


def _tried(event: str, subject: str, body: str) -> Text | None:
    try:
        return message_texts.check(event, subject, body)
    except Refused:
        return None


def _page(
    request: SignedIn, event: str, row: MessageText | None, form: TextForm, preview: Text | None, *, is_kept: bool = False,
    status: int = 200,
) -> HttpResponse:  # fmt: skip
    context = {
        "event": EVENTS[event], "text": row, "form": form, "preview": preview, "is_kept": is_kept, "facts": sample(event).items(),
        "refusal": own_texts.refusal(request.user),
    }  # fmt: skip
    return render(request, "notifications/text_form.html", context, status=status)
