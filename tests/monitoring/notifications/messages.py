"""A message as the portal would write it, for tests of channels and of delivery."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from monitoring.notifications.base import Message

WRITTEN_AT = datetime(2026, 11, 28, 22, 15, tzinfo=UTC)


def message(**changes: Any) -> Message:
    return Message(
        **{
            "key": "notification-7",
            "recipient": "anna@example.org",
            "subject": "Run 7 failed",
            "text": "Run 7 of “Rebuild” failed.\n.A line that begins with a dot.",
            "written_at": WRITTEN_AT,
            "kind": "run.failed",
            "url": "https://portal.example.org/runs/7/",
            **changes,
        }
    )
