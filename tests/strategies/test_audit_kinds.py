"""The list of what is recorded agrees with the source: pages offer no filter that finds nothing, and leave none out."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.contrib import admin

from monitoring.notifiable import EVENTS
from strategies.admin import Audited
from strategies.audit import KINDS
from strategies.models import TERMINAL, AuditEntry, User

ROOT = Path(__file__).resolve().parents[2]
MODELS = [model._meta.model_name for model, kept in admin.site._registry.items() if isinstance(kept, Audited)]
ENDS = {f"run.{status.value}" for status in TERMINAL}
# What the calls mean whose action is put together; one that is not here fails the first test.
PUT_TOGETHER = {
    'f"run.{status.value}"': ENDS,
    'f"run.{ending.status.value}"': ENDS,
    "f\"target.switched_{'on' if on else 'off'}\"": {"target.switched_on", "target.switched_off"},
    "f\"job.switched_{'on' if on else 'off'}\"": {"job.switched_on", "job.switched_off"},
    "_act(obj, 'added')": {f"{name}.added" for name in MODELS},
    "_act(obj, 'changed')": {f"{name}.changed" for name in MODELS},
    "_act(obj, 'deleted')": {f"{name}.deleted" for name in MODELS if name != User._meta.model_name},  # never deleted
    'f"maintenance.{step}"': {event for event in EVENTS if event.startswith("maintenance.")},
    "action": {"user.added", "user.password_set"},  # of Django's own commands, see maintenance_portal/accounts.py
}


def calls() -> Iterator[tuple[str, ast.expr]]:
    """Where something is recorded, and the expression of its action."""
    for app in ("strategies", "monitoring", "maintenance_portal"):
        for path in sorted((ROOT / app).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call) and ast.unparse(node.func) == "audit.record":
                    yield f"{path.relative_to(ROOT)}:{node.lineno}", node.args[1]


def meant(action: ast.expr) -> set[str]:
    if isinstance(action, ast.Constant):
        return {str(action.value)}
    if isinstance(action, ast.IfExp):
        return meant(action.body) | meant(action.orelse)
    known = {shape(text): values for text, values in PUT_TOGETHER.items()}
    assert ast.dump(action) in known, f"say in PUT_TOGETHER what {ast.unparse(action)} can be"
    return known[ast.dump(action)]


def shape(text: str) -> str:
    """An expression without its spelling, which differs from one version of Python to the next."""
    return ast.dump(ast.parse(text, mode="eval").body)


def test_every_action_that_is_recorded_is_listed_and_none_besides() -> None:
    listed = {action for kind in KINDS.values() for action in kind.actions}
    recorded: dict[str, str] = {}
    for where, action in calls():
        recorded |= dict.fromkeys(meant(action), where)
    assert {action: where for action, where in recorded.items() if action not in listed} == {}
    assert listed - set(recorded) == set()


def test_every_way_to_record_is_seen_by_this_test() -> None:
    """By whatever other name `record` were called, its actions would be missed here."""
    for app in ("strategies", "monitoring", "maintenance_portal"):
        for path in (ROOT / app).rglob("*.py"):
            text = path.read_text()
            assert "audit import record" not in text, path
            assert "AuditEntry.objects.create" not in text or path.name == "audit.py", path
            assert "AuditEntry(" not in text.replace("class AuditEntry(", ""), path


def test_no_action_belongs_to_two_kinds_and_each_fits_its_column() -> None:
    actions = [action for kind in KINDS.values() for action in kind.actions]
    assert len(actions) == len(set(actions))
    assert max(map(len, actions)) <= AuditEntry._meta.get_field("action").max_length


@pytest.mark.parametrize("name", KINDS)
def test_kinds_are_called_like_their_models(name: str) -> None:
    from django.apps import apps

    assert [model for model in apps.get_models() if model._meta.object_name == name]
