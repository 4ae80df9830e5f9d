"""A report in a few plain sentences, for those who read no further. Pure."""

from __future__ import annotations

from monitoring.report_rows import Report, Runs, WindowUse

_NO_PAST = "In the {days} before, none ended."


def days(n: int) -> str:
    return "1 day" if n == 1 else f"{n} days"


def counted(n: int, one: str, many: str = "") -> str:
    """`1 run`, `1,204 runs`."""
    return f"{n:,} {one if n == 1 else many or f'{one}s'}"


def in_short(report: Report) -> list[str]:
    """How many ended and how, against as many days before; what was worked; what people said; what is left to be done."""
    found = [_ended(report.runs), _before(report)]
    if report.runs.measured or report.operations:
        found.append(
            f"Workers worked {report.runs.worked} in these runs; {counted(report.operations, 'operation')} began, "
            f"and did their work on {counted(report.objects, 'object')}."
        )
    found.append(_said(report))
    if report.consents.glasses.of:
        found.append(
            f"Break-glass was used {_times(report.consents.glasses.of)}: work began against windows, freezes or holds."
        )
    left = report.unhandled.of
    if left:
        found.append(
            f"{counted(left, 'failed or missed run')} of this time {'has' if left == 1 else 'have'} not been handled yet."
        )
    return [sentence for sentence in found if sentence]


def _ended(runs: Runs) -> str:
    if not runs.total:
        return "No maintenance ended."
    parts = [f"{runs.succeeded:,} as {'it' if runs.succeeded == 1 else 'they'} should"]
    for n, words in (
        (runs.warning, "with a warning"),
        (runs.continued, "to go on in the next window"),
        (runs.went_wrong, "failed"),
        (runs.missed, "missed (not started in time)"),
        (runs.cancelled, "cancelled"),
    ):
        if n:
            parts.append(f"{n:,} {words}")
    return f"{counted(runs.total, 'maintenance run')} ended: {', '.join(parts)}."


def _before(report: Report) -> str:
    earlier, length = report.before, days(report.span.length)
    if not earlier.total:
        return _NO_PAST.format(days=length)
    return (
        f"In the {length} before, {counted(earlier.total, 'run')} ended: {earlier.succeeded:,} as they should, "
        f"{earlier.went_wrong:,} failed, {earlier.missed:,} missed."
    )


def _said(report: Report) -> str:
    said = report.consents
    parts = [
        counted(n, one, many)
        for n, one, many in (
            (said.given.of, "approval was given", "approvals were given"),
            (said.sent_back.of, "was sent back", "were sent back"),
            (said.expired.of, "expired without an answer", "expired without an answer"),
            (said.standing.of, "run used a standing approval", "runs used a standing approval"),
        )
        if n
    ]
    return f"{', '.join(parts)}." if parts else ""


def _times(n: int) -> str:
    return "once" if n == 1 else f"{n:,} times"


def change(now: int, before: int) -> str:
    """`+3`, `−2`, `as many`."""
    return "as many" if now == before else f"{'+' if now > before else '−'}{abs(now - before):,}"


def use_of(window: WindowUse) -> str:
    """How much of the time that a window was open was worked, in per cent; empty where it cannot be said."""
    return "" if window.share is None else f"{window.share * 100:.0f} %"


def of_demo(report: Report) -> str:
    """What whoever reads it has to know first; empty where nothing in it was invented."""
    return "The invented past of the demo is among them." if report.has_demo else ""


def notes(report: Report) -> list[str]:
    """What the numbers count, and what they cannot tell."""
    found = [
        f"Days are those of the clock in {report.span.zone}, whole ones; today counts so far.",
        "Runs are those that ended in these days, whenever they began; time worked is theirs, without pauses. A run that is still open "
        "is in no number.",
        "Failed: failed, timed out, lost or rolled back. A run that goes on in the next window ended as continued.",
        "Operations and errors are those that began in these days. Objects are different ones on which an operation did its work, "
        "with or without a warning.",
        "Standing approvals count by when a run took one, also where it carries on what had been approved.",
        "Slots of windows are those of their rules today, with what was extended or closed early, up to now; freezes within them are "
        "not taken off. Time worked of a window is that of the runs that began in it, also what they worked after its end. Rules that "
        "a window had before, and windows that were removed, are not kept: what began in those stands below as outside of windows.",
    ]
    if report.pruned_before is not None:
        found.append(
            f"Rows of the operation log from before {report.pruned_before.day} {report.pruned_before:%b %Y} may have been deleted by "
            "its rule for keeping them: operations, objects and errors of those days count what is left."
        )
    return found
