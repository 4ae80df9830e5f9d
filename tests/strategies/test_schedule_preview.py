"""What somebody who types a schedule is told of it."""

from __future__ import annotations

import pytest

from strategies import schedule_preview
from strategies.models import MaintenanceJob
from tests.jobs import NOON

pytestmark = pytest.mark.django_db


def test_a_preview_has_words_instants_and_an_example_or_the_problem() -> None:
    row = MaintenanceJob(schedule_type_id="DAILY", schedule_value="02:30", schedule_timezone="Europe/Berlin")
    found = schedule_preview.preview(row, None, NOON)
    assert (found.words, found.zone, len(found.times), found.problem) == ("Every day at 02:30", "Europe/Berlin", 5, "")
    wrong = schedule_preview.preview(
        MaintenanceJob(schedule_type_id="WEEKLY", schedule_value="SOMEDAY 02:00"), None, NOON
    )
    assert wrong.problem.startswith("'SOMEDAY' is no day")
    assert (wrong.example, list(wrong.times)) == ("SUNDAY 02:00", [])
    assert schedule_preview.preview(MaintenanceJob(schedule_type_id="HOURLY"), None, NOON).problem
