"""Plain words for every way in which a run ends and every reason, also those that come later."""

from __future__ import annotations

import pytest

from maintenance_portal import plain_words
from strategies.models import TERMINAL, JobRun, RunStatus
from strategies.plans import ErrorClass

TECHNICAL = "08001: db1.example.org refused maint"


@pytest.mark.parametrize("status", TERMINAL)
@pytest.mark.parametrize("error_class", ["", "of a later version", *ErrorClass])
def test_every_end_has_its_words(status: RunStatus, error_class: str) -> None:
    words = plain_words.of_run(JobRun(status=status, error_class=error_class, message=TECHNICAL))
    assert words.endswith(".")
    assert "db1" not in words


@pytest.mark.parametrize("code", ["stopped", "unreachable", "missing_right", "index_build", "of a later version"])
def test_a_reason_that_may_name_something_technical_is_put_in_words(code: str) -> None:
    assert "db1" not in plain_words.of_reason({"code": code, "sentence": TECHNICAL})


def test_a_hold_is_told_in_its_own_words() -> None:
    said = "New work is held on all databases: Quarter close"
    assert plain_words.of_reason({"code": "hold", "sentence": said}) == said
