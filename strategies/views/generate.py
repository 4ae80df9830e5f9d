"""Generating a strategy: its definition as a form or as text, and before anything is kept, every file that comes of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from strategies import code_lines, definition_sources, definitions, version_pages, versions
from strategies.audit import Actor
from strategies.forms.definition import DefinitionForm
from strategies.forms.definition_values import as_sent, put_jobs, unsaid
from strategies.generator.definition import Definition, DefinitionRefused, Fault, Known
from strategies.generator.implementation import Implementation, generate, remarks
from strategies.generator.library import LibraryRefused
from strategies.generator.masters import MasterBroken
from strategies.generator.reading import read
from strategies.generator.texts import read_text, values_as_json, values_as_yaml
from strategies.recurrence import EXAMPLES
from strategies.registrations import RegistrationRefused
from strategies.views.access import SignedIn, for_operators
from strategies.views.versions import files_shown, zip_answer

TEXT = "text"
NOT_HOME = "is kept as a version of the portal's own database, home, which you do not see; download the ZIP instead."
NOT_SHOWN = "is nothing that the form has a field for; mend it here first."


@dataclass(frozen=True, slots=True)
class Typed:
    """What was sent: in the form, or as text. `definition` is None where there are faults, `values` where it cannot be read."""

    known: Known
    form: DefinitionForm | None
    text: str
    values: object
    faults: tuple[Fault, ...]
    definition: Definition | None


@require_http_methods(["GET", "POST"])
@for_operators
def strategy_generate(request: SignedIn) -> HttpResponse:
    """Nothing is kept between two of its answers: what was typed goes out with each page and comes back with the next."""
    try:
        known = definitions.known()
        if request.method == "GET":
            return _begun(request, known)
        typed = _typed(request.POST, known)
        action = next((does for name, does in _ACTIONS.items() if name in request.POST), _preview)
        return action(request, typed)
    except (LibraryRefused, MasterBroken) as broken:
        return render(request, "strategies/generate_broken.html", {"reason": str(broken)}, status=500)


def _begun(request: SignedIn, known: Known) -> HttpResponse:
    values: dict[str, Any] | None = {"category": "DATABASE", "jobs": [{}]}
    if key := request.GET.get("from", ""):
        values = definition_sources.copied(request.user, key, known.library)
        if values is None:
            raise Http404
    form = DefinitionForm(as_sent(values), known)
    if key and unsaid(values, form.said):
        return _page(request, known, text=values_as_json(values or {}))
    return _page(request, known, form=form)


def _typed(sent: QueryDict, known: Known) -> Typed:
    form, text, values = None, sent.get(TEXT, "").replace("\r\n", "\n"), None
    try:
        if sent.get("view") == TEXT:
            values = read_text(text)
        else:
            form = DefinitionForm(sent, known)
            values = form.values
        return Typed(known, form, text, values, (), read(values, known))
    except DefinitionRefused as refusal:
        return Typed(known, form, text, values, refusal.faults, None)


# What the buttons do.


def _preview(request: SignedIn, typed: Typed) -> HttpResponse:
    """Every file, and what differs from the version that is in use; nothing is kept, and nothing of it is run."""
    made = _made(typed)
    if made is None:
        return _judged(request, typed)
    before, why = version_pages.compared_with(made.definition.name, request.user)
    context = {
        "definition": made.definition,
        "remarks": remarks(made.definition, typed.known.library),
        "values": values_as_json(made.definition.as_json()),
        "before": before,
        "why": why,
        "differences": code_lines.difference(before.files, made.files) if before is not None else [],
        **files_shown(made.files, request.POST.get("file", "")),
    }
    return render(request, "strategies/generate_preview.html", context)


def _zip(request: SignedIn, typed: Typed) -> HttpResponse:
    made = _made(typed)
    return _judged(request, typed) if made is None else zip_answer(made.definition.name, "", made.files)


def _keep(request: SignedIn, typed: Typed) -> HttpResponse:
    made, moment = _made(typed), timezone.now()
    if made is None:
        return _judged(request, typed)
    if not version_pages.sees_home(request.user):
        return _judged(request, typed, (Fault("definition", NOT_HOME),))
    values = made.definition.as_json()
    try:
        version = versions.keep(Actor.of(request), values, made.files, made.registration, moment)
    except RegistrationRefused as refusal:
        return _judged(request, typed, (Fault(refusal.field, str(refusal)),))
    if version.made_at == moment:
        messages.success(request, f"Version {version.number} is kept. Nothing is deployed yet.")
    else:
        messages.info(request, f"The same was kept before, as version {version.number}.")
    return redirect("version", version.pk)


def _check(request: SignedIn, typed: Typed) -> HttpResponse:
    return _judged(request, typed)


def _as_text(write: Callable[[Mapping[str, Any]], str]) -> Callable[[SignedIn, Typed], HttpResponse]:
    def show(request: SignedIn, typed: Typed) -> HttpResponse:
        if not isinstance(typed.values, Mapping):
            return _judged(request, typed)
        return _page(request, typed.known, text=write(typed.values))

    return show


def _as_form(request: SignedIn, typed: Typed) -> HttpResponse:
    """What the form cannot show is not lost: then the text stays."""
    values = typed.values if typed.definition is None else typed.definition.as_json()
    if not isinstance(values, Mapping):
        return _judged(request, typed)
    form = DefinitionForm(as_sent(values), typed.known)
    if lost := unsaid(values, form.said):
        return _judged(request, typed, tuple(Fault(place, NOT_SHOWN) for place in lost))
    return _page(request, typed.known, form=form)


def _add(request: SignedIn, typed: Typed) -> HttpResponse:
    return _with_jobs(request, typed, lambda rows: [*rows, {}])


def _remove(request: SignedIn, typed: Typed) -> HttpResponse:
    number = request.POST.get("remove", "")
    return _with_jobs(request, typed, lambda rows: [row for place, row in enumerate(rows) if str(place) != number])


def _with_jobs(request: SignedIn, typed: Typed, change: Callable[[list[Any]], list[Any]]) -> HttpResponse:
    """The form as it was sent, with one job more or less; it is not judged for that."""
    if typed.form is None:
        return _judged(request, typed)
    sent = request.POST.copy()
    put_jobs(sent, change(typed.form.rows()))
    form = DefinitionForm(sent, typed.known)
    form.begin_at_last_job()
    return _page(request, typed.known, form=form)


_ACTIONS: dict[str, Callable[[SignedIn, Typed], HttpResponse]] = {
    "add": _add,
    "remove": _remove,
    "as_json": _as_text(values_as_json),
    "as_yaml": _as_text(values_as_yaml),
    "as_form": _as_form,
    "check": _check,
    "zip": _zip,
    "keep": _keep,
}


def _made(typed: Typed) -> Implementation | None:
    if typed.definition is None:
        return None
    return generate(typed.definition, typed.known.library, definitions.own_folders())


# How it is shown.


def _judged(request: SignedIn, typed: Typed, more: tuple[Fault, ...] = ()) -> HttpResponse:
    """As it was sent, with its faults; or with the word that there are none."""
    faults = (*more, *typed.faults)
    if typed.form is not None:
        typed.form.tell(faults)
        return _page(request, typed.known, form=typed.form, faults=faults, is_judged=True)
    return _page(request, typed.known, text=typed.text, faults=faults, is_judged=True)


def _page(
    request: SignedIn, known: Known, *, form: DefinitionForm | None = None, text: str = "", faults: tuple[Fault, ...] = (),
    is_judged: bool = False,
) -> HttpResponse:  # fmt: skip
    context = {
        "form": form,
        "text": text,
        "faults": faults,
        "is_right": is_judged and not faults,
        "sources": definition_sources.choices(request.user, known.library),
        "chosen_source": request.GET.get("from", ""),
        "examples": [(kind.replace("_", " ").capitalize(), example) for kind, example in EXAMPLES.items()],
        "example": EXAMPLE,
    }
    return render(request, "strategies/generate.html", context, status=422 if faults else 200)


EXAMPLE = """\
name: NIGHTLY_TIDY
type: MAINTENANCE
category: DATABASE
description: Statistics and indexes of the shop.
targets: [TABLE, INDEX]
operations: [ANALYZE, REBUILD]
parameters:
  stale_percent: 20
jobs:
  - name: STATISTICS
    schedule_type: DAILY
    schedule_value: "22:00"
    schedule_timezone: Europe/Vienna
    operations: [ANALYZE]
  - name: INDEXES
    target_type: INDEX
    operations: [REBUILD]
    depends_on: [STATISTICS]
"""
