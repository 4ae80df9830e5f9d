"""run_strategy within one process: what it does on a real file, and with which state it ends."""

from __future__ import annotations

import json
import logging
import sqlite3
import warnings
from datetime import UTC, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone

from maintenance_portal import answers, at_once, tasks
from strategies import durations, holds, runs
from strategies.audit import Actor
from strategies.models import AuditEntry, JobRun, MaintenanceWindow, OperationLog, Origin, RunStatus, Target, Tenant
from strategies.plans import ErrorClass, MissingRight, TargetError
from tests import scripted
from tests.maintenance_portal.commands.conftest import Said, command
from tests.scripted import World

pytestmark = pytest.mark.django_db(transaction=True)

ANNA = Actor("anna")
INDEXES = "INDEX_MAINTENANCE"


def run(*words: str, strategy: str = INDEXES, target: str = "shop") -> Said:
    return command("run_strategy", strategy, "--target", target, "--json", *words)


def problems(path: Path) -> int:
    with sqlite3.connect(path) as connection:
        return len([row for (row,) in connection.execute("PRAGMA integrity_check") if row != "ok"])


def test_planted_faults_are_mended_and_a_second_look_finds_nothing(shop: Target, shop_file: Path) -> None:
    assert problems(shop_file) > 0
    said = run()
    assert (said.code, said.err) == (0, "")
    answer = said.answer
    assert answer["status"] == "succeeded"
    assert answer["reasons"] == []
    objects = ["orders_by_cents", "orders_by_customer", "orders_by_placed"]
    assert sorted(step["object"] for step in answer["plan"]["steps"]) == objects
    assert sorted(row["object"] for row in answer["operations"]) == objects
    assert problems(shop_file) == 0
    assert command("assess", "shop", "--strategy", INDEXES, "--json").answer["findings"] == []


def test_the_answer_has_the_promised_shape_and_agrees_with_what_is_kept(shop: Target) -> None:
    answer = run().answer
    assert {"run_id", "status", "reasons", "plan", "operations"} <= answer.keys()
    kept = JobRun.objects.get(pk=answer["run_id"])
    assert answer["plan"]["digest"] == kept.plan_digest == runs.plan_of(kept).digest
    assert answer["plan"]["steps"][0]["sql"] == runs.plan_of(kept).steps[0].sql
    rows = OperationLog.objects.filter(run=kept).order_by("operation_id")
    assert [row["operation_id"] for row in answer["operations"]] == [row.pk for row in rows]
    first = answer["operations"][0]
    assert {"operation_id", "status", "duration_ms", "rows_processed", "error_code"} <= first.keys()
    assert (first["status"], first["rows_processed"], first["error_code"]) == ("SUCCESS", 2000, None)


def test_nothing_to_do_is_a_success_with_an_empty_plan_even_while_work_is_held(shop: Target) -> None:
    assert run().code == 0
    holds.place(ANNA, timezone.now(), "Quarter close")
    said = run()
    assert (said.code, said.answer["status"]) == (0, "succeeded")
    assert (said.answer["plan"]["steps"], said.answer["operations"], said.answer["reasons"]) == ([], [], [])


