"""Every statement that the portal may send to a database, by product and capability: as a page, and as a text of SQL."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.http import content_disposition_header, urlencode
from django.views.decorators.http import require_safe

from strategies.capabilities import Capability
from strategies.filters import StatementForm
from strategies.platforms.base import Platform
from strategies.views.access import SignedIn, for_readers_of_sql


@dataclass(frozen=True, slots=True)
class Offer:
    """A product that can be chosen, with how many statements it has, each counted once."""

    product: Platform
    capabilities: Sequence[Capability]
    query_count: int
    change_count: int


@require_safe
@for_readers_of_sql
def statements(request: SignedIn) -> HttpResponse:
    """Of the product that was chosen; of none yet, what there is to choose from."""
    form = StatementForm(request.GET)
    context: dict[str, Any] = {"form": form, "filter": {"form": form, "problems": form.problems}}
    context["query"] = any(form.data.values())
    if form.is_valid():
        found = form.chosen()
        context["address"] = urlencode({name: value for name, value in form.cleaned_data.items() if value})
        if form.platform_name:
            context["product"], context["chosen"] = found[0]
        else:
            context["offers"] = [_offer(product, offered) for product, offered in found]
    return render(request, "strategies/statements.html", context)


@require_safe
@for_readers_of_sql
def statements_download(request: SignedIn) -> HttpResponse:
    """The same as a text to read, of all products where none was chosen; it is no script to be run as it stands."""
    form = StatementForm(request.GET)
    if not form.is_valid():
        refused = {"filter": {"problems": form.problems}, "page": "statements"}
        return render(request, "monitoring/no_file.html", refused, status=400)
    text = {"found": form.chosen()}
    response = render(request, "strategies/statements.sql", text, content_type="text/plain; charset=utf-8")
    name = "-".join(filter(None, ("statements", form.platform_name, form.capability_name.replace("_", "-"))))
    response["Content-Disposition"] = content_disposition_header(True, f"{name}.sql")
    return response


def _offer(product: Platform, offered: Sequence[Capability]) -> Offer:
    queries = {query.name for one in offered for query in one.queries}
    changes = {change.form for one in offered for change in one.changes}
    return Offer(product, offered, len(queries), len(changes))
