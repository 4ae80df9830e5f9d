"""How commands write what they know: one JSON object for programs, plain tables and sentences for people."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from django.utils import timezone

NOT_MEASURED = "not measured"
WIDEST = 60  # characters of a cell; the whole text is in the JSON form


def as_json(value: Any) -> str:
    """One object, in ASCII, so that it survives any terminal and locale."""
    return json.dumps(value, indent=2, default=_plain_value)


def _plain_value(value: Any) -> Any:
    return utc(value) if isinstance(value, datetime) else str(value)


def utc(moment: datetime | None) -> str | None:
    """ISO 8601 in UTC, with milliseconds."""
    return None if moment is None else moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def local(moment: datetime | None) -> str:
    """In the portal's own zone, to the second."""
    return "" if moment is None else timezone.localtime(moment).strftime("%Y-%m-%d %H:%M:%S %Z")


def duration(milliseconds: int | None) -> str:
    if milliseconds is None:
        return ""
    if milliseconds < 1000:
        return f"{milliseconds} ms"
    if milliseconds < 60_000:
        return f"{milliseconds / 1000:.1f} s"
    minutes, seconds = divmod(milliseconds // 1000, 60)
    return f"{minutes} min {seconds:02} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02} min"


def measured(value: object) -> str:
    return NOT_MEASURED if value is None else f"{value:,}" if isinstance(value, int) else str(value)


def printable(text: str) -> str:
    """Text on one line, with what would steer the terminal written out: names of objects come from other people."""
    return "".join(character if character.isprintable() else _escaped(character) for character in text)


def _escaped(character: str) -> str:
    return " " if character in "\r\n\t" else character.encode("unicode_escape").decode()


def table(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """The lines of a table: columns as wide as their widest cell, none beyond `WIDEST` but the last."""
    cells = [[printable(cell) for cell in row] for row in rows]
    cells = [[*(_clipped(cell) for cell in row[:-1]), row[-1]] for row in cells]
    widths = [max(map(len, column)) for column in zip(headers, *cells, strict=True)]
    for row in (headers, *cells):
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def _clipped(cell: str) -> str:
    return cell if len(cell) <= WIDEST else cell[: WIDEST - 3] + "..."
