"""Kept versions of generated strategies: the files of each, what differs from another, the archive, and the way to a deployment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_safe

from strategies import code_lines, deployments, version_pages
from strategies.generator.archive import zipped
from strategies.generator.implementation import in_order
from strategies.models import StrategyVersion, User, may
from strategies.models.access import OPERATES
from strategies.views.access import SignedIn, for_readers_of_sql


@require_safe
@for_readers_of_sql
def version(request: SignedIn, pk: int) -> HttpResponse:
    row = _visible(request.user, pk)
    others = StrategyVersion.objects.visible_to(request.user).filter(strategy_name=row.strategy_name).exclude(pk=pk)
    numbers = list(others.values_list("number", flat=True))
    against = request.GET.get("against", "")
    other = others.filter(number=int(against)).first() if against in map(str, numbers) else None
    context = {
        "version": row,
        "others": numbers,
        "other": other,
        "differences": code_lines.difference(other.files, row.files) if other is not None else [],
        "places": version_pages.places_of(row, request.user),
        "otherwise": deployments.installed_otherwise(row.strategy_name, row.definition),
        "ways": version_pages.ways(row, request.user) if may(request.user, *OPERATES) else None,
        **files_shown(row.files, request.GET.get("file", "")),
    }
    return render(request, "strategies/version.html", context)


@require_safe
@for_readers_of_sql
def version_zip(request: SignedIn, pk: int) -> HttpResponse:
    row = _visible(request.user, pk)
    return zip_answer(row.strategy_name, f"-{row.number}", row.files)


def _visible(user: User, pk: int) -> StrategyVersion:
    return get_object_or_404(StrategyVersion.objects.visible_to(user), pk=pk)


def files_shown(files: Mapping[str, str], wanted: str) -> dict[str, Any]:
    """The names of all, and one of them with its lines: the first where there is none of that name."""
    paths = in_order(files)
    path = wanted if wanted in files else next(iter(paths), "")
    return {"paths": paths, "path": path, "lines": code_lines.coloured(path, files.get(path, ""))}


def zip_answer(strategy: str, suffix: str, files: Mapping[str, str]) -> HttpResponse:
    """All files below a folder that is named after the strategy."""
    response = HttpResponse(zipped(strategy, files), content_type="application/zip")
    response["Content-Disposition"] = content_disposition_header(True, f"{strategy}{suffix}.zip")
    return response
