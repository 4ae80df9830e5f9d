"""The charts of a report as a document: drawings of reportlab's, from the same rows as the figures of the page."""

from __future__ import annotations

from collections.abc import Sequence

from reportlab.graphics.charts.barcharts import VerticalBarChart
from reportlab.graphics.charts.legends import Legend
from reportlab.graphics.charts.linecharts import HorizontalLineChart
from reportlab.graphics.shapes import Drawing
from reportlab.lib.colors import Color, HexColor, white

from monitoring.figures.report import OUTCOMES, outcomes, unit_of, worked
from monitoring.figures.theme import LIGHT
from monitoring.report_paper import INK, LINE, MUTED, PLAIN
from monitoring.report_rows import Piece

HEIGHT, BARS = 132, 88
SERIES = ("This period", "Period before")
_OUTCOMES = [HexColor(colour) for colour in LIGHT.outcomes]
_SERIES = [HexColor(colour) for colour in LIGHT.series[:2]]


def runs_chart(pieces: Sequence[Piece], width: float) -> Drawing:
    """Runs that ended, one bar each day or week, by how they ended."""
    columns = [list(column) for column in zip(*(outcomes(piece.runs) for piece in pieces), strict=True)]
    chart = _bars(pieces, columns, _OUTCOMES, width, max(max(piece.runs.total, piece.before.total) for piece in pieces))
    chart.categoryAxis.style = "stacked"
    failed = chart.bars[OUTCOMES.index("Failed")]
    failed.strokeColor, failed.strokeWidth = INK, 0.8  # told apart without colours, too
    line = _line(chart, [piece.before.total for piece in pieces])
    return _drawn(chart, [*OUTCOMES, "All, period before (dashed)"], [*_OUTCOMES, INK], width, line)


def worked_chart(pieces: Sequence[Piece], width: float) -> Drawing:
    """What was worked in the runs that ended, beside the period before, in the unit of the page."""
    both = worked(pieces)
    unit = unit_of(both)
    columns = [[ms / unit.ms for ms in column] for column in both]
    chart = _bars(pieces, columns, _SERIES, width, max(max(column) for column in columns))
    return _drawn(chart, [f"{name} ({unit.name})" for name in SERIES], _SERIES, width)


def _bars(
    pieces: Sequence[Piece], columns: Sequence[Sequence[float]], colours: Sequence[Color], width: float, highest: float
) -> VerticalBarChart:  # fmt: skip
    """The highest is that of a whole bar; the axis goes up to it in at most five whole steps."""
    chart = VerticalBarChart()
    chart.x, chart.y, chart.width, chart.height = 22, 16, width - 24, BARS
    chart.data = columns
    step = max(1, -(-len(pieces) // 10))
    chart.categoryAxis.categoryNames = [
        f"{piece.span.first.day} {piece.span.first:%b}" if n % step == 0 else "" for n, piece in enumerate(pieces)
    ]
    chart.categoryAxis.visibleTicks = 0
    chart.valueAxis.valueMin = 0
    chart.valueAxis.valueStep = max(1, int(-(-highest // 5)))
    chart.valueAxis.valueMax = max(1, int(-(-highest // chart.valueAxis.valueStep))) * chart.valueAxis.valueStep
    chart.valueAxis.labelTextFormat = "%d"
    for axis in (chart.categoryAxis, chart.valueAxis):
        axis.labels.fontName, axis.labels.fontSize, axis.labels.fillColor = PLAIN, 6.5, MUTED
        axis.strokeColor = LINE
    chart.valueAxis.visibleGrid, chart.valueAxis.gridStrokeColor = 1, LINE
    chart.barSpacing, chart.groupSpacing = 0, 2
    for n, colour in enumerate(colours):
        chart.bars[n].fillColor, chart.bars[n].strokeColor, chart.bars[n].strokeWidth = colour, white, 0.3
    return chart


def _line(chart: VerticalBarChart, values: Sequence[float]) -> HorizontalLineChart:
    """A dashed line over the bars, on their own axis."""
    line = HorizontalLineChart()
    line.x, line.y, line.width, line.height = chart.x, chart.y, chart.width, chart.height
    line.data = [list(values)]
    line.valueAxis.valueMin, line.valueAxis.valueMax = chart.valueAxis.valueMin, chart.valueAxis.valueMax
    line.categoryAxis.visible = line.valueAxis.visible = 0
    line.lines[0].strokeColor, line.lines[0].strokeWidth, line.lines[0].strokeDashArray = INK, 1, (2, 2)
    return line


def _drawn(
    chart: VerticalBarChart, names: Sequence[str], colours: Sequence[Color], width: float, line: HorizontalLineChart | None = None
) -> Drawing:  # fmt: skip
    legend = Legend()
    legend.x, legend.y, legend.boxAnchor = 22, HEIGHT - 2, "nw"
    legend.fontName, legend.fontSize, legend.fillColor = PLAIN, 7, INK
    legend.dx = legend.dy = 6
    legend.columnMaximum, legend.deltax, legend.alignment, legend.strokeWidth = 1, 92, "right", 0
    legend.colorNamePairs = list(zip(colours, names, strict=True))
    drawing = Drawing(width, HEIGHT)
    drawing.add(chart)
    if line is not None:
        drawing.add(line)
    drawing.add(legend)
    return drawing
