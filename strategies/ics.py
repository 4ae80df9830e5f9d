"""Reads files of calendars (iCalendar, RFC 5545): bytes become entries, and what is wrong with an event is said by its name. Pure."""

from __future__ import annotations

import math
import re
import zoneinfo
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta

from icalendar.parser import Contentlines
from icalendar.prop import vDuration
from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

from strategies.occurrences import Occurrences, RuleRefused, occurrences, placed

MOST_BYTES = 1_000_000
MOST_EVENTS = 2000
_TIME = re.compile(r"(\d{8})(?:T(\d{6})(Z?))?")
_ESCAPED = re.compile(r"\\(.)")
_KEPT = frozenset(
    "UID SUMMARY DESCRIPTION STATUS DTSTART DTEND DURATION RRULE EXRULE EXDATE RDATE RECURRENCE-ID RANGE".split()
)
_NAMELESS = "an event without a name"


class EventRefused(ValueError):
    """What an event says that cannot be taken, as a sentence."""


@dataclass(frozen=True, slots=True)
class Entry:
    """An event: known by its `uid`, `when` it happens, and the texts that people read."""

    uid: str
    name: str
    when: Occurrences
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Read:
    """What a file held: the entries, and of each event that could not be taken its name (or UID) and why."""

    entries: tuple[Entry, ...] = ()
    broken: tuple[tuple[str, str], ...] = ()


@dataclass(slots=True)
class _Event:
    """The lines of one event: name → (parameters, value) of each; `faults` are lines that cannot be read."""

    lines: dict[str, list[tuple[Mapping[str, str], str]]] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)

    def text(self, name: str) -> str:
        found = self.lines.get(name)
        return (
            _ESCAPED.sub(lambda escaped: "\n" if escaped[1] in "nN" else escaped[1], found[0][1]).strip()
            if found
            else ""
        )

    @property
    def called(self) -> str:
        return _plain(self.text("SUMMARY"), 200) or _plain(self.text("UID"), 200) or _NAMELESS


@dataclass(frozen=True, slots=True)
class _Moment:
    """A time as it is written: on the wall of `zone`; `is_day` = of a whole day."""

    wall: datetime
    zone: str
    is_day: bool = False


def read(data: bytes, zone: str) -> Read:
    """The events of a file; `zone` (IANA) is the clock of those that name none, and of whole days. Never raises."""
    if len(data) > MOST_BYTES:
        return _refused(f"it is larger than {MOST_BYTES:,} bytes.")
    try:
        text = data.decode("utf-8-sig", errors="replace")
        lines = Contentlines.from_ical(text)  # type: ignore[no-untyped-call]
        zones, events = _parts(lines)
    except (ValueError, IndexError, KeyError):
        return _refused("it is no iCalendar file.")
    if not events:
        return _refused("it holds no event (BEGIN:VEVENT).")
    if len(events) > MOST_EVENTS:
        return _refused(f"it holds more than {MOST_EVENTS:,} events.")
    return _entries(events, zones, zone)


def _refused(why: str) -> Read:
    return Read(broken=(("the file", f"Nothing was taken from the file: {why}"),))


def _parts(lines: Iterable[object]) -> tuple[dict[str, str], list[_Event]]:
    """What zones are called by that the file itself explains, and its events. What stands within an event (alarms) is left out."""
    zones: dict[str, str] = {}
    events: list[_Event] = []
    inside: list[str] = []
    event, zone = _Event(), _Event()
    for line in lines:
        if not line:
            continue
        try:
            name, parameters, value = line.raw_parts()  # type: ignore[attr-defined]
        except ValueError:
            if inside[-1:] == ["VEVENT"]:
                event.faults.append(f"the line {str(line)[:60]!r} cannot be read.")
            continue
        name = name.upper()
        if name == "BEGIN":
            inside.append(value.upper())
            event = _Event() if value.upper() == "VEVENT" else event
            zone = _Event() if value.upper() == "VTIMEZONE" else zone
        elif name == "END":
            if inside[-1:] != [value.upper()]:
                raise ValueError(value)
            inside.pop()
            if value.upper() == "VEVENT":
                events.append(event)
            elif value.upper() == "VTIMEZONE" and zone.text("TZID"):
                zones[zone.text("TZID")] = zone.text("X-LIC-LOCATION")
        elif inside[-1:] == ["VEVENT"] and name in _KEPT:
            event.lines.setdefault(name, []).append((dict(parameters), value))
        elif inside[-1:] == ["VTIMEZONE"]:
            zone.lines.setdefault(name, []).append((dict(parameters), value))
    if inside:
        raise ValueError(inside[-1])
    return zones, events


