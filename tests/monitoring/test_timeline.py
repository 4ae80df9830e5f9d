"""The timeline by database: its lanes, the figure, and the same in words."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import plotly.graph_objects as go
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from monitoring import timeline as timelines
from monitoring import upcoming
from monitoring.entries import Entry, Kind
from monitoring.figures import theme
from monitoring.figures import timeline as figures
from monitoring.grounds import Chosen
from monitoring.rows import Lane, Timeline
from strategies.models import Role, RunStatus, Target, User
from tests.monitoring.past import job, target
from tests.monitoring.plans import DAY, HOUR, HOUR_MS, NOW, a_freeze, a_window, to_come

OPENS = NOW.replace(hour=22)
HOSTILE = '<a href="javascript:alert(1)">x</a> & "ORDERS"'


@pytest.fixture
def dba(person: Callable[..., User]) -> User:
    return person("anna", Role.DBA)


def lanes(user: User, span: timedelta = DAY, chosen: Chosen | None = None) -> dict[str, Lane]:
    found = timelines.timeline(user, chosen or Chosen(), NOW, span, "UTC")
    return {lane.target: lane for lane in found.lanes}


def test_a_lane_has_what_holds_for_its_database_and_nothing_else(dba: User) -> None:
    shop, other = target(), target("other")
    a_window(target=shop)
    a_freeze(scopes=({"target": other},))
    found = lanes(dba)
    assert [entry.name for entry in found["shop"].of(Kind.WINDOW, Kind.FREEZE)] == ["Night"]
    assert [entry.name for entry in found["other"].of(Kind.WINDOW, Kind.FREEZE)] == ["Quarter close"]
    assert (found["shop"].is_covered, found["other"].is_covered) == (True, False)


def test_free_is_the_time_in_windows_and_outside_freezes_within_what_is_shown(dba: User) -> None:
    shop = target()

    def free() -> list[tuple[datetime, datetime | None, str]]:
        return [(entry.starts_at, entry.ends_at, entry.note) for entry in lanes(dba)["shop"].of(Kind.FREE)]

    assert free() == [(NOW, NOW + DAY, timelines.UNCOVERED)]
    a_window(target=shop)
    assert free() == [(OPENS, OPENS + 4 * HOUR, "")]
    a_freeze()
    assert free() == [(OPENS, OPENS + 2 * HOUR, "")]
    a_freeze("All night", starts="2026-11-28T20:00", minutes=600)
    assert free() == []


def test_a_due_job_stands_where_it_will_begin_and_is_as_long_as_its_last_plan(dba: User) -> None:
    shop = target()
    a_window(target=shop)
    nightly = job("nightly", shop, next_run=OPENS, clock="0 22 * * * UTC", is_settled=True)
    to_come(shop, NOW - DAY, p90_ms=HOUR_MS, job=nightly, status=RunStatus.SUCCEEDED)
    to_come(shop, NOW - HOUR, job=nightly, status=RunStatus.SUCCEEDED, steps_total=0)  # found nothing to do
    (found,) = lanes(dba)["shop"].of(Kind.DUE)
    assert (found.name, found.key, found.starts_at, found.ends_at) == ("nightly", nightly.pk, OPENS, OPENS + HOUR)
    assert found.shuts_at == OPENS + 4 * HOUR
    assert [entry.starts_at for entry in lanes(dba, 3 * DAY)["shop"].of(Kind.DUE)] == [
        OPENS, OPENS + DAY, OPENS + 2 * DAY
    ]  # fmt: skip


def test_a_job_whose_bound_passes_before_its_window_opens_would_be_missed(dba: User) -> None:
    shop = target()
    a_window(target=shop)
    job("too early", shop, next_run=NOW + HOUR, is_settled=True, start_within_minutes=60)
    job("patient", shop, next_run=NOW + HOUR, is_settled=True, start_within_minutes=600)
    found = {entry.name: entry for entry in lanes(dba)["shop"].of(Kind.DUE)}
    assert found["too early"].starts_at == NOW + HOUR
    assert "it would be missed" in found["too early"].warning
    assert (found["patient"].starts_at, found["patient"].warning) == (OPENS, "")


def test_what_ends_after_its_window_is_warned_of(dba: User) -> None:
    shop = target()
    a_window(target=shop)
    to_come(shop, p90_ms=6 * HOUR_MS, first_ms=HOUR_MS)
    to_come(shop, p90_ms=HOUR_MS, strategy_name="SHORT")
    found = timelines.timeline(dba, Chosen(), NOW, DAY, "UTC")
    assert [(entry.name, entry.is_late) for entry in found.warned] == [("Index maintenance", True)]


def test_what_comes_again_and_again_is_warned_of_once_with_how_often(dba: User) -> None:
    shop = target()
    a_window(target=shop)
    early = Entry(Kind.DUE, "too early", "shop", NOW, None, 1, warning="It would be missed.")
    again = [replace(early, starts_at=NOW + hours * HOUR) for hours in (2, 1)]
    other = replace(early, key=2, starts_at=NOW + HOUR / 2)
    lane = Lane("shop", shop.pk, True, (*again, other, early))
    found = Timeline(NOW, NOW + DAY, (lane,), 1, False).first_warned
    assert found == [(early, 2, NOW + 2 * HOUR), (other, 0, NOW + HOUR / 2)]


def test_work_that_is_put_off_beyond_what_is_shown_is_not_in_the_lane(dba: User) -> None:
    shop = target()
    a_window(target=shop)
    to_come(shop)
    assert lanes(dba, 6 * HOUR)["shop"].of(Kind.PLANNED) == []
    assert len(lanes(dba)["shop"].of(Kind.PLANNED)) == 1


def test_databases_with_work_come_first_and_those_that_are_off_not_at_all(
    dba: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a", "b", "c"):
        target(name)
    Target.objects.filter(name="a").update(is_active=False)
    to_come(target("c"))
    assert list(lanes(dba)) == ["c", "b", "home"]
    monkeypatch.setattr(timelines, "MOST_LANES", 2)
    found = timelines.timeline(dba, Chosen(), NOW, DAY, "UTC")
    assert ([lane.target for lane in found.lanes], found.of) == (["c", "b"], 3)
    assert list(lanes(dba, chosen=Chosen(target=target("b")))) == ["b"]


def test_an_outsider_has_no_lane_of_others(person: Callable[..., User], dba: User) -> None:
    to_come(target())
    target("theirs", "Other")
    assert list(lanes(person("olga", Role.DBA, tenant="Other"))) == ["theirs"]


def test_of_a_job_that_is_due_often_the_next_times_are_shown(dba: User) -> None:
    job("each minute", target(), next_run=NOW, clock="* * * * * UTC", is_settled=True)
    assert len(lanes(dba)["shop"].of(Kind.DUE)) == upcoming.MOST_OF_A_JOB


def test_a_lane_that_is_too_full_keeps_its_work_and_says_that_there_is_more(
    dba: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timelines, "MOST_IN_A_LANE", 2)
    shop = target()
    a_window(target=shop)
    to_come(shop)
    found = lanes(dba)["shop"]
    assert ([entry.kind for entry in found.entries], found.is_cut) == ([Kind.PLANNED, Kind.WINDOW], True)


def test_more_rows_cost_no_more_queries(dba: User) -> None:
    def count() -> int:
        with CaptureQueriesContext(connection) as queries:
            lanes(dba)
        return len(queries)

    def fill(place: Target, number: int) -> None:
        a_window(f"Night {number}", target=place)
        a_freeze(f"Close {number}", scopes=({"target": place},))
        nightly = job(f"nightly {number}", place, next_run=NOW + HOUR, clock="0 1 * * * UTC", is_settled=True)
        to_come(place, job=nightly)

    fill(target(), 1)
    count()  # who they are is read once
    before = count()
    for number in range(2, 6):
        fill(target(f"more-{number}"), number)
    assert count() == before <= 9


# The figure


def some(kind: Kind, first: float, last: float | None, **values: Any) -> Entry:
    ends_at = None if last is None else NOW + last * HOUR
    return replace(Entry(kind, kind.label, "tag night", NOW + first * HOUR, ends_at, 1), **values)


WHOLE = Timeline(
    NOW, NOW + DAY,
    (
        Lane("shop", 1, True, (
            some(Kind.PLANNED, 8, 13, shuts_at=NOW + 11 * HOUR, warning="Too late."), some(Kind.DUE, 9, None),
            some(Kind.RUNNING, -2, 1), some(Kind.WINDOW, 7, 11), some(Kind.FREE, 7, 11),
        )),
        Lane(HOSTILE, 2, False, (some(Kind.FREEZE, -5, 60, name=HOSTILE),)),
        Lane("empty", 3, False, ()),
    ),
    3, False,
)  # fmt: skip
FIGURES = {
    "whole": figures.lanes(WHOLE, "Europe/Vienna"),
    "a week over the change of the clock": figures.lanes(
        Timeline(datetime(2026, 10, 22, tzinfo=UTC), datetime(2026, 10, 29, tzinfo=UTC), WHOLE.lanes, 3, False),
        "Europe/Vienna",
    ),
    "nothing": figures.lanes(Timeline(NOW, NOW + 6 * HOUR, (), 0, False), "UTC"),
}


@pytest.mark.parametrize("name", FIGURES)
@pytest.mark.parametrize("look", theme.THEMES)
def test_the_figure_is_valid_and_can_be_sent(name: str, look: str) -> None:
    figure = FIGURES[name]
    template = theme.THEMES[look][figure["layout"]["meta"]]
    go.Figure({"data": figure["data"], "layout": {**figure["layout"], "template": template}})
    assert json.loads(json.dumps(figure, allow_nan=False)) == figure
    text = json.dumps(figure)
    assert "#" not in text
    assert "rgb" not in text
    assert len(template["data"]["bar"]) == len(figure["data"]), "each kind of bar has its colour"


def trace(name: str, figure: str = "whole") -> dict[str, Any]:
    (found,) = [trace for trace in FIGURES[figure]["data"] if trace["name"] == name]
    return found


def test_bars_lie_in_the_lane_of_their_database() -> None:
    assert trace("Window")["y"] == ["shop"]
    assert trace("Freeze")["y"] == [HOSTILE]
    assert FIGURES["whole"]["layout"]["yaxis"]["categoryarray"] == ["shop", HOSTILE, "empty"]
    assert FIGURES["whole"]["layout"]["yaxis"]["range"] == [2.5, -0.5], "also the one in which nothing lies"


def test_what_is_late_is_cut_where_its_window_closes_and_goes_on_as_late() -> None:
    planned, late = trace("Planned"), trace("After its window")
    assert (planned["base"], planned["x"]) == (["2026-11-28T23:00:00"], [3 * HOUR_MS])
    assert (late["base"], late["x"], late["y"]) == (["2026-11-29T02:00:00"], [2 * HOUR_MS], ["shop"])
    assert (late["offset"], late["width"]) == (planned["offset"], planned["width"])


def test_work_of_the_same_time_lies_beneath_each_other() -> None:
    def rows(*entries: Entry) -> list[tuple[str, float, float]]:
        found = figures.lanes(Timeline(NOW, NOW + DAY, (Lane("shop", 1, False, entries),), 1, False), "UTC")
        bars = [zip(one["customdata"], one["offset"], one["width"], strict=True) for one in found["data"]]
        return [(words[:3], top, height) for bar in bars for words, top, height in bar]

    one, two, three = (some(Kind.PLANNED, first, last) for first, last in ((1, 3), (2, 4), (3, 5)))
    assert rows(one) == [("Pla", -0.1, 0.36)]
    assert rows(one, two, three) == [("Pla", -0.1, 0.18), ("Pla", 0.08, 0.18), ("Pla", -0.1, 0.18)]
    assert rows(one, some(Kind.DUE, 2, 3)) == [("Pla", -0.1, 0.18), ("Due", 0.08, 0.18)]
    most = rows(*(some(Kind.PLANNED, 1, 2) for _ in range(20)))
    assert len({top for _, top, _ in most}) == figures.MOST_ROWS
    assert all(top + height <= 0.261 for _, top, height in most)


def test_bars_stay_within_what_is_shown_and_can_always_be_seen() -> None:
    assert (trace("Running")["base"], trace("Running")["x"]) == (["2026-11-28T15:00:00"], [HOUR_MS])
    assert trace("Freeze")["x"] == [24 * HOUR_MS]
    assert trace("Due by its job")["x"] == [round(24 * HOUR_MS * figures.LEAST_SHARE)]


def test_what_a_bar_says_is_text_in_the_readers_time() -> None:
    assert trace("Planned")["customdata"] == ["Planned: Planned, Sun 00:00–Sun 05:00<br>Too late."]
    assert trace("Due by its job")["customdata"] == ["Due: Due, Sun 01:00, how long is not known"]
    assert "<a" not in trace("Freeze")["customdata"][0]
    names = FIGURES["whole"]["layout"]["yaxis"]["ticktext"]
    assert (names[0], names[2]) == ("shop", "empty")
    assert "<" not in names[1]
    assert len(names[1]) < 60


def test_the_marks_are_full_hours_of_the_reader_and_name_the_days() -> None:
    marks = FIGURES["whole"]["layout"]["xaxis"]
    assert marks["ticktext"] == [
        "18:00<br>Sat 28", "00:00<br>Sun 29", "06:00", "12:00",
    ]  # fmt: skip
    assert marks["tickvals"][0] == "2026-11-28T17:00:00"
    week = FIGURES["a week over the change of the clock"]["layout"]["xaxis"]
    assert week["ticktext"] == [
        "Fri<br>23", "Sat<br>24", "Sun<br>25", "Mon<br>26", "Tue<br>27", "Wed<br>28", "Thu<br>29",
    ]  # fmt: skip
    assert [value[11:16] for value in week["tickvals"]] == ["22:00"] * 3 + ["23:00"] * 4


def test_the_figure_is_told_in_words() -> None:
    assert figures.lanes_in_words(WHOLE, "Europe/Vienna") == (
        "3 databases from Sat 28 Nov 16:00 to Sun 29 Nov 16:00: 1 slot of a window, 1 freeze, 1 run at work, 1 run planned, 1 job due. "
        "1 is expected to outlast the window."
    )
    assert figures.lanes_in_words(Timeline(NOW, NOW + DAY, (), 0, False), "UTC").endswith(": nothing planned.")
