from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from strategies import endings, holds, runs, successors
from strategies.audit import Actor
from strategies.endings import Finish
from strategies.gate_values import Reason
from strategies.models import AuditEntry, JobRun, RunStatus, Stop, StrategyConfig, Tag, Target, Tenant
from strategies.plans import Plan, Step
from strategies.routines.base import ParametersRefused

ANNA = Actor("anna", "10.0.0.1")


def make_target(name: str = "shop", **values: Any) -> Target:
    values = {"platform": "sqlite", "url": "sqlite:////tmp/none.db", "checked_at": timezone.now(), **values}
    return Target.objects.create(name=name, tenant=Tenant.objects.get(name="Main"), **values)


def a_plan(*objects: str) -> Plan:
    steps = tuple(
        Step(
            key=f"fix:{o}",
            operation_type="REBUILD",
            object=o,
            object_type="INDEX",
            statements=(f"REINDEX {o}",),
            reason="broken",
        )
        for o in objects
    )
    return Plan(
        strategy="INDEX_MAINTENANCE", version="1.0", platform="sqlite", target="shop", parameters={}, steps=steps
    )


def planned(target: Target, *objects: str, **values: Any) -> JobRun:
    run = runs.ask(ANNA, target, "INDEX_MAINTENANCE", timezone.now(), wake=False, **values)
    runs.keep_plan(run, a_plan(*objects), timezone.now())
    return run


def ready(target: Target, *objects: str) -> JobRun:
    """A run whose wake-up is on its way, whatever else is: the claim alone must then hold the limits."""
    run = planned(target, *(objects or ("i",)))
    assert runs.release(run, ANNA, run.plan_digest, timezone.now())
    JobRun.objects.filter(pk=run.pk).update(status=RunStatus.READY, reasons=[])
    run.refresh_from_db()
    return run


@pytest.mark.django_db
def test_a_run_is_asked_planned_and_then_waits_for_somebody_who_has_seen_the_plan(wake_ups: list) -> None:
    run = planned(make_target(), "a", "b")
    assert (run.status, run.steps_total, run.is_released) == (RunStatus.PLANNED, 2, False)
    assert runs.plan_of(run) == a_plan("a", "b")
    assert wake_ups == []


@pytest.mark.django_db
def test_a_wrong_parameter_is_refused_before_anything_is_saved() -> None:
    with pytest.raises(ParametersRefused) as refusal:
        runs.ask(ANNA, make_target(), "INDEX_MAINTENANCE", timezone.now(), parameters={"bloat_percent": 200, "nope": 1})
    assert set(refusal.value.problems) == {"bloat_percent", "nope"}
    assert not JobRun.objects.exists()


@pytest.mark.django_db
def test_only_the_plan_that_was_seen_can_be_released() -> None:
    run = planned(make_target(), "a")
    assert not runs.release(run, ANNA, "another digest", timezone.now())
    assert run.status == RunStatus.PLANNED
    assert runs.release(run, ANNA, run.plan_digest, timezone.now())
    assert not runs.release(run, ANNA, run.plan_digest, timezone.now())


@pytest.mark.django_db
def test_an_empty_plan_succeeds_without_a_start() -> None:
    run = planned(make_target())
    assert runs.release(run, ANNA, run.plan_digest, timezone.now())
    assert (run.status, run.started_at) == (RunStatus.SUCCEEDED, None)


@pytest.mark.django_db
def test_a_plan_is_frozen_once() -> None:
    run = planned(make_target(), "a")
    assert not runs.keep_plan(run, a_plan("b"), timezone.now())
    assert runs.plan_of(run).steps[0].object == "a"


@pytest.mark.django_db(transaction=True)
def test_what_the_gate_lets_through_wakes_a_worker_once(wake_ups: list) -> None:
    run = planned(make_target(), "a")
    assert runs.release(run, ANNA, run.plan_digest, timezone.now())
    assert wake_ups == [("run_job", run.pk)]


@pytest.mark.django_db
def test_a_held_run_waits_and_says_why_until_the_hold_is_lifted() -> None:
    target = make_target()
    hold = holds.place(ANNA, timezone.now(), "audit week", target=target)
    run = planned(target, "a")
    runs.release(run, ANNA, run.plan_digest, timezone.now())
    assert run.status == RunStatus.WAITING
    assert "audit week" in run.reasons[0]["sentence"]
    holds.lift(hold, ANNA, timezone.now())
    runs.ask_gate([run], timezone.now())
    assert (run.status, run.reasons) == (RunStatus.READY, [])


