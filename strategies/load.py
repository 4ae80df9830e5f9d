"""How busy a database is, and whether work of ours may go on beside it: at its pace, with rests, or not now. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

SLOW_FROM = 0.8  # of the limit


@dataclass(frozen=True, slots=True)
class Load:
    """What others do on a database at one moment: `figure` is what a limit is compared with, `words` tell it to people."""

    figure: float
    words: str


class Pace(StrEnum):
    """How steps follow each other."""

    GO = "go"
    SLOW = "slow"  # after each step a rest as long as the step was
    PAUSE = "pause"


def decide(load: Load, limit: float | None) -> Pace:
    """`limit` None = there is none. At the limit there is still room for nobody else, so only above it the work pauses."""
    if limit is None:
        return Pace.GO
    if load.figure > limit:
        return Pace.PAUSE
    return Pace.SLOW if load.figure >= SLOW_FROM * limit else Pace.GO


def busy(load: Load, limit: float) -> str:
    """As in “busy (14 active sessions, limit 10)”."""
    return f"busy ({load.words}, limit {limit:g})"
