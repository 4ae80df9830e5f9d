"""The figure of the timeline: a lane for each database, with its windows, what is shut and free, and the work in it."""

from __future__ import annotations

import html
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from monitoring.entries import Entry, Kind
from monitoring.figures.theme import LONGEST_TITLE, Figure, axis, category_axis, layout
from monitoring.rows import Lane, Timeline

LANE_HEIGHT, LEAST_HEIGHT = 50, 260  # pixels
LEAST_SHARE = 0.008  # of the whole width: so long a bar is at least, that it can be seen
MOST_ROWS = 6  # of bars that lie beneath each other, because they are there at the same time
STEPS = (1, 2, 3, 6, 12, 24)  # hours between marks of the time axis
MOST_MARKS = 6


class Strip(NamedTuple):
    """A kind of bar: where in its lane it lies (upper edge and height, in lanes, the middle of a lane is 0), and its pattern."""

    name: str
    kind: Kind
    top: float
    height: float
    pattern: str = ""


# In the order of the colours of the palette; what comes later lies above.
STRIPS = (
    Strip("Window", Kind.WINDOW, -0.42, 0.84),
    Strip("Free", Kind.FREE, 0.3, 0.12),
    Strip("Freeze", Kind.FREEZE, -0.42, 0.84, "/"),
    Strip("Running", Kind.RUNNING, -0.36, 0.22),
    Strip("Planned", Kind.PLANNED, -0.1, 0.36),
    Strip("Due by its job", Kind.DUE, -0.1, 0.36),
)
LATE = Strip("After its window", Kind.PLANNED, 0, 0, "x")


class Bar(NamedTuple):
    """One bar: its lane, what it shows, from when on, how long (ms), and where in its lane it lies."""

    lane: str
    entry: Entry
    start: datetime
    length: int
    top: float
    height: float


def lanes(timeline: Timeline, zone: str) -> Figure:
    """Bars over time, in UTC beneath marks of the reader's zone: each hour is as long as any other, also when the clock changes."""
    names = [lane.target for lane in timeline.lanes]
    bars = [bar for lane in timeline.lanes for strip in STRIPS for bar in _bars(strip, lane, timeline)]
    late = [_late(bar, timeline) for bar in bars if bar.entry.is_late and _closes(bar.entry) < timeline.until]
    data = [_trace(strip, [bar for bar in bars if bar.entry.kind is strip.kind], zone) for strip in STRIPS]
    return {
        "data": [*data, _trace(LATE, late, zone)],
        "layout": layout(
            "lanes", max(LEAST_HEIGHT, 110 + LANE_HEIGHT * len(names)), barmode="overlay", hovermode="closest",
            xaxis=_hours(timeline, zone), yaxis=_every_lane(names),
        ),
    }  # fmt: skip


def _every_lane(names: Sequence[str]) -> dict[str, Any]:
    """Also those in which nothing lies; each by its very name."""
    shown = (name if len(name) <= LONGEST_TITLE else f"{name[: LONGEST_TITLE - 1]}…" for name in names)
    return {
        **category_axis(names),
        "ticktext": [html.escape(name, quote=False) for name in shown],
        "categoryorder": "array",
        "categoryarray": list(names),
        "autorange": False,
        "range": [max(1, len(names)) - 0.5, -0.5],
    }


def _bars(strip: Strip, lane: Lane, timeline: Timeline) -> list[Bar]:
    """Work that is there at the same time lies beneath each other. Of what comes too late only the part that is in time."""
    kinds = (Kind.PLANNED, Kind.DUE) if strip.kind in (Kind.PLANNED, Kind.DUE) else (strip.kind,)
    found = [(entry, *_cut(entry.starts_at, entry.ends_at, timeline)) for entry in lane.of(*kinds)]
    rows = _rows([(start, length) for _, start, length in found]) if strip.kind.is_work else [0] * len(found)
    height = strip.height / (max(rows, default=0) + 1)
    bars = []
    for (entry, start, length), row in zip(found, rows, strict=True):
        in_time = _cut(entry.starts_at, _closes(entry), timeline)[1] if entry.is_late else length
        bars.append(Bar(lane.target, entry, start, in_time, round(strip.top + row * height, 3), round(height, 3)))
    return [bar for bar in bars if bar.entry.kind is strip.kind]


def _rows(pieces: Sequence[tuple[datetime, int]]) -> list[int]:
    """For each of these, which are in the order of their starts, the first row in which nothing is there at the same time."""
    ends: list[datetime] = []
    rows = []
    for start, length in pieces:
        row = next((row for row, end in enumerate(ends) if end <= start), min(len(ends), MOST_ROWS - 1))
        ends[row : row + 1] = [start + timedelta(milliseconds=length)]
        rows.append(row)
    return rows


