"""The texts of messages: which are people's own, and the form in which one is written, with a preview."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from monitoring import message_texts, own_texts
from monitoring.message_texts import MOST_BODY, MOST_SUBJECT, Text
from monitoring.models import Audience, MessageText
from monitoring.notifiable import EVENTS, GROUPS, Notifiable
from monitoring.text_examples import sample
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
    own = {(row.event, row.audience): row for row in MessageText.objects.all()}
    groups = [
        (title, [_row(name, own) for name, event in EVENTS.items() if event.group == group])
        for group, title in GROUPS.items()
    ]
    return render(request, "notifications/texts.html", {"groups": groups})


def _row(
    name: str, own: Mapping[tuple[str, str], MessageText]
) -> tuple[Notifiable, list[tuple[Audience, MessageText | None]]]:
    return EVENTS[name], [(audience, own.get((name, audience))) for audience in _audiences(name)]


@require_http_methods(["GET", "POST"])
@for_operators
def text_form(request: SignedIn) -> HttpResponse:
    """Sent with *save* it is kept, with *preview* never; with *reset* the portal's own words are used again."""
    event = request.GET.get("event", next(iter(EVENTS)))
    if event not in EVENTS:
        messages.error(request, "Choose one of these: there is no other message.")
        return redirect("message-texts")
    audience = next((one for one in _audiences(event) if one.value == request.GET.get("audience")), Audience.TECHNICAL)
    is_plain = audience == Audience.PLAIN
    row = MessageText.objects.filter(event=event, audience=audience).first()
    subject, body = (row.subject, row.body) if row is not None else message_texts.own_words(event, is_plain)
    about = _About(event, audience, row)
    if request.method == "GET":
        initial = {"subject": subject, "body": body, "version": own_texts.version(row)}
        return _page(request, about, TextForm(initial=initial), _tried(about, subject, body), is_kept=True)
    form = TextForm(request.POST)
    try:
        if "reset" in request.POST:
            drawn_from = request.POST.get("version", "")
            if own_texts.reset_text(Actor.of(request), request.user, event, audience, drawn_from=drawn_from):
                messages.success(request, "The portal's own words are used again.")
            return redirect("message-texts")
        if not form.is_valid():
            return _page(request, about, form, None, status=422)
        typed = form.cleaned_data
        preview = message_texts.check(event, typed["subject"], typed["body"], is_plain)
        if "save" not in request.POST:
            return _page(request, about, form, preview)
        own_texts.keep_text(
            Actor.of(request),
            request.user,
            event,
            audience,
            typed["subject"],
            typed["body"],
            drawn_from=typed["version"],
        )
    except Refused as refusal:
        form.add_error(refusal.field or None, str(refusal))
        return _page(request, about, form, None, status=422)
    messages.success(request, f"The text of “{EVENTS[event].title}”{' in plain words' if is_plain else ''} is kept.")
    return redirect("message-texts")


@dataclass(frozen=True, slots=True)
class _About:
    """Which text it is; `row` None = the portal's own words are used."""

    event: str
    audience: Audience
    row: MessageText | None


def _audiences(event: str) -> list[Audience]:
    """For whom there is a text about such an event."""
    return [Audience.TECHNICAL, Audience.PLAIN] if EVENTS[event].plain else [Audience.TECHNICAL]


def _helps(facts: Mapping[str, str]) -> tuple[str, str]:
    """A fact that is always there, and one that may be missing, to explain how they are written."""
    always = next((name for name in ("system", "database", "window") if name in facts), "title")
    return always, "notice" if "notice" in facts else "reason"


def _tried(about: _About, subject: str, body: str) -> Text | None:
    try:
        return message_texts.check(about.event, subject, body, about.audience == Audience.PLAIN)
    except Refused:
        return None


def _page(
    request: SignedIn, about: _About, form: TextForm, preview: Text | None, *, is_kept: bool = False, status: int = 200
) -> HttpResponse:  # fmt: skip
    refusal, is_plain = own_texts.refusal(request.user), about.audience == Audience.PLAIN
    for name in ("subject", "body") if refusal else ():
        form.fields[name].disabled = True
    context = {
        "event": EVENTS[about.event], "audience": about.audience, "text": about.row, "form": form, "preview": preview,
        "is_kept": is_kept, "facts": sample(about.event, is_plain).items(), "helps": _helps(sample(about.event, is_plain)),
        "refusal": refusal,
    }  # fmt: skip
    return render(request, "notifications/text_form.html", context, status=status)
