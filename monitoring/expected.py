"""When work that waits is expected to begin, by when it is likely to be done, and whether it may go on for so long: pure.

It begins as soon as windows and freezes let it; that runs wait for each other, or for people, is not foreseen here.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from strategies.occurrences import Slot
from strategies.predictions import first_within, is_longer


@dataclass(frozen=True, slots=True)
class Work:
    """`p90_ms` is what all of it stays within 9 of 10 times, `firsts_ms` (predictions.Prediction.firsts_p90_ms) what it may begin with;
    None = not known.

    It begins at `not_before` or later, and at `start_before` at the latest; None = it has no bound.
    """

    not_before: datetime
    start_before: datetime | None = None
    p50_ms: int | None = None
    p90_ms: int | None = None
    firsts_ms: tuple[int | None, ...] = ()

    @classmethod
    def predicted(
        cls, prediction: Mapping[str, Any] | None, not_before: datetime, start_before: datetime | None = None
    ) -> Work:
        """`prediction` as a run keeps it, see predictions.Prediction; what cannot be read is not known."""
        known = prediction if isinstance(prediction, Mapping) else {}
        p50, p90 = (_ms(known.get(name)) for name in ("p50_ms", "p90_ms"))
        firsts = known.get("firsts_p90_ms")
        return cls(not_before, start_before, p50, p90, tuple(map(_ms, firsts)) if isinstance(firsts, list) else ())

    @property
    def length(self) -> timedelta | None:
        return None if self.p90_ms is None else timedelta(milliseconds=self.p90_ms)


def _ms(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**12 else None


@dataclass(frozen=True, slots=True)
class Room:
    """What a database has for work: `free` pieces of time in which it may begin, joined and in order; `slots` of its windows, empty
    where none covers it; `freezes` the starts of freezes, ascending.
    """

    free: Sequence[Slot]
    slots: Sequence[Slot] = ()
    freezes: Sequence[datetime] = ()

    def shuts_at(self, start: datetime) -> datetime | None:
        """When what begins then has to stop: where its window closes or a freeze begins. None = nothing stops it."""
        slot, freezes_at = self._slot(start), self._freezes_at(start)
        ends = [slot.ends_at if slot else None, freezes_at]
        return min((end for end in ends if end is not None), default=None)

    def lets_begin(self, work: Work, start: datetime) -> bool:
        """Whether what it begins with fits before its window closes and a freeze begins, as gate_windows judges it."""
        slot, freezes_at = self._slot(start), self._freezes_at(start)
        if slot is not None:
            takes_ms = first_within(work.firsts_ms, slot.ends_at - slot.starts_at)
            if is_longer(takes_ms, slot.ends_at - start):
                return False
        return freezes_at is None or not work.firsts_ms or not is_longer(work.firsts_ms[0], freezes_at - start)

    def _slot(self, start: datetime) -> Slot | None:
        """The slot in which what begins then is, of several the one that closes last."""
        return max((slot for slot in self.slots if start in slot), key=lambda slot: slot.ends_at, default=None)

    def _freezes_at(self, start: datetime) -> datetime | None:
        place = bisect_right(self.freezes, start)
        return self.freezes[place] if place < len(self.freezes) else None

    def starts(self, since: datetime) -> Iterator[datetime]:
        """When something might begin, ascending: at once, and whenever more time opens."""
        opens = sorted({slot.starts_at for slot in self.slots})
        for piece in self.free:
            if since < piece.ends_at:
                first = max(since, piece.starts_at)
                yield first
                yield from (at for at in opens if first < at < piece.ends_at)


@dataclass(frozen=True, slots=True)
class Expected:
    """`ends_at`: 9 of 10 such runs were done by then; None = not known. `shuts_at`: it has to stop then; None = nothing stops it."""

    starts_at: datetime
    ends_at: datetime | None
    shuts_at: datetime | None


def expected(work: Work, room: Room, moment: datetime) -> Expected | None:
    """The first start into which what the work begins with fits, as the gate would judge it. None = there is none in this room."""
    for start in room.starts(max(work.not_before, moment)):
        if room.lets_begin(work, start):
            return Expected(start, None if work.length is None else start + work.length, room.shuts_at(start))
    return None


def at_work(work: Work, worked_ms: int, shuts_at: datetime | None, moment: datetime) -> Expected:
    """Of work on which so much time was spent by `moment`; past what it usually takes, nobody knows when it ends."""
    left = None if work.p90_ms is None else work.p90_ms - worked_ms
    ends_at = None if left is None or left < 0 else moment + timedelta(milliseconds=left)
    return Expected(work.not_before, ends_at, shuts_at)


def warning(work: Work, found: Expected | None, until: datetime, zone: str) -> str:
    """What will not go well, as a sentence with the times of this zone; empty = nothing is known to stand in its way."""
    bound = work.start_before
    if bound is not None and (found.starts_at > bound if found else bound <= until):
        later = f"before {_at(found.starts_at, zone)}" if found else "by then"
        return f"It is to start by {_at(bound, zone)}, and nothing is free for it {later}: it would be missed."
    if found is None:
        return f"Nothing is free for it until {_at(until, zone)}."
    if found.ends_at is not None and found.shuts_at is not None and found.ends_at > found.shuts_at:
        return (
            f"9 of 10 times it is done by {_at(found.ends_at, zone)}, and its window closes, or a freeze begins, "
            f"{_at(found.shuts_at, zone)}: what is left then goes on later."
        )
    return ""


def _at(moment: datetime, zone: str) -> str:
    local = moment.astimezone(ZoneInfo(zone))
    return f"{local:%a} {local.day} {local:%b %H:%M}"