def _entries(events: Iterable[_Event], zones: Mapping[str, str], zone: str) -> Read:
    """First what recurs, then what of it was moved or left out."""
    found: dict[str, Entry] = {}
    broken: list[tuple[str, str]] = []
    moved: list[_Event] = []
    for event in events:
        if "RECURRENCE-ID" in event.lines:
            moved.append(event)
            continue
        try:
            entry = _entry(event, zones, zone)
            if entry is not None and entry.uid in found:
                raise EventRefused("another event of the file has the same UID.")
        except (EventRefused, RuleRefused) as refusal:
            broken.append((event.called, _sentence(str(refusal))))
        else:
            if entry is not None:
                found[entry.uid] = entry
    for event in moved:
        try:
            _move(found, event, zones, zone)
        except (EventRefused, RuleRefused) as refusal:
            broken.append((event.called, _sentence(str(refusal))))
    return Read(tuple(found.values()), tuple(broken))


def _entry(event: _Event, zones: Mapping[str, str], zone: str) -> Entry | None:
    """None = it was cancelled."""
    if event.text("STATUS").upper() == "CANCELLED":
        return None
    if event.faults:
        raise EventRefused(event.faults[0])
    uid = event.text("UID")
    if not uid or len(uid) > 255:
        raise EventRefused("it has no UID." if not uid else "its UID is longer than 255 characters.")
    start = _start(event, zones, zone)
    rules = [value for _, value in event.lines.get("RRULE", ())]
    if len(rules) > 1 or "EXRULE" in event.lines:
        raise EventRefused("more than one rule (RRULE, EXRULE) of one event is not understood.")
    minutes, is_whole_days = _length(event, start, zones, zone)
    when = occurrences(
        start.wall, minutes, start.zone, rules[0] if rules else "", left_out=_times(event, "EXDATE", start, zones, zone),
        added=_times(event, "RDATE", start, zones, zone), is_whole_days=is_whole_days,
    )  # fmt: skip
    name = _plain(event.text("SUMMARY"), 200) or _plain(uid, 200)
    return Entry(uid, name, when, _plain(event.text("DESCRIPTION"), 500))


def _move(found: dict[str, Entry], event: _Event, zones: Mapping[str, str], zone: str) -> None:
    """One occurrence of what recurs happens at another time, or not at all: the rest of it goes without that one."""
    if any("RANGE" in parameters for parameters, _ in event.lines["RECURRENCE-ID"]):
        raise EventRefused("a change of this and all later times (RANGE) is not understood.")
    whole = found.get(event.text("UID"))
    instead = _entry(event, zones, zone)
    if whole is not None:
        parameters, value = event.lines["RECURRENCE-ID"][0]
        at = _on(_whole(_moment(parameters, value, zones, zone)), whole.when.zone, whole.when.starts.time())
        left_out = (*whole.when.left_out, at)
        found[whole.uid] = replace(whole, when=replace(whole.when, left_out=left_out))
    if instead is not None:
        uid = f"{instead.uid}/{event.lines['RECURRENCE-ID'][0][1]}"[:255]
        if uid in found:
            raise EventRefused("the same time of it is moved twice.")
        found[uid] = replace(instead, uid=uid)


def _start(event: _Event, zones: Mapping[str, str], zone: str) -> _Moment:
    if "DTSTART" not in event.lines:
        raise EventRefused("it has no start (DTSTART).")
    return _whole(_moment(*event.lines["DTSTART"][0], zones, zone))


