"""A run on its pages: planned by a form, released with the digest that was seen, stopped, and what follows after its end."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from strategies import runs
from strategies.models import AuditEntry, Duration, JobRun, Origin, Role, RunStatus, Stop, Target
from tests.pages import HOSTILE, Scene, ended_run, plan, planned_run, step, text_of


def actions_on(run: JobRun) -> list[str]:
    rows = AuditEntry.objects.filter(object_type="JobRun", object_id=str(run.pk)).order_by("pk")
    return list(rows.values_list("action", flat=True))


def asked(client: Client, target: Target, **values: Any) -> Any:
    data = {"target_object": "ALL", "timeout_minutes": "60", **values}
    return client.post(f"/runs/new/?target={target.pk}&strategy=INDEX_MAINTENANCE", data)


def test_asking_plans_and_starts_nothing(dba: Client, shop: Scene, wake_ups: list[Any]) -> None:
    response = asked(
        dba, shop.target, **{"parameter-bloat_percent": "55", "parameter-rebuild_bloated": "on"}, timeout_minutes="90"
    )
    run = JobRun.objects.latest("pk")
    assert response["Location"] == f"/runs/{run.pk}/"
    assert (run.status, run.is_released, run.timeout_seconds, run.asked_by) == ("planned", False, 5400, "anna")
    assert run.parameters["bloat_percent"] == 55
    assert (run.parameters["rebuild_bloated"], run.parameters["repair_invalid"]) == (True, False)
    assert wake_ups == []  # sent on commit, which a test's transaction never reaches
    assert actions_on(run) == ["run.asked"]


def test_the_page_shows_the_exact_statements_before_anything_runs(dba: Client, shop: Scene) -> None:
    text = text_of(dba.get(f"/runs/{shop.planned.pk}/"))
    assert "REINDEX &quot;orders_1&quot;;" in text
    assert "2 steps planned. Nothing has run." in text
    assert "Reads go on; writes wait until the step ends." in text
    script = dba.get(f"/runs/{shop.planned.pk}/plan.sql").content.decode()
    assert 'REINDEX "orders_1";' in script
    assert shop.planned.plan_digest in script


def test_only_the_plan_that_was_seen_is_released(dba: Client, shop: Scene) -> None:
    seen = shop.planned.plan_digest
    other = plan(step(1), step(2), step(3))
    JobRun.objects.filter(pk=shop.planned.pk).update(plan=other.as_json(), plan_digest=other.digest)
    response = dba.post(f"/runs/{shop.planned.pk}/release/", {"digest": seen}, follow=True)
    assert "Not released" in text_of(response)
    shop.planned.refresh_from_db()
    assert (shop.planned.status, shop.planned.is_released) == ("planned", False)
    dba.post(f"/runs/{shop.planned.pk}/release/", {"digest": other.digest})
    shop.planned.refresh_from_db()
    assert (shop.planned.status, shop.planned.is_released) == ("waiting", True)
    assert {reason["code"] for reason in shop.planned.reasons} >= {"hold", "overlap", "missing_right"}
    assert actions_on(shop.planned)[-1] == "run.released"


def test_what_is_said_of_a_release_stays_true_whatever_becomes_of_the_run(dba: Client, shop: Scene) -> None:
    response = dba.post(f"/runs/{shop.planned.pk}/release/", {"digest": shop.planned.plan_digest}, follow=True)
    assert [str(message) for message in response.context["messages"]] == ["The plan was released."]


def lacks_right(shop: Scene, strategy: str = "INDEX_MAINTENANCE", *, blocks: bool = True) -> None:
    right = {"right": "rebuilding on 4 of 4 indexes", "needed_for": "rebuilding", "grant": "GRANT pg_maintain TO maint;",
             "blocks": blocks, "strategy": strategy}  # fmt: skip
    Target.objects.filter(pk=shop.target.pk).update(missing_rights=[right])


def test_an_empty_plan_of_an_account_that_lacks_a_right_is_not_called_all_well(dba: Client, shop: Scene) -> None:
    lacks_right(shop)
    text = text_of(dba.get(f"/runs/{planned_run(shop.target).pk}/"))
    assert "the portal's account lacks a right" in text
    assert "rebuilding on 4 of 4 indexes" in text
    assert "GRANT pg_maintain TO maint;" in text
    assert "needs nothing of this kind now" not in text
    assert "found nothing that a run of this kind would change" not in text
    assert "Close it as succeeded" not in text


def test_only_the_rights_that_the_strategy_of_the_run_lacks_are_named_each_once(dba: Client, shop: Scene) -> None:
    rows = [
        {"right": "SELECT ON SYS.A", "needed_for": f"{strategy} sees", "grant": "GRANT SELECT ON SYS.A TO x;",
         "blocks": True, "strategy": strategy, "capability": strategy.lower()}
        for strategy in ("INDEX_MAINTENANCE", "SPACE_MAINTENANCE")
    ]  # fmt: skip
    Target.objects.filter(pk=shop.target.pk).update(missing_rights=rows)
    text = text_of(dba.get(f"/runs/{planned_run(shop.target).pk}/"))
    assert "the portal's account lacks a right" in text
    assert "INDEX_MAINTENANCE sees" in text
    assert "SPACE_MAINTENANCE sees" not in text


@pytest.mark.parametrize(("strategy", "blocks"), [("STATISTICS_MAINTENANCE", True), ("INDEX_MAINTENANCE", False)])
def test_an_empty_plan_to_which_no_right_is_lacking_can_be_closed(
    strategy: str, blocks: bool, dba: Client, shop: Scene
) -> None:
    lacks_right(shop, strategy, blocks=blocks)
    text = text_of(dba.get(f"/runs/{planned_run(shop.target).pk}/"))
    assert "needs nothing of this kind now" in text
    assert "Close it as succeeded" in text


def test_a_waiting_run_says_why_and_who_clears_it(dba: Client, shop: Scene) -> None:
    text = text_of(dba.get(f"/runs/{shop.waiting.pk}/"))
    assert "It waits, because:" in text
    assert "Anna lifts it." in text
    assert HOSTILE not in text  # escaped


@pytest.mark.parametrize(
    ("how", "stop", "words"),
    [("after_step", Stop.AFTER_STEP, "after its present step"), ("cancel", Stop.CANCEL, "at once")],
)
def test_a_run_at_work_is_asked_to_stop(how: str, stop: Stop, words: str, dba: Client, shop: Scene) -> None:
    response = dba.post(f"/runs/{shop.running.pk}/stop/", {"how": how}, follow=True)
    shop.running.refresh_from_db()
    assert (shop.running.status, shop.running.stop, shop.running.stop_asked_by) == ("stopping", stop, "anna")
    assert f"The run was asked to stop {words}." in text_of(response)
    assert actions_on(shop.running)[-1] == "run.stop_asked"


@pytest.mark.parametrize("how", ["", "shutdown", "now"])
def test_stopping_needs_one_of_its_two_ways(how: str, dba: Client, shop: Scene) -> None:
    response = dba.post(f"/runs/{shop.running.pk}/stop/", {"how": how}, follow=True)
    assert "Choose how to stop" in text_of(response)
    shop.running.refresh_from_db()
    assert shop.running.stop == ""


def test_a_run_that_has_not_started_is_cancelled_at_once(dba: Client, shop: Scene) -> None:
    for run in (shop.planned, shop.waiting):
        response = dba.post(f"/runs/{run.pk}/stop/", {"how": "cancel"}, follow=True)
        run.refresh_from_db()
        assert run.status == "cancelled"
        assert "The run was cancelled." in text_of(response)


def test_stopping_what_is_over_says_so(dba: Client, shop: Scene) -> None:
    response = dba.post(f"/runs/{shop.succeeded.pk}/stop/", {"how": "cancel"}, follow=True)
    assert "The run is over already." in text_of(response)


def test_a_failed_run_is_tried_again_from_a_new_look(dba: Client, shop: Scene) -> None:
    response = dba.post(f"/runs/{shop.failed.pk}/retry/")
    run = JobRun.objects.latest("pk")
    assert response["Location"] == f"/runs/{run.pk}/"
    assert (run.origin, run.parent, run.plan, run.is_released) == (Origin.RETRY, shop.failed, None, False)


def test_resuming_plans_the_steps_that_are_left(dba: Client, shop: Scene) -> None:
    cancelled = ended_run(shop.target, RunStatus.CANCELLED, step(1))
    longer = plan(step(1), step(2), step(3))
    JobRun.objects.filter(pk=cancelled.pk).update(plan=longer.as_json())
    assert "Resume: 2 steps left" in text_of(dba.get(f"/runs/{cancelled.pk}/"))
    dba.post(f"/runs/{cancelled.pk}/resume/")
    run = JobRun.objects.latest("pk")
    assert [one.key for one in runs.plan_of(run).steps] == ["rebuild:orders_2", "rebuild:orders_3"]
    assert not run.is_released


@pytest.mark.parametrize(
    ("error_class", "is_said"), [("permanent", True), ("authentication", True), ("transient", False)]
)
def test_a_run_whose_error_comes_again_says_so_beside_the_resume(
    error_class: str, is_said: bool, dba: Client, shop: Scene
) -> None:
    JobRun.objects.filter(pk=shop.failed.pk).update(error_class=error_class)
    text = text_of(dba.get(f"/runs/{shop.failed.pk}/"))
    assert "Resume: 1 step left" in text
    assert ("The same error comes again until its cause is mended" in text) is is_said


def test_a_duration_is_called_usual_from_three_other_runs_on(dba: Client, shop: Scene) -> None:
    own, page = 1200, f"/runs/{shop.succeeded.pk}/"
    for times, is_said in (([own], False), ([own, 900, 900], False), ([own, 900, 900, 900], True), ([900] * 2, False)):
        Duration.objects.update_or_create(
            target=shop.target, strategy_name="INDEX_MAINTENANCE", step_key="rebuild:orders_1",
            defaults={"recent_ms": times, "updated_at": timezone.now()},
        )  # fmt: skip
        assert ("usual 900 ms" in text_of(dba.get(page))) is is_said, times
        assert "usual 1.2 s" not in text_of(dba.get(page)), times


def test_undoing_plans_the_reversals_and_is_offered_once(dba: Client, shop: Scene) -> None:
    assert "Undo 1 step" in text_of(dba.get(f"/runs/{shop.succeeded.pk}/"))
    dba.post(f"/runs/{shop.succeeded.pk}/undo/")
    run = JobRun.objects.latest("pk")
    assert (run.origin, [one.statements for one in runs.plan_of(run).steps]) == (Origin.UNDO, [("SELECT 1",)])
    assert "Undo 1 step" not in text_of(dba.get(f"/runs/{shop.succeeded.pk}/"))
    response = dba.post(f"/runs/{shop.succeeded.pk}/undo/", follow=True)
    assert f"Run {run.pk} undoes this one already." in text_of(response)
    assert "1. Undo of:" in text_of(dba.get(f"/runs/{run.pk}/"))


@pytest.mark.parametrize("act", ["resume", "retry", "undo"])
def test_nothing_follows_a_run_that_is_not_over(act: str, dba: Client, shop: Scene) -> None:
    before = JobRun.objects.count()
    response = dba.post(f"/runs/{shop.running.pk}/{act}/", follow=True)
    assert "The run is not over yet." in text_of(response)
    assert JobRun.objects.count() == before


def test_a_failure_is_handled_with_a_note_and_leaves_home(dba: Client, shop: Scene) -> None:
    assert "nothing to look at" not in text_of(dba.get("/"))
    response = dba.post(f"/runs/{shop.failed.pk}/handle/", {"note": " "}, follow=True)
    assert "Say what was done" in text_of(response)
    dba.post(f"/runs/{shop.failed.pk}/handle/", {"note": "Dropped by its owner."})
    shop.failed.refresh_from_db()
    assert (shop.failed.handled_by, shop.failed.handled_note) == ("anna", "Dropped by its owner.")
    assert "nothing to look at" in text_of(dba.get("/"))
    response = dba.post(f"/runs/{shop.failed.pk}/handle/", {"note": "Again."}, follow=True)
    assert "Somebody had noted it already" in text_of(response)


def test_the_live_part_stops_asking_when_the_run_is_over(dba: Client, shop: Scene) -> None:
    assert dba.get(f"/runs/{shop.running.pk}/live/").status_code == 200
    assert dba.get(f"/runs/{shop.succeeded.pk}/live/").status_code == 286
    assert "hx-get" in text_of(dba.get(f"/runs/{shop.running.pk}/"))
    assert "hx-get" not in text_of(dba.get(f"/runs/{shop.succeeded.pk}/"))


def test_meters_that_were_not_measured_are_not_shown_as_nought(dba: Client, shop: Scene) -> None:
    text = text_of(dba.get(f"/runs/{shop.succeeded.pk}/"))
    assert "not measured" in text
    assert "6,000" in text


def test_a_plan_of_many_steps_is_shown_around_the_one_that_runs(dba: Client, shop: Scene) -> None:
    run = planned_run(shop.target, *(step(number) for number in range(1, 401)))
    now = timezone.now()
    JobRun.objects.filter(pk=run.pk).update(
        status=RunStatus.RUNNING,
        step_number=300,
        started_at=now,
        deadline_at=now + timedelta(hours=1),
        heartbeat_at=now,
    )
    text = text_of(dba.get(f"/runs/{run.pk}/"))
    assert "400, in this order; shown are 276 to 375" in text
    assert "orders_300" in text
    assert "orders_275<" not in text


def test_the_list_narrows_by_state_database_strategy_and_day(dba: Client, shop: Scene) -> None:
    def found(query: str) -> set[int]:
        return {run.pk for run in dba.get(f"/runs/?{query}").context["page"].rows}

    everything = {run.pk for run in (shop.planned, shop.running, shop.waiting, shop.failed, shop.succeeded)}
    assert found("") == everything
    assert found("status=at_work") == {shop.running.pk}
    assert found("status=waiting") == {shop.waiting.pk}
    assert found("status=unreleased") == {shop.planned.pk}
    assert found("status=unhandled") == {shop.failed.pk}
    assert found("status=ended") == {shop.failed.pk, shop.succeeded.pk}
    assert found("status=succeeded") == {shop.succeeded.pk}
    assert found(f"target={shop.target.pk}&strategy=INDEX_MAINTENANCE") == everything
    assert found("strategy=STATISTICS_MAINTENANCE") == set()
    assert found("since=2999-01-01") == set()


def test_wrong_filters_are_refused_beside_their_field(dba: Client, shop: Scene) -> None:
    text = text_of(dba.get("/runs/?status=dancing&target=99999&since=yesterday"))
    assert "dancing is not one of the available choices" in text
    assert "Enter a valid date" in text
    assert "Nothing is shown, because a filter is wrong." in text
    assert "Index maintenance</a>" not in text


def test_pages_of_the_list_meet_without_gap_or_double(dba: Client, shop: Scene) -> None:
    for _ in range(120):
        planned_run(shop.target, step(1))
    keys, query = [], ""
    while True:
        page = dba.get(f"/runs/?{query}").context["page"]
        keys += [run.pk for run in page.rows]
        if page.older is None:
            break
        query = f"before={page.older}"
    assert keys == sorted(JobRun.objects.values_list("pk", flat=True), reverse=True)
    back = dba.get(f"/runs/?after={page.rows[0].pk}").context["page"]
    assert [run.pk for run in back.rows] == keys[50:100]


def test_the_page_of_a_run_says_what_it_has_used_of_its_budget_and_what_was_noted_before_its_start(
    dba: Client, shop: Scene, person: Callable[..., Any]
) -> None:
    def page_of(client: Client) -> str:
        return " ".join(re.sub(r"<[^>]+>", " ", text_of(client.get(f"/runs/{shop.planned.pk}/"))).split())

    assert "Time on the database" not in page_of(dba)
    JobRun.objects.filter(pk=shop.planned.pk).update(limits={"parallel_degree": 1, "max_database_seconds": 600})
    assert "Time on the database: 0.0 of 600 s" in page_of(dba)
    JobRun.objects.filter(pk=shop.planned.pk).update(
        used={"database_ms": 612_300, "io_operations": None, "lock_ms": 1500},
        precheck_notes=["REPLICA_LAG: the replica r1 is 45 seconds behind."],
    )
    page = page_of(dba)
    assert "Time on the database: 612.3 of 600 s used up" in page
    assert "Reads and writes: not measured" in page
    assert "Time that kept others from writing: 1.5 s" in page
    assert "REPLICA_LAG: the replica r1 is 45 seconds behind." in page
    reader = Client()
    reader.force_login(person("mara", Role.STAKEHOLDER))
    assert "REPLICA_LAG" not in page_of(reader)