def test_what_libraries_print_warn_and_log_is_no_part_of_the_answer(
    shop: Target, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    look = at_once.planner.make_plan

    def noisy(*args: Any, **named: Any) -> Any:
        print("a library prints")  # noqa: T201
        warnings.warn("a library warns", stacklevel=1)
        logging.getLogger("library").error("a library logs")
        return look(*args, **named)

    monkeypatch.setattr(at_once.planner, "make_plan", noisy)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        call_command("run_strategy", INDEXES, "--target", "shop", "--json")
    said = capsys.readouterr()
    assert json.loads(said.out)["status"] == "succeeded"
    assert "a library prints" in said.err


def test_who_asked_and_by_which_way_is_kept_and_audited(shop: Target) -> None:
    kept = JobRun.objects.get(pk=run().answer["run_id"])
    assert (kept.asked_by, kept.origin) == (Actor.of_command().name, "command")
    actions = AuditEntry.objects.filter(object_type="JobRun", object_id=str(kept.pk)).order_by("pk")
    assert list(actions.values_list("action", flat=True)) == [
        "run.asked", "run.planned", "run.started", "run.succeeded",
    ]  # fmt: skip


def test_no_worker_is_woken_for_a_run_that_the_command_does_itself(shop: Target, wake_ups: list[Any]) -> None:
    assert run().code == 0
    holds.place(ANNA, timezone.now(), "Quarter close")
    assert run(strategy="STATISTICS_MAINTENANCE").code == 3
    tasks.tick(timezone.now() + timedelta(minutes=2))
    of_the_run = {name for name, _ in wake_ups} - {"answer", "roll_up", "care_for_log"}
    assert of_the_run <= {"assess"}  # the target is looked at again after a run


def test_a_hold_keeps_it_from_starting_and_nothing_starts_later(
    shop: Target, shop_file: Path, wake_ups: list[Any]
) -> None:
    hold = holds.place(ANNA, timezone.now(), "Quarter close", target=shop)
    said = run()
    assert said.code == 3
    assert [reason["code"] for reason in said.answer["reasons"]] == ["hold"]
    assert "Quarter close" in said.answer["reasons"][0]["sentence"]
    assert said.answer["operations"] == []
    kept = JobRun.objects.get(pk=said.answer["run_id"])
    assert kept.status == said.answer["status"] == RunStatus.CANCELLED
    holds.lift(hold, ANNA, timezone.now())
    tasks.tick(timezone.now() + timedelta(minutes=2))
    assert ("run_job", kept.pk) not in wake_ups
    assert problems(shop_file) > 0


def test_people_read_why_it_waits_and_who_may_clear_it(shop: Target) -> None:
    holds.place(ANNA, timezone.now(), "Quarter close", target=shop)
    said = command("run_strategy", INDEXES, "--target", "shop")
    assert said.code == 3
    assert "New work is held on database shop: Quarter close" in said.out
    assert "any DBA may lift it" in said.out


@pytest.mark.parametrize("values", [{"is_active": False}, {"max_parallel_runs": 1}])
def test_what_else_the_gate_refuses_ends_the_same_way(shop: Target, values: dict[str, Any]) -> None:
    Target.objects.filter(pk=shop.pk).update(**values)
    if "max_parallel_runs" in values:
        now = timezone.now()
        beside = runs.ask(ANNA, shop, "STATISTICS_MAINTENANCE", now, wake=False)
        JobRun.objects.filter(pk=beside.pk).update(status="running", lease_until=now + timedelta(hours=1))
    said = run()
    assert said.code == 3
    assert said.answer["reasons"][0]["code"] == ("inactive" if "is_active" in values else "cap")


def test_a_dry_run_leaves_no_row_and_changes_nothing(shop: Target, shop_file: Path) -> None:
    before, entries = shop_file.read_bytes(), AuditEntry.objects.count()
    said = run("--dry-run")
    assert said.code == 0
    answer = said.answer
    assert (answer["run_id"], answer["status"], answer["reasons"], answer["operations"]) == (None, "planned", [], [])
    assert len(answer["plan"]["steps"]) == 3
    assert shop_file.read_bytes() == before
    assert (JobRun.objects.count(), OperationLog.objects.count()) == (0, 0)
    assert AuditEntry.objects.count() == entries
    assert run().answer["plan"]["digest"] == answer["plan"]["digest"]


def test_a_dry_run_says_what_would_keep_the_run_waiting_now(shop: Target) -> None:
    holds.place(ANNA, timezone.now(), "Quarter close")
    said = run("--dry-run")
    assert (said.code, [reason["code"] for reason in said.answer["reasons"]]) == (0, ["hold"])
    text = command("run_strategy", INDEXES, "--target", "shop", "--dry-run").out
    assert 'REINDEX "main"."orders_by_cents"' in text
    assert "Quarter close" in text


def test_one_object_is_worked_on_when_one_is_named(shop: Target) -> None:
    answer = run("--object", "orders_by_cents").answer
    assert [step["object"] for step in answer["plan"]["steps"]] == ["orders_by_cents"]
    assert len(command("assess", "shop", "--strategy", INDEXES, "--json").answer["findings"]) == 2


@pytest.mark.parametrize("dry", [[], ["--dry-run"]])
def test_an_object_that_is_not_there_is_bad_input_and_leaves_no_run(shop: Target, dry: list[str]) -> None:
    said = run("--object", "ordres", *dry)
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith("--object: ")
    assert not JobRun.objects.exists()


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["--set", "bloat_percent=1000"], "--set bloat_percent: "),
        (["--set", "bloat_percent=nan"], "--set bloat_percent: "),
        (["--set", "max_objects=many"], "--set max_objects: "),
        (["--set", "repair_invalid=perhaps"], "--set repair_invalid: "),
        (["--set", "retries=1", "--set", "retries=2"], "--set retries: is given twice"),
        (["--set", "bloat_percentage=10"], "--set bloat_percentage: is not a parameter of this strategy (did you mean"),
        (["--set", "bloat_percent"], "--set: expected key=value"),
        (["--object", " "], "--object: "),
        (["--target", "shopp"], "--target: no target is named 'shopp' (did you mean shop?)"),
    ],
)
def test_bad_input_is_refused_in_one_line_that_names_the_argument(shop: Target, words: list[str], line: str) -> None:
    said = run(*words)
    assert (said.code, said.out, said.err.count("\n")) == (2, "", 1)
    assert said.err.startswith(line)
    assert not JobRun.objects.exists()


