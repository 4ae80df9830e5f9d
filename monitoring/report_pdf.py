"""A report as a document to send and to file: PDF with its own fonts, numbered pages, and tables whose heads come again.

What the font has no shape for (it has those of Western European languages) is written as `?`, and the document says so.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from datetime import datetime
from html import escape
from typing import Any
from zoneinfo import ZoneInfo

from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.platypus import CondPageBreak, Flowable, KeepTogether, LongTable, Paragraph, SimpleDocTemplate, Spacer

from monitoring import report_words
from monitoring.figures.report import runs_in_words, worked_in_words
from monitoring.figures.theme import plain_title
from monitoring.report_charts import runs_chart, worked_chart
from monitoring.report_paper import (
    ALARM,
    CELL,
    H2,
    HEAD,
    HEAD_RIGHT,
    LINE,
    MARGIN,
    NOTE,
    PLAIN,
    RIGHT,
    TEXT,
    TITLE,
    WIDTH,
    Numbered,
    fonts,
)  # fmt: skip
from monitoring.report_rows import EndedRun, Question, Report, Said, Some, WindowUse, Work

LONGEST = 400  # characters of a text in a cell: the page and the file have all of it


def document(report: Report, reader: str) -> bytes:
    """The report for this reader, as the bytes of a file."""
    fonts()
    return _Document(report, reader).made()


class _Document:
    """Takes the report apart into what flows over pages; remembers whether a character had to be replaced."""

    def __init__(self, report: Report, reader: str) -> None:
        self._report, self._reader = report, reader
        self._known = pdfmetrics.getFont(PLAIN).face.charToGlyph
        self._is_replaced = False

    def made(self) -> bytes:
        report, file = self._report, io.BytesIO()
        parts = [part for section in self._sections() for each in section for part in _with_room(each)]
        if self._is_replaced:
            parts.append(self._text("? stands for characters that the font of this document does not have.", NOTE))
        title = self._safe(f"Maintenance report, {report.span.words}, {report.scope}")
        SimpleDocTemplate(
            file, pagesize=A4, title=title, author="Maintenance Portal", subject="What was done, missed and approved", lang="en-GB",
            leftMargin=MARGIN, rightMargin=MARGIN, topMargin=14 * mm, bottomMargin=17 * mm,
        ).build(parts, canvasmaker=Numbered)  # fmt: skip
        return file.getvalue()

    def _sections(self) -> Iterable[list[Flowable]]:
        report = self._report
        yield self._top()
        yield self._glasses()
        if report.runs.total or report.before.total:
            yield self._trend()
        yield self._done()
        yield self._ends("What was missed, and why", report.missed, "Nothing was missed.")
        yield self._ends("Failed or missed, not handled", report.unhandled, "All of it has been handled.")
        yield self._consents()
        yield self._errors()
        yield self._windows()
        yield [
            self._text("How it was counted", H2),
            *(self._text(f"• {note}", NOTE) for note in report_words.notes(report)),
        ]

    # The parts

    def _top(self) -> list[Flowable]:
        report = self._report
        about = f"{report.span.words} ({report.span.zone}) · {report.scope} · made for {self._reader}, {self._when(report.moment)}"
        short = (self._text(f"• {sentence}") for sentence in report_words.in_short(report))
        demo = [self._text(told, NOTE)] if (told := report_words.of_demo(report)) else []
        return [
            self._text("Maintenance report", TITLE),
            self._text(about, NOTE),
            *demo,
            self._text("In short", H2),
            *short,
        ]

    def _glasses(self) -> list[Flowable]:
        glasses = self._report.consents.glasses
        if not glasses.of:
            return []
        rows = [
            (f"{one.run} · {plain_title(one.strategy)}, {one.database}", self._when(one.used_at), f"{one.asked_by}, {one.second}",
             one.reason, " ".join(one.overrode))
            for one in glasses.rows
        ]  # fmt: skip
        heads = ("Run", "Started", "Asked by, agreed by", "Why", "Stood against it")
        table = self._table(heads, rows, (22, 16, 16, 20, 26))
        title = f"Break-glass: {report_words.counted(glasses.of, 'start')} against windows, freezes or holds"
        return [self._text(title, ALARM), table, *self._more(glasses)]

    def _trend(self) -> list[Flowable]:
        report = self._report
        title = self._text(f"Runs per {report.by}", H2)
        rows = [
            (piece.span.words, piece.runs.total, piece.runs.succeeded, piece.runs.went_wrong, piece.runs.missed,
             piece.runs.worked, piece.before.total, piece.before.went_wrong,
             piece.before.worked)
            for piece in report.pieces
        ]  # fmt: skip
        heads = (
            plain_title(report.by), "Runs", "Succeeded", "Failed", "Missed", "Time worked", "Runs before", "Failed before",
            "Worked before",
        )  # fmt: skip
        return [
            KeepTogether([title, runs_chart(report.pieces, WIDTH), self._text(runs_in_words(report), NOTE)]),
            KeepTogether(
                [
                    self._text(f"Time worked per {report.by}", H2),
                    worked_chart(report.pieces, WIDTH),
                    self._text(worked_in_words(report), NOTE),
                ]
            ),
            Spacer(0, 2 * mm),
            self._table(heads, rows, (20, 8, 12, 8, 8, 13, 8, 9, 14), numbers=range(1, 9)),
        ]

    def _done(self) -> list[Flowable]:
        report = self._report
        before = report.before.by_outcome
        rows = [
            (plain_title(name), f"{n:,}", f"{before[name]:,}", report_words.change(n, before[name]))
            for name, n in report.runs.by_outcome.items()
        ]
        total, earlier = report.runs.total, report.before.total
        rows.append(("All", f"{total:,}", f"{earlier:,}", report_words.change(total, earlier)))
        worked = (
            f"Time worked: {report.runs.worked}. Operations: {report.operations:,}. "
            f"Objects worked on: {report.objects:,}."
        )
        return [
            KeepTogether([
                self._text("What was done", H2),
                self._table(("Ended", "Runs", "Period before", "Change"), rows, (40, 20, 20, 20), numbers=range(1, 4)),
                self._text(worked),
            ]),
            self._text("By strategy", H2),
            self._works("Strategy", [work._replace(name=plain_title(work.name)) for work in report.strategies]),
            self._text("By database", H2),
            self._works("Database", report.databases.rows),
            *self._more(report.databases),
        ]  # fmt: skip

    def _works(self, what: str, works: Sequence[Work]) -> Flowable:
        rows = [
            (work.name, runs.total, runs.succeeded, runs.warning, runs.continued, runs.went_wrong, runs.missed, runs.cancelled,
             runs.worked, work.operations, work.objects)
            for work in works
            for runs in (work.runs,)
        ]  # fmt: skip
        heads = (
            what, "Runs", "Succ.", "Warn.", "Cont.", "Failed", "Missed", "Canc.", "Time worked", "Oper.", "Objects",
        )  # fmt: skip
        return self._table(heads, rows, (23, 7, 7, 7, 7, 7.5, 8, 7, 11.5, 7, 8), numbers=range(1, 11), none="Nothing.")

    def _ends(self, title: str, found: Some[EndedRun], none: str) -> list[Flowable]:
        rows = [
            (
                f"{run.pk} · {plain_title(run.strategy)}, {run.database}",
                plain_title(run.status),
                self._when(run.finished_at),
                run.why,
            )
            for run in found.rows
        ]
        count = f" ({found.of:,})" if found.of else ""
        table = self._table(("Run", "Ended", "When", "Why"), rows, (28, 11, 16, 45), none=none)
        return [self._text(f"{title}{count}", H2), table, *self._more(found)]

    def _consents(self) -> list[Flowable]:
        said = self._report.consents
        counts = (
            f"Approvals given: {said.given.of:,}. Sent back: {said.sent_back.of:,}. Expired without an answer: {said.expired.of:,}. "
            f"Runs on a standing approval: {said.standing.of:,}. Break-glass used: {said.glasses.of:,}."
        )
        found = [self._text("Approved by whom", H2), self._text(counts)]
        for title, words in (("Given for", said.given), ("Sent back for", said.sent_back)):
            found += self._words(title, words)
        for title, questions in (("Expired for", said.expired), ("On a standing approval", said.standing)):
            found += self._questions(title, questions)
        return found

    def _words(self, title: str, words: Some[Said]) -> list[Flowable]:
        rows = [
            (f"Run {one.run} · {plain_title(one.strategy)}, {one.database}",
             f"{one.who} for {one.instead_of}" if one.instead_of else one.who, self._when(one.at),
             f"{one.level} of {one.levels}", one.comment)
            for one in words.rows
        ]  # fmt: skip
        heads = (title, "By", "When", "Level", "Said")
        return [Spacer(0, 2 * mm), self._table(heads, rows, (32, 15, 16, 7, 30)), *self._more(words)] if rows else []

    def _questions(self, title: str, questions: Some[Question]) -> list[Flowable]:
        rows = [
            (f"Run {one.run} · {plain_title(one.strategy)}, {one.database}", self._when(one.at), one.who or "–")
            for one in questions.rows
        ]
        if any(one.who for one in questions.rows):
            table = self._table((title, "When", "Granted ahead by"), rows, (50, 20, 30))
        else:
            table = self._table((title, "When"), [row[:2] for row in rows], (50, 50))
        return [Spacer(0, 2 * mm), table, *self._more(questions)] if rows else []

    def _errors(self) -> list[Flowable]:
        errors = self._report.errors
        rows = [
            (
                f"{one.code or 'No code'}: {one.shape}",
                one.n,
                ", ".join(one.databases[:5]),
                one.cause or "not known here",
            )
            for one in errors.rows
        ]
        groups = f"; {report_words.counted(errors.of, 'group')} that look alike" if errors.of else ""
        title = self._text(f"Errors ({self._report.error_count:,}{groups})", H2)
        heads = ("Error", "Times", "Databases", "Known cause")
        table = self._table(heads, rows, (36, 7, 19, 38), numbers=(1,), none="No operation failed.")
        return [title, table, *self._more(errors)]

    def _windows(self) -> list[Flowable]:
        rows = [self._window(use) for use in self._report.windows]
        heads = ("Window", "Slots", "Minutes open", "Runs", "Time worked", "Of the time open", "Ended after it")
        none = f"No window holds for {self._report.scope}."
        table = self._table(heads, rows, (36, 8, 12, 8, 14, 11, 11), numbers=range(1, 7), none=none)
        return [self._text("Use of windows", H2), table]

    def _window(self, use: WindowUse) -> tuple[Any, ...]:
        changed = f"; changed {self._when(use.changed_at)}" if use.changed_at else ""
        name = f"{use.name} ({use.where}{changed})" if use.where else use.name
        unknown = "not measured" if use.key else "–"
        measured = (unknown if value is None else value for value in (use.slots, use.open_minutes))
        share = report_words.use_of(use) or "–"
        return (name, *measured, use.runs, use.worked, share, use.late)

    # What they are made of

    def _table(
        self, heads: Sequence[str], rows: Sequence[Sequence[Any]], widths: Sequence[float], numbers: Iterable[int] = (), none: str = ""
    ) -> Flowable:  # fmt: skip
        """Widths in parts of a hundred of the page; `numbers` are the columns that stand at the right."""
        if not rows:
            return self._text(none)
        right = set(numbers)
        head = [self._text(one, HEAD_RIGHT if n in right else HEAD) for n, one in enumerate(heads)]
        cells = [[self._text(_figure(one), RIGHT if n in right else CELL) for n, one in enumerate(row)] for row in rows]
        table = LongTable([head, *cells], colWidths=[WIDTH * part / sum(widths) for part in widths], repeatRows=1)
        table.setStyle([
            ("VALIGN", (0, 0), (-1, -1), "TOP"), ("LINEBELOW", (0, 0), (-1, -1), 0.4, LINE), ("LEFTPADDING", (0, 0), (-1, -1), 2),
            ("RIGHTPADDING", (0, 0), (-1, -1), 3), ("TOPPADDING", (0, 0), (-1, -1), 2), ("BOTTOMPADDING", (0, 0), (-1, -1), 2.5),
        ])  # fmt: skip
        return table

    def _more(self, found: Some[Any]) -> list[Flowable]:
        return [self._text(f"And {found.more:,} more, in the CSV file.", NOTE)] if found.more > 0 else []

    def _text(self, text: str, style: ParagraphStyle = TEXT) -> Paragraph:
        return Paragraph(escape(self._safe(text), quote=False), style)

    def _safe(self, text: str) -> str:
        """One line of what the font has, not too long; what it lacks as `?`."""
        line = " ".join(text.split())
        line = line if len(line) <= LONGEST else f"{line[: LONGEST - 1]}…"
        kept = "".join(one if ord(one) in self._known else "?" for one in line)
        self._is_replaced = self._is_replaced or kept != line
        return kept

    def _when(self, moment: datetime) -> str:
        local = moment.astimezone(ZoneInfo(self._report.span.zone))
        return f"{local.day} {local:%b %Y, %H:%M}"


def _with_room(part: Flowable) -> list[Flowable]:
    """No heading is the last line of a page."""
    is_heading = isinstance(part, Paragraph) and part.style in (H2, ALARM)
    return [CondPageBreak(28 * mm), part] if is_heading else [part]


def _figure(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)
