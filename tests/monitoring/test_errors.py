"""Groups of errors say what SQL says over the raw log, each person sees those of their databases, and handling covers what was seen."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from monitoring import error_groups, errors, fingerprints, rollups
from monitoring.error_groups import ErrorRow
from monitoring.models import ErrorDay, ErrorGroup, HandledError
from monitoring.rows import Period
from strategies.audit import Actor
from strategies.models import AuditEntry, OperationLog, Role, Target
from tests.monitoring.error_messages import LABELLED
from tests.monitoring.past import NOW, TODAY, at, log, operation, target

DAY = timedelta(days=1)
MONTH = Period.ending(TODAY, 30)
ANNA = Actor("anna", "192.0.2.7")
pytestmark = pytest.mark.django_db

COUNTED = """
    SELECT error_code, strategy_name, target_id, COUNT(*), MIN({at}), MAX({at})
    FROM generic_operation_log WHERE status IN ('ERROR', 'TIMEOUT')
    GROUP BY error_code, strategy_name, target_id"""


def error(day: date = TODAY, message: str = "it failed", code: str | None = "42P01", **values: Any) -> OperationLog:
    return operation(day, values.pop("status", "ERROR"), error_code=code, error_message=message, **values)


def roll(*days: date) -> None:
    for day in days or [TODAY - n * DAY for n in range(40)]:
        errors.roll_day(day)


def random_errors(seed: int, places: list[Target | None], rows: int) -> None:
    chance = random.Random(seed)
    found = []
    for _ in range(rows):
        day, hour = TODAY - chance.randrange(30) * DAY, chance.choice((0, 7.25, 23.999))
        kind, message = chance.choice(LABELLED)
        found.append(
            error(
                day, message[:2000], chance.choice((None, "", kind[:50])), hour=hour,
                status=chance.choice(("ERROR", "TIMEOUT", "ERROR", "SUCCESS", "WARNING", "STARTED")),
                strategy_name=chance.choice(("INDEX_MAINTENANCE", "LEGACY")), target=chance.choice(places),
                target_object=chance.choice((None, "", "orders", "lines")),
                ended_at=chance.choice((None, at(day, hour) + timedelta(hours=chance.randrange(30)))),
            )
        )  # fmt: skip
    log(*found)


def by_sql() -> dict[tuple[str, str, int | None], tuple[int, datetime, datetime]]:
    """By code (none is as good as empty), strategy and target: how many, the first and the last, counted by the database."""
    found: dict[Any, tuple[int, datetime, datetime]] = {}
    with connection.cursor() as cursor:
        cursor.execute(COUNTED.format(at="COALESCE(ended_at, operation_time)"))
        for code, strategy, place, n, first, last in cursor.fetchall():
            key, (first, last) = (code or "", strategy, place), map(instant, (first, last))
            before = found.get(key, (0, first, last))
            found[key] = (before[0] + n, min(before[1], first), max(before[2], last))
    return found


def instant(value: Any) -> datetime:
    moment = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


@pytest.fixture
def dba(person: Callable[..., Any]) -> Any:
    return person("anna", Role.DBA)


def rows(user: Any, **narrowed: Any) -> tuple[ErrorRow, ...]:
    return error_groups.groups(user, MONTH, **narrowed).rows


def only(user: Any, **narrowed: Any) -> ErrorRow:
    (row,) = rows(user, **narrowed)
    return row


@pytest.mark.parametrize("seed", range(3))
def test_counts_first_and_last_are_those_of_sql_over_the_log(seed: int) -> None:
    random_errors(seed, [target(), target("theirs", "Other"), None], 900)
    roll()
    kept: dict[Any, tuple[int, datetime, datetime]] = {}
    for day in ErrorDay.objects.select_related("group"):
        key = (day.group.error_code, day.group.strategy_name, day.target_id)
        n, first, last = kept.get(key, (0, day.first_at, day.last_at))
        kept[key] = (n + day.count, min(first, day.first_at), max(last, day.last_at))
    assert kept == by_sql()


def test_counts_by_shape_are_those_of_the_messages_in_the_log(dba: Any) -> None:
    random_errors(7, [target(), None], 400)
    roll()
    failed = OperationLog.objects.filter(status__in=("ERROR", "TIMEOUT"))
    expected: dict[tuple[str, str, str], int] = {}
    for code, strategy, message in failed.values_list("error_code", "strategy_name", "error_message"):
        key = (code or "", strategy, fingerprints.shape(message))
        expected[key] = expected.get(key, 0) + 1
    assert {(r.group.error_code, r.group.strategy_name, r.group.shape): r.count for r in rows(dba)} == expected
    assert error_groups.groups(dba, MONTH).errors == sum(expected.values())


def test_two_messages_that_differ_in_names_are_one_group(dba: Any) -> None:
    log(
        error(
            message='could not create unique index "a_ccnew"', code="23505", target=target(), target_object="a", hour=8
        ),
        error(
            message='could not create unique index "b_ccnew"', code="23505", target=target(), target_object="b", hour=9
        ),
        error(TODAY - 3 * DAY, 'could not create unique index "c"', "23505", target=target("crm"), target_object="b"),
    )
    roll()
    row = only(dba)
    assert (row.count, row.targets, row.is_open, row.handled) == (3, ("shop", "crm"), True, None)
    assert (row.first_at, row.last_at) == (at(TODAY - 3 * DAY, 12), at(TODAY, 9))
    assert [(day.day, day.n) for day in row.days if day.n] == [(TODAY - 3 * DAY, 1), (TODAY, 2)]
    assert row.known is not None
    assert "duplicates" in row.known.cause
    found = error_groups.detail(dba, row.group, MONTH)
    assert found.objects == (("b", 2), ("a", 1))
    assert [(one.target, one.n) for one in found.targets] == [("shop", 2), ("crm", 1)]
    assert [(one.target, one.object, one.n, one.is_in_log) for one in found.latest] == [
        ("shop", "b", 2, True),
        ("crm", "b", 1, True),
    ]


def test_code_strategy_and_shape_tell_groups_apart(dba: Any) -> None:
    log(
        error(),
        error(code="42501"),
        error(strategy_name="LEGACY"),
        error(message="another"),
        error(status="TIMEOUT"),
        error(message="", code=None),
    )
    roll()
    assert sorted(row.count for row in rows(dba)) == [1, 1, 1, 1, 2]


def test_without_an_error_message_the_message_is_read(dba: Any) -> None:
    log(operation(TODAY, "ERROR", message="It was stopped at the limit of 60 s."))
    roll()
    assert only(dba).group.shape == "It was stopped at the limit of …"


def test_counting_a_day_again_changes_nothing_and_a_changed_row_is_counted_as_it_is_now(dba: Any) -> None:
    random_errors(3, [target(), None], 200)
    roll()
    columns = ("pk", "day", "group", "target", "count", "first_at", "last_at", "last_operation_id")
    before = set(ErrorDay.objects.values_list(*columns))
    roll()
    assert set(ErrorDay.objects.values_list(*columns)) == before
    log(error(target=target("new")))
    roll(TODAY)
    assert set(ErrorDay.objects.values_list(*columns)) > before
    OperationLog.objects.update(status="SUCCESS")
    roll()
    assert not ErrorDay.objects.exists()
    assert rows(dba) == ()


def test_what_was_counted_of_a_strategy_stays_when_its_rows_are_pruned_and_the_others_are_counted_anew(
    dba: Any,
) -> None:
    log(error(strategy_name="GONE"), error(strategy_name="GONE"), error(strategy_name="LEGACY"))
    slow = log(operation(TODAY, "STARTED", strategy_name="LEGACY"))[0]
    roll()
    OperationLog.objects.filter(pk=slow.pk).update(status="ERROR", error_message="it failed at last")
    rollups.seal(TODAY + DAY)
    OperationLog.objects.filter(strategy_name="GONE").delete()
    roll()
    assert sorted((row.group.strategy_name, row.count) for row in rows(dba)) == [
        ("GONE", 2),
        ("LEGACY", 1),
        ("LEGACY", 1),
    ]
    OperationLog.objects.all().delete()
    roll()
    assert sum(row.count for row in rows(dba)) == 4


def test_an_error_that_ends_after_midnight_belongs_to_the_day_on_which_its_operation_began(dba: Any) -> None:
    log(error(TODAY - DAY, hour=23, ended_at=at(TODAY, 1)))
    roll()
    day = ErrorDay.objects.get()
    assert (day.day, day.first_at, day.last_at) == (TODAY - DAY, at(TODAY, 1), at(TODAY, 1))


def test_a_flood_of_objects_is_kept_in_bounds(dba: Any) -> None:
    log(*(error(target=target(), target_object=f"t{n % 400}") for n in range(900)))
    roll(TODAY)
    day = ErrorDay.objects.get()
    assert day.count == 900
    assert len(day.objects_hit) == errors.OBJECTS
    assert sum(day.objects_hit.values()) >= errors.OBJECTS * 2


def test_a_day_costs_the_same_queries_whatever_it_holds() -> None:
    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            errors.roll_day(TODAY)
        return len(queries)

    log(error())
    roll(TODAY)
    before = cost()
    log(*(error(message=f"kind {'x' * n}", target=target()) for n in range(50)))
    roll(TODAY)
    assert cost() == before


# Who sees what.


def test_a_user_sees_groups_and_counts_of_their_own_databases_only(dba: Any, person: Callable[..., Any]) -> None:
    theirs = target("theirs", "Other")
    log(error(target=target()), error(target=theirs), error(target=theirs, code="SECRET"), error(message="homeless"))
    roll()
    seen = {(row.group.error_code, row.group.shape): (row.count, row.targets) for row in rows(dba)}
    assert seen == {("42P01", "it failed"): (1, ("shop",)), ("42P01", "homeless"): (1, ("no database",))}
    mara = person("mara", Role.MANAGER)
    assert [row.targets for row in rows(mara)] == [("shop",)]
    assert rows(person("new")) == ()
    secret = ErrorGroup.objects.get(error_code="SECRET")
    assert not ErrorGroup.objects.visible_to(dba).filter(pk=secret.pk).exists()
    shared = ErrorGroup.objects.get(shape="it failed", error_code="42P01")
    found = error_groups.detail(dba, shared, MONTH)
    assert [one.target for one in (*found.targets, *found.latest)] == ["shop", "shop"]


def test_groups_are_narrowed_by_what_people_ask_for(dba: Any) -> None:
    crm = target("crm")
    log(error(target=target()), error(target=crm), error(TODAY - 8 * DAY, strategy_name="LEGACY", target=crm))
    roll()
    assert [row.count for row in rows(dba)] == [2, 1]
    assert only(dba, strategy="LEGACY").count == 1
    assert only(dba, target=target().pk).count == 1
    assert len(error_groups.groups(dba, Period.ending(TODAY, 7)).rows) == 1
    few = error_groups.groups(dba, MONTH, most=1)
    assert (len(few.rows), few.of, few.still_open, few.errors) == (1, 2, 2, 3)


def test_the_open_come_first_and_of_those_the_most_frequent(dba: Any) -> None:
    log(
        *(error(message="often", hour=n) for n in range(5)),
        error(message="twice"),
        error(message="twice"),
        error(message="once"),
    )
    roll()
    often = next(row for row in rows(dba) if row.group.shape == "often")
    errors.handle(ANNA, dba, often.group, "done", seen_until=often.last_at, moment=NOW)
    assert [row.group.shape for row in rows(dba)] == ["twice", "once", "often"]
    assert [row.group.shape for row in rows(dba, state="open")] == ["twice", "once"]
    assert [row.group.shape for row in rows(dba, state="handled")] == ["often"]


def test_first_is_of_all_time_also_where_the_period_is_short(dba: Any) -> None:
    log(error(TODAY - 20 * DAY, target=target()), error(target=target()))
    roll()
    (row,) = error_groups.groups(dba, Period.ending(TODAY, 7)).rows
    assert (row.count, row.first_at) == (1, at(TODAY - 20 * DAY, 12))


def test_ten_times_the_errors_cost_no_more_queries(dba: Any) -> None:
    def cost() -> int:
        group = ErrorGroup.objects.first()
        assert group is not None
        with CaptureQueriesContext(connection) as queries:
            error_groups.groups(dba, MONTH, most=50)
            error_groups.detail(dba, group, MONTH)
        assert sum('FROM "generic_operation_log"' in query["sql"] for query in queries) == 1  # by primary key
        return len(queries)

    random_errors(1, [target()], 30)
    roll()
    before = cost()
    random_errors(2, [target(), target("crm"), None], 600)
    roll()
    assert cost() <= before


# Dealing with them.


def test_a_group_is_handled_until_it_comes_again(dba: Any) -> None:
    log(error(target=target(), hour=8))
    roll()
    row = only(dba)
    assert errors.handle(ANNA, dba, row.group, "granted", seen_until=row.last_at, moment=NOW) == (1, False)
    row = only(dba)
    assert not row.is_open
    assert row.handled is not None
    assert (row.handled.handled_by, row.handled.handled_at, row.handled.note) == ("anna", NOW, "granted")
    log(error(target=target(), hour=11))
    roll(TODAY)
    row = only(dba)
    assert row.is_open
    assert row.came_back
    assert errors.handle(ANNA, dba, row.group, "once more", seen_until=row.last_at, moment=NOW + DAY) == (1, False)
    assert HandledError.objects.get().note == "once more"


def test_an_error_that_came_while_the_page_was_read_stays_open(dba: Any) -> None:
    log(error(target=target(), hour=8))
    roll()
    seen_until = only(dba).last_at
    log(error(target=target(), hour=9), error(target=target("crm"), hour=9.5))
    roll(TODAY)
    group = only(dba).group
    assert errors.handle(ANNA, dba, group, "done", seen_until=seen_until, moment=NOW) == (1, True)
    assert only(dba).is_open
    assert not HandledError.objects.filter(target__name="crm").exists()
    found = error_groups.detail(dba, group, MONTH)
    assert {one.target: one.is_open for one in found.targets} == {"shop": True, "crm": True}


def test_an_operation_that_began_before_and_failed_after_it_was_handled_opens_the_group(dba: Any) -> None:
    log(error(target=target(), hour=8, ended_at=at(TODAY, 8.1)))
    slow = log(operation(TODAY, "STARTED", hour=7, target=target()))[0]
    roll()
    row = only(dba)
    errors.handle(ANNA, dba, row.group, "done", seen_until=row.last_at, moment=NOW)
    OperationLog.objects.filter(pk=slow.pk).update(
        status="ERROR", error_code="42P01", error_message="it failed", ended_at=at(TODAY, 10)
    )
    roll(TODAY)
    assert only(dba).is_open


def test_nobody_closes_what_another_tenant_has_yet_to_look_at(dba: Any, person: Callable[..., Any]) -> None:
    log(error(target=target()), error(target=target("theirs", "Other")))
    roll()
    olga = person("olga", Role.DBA, tenant="Other")
    row = only(dba)
    assert errors.handle(ANNA, dba, row.group, "ours is done", seen_until=row.last_at, moment=NOW).targets == 1
    assert not only(dba).is_open
    assert (only(olga).is_open, only(olga).handled) == (True, None)
    entries = AuditEntry.objects.filter(action="error.handled")
    assert [(entry.actor, entry.reason, str(entry.target)) for entry in entries] == [("anna", "ours is done", "shop")]
    assert not entries.visible_to(olga).exists()


def test_handling_twice_is_handling_once(dba: Any) -> None:
    log(error(target=target()))
    roll()
    row = only(dba)
    errors.handle(ANNA, dba, row.group, "a", seen_until=row.last_at, moment=NOW)
    assert errors.handle(ANNA, dba, row.group, "b", seen_until=row.last_at, moment=NOW) == (0, False)
    assert HandledError.objects.get().note == "a"
    assert AuditEntry.objects.filter(action="error.handled").count() == 1


def test_counting_anew_keeps_what_was_handled(dba: Any) -> None:
    log(error(target=target()))
    roll()
    row = only(dba)
    errors.handle(ANNA, dba, row.group, "a", seen_until=row.last_at, moment=NOW)
    roll()
    assert not only(dba).is_open


def test_the_detail_tells_what_lies_outside_its_period(dba: Any) -> None:
    log(error(TODAY - 20 * DAY, target=target()))
    roll()
    group = ErrorGroup.objects.get()
    found = error_groups.detail(dba, group, Period.ending(TODAY, 7))
    assert (found.row, found.last_at, found.is_open, found.latest) == (None, at(TODAY - 20 * DAY, 12), True, ())


def test_the_list_says_of_a_group_what_its_page_says(dba: Any) -> None:
    """Also where what nobody has dealt with lies before the days that are shown."""
    log(error(TODAY - 20 * DAY, target=target("crm")), error(target=target()))
    roll()
    seen, week = only(dba), Period.ending(TODAY, 7)
    HandledError.objects.create(
        group=seen.group, target=target(), until_at=seen.last_at, handled_at=NOW, handled_by="anna", note="ours"
    )
    found, page = error_groups.groups(dba, week), error_groups.detail(dba, seen.group, week)
    assert (found.still_open, [row.is_open for row in found.rows], page.is_open) == (1, [True], True)
    assert found.rows[0].handled == page.handled == HandledError.objects.get()
    assert [row.group for row in error_groups.groups(dba, week, state="open").rows] == [seen.group]
    narrowed = error_groups.groups(dba, week, target=target().pk)
    assert (narrowed.still_open, error_groups.detail(dba, seen.group, week, target=target().pk).is_open) == (0, False)


def test_an_occurrence_whose_row_was_pruned_says_so(dba: Any) -> None:
    log(error(target=target()))
    roll()
    rollups.seal(TODAY + DAY)
    OperationLog.objects.all().delete()
    (latest,) = error_groups.detail(dba, ErrorGroup.objects.get(), MONTH).latest
    assert (latest.message, latest.is_in_log) == ("it failed", False)
