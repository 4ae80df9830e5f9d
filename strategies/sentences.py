"""Puts texts of different origin together so that each reads as a sentence of its own, and says instants and spans in it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_ENDS = ".!?…:;"
_CLOSING = "\"'”’)]»"


def sentences(*texts: object) -> str:
    """The texts one after the other, each with a full stop where it has no end of its own; empty ones are left out."""
    return " ".join(_ended(text) for part in texts if (text := str(part or "").strip()))


def _ended(text: str) -> str:
    said = text.rstrip(_CLOSING)
    return text if said and said[-1] in _ENDS else f"{text}."


def instant(moment: datetime) -> str:
    """As a sentence has it: `2026-11-28 22:00 UTC`."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def span(length: timedelta) -> str:
    """In whole minutes, hours from two of them on, or days from two of them on."""
    minutes = int(length.total_seconds() // 60)
    if minutes < 120:
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 48 * 60 else f"{minutes // 1440} days"
