"""windows: those that are open first, as a table and as one object."""

from __future__ import annotations

from datetime import UTC, timedelta

import pytest
from django.utils import timezone

from strategies.models import MaintenanceWindow
from tests.maintenance_portal.commands.conftest import command

pytestmark = pytest.mark.django_db(transaction=True)


def test_windows_are_listed_with_what_is_open_and_what_opens_next() -> None:
    now = timezone.now().astimezone(UTC).replace(second=0, microsecond=0)
    for name, starts, values in (
        ("Broken", "never", {}),
        ("Soon", f"{now + timedelta(hours=2):%Y-%m-%dT%H:%M}", {}),
        ("Open", f"{now - timedelta(hours=1):%Y-%m-%dT%H:%M}", {"rule": "FREQ=DAILY"}),
        ("Off", f"{now - timedelta(hours=1):%Y-%m-%dT%H:%M}", {"is_active": False}),
    ):
        MaintenanceWindow.objects.create(name=name, starts=starts, minutes=180, owner="anna", **values)
    rows = {row["name"]: row for row in command("windows", "--json").answer["windows"]}
    assert list(rows)[:2] == ["Open", "Soon"]
    assert (rows["Open"]["is_open"], rows["Open"]["scope"]) == (True, "all databases")
    assert rows["Open"]["open_until"] == f"{now + timedelta(hours=2):%Y-%m-%dT%H:%M}:00.000Z"
    assert rows["Open"]["opens_next"] == f"{now + timedelta(hours=23):%Y-%m-%dT%H:%M}:00.000Z"
    assert (rows["Soon"]["is_open"], rows["Soon"]["opens_next"]) == (False, rows["Open"]["open_until"])
    assert (rows["Broken"]["is_broken"], rows["Broken"]["opens_next"]) == (True, None)
    assert (rows["Off"]["is_active"], rows["Off"]["is_open"]) == (False, False)
    said = command("windows").out
    assert "cannot be read" in said
    assert "all databases" in said


def test_without_windows_it_says_what_that_means() -> None:
    assert "at any time outside freezes" in command("windows").out
    assert command("windows", "--json").answer == {"windows": []}
