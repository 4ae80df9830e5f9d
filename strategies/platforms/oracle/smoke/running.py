"""Tries items one after the other: none stops the others, and what they made is removed whatever happens."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from strategies.platforms.base import NotSupported, PlatformError
from strategies.platforms.oracle.smoke import ground
from strategies.platforms.oracle.smoke.items import Item, NotApplicable, Report, Result, State, Unexpected
from strategies.platforms.oracle.smoke.stage import Stage

STOPPED = "Stopped on request."


def trial(
    items: Sequence[Item], stage: Stage, *, stop: threading.Event, tell: Callable[[str], None] = lambda title: None
) -> Report:
    """Everything, or as much as there is time for until `stop` is set or Ctrl+C comes; `tell` gets the title of each item."""
    started_at, results, cut_short = _now(), list[Result](), ""
    try:
        cut_short = _why_not_begun(stage)
        for item in items if not cut_short else ():
            if stop.is_set():
                break
            if stage.refusal is not None:
                cut_short = f"The rest was not tried. {stage.refusal}"
                break
            tell(item.title)
            results.append(result_of(item, stage))
    except KeyboardInterrupt:
        stop.set()
    finally:
        stage.leave()
    return Report(
        address=stage.address.url, started_at=started_at, ended_at=_now(), database=stage.database, results=tuple(results),
        untried=tuple(item.name for item in items[len(results) :]), cut_short=STOPPED if stop.is_set() else cut_short,
        left=tuple(stage.left),
    )  # fmt: skip


def _why_not_begun(stage: Stage) -> str:
    try:
        reasons = ground.survey(stage)
    except PlatformError as refusal:
        reasons = [str(refusal)]
    return f"Nothing was tried. {' '.join(reasons)}" if reasons else ""


def result_of(item: Item, stage: Stage) -> Result:
    """What came of one item; its objects are removed, also after Ctrl+C. Raises KeyboardInterrupt."""
    started = time.monotonic()
    try:
        state, words = _tried(item, stage)
    except BaseException:
        stage.drop()  # in the middle of a call: nothing can be sent on it any more
        raise
    finally:
        stage.clear()
    return Result(item.name, item.section, item.title, state, words, round((time.monotonic() - started) * 1000))


def _tried(item: Item, stage: Stage) -> tuple[State, str]:
    try:
        with stage.session.at_work(limit_seconds=item.limit_seconds):
            return State.PASSED, item.run(stage)
    except (NotApplicable, NotSupported) as why:
        return State.NOT_APPLICABLE, str(why)
    except Unexpected as found:
        return State.FAILED, str(found)
    except PlatformError as refusal:
        stage.heard(refusal.error)
        return State.FAILED, str(refusal)
    except Exception as fault:  # of ours, or of the driver's: the others are tried all the same
        return State.FAILED, f"{type(fault).__name__}: {fault}"


def _now() -> datetime:
    return datetime.now(UTC)