def test_an_unknown_strategy_is_refused_with_those_that_are_known(shop: Target) -> None:
    said = run(strategy="INDEX_MAINTENENCE")
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith("STRATEGY: no strategy is named 'INDEX_MAINTENENCE'; there are ")


@pytest.mark.parametrize(("typed", "read"), [("yes", True), ("no", False), ("TRUE", True), ("false", False)])
def test_values_are_typed_as_the_routine_says(shop: Target, typed: str, read: bool) -> None:
    said = run("--set", f"repair_invalid={typed}", "--set", "bloat_megabytes=12.5", "--set", "max_objects=2")
    kept = JobRun.objects.get(pk=said.answer["run_id"]).parameters
    assert (kept["repair_invalid"], kept["bloat_megabytes"], kept["max_objects"]) == (read, 12.5, 2)
    assert len(said.answer["plan"]["steps"]) == (2 if read else 0)


def test_old_facts_are_looked_at_again_before_the_gate_is_asked(shop: Target) -> None:
    old = timezone.now() - timedelta(days=2)
    Target.objects.filter(pk=shop.pk).update(checked_at=old, check_error="it was away")
    assert run().code == 0
    shop.refresh_from_db()
    assert (shop.check_error, shop.checked_at is not None and shop.checked_at > old) == ("", True)


def test_fresh_facts_are_not_asked_for_again(shop: Target) -> None:
    assert command("check_target", "shop").code == 0
    checked = Target.objects.get(pk=shop.pk).checked_at
    assert run().code == 0
    assert Target.objects.get(pk=shop.pk).checked_at == checked


@pytest.mark.parametrize("dry", [[], ["--dry-run"]])
def test_a_database_that_is_away_is_a_failure_that_says_so(shop: Target, shop_file: Path, dry: list[str]) -> None:
    shop_file.unlink()
    said = run(*dry)
    assert (said.code, said.answer["status"]) == (1, "failed")
    assert "There is no such file" in said.answer["message"]
    assert (said.answer["run_id"] is None) == bool(dry)


