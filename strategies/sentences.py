"""Puts texts of different origin together so that each reads as a sentence of its own."""

from __future__ import annotations

_ENDS = ".!?…:;"
_CLOSING = "\"'”’)]»"


def sentences(*texts: object) -> str:
    """The texts one after the other, each with a full stop where it has no end of its own; empty ones are left out."""
    return " ".join(_ended(text) for part in texts if (text := str(part or "").strip()))


def _ended(text: str) -> str:
    said = text.rstrip(_CLOSING)
    return text if said and said[-1] in _ENDS else f"{text}."
