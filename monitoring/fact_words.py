"""Facts of a message as people read them, with the instants in their zone, and as programs do. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

Fact = str | int | bool | datetime | timedelta | tuple[str | int, ...] | None  # None = not known


def in_words(facts: Mapping[str, Fact], zone: str) -> dict[str, str]:
    """Each as text; what is not known is empty. Of a maintenance also how long it is and was, as phrases."""
    words = {name: _words(fact, zone) for name, fact in facts.items()}
    if "starts" in facts:
        words |= _phrases(facts, words, zone)
    return words


def as_data(facts: Mapping[str, Fact]) -> dict[str, Any]:
    """What JSON can hold: instants as ISO 8601 in UTC, lengths of time in seconds, several of one kind as a list."""
    return {name: _datum(fact) for name, fact in facts.items()}


def _words(fact: Fact, zone: str) -> str:
    if isinstance(fact, datetime):
        return instant(fact, zone)
    if isinstance(fact, bool):
        return "yes" if fact else ""
    if isinstance(fact, timedelta):
        return took(fact)
    if isinstance(fact, tuple):
        return ", ".join(map(str, fact))
    return "" if fact is None else str(fact)


def _datum(fact: Fact) -> Any:
    if isinstance(fact, datetime):
        return fact.astimezone(UTC).isoformat()
    if isinstance(fact, timedelta):
        return fact.total_seconds()
    return list(fact) if isinstance(fact, tuple) else fact


def _phrases(facts: Mapping[str, Fact], words: Mapping[str, str], zone: str) -> dict[str, str]:
    """`until` is when a maintenance is expected to be over, `lasted` how long it was; `was` is left out where it is no other time."""
    starts, ends = facts["starts"], facts["ends"]
    was = words.get("was", "")
    phrases = {"was": "" if was == words["starts"] else was, "until": "", "lasted": ""}
    if isinstance(starts, datetime) and isinstance(ends, datetime):
        end = _shortened(starts, ends, zone)
        is_short = ends - starts < timedelta(minutes=1)
        if not facts["over"]:
            phrases["until"] = f"until {end} at the latest" if facts["bound"] else f"until about {end}"
        else:
            phrases["lasted"] = (
                f"less than a minute ({words['starts']})" if is_short else f"from {words['starts']} until {end}"
            )
    return phrases


def _shortened(starts: datetime, ends: datetime, zone: str) -> str:
    """An end without its day, where that is the day of its start."""
    first, last = _local(starts, zone), _local(ends, zone)
    return f"{last:%H:%M %Z}" if first.date() == last.date() else instant(ends, zone)


def instant(moment: datetime, zone: str) -> str:
    """`Sat 28 Nov 22:00 CET`; a zone that is not known is UTC."""
    local = _local(moment, zone)
    return f"{local:%a} {local.day} {local:%b %H:%M %Z}"


def _local(moment: datetime, zone: str) -> datetime:
    try:
        return moment.astimezone(ZoneInfo(zone))
    except (KeyError, ValueError, OSError):
        return moment.astimezone(UTC)


def took(length: timedelta) -> str:
    """A length of time in a sentence: `40 s`, `3 min 20 s`, `2 h 5 min`."""
    seconds = max(0, round(length.total_seconds()))
    if seconds < 60:
        return f"{seconds} s" if seconds else "less than 1 s"
    if seconds < 3600:
        return f"{seconds // 60} min {seconds % 60} s"
    return f"{seconds // 3600} h {seconds % 3600 // 60} min"