class TestScripted:
    """Turns that no real database takes when it is told to."""

    @pytest.fixture
    def world(self, monkeypatch: pytest.MonkeyPatch) -> World:
        world = World(needs={"a", "b"})
        scripted.install(monkeypatch, world)
        return world

    @pytest.fixture
    def target(self, world: World) -> Target:
        main = Tenant.objects.get(name="Main")
        return Target.objects.create(name="shop", platform="scripted", url="scripted://x", tenant=main)

    def run(self, *words: str) -> Said:
        return run("--set", "retry_delay_seconds=1", "--set", "retries=0", *words, strategy="CLEANUP_MAINTENANCE")

    def test_a_step_that_fails_is_a_failure(self, world: World, target: Target) -> None:
        world.script["a"] = [scripted.fails(ErrorClass.PERMANENT, "42501", "permission denied")]
        said = self.run()
        assert (said.code, said.answer["status"]) == (1, "failed")
        ended = {row["object"]: (row["status"], row["error_code"]) for row in said.answer["operations"]}
        assert ended == {"a": ("ERROR", "42501"), "b": ("SUCCESS", None)}

    def test_busy_objects_that_were_left_alone_are_a_warning_and_good(self, world: World, target: Target) -> None:
        world.script["a"] = [scripted.fails(ErrorClass.LOCK, "55P03", "lock not available")]
        said = self.run()
        assert (said.code, said.answer["status"]) == (0, "warning")

    def test_put_back_to_the_gate_it_is_cancelled_with_the_reason(
        self, world: World, target: Target, monkeypatch: pytest.MonkeyPatch, wake_ups: list[Any]
    ) -> None:
        """The target goes away between the plan and the first step."""
        claim = runs.claim

        def claim_and_lose(*args: Any, **values: Any) -> JobRun | None:
            world.connect_error = TargetError(ErrorClass.TRANSIENT, "08006", "connection refused")
            return claim(*args, **values)

        monkeypatch.setattr(runs, "claim", claim_and_lose)
        said = self.run()
        assert (said.code, said.answer["status"]) == (3, "cancelled")
        assert said.answer["reasons"][0]["code"] == "unreachable"
        tasks.tick(timezone.now())
        assert [name for name, _ in wake_ups if name == "run_job"] == []

    def test_a_refused_sign_in_is_tried_once(self, world: World, target: Target) -> None:
        world.connect_error = TargetError(ErrorClass.AUTHENTICATION, "28P01", "password authentication failed")
        said = self.run()
        assert said.code == 1
        assert AuditEntry.objects.filter(action="target.stopped").count() == 1
        world.connect_error = None
        assert self.run().code == 1, "only a person who asks for a check clears the stop"
        assert command("check_target", "shop").code == 0
        assert self.run().code == 0

    def test_a_missing_right_keeps_it_waiting_and_a_dry_run_says_so(self, world: World, target: Target) -> None:
        world.missing = [MissingRight("MAINTAIN on a", "fixing it", "GRANT MAINTAIN ON a TO portal")]
        assert self.run("--dry-run").code == 0
        said = self.run()
        assert said.code == 3
        assert said.answer["reasons"][0]["code"] == "missing_right"
        world.missing = []
        assert self.run().code == 0, "the next command looks again"

    def test_a_tick_beside_it_never_hands_the_run_to_a_worker(
        self, world: World, target: Target, monkeypatch: pytest.MonkeyPatch, wake_ups: list[Any]
    ) -> None:
        """A beat ticks and a worker grabs at every moment at which the run's row has just been written."""
        seen: set[str] = set()

        def grab() -> None:
            tasks.tick(timezone.now() + timedelta(minutes=1))
            for pk, status in JobRun.objects.values_list("pk", "status"):
                seen.add(status)
                tasks.plan_run(pk)
                assert runs.claim(pk, "another", timezone.now()) is None

        look, carry_out = at_once._look, at_once.story.carry_out
        monkeypatch.setattr(at_once, "_look", lambda *args: (grab(), look(*args))[1])
        monkeypatch.setattr(at_once.story, "carry_out", lambda run: (grab(), carry_out(run), grab())[1])
        said = self.run()
        assert (said.code, said.answer["status"]) == (0, "succeeded")
        assert seen == {"running", "succeeded"}
        assert sorted(world.executed) == ["fix a;", "fix b;"]
        assert [name for name, _ in wake_ups if name in ("run_job", "plan_run")] == []

    def test_names_that_steer_a_terminal_are_written_out(self, world: World, target: Target) -> None:
        world.needs = {"evil\x1b[2Jname\nnext"}
        said = command("run_strategy", "CLEANUP_MAINTENANCE", "--target", "shop")
        assert "\x1b" not in said.out
        assert "evil\\x1b[2Jname next" in said.out


@pytest.mark.parametrize(("blocks", "looks"), [(False, 0), (True, 1)])
def test_a_database_is_looked_at_anew_for_a_right_that_runs_wait_for_and_not_for_one_that_would_help(
    blocks: bool, looks: int, shop: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run("--dry-run").code == 0
    shop.refresh_from_db()
    right = {"right": "r", "needed_for": "n", "grant": "", "blocks": blocks, "strategy": "SPACE_MAINTENANCE"}
    Target.objects.filter(pk=shop.pk).update(missing_rights=[right])
    looked, check = list[str](), at_once.targets.check
    monkeypatch.setattr(
        at_once.targets, "check", lambda target, moment: (looked.append(target.name), check(target, moment))[1]
    )
    assert run("--dry-run").code == 0
    assert looked == ["shop"] * looks


def test_what_its_window_has_no_time_for_goes_on_as_a_run_that_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the window two hours of three are left, and the second step usually takes two and a half."""
    scripted.install(monkeypatch, World(needs={"a", "b"}))
    main, now = Tenant.objects.get(name="Main"), timezone.now()
    target = Target.objects.create(name="shop", platform="scripted", url="scripted://x", tenant=main)
    starts = (now - timedelta(hours=1)).astimezone(UTC)
    MaintenanceWindow.objects.create(
        name="Now", starts=f"{starts:%Y-%m-%dT%H:%M}", minutes=180, owner="anna", rule="FREQ=DAILY"
    )
    for _ in range(10):
        durations.remember(target, "CLEANUP_MAINTENANCE", "fix:b", 150 * 60_000, now)
    said = command("run_strategy", "CLEANUP_MAINTENANCE", "--target", "shop")
    rest = JobRun.objects.select_related("parent").get(origin=Origin.CONTINUE)
    assert said.code == 4
    assert f"What is left is run {rest.pk}: the portal's workers start it by themselves as soon as it may." in said.out
    assert (rest.status, rest.parent and rest.parent.status) == (RunStatus.WAITING, RunStatus.CONTINUED)
    assert rest.parent is not None
    assert answers.of_result(rest.parent)["goes_on_as"] == rest.pk
