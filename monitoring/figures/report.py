"""The figures of a report: how runs ended and what was worked, day by day or week by week, beside the period before."""

from __future__ import annotations

from collections.abc import Sequence

from monitoring.figures.theme import UNITS, Figure, Unit, axis, count_axis, layout
from monitoring.figures.trends import HATCHED
from monitoring.report_rows import Piece, Report, Runs, in_hours

HEIGHT = 260
OUTCOMES = ("Succeeded", "Warning or continued", "Failed", "Cancelled or missed")


def outcomes(runs: Runs) -> tuple[int, int, int, int]:
    """In the order of OUTCOMES, which together are all that ended."""
    return runs.succeeded, runs.warning + runs.continued, runs.went_wrong, runs.cancelled + runs.missed


def runs_by_piece(pieces: Sequence[Piece]) -> Figure:
    """Runs that ended, one bar each day or week, failures hatched; a line of all that ended in the period before."""
    names = [piece.span.words for piece in pieces]
    data = [
        {
            "type": "bar",
            "name": label,
            "x": names,
            "y": [outcomes(piece.runs)[n] for piece in pieces],
            "marker": {"pattern": HATCHED} if n == 2 else {},
            "hovertemplate": "%{y}",
        }
        for n, label in enumerate(OUTCOMES)
    ]
    before = {
        "type": "scatter", "mode": "lines+markers", "name": "All, period before", "x": names,
        "y": [piece.before.total for piece in pieces], "line": {"width": 2, "dash": "dot"},
        "marker": {"size": 5, "symbol": "diamond-open"}, "hovertemplate": "%{y}",
    }  # fmt: skip
    highest = count_axis(max(piece.runs.total, piece.before.total) for piece in pieces)
    return {
        "data": [*data, before],
        "layout": layout("outcomes", HEIGHT, barmode="stack", bargap=0.2, xaxis=_across(pieces), yaxis=highest),
    }


def worked(pieces: Sequence[Piece]) -> list[list[int]]:
    """Milliseconds that workers worked in each piece of the period, and in each of the period before."""
    return [[runs.worked_ms for runs in each] for each in zip(*(piece[1:] for piece in pieces), strict=True)]


def unit_of(columns: Sequence[Sequence[int]]) -> Unit:
    """Hours, minutes or seconds, by what is the most of these milliseconds."""
    most = max(ms for column in columns for ms in column)
    return next((unit for unit in UNITS if unit.name in ("h", "min") and most >= 2 * unit.ms), UNITS[-2])


def worked_by_piece(pieces: Sequence[Piece]) -> Figure:
    """What workers worked in the runs that ended, and in those of the period before."""
    names = [piece.span.words for piece in pieces]
    both = worked(pieces)
    unit = unit_of(both)
    data = [
        {
            "type": "scatter", "mode": "lines+markers", "name": label, "x": names, "y": unit.values(list(map(float, column))),
            "customdata": list(map(in_hours, column)), "line": {"width": 2, "dash": dash}, "marker": {"size": 6},
            "hovertemplate": "%{customdata}",
        }
        for label, column, dash in zip(("This period", "Period before"), both, ("solid", "dot"), strict=True)
    ]  # fmt: skip
    vertical = axis(title={"text": unit.name, "standoff": 8}, rangemode="tozero", nticks=6)
    return {"data": data, "layout": layout("series", HEIGHT, xaxis=_across(pieces), yaxis=vertical)}


def _across(pieces: Sequence[Piece]) -> Figure:
    """One place each; where there are many, not all of them are named."""
    step = max(1, -(-len(pieces) // 6))
    shown = list(range(0, len(pieces), step))
    ticks = {
        "tickvals": [pieces[n].span.words for n in shown],
        "ticktext": [f"{pieces[n].span.first.day} {pieces[n].span.first:%b}" for n in shown],
    }
    return axis(type="category", showgrid=False, tickangle=0, **ticks)


# The same in words, for whoever does not see the figure.


def runs_in_words(report: Report) -> str:
    most = max(report.pieces, key=lambda piece: piece.runs.total)
    return (
        f"{report.runs.total:,} runs ended, {report.runs.went_wrong:,} of them failed; in the period before {report.before.total:,}, "
        f"of which {report.before.went_wrong:,} failed. The most in one {report.by}: {most.runs.total:,}, {most.span.words}."
    )


def worked_in_words(report: Report) -> str:
    return f"Workers worked {report.runs.worked} in the runs that ended; in the period before {report.before.worked}."
