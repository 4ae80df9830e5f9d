"""The audit as people read it: each entry in words, with the page of its object, and only what changed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from django.urls import reverse

from monitoring.models import ErrorGroup, System
from strategies import registry
from strategies.audit import KINDS
from strategies.models import (
    AuditEntry,
    Calendar,
    JobRun,
    MaintenanceJob,
    MaintenanceWindow,
    StrategyVersion,
    Target,
    User,
)

_WORDS = {action: words for kind in KINDS.values() for action, words in kind.actions.items()}
_PAGES: Mapping[str, tuple[str, Any]] = {
    "Target": ("target", Target),
    "JobRun": ("run", JobRun),
    "MaintenanceJob": ("job", MaintenanceJob),
    "ErrorGroup": ("error", ErrorGroup),
    "MaintenanceWindow": ("window", MaintenanceWindow),
    "Calendar": ("calendar", Calendar),
    "System": ("system", System),
    "StrategyVersion": ("version", StrategyVersion),
}
# What keys are called on pages. A key that is not here is shown by its own words.
_LABELS = {
    "digest": "Plan",
    "first": "First due",
    "how": "How",
    "is_active": "Switched on",
    "is_staff": "May open the administration",
    "is_superuser": "Has every right",
    "last": "Last due",
    "max_parallel_degree": "Parallel degree",
    "max_parallel_runs": "Runs at once",
    "load_limit": "Limit of load",
    "origin": "Came by",
    "stopped_why": "Why it was stopped",
    "url": "Address",
    "when_late": "When late",
}
_INSTANTS = {"first", "last"}  # beside those that end in _at
_KEY = re.compile("[0-9]{1,18}")
_OF_TENANTS = {"Subscription", "StatusPage"}
_MANY = 3  # of a mapping's values are read at a glance
_DIGEST_SHOWN = 12  # characters: enough to tell two plans of one run apart


class Value(NamedTuple):
    """A value as text; `instant` is set where it is one, which pages show in the reader's zone, `parts` where it has many."""

    text: str
    instant: datetime | None = None
    parts: tuple[str, ...] = ()


class Change(NamedTuple):
    """One thing that an act changed; None where the entry does not say."""

    label: str
    before: Value | None
    after: Value | None


@dataclass(frozen=True, slots=True)
class Told:
    """An entry with what a page says of it. `url` is empty where its object has no page, or none any more."""

    entry: AuditEntry
    what: str
    kind: str
    url: str
    changes: Sequence[Change]

    @property
    def is_of_tenant(self) -> bool:
        """Whether it is about a tenant as a whole: its database then only says which."""
        return is_of_tenant(self.entry)

    @property
    def has_before(self) -> bool:
        return bool(self.entry.before)

    @property
    def has_after(self) -> bool:
        return bool(self.entry.after)


class Subject(NamedTuple):
    """The one object whose history a page shows. `url` is empty where it has no page, or none any more."""

    name: str
    url: str


def subject(narrowed: Mapping[str, Any], entries: Sequence[Told]) -> Subject | None:
    """What the filters narrow the entries to, called as its latest entry calls it; None = not to one object."""
    kind, number = KINDS.get(str(narrowed.get("object_type"))), narrowed.get("object_id")
    if kind is None or number is None:
        return None
    if entries and entries[0].entry.object_name:
        return Subject(entries[0].entry.object_name, entries[0].url)
    return Subject(f"{kind.title.lower()} {number}", "")


def told(user: User, entries: Sequence[AuditEntry]) -> list[Told]:
    """In the order given; at most one query for each kind of object that has pages."""
    pages = _pages(user, entries)
    return [
        Told(
            entry, words(entry.action), kind_of(entry), pages.get((entry.object_type, entry.object_id), ""),
            changes(entry.before, entry.after),
        )
        for entry in entries
    ]  # fmt: skip


def is_of_tenant(entry: AuditEntry) -> bool:
    return entry.object_type in _OF_TENANTS


def words(action: str) -> str:
    """What was done: run.released → Plan released. An action that this version does not know keeps its own words."""
    return _WORDS.get(action) or action.replace(".", " ").replace("_", " ").capitalize()


def kind_of(entry: AuditEntry) -> str:
    """What kind of object an entry is about: JobRun → Run."""
    kind = KINDS.get(entry.object_type)
    return kind.title if kind else entry.object_type


def _pages(user: User, entries: Iterable[AuditEntry]) -> dict[tuple[str, str], str]:
    """Addresses by type and number, of the objects that exist and that this person may open."""
    wanted: dict[str, set[str]] = {}
    for entry in entries:
        wanted.setdefault(entry.object_type, set()).add(entry.object_id)
    found = {("Hold", number): reverse("holds") for number in wanted.get("Hold", ())}
    found |= {("LogPolicy", number): reverse("log-health") for number in wanted.get("LogPolicy", ())}
    for kind, (name, model) in _PAGES.items():
        numbers = [int(number) for number in wanted.get(kind, ()) if _KEY.fullmatch(number)]
        visible = model.objects.visible_to(user).filter(pk__in=numbers)
        found |= {(kind, str(pk)): reverse(name, args=[pk]) for pk in visible.values_list("pk", flat=True)}
    if user.is_superuser and user.is_staff:
        found |= {
            ("User", number): reverse("admin:strategies_user_change", args=[number])
            for number in wanted.get("User", ())
            if number
        }
    return found | _strategies(entries)


def _strategies(entries: Iterable[AuditEntry]) -> dict[tuple[str, str], str]:
    """Manual pages, for strategies that have one."""
    rows = [entry for entry in entries if entry.object_type == "StrategyType"]
    return {
        (entry.object_type, entry.object_id): reverse("strategy", args=[entry.object_name])
        for entry in rows
        if entry.object_name in registry.routines()
    }


def changes(before: Any, after: Any) -> tuple[Change, ...]:
    """Row by row what was and what is, in the order in which it was recorded. Whatever is no mapping says nothing."""
    old, new = _mapping(before), _mapping(after)
    return tuple(
        Change(
            _label(key), _value(key, old[key]) if key in old else None, _value(key, new[key]) if key in new else None
        )
        for key in {**old, **new}
    )


def _mapping(value: Any) -> dict[str, Any]:
    return {str(key): one for key, one in value.items()} if isinstance(value, Mapping) else {}


def _label(key: str) -> str:
    return _LABELS.get(key) or key.replace("_", " ").capitalize()


def _value(key: str, value: Any) -> Value:
    if isinstance(value, str) and (key in _INSTANTS or key.endswith("_at")):
        return Value(value, _instant(value))
    if key == "digest" and isinstance(value, str):
        return Value(value[:_DIGEST_SHOWN])
    if isinstance(value, Mapping) and len(value) > _MANY:
        return Value(f"{len(value)} values", parts=tuple(_pairs(value)))
    return Value(_text(value))


def _pairs(values: Mapping[Any, Any]) -> list[str]:
    return [f"{_label(str(key)).lower()} {_text(one)}" for key, one in values.items()]


def _text(value: Any) -> str:
    if value is None or value == "":
        return "empty"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return ", ".join(_pairs(value)) or "none"
    if isinstance(value, list):
        return ", ".join(_text(one) for one in value) or "none"
    return str(value)


def _instant(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else None
