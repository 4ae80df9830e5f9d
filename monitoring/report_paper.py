"""The paper on which a report is printed as a document: its fonts, styles, and pages that say of how many they are one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import reportlab
from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

from monitoring.figures.theme import LIGHT

PLAIN, BOLD = "Vera", "VeraBd"
INK, MUTED, LINE, RED = HexColor(LIGHT.ink), HexColor(LIGHT.muted), HexColor(LIGHT.line), HexColor("#b3261e")
MARGIN = 16 * mm
WIDTH = A4[0] - 2 * MARGIN - 12  # a frame has a padding of 6 points on each side
TEXT = ParagraphStyle("text", fontName=PLAIN, fontSize=8.5, leading=11.5, textColor=INK)
CELL = ParagraphStyle("cell", parent=TEXT, fontSize=7.5, leading=9.5, splitLongWords=1)
RIGHT = ParagraphStyle("right", parent=CELL, alignment=2)
HEAD = ParagraphStyle("head", parent=CELL, fontName=BOLD, textColor=MUTED)
HEAD_RIGHT = ParagraphStyle("head right", parent=HEAD, alignment=2)
NOTE = ParagraphStyle("note", parent=CELL, textColor=MUTED)
TITLE = ParagraphStyle("title", parent=TEXT, fontName=BOLD, fontSize=16, leading=20)
H2 = ParagraphStyle("h2", parent=TEXT, fontName=BOLD, fontSize=11, leading=14, spaceBefore=10, spaceAfter=3)
ALARM = ParagraphStyle("alarm", parent=H2, textColor=RED)


def fonts() -> None:
    """The fonts that reportlab brings along; they are embedded, as far as they are used."""
    folder = Path(reportlab.__file__).parent / "fonts"
    for name in (PLAIN, BOLD):
        if name not in pdfmetrics.getRegisteredFontNames():
            pdfmetrics.registerFont(TTFont(name, str(folder / f"{name}.ttf")))


class Numbered(Canvas):  # type: ignore[misc]
    """Pages that say of how many they are one: they are kept until the last is known."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._pages: list[dict[str, Any]] = []

    def showPage(self) -> None:  # noqa: N802 (a method of reportlab's)
        self._pages.append(dict(self.__dict__))
        self._startPage()

    def save(self) -> None:
        for number, page in enumerate(self._pages, 1):
            self.__dict__.update(page)
            self.setFont(PLAIN, 7)
            self.setFillColor(MUTED)
            self.drawString(MARGIN, 9 * mm, self._doc.info.title[:110])
            self.drawRightString(A4[0] - MARGIN, 9 * mm, f"Page {number} of {len(self._pages)}")
            super().showPage()
        super().save()
