"""What a job waits for: other jobs and strategies, on their success, on their failure, or on their end. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum


class On(StrEnum):
    """Which end of the other's run is waited for."""

    SUCCESS = "success"
    FAILURE = "failure"
    ALWAYS = "always"

    @property
    def words(self) -> str:
        return {On.SUCCESS: "has succeeded", On.FAILURE: "has failed", On.ALWAYS: "has ended"}[self]


class End(StrEnum):
    """How the other's latest run stands, as far as dependencies go."""

    GONE = "gone"  # there is no such job any more
    NONE = "none"  # nothing of it counts since this job was last due
    OPEN = "open"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    LEFT_OUT = "left out"  # cancelled, or left out because of its own dependencies


@dataclass(frozen=True, slots=True)
class Dependency:
    """One other job, and on which end of it this one waits."""

    job: int
    on: On


class DependencyRefused(ValueError):
    """A list of dependencies that cannot be one; the text says why, for the person who typed it."""


_ENTRY = re.compile(r"(\d{1,18})(?:\s*:\s*([A-Za-z]+))?")


def parse_jobs(text: str | None) -> tuple[Dependency, ...]:
    """Read `12, 15:failure, 17:always`; a number alone means success. Raises DependencyRefused."""
    found: dict[int, Dependency] = {}
    for entry in filter(None, (part.strip() for part in (text or "").split(","))):
        match = _ENTRY.fullmatch(entry)
        if match is None:
            raise DependencyRefused(f"{entry!r} is no job number; expected a list like 12, 15:failure, 17:always.")
        word = (match[2] or On.SUCCESS).lower()
        if word not in list(On):
            raise DependencyRefused(f"{entry!r}: a job can be waited for on success, failure or always.")
        job = int(match[1])
        if job in found:
            raise DependencyRefused(f"job {job} is named twice.")
        found[job] = Dependency(job, On(word))
    return tuple(found.values())


def numbers(text: str | None) -> tuple[int, ...]:
    """The jobs that such a list names, whatever is waited for; none where it cannot be read: its own job is set aside for that."""
    try:
        return tuple(entry.job for entry in parse_jobs(text))
    except DependencyRefused:
        return ()


def parse_names(text: str | None) -> tuple[str, ...]:
    """Read a list of names separated by commas, each once, in the order in which they were typed."""
    return tuple(dict.fromkeys(filter(None, (part.strip() for part in (text or "").split(",")))))


def cycle(start: int | str, nexts: Callable[[int | str], Iterable[int | str]]) -> list[int | str]:
    """The way from `start` back to `start` along dependencies, both ends included; empty = there is none.

    `nexts` gives what one node depends on. Each node is looked at once.
    """
    came_from: dict[int | str, int | str] = {}
    pending: list[int | str] = [start]
    while pending:
        node = pending.pop()
        for other in nexts(node):
            if other == start:
                way = [start]
                while node != start:
                    way.append(node)
                    node = came_from[node]
                return [start, *reversed(way[1:]), start]
            if other not in came_from:
                came_from[other] = node
                pending.append(other)
    return []


class Answer(StrEnum):
    MET = "met"
    WAIT = "wait"
    NEVER = "never"  # for this due instant it can no longer be met: the run is left out


@dataclass(frozen=True, slots=True)
class Upstream:
    """What a run waits for, and how that stands: `what` as people say it (“job 12”), `run` its run that counts.

    `job` is the number of a job; its name is told only to who may see it, when it is shown.
    """

    what: str
    on: On
    end: End
    run: int | None = None
    job: int | None = None

    @property
    def answer(self) -> Answer:
        if self.end in (End.GONE, End.NONE, End.OPEN):
            return Answer.WAIT
        if self.on is On.ALWAYS:
            return Answer.MET
        if self.end is End.LEFT_OUT:
            return Answer.NEVER
        if self.on is On.SUCCESS:  # a failure may still be mended and run again, until it is too late for this run
            return Answer.MET if self.end is End.SUCCEEDED else Answer.WAIT
        return Answer.MET if self.end is End.FAILED else Answer.NEVER

    @property
    def sentence(self) -> str:
        """Why the run waits for this, or is left out because of it."""
        if self.end is End.GONE:
            return f"It runs after {self.what} {self.on.words}, and there is no {self.what} any more."
        if self.end is End.NONE:
            return f"It runs after {self.what} {self.on.words}, which has not run since this job was last due."
        if self.end is End.OPEN:
            return f"It runs after {self.what} {self.on.words}; run {self.run} of it is not over."
        if self.answer is Answer.NEVER:
            return f"It runs only after {self.what} {self.on.words}, and run {self.run} of it {_ENDED[self.end]}."
        return f"It runs after {self.what} {self.on.words}; run {self.run} of it {_ENDED[self.end]}."

    @property
    def cleared_by(self) -> str:
        """Who or what ends this waiting."""
        if self.end is End.GONE:
            return "A DBA changes what the job waits for, on its page."
        is_over = self.answer is Answer.NEVER
        return "Nothing: this run is left out." if is_over else "This clears by itself when that is so."


_ENDED = {
    End.SUCCEEDED: "succeeded",
    End.FAILED: "did not succeed",
    End.LEFT_OUT: "was cancelled or left out",
}


def unmet(upstreams: Sequence[Upstream]) -> tuple[Upstream, ...]:
    """Those that keep the run from starting."""
    return tuple(upstream for upstream in upstreams if upstream.answer is not Answer.MET)
