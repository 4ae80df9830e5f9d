"""What people are asked before a run starts, whether their word still stands, and whether it was given for what would run."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection
from django.test.utils import CaptureQueriesContext

from strategies import approvals, asking_again, consents, continuing, endings, runs, tallies
from strategies.audit import Actor
from strategies.endings import Finish
from strategies.models import (
    Approval,
    ApprovalRule,
    ApprovalState,
    AuditEntry,
    JobRun,
    MaintenanceWindow,
    OperationStatus,
    Origin,
    RunStatus,
    StandingApproval,
    Tag,
    Target,
    Tenant,
)
from strategies.plans import Locks, Plan, Step

pytestmark = pytest.mark.django_db

ANNA, NOW = Actor("anna"), datetime(2026, 11, 26, 2, tzinfo=UTC)  # a Thursday
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def a_target(environment: str = "production", **values: Any) -> Target:
    known = {"name": "shop", "platform": "sqlite", "url": "sqlite:////nowhere/shop.db", "checked_at": NOW, **values}
    return Target.objects.create(tenant=Tenant.objects.get(name="Main"), environment=environment, **known)


def a_step(name: str, **values: Any) -> Step:
    known = {
        "operation_type": "REBUILD",
        "object": name,
        "object_type": "INDEX",
        "statements": (f"REINDEX {name}",),
        **values,
    }
    return Step(key=f"fix:{name}", reason="broken", **known)


def a_plan(*steps: Step) -> Plan:
    known = {"strategy": "INDEX_MAINTENANCE", "version": "1", "platform": "sqlite", "target": "shop", "parameters": {}}
    return Plan(**known, steps=steps or (a_step("a"), a_step("b", after=("fix:a",))))


def released(target: Target, plan: Plan | None = None, **values: Any) -> JobRun:
    run = runs.ask(ANNA, target, "INDEX_MAINTENANCE", NOW, wake=False, **values)
    runs.keep_plan(run, plan or a_plan(), NOW)
    assert runs.release(run, ANNA, run.plan_digest, NOW)
    return run


def the_approval(run: JobRun) -> Approval:
    found = Approval.objects.filter(run=run).first()
    assert found is not None
    return found


def approved(run: JobRun) -> Approval:
    approval = the_approval(run)
    assert Approval.objects.move(approval.pk, leaving=(ApprovalState.ASKED,), to=ApprovalState.APPROVED)
    return the_approval(run)


def claimed(run: JobRun, moment: datetime = NOW) -> JobRun | None:
    Target.objects.filter(pk=run.target_id).update(checked_at=moment)
    row = JobRun.objects.select_related("target", "job", "config").get(pk=run.pk)
    runs.ask_gate([row], moment, wake=False)
    return runs.claim(run.pk, "w", moment)


def told(run: JobRun) -> list[str]:
    run.refresh_from_db()
    return [reason["sentence"] for reason in run.reasons]


def test_work_on_production_waits_for_an_approver_and_starts_when_there_is_one() -> None:
    run = released(a_target())
    assert told(run) == ["It waits for the approval of 1 approver."]
    assert claimed(run) is None
    approved(run)
    assert claimed(run) is not None
    assert AuditEntry.objects.filter(action="approval.asked").count() == 1


def test_work_elsewhere_needs_nobody_unless_it_drops_something() -> None:
    target = a_target("test")
    assert claimed(released(target)) is not None
    dropping = released(target, a_plan(a_step("c", is_destructive=True)))
    assert told(dropping)[0] == "It waits for the approval of 1 approver."


def test_what_only_reads_needs_nobody_anywhere() -> None:
    check = a_step("a", check={"finds": "damage"})
    run = released(a_target(), a_plan(check))
    assert run.needs_approval is False
    assert claimed(run) is not None


def test_a_released_run_of_which_nobody_knows_whether_it_needs_approval_waits() -> None:
    run = released(a_target("test"))
    JobRun.objects.filter(pk=run.pk).update(needs_approval=None, status=RunStatus.READY)
    assert runs.claim(run.pk, "w", NOW) is None
    assert told(run) == ["Whether it needs approval is not known yet."]


@pytest.mark.parametrize(
    "kept", ["approver", [], [[]], [[{"role": "DBA", "quorum": 0}]], {"role": "DBA"}, [[{"quorum": 1}]], 7]
)
def test_a_rule_that_cannot_be_read_wants_somebody_all_the_same_and_keeps_no_plan_from_being_made(kept: Any) -> None:
    ApprovalRule.objects.create(name="broken", levels=kept)
    run = released(a_target("test"))
    assert told(run) == ["It waits for the approval of 1 approver."]


def test_rules_of_the_target_and_its_risk_are_asked_together() -> None:
    target = a_target("test")
    ApprovalRule.objects.create(name="here", target=target, levels=[[{"role": "DBA", "quorum": 2}]])
    levels = [[{"role": "approver", "quorum": 1}], [{"role": "manager", "quorum": 1, "people": ["mia", "max"]}]]
    ApprovalRule.objects.create(name="risky", from_score=30, levels=levels)
    ApprovalRule.objects.create(name="off", is_active=False, levels=[[{"role": "manager", "quorum": 9}]])
    ApprovalRule.objects.create(name="elsewhere", environment="staging", levels=[[{"role": "manager", "quorum": 9}]])
    assert the_approval(released(target)).levels == [[{"role": "DBA", "quorum": 2, "people": []}]]
    risky = the_approval(released(target, a_plan(a_step("x", locks=Locks.ALL))))
    assert [len(level) for level in risky.levels] == [2, 1]
    assert approvals.in_words(risky) == "2 DBAs and 1 approver (level 1 of 2)"
    risky.level = 1
    assert approvals.in_words(risky) == "max or mia (level 2 of 2)"


def test_an_approval_counts_from_its_first_to_its_last_instant() -> None:
    run = released(a_target())
    bounds = approved(run)
    assert (bounds.not_before, bounds.not_after) == (NOW, NOW + approvals.VALID_FOR)
    assert consents.Consents([run], bounds.not_after).reason(run) is None
    for moment, code, words in (
        (NOW - timedelta(microseconds=1), "approved_later", "It is approved from 2026-11-26 02:00 UTC on."),
        (
            bounds.not_after + timedelta(microseconds=1),
            "not_approved",
            "Its approval was good until 2026-12-03 02:00 UTC.",
        ),
    ):
        reason = consents.Consents([run], moment).reason(run)
        assert reason is not None
        assert (reason.code, reason.sentence) == (code, words)


def test_a_stale_ticket_after_a_weekend_down_is_not_started() -> None:
    """It was let in on Thursday night, and no worker took it up until the portal came back."""
    run = released(a_target())
    approval = approved(run)
    JobRun.objects.filter(pk=run.pk).update(status=RunStatus.READY)
    late = approval.not_after + HOUR
    Target.objects.filter(pk=run.target_id).update(checked_at=late)
    assert runs.claim(run.pk, "w", late) is None
    run.refresh_from_db()
    assert run.status == RunStatus.WAITING
    assert told(run) == ["Its approval was good until 2026-12-03 02:00 UTC."]


@pytest.mark.parametrize("state", [state for state in ApprovalState if state != ApprovalState.APPROVED])
def test_no_other_state_lets_it_start(state: ApprovalState) -> None:
    run = released(a_target())
    Approval.objects.filter(run=run).update(state=state, why="Because.")
    assert claimed(run) is None
    (reason,) = run.reasons or [consents.Consents([run], NOW).reason(run).as_json()]  # type: ignore[union-attr]
    assert reason["code"] == approvals.NOT_APPROVED


@pytest.mark.parametrize("when", ["since the gate was asked", "at the last moment"])
def test_an_approval_that_is_taken_back_meanwhile_starts_nothing(when: str, monkeypatch: pytest.MonkeyPatch) -> None:
    run = released(a_target())
    approval = approved(run)

    def take_back(*_: Any) -> list[str]:
        Approval.objects.filter(pk=approval.pk).update(state=ApprovalState.WITHDRAWN, why="not tonight")
        return []

    if when == "since the gate was asked":
        take_back()
    else:
        monkeypatch.setattr(approvals.seals, "differences", take_back)
    found = consents.opened(run, runs.plan_of(run), NOW)
    assert found is not None
    assert found.code == approvals.NOT_APPROVED


def test_of_two_answers_the_last_question_counts() -> None:
    run = released(a_target())
    approved(run)
    approvals.ask(run, runs.plan_of(run), NOW)
    assert claimed(run) is None
    approved(run)
    assert claimed(run) is not None


# The seal.


def changed_plan(run: JobRun, change: Any) -> None:
    plan = runs.plan_of(run)
    JobRun.objects.filter(pk=run.pk).update(plan=replace(plan, steps=change(plan.steps)).as_json())


CHANGES: dict[str, Any] = {
    "one byte of a statement": lambda steps: (replace(steps[0], statements=("REINDEX A",)), steps[1]),
    "a step more": lambda steps: (*steps, a_step("c")),
    "another undo": lambda steps: (replace(steps[0], undo=("x",)), steps[1]),
    "another check": lambda steps: (replace(steps[0], check={"kind": "x"}), steps[1]),
    "another order": lambda steps: (steps[1], steps[0]),
}


@pytest.mark.parametrize("what", CHANGES)
def test_what_is_another_plan_than_was_approved_does_not_start(what: str) -> None:
    run = released(a_target())
    approved(run)
    changed_plan(run, CHANGES[what])
    assert claimed(run) is None
    assert "It is no longer what was approved" in told(run)[0]
    assert the_approval(run).state == ApprovalState.OPENED
    assert claimed(run) is None  # and stays so
    assert AuditEntry.objects.filter(action="approval.opened").count() == 1


@pytest.mark.parametrize(
    "change",
    [
        {"target_object": "orders"}, {"parameters": {"retries": 9}}, {"limits": {"memory_mb": 1}}, {"prechecks": ["WRITABLE"]},
        {"strategy_name": "SPACE_MAINTENANCE"},
    ],
)  # fmt: skip
def test_what_is_another_run_than_was_approved_does_not_start(change: dict) -> None:
    run = released(a_target())
    approved(run)
    JobRun.objects.filter(pk=run.pk).update(**change)
    assert claimed(run) is None
    assert the_approval(run).state == ApprovalState.OPENED


def test_another_address_of_the_database_opens_the_seal() -> None:
    run = released(a_target())
    approved(run)
    Target.objects.filter(pk=run.target_id).update(url="sqlite:////nowhere/other.db")
    assert claimed(run) is None
    assert "another address" in told(run)[0]


@pytest.mark.parametrize(
    "change",
    [
        {"sealed": {}}, {"sealed": {"steps": []}}, {"seal": "0" * 64}, {"not_after": NOW + 365 * DAY},
        {"not_before": NOW - DAY},
    ],
)  # fmt: skip
def test_an_approval_that_was_changed_where_it_is_kept_counts_no_more(change: dict) -> None:
    run = released(a_target())
    approved(run)
    Approval.objects.filter(run=run).update(**change)
    assert claimed(run) is None
    assert told(run) == ["It is no longer what was approved: What was kept of the approval was changed."]


def test_a_step_that_fell_away_leaves_the_approval_standing() -> None:
    run = released(a_target())
    approved(run)
    changed_plan(run, lambda steps: (replace(steps[1], after=()),))
    assert claimed(run) is not None


@pytest.mark.parametrize("what", ["environment", "tag", "rule"])
def test_what_needed_nobody_when_it_was_planned_may_need_somebody_when_it_starts(what: str) -> None:
    target = a_target("test")
    tag = Tag.objects.create(name="finance")
    wanted = [[{"role": "approver", "quorum": 1}]]
    ApprovalRule.objects.create(name="finance", tag=tag, levels=wanted)
    run = released(target)
    assert (run.needs_approval, run.status) == (False, RunStatus.READY)
    if what == "environment":
        Target.objects.filter(pk=target.pk).update(environment="production")
    elif what == "tag":
        target.tags.add(tag)
    else:
        ApprovalRule.objects.create(name="all", levels=wanted)
    assert runs.claim(run.pk, "w", NOW) is None
    assert told(run) == ["It waits for the approval of 1 approver."]
    approved(run)
    assert claimed(run) is not None


def test_a_start_that_comes_late_needs_nobody_more_than_its_plan_did() -> None:
    ApprovalRule.objects.create(name="by day", from_score=6, levels=[[{"role": "approver", "quorum": 1}]])
    run = runs.ask(ANNA, a_target("test"), "INDEX_MAINTENANCE", NOW + HOUR, wake=False, is_released=True)
    runs.keep_plan(run, a_plan(), NOW)
    assert claimed(run, NOW + 2 * HOUR) is not None


MORE = [[{"role": "approver", "quorum": 1}], [{"role": "manager", "quorum": 1}]]


@pytest.mark.parametrize("what", ["rule", "tag", "environment"])
def test_an_approval_counts_no_more_once_the_rules_want_more_people(what: str) -> None:
    tag = Tag.objects.create(name="finance")
    ApprovalRule.objects.create(name="finance", tag=tag, levels=MORE)
    ApprovalRule.objects.create(name="staging", environment="staging", levels=MORE)
    target = a_target()
    run = released(target)
    approved(run)
    if what == "environment":
        Target.objects.filter(pk=target.pk).update(environment="staging")
    elif what == "tag":
        target.tags.add(tag)
    else:
        ApprovalRule.objects.create(name="all", levels=MORE)
    assert claimed(run) is None
    sentence = "It is no longer what was approved: The rules want more people by now: 1 approver, then 1 manager."
    assert told(run) == [sentence]
    assert the_approval(run).state == ApprovalState.OPENED


def test_an_approval_still_counts_where_the_rules_want_fewer_people_or_the_same_of_others() -> None:
    strict = ApprovalRule.objects.create(name="strict", levels=MORE)
    run = released(a_target())
    approved(run)
    ApprovalRule.objects.create(name="elsewhere", environment="test", levels=[[{"role": "manager", "quorum": 5}]])
    strict.delete()
    assert claimed(run) is not None


# Standing approvals.


def a_standing(**values: Any) -> StandingApproval:
    known = {
        "strategy_name": "INDEX_MAINTENANCE", "most_score": 100, "most_runs": 2, "ends_at": NOW + 30 * DAY, "reason": "proven",
        "asked_by": "bert", "asked_at": NOW, "granted_by": "cleo", "granted_at": NOW, **values,
    }  # fmt: skip
    return StandingApproval.objects.create(**known)


def test_a_standing_approval_lets_so_many_runs_start_and_no_more() -> None:
    target, standing = a_target(), a_standing()
    states = [the_approval(released(target)).state for _ in range(3)]
    assert states == [ApprovalState.APPROVED, ApprovalState.APPROVED, ApprovalState.ASKED]
    standing.refresh_from_db()
    assert standing.used_runs == 2


@pytest.mark.parametrize(
    "limits",
    [
        {"most_score": 29}, {"ends_at": NOW}, {"revoked_at": NOW}, {"granted_at": None}, {"strategy_name": "OTHER"},
        {"environment": "test"}, {"granted_by": "anna"}, {"granted_by": "cli:anna"}, {"used_runs": 2},
    ],
)  # fmt: skip
def test_a_standing_approval_counts_within_its_limits_alone(limits: dict) -> None:
    a_standing(**limits)
    approval = the_approval(released(a_target()))
    assert approval.score == 40  # production, no undo, at any hour
    assert approval.state == ApprovalState.ASKED


def test_the_first_failure_ends_a_standing_approval() -> None:
    target, standing = a_target(), a_standing()
    run = claimed(released(target))
    assert run is not None
    endings.finish(run, run.fencing_token, Finish(RunStatus.FAILED, "It broke."), NOW)
    standing.refresh_from_db()
    assert standing.revoked_at == NOW
    assert the_approval(released(target)).state == ApprovalState.ASKED


def test_what_waits_on_a_standing_approval_starts_no_more_once_that_has_ended() -> None:
    a_standing()
    target = a_target(max_parallel_runs=5)
    first, second = released(target), released(target)
    run = claimed(first)
    assert run is not None
    endings.finish(run, run.fencing_token, Finish(RunStatus.FAILED, "It broke."), NOW)
    assert claimed(second) is None
    assert told(second) == [
        "The question whether it may start was withdrawn. The standing approval that it rested on has ended. "
        f"Run {run.pk} ended as failed."
    ]
    assert AuditEntry.objects.filter(action="approval.withdrawn", object_id=str(the_approval(second).pk)).exists()
    asking_again.ask_again(second, ANNA, NOW)
    assert the_approval(second).state == ApprovalState.ASKED


def test_what_has_begun_on_a_standing_approval_goes_on_when_that_is_revoked() -> None:
    standing = a_standing()
    run = claimed(released(a_target()))
    assert run is not None
    assert consents.revoke(standing.pk, "bert: no longer", NOW)
    assert the_approval(run).state == ApprovalState.APPROVED


def test_trouble_with_the_counters_keeps_no_standing_approval_in_force(monkeypatch: pytest.MonkeyPatch) -> None:
    target, standing = a_target(), a_standing()
    run = claimed(released(target))
    assert run is not None

    def fails(run: JobRun) -> None:
        raise DatabaseError("deadlock detected")

    monkeypatch.setattr(tallies, "count", fails)
    assert endings.finish(run, run.fencing_token, Finish(RunStatus.FAILED, "It broke."), NOW)
    standing.refresh_from_db()
    assert standing.revoked_at == NOW


def test_a_run_that_never_began_gives_its_use_back_and_is_no_failure() -> None:
    target, standing = a_target(), a_standing(most_runs=1)
    run = released(target)
    assert endings.end_without_start(run, RunStatus.MISSED, "Nothing was up in time.", NOW)
    standing.refresh_from_db()
    assert (standing.used_runs, standing.revoked_at) == (0, None)
    assert claimed(released(target)) is not None


def test_a_rule_that_wants_more_people_keeps_a_run_on_a_standing_approval_from_starting_and_does_not_end_it() -> None:
    standing = a_standing()
    run = released(a_target())
    ApprovalRule.objects.create(name="all", levels=MORE)
    assert claimed(run) is None
    standing.refresh_from_db()
    assert standing.revoked_at is None
    assert the_approval(run).state == ApprovalState.OPENED


def test_drift_ends_a_standing_approval() -> None:
    standing = a_standing()
    run = released(a_target())
    changed_plan(run, CHANGES["a step more"])
    assert claimed(run) is None
    standing.refresh_from_db()
    assert standing.revoked_at is not None


# What goes on in the next window.


def cut_off(run: JobRun, moment: datetime, *done: str, status: RunStatus = RunStatus.CONTINUED) -> JobRun | None:
    """The run at the end of its window, with these steps done."""
    for key in done:
        done_step = {"status": OperationStatus.SUCCESS, "step_key": key, "target": run.target}
        run.operations.create(strategy_name=run.strategy_name, operation_type="REBUILD", **done_step)
    return continuing.carry_over(run, Finish(status, "Its window is over."), set(), moment)


def begun(run: JobRun, moment: datetime = NOW) -> JobRun:
    found = claimed(run, moment)
    assert found is not None, told(run)
    return found


def in_window(run: JobRun) -> JobRun:
    values = {"starts": "2026-11-01T00:00", "minutes": 300, "rule": "FREQ=DAILY", "owner": "olga"}
    window = MaintenanceWindow.objects.get_or_create(name="Night", defaults=values)[0]
    JobRun.objects.filter(pk=run.pk).update(
        window=window, window_starts_at=NOW - 2 * HOUR, window_ends_at=NOW + 3 * HOUR
    )
    run.refresh_from_db()
    return run


def test_what_goes_on_in_the_next_window_inherits_the_approval_even_after_its_bound_of_the_start() -> None:
    target = a_target()
    run = runs.ask(ANNA, target, "INDEX_MAINTENANCE", NOW, wake=False, is_released=True, origin=Origin.COMMAND)
    JobRun.objects.filter(pk=run.pk).update(start_before=NOW + HOUR)
    run.refresh_from_db()
    runs.keep_plan(run, a_plan(a_step("a"), a_step("b"), a_step("c")), NOW)
    approved(run)
    rest = cut_off(in_window(begun(run)), NOW + 3 * HOUR, "fix:a")
    assert rest is not None
    assert the_approval(rest).state == ApprovalState.APPROVED
    last = cut_off(in_window(begun(rest, NOW + DAY)), NOW + DAY + HOUR, "fix:b")
    assert last is not None
    assert begun(last, NOW + 2 * DAY).plan["steps"][0]["key"] == "fix:c"
    assert the_approval(last).not_after == NOW + approvals.VALID_FOR  # not a week from each window on


def test_what_goes_on_is_asked_for_anew_after_a_week() -> None:
    run = released(a_target())
    approved(run)
    rest = cut_off(in_window(begun(run)), NOW + 8 * DAY)
    assert rest is not None
    assert the_approval(rest).state == ApprovalState.ASKED


def test_what_goes_on_is_asked_for_anew_where_the_rules_want_more_people_by_then() -> None:
    run = released(a_target())
    approved(run)
    taken = in_window(begun(run))
    ApprovalRule.objects.create(name="all", levels=MORE)
    rest = cut_off(taken, NOW + 3 * HOUR)
    assert rest is not None
    assert the_approval(rest).state == ApprovalState.ASKED


def test_a_plan_that_goes_on_with_more_than_was_approved_is_asked_for_anew() -> None:
    run = released(a_target())
    approved(run)
    taken = in_window(begun(run))
    changed_plan(taken, CHANGES["a step more"])
    taken.refresh_from_db()
    rest = cut_off(taken, NOW + 3 * HOUR)
    assert rest is not None
    assert the_approval(rest).state == ApprovalState.ASKED


def test_what_needed_nobody_needs_nobody_for_the_rest_of_it_though_nobody_knows_the_hour() -> None:
    target = a_target("test")
    score = 5  # no undo; at night, which a window is
    ApprovalRule.objects.create(name="by day", from_score=score + 1, levels=[[{"role": "approver", "quorum": 1}]])
    run = runs.ask(ANNA, target, "INDEX_MAINTENANCE", NOW + HOUR, wake=False, is_released=True)
    runs.keep_plan(run, a_plan(), NOW)
    assert run.needs_approval is False
    rest = cut_off(in_window(begun(run, NOW + HOUR)), NOW + 3 * HOUR, "fix:a")
    assert rest is not None
    assert rest.needs_approval is False


def test_after_a_failure_the_rest_of_it_no_longer_stands_on_the_standing_approval() -> None:
    target = a_target()
    a_standing()
    run = in_window(begun(released(target)))
    rest = cut_off(run, NOW + HOUR, "fix:a", status=RunStatus.FAILED)
    assert rest is not None
    assert the_approval(rest).state == ApprovalState.ASKED


def test_a_failure_of_the_rest_ends_the_standing_approval_too() -> None:
    target, standing = a_target(), a_standing()
    rest = cut_off(in_window(begun(released(target))), NOW + HOUR, "fix:a")
    assert rest is not None
    run = begun(rest, NOW + HOUR)
    endings.finish(run, run.fencing_token, Finish(RunStatus.FAILED, "It broke."), NOW + HOUR)
    standing.refresh_from_db()
    assert standing.revoked_at is not None


def test_whether_people_agreed_is_asked_with_the_same_queries_however_many_wait() -> None:
    target = a_target()

    def queries(number: int) -> int:
        waiting = [released(target) for _ in range(number)]
        with CaptureQueriesContext(connection) as seen:
            said = consents.Consents(waiting, NOW)
            assert all(said.reason(run) is not None and said.glass(run) is None for run in waiting)
        return len(seen)

    assert queries(2) == queries(9) == 2
