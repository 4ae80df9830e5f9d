"""The life of an announced maintenance: from its runs follows how far it is, and what its subscribers are told next. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

SOON = timedelta(minutes=5)  # what begins so soon is told when it begins
NEAR = timedelta(hours=1)  # so near what is kept back is no longer said to begin
MOVED = timedelta(minutes=15)  # another start
LONGER = timedelta(minutes=30)  # another end, if it is also half of what was told to be its length
TOGETHER = timedelta(minutes=30)  # with no longer a pause between them, two pieces of work are one maintenance
LONGEST = timedelta(hours=12)  # what is longer together is told apart

PLANNED, STARTED, VERIFYING, DONE, UNFINISHED, CANCELLED = (
    "planned", "started", "verifying", "done", "unfinished", "cancelled",
)  # fmt: skip
CHANGED, REMINDER, WITHDRAWN = "changed", "reminder", "withdrawn"
CLOSING = frozenset({DONE, UNFINISHED, CANCELLED, WITHDRAWN})


class Doing(StrEnum):
    """What becomes of one run, or of a due instant."""

    COMING = "coming"
    WORKING = "working"
    VERIFYING = "verifying"
    DONE = "done"
    BROKEN = "broken"  # it began, and not all of it was done
    MISSED = "missed"  # it was to begin, and could not
    GONE = "gone"  # it never began, and nobody wants it any more
    DROPPED = "dropped"  # whatever becomes of it, it is no maintenance of this system any more


_OPEN = frozenset({Doing.COMING, Doing.WORKING, Doing.VERIFYING})
_BEGUN = frozenset({Doing.WORKING, Doing.VERIFYING, Doing.DONE, Doing.BROKEN})


@dataclass(frozen=True, slots=True)
class Piece:
    """When it is expected to begin and to be over, or did and was; `ends_at` None = not known, `is_bound` = only the latest.

    `is_kept_back`: nothing starts there now, and nobody knows for how long.
    """

    doing: Doing
    starts_at: datetime
    ends_at: datetime | None
    is_kept_back: bool = False
    is_bound: bool = False


@dataclass(frozen=True, slots=True)
class Life:
    """A maintenance as its subscribers know it: see `models.Announcement`."""

    stage: str
    starts_at: datetime
    told_at: datetime | None = None
    told_starts_at: datetime | None = None
    told_ends_at: datetime | None = None
    reminded_at: datetime | None = None
    told_is_bound: bool = False


@dataclass(frozen=True, slots=True)
class Manners:
    """How long before its start a maintenance is told, and reminded of; no reminder where that is nothing."""

    ahead: timedelta
    reminder: timedelta


@dataclass(frozen=True, slots=True)
class Look:
    """How it stands. `tell` is what its subscribers are told of it now, empty = nothing."""

    stage: str
    starts_at: datetime
    ends_at: datetime | None
    tell: str = ""
    is_start_known: bool = True
    is_bound: bool = False  # its end is only the latest

    @property
    def is_over(self) -> bool:
        return self.stage in CLOSING


def look(life: Life, pieces: Sequence[Piece], moment: datetime, manners: Manners) -> Look:
    """What is to be said of a maintenance that is not over. Nobody who was told nothing is told of its end."""
    begun = [piece for piece in pieces if piece.doing in _BEGUN]
    open_ = [piece for piece in pieces if piece.doing in _OPEN]
    if not open_:
        return _ended(life, pieces, begun, moment)
    known = [(piece.ends_at, piece.is_bound) for piece in open_ if piece.ends_at is not None and piece.ends_at > moment]
    ends_at, is_bound = max(known) if len(known) == len(open_) else (None, False)  # an end that has passed is none
    if begun or life.stage != PLANNED:
        return replace(_under_way(life, begun, open_, ends_at, moment), is_bound=is_bound)
    is_kept_back = all(piece.is_kept_back for piece in open_)
    starts_at = min(piece.starts_at for piece in open_)
    return replace(_to_come(life, starts_at, ends_at, is_kept_back, moment, manners), is_bound=is_bound)


def _ended(life: Life, pieces: Sequence[Piece], begun: Sequence[Piece], moment: datetime) -> Look:
    if not begun and life.stage == PLANNED:
        is_dropped = any(piece.doing is Doing.DROPPED for piece in pieces)
        stage = WITHDRAWN if is_dropped else CANCELLED
        return Look(stage, life.starts_at, None, stage if life.told_at else "")
    is_whole = bool(begun) and not any(piece.doing in (Doing.BROKEN, Doing.MISSED) for piece in pieces)
    stage = DONE if is_whole else UNFINISHED
    starts_at = min((piece.starts_at for piece in begun), default=life.starts_at)
    ends_at = max((piece.ends_at or moment for piece in begun), default=moment)
    return Look(stage, starts_at, ends_at, stage if life.told_at else "")


def _under_way(
    life: Life, begun: Sequence[Piece], open_: Sequence[Piece], ends_at: datetime | None, moment: datetime
) -> Look:
    starts_at = min((piece.starts_at for piece in begun), default=life.starts_at)
    is_checked = life.stage == VERIFYING or all(piece.doing is Doing.VERIFYING for piece in open_)
    stage = VERIFYING if is_checked else STARTED
    if stage != life.stage:
        return Look(stage, starts_at, ends_at, stage)
    told = life.told_ends_at
    if told is None or stage == VERIFYING:
        return Look(stage, starts_at, ends_at)
    late = MOVED if life.told_is_bound else LONGER
    is_longer = moment > told + late or (ends_at is not None and _is_later(life, told, ends_at, starts_at))
    return Look(stage, starts_at, ends_at, CHANGED if is_longer else "")


def _to_come(
    life: Life, starts_at: datetime, ends_at: datetime | None, is_kept_back: bool, moment: datetime, manners: Manners
) -> Look:  # fmt: skip
    is_soon = starts_at <= moment + SOON
    if life.told_at is None:
        is_told = not is_soon and not is_kept_back and starts_at <= moment + manners.ahead
        return Look(PLANNED, starts_at, ends_at, PLANNED if is_told else "")
    told = life.told_starts_at
    is_stuck = is_kept_back and starts_at <= moment + max(manners.reminder, NEAR)
    if is_soon or is_stuck:
        # It was to begin, and does not, or will not: that is said once, and then when it begins after all.
        is_late = told is not None and (is_stuck or moment > told + MOVED)
        return Look(PLANNED, starts_at, ends_at, CHANGED if is_late else "", is_start_known=not is_late)
    if told is None or abs(starts_at - told) >= MOVED or _is_longer(life, starts_at, ends_at):
        return Look(PLANNED, starts_at, ends_at, CHANGED)
    is_due = life.reminded_at is None and bool(manners.reminder) and moment >= starts_at - manners.reminder
    was_told_before = life.told_at < starts_at - manners.reminder
    return Look(PLANNED, starts_at, ends_at, REMINDER if is_due and was_told_before else "")


def _is_longer(life: Life, starts_at: datetime, ends_at: datetime | None) -> bool:
    told = life.told_ends_at
    return told is not None and ends_at is not None and _is_later(life, told, ends_at, starts_at)


def _is_later(life: Life, told: datetime, ends_at: datetime, starts_at: datetime) -> bool:
    """An estimate may be missed by some time; what was told to be the latest may not."""
    return ends_at - told >= (MOVED if life.told_is_bound else max(LONGER, (told - starts_at) / 2))


def after(life: Life, found: Look, moment: datetime) -> Life:
    """The same maintenance after what was found is told."""
    if not found.tell:
        return replace(life, stage=found.stage, starts_at=found.starts_at)
    starts_at = found.starts_at if found.is_start_known else None
    told = starts_at, found.ends_at if found.is_start_known else None
    reminded = moment if found.tell == REMINDER else None if found.tell == CHANGED else life.reminded_at
    # Who heard of a change just now needs no reminder of the same
    told_at = moment if found.tell == CHANGED else life.told_at or moment
    return Life(found.stage, found.starts_at, told_at, *told, reminded, found.is_bound and told[1] is not None)


def is_one(starts_at: datetime, ends_at: datetime | None, piece: Piece) -> bool:
    """Whether a piece of work belongs to a maintenance from `starts_at` to `ends_at` (None = nobody knows)."""
    ends, piece_ends = ends_at or starts_at, piece.ends_at or piece.starts_at
    is_near = piece.starts_at <= ends + TOGETHER and piece_ends >= starts_at - TOGETHER
    return is_near and max(ends, piece_ends) - min(starts_at, piece.starts_at) <= LONGEST