@pytest.mark.django_db
@pytest.mark.parametrize("scope", ["all", "tag", "environment", "other tag", "other environment"])
def test_a_hold_stops_what_lies_in_its_scope_and_nothing_else(scope: str) -> None:
    finance, other = Tag.objects.create(name="finance"), Tag.objects.create(name="other")
    target = make_target(environment="staging")
    target.tags.add(finance)
    values: dict[str, Any] = {
        "all": {},
        "tag": {"tag": finance},
        "environment": {"environment": "staging"},
        "other tag": {"tag": other},
        "other environment": {"environment": "test"},
    }[scope]
    holds.place(ANNA, timezone.now(), "why", **values)
    run = planned(target, "a")
    runs.release(run, ANNA, run.plan_digest, timezone.now())
    assert (run.status == RunStatus.WAITING) == (not scope.startswith("other"))


@pytest.mark.django_db
def test_the_gate_is_asked_again_at_the_claim() -> None:
    target = make_target()
    run = ready(target)
    holds.place(ANNA, timezone.now(), "too late for this one", target=target)
    assert runs.claim(run.pk, "w/1/1/1.00", timezone.now()) is None
    run.refresh_from_db()
    assert run.status == RunStatus.WAITING
    assert "too late for this one" in run.reasons[0]["sentence"]


@pytest.mark.django_db
def test_a_run_on_which_the_gate_itself_fails_keeps_none_of_the_others_waiting() -> None:
    broken, well = planned(make_target(), "i"), planned(make_target("two"), "i")
    now = timezone.now()
    values = {"status": RunStatus.WAITING, "is_released": True, "needs_approval": False}
    JobRun.objects.update(**values)
    JobRun.objects.filter(pk=broken.pk).update(not_before=now + timedelta(hours=1), reasons=[{"kept": "otherwise"}])
    waiting = list(JobRun.objects.select_related("target").order_by("pk"))
    verdicts = runs.ask_gate(waiting, now)
    assert (verdicts[broken.pk].may_start, verdicts[well.pk].may_start) == (False, True)
    broken.refresh_from_db()
    assert "The portal itself failed" in broken.reasons[0]["sentence"]
    later = now + timedelta(hours=1)
    Target.objects.update(checked_at=later)
    assert runs.ask_gate([JobRun.objects.get(pk=broken.pk)], later)[broken.pk].may_start


@pytest.mark.django_db
def test_a_ready_run_whose_plan_cannot_be_read_ends_and_gives_its_place_to_others() -> None:
    target = make_target(max_parallel_runs=1)
    broken = ready(target)
    JobRun.objects.filter(pk=broken.pk).update(plan={"kept": "otherwise"})
    assert runs.claim(broken.pk, "w/1/1/1.00", timezone.now()) is None
    broken.refresh_from_db()
    assert (broken.status, broken.error_code, broken.has_begun) == (RunStatus.FAILED, "plan_unreadable", False)
    assert runs.claim(ready(target).pk, "w/1/1/1.00", timezone.now()) is not None


@pytest.mark.django_db
def test_the_same_work_never_overlaps_itself_on_one_target() -> None:
    target = make_target(max_parallel_runs=5)
    first, second = ready(target), ready(target)
    assert runs.claim(first.pk, "w/1/1/1.00", timezone.now()) is not None
    assert runs.claim(second.pk, "w/1/2/1.00", timezone.now()) is None
    second.refresh_from_db()
    assert [reason["code"] for reason in second.reasons] == ["overlap"]


@pytest.mark.django_db
def test_caps_of_target_tag_and_portal_hold(settings: Any) -> None:
    settings.PORTAL_MAX_RUNS = 2
    small = Tag.objects.create(name="small", max_parallel_runs=1)
    targets = [make_target(f"t{n}") for n in range(4)]
    for target in targets[:2]:
        target.tags.add(small)
    first, tagged, third, fourth = (ready(target) for target in targets)
    assert runs.claim(first.pk, "w/1/1/1.00", timezone.now())
    assert runs.claim(tagged.pk, "w/1/2/1.00", timezone.now()) is None
    assert runs.claim(third.pk, "w/1/3/1.00", timezone.now())
    assert runs.claim(fourth.pk, "w/1/4/1.00", timezone.now()) is None
    tagged.refresh_from_db()
    fourth.refresh_from_db()
    assert "tag small" in tagged.reasons[0]["sentence"]
    assert "the whole portal" in fourth.reasons[0]["sentence"]


