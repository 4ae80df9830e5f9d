"""What audit entries about windows and freezes say, also of those that are gone."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from monitoring.fact_words import instant
from strategies.models import AuditEntry, Environment, Tag, Target, Tenant
from strategies.scope import NOWHERE, Scope

_SHOWN_CHANGES = {"name", "starts", "minutes", "time_zone", "rule", "scope", "is_active", "capacity", "ends_at"}


def changes(entry: AuditEntry, zone: str) -> str:
    """Each value that is another now, a line each."""
    before, after = entry.before or {}, entry.after or {}
    if entry.action in ("window.added", "window.removed", "calendar.entry_added", "calendar.entry_removed"):
        return ""
    if entry.action == "calendar.entry_lifted":
        return f"From {_value('ends_at', after.get('starts_at'), zone)} until {_value('ends_at', after.get('ends_at'), zone)}"
    lines = []
    for name in sorted(_SHOWN_CHANGES & before.keys() & after.keys()):
        old, new = (_value(name, values[name], zone) for values in (before, after))
        lines.append(f"{name.replace('_', ' ').capitalize()}: {old} → {new}")
    return "\n".join(lines)


def _value(name: str, value: Any, zone: str) -> str:
    if name == "ends_at":
        try:
            return instant(datetime.fromisoformat(str(value)), zone)
        except ValueError:
            return str(value)
    return "none" if value in (None, "") else str(value)


def removed(windows: set[int]) -> dict[int, dict[str, Any]]:
    """What the audit kept of windows that are gone, by their keys."""
    keys = [str(pk) for pk in windows]
    rows = AuditEntry.objects.filter(object_type="MaintenanceWindow", object_id__in=keys, action="window.removed")
    return {int(pk): before or {} for pk, before in rows.values_list("object_id", "before")} if keys else {}


def scope_named(text: str) -> Scope:
    """What a row that is gone held for, by the words in which the audit kept it (`Scoped.scope`); nowhere, if that is gone, too."""
    if text == "all databases":
        return Scope()
    kind, _, name = text.partition(" ")
    if kind == "environment":
        found = next((value for value, label in Environment.choices if label == name), None)
        return Scope(environment=found) if found is not None else NOWHERE
    models: dict[str, Any] = {"database": Target, "tag": Tag, "tenant": Tenant}
    pk = models[kind].objects.filter(name=name).values_list("pk", flat=True).first() if kind in models else None
    if pk is None:
        return NOWHERE
    return Scope(target=pk) if kind == "database" else Scope(tag=pk) if kind == "tag" else Scope(tenant=pk)
