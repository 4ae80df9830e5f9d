"""Cells of files that spreadsheets open and cannot run."""

from __future__ import annotations

from datetime import datetime
from typing import Any


def cell(value: Any) -> Any:
    """As text. A text that a spreadsheet would take for a formula is marked as text; instants are UTC."""
    if isinstance(value, datetime):
        return value.isoformat(timespec="milliseconds")
    if isinstance(value, float):
        return f"{value:.10g}"
    if value is None or isinstance(value, int):
        return value
    text = str(value)
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text
