"""What windows and freezes say to a start: in which window it would be, whether it fits there, or why there is none. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from strategies.gate_values import FREEZE, NO_FIT, WINDOW, GateFacts, Predicted, Reason
from strategies.predictions import first_within, is_longer
from strategies.sentences import instant, sentences, span
from strategies.windows import Opening


def of_freezes(facts: GateFacts) -> list[Reason]:
    """Each freeze in force, for what changes data."""
    if not facts.changes_data:
        return []
    return [
        Reason(
            FREEZE,
            sentences(
                f"{facts.target} is frozen by {freeze.name} of the calendar {freeze.calendar}"
                f"{f' until {instant(freeze.until)}' if freeze.until else ', whose end cannot be read'}",
                freeze.reason,
            ),
            f"This clears by itself at its end; {freeze.owner} owns the calendar and may lift it."
            if freeze.until
            else f"{freeze.owner} owns the calendar and corrects or lifts it.",
        )
        for freeze in facts.calendar.freezes
    ]


def of_windows(facts: GateFacts, moment: datetime) -> tuple[Opening | None, list[Reason]]:
    """The window in which the run would start, if it needs one, or why there is none."""
    calendar = facts.calendar
    if not facts.changes_data:
        return None, []
    if not calendar.is_covered:
        return None, _no_fit_before_freeze(facts, moment)
    if not calendar.openings:
        return None, [_closed(facts.target, calendar.opens_next)]
    with_room = (opening for opening, running in calendar.openings if not opening.is_full(running))
    opening = next(with_room, None)
    if opening is None:
        return None, [_full(opening, running) for opening, running in calendar.openings]
    return opening, _no_fit(facts.predicted, opening, moment) or _no_fit_before_freeze(facts, moment)


def _closed(target: str, opens_next: Opening | None) -> Reason:
    if opens_next is None:
        return Reason(
            WINDOW,
            f"{target} is worked on in its windows only, and none of them opens again.",
            "The owner of a window gives it further times.",
        )
    window = opens_next.window
    return Reason(
        WINDOW,
        f"{target} is worked on in its windows only; the next, {window.name}, opens {window.on_its_clock(opens_next.slot.starts_at)}.",
        "This clears by itself when the window opens.",
    )


def _full(opening: Opening, running: int) -> Reason:
    window = opening.window
    return Reason(
        "window_full",
        f"{running} of {window.capacity} runs are at work in the window {window.name}.",
        "This clears by itself when one of them ends; the owner of the window may raise its capacity.",
    )


def _no_fit(predicted: Predicted, opening: Opening, moment: datetime) -> list[Reason]:
    """What is not known to take longer may start: it is stopped at the end of the window all the same."""
    left, length = opening.slot.ends_at - moment, opening.slot.ends_at - opening.slot.starts_at
    takes_ms = first_within(predicted.firsts_ms, length)
    if takes_ms is None or not is_longer(takes_ms, left):
        return []
    takes = f"9 of 10 times its first step took up to {span(timedelta(milliseconds=takes_ms))}"
    if is_longer(takes_ms, length):
        return [
            Reason(
                NO_FIT,
                f"{takes}, and the whole window {opening.window.name} has {span(length)}.",
                "The owner of the window makes it longer, or two people let it start all the same.",
            )
        ]
    return [
        Reason(
            NO_FIT,
            f"{takes}, and the window {opening.window.name} closes in {span(left)}.",
            "This clears by itself when the next window opens; until then the window may be extended.",
        )
    ]


def _no_fit_before_freeze(facts: GateFacts, moment: datetime) -> list[Reason]:
    freezes_at, firsts = facts.calendar.freezes_at, facts.predicted.firsts_ms
    if freezes_at is None or not firsts or firsts[0] is None or not is_longer(firsts[0], freezes_at - moment):
        return []
    takes, left = span(timedelta(milliseconds=firsts[0])), span(freezes_at - moment)
    return [
        Reason(
            NO_FIT,
            f"9 of 10 times its first step took up to {takes}, and {facts.target} is frozen in {left}.",
            "This clears by itself when the freeze is over.",
        )
    ]
