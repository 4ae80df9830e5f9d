"""Reads whom a job or a strategy's configuration wants told of its runs: columns of the seed's tables, and JSON in one. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

SUCCESS = frozenset({"run.succeeded"})
EITHER = frozenset(
    {"run.warning"}
)  # done, with something left to look at: told to whoever wants to know of one or the other
FAILURE = frozenset({
    "run.failed", "run.timed_out", "run.lost", "run.missed", "run.rolled_back", "run.cancelled", "job.missed", "job.quarantined",
})  # fmt: skip
START = frozenset({"run.started"})
_FLAGS = ("notify_on_start", "notify_on_success", "notify_on_failure")
_LISTS = ("recipients", "channels")


@dataclass(frozen=True, slots=True)
class Wish:
    """`recipients` are mail addresses or user names, `channels` names of channels; `problems` say what is not understood."""

    on_start: bool = False
    on_success: bool = False
    on_failure: bool = False
    recipients: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()

    def takes(self, event: str) -> bool:
        """Whether it wants this kind of event told."""
        return (
            (self.on_start and event in START)
            or (self.on_success and event in SUCCESS | EITHER)
            or (self.on_failure and event in FAILURE | EITHER)
        )


def listed(text: str | None) -> tuple[str, ...]:
    """The parts of a list that is separated by commas, or by semicolons, as people type them."""
    return tuple(part.strip() for part in (text or "").replace(";", ",").split(",") if part.strip())


def of_config(value: Any) -> Wish:
    """What `notification_config` says: `notify_on_start`, `notify_on_success`, `notify_on_failure` (true or false; failure is wanted
    where nothing is said), `recipients` and `channels` (lists, or text separated by commas)."""
    if value in (None, "", {}):
        return Wish()
    if not isinstance(value, Mapping):
        return Wish(problems=("notification_config is no object with names and values.",))
    problems = [
        f"notification_config names {name}, which is not known." for name in value if name not in (*_FLAGS, *_LISTS)
    ]
    flags = {}
    for name in _FLAGS:
        flag = value.get(name, name == "notify_on_failure")
        if not isinstance(flag, bool):
            problems.append(f"{name} in notification_config is neither true nor false.")
            flag = True  # rather told once too often
        flags[name] = flag
    lists = {}
    for name in _LISTS:
        given = value.get(name, [])
        if isinstance(given, str):
            lists[name] = listed(given)
        elif isinstance(given, list) and all(isinstance(one, str) for one in given):
            lists[name] = tuple(one.strip() for one in given if one.strip())
        else:
            problems.append(f"{name} in notification_config is no list of texts.")
            lists[name] = ()
    return Wish(
        flags["notify_on_start"], flags["notify_on_success"], flags["notify_on_failure"], lists["recipients"], lists["channels"],
        tuple(problems),
    )  # fmt: skip


def of_job(on_success: bool, on_failure: bool, recipients: str | None, config: Wish) -> Wish:
    """A job's own columns; whom it does not name itself, and which channels, its configuration says."""
    return Wish(
        config.on_start, on_success, on_failure, listed(recipients) or config.recipients, config.channels, config.problems
    )  # fmt: skip
