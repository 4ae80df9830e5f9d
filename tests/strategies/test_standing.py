"""Standing approvals: for proven routines alone, asked for by one and granted by another, and at an end with the first failure."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from strategies import standing
from strategies.audit import Actor
from strategies.models import (
    Approval,
    ApprovalState,
    AuditEntry,
    JobRun,
    Role,
    RunStatus,
    StandingApproval,
    Tag,
    Target,
    User,
)
from strategies.refused import Refused
from strategies.scope import Scope
from strategies.standing import StandingState
from tests.consents import production, somebody, two_levels, waiting_for_people
from tests.pages import ended_run, one_level, step

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def proven(target: Target, *more: RunStatus) -> Target:
    """Five good runs, then these."""
    now = timezone.now()
    for number, status in enumerate((*[RunStatus.SUCCEEDED] * 5, *more)):
        ended_run(target, status, step(1), moment=now - timedelta(hours=50 - number))
    return target


def wanted(target: Target, **values: object) -> StandingApproval:
    known = {"strategy_name": "INDEX_MAINTENANCE", "most_score": 80, "most_runs": 2, "ends_at": timezone.now() + 30 * DAY,
             "reason": "Each night."}  # fmt: skip
    return StandingApproval(**{"target": target, **known, **values})


def ask(row: StandingApproval, user: User) -> StandingApproval:
    return standing.ask(row, user, Actor(user.username), timezone.now())


def grant(row: StandingApproval, user: User) -> None:
    standing.grant(row, user, Actor(user.username), timezone.now())


def refused(act: Callable[[], object]) -> Refused:
    with pytest.raises(Refused) as refusal:
        act()
    return refusal.value


def test_a_routine_is_asked_for_by_one_and_granted_by_another_and_then_runs_start_on_it() -> None:
    target = proven(production())
    row = ask(wanted(target), somebody("dora", Role.DBA))
    assert waiting_for_people(target).state == ApprovalState.ASKED, "asked for, and not granted"
    bert = somebody("bert", Role.APPROVER)
    grant(row, bert)
    used = [waiting_for_people(target) for _ in range(3)]
    assert [one.state for one in used] == [ApprovalState.APPROVED, ApprovalState.APPROVED, ApprovalState.ASKED]
    row.refresh_from_db()
    assert (row.used_runs, standing.state(row, timezone.now())) == (2, StandingState.USED_UP)
    actions = AuditEntry.objects.filter(object_type="StandingApproval").order_by("id").values_list("action", "actor")
    assert list(actions) == [("standing.asked", "dora"), ("standing.granted", "bert")]
    assert "somebody has granted" in str(refused(lambda: grant(row, bert)))


@pytest.mark.parametrize(
    ("more", "is_routine"),
    [
        ((), True),
        ((RunStatus.FAILED,), False),
        ((RunStatus.FAILED, *[RunStatus.SUCCEEDED] * 4), False),
        ((RunStatus.FAILED, *[RunStatus.SUCCEEDED] * 5), True),
        ((RunStatus.LOST, RunStatus.SUCCEEDED), False),
        ((RunStatus.CANCELLED, RunStatus.MISSED), True),
    ],
)
def test_a_routine_has_ended_well_five_times_and_its_last_five_runs_did(
    more: tuple[RunStatus, ...], is_routine: bool
) -> None:
    target = proven(production(), *more)
    assert (not standing.proof(Scope(target=target.pk), "INDEX_MAINTENANCE").problem) is is_routine


def test_four_good_runs_are_no_routine() -> None:
    target = production()
    for _ in range(4):
        ended_run(target, RunStatus.SUCCEEDED, step(1))
    refusal = refused(lambda: ask(wanted(target), somebody("dora", Role.DBA)))
    assert (refusal.field, "4 times" in str(refusal)) == ("strategy", True)


def test_the_proof_is_of_the_scope() -> None:
    target, other = proven(production()), production("other")
    tag = Tag.objects.create(name="finance")
    target.tags.add(tag)
    for scope, is_routine in (
        (Scope(target=other.pk), False), (Scope(tag=tag.pk), True), (Scope(environment="production"), True),
        (Scope(environment="test"), False), (Scope(tenant=target.tenant_id), True), (Scope(), True),
    ):  # fmt: skip
        assert (not standing.proof(scope, "INDEX_MAINTENANCE").problem) is is_routine, scope
    assert standing.proof(Scope(), "SPACE_MAINTENANCE").problem


def test_whoever_asked_for_it_does_not_grant_it_and_no_other_role_does() -> None:
    target = proven(production())
    both = somebody("both", Role.DBA, Role.APPROVER)
    row = ask(wanted(target), both)
    assert "somebody else" in str(refused(lambda: grant(row, both)))
    for role in (Role.DBA, Role.MANAGER):
        assert "Only an approver" in str(refused(lambda role=role: grant(row, somebody(role.value.lower(), role))))
    assert "Only a DBA" in str(refused(lambda: ask(wanted(target), somebody("bert", Role.APPROVER))))


def test_nobody_s_hand_reaches_databases_that_they_do_not_see() -> None:
    target = proven(production())
    olga = somebody("olga", Role.DBA, Role.APPROVER, tenant="Other")
    assert refused(lambda: ask(wanted(target), olga)).field == "scope"
    row = ask(wanted(target), somebody("dora", Role.DBA))
    assert refused(lambda: grant(row, olga))
    assert refused(lambda: standing.revoke(row, olga, Actor("olga"), "x", timezone.now()))


@pytest.mark.parametrize("days", [-1, 367])
def test_it_ends_within_a_year(days: int) -> None:
    row = wanted(proven(production()), ends_at=timezone.now() + days * DAY)
    assert refused(lambda: ask(row, somebody("dora", Role.DBA))).field == "ends_on"


def test_it_is_the_word_of_one_approver_and_counts_for_no_more_than_that() -> None:
    rule = two_levels(levels=[one_level("approver", 2)])
    target = proven(production())
    row = ask(wanted(target), somebody("dora", Role.DBA))
    grant(row, somebody("bert", Role.APPROVER))
    for levels in ([one_level("approver", 2)], [one_level(), one_level("manager")], [one_level("approver", 1, "carl")]):
        rule.levels = levels
        rule.save()
        assert waiting_for_people(target).state == ApprovalState.ASKED, levels
    rule.levels = [one_level("approver", 1, "bert", "carl")]
    rule.save()
    assert waiting_for_people(target).state == ApprovalState.APPROVED


def test_its_granter_asks_for_no_run_on_it() -> None:
    target = proven(production())
    row = ask(wanted(target), somebody("dora", Role.DBA))
    grant(row, somebody("bert", Role.APPROVER))
    assert waiting_for_people(target, actor=Actor("cli:bert")).state == ApprovalState.ASKED
    assert waiting_for_people(target).state == ApprovalState.APPROVED


def test_it_is_ended_by_hand_or_declined_with_a_reason() -> None:
    target, now = proven(production()), timezone.now()
    dora, bert = somebody("dora", Role.DBA), somebody("bert", Role.APPROVER)
    granted, declined = ask(wanted(target), dora), ask(wanted(target), dora)
    grant(granted, bert)
    assert "Say why" in str(refused(lambda: standing.revoke(granted, dora, Actor("dora"), " ", now)))
    for row in (granted, declined):
        standing.revoke(row, bert, Actor("bert"), "The table is too large by now.", now)
    states = [standing.state(row, now) for row in (granted, declined)]
    assert states == [StandingState.REVOKED, StandingState.DECLINED]
    assert waiting_for_people(target).state == ApprovalState.ASKED
    assert "ended already" in str(refused(lambda: standing.revoke(granted, bert, Actor("bert"), "x", now)))
    assert refused(lambda: grant(declined, bert))


def test_a_use_is_kept_with_the_run() -> None:
    target = proven(production())
    row = ask(wanted(target), somebody("dora", Role.DBA))
    grant(row, somebody("bert", Role.APPROVER))
    approval = waiting_for_people(target)
    assert list(row.uses.all()) == [approval]  # type: ignore[attr-defined]
    assert "bert" in Approval.objects.get(pk=approval.pk).why
    assert JobRun.objects.get(pk=approval.run_id).needs_approval