def _closes(entry: Entry) -> datetime:
    return entry.shuts_at or entry.starts_at


def _late(bar: Bar, timeline: Timeline) -> Bar:
    """What is left of it after its window."""
    start, length = _cut(_closes(bar.entry), bar.entry.ends_at, timeline)
    return bar._replace(start=start, length=length)


def _cut(start: datetime, end: datetime | None, timeline: Timeline) -> tuple[datetime, int]:
    """Where a bar begins, and how long it is in ms, within the time that is shown."""
    first = max(start, timeline.since)
    least = (timeline.until - timeline.since) * LEAST_SHARE
    last = max(min(end, timeline.until) if end is not None else first, first + least)
    return first, round((last - first) / timedelta(milliseconds=1))


def _trace(strip: Strip, bars: Sequence[Bar], zone: str) -> dict[str, Any]:
    pattern = {"shape": strip.pattern, "size": 6, "solidity": 0.3, "fillmode": "overlay"}
    return {
        "type": "bar",
        "orientation": "h",
        "name": strip.name,
        "y": [bar.lane for bar in bars],
        "base": [_utc(bar.start) for bar in bars],
        "x": [bar.length for bar in bars],
        "offset": [bar.top for bar in bars],
        "width": [bar.height for bar in bars],
        "marker": {"pattern": pattern} if strip.pattern else {},
        "customdata": [_words(bar.entry, zone) for bar in bars],
        "hovertemplate": "%{customdata}<extra></extra>",
    }


def _utc(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S}"


def _words(entry: Entry, zone: str) -> str:
    """What is said of a bar that the reader points at; tags in names are text."""
    place = ZoneInfo(zone)
    start = entry.starts_at.astimezone(place)
    end = f"–{entry.ends_at.astimezone(place):%a %H:%M}" if entry.ends_at is not None else ", how long is not known"
    title = html.escape(f"{entry.kind.label}: {entry.name}" if entry.name else entry.kind.label, quote=False)
    more = [html.escape(text, quote=False) for text in (entry.note, entry.warning) if text]
    return "<br>".join((f"{title}, {start:%a %H:%M}{end}", *more))


def _hours(timeline: Timeline, zone: str) -> dict[str, Any]:
    hours = (timeline.until - timeline.since) / timedelta(hours=1)
    step = next((step for step in STEPS if hours / step <= MOST_MARKS), STEPS[-1])
    marks = _marks(timeline.since, timeline.until, ZoneInfo(zone), step)
    return axis(
        type="date",
        range=[_utc(timeline.since), _utc(timeline.until)],
        tickvals=[_utc(mark) for mark in marks],
        ticktext=[_label(mark.astimezone(ZoneInfo(zone)), mark == marks[0], step) for mark in marks],
        tickangle=0,
    )


def _marks(since: datetime, until: datetime, zone: ZoneInfo, step: int) -> list[datetime]:
    """Each so many hours on the clock of the zone."""
    first = since.astimezone(zone).replace(minute=0, second=0, microsecond=0).astimezone(UTC)
    every = (first + timedelta(hours=n) for n in range(1, int((until - since) / timedelta(hours=1)) + 2))
    return [at for at in every if at <= until and at.astimezone(zone).hour % step == 0]


def _label(local: datetime, is_first: bool, step: int) -> str:
    """The day stands beneath its midnight, and beneath the first mark; where all are midnights, alone."""
    if step == STEPS[-1]:
        return f"{local:%a}<br>{local.day}"
    return f"{local:%H:%M}<br>{local:%a} {local.day}" if is_first or local.hour == 0 else f"{local:%H:%M}"


def lanes_in_words(timeline: Timeline, zone: str) -> str:
    ends = [at.astimezone(ZoneInfo(zone)) for at in (timeline.since, timeline.until)]
    since, until = (f"{at:%a} {at.day} {at:%b %H:%M}" for at in ends)
    counts = [(strip.kind, sum(len(lane.of(strip.kind)) for lane in timeline.lanes)) for strip in STRIPS]
    told = [f"{count} {_PLURAL[kind][count != 1]}" for kind, count in counts if kind in _PLURAL and count]
    late = sum(entry.is_late for entry in timeline.entries)
    last = f" {late} {'is' if late == 1 else 'are'} expected to outlast the window." if late else ""
    databases = f"{len(timeline.lanes)} database{'' if len(timeline.lanes) == 1 else 's'}"
    return f"{databases} from {since} to {until}: {', '.join(told) or 'nothing planned'}.{last}"


_PLURAL = {
    Kind.WINDOW: ("slot of a window", "slots of windows"),
    Kind.FREEZE: ("freeze", "freezes"),
    Kind.RUNNING: ("run at work", "runs at work"),
    Kind.PLANNED: ("run planned", "runs planned"),
    Kind.DUE: ("job due", "times that a job is due"),
}
