"""What texts of messages may name, with an example of each that could be one of its event. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from monitoring.fact_words import Fact, in_words
from monitoring.notifiable import EVENTS, PLAIN

_ZONE = "UTC"
_AT = datetime(2026, 11, 28, 22, tzinfo=UTC)
_EXAMPLES: Mapping[str, Fact] = {
    "at": _AT + timedelta(minutes=3),
    "actor": "bert",
    "work": "Index maintenance",
    "strategy": "INDEX_MAINTENANCE",
    "database": "billing",
    "environment": "Production",
    "tenant": "Main",
    "run": 4711,
    "job": "Nightly indexes",
    "asked_by": "anna",
    "due": _AT,
    "asked_of": "1 approver",
    "risk": 62,
    "not_before": _AT,
    "not_after": _AT + timedelta(hours=4),
    "window": "Saturday night",
    "scope": "environment Production",
    "system": "Billing",
    "notice": "Invoices can be read meanwhile, and not be changed.",
    "starts": _AT,
    "ends": _AT + timedelta(minutes=40),
    "begun": False,
    "bound": False,
    "over": False,
    "runs": (4711, 4712),
}
_ENDED: Mapping[str, Fact] = {"began": _AT, "took": timedelta(minutes=3, seconds=20), "actor": None}
_NOBODY: Mapping[str, Fact] = {"actor": None}
# What is otherwise with one kind of event; by the whole name before its first part.
_OF: Mapping[str, Mapping[str, Fact]] = {
    "run": _ENDED,
    "run.started": {"began": _AT, "actor": None},
    "run.succeeded": {**_ENDED, "message": "All 14 steps were done."},
    "run.warning": {**_ENDED, "message": "13 of 14 steps were done, 1 was left out."},
    "run.failed": {
        **_ENDED, "message": "2 of 14 steps failed.", "error": "lock_timeout",
        "reason": "The first of them waited longer than its limit for a lock.",
    },
    "run.cancelled": {"message": "Cancelled by bert before it started."},
    "run.missed": {"actor": None, "message": "It did not start in time. Its window was closed."},
    "run.lost": {"began": _AT, "actor": None, "message": "Nothing was heard of its worker for two minutes."},
    "job": {"actor": None, "reason": "Its database is switched off."},
    "approval": _NOBODY,
    "approval.reminded": {"actor": None, "reason": "It is asked of 1 approver."},
    "approval.escalated": {"actor": None, "reason": "Time is short, and it waits for 1 approver: managers may give the word now."},
    "approval.given": {"reason": "Agreed with the branch."},
    "approval.sent_back": {"reason": "Please not before the end of the month."},
    "approval.expired": {"actor": None, "reason": "Nobody approved it until 2026-11-29 02:00 UTC."},
    "window.changed": {"changes": "Minutes: 180 → 240"},
    "window.extended": {"changes": "Ends at: Sun 29 Nov 01:00 UTC → Sun 29 Nov 02:00 UTC", "reason": "The work takes longer."},
    "window.closed": {"changes": "Ends at: Sun 29 Nov 01:00 UTC → Sun 29 Nov 00:15 UTC", "reason": "All is done."},
    "calendar": {"window": "Closing of the year (Freezes)"},
    "calendar.entry_changed": {"window": "Closing of the year (Freezes)", "changes": "Minutes: 1440 → 2880"},
    "calendar.entry_lifted": {
        "window": "Closing of the year (Freezes)", "changes": "From Sat 28 Nov 00:00 UTC until Sun 29 Nov 00:00 UTC",
        "reason": "It was needed for a correction.",
    },
    "target": {"actor": None, "reason": "The password is not accepted."},
    "maintenance": {"actor": None},
    "maintenance.planned": {"actor": None, "runs": ()},
    "maintenance.changed": {"actor": None, "was": _AT - timedelta(days=1), "runs": ()},
    "maintenance.started": {"actor": None, "begun": True},
    "maintenance.verifying": {"actor": None, "begun": True},
    "maintenance.done": {"actor": None, "begun": True, "over": True},
    "maintenance.unfinished": {"actor": None, "begun": True, "over": True, "undone": ("Cleanup maintenance on archive",)},
    "maintenance.cancelled": {"actor": None, "starts": None, "ends": None, "was": _AT, "runs": ()},
    "maintenance.withdrawn": {"starts": None, "ends": None, "was": _AT, "runs": ()},
}  # fmt: skip
_ALWAYS = ("title", "said", "reason", "actor", "at")
_OF_SYSTEMS = ("system", "starts", "ends", "until", "lasted", "was", "begun")
_OF_RUNS = ("run", "asked_by", "message", "error", "began", "took", "due")
_WHERE, _WHAT = ("database", "environment", "tenant"), ("work", "strategy", "job")
_BY_GROUP: Mapping[str, tuple[str, ...]] = {
    "systems": (*_ALWAYS, *_OF_SYSTEMS, *_WHERE, "work", "undone", "runs"),
    "windows": (*_ALWAYS, "window", "scope", "changes"),
    "databases": (*_ALWAYS, *_WHERE),
    "jobs": (*_ALWAYS, *_WHERE, *_WHAT),
    "runs_begin": (*_ALWAYS, *_WHERE, *_WHAT, *_OF_RUNS),
    "runs_end": (*_ALWAYS, *_WHERE, *_WHAT, *_OF_RUNS),
    "approvals": (*_ALWAYS, *_WHERE, *_WHAT, *_OF_RUNS, "asked_of", "risk", "not_before", "not_after"),
}


def sample(event: str, is_plain: bool = False) -> dict[str, str]:
    """The facts that a text for this kind of event may name, with examples: with them it is tried before it is kept, and previewed.

    A plain one names nothing that only people know who work with databases.
    """
    told = EVENTS[event]
    names = PLAIN if is_plain else _BY_GROUP[told.group]
    own = _OF.get(event, _OF.get(event.partition(".")[0], {}))
    words = in_words({**_EXAMPLES, **own, "title": told.title, "said": told.said}, _ZONE)
    return {name: words.get(name, "") for name in names}
