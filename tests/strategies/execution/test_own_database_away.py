"""The portal's own database is cut off in the middle of a run: what was done is written down once it is back, each thing once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import OperationalError, connections

from strategies import cut_off, operation_log
from strategies.execution import runner
from strategies.execution.room import Room
from strategies.models import RunStatus, Target
from tests.scripted import World
from tests.strategies.execution.test_runner import carried_out, claimed, operations, target, world

pytestmark = pytest.mark.django_db(transaction=True)
__all__ = ["target", "world"]  # the fixtures


@pytest.fixture(autouse=True)
def _away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cut_off, "ASK_EVERY_SECONDS", 0)
    monkeypatch.setattr(type(connections["default"]), "is_usable", lambda _: False)


def cut(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """The first answer is lost, although what was written is kept."""
    write: Callable[..., Any] = getattr(operation_log, name)
    answers = iter([True])

    def lose_first(*arguments: Any) -> Any:
        answer = write(*arguments)
        if next(answers, False):
            raise OperationalError("terminating connection due to administrator command")
        return answer

    monkeypatch.setattr(operation_log, name, lose_first)


@pytest.mark.parametrize("name", ["begin", "end"])
def test_each_step_stands_in_the_log_once(
    world: World, target: Target, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    cut(monkeypatch, name)
    run = carried_out(target)
    assert run.status == RunStatus.SUCCEEDED
    assert [(key, status) for key, status, _ in operations(run)] == [
        ("a", "SUCCESS"),
        ("b", "SUCCESS"),
        ("c", "SUCCESS"),
    ]


def test_a_run_that_cannot_be_written_about_is_left_to_who_finds_its_lease_passed(
    world: World, target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: Any) -> bool:
        raise OperationalError("connection refused")

    run = claimed(target)
    monkeypatch.setattr(Room, "fits", away)
    with pytest.raises(OperationalError):
        runner.carry_out(run)
    run.refresh_from_db()
    assert (run.status, run.message) == (RunStatus.RUNNING, "")
