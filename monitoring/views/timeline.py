"""The timeline by database: windows, freezes, what runs and what is to come, as a figure and as a table."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from monitoring.calendar_forms import TimelineForm
from monitoring.figures import timeline as figures
from monitoring.figures.theme import THEMES
from monitoring.timeline import timeline
from monitoring.upcoming import MOST_OF_A_JOB
from monitoring.views.sheets import csv_file, refused
from strategies.views.access import SignedIn, for_readers

COLUMNS = ("database", "what", "name", "starts_at", "ends_at", "shuts_at", "note", "warning")


@require_safe
@for_readers
def timeline_page(request: SignedIn) -> HttpResponse:
    form = TimelineForm(request.GET, user=request.user)
    context: dict[str, Any] = {
        "filter": {"form": form, "problems": form.problems},
        "query": request.GET.urlencode(),
    }
    if form.is_valid():
        zone = str(timezone.get_current_timezone())
        found = timeline(request.user, form.chosen, timezone.now(), form.span, zone)
        context |= {
            "timeline": found,
            "zone": zone,
            "most_of_a_job": MOST_OF_A_JOB,
            "is_narrowed": not form.chosen.is_everything,
            "elsewhere": form.address(hours=""),
            "themes": THEMES,
            "figure": figures.lanes(found, zone),
            "words": figures.lanes_in_words(found, zone),
        }
    return render(request, "monitoring/timeline.html", context)


@require_safe
@for_readers
def timeline_csv(request: SignedIn) -> HttpResponse:
    """The same lanes, a row for each bar."""
    form = TimelineForm(request.GET, user=request.user)
    if not form.is_valid():
        return refused(request, form, "timeline")
    found = timeline(request.user, form.chosen, timezone.now(), form.span, str(timezone.get_current_timezone()))
    rows = (
        (lane.target, one.kind.word, one.name, one.starts_at, one.ends_at, one.shuts_at, one.note, one.warning)
        for lane in found.lanes
        for one in lane.entries
    )
    return csv_file("timeline.csv", COLUMNS, rows)
