"""Reads what stands in a cell of the older tables, from a database or from a file: numbers, instants, flags and texts. Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

MOST = 9 * 10**17  # what the portal's own figures hold, with room to add some up
_YEARS = range(1900, 9999)  # so that no reader's zone leads out of the calendar
_FLAGS = {**dict.fromkeys(("Y", "YES", "TRUE", "T", "1"), True), **dict.fromkeys(("N", "NO", "FALSE", "F", "0"), False)}
_MONTHS = "JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC".split()
_ZONE = r"\s*(?P<zone>Z|UTC|GMT|[+-]\d{1,2}(?::?\d{2})?|[A-Z]+(?:/[A-Z_+\-0-9]+)+)?"
_SECONDS = r"(?P<second>\d{2})(?:[.,](?P<fraction>\d{1,9}))?"
_ISO = re.compile(
    rf"(?P<year>\d{{4}})-(?P<month>\d{{2}})-(?P<day>\d{{2}})(?:[T ]\s*(?P<hour>\d{{1,2}}):(?P<minute>\d{{2}})(?::{_SECONDS})?)?{_ZONE}"
)
_ORACLE = re.compile(
    rf"(?P<day>\d{{1,2}})-(?P<month>[A-Z]{{3}})-(?P<year>\d{{4}}|\d{{2}})"
    rf"(?:\s+(?P<hour>\d{{1,2}})[.:](?P<minute>\d{{2}})(?:[.:]{_SECONDS})?(?:\s*(?P<half>[AP]M))?)?{_ZONE}"
)


class RowRefused(ValueError):
    """A row that cannot be taken over. `column` is at fault; the text is a sentence."""

    def __init__(self, column: str, reason: str) -> None:
        super().__init__(reason)
        self.column = column


@dataclass(frozen=True, slots=True)
class Cells:
    """A row, with the zone that its instants are in where they name none. Each method raises RowRefused; None = nothing there."""

    values: Mapping[str, Any]
    zone: str = "UTC"

    def text(self, column: str) -> str | None:
        """Without the white space around it; NUL, which no text of ours can hold, is shown as replaced."""
        value = self.values.get(column)
        if isinstance(value, (bytes, memoryview)):
            raise RowRefused(column, "It holds bytes that are no text.")
        if isinstance(value, (datetime, date)):
            value = value.isoformat(sep=" ") if isinstance(value, datetime) else value.isoformat()
        text = "" if value is None else str(value).replace("\x00", "\N{REPLACEMENT CHARACTER}").strip()
        return text or None

    def word(self, column: str) -> str | None:
        """A text as a word in capitals, `in progress` as IN_PROGRESS."""
        text = self.text(column)
        return None if text is None else "_".join(text.upper().replace("-", " ").split())

    def needed(self, column: str) -> str:
        text = self.text(column)
        if text is None:
            raise RowRefused(column, "It is empty.")
        return text

    def whole(self, column: str) -> int | None:
        """A number without fraction."""
        number = self._number(column)
        if number is not None and number != number.to_integral_value():
            raise RowRefused(column, f"{_shown(self.values[column])} is no whole number.")
        return None if number is None else int(number)

    def figure(self, column: str) -> int | None:
        """A number that was measured, rounded; what is less than nothing was not measured."""
        number = self._number(column)
        if number is None or number < 0:
            return None
        return int(number.to_integral_value(ROUND_HALF_UP))

    def _number(self, column: str) -> Decimal | None:
        text = self.text(column)
        if text is None:
            return None
        try:
            number = Decimal(text)
        except InvalidOperation:
            number = Decimal("NaN")
        if not (number.is_finite() and re.fullmatch(r"[+-]?[\d.]+(?:[eE][+-]?\d{1,3})?", text)):
            raise RowRefused(column, f"{_shown(text)} is no number.")
        if abs(number) > MOST:
            raise RowRefused(column, f"{_shown(text)} is beyond what can be kept.")
        return number

    def flag(self, column: str, default: bool) -> bool:
        word = self.word(column)
        if word is None:
            return default
        if word not in _FLAGS:
            raise RowRefused(column, f"{_shown(word)} is neither Y nor N.")
        return _FLAGS[word]

    def instant(self, column: str) -> datetime | None:
        """In UTC."""
        value = self.values.get(column)
        if not isinstance(value, datetime):
            value = None if self.text(column) is None else _read(self.needed(column))
            if value is None and self.text(column) is not None:
                raise RowRefused(
                    column, f"{_shown(self.needed(column))} is no date and time like 2026-11-24 02:00:00 or 24-NOV-26 02.00.00 AM."
                )  # fmt: skip
        if value is None:
            return None
        try:
            moment = (value if value.tzinfo else value.replace(tzinfo=ZoneInfo(self.zone))).astimezone(UTC)
        except OverflowError:
            moment = None
        if moment is None or moment.year not in _YEARS:
            raise RowRefused(column, f"{_shown(str(value))} does not lie between 1900 and 9998.")
        return moment

    def plain(self, column: str) -> str | int | float | None:
        """As JSON has it: numbers as numbers where they are written as such, all else as text."""
        value = self.values.get(column)
        if isinstance(value, bool) or not isinstance(value, (int, float, Decimal, str)):
            return self.text(column)
        text = self.text(column)
        if text is None or not re.fullmatch(r"-?(?:0|[1-9]\d{0,14})(?:\.\d{1,9})?", text):
            return text
        number = Decimal(text)
        return int(number) if number == number.to_integral_value() else float(number)


def _read(text: str) -> datetime | None:
    """An instant as ISO 8601 or Oracle's own settings write it; None = neither."""
    upper = text.upper()
    match = _ISO.fullmatch(upper) or _ORACLE.fullmatch(upper)
    if match is None:
        return None
    part = match.groupdict()
    try:
        year, month = int(part["year"]), part["month"]
        if len(part["year"]) == 2:
            year += 2000 if year < 50 else 1900  # as Oracle's RR
        hour = int(part["hour"] or 0)
        if half := part.get("half"):
            if not 1 <= hour <= 12:
                return None
            hour = hour % 12 + (12 if half == "PM" else 0)
        return datetime(
            year, int(month) if month.isdecimal() else _MONTHS.index(month) + 1, int(part["day"]), hour, int(part["minute"] or 0),
            int(part["second"] or 0), int((part["fraction"] or "0").ljust(6, "0")[:6]), tzinfo=_zone(part["zone"]),
        )  # fmt: skip
    except ValueError:
        return None


def _zone(name: str | None) -> tzinfo | None:
    """Raises ValueError for one that is not known."""
    if name is None:
        return None
    if name in ("Z", "UTC", "GMT"):
        return UTC
    if match := re.fullmatch(r"([+-])(\d{1,2}):?(\d{2})?", name):
        minutes = int(match[2]) * 60 + int(match[3] or 0)
        return timezone(timedelta(minutes=-minutes if match[1] == "-" else minutes))
    try:
        return ZoneInfo("/".join("_".join(word.capitalize() for word in part.split("_")) for part in name.split("/")))
    except (KeyError, OSError):
        raise ValueError(name) from None


def _shown(value: object) -> str:
    """As much of a value as a sentence holds."""
    text = str(value) if not (isinstance(value, float) and math.isnan(value)) else "NaN"
    return f"“{text[:60]}{'…' if len(text) > 60 else ''}”"
