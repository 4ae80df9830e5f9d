"""The calendar by month, week and day: windows, freezes, backups and the work to come, in the reader's zone."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from monitoring.agenda import agenda
from monitoring.calendar_forms import AgendaForm
from monitoring.entries import View
from strategies.views.access import SignedIn, for_readers


@require_safe
@for_readers
def agenda_page(request: SignedIn) -> HttpResponse:
    moment = timezone.now()
    today = timezone.localdate(moment)
    form = AgendaForm(request.GET, user=request.user, today=today)
    context: dict[str, Any] = {
        "filter": {"form": form, "problems": form.problems},
        "query": request.GET.urlencode(),
    }
    if form.is_valid():
        zone = str(timezone.get_current_timezone())
        found = agenda(request.user, form.chosen, form.sheet, moment, zone)
        context |= {
            "agenda": found,
            "zone": zone,
            "today": today,
            "is_narrowed": not form.chosen.is_everything,
            "views": [(view, form.address(view=view.value)) for view in View],
            "previous": _turn(form, found.sheet.previous),
            "next": _turn(form, found.sheet.next),
            "now": form.address(on=""),
            "weeks": [
                (form.address(view="week", on=week[0].on.isoformat()), [(day, _only(form, day.on)) for day in week])
                for week in found.weeks
            ],
            "whole": form.address(target="", tag="", tenant=""),
            "elsewhere": form.address(view="", on=""),
        }
    return render(request, "monitoring/agenda.html", context)


def _only(form: AgendaForm, day: date) -> str:
    return form.address(view=View.DAY.value, on=day.isoformat())


def _turn(form: AgendaForm, day: date | None) -> str | None:
    return None if day is None else form.address(on=day.isoformat())
