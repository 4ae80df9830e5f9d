"""What stands in no message for stakeholders: statements, names of machines, codes. Pure."""

from __future__ import annotations

import re

_STATEMENT = re.compile(
    r"\bselect\s+(?:\*|[\w.]+\s*,|\w+\s*\()|\bselect\b.{1,200}\bfrom\s+\w+\s+(?:where|group|order)\b|"
    r"\b(?:insert\s+into|merge\s+into|lock\s+table|truncate\s+\w+|update\s+\w+\s+set|delete\s+from|(?:alter|create|drop|truncate|rebuild)\s+"
    r"(?:unique\s+)?(?:table|index|view|database|user|schema|tablespace|partition|sequence|package|procedure)|"
    r"reindex\s+(?:table|index|database|schema|concurrently)|vacuum\s+(?:full|analyze|verbose)|dbms_\w+|begin\s+\w+\.|exec(?:ute)?\s+\w+\.|"
    r"grant\s+\w+\s+(?:on|to))\b",
    re.IGNORECASE | re.DOTALL,
)
_MACHINE = re.compile(
    r"://|\b[a-z][a-z0-9]*-?(?:db|sql|ora|pg|srv|host|prod|node)[a-z]*-?\d+\b|\b(?:db|sql|ora|pg|srv)[a-z-]*\d+\b|\b\d{1,3}(?:\.\d{1,3}){3}\b|\b[a-z0-9](?:[a-z0-9-]*\.)+[a-z]{2,}\b|\b[a-z][a-z0-9-]*:\d{2,5}\b|\b[0-9a-f]{1,4}(?::[0-9a-f]{1,4}){3,7}\b",
    re.IGNORECASE,
)
_CODE = re.compile(
    r"\b(?:ORA|TNS|PLS|SQL)[- ]?\d{2,}\b|\b[A-Z]{2,}-\d{3,}\b|\b\w+_\w+\b|"
    r"\b(?=[0-9A-Z]{5}\b)(?=\w*\d)(?=\w*[A-Z])[0-9][0-9A-Z]{4}\b"
)


def fault(text: str) -> str:
    """What keeps this from being a text for people who know nothing of databases, as half a sentence; empty = nothing."""
    for pattern, what in ((_STATEMENT, "a statement"), (_MACHINE, "the name of a machine"), (_CODE, "a code")):
        if found := pattern.search(text):
            words = " ".join(found.group().split())[:60]
            return f"“{words}” is {what} or looks like one"
    return ""


def refusal(text: str) -> str:
    """The same as a sentence."""
    why = fault(text)
    return f"{why}: write it so that everybody understands it." if why else ""