@pytest.mark.django_db(transaction=True)
def test_of_fifty_workers_that_claim_one_run_at_once_one_wins() -> None:
    run = ready(make_target())
    start, winners = threading.Barrier(50), []

    def worker(number: int) -> None:
        try:
            start.wait()
            if runs.claim(run.pk, f"w/1/{number}/1.00", timezone.now()) is not None:
                winners.append(number)
        finally:
            connection.close()

    threads = [threading.Thread(target=worker, args=(n,)) for n in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    run.refresh_from_db()
    assert len(winners) == 1
    assert run.worker == f"w/1/{winners[0]}/1.00"
    assert run.fencing_token == 1
    assert AuditEntry.objects.filter(action="run.started").count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_cap_holds_when_many_different_runs_are_claimed_at_once() -> None:
    settings_cap = settings.PORTAL_MAX_RUNS
    queue = [ready(make_target(f"t{n}")) for n in range(settings_cap + 8)]
    start, won = threading.Barrier(len(queue)), []

    def worker(pk: int) -> None:
        try:
            start.wait()
            if runs.claim(pk, f"w/1/{pk}/1.00", timezone.now()) is not None:
                won.append(pk)
        finally:
            connection.close()

    threads = [threading.Thread(target=worker, args=(run.pk,)) for run in queue]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == settings_cap


@pytest.mark.django_db
def test_a_worker_with_an_old_token_can_write_nothing() -> None:
    run = runs.claim(ready(make_target()).pk, "w/1/1/1.00", timezone.now())
    assert run is not None
    JobRun.objects.filter(pk=run.pk).update(fencing_token=run.fencing_token + 1)
    moment = timezone.now()
    assert not JobRun.objects.beat(run.pk, run.fencing_token, moment=moment, lease_until=moment)
    assert not endings.finish(run, 1, Finish(RunStatus.SUCCEEDED, "done"), moment)
    run.refresh_from_db()
    assert run.status == RunStatus.RUNNING


@pytest.mark.django_db
def test_every_start_stop_and_end_leaves_an_audit_entry() -> None:
    run = runs.claim(ready(make_target()).pk, "w/1/1/1.00", timezone.now())
    assert run is not None
    endings.finish(run, run.fencing_token, Finish(RunStatus.SUCCEEDED, "done"), timezone.now())
    actions = list(AuditEntry.objects.filter(object_type="JobRun").order_by("id").values_list("action", "actor"))
    assert actions == [
        ("run.asked", "anna"),
        ("run.planned", "portal"),
        ("run.released", "anna"),
        ("run.started", "portal"),
        ("run.succeeded", "portal"),
    ]


@pytest.mark.django_db
def test_a_run_that_has_not_started_is_cancelled_at_once() -> None:
    for run in (planned(make_target("a"), "i"), ready(make_target("b"))):
        assert endings.ask_stop(run, ANNA, Stop.CANCEL, timezone.now())
        assert run.status == RunStatus.CANCELLED
        assert not endings.ask_stop(run, ANNA, Stop.CANCEL, timezone.now())


@pytest.mark.django_db
def test_a_harder_stop_replaces_a_milder_one_and_never_the_other_way() -> None:
    run = runs.claim(ready(make_target()).pk, "w/1/1/1.00", timezone.now())
    assert run is not None
    assert endings.ask_stop(run, ANNA, Stop.AFTER_STEP, timezone.now())
    assert run.status == RunStatus.STOPPING
    assert endings.ask_stop(run, ANNA, Stop.CANCEL, timezone.now())
    assert not endings.ask_stop(run, ANNA, Stop.AFTER_STEP, timezone.now())
    assert run.stop == Stop.CANCEL


@pytest.mark.django_db
def test_a_failed_run_is_handled_once_with_a_note() -> None:
    run = runs.claim(ready(make_target()).pk, "w/1/1/1.00", timezone.now())
    assert run is not None
    assert not successors.handle(run, ANNA, "not over yet", timezone.now())
    endings.finish(run, run.fencing_token, Finish(RunStatus.FAILED, "no"), timezone.now())
    assert successors.handle(run, ANNA, "index dropped by hand", timezone.now())
    assert not successors.handle(run, ANNA, "again", timezone.now())
    assert run.handled_note == "index dropped by hand"


@pytest.mark.django_db
def test_the_seeds_counters_follow_every_run() -> None:
    target = make_target()
    config = StrategyConfig.objects.create(
        strategy_id="INDEX_MAINTENANCE", target_object="ALL", target_type_id="DATABASE", target=target
    )
    start = datetime(2026, 11, 24, 2, tzinfo=UTC)
    target.checked_at = start
    target.save()
    for seconds, status in ((10, RunStatus.SUCCEEDED), (20, RunStatus.FAILED), (60, RunStatus.CANCELLED)):
        run = planned(target, "a")
        runs.release(run, ANNA, run.plan_digest, start)
        claimed = runs.claim(run.pk, "w/1/1/1.00", start)
        assert claimed is not None
        endings.finish(claimed, claimed.fencing_token, Finish(status, "x"), start + timedelta(seconds=seconds))
    config.refresh_from_db()
    assert (config.execution_count, config.success_count, config.failure_count) == (3, 1, 1)
    assert config.avg_duration_ms == 30_000
    assert config.last_success == start + timedelta(seconds=10)
    assert config.last_failure == start + timedelta(seconds=20)


@pytest.mark.django_db
def test_the_gate_asks_as_many_queries_for_thirty_waiting_runs_as_for_one(settings: Any) -> None:
    settings.PORTAL_MAX_RUNS = 0

    def queries(count: int) -> int:
        waiting = [planned(make_target(f"{count}-{n}"), "a", is_released=True) for n in range(count)]
        runs.ask_gate(
            JobRun.objects.select_related("target").filter(pk__in=[run.pk for run in waiting]), timezone.now()
        )
        with CaptureQueriesContext(connection) as seen:
            again = JobRun.objects.select_related("target").filter(pk__in=[run.pk for run in waiting])
            assert len(runs.ask_gate(again, timezone.now())) == count
        return len(seen)

    assert queries(1) == queries(30) <= 11


@pytest.mark.django_db
def test_of_many_waiting_runs_the_gate_lets_in_as_many_as_fit_in_the_order_asked(settings: Any) -> None:
    settings.PORTAL_MAX_RUNS = 2
    waiting = [planned(make_target(f"t{n}"), "a", is_released=True) for n in range(4)]
    runs.ask_gate(waiting, timezone.now())
    assert [run.status for run in waiting] == ["ready", "ready", "waiting", "waiting"]
    runs.ask_gate(waiting[2:], timezone.now())
    assert [run.status for run in waiting[2:]] == ["waiting", "waiting"]


@pytest.mark.django_db
@pytest.mark.parametrize("let_go", ["pause", "back_to_gate"])
@pytest.mark.parametrize("how", [Stop.CANCEL, Stop.AFTER_STEP])
def test_a_stop_that_comes_while_the_worker_lets_go_of_the_run_still_counts(let_go: str, how: Stop) -> None:
    run = runs.claim(ready(make_target()).pk, "w/1/1/1.00", timezone.now())
    assert run is not None
    assert endings.ask_stop(JobRun.objects.get(pk=run.pk), ANNA, how, timezone.now())
    if let_go == "pause":
        assert endings.pause(run, run.fencing_token, "shut down", timezone.now())
    else:
        assert endings.back_to_gate(run, run.fencing_token, Reason("x", "y", "z"), timezone.now())
    run.refresh_from_db()
    assert (run.status, run.message) == (RunStatus.CANCELLED, "Stopped by anna.")


@pytest.mark.django_db
def test_a_run_that_was_claimed_while_its_page_was_open_is_asked_to_stop(wake_ups: list) -> None:
    seen = ready(make_target())
    assert runs.claim(seen.pk, "w/1/1/1.00", timezone.now()) is not None
    assert seen.status == RunStatus.READY
    assert endings.ask_stop(seen, ANNA, Stop.CANCEL, timezone.now())
    assert (seen.status, seen.stop) == (RunStatus.STOPPING, Stop.CANCEL)


@pytest.mark.django_db
def test_a_plan_that_was_released_meanwhile_is_not_cancelled_as_unreleased() -> None:
    run = planned(make_target(), "a")
    seen = JobRun.objects.get(pk=run.pk)
    assert runs.release(run, ANNA, run.plan_digest, timezone.now())
    assert not endings.expire(seen, timezone.now())
    assert seen.status == RunStatus.READY


@pytest.mark.django_db
def test_an_empty_plan_without_the_right_to_look_is_no_success() -> None:
    right = {"right": "ANALYZE", "needed_for": "x", "grant": "y", "blocks": True, "strategy": "INDEX_MAINTENANCE"}
    run = planned(make_target(missing_rights=[right]))
    assert runs.release(run, ANNA, run.plan_digest, timezone.now())
    assert (run.status, run.reasons[0]["code"]) == (RunStatus.WAITING, "missing_right")


@pytest.mark.django_db
def test_a_run_ends_even_if_its_counters_cannot_be_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    run = runs.claim(ready(make_target()).pk, "w/1/1/1.00", timezone.now())
    assert run is not None
    monkeypatch.setattr(endings.tallies, "count", lambda _: 1 / 0)
    assert endings.finish(run, run.fencing_token, Finish(RunStatus.SUCCEEDED, "done"), timezone.now())
    assert run.status == RunStatus.SUCCEEDED
