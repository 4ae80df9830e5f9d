"""Strategies: the catalogue, and each one's manual page with its parameters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from strategies import registry, version_pages
from strategies.manual import manual
from strategies.models import StrategyType
from strategies.platforms.base import Platform
from strategies.routines.base import Parameters, Routine
from strategies.views.access import SignedIn, for_readers


@dataclass(frozen=True, slots=True)
class ParameterRow:
    name: str
    title: str
    description: str
    default: str
    bounds: str


@require_safe
@for_readers
def strategies(request: SignedIn) -> HttpResponse:
    """What can be run here, and the names that the registry knows without a routine behind them."""
    rows = [
        (routine, manual(routine.__doc__)[0].paragraphs[0], [product.label for product in _platforms(name)])
        for name, routine in registry.routines().items()
    ]
    generated = version_pages.generated(request.user)
    known = {*registry.routines(), *(newest.strategy_name for newest in generated)}
    context = {
        "rows": rows,
        "generated": generated,
        "others": StrategyType.objects.exclude(strategy_name__in=known),
    }
    return render(request, "strategies/strategies.html", context)


@require_safe
@for_readers
def strategy(request: SignedIn, name: str) -> HttpResponse:
    """One that was only generated so far has its versions, and no manual page of its own yet."""
    routine = registry.routines().get(name)
    versions = version_pages.versions_of(name, request.user)
    if routine is None:
        if not versions:
            raise Http404
        return render(request, "strategies/strategy_generated.html", {"name": name, "versions": versions})
    products = _platforms(name)
    return render(
        request,
        "strategies/strategy.html",
        {
            "routine": routine,
            "sections": manual(routine.__doc__),
            "platforms": [product.label for product in products],
            "products": products,
            "parameters": _parameters(routine),
            "versions": versions,
        },
    )


def _platforms(name: str) -> list[Platform]:
    """Those that have what this strategy asks for."""
    return [platform for platform in registry.platforms().values() if registry.supports(platform.name, name)]


def _parameters(routine: Routine[Any]) -> list[ParameterRow]:
    """Those of the routine first, then those that all take."""
    fields = routine.parameters.model_fields
    ordered = sorted(fields, key=lambda name: name in Parameters.model_fields)
    return [
        ParameterRow(
            name, fields[name].title or name, fields[name].description or "", _shown(fields[name].get_default()),
            _bounds(fields[name].metadata),
        )
        for name in ordered
    ]  # fmt: skip


def _shown(value: Any) -> str:
    if isinstance(value, str):
        return value or "none"
    return ("yes" if value else "no") if isinstance(value, bool) else f"{value:,}"


def _bounds(rules: list[Any]) -> str:
    longest = next((rule.max_length for rule in rules if hasattr(rule, "max_length")), None)
    if longest is not None:
        return f"at most {longest:,} characters"
    lowest = next((rule.ge for rule in rules if hasattr(rule, "ge")), None)
    highest = next((rule.le for rule in rules if hasattr(rule, "le")), None)
    return "yes or no" if lowest is None and highest is None else f"{lowest:,} to {highest:,}"
