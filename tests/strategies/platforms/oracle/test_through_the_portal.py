"""An Oracle database as the portal keeps it: checked, and left alone after a refused sign-in."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from maintenance_portal import tasks
from strategies import needs, queue, runs, targets
from strategies.audit import PORTAL, Actor
from strategies.models import RunStatus, Target
from strategies.platforms.base import PlatformError
from strategies.platforms.oracle import sign_in
from tests.strategies.platforms.oracle.test_facts import seen
from tests.strategies.platforms.oracle.transport import Connection, oracle_error

pytestmark = pytest.mark.django_db(transaction=True)
SECRET = "hunter2"


def connecting(monkeypatch: pytest.MonkeyPatch, answer: Connection | Exception) -> list[Any]:
    """The driver answers so; what it was asked with is kept."""
    asked: list[Any] = []

    def connect(**how: Any) -> Connection:
        asked.append(how)
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(sign_in.oracledb, "connect", connect)
    return asked


def test_a_check_keeps_what_it_is_and_which_grants_are_missing(sales: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    connection = Connection(seen())
    connecting(monkeypatch, connection)
    assert targets.check(sales, timezone.now()), sales.check_error
    assert sales.facts is not None
    assert (sales.facts["product"], sales.facts["database"]) == ("Oracle Database", "SALESPDB")
    grants = {right["grant"] for right in sales.missing_rights}
    assert 'GRANT SELECT ON SYS.DBA_INDEXES TO "PORTAL";' in grants
    assert connection.is_closed


def test_a_locked_account_is_tried_once_and_no_more(sales: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = connecting(monkeypatch, oracle_error(28000, "The account is locked."))
    assert not targets.check(sales, timezone.now())
    assert not targets.check(sales, timezone.now())
    with pytest.raises(PlatformError), targets.session(sales, "assess"):
        pass
    assert len(asked) == 1
    assert sales.stopped_at is not None
    assert sales.stopped_why == "ORA-28000: The account is locked."


def test_whatever_is_due_a_locked_account_is_tried_once_until_a_person_asks(
    sales: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Runs, looks and checks that are waiting, with a beat each minute and workers that do at once whatever they are woken for."""
    asked = connecting(monkeypatch, oracle_error(28000, "The account is locked."))
    monkeypatch.setattr(queue, "enqueue", lambda task, pk: transaction.on_commit(lambda: getattr(tasks, task)(pk)))
    anna, now = Actor("anna"), timezone.now()
    planned = [runs.ask(anna, sales, "STATISTICS_MAINTENANCE", now, is_released=True, wake=False) for _ in range(3)]
    look = needs.ask_assessment(anna, sales, "INDEX_MAINTENANCE", now, wake=False)
    for minute in range(10):
        tasks.tick(now + timedelta(minutes=minute))
        sales.refresh_from_db()
        targets.ask_check(sales, PORTAL, now + timedelta(minutes=minute))
    assert len(asked) == 1
    look.refresh_from_db()
    assert "ORA-28000" in look.error
    for run in planned:
        run.refresh_from_db()
        assert run.status == RunStatus.FAILED or [reason["code"] for reason in run.reasons] == ["stopped"]
    with pytest.raises(needs.TargetNotReady, match="correct the account"):
        needs.ask_assessments(anna, sales, ["INDEX_MAINTENANCE"], now)

    targets.ask_check(sales, anna, timezone.now())
    assert len(asked) == 2, "a person's check is the retry"
    targets.ask_check(Target.objects.get(pk=sales.pk), PORTAL, timezone.now())
    assert len(asked) == 2


def test_one_that_does_not_answer_is_asked_again_later(sales: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = connecting(monkeypatch, oracle_error(12514, "Service sales is not registered."))
    for _ in range(2):
        assert not targets.check(sales, timezone.now())
    assert len(asked) == 2
    assert sales.stopped_at is None
    assert SECRET not in sales.check_error
