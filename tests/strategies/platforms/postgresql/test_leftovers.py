from __future__ import annotations

from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from strategies.plans import ErrorClass, LeftBehind, Step
from strategies.platforms.base import Session
from strategies.platforms.postgresql.indexes import CONCERN
from strategies.routines.index_maintenance import IndexMaintenance, IndexParameters
from tests.strategies.platforms.postgresql.conftest import done
from tests.strategies.platforms.postgresql.test_indexes import PARAMETERS, assess, kinds, leftover, mend

Sql = Callable[..., list[tuple[Any, ...]]]
Connect = Callable[[], psycopg.Connection[Any]]


def make_invalid(sql: Sql, index: str) -> None:
    sql(f"UPDATE pg_index SET indisvalid = false WHERE indexrelid = '{index}'::regclass")


def planned(session: Session, parameters: IndexParameters = PARAMETERS) -> list[Step]:
    return CONCERN.steps(assess(session, parameters=parameters).findings, parameters)


def test_a_copy_goes_only_after_its_original_was_repaired(session: Session, sql: Sql, connect: Connect) -> None:
    leftover(sql, connect)
    make_invalid(sql, "ra")
    rebuild, drop = planned(session)
    assert (rebuild.key, drop.object, drop.after) == ("rebuild:public.ra", "public.ra_ccnew", (rebuild.key,))
    need = CONCERN.is_needed(session, drop)
    assert not need.is_needed
    assert need.why == "its original public.ra is not valid, so it stays."
    done(session.execute(rebuild))
    assert CONCERN.is_needed(session, drop).is_needed
    assert mend(session) == ["public.ra_ccnew"]
    assert kinds(session) == []


def test_a_plan_takes_up_a_copy_that_can_only_go_after_its_original(
    session: Session, sql: Sql, connect: Connect
) -> None:
    leftover(sql, connect)
    make_invalid(sql, "ra")
    plan = IndexMaintenance().plan(
        platform="postgresql", target="t", concern=CONCERN, parameters=PARAMETERS, assessment=assess(session)
    )
    assert [step.object for step in plan.steps] == ["public.ra", "public.ra_ccnew"]
    assert plan.notes == ()


def test_where_the_original_is_not_repaired_in_the_same_run_its_copy_stays(
    session: Session, sql: Sql, connect: Connect
) -> None:
    leftover(sql, connect)
    make_invalid(sql, "ra")
    only_leftovers = IndexParameters(repair_invalid=False)
    (finding,) = assess(session, parameters=only_leftovers).findings
    assert finding.advice == "Drop it once its original public.ra is valid."
    assert CONCERN.steps([finding], only_leftovers) == []


def test_a_copy_of_a_valid_original_waits_for_nothing(session: Session, sql: Sql, connect: Connect) -> None:
    leftover(sql, connect)
    (drop,) = planned(session)
    assert drop.after == ()


def test_a_copy_whose_name_means_another_index_by_now_is_not_dropped(
    session: Session, sql: Sql, connect: Connect
) -> None:
    leftover(sql, connect)
    (drop,) = planned(session)
    sql("DROP INDEX ra_ccnew", "CREATE INDEX ra_ccnew ON r (a)")
    make_invalid(sql, "ra_ccnew")
    assert CONCERN.is_needed(session, drop).why == "another index has its name now."


def test_an_index_that_was_named_like_a_copy_is_none_without_an_original_of_that_name(
    session: Session, sql: Sql
) -> None:
    sql("CREATE TABLE t (a int)", "CREATE INDEX other ON t (a)", "CREATE INDEX mine_ccnew ON t (a)")
    make_invalid(sql, "mine_ccnew")
    assert kinds(session) == [("invalid_index", "public.mine_ccnew")]
    sql("CREATE INDEX mine ON t (a) WHERE a > 0")
    assert kinds(session) == [("invalid_index", "public.mine_ccnew")]


@pytest.mark.parametrize("name", ["x" * 63, "y" * 57, "y" * 58, "ü" * 31, "x" + "表" * 20])
def test_a_copy_is_known_although_the_server_cut_its_name(
    session: Session, sql: Sql, connect: Connect, name: str
) -> None:
    leftover(sql, connect, name)
    (kind, _), *others = kinds(session)
    assert (kind, others) == ("leftover_copy", [])
    mend(session)
    assert kinds(session) == []
    assert sql(f"SELECT indisvalid FROM pg_index WHERE indexrelid = '{name}'::regclass") == [(True,)]


def test_what_a_failed_attempt_left_is_cleaned_and_what_was_there_before_is_not(
    session: Session, sql: Sql, connect: Connect
) -> None:
    leftover(sql, connect)
    make_invalid(sql, "ra")
    rebuild, _ = planned(session)
    assert CONCERN.clean_up(session, rebuild) == []
    assert CONCERN.state_left(session, rebuild).kind is LeftBehind.CLEAN
    old = connect()
    old.execute("BEGIN")
    old.execute("INSERT INTO r VALUES (0)")
    outcome = session.execute(rebuild)
    old.execute("COMMIT")
    assert outcome.error is not None
    assert outcome.error.error_class is ErrorClass.LOCK
    assert "ra_ccnew1" in CONCERN.state_left(session, rebuild).message
    (clean,) = CONCERN.clean_up(session, rebuild)
    assert clean.statements == ('DROP INDEX CONCURRENTLY "public"."ra_ccnew1"',)
    done(session.execute(clean))
    assert CONCERN.verify(session, clean, None).ok
    assert CONCERN.state_left(session, rebuild).kind is LeftBehind.CLEAN
    assert kinds(session) == [("invalid_index", "public.ra"), ("leftover_copy", "public.ra_ccnew")]
