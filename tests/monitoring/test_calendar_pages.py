"""The pages of the calendar and of the timeline, and what Home says of windows, freezes and break-glass."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from monitoring.entries import Kind
from strategies.models import BreakGlass, CalendarKind, Role, Tag, User
from tests.monitoring.past import job, target
from tests.monitoring.plans import HOUR, HOUR_MS, NOW, a_freeze, a_window, to_come
from tests.pages import text_of

pytestmark = pytest.mark.django_db
TODAY = NOW.date()
HOSTILE = "<script>alert(1)</script>"


@pytest.fixture(autouse=True)
def _saturday_afternoon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timezone, "now", lambda: NOW)


@pytest.fixture
def look(person: Callable[..., User]) -> Callable[..., Any]:
    """Open a page as somebody of a role, `look("/calendar/")`; the same person each time."""
    clients: dict[tuple[str, str], Client] = {}

    def get(path: str, role: str = Role.DBA, tenant: str = "Main") -> Any:
        if (role, tenant) not in clients:
            clients[role, tenant] = Client()
            clients[role, tenant].force_login(person(f"{role}-{tenant}", role, tenant=tenant))
        return clients[role, tenant].get(path)

    return get


def some_plan() -> dict[str, Any]:
    """A window around the clock, a freeze and a backup tomorrow, a run now, a job in two hours."""
    shop = target()
    tomorrow = {"starts": "2026-11-29T03:00", "minutes": 60}
    return {
        "window": a_window(f"Night {HOSTILE}", target=shop, minutes=1440),
        "freeze": a_freeze("Close", **tomorrow),
        "backup": a_freeze("Full backup", CalendarKind.BACKUP, **tomorrow),
        "run": to_come(shop, NOW, p90_ms=HOUR_MS),
        "job": job("nightly", shop, next_run=NOW + HOUR * 2, is_settled=True),
    }


@pytest.mark.parametrize("view", ["month", "week"])
def test_a_sheet_shows_everything_with_links_and_has_its_table(view: str, look: Callable[..., Any]) -> None:
    rows = some_plan()
    text = text_of(look(f"/calendar/?view={view}"))
    for link in (
        f"/windows/{rows['window'].pk}/", f"/calendars/{rows['freeze'].calendar_id}/",
        f"/calendars/{rows['backup'].calendar_id}/", f"/runs/{rows['run'].pk}/", f"/jobs/{rows['job'].pk}/",
    ):  # fmt: skip
        assert text.count(f'href="{link}"') >= 2, f"{link}: in the grid, and in the table"
    for word in ("Window", "Freeze", "Backup", "Planned", "Due"):
        assert f"</i>{word}</span>" in text
    assert 'aria-current="date"' in text
    assert "Limits of runs at once, holds and approvals are not foreseen here, and may let it begin later." in text
    assert HOSTILE not in text


def test_each_day_leads_to_its_list(look: Callable[..., Any]) -> None:
    some_plan()
    assert f'href="?view=day&amp;on={TODAY}"' in text_of(look("/calendar/"))
    found = look(f"/calendar/?view=day&on={TODAY}")
    text = text_of(found)
    assert '<table class="cal"' not in text
    assert "Saturday 28 November 2026" in text
    assert {piece.entry.kind for piece in found.context["agenda"].days[0].pieces} >= {Kind.WINDOW, Kind.PLANNED}
    assert text.count("<tbody id=") == 1


def test_the_sheets_lead_to_each_other_and_keep_what_is_chosen(look: Callable[..., Any]) -> None:
    shop = target()
    tag = Tag.objects.create(name="finance")
    shop.tags.add(tag)
    page = text_of(look(f"/calendar/?view=month&on=2026-12-31&tag={tag.pk}"))
    chosen = f"&amp;tag={tag.pk}"
    for address in (
        f"view=month&amp;on=2026-11-01{chosen}", f"view=month&amp;on=2027-01-01{chosen}", f"view=month{chosen}",
        f"view=week&amp;on=2026-12-31{chosen}", f"view=day&amp;on=2026-12-31{chosen}", f"view=week&amp;on=2026-12-07{chosen}",
    ):  # fmt: skip
        assert f'href="?{address}"' in page, address
    assert "December 2026" in page
    assert f'href="/calendar/timeline/?tag={tag.pk}"' in page


def test_the_days_are_those_of_the_readers_zone(look: Callable[..., Any]) -> None:
    a_window(starts="2026-11-28T23:30", minutes=60, rule="")
    look("/")
    User.objects.update(time_zone="Asia/Tokyo")
    found = look("/calendar/?view=week&on=2026-11-28")
    assert "Times are those of Asia/Tokyo." in text_of(found)
    days = {day.on: [piece.hours for piece in day.pieces] for day in found.context["agenda"].days if day.pieces}
    assert days == {date(2026, 11, 29): ["08:30–09:30"]}


def test_an_empty_month_names_the_next_step_for_whoever_may_take_it(look: Callable[..., Any]) -> None:
    assert (
        'href="/windows/"' in text_of(look("/calendar/?on=2031-05-05")).partition("Nothing stands in the calendar")[2]
    )
    for role in (Role.STAKEHOLDER, Role.APPROVER):
        text = text_of(look("/calendar/?on=2031-05-05", role))
        assert "What a DBA plans stands here before it is due." in text
        assert "Make a window" not in text
    shop = target()
    narrowed = text_of(look(f"/calendar/?on=2031-05-05&target={shop.pk}"))
    assert 'href="?view=month&amp;on=2031-05-05">show all of them' in narrowed


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        ("on=2026-02-30", "With the day: Enter a valid date."),
        ("on=0001-01-01", "With the day: Ensure this value is greater than or equal to 2000-01-01."),
        ("on=9999-12-31", "With the day: Ensure this value is less than or equal to 2099-12-31."),
        ("view=decade", "Show: Select a valid choice."),
        ("target=0", "Database: Select a valid choice."),
        ("tag=x", "Tag: Select a valid choice."),
        ("tenant=99", "Tenant: Select a valid choice."),
    ],
)
def test_a_wrong_filter_is_named_and_nothing_is_shown(query: str, problem: str, look: Callable[..., Any]) -> None:
    a_window()
    text = text_of(look(f"/calendar/?{query}"))
    assert problem in text
    assert 'class="cal"' not in text


@pytest.mark.parametrize("path", ["/calendar/", "/calendar/timeline/"])
def test_a_database_of_others_is_no_choice(path: str, look: Callable[..., Any]) -> None:
    theirs = target("theirs", "Other")
    assert "Database: Select a valid choice." in text_of(look(f"{path}?target={theirs.pk}"))
    assert "theirs" in text_of(look(path, tenant="Other"))
    assert "theirs" not in text_of(look(path))


@pytest.mark.parametrize("path", ["/calendar/?view=week", "/calendar/?view=month", "/calendar/timeline/"])
def test_who_may_not_open_jobs_reads_their_names_without_a_link(path: str, look: Callable[..., Any]) -> None:
    rows = some_plan()
    text = text_of(look(path, Role.STAKEHOLDER))
    assert "nightly" in text
    assert f'href="/jobs/{rows["job"].pk}/"' not in text
    assert f'href="/runs/{rows["run"].pk}/"' in text


def test_a_window_that_cannot_be_read_is_told(look: Callable[..., Any]) -> None:
    a_window("Broken", rule="FREQ=SOMETIMES")
    assert "The times of the window Broken cannot be read" in text_of(look("/calendar/"))


# The timeline


def test_the_timeline_is_a_figure_with_its_table(look: Callable[..., Any]) -> None:
    rows = some_plan()
    response = look("/calendar/timeline/?hours=72")
    text = text_of(response)
    figure = json.loads(re.search(r'<script id="lanes-figure" type="application/json">(.*?)</script>', text)[1])  # type: ignore[index]
    assert figure["data"][0]["name"] == "Window"
    assert "plotly-basic.min.js" in text
    assert response.context["words"] in text_of(response).replace("&#x27;", "'")
    for link in (f"/windows/{rows['window'].pk}/", f"/runs/{rows['run'].pk}/", f"/databases/{rows['run'].target_id}/"):
        assert f'href="{link}"' in text
    assert HOSTILE not in text


def test_what_ends_after_its_window_stands_above_in_words(look: Callable[..., Any]) -> None:
    assert "What will not go as planned" not in text_of(look("/calendar/timeline/"))
    shop = target()
    a_window(target=shop, starts="2026-11-28T14:00", minutes=180, rule="")
    to_come(shop, NOW, p90_ms=6 * HOUR_MS, first_ms=1000)
    text = text_of(look("/calendar/timeline/"))
    assert "What will not go as planned" in text
    assert "what is left then goes on later." in text


def test_the_file_has_the_bars_of_the_figure_and_no_formula(look: Callable[..., Any]) -> None:
    rows = some_plan()
    rows["window"].name = "=cmd|' /C calc'!A0"
    rows["window"].save()
    found = list(csv.DictReader(io.StringIO(look("/calendar/timeline.csv?hours=72").content.decode())))
    assert {row["what"] for row in found} == {"window", "freeze", "free", "planned", "due"}
    assert {row["name"] for row in found if row["what"] == "window"} == {"'=cmd|' /C calc'!A0"}
    planned = next(row for row in found if row["what"] == "planned")
    assert (planned["starts_at"], planned["ends_at"]) == (
        "2026-11-28T15:00:00.000+00:00", "2026-11-28T16:00:00.000+00:00",
    )  # fmt: skip
    assert look("/calendar/timeline.csv?hours=5").status_code == 400


@pytest.mark.parametrize(("query", "problem"), [("hours=5", "From now on: Select a valid choice."), ("tag=9", "Tag: ")])
def test_a_wrong_range_is_named(query: str, problem: str, look: Callable[..., Any]) -> None:
    text = text_of(look(f"/calendar/timeline/?{query}"))
    assert problem in text
    assert "lanes-figure" not in text


# Home


def test_home_names_the_next_windows_and_freezes_and_says_what_holds_now(look: Callable[..., Any]) -> None:
    assert "No window and no freeze is near." in text_of(look("/"))
    a_window("Night", starts="2026-11-28T14:00", rule="")
    a_freeze("Close", starts="2026-11-28T14:00")
    a_freeze("Next close")
    text = text_of(look("/live/")).partition("Next windows and freezes")[2].partition("</section>")[0]
    assert "Night" in text
    assert "</i>Open</span>" in text
    assert "</i>No changes</span>" in text
    assert "</i>Freeze</span>" in text


def test_home_marks_break_glass_from_the_question_to_a_day_after_the_start(look: Callable[..., Any]) -> None:
    shop = target()
    glass = BreakGlass.objects.create(
        run=to_come(shop), reason="The disk is full.", asked_by="olga", asked_at=NOW, ends_at=NOW + HOUR
    )

    def said(**change: Any) -> str:
        BreakGlass.objects.filter(pk=glass.pk).update(**change)
        return text_of(look("/live/")).partition("Break-glass:")[2].partition("</div>")[0]

    assert "a second person has to agree: The disk is full." in said()
    assert f'href="/runs/{glass.run_id}/"' in said()
    assert "may start against windows, freezes and holds" in said(second="fred", second_at=NOW)
    assert "was started against what stood against it" in said(used_at=NOW)
    assert "(olga and fred)" in said()
    assert said(used_at=NOW - timedelta(hours=25)) == "", "a day later it is history"
    assert said(used_at=None, ends_at=NOW - HOUR) == "", "over, and never used"
    said(used_at=NOW)
    assert "Break-glass" not in text_of(look("/live/", tenant="Other"))
