"""A look is stopped on request and at its limit, also between two queries, and nothing that is asked afterwards."""

from __future__ import annotations

import threading
import time

import pytest

from strategies.plans import ErrorClass
from strategies.platforms.base import PlatformError, Session
from strategies.platforms.queries import Query

SLOW = Query("slow", "SELECT pg_sleep(30)", "", "", "", "")
QUICK = Query("quick", "SELECT 1 AS one", "", "", "", "")


def test_a_query_of_a_look_is_stopped_on_request_and_the_next_question_is_answered(session: Session) -> None:
    with pytest.raises(PlatformError) as refusal, session.at_work():
        threading.Timer(0.3, session.cancel).start()
        session.rows(SLOW)
    assert refusal.value.error.error_class is ErrorClass.CANCELLED
    for _ in range(20):
        assert session.rows(QUICK) == [{"one": 1}]


def test_a_request_between_two_queries_stops_the_next(session: Session) -> None:
    with session.at_work():
        session.rows(QUICK)
        session.cancel()
        with pytest.raises(PlatformError, match="stopped on request"):
            session.rows(QUICK)
    assert session.rows(QUICK) == [{"one": 1}]


def test_a_look_that_takes_longer_than_its_limit_says_so(session: Session) -> None:
    began = time.monotonic()
    with (
        pytest.raises(PlatformError, match=r"the look took longer than 0\.5 seconds"),
        session.at_work(limit_seconds=0.5),
    ):
        session.rows(SLOW)
    assert time.monotonic() - began < 10
    assert session.rows(QUICK) == [{"one": 1}]


def test_a_request_without_work_stops_nothing(session: Session) -> None:
    session.cancel()
    assert session.rows(QUICK) == [{"one": 1}]
