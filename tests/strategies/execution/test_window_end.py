"""The end of a window, played through on a clock that the test turns: what stops, what is cancelled, what goes on when."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from strategies import durations, endings, runs
from strategies.audit import Actor
from strategies.execution import lost, runner, watch
from strategies.models import (
    Calendar,
    CalendarEntry,
    CalendarScope,
    JobRun,
    MaintenanceWindow,
    OperationLog,
    Origin,
    RunStatus,
    Stop,
    Target,
    Tenant,
)
from strategies.plans import ErrorClass, Plan, TargetError
from strategies.platforms.base import RemoteSession, Session
from strategies.workers import WorkerIdentity
from tests import scripted
from tests.scripted import World, fails

pytestmark = pytest.mark.django_db(transaction=True)

ANNA = Actor("anna")
OPENS = datetime(2026, 11, 26, 22, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
CLOSES, GRACE = OPENS + 4 * HOUR, 5 * MINUTE
Turn = Callable[[World, Session], TargetError | None]


class Clock:
    """Stands still until it is turned."""

    def __init__(self) -> None:
        self.moment = OPENS

    def __call__(self) -> datetime:
        return self.moment


class Looks:
    """Lets a step wait until the watch has looked again, so that no test hangs on how fast it does."""

    def __init__(self) -> None:
        self._count = threading.Condition()
        self._done = 0

    def note(self) -> None:
        with self._count:
            self._done += 1
            self._count.notify_all()

    def wait(self, more: int = 2) -> None:
        """The look that is at hand may have begun before; the one after it has not."""
        with self._count:
            until = self._done + more
            assert self._count.wait_for(lambda: self._done >= until, 20)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> Looks:
    looks, look = Looks(), watch.Watch.look

    def noted(self: watch.Watch) -> None:
        look(self)
        looks.note()

    monkeypatch.setattr(watch.Watch, "look", noted)
    monkeypatch.setattr(watch, "EVERY_SECONDS", 0.01)
    return looks


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    world = World(needs={"a", "b", "c"})
    scripted.install(monkeypatch, world)
    return world


@pytest.fixture
def target(world: World) -> Target:
    MaintenanceWindow.objects.create(
        name="Night", starts="2026-11-01T22:00", minutes=240, rule="FREQ=DAILY", owner="olga"
    )
    main = Tenant.objects.get(name="Main")
    return Target.objects.create(name="shop", platform="scripted", url="scripted://x", tenant=main, checked_at=OPENS)


def asked(target: Target, moment: datetime = OPENS, change: Callable[[Plan], Plan] = lambda plan: plan) -> JobRun:
    """Planned and released."""
    values: dict[str, Any] = {"parameters": {"retries": 0}, "wake": False, "timeout_seconds": 10 * 24 * 3600}
    run = runs.ask(ANNA, target, "CLEANUP_MAINTENANCE", moment, **values)
    made = runs.planner.make_plan(target, run.strategy_name, "ALL", run.parameters, moment=moment)
    assert runs.keep_plan(run, change(made), moment)
    assert runs.release(run, ANNA, run.plan_digest, moment)
    return run


def why_not(run: JobRun, moment: datetime) -> list[str]:
    """What the gate says at this moment."""
    Target.objects.filter(pk=run.target_id).update(checked_at=moment)
    JobRun.objects.filter(pk=run.pk).update(status=RunStatus.WAITING)
    row = JobRun.objects.select_related("target", "job", "config").get(pk=run.pk)
    return [reason.code for reason in runs.ask_gate([row], moment, wake=False)[run.pk].reasons]


def claimed(run: JobRun, moment: datetime) -> JobRun:
    """Let in and claimed at this moment."""
    Target.objects.filter(pk=run.target_id).update(checked_at=moment)
    row = JobRun.objects.select_related("target", "job", "config").get(pk=run.pk)
    runs.ask_gate([row], moment, wake=False)
    taken = runs.claim(run.pk, WorkerIdentity.current().text, moment)
    assert taken is not None, row.reasons
    return taken


def carried_out(run: JobRun, clock: Clock) -> JobRun:
    taken = claimed(run, clock())
    runner.carry_out(taken, now=clock)
    taken.refresh_from_db()
    return taken


def rest_of(run: JobRun) -> JobRun:
    return JobRun.objects.select_related("target").get(parent=run, origin=Origin.CONTINUE)


def keys(run: JobRun) -> list[str]:
    return [step.object for step in runs.plan_of(run).steps]


def operations(run: JobRun) -> list[tuple[str | None, str]]:
    rows = OperationLog.objects.filter(run=run).order_by("operation_id")
    return [(row.target_object, row.status) for row in rows]


def until(clock: Clock, moment: datetime, also: Callable[[], object] = lambda: None) -> Turn:
    """A step that ends by itself at this moment."""

    def turn(world: World, session: Session) -> None:
        also()
        clock.moment = moment

    return turn


def for_ever(clock: Clock, moment: datetime) -> Turn:
    """A step that is still at work at this moment, and ends only when it is cancelled."""

    def turn(world: World, session: Session) -> TargetError:
        clock.moment = moment
        assert isinstance(session, scripted.ScriptedSession)
        assert session.cancelled.wait(20), "nobody cancelled it"
        return TargetError(ErrorClass.CANCELLED, "57014", "cancelled as asked")

    return turn


def past(target: Target, **minutes: int) -> None:
    """Each step took so long ten times."""
    for name, each in minutes.items():
        for _ in range(10):
            durations.remember(target, "CLEANUP_MAINTENANCE", f"fix:{name}", each * 60_000, OPENS - DAY)


def test_a_run_keeps_the_window_in_which_it_began(target: Target, clock: Clock) -> None:
    run = claimed(asked(target), OPENS + HOUR)
    assert (run.window_starts_at, run.window_ends_at) == (OPENS, CLOSES)
    assert run.must_end_at == CLOSES + GRACE


def test_what_is_at_work_at_the_end_of_its_grace_is_cancelled_and_the_rest_goes_on_in_the_next_window(
    world: World, target: Target, clock: Clock, looks: Looks
) -> None:
    world.script["b"] = [for_ever(clock, CLOSES + GRACE)]
    run = carried_out(asked(target), clock)
    assert (run.status, operations(run)) == (RunStatus.CONTINUED, [("a", "SUCCESS"), ("b", "CANCELLED")])
    assert run.message == "Its window is over. 1 of 3 steps are done. What is left goes on in the next window."
    rest = rest_of(run)
    assert (rest.status, keys(rest)) == (RunStatus.WAITING, ["b", "c"])
    assert why_not(rest, clock()) == ["window_closed"]
    clock.moment = OPENS + DAY
    assert carried_out(rest, clock).status == RunStatus.SUCCEEDED
    assert world.executed == ["fix a;", "fix b;", "fix b;", "fix c;"]
    assert world.needs == set()


def test_within_the_grace_a_step_comes_to_its_end_and_none_begins_after_it(
    world: World, target: Target, clock: Clock, looks: Looks
) -> None:
    cancelled: list[bool] = []

    def slow(world: World, session: Session) -> None:
        clock.moment = CLOSES + GRACE - timedelta(seconds=1)
        looks.wait(3)
        assert isinstance(session, scripted.ScriptedSession)
        cancelled.append(session.cancelled.is_set())

    world.script["b"] = [slow]
    run = carried_out(asked(target), clock)
    assert cancelled == [False]
    assert (run.status, operations(run)) == (RunStatus.CONTINUED, [("a", "SUCCESS"), ("b", "SUCCESS")])
    assert keys(rest_of(run)) == ["c"]


def test_no_step_begins_at_the_very_end_though_the_watch_has_not_looked_yet(
    world: World, target: Target, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "EVERY_SECONDS", 3600.0)
    world.script["a"] = [until(clock, CLOSES)]
    run = carried_out(asked(target), clock)
    assert (run.status, world.executed) == (RunStatus.CONTINUED, ["fix a;"])


def test_the_last_step_may_end_within_the_grace_and_the_run_is_done(world: World, target: Target, clock: Clock) -> None:
    world.script["c"] = [until(clock, CLOSES + MINUTE)]
    assert carried_out(asked(target), clock).status == RunStatus.SUCCEEDED


def test_an_extension_counts_at_once(world: World, target: Target, clock: Clock, looks: Looks) -> None:
    cancelled: list[bool] = []

    def slow(world: World, session: Session) -> None:
        clock.moment = CLOSES - MINUTE
        JobRun.objects.filter(status=RunStatus.RUNNING).update(window_ends_at=CLOSES + HOUR)
        looks.wait()
        clock.moment = CLOSES + GRACE + MINUTE
        looks.wait(3)
        assert isinstance(session, scripted.ScriptedSession)
        cancelled.append(session.cancelled.is_set())

    world.script["b"] = [slow]
    assert carried_out(asked(target), clock).status == RunStatus.SUCCEEDED
    assert cancelled == [False]


def test_a_window_that_is_closed_early_stops_what_is_at_work(
    world: World, target: Target, clock: Clock, looks: Looks
) -> None:
    def closed() -> None:
        JobRun.objects.filter(status=RunStatus.RUNNING).update(window_ends_at=OPENS + HOUR)
        looks.wait()

    world.script["a"] = [until(clock, OPENS + HOUR, closed)]
    run = carried_out(asked(target), clock)
    assert (run.status, keys(rest_of(run))) == (RunStatus.CONTINUED, ["b", "c"])


def test_what_does_not_fit_into_the_rest_of_the_window_is_left_for_the_next(
    world: World, target: Target, clock: Clock, looks: Looks
) -> None:
    past(target, a=5, b=60, c=5)
    clock.moment = CLOSES - 30 * MINUTE
    run = carried_out(asked(target, clock()), clock)
    assert (run.status, world.executed) == (RunStatus.CONTINUED, ["fix a;"])
    assert keys(rest_of(run)) == ["b", "c"]


def test_what_takes_as_long_as_is_left_fits_and_a_minute_more_does_not(
    world: World, target: Target, clock: Clock
) -> None:
    past(target, a=60, b=60, c=60)
    run = asked(target)
    assert why_not(run, CLOSES - 59 * MINUTE) == ["does_not_fit"]
    assert why_not(run, CLOSES - 60 * MINUTE) == []


def test_what_the_whole_window_is_too_short_for_keeps_no_other_from_its_turn(
    world: World, target: Target, clock: Clock, looks: Looks
) -> None:
    past(target, a=300, b=60, c=60)
    run = carried_out(asked(target), clock)
    assert (run.status, operations(run)) == (RunStatus.WARNING, [("a", "WARNING"), ("b", "SUCCESS"), ("c", "SUCCESS")])
    assert "The whole window is too short for fix:a." in run.message
    world.needs |= {"b", "c"}
    world.script["b"] = [until(clock, CLOSES)]
    again = carried_out(asked(target, clock()), clock)
    assert keys(again) == ["a", "b", "c"]  # it comes first where there is a longer window
    assert (again.status, keys(rest_of(again))) == (RunStatus.CONTINUED, ["c"])


def test_of_what_nobody_knows_how_long_it_takes_nothing_is_kept_back(
    world: World, target: Target, clock: Clock
) -> None:
    clock.moment = CLOSES - MINUTE
    world.script["a"] = [until(clock, CLOSES + MINUTE)]
    run = carried_out(asked(target, clock()), clock)
    assert (run.status, world.executed) == (RunStatus.CONTINUED, ["fix a;"])


def together(plan: Plan) -> Plan:
    """Of a, b and c the second comes after the first."""
    first, second, third = plan.steps
    return replace(plan, steps=(first, replace(second, after=(first.key,)), third))


def test_what_belongs_together_is_not_split(world: World, target: Target, clock: Clock, looks: Looks) -> None:
    past(target, a=10, b=15, c=11)
    run = asked(target, change=together)
    assert why_not(run, CLOSES - 20 * MINUTE) == ["does_not_fit"]
    clock.moment = CLOSES - 30 * MINUTE
    world.script["a"] = [
        until(clock, CLOSES - 10 * MINUTE)
    ]  # longer than 9 of 10 times: the second would not fit any more
    ended = carried_out(run, clock)
    assert world.executed == ["fix a;", "fix b;"]
    assert keys(rest_of(ended)) == ["c"]


def test_a_step_that_failed_by_itself_has_failed_and_takes_what_comes_after_it_with_it(
    world: World, target: Target, clock: Clock, looks: Looks
) -> None:
    world.needs.add("d")

    def after_the_first(plan: Plan) -> Plan:
        *others, last = plan.steps
        return replace(plan, steps=(*others, replace(last, after=(others[0].key,))))

    def failing(world: World, session: Session) -> TargetError:
        clock.moment = CLOSES - MINUTE
        return TargetError(ErrorClass.PERMANENT, "42501", "no right")

    world.script["a"] = [failing]
    world.script["b"] = [until(clock, CLOSES + MINUTE)]
    run = carried_out(asked(target, change=after_the_first), clock)
    assert (run.status, run.error_code, run.awaits_handling) == (RunStatus.FAILED, "42501", True)
    assert keys(rest_of(run)) == ["c"]


def test_where_only_what_failed_is_left_nothing_goes_on(
    world: World, target: Target, clock: Clock, looks: Looks
) -> None:
    def failing(world: World, session: Session) -> TargetError:
        clock.moment = CLOSES + MINUTE
        looks.wait()
        return TargetError(ErrorClass.PERMANENT, "42501", "no right")

    world.script["c"] = [failing]
    run = carried_out(asked(target), clock)
    assert (run.status, run.message) == (RunStatus.FAILED, "Its window is over. 2 of 3 steps are done.")
    assert JobRun.objects.count() == 1


def test_what_two_windows_cut_off_is_given_up_so_that_the_others_have_their_turn(
    world: World, target: Target, clock: Clock, looks: Looks
) -> None:
    world.script["a"] = [for_ever(clock, CLOSES + GRACE), for_ever(clock, CLOSES + DAY + GRACE)]
    first = carried_out(asked(target), clock)
    assert (first.status, keys(rest_of(first))) == (RunStatus.CONTINUED, ["a", "b", "c"])
    clock.moment = OPENS + DAY
    second = carried_out(rest_of(first), clock)
    assert (second.status, second.error_code) == (RunStatus.FAILED, "outlasts_window")
    assert "fix:a was cut off by the end of its window for the second time." in second.message
    clock.moment = OPENS + 2 * DAY
    third = carried_out(rest_of(second), clock)
    assert keys(third) == ["b", "c"]
    assert world.needs == {"a"}
    after = asked(target, clock())
    world.needs |= {"b", "c"}
    assert keys(after) == ["a"]
    assert keys(asked(target, clock())) == ["a", "b", "c"]  # whose turn was longest ago


@pytest.mark.parametrize("how", [Stop.AFTER_STEP, Stop.SHUTDOWN])
def test_nobody_who_asks_it_to_stop_in_a_milder_way_lets_it_outlast_its_window(
    world: World, target: Target, clock: Clock, looks: Looks, settings: Any, how: Stop
) -> None:
    settings.PORTAL_GRACE_SECONDS = 3600

    def asked_to_stop(world: World, session: Session) -> TargetError | None:
        clock.moment = CLOSES + MINUTE
        looks.wait()
        run = JobRun.objects.get(status=RunStatus.RUNNING)
        me = WorkerIdentity.current()
        if how is Stop.SHUTDOWN:
            assert endings.ask_shutdown(me.host, me.group, clock()) == 1
        else:
            assert endings.ask_stop(run, ANNA, how, clock())
        looks.wait()
        return for_ever(clock, CLOSES + GRACE)(world, session)

    world.script["a"] = [asked_to_stop]
    run = carried_out(asked(target), clock)
    assert operations(run) == [("a", "CANCELLED")]
    assert run.status == (RunStatus.PAUSED if how is Stop.SHUTDOWN else RunStatus.CANCELLED)


def test_a_run_that_was_paused_in_one_window_goes_on_in_the_next_and_stops_at_its_end(
    world: World, target: Target, clock: Clock, looks: Looks
) -> None:
    def shut_down(world: World, session: Session) -> None:
        me = WorkerIdentity.current()
        assert endings.ask_shutdown(me.host, me.group, clock()) == 1
        looks.wait()
        clock.moment = CLOSES - MINUTE

    world.script["a"] = [shut_down]
    run = carried_out(asked(target), clock)
    assert run.status == RunStatus.PAUSED
    assert runs.carry_on(run)
    clock.moment = CLOSES
    row = JobRun.objects.select_related("target", "job", "config").get(pk=run.pk)
    assert not runs.ask_gate([row], CLOSES, wake=False)[run.pk].may_start
    clock.moment = OPENS + DAY
    again = claimed(run, clock())
    assert again.window_ends_at == CLOSES + DAY
    world.script["b"] = [until(clock, CLOSES + DAY)]
    runner.carry_out(again, now=clock)
    again.refresh_from_db()
    assert (again.status, keys(rest_of(again))) == (RunStatus.CONTINUED, ["c"])


def test_a_statement_whose_worker_is_gone_is_ended_when_its_window_is_over(
    world: World, target: Target, clock: Clock
) -> None:
    run = claimed(asked(target), OPENS)
    host = WorkerIdentity.current().host
    JobRun.objects.filter(pk=run.pk).update(worker=WorkerIdentity(host, 1, 2**22 - 1, 1.0).text, deadline_at=None)
    world.live = [RemoteSession("77", True, "fix a", 3.0)]

    def looked_after(moment: datetime) -> list[str]:
        JobRun.objects.filter(pk=run.pk).update(lease_until=moment - MINUTE)
        lost.look_after(JobRun.objects.select_related("target").get(pk=run.pk), moment)
        return world.ended

    assert looked_after(CLOSES + GRACE - timedelta(seconds=1)) == []
    assert looked_after(CLOSES + GRACE) == ["77"]


def test_a_second_look_that_is_still_at_work_then_is_stopped_and_the_run_says_so(
    world: World, target: Target, clock: Clock, looks: Looks
) -> None:
    run = asked(target)
    world.asked["assess"] = [for_ever(clock, CLOSES + GRACE)]
    ended = carried_out(run, clock)
    assert ended.status == RunStatus.WARNING
    assert "stopped at the end of its window" in ended.message


def test_the_rest_of_a_run_keeps_the_next_of_the_same_work_waiting_and_is_let_in_before_it(
    world: World, target: Target, clock: Clock, looks: Looks
) -> None:
    world.script["a"] = [until(clock, CLOSES)]
    rest = rest_of(carried_out(asked(target), clock))
    following = asked(target, clock() + HOUR)
    Target.objects.filter(pk=target.pk).update(checked_at=OPENS + DAY, max_parallel_runs=9)
    waiting = list(JobRun.objects.select_related("target").filter(status=RunStatus.WAITING).order_by("due_at", "id"))
    verdicts = runs.ask_gate(waiting, OPENS + DAY, wake=False)
    assert verdicts[rest.pk].may_start
    assert [reason.code for reason in verdicts[following.pk].reasons] == ["overlap"]


def test_a_lock_that_kept_a_step_from_its_turn_leaves_it_for_the_next_window(
    world: World, target: Target, clock: Clock, looks: Looks
) -> None:
    world.script["a"] = [fails(ErrorClass.LOCK, "55P03")]
    world.script["b"] = [until(clock, CLOSES)]
    run = carried_out(asked(target), clock)
    assert (run.status, keys(rest_of(run))) == (RunStatus.CONTINUED, ["a", "c"])


@pytest.mark.parametrize("has_window", [True, False])
def test_a_freeze_that_begins_meanwhile_ends_the_run_and_the_rest_goes_on_after_it(
    world: World, target: Target, clock: Clock, looks: Looks, has_window: bool
) -> None:
    calendar = Calendar.objects.create(name="Finance", owner="fred")
    CalendarScope.objects.create(calendar=calendar)
    CalendarEntry.objects.create(calendar=calendar, name="Close", starts="2026-11-26T23:00", minutes=60)
    if not has_window:
        MaintenanceWindow.objects.all().delete()
    world.script["a"] = [until(clock, OPENS + HOUR)]
    run = carried_out(asked(target), clock)
    assert run.window_ends_at == OPENS + HOUR
    assert (run.status, world.executed) == (RunStatus.CONTINUED, ["fix a;"])
    assert run.message.startswith("Close of the calendar Finance freezes the database.")
    assert run.message.endswith("What is left goes on after it.")
    rest = rest_of(run)
    assert why_not(rest, clock()) == ["freeze"]
    clock.moment = OPENS + 2 * HOUR
    assert carried_out(rest, clock).status == RunStatus.SUCCEEDED


def test_what_is_at_work_when_a_freeze_begins_is_cancelled_after_a_grace_where_there_is_no_window_either(
    world: World, target: Target, clock: Clock, looks: Looks
) -> None:
    calendar = Calendar.objects.create(name="Finance", owner="fred")
    CalendarScope.objects.create(calendar=calendar)
    CalendarEntry.objects.create(calendar=calendar, name="Close", starts="2026-11-26T23:00", minutes=60)
    MaintenanceWindow.objects.all().delete()
    world.script["a"] = [for_ever(clock, OPENS + HOUR + GRACE)]
    run = carried_out(asked(target), clock)
    assert (run.status, operations(run)) == (RunStatus.CONTINUED, [("a", "CANCELLED")])
