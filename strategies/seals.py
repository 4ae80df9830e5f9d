"""What exactly is approved: a run as a value, its digest, and what differs between what was approved and what would run. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

_SAME = {
    "strategy": "another strategy", "target": "another database, or another address of it", "object": "another object",
    "parameters": "other parameters", "limits": "other limits", "prechecks": "other checks before its start",
}  # fmt: skip


def seal(sealed: Mapping[str, Any]) -> str:
    """SHA-256 (hex)."""
    return hashlib.sha256(json.dumps(sealed, sort_keys=True, ensure_ascii=True).encode()).hexdigest()


def differences(sealed: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """As sentences; empty = what would run now is what was approved, or less of it.

    A step may fall away, because it is no longer needed or is done; what comes after what is settled by the keys that are left.
    """
    found = [f"It has {words} than what was approved." for name, words in _SAME.items() if sealed[name] != now[name]]
    approved = {step["key"]: _compared(step) for step in sealed["steps"]}
    for step in now["steps"]:
        if step["key"] not in approved:
            found.append(f"{step['key']} was added.")
        elif approved[step["key"]] != _compared(step):
            found.append(f"{step['key']} is another than was approved.")
    kept = [step["key"] for step in now["steps"]]
    if not found and kept != [step["key"] for step in sealed["steps"] if step["key"] in set(kept)]:
        found.append("Its steps come in another order.")
    return found


def fallen_away(sealed: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Keys of approved steps that are no longer in the plan."""
    kept = {step["key"] for step in now["steps"]}
    return [step["key"] for step in sealed["steps"] if step["key"] not in kept]


def _compared(step: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in step.items() if name != "after"}
