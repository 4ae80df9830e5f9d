"""What tests of approvals need: a production database, people with a say, and a run that waits for them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib.auth.models import Group
from django.utils import timezone

from strategies import runs
from strategies.audit import Actor
from strategies.models import Approval, ApprovalRule, JobRun, Role, Target, Tenant, User
from strategies.plans import Step
from tests.pages import one_level, plan, step

ANNA = Actor("anna", "192.0.2.7")


def production(name: str = "ledger", **values: Any) -> Target:
    values = {"platform": "sqlite", "url": f"sqlite:////nowhere/{name}.db", "environment": "production", **values}
    tenant = values.pop("tenant", None) or Tenant.objects.get(name="Main")
    return Target.objects.create(name=name, tenant=tenant, checked_at=timezone.now(), **values)


def somebody(name: str, *roles: Role, tenant: str = "Main") -> User:
    user = User.objects.create_user(name)
    user.groups.set(Group.objects.filter(name__in=roles))
    user.tenants.set([Tenant.objects.get_or_create(name=tenant)[0]])
    return user


def waiting_for_people(
    target: Target, *steps: Step, moment: datetime | None = None, actor: Actor = ANNA, **values: Any
) -> Approval:
    """A run that `actor` asked for and released, and the question that it waits for."""
    moment = moment or timezone.now()
    run = runs.ask(actor, target, "INDEX_MAINTENANCE", moment, wake=False)
    if values:
        JobRun.objects.filter(pk=run.pk).update(**values)
        run.refresh_from_db()
    runs.keep_plan(run, plan(*(steps or (step(1), step(2))), target=target.name), moment)
    assert runs.release(run, actor, run.plan_digest, moment)
    return Approval.objects.get(run=run)


def two_levels(**values: Any) -> ApprovalRule:
    known = {"name": "two levels", "levels": [one_level(), one_level("manager")], "environment": "production"}
    return ApprovalRule.objects.create(**{**known, **values})