def _whole(moment: _Moment) -> _Moment:
    """At the minute in which it lies."""
    return replace(moment, wall=moment.wall.replace(second=0))


def _moment(parameters: Mapping[str, str], value: str, zones: Mapping[str, str], zone: str) -> _Moment:
    match = _TIME.fullmatch(value.strip().upper())
    try:
        if match is None:
            raise ValueError(value)
        wall = datetime.strptime(f"{match[1]}{match[2] or '000000'}", "%Y%m%d%H%M%S")  # noqa: DTZ007 (of the wall clock)
    except ValueError:
        raise EventRefused(f"{value[:60]!r} is no date and time.") from None
    if match[2] is None:
        return _Moment(wall, zone, is_day=True)
    if match[3]:
        return _Moment(wall, "UTC")
    return _Moment(wall, known_zone(str(parameters["TZID"]), zones) if "TZID" in parameters else zone)


def known_zone(name: str, zones: Mapping[str, str]) -> str:
    """The IANA zone behind a name: its own, one with a path before it, that of Windows, or what the file says of it.

    Raises EventRefused.
    """
    known = zoneinfo.available_timezones()
    parts = name.strip('"/ ').split("/")
    candidates = [name, *("/".join(parts[start:]) for start in range(len(parts)))]
    candidates += [WINDOWS_TO_OLSON.get(name, ""), zones.get(name, "")]
    for candidate in candidates:
        if candidate in known:
            return candidate
    raise EventRefused(f"its time zone {name[:60]!r} is not known.")


def _length(event: _Event, start: _Moment, zones: Mapping[str, str], zone: str) -> tuple[int, bool]:
    """How long it lasts, in whole minutes, rounded up, and whether that is whole days. A day without an end is that day."""
    is_whole_days = start.is_day
    if "DTEND" in event.lines:
        end = _moment(*event.lines["DTEND"][0], zones, zone)
        is_whole_days = start.is_day and end.is_day
        length = end.wall - start.wall if is_whole_days else _aware(end) - _aware(start)
    elif "DURATION" in event.lines:
        try:
            length = vDuration.from_ical(event.lines["DURATION"][0][1])  # type: ignore[no-untyped-call]
        except (ValueError, OverflowError):
            raise EventRefused(f"{event.lines['DURATION'][0][1][:60]!r} is no duration.") from None
    elif start.is_day:
        length = timedelta(days=1)
    else:
        raise EventRefused("it has neither an end (DTEND) nor a duration.")
    if length <= timedelta(0):
        raise EventRefused("it ends before it starts, or lasts no time.")
    return math.ceil(length / timedelta(minutes=1)), is_whole_days and not length % timedelta(days=1)


def _times(event: _Event, name: str, start: _Moment, zones: Mapping[str, str], zone: str) -> tuple[datetime, ...]:
    """Starts that are left out or added, on the wall clock of the event. Of a period the start counts."""
    values = (
        (parameters, value.partition("/")[0])
        for parameters, several in event.lines.get(name, ())
        for value in several.split(",")
        if value.strip()
    )
    return tuple(_on(_whole(_moment(*one, zones, zone)), start.zone, start.wall.time()) for one in values)


def _on(moment: _Moment, zone: str, at: time) -> datetime:
    """On the wall clock of another zone; a whole day stands for the start `at` that day."""
    if moment.is_day:
        return datetime.combine(moment.wall.date(), at)
    return (
        moment.wall if moment.zone == zone else _aware(moment).astimezone(zoneinfo.ZoneInfo(zone)).replace(tzinfo=None)
    )


def _aware(moment: _Moment) -> datetime:
    if not 1900 <= moment.wall.year <= 2500:
        raise EventRefused(f"the year {moment.wall.year} is beyond what calendars have.")
    return placed(moment.wall, moment.zone)


def _plain(text: str, most: int) -> str:
    """Without what nobody sees, in one line."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())[:most]


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
