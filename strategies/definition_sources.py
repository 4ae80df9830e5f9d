"""What a definition can be copied from: versions that are kept, the portal's own strategies, and their configurations."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from strategies import registry
from strategies.generator.definition import LONGEST
from strategies.generator.library import Library
from strategies.manual import manual
from strategies.models import StrategyConfig, StrategyVersion, User

MOST_CONFIGURATIONS = 200
Choices = list[tuple[str, str]]  # keys as `copied` takes them, and titles


def choices(user: User, library: Library) -> list[tuple[str, Choices]]:
    """By kinds; of each strategy the newest version."""
    own = _operations(library)
    newest = StrategyVersion.objects.visible_to(user).newest().values_list("pk", "strategy_name", "number")
    configurations = (
        StrategyConfig.objects.visible_to(user).filter(strategy_id__in=list(own)).order_by("strategy_id", "pk")
    )
    shown = configurations.values_list("pk", "strategy_id", "target_object", "target_type_id", "target__name")
    found = [
        ("Generated strategies", [(f"version-{pk}", f"{name}, version {number}") for pk, name, number in newest]),
        ("Strategies of the portal", [(f"strategy-{name}", registry.own_routines()[name].title) for name in own]),
        (
            "Their configurations",
            [
                (f"configuration-{pk}", f"{registry.own_routines()[str(name)].title}: {what} ({kind}) in {where or 'home'}")
                for pk, name, what, kind, where in shown[:MOST_CONFIGURATIONS]
            ],
        ),
    ]  # fmt: skip
    return [(title, rows) for title, rows in found if rows]


def copied(user: User, key: str, library: Library) -> dict[str, Any] | None:
    """The values of a definition; None where there is no such thing, or the reader does not see it."""
    kind, _, name = key.partition("-")
    own = _operations(library)
    if kind == "strategy":
        return _of_routine(name, {}, own[name], library) if name in own else None
    pk = int(name) if name.isascii() and name.isdigit() and len(name) < 19 else 0
    if kind == "version":
        version = StrategyVersion.objects.visible_to(user).filter(pk=pk).only("definition").first()
        return dict(version.definition) if version is not None else None
    row = StrategyConfig.objects.visible_to(user).filter(pk=pk, strategy_id__in=list(own)).first()
    if kind != "configuration" or row is None:
        return None
    given = row.strategy_config if isinstance(row.strategy_config, dict) else {}
    return _of_routine(row.strategy_id, given, own[row.strategy_id], library)


def _operations(library: Library) -> dict[str, list[str]]:
    """By the strategies of the portal that do them."""
    found: dict[str, list[str]] = {}
    for name, operation in library.operations.items():
        found.setdefault(operation.python.routine, []).append(name)
    return found


def _of_routine(name: str, parameters: Mapping[str, Any], operations: list[str], library: Library) -> dict[str, Any]:
    """Its own name is left open; of parameters what the operations take."""
    settings = library.settings(operations)
    return {
        "type": _template(operations, library),
        "category": "DATABASE",
        "description": _first_sentence(name),
        "targets": sorted({word for one in operations for word in library.operations[one].target_types}),
        "operations": operations,
        "parameters": {
            word: value for word, value in parameters.items() if word in settings and not settings[word].why_not(value)
        },
    }


def _template(operations: Iterable[str], library: Library) -> str:
    """The narrowest that offers them all; empty where none does."""
    fitting = [one for one in library.templates.values() if set(operations) <= set(one.operations)]
    return min(fitting, key=lambda one: len(one.operations)).strategy_type if fitting else ""


def _first_sentence(routine: str) -> str:
    """Of its manual page; empty where that is too long for the registry."""
    text = manual(registry.own_routines()[routine].__doc__)[0].paragraphs[0]
    sentence = text.partition(". ")[0].rstrip(".") + "."
    return sentence if len(sentence) <= LONGEST["description"] else ""
