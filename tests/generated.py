"""Versions of a generated strategy as a test keeps them, and runs that deploy them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils import timezone

from strategies import runs, targets, versions
from strategies.audit import Actor
from strategies.execution import runner
from strategies.models import JobRun, StrategyVersion, Target
from strategies.successors import undo

ANNA = Actor("anna")
NAME, DEPLOYMENT = "TABLE_CARE", "STRATEGY_DEPLOYMENT"
SPECIFICATION = (
    "CREATE OR REPLACE PACKAGE TABLE_CARE_PKG AS\n    PROCEDURE execute_strategy(p_target_object IN VARCHAR2);\nEND;"
)
BODY = (
    "CREATE OR REPLACE PACKAGE BODY TABLE_CARE_PKG AS\n    PROCEDURE execute_strategy(p_target_object IN VARCHAR2) IS\n"
    "    BEGIN\n        NULL;\n    END;\nEND;"
)


def job(name: str, **values: Any) -> dict[str, Any]:
    return {
        "job_name": name, "job_type": "MAINTENANCE", "schedule_type": "ON_DEMAND", "target_object": "ALL", "target_type": "DATABASE",
        **values,
    }  # fmt: skip


def registration(name: str = NAME, **values: Any) -> dict[str, Any]:
    """What a version brings: a configuration, and two jobs of which one waits for the other."""
    return {
        "strategy": {
            "strategy_name": name, "strategy_type": "MAINTENANCE", "description": "Looks after tables.", "category": "DATABASE",
        },
        "configurations": [
            {"target_object": "ALL", "target_type": "DATABASE", "strategy_config": {"most": 3}, "execution_mode": "MANUAL"}
        ],
        "jobs": [job("second", depends_on=["first"]), job("first")],
        "package": None,
        **values,
    }  # fmt: skip


def kept(data: Mapping[str, Any] | None = None) -> StrategyVersion:
    """The next version, of a definition that says as much as its registration."""
    given = dict(data or registration())
    return versions.keep(ANNA, {"of": given}, {"README.md": "# It"}, given, timezone.now())


def home() -> Target:
    """Looked at just now, so that the gate lets runs in."""
    target = Target.objects.get(is_home=True)
    assert targets.check(target, timezone.now()), target.check_error
    Target.objects.filter(pk=target.pk).update(environment="development")  # where nobody is asked
    target.refresh_from_db()
    return target


def planned(target: Target, /, **parameters: Any) -> JobRun:
    run = runs.ask(ANNA, target, DEPLOYMENT, timezone.now(), parameters=parameters, wake=False)
    runs.plan(run, timezone.now())
    run.refresh_from_db()
    return run


def carried_out(run: JobRun) -> JobRun:
    """A planned run, released and done."""
    assert run.planned_at is not None, run.message
    assert runs.release(run, ANNA, run.plan_digest, timezone.now())
    if run.is_open:
        claimed = runs.claim(run.pk, "host/1/2/3.00", timezone.now())
        assert claimed is not None, JobRun.objects.get(pk=run.pk).reasons
        runner.carry_out(claimed)
    run.refresh_from_db()
    return run


def deployed(target: Target, /, **parameters: Any) -> JobRun:
    return carried_out(planned(target, **parameters))


def taken_back(run: JobRun) -> JobRun:
    return carried_out(undo(run, ANNA, timezone.now()))
