"""How large a table would be if it were written anew, estimated from the statistics of its columns. Pure.

The layout is PostgreSQL's (https://www.postgresql.org/docs/current/storage-page-layout.html): pages of 8 kB with a header of
24 bytes, rows with a header of 23 bytes, a bitmap where a column is NULL, columns that begin at multiples of their
alignment, and a pointer of 4 bytes to each row. Values that are kept in the table's TOAST table are no part of it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

_PAGE, _PAGE_HEADER = 8192, 24
_ROW_HEADER, _ROW_POINTER, _ALIGNMENT = 23, 4, 8
_SHORT = 126  # bytes; varying values up to this have a header of one byte, and begin anywhere


def expected_bytes(row: Mapping[str, Any]) -> int:
    """Bytes of the table just after a rewrite, from a trusted row of `table_widths.sql`."""
    bitmap = math.ceil(row["bitmap_columns"] / 8) if row["has_nulls"] else 0
    size = math.ceil((_ROW_HEADER + bitmap) / _ALIGNMENT) * _ALIGNMENT + content_bytes(row["layout"]) + _ROW_POINTER
    a_page = max(1, math.floor((_PAGE - _PAGE_HEADER) * row["fillfactor"] / 100 / size))
    return int(math.ceil(max(row["known_rows"], 0) / a_page) * _PAGE)


def content_bytes(layout: Sequence[Sequence[float]]) -> float:
    """Average bytes of the columns of a row, with what aligns them and the row that follows.

    Each column is its length (-1 = varying), its alignment, its average width, and the share of NULL. Where a column begins
    is known as a remainder of `known`, a power of two; beyond that every remainder is as likely.
    """
    total, at, known = 0.0, 0, _ALIGNMENT
    for length, alignment, width, nulls in layout:
        is_fixed, present = length > 0, 1 - nulls
        if not present:
            continue
        if alignment > 1 and (is_fixed or width > _SHORT):
            step = min(int(alignment), known)
            padding = -at % step
            total += (padding + (alignment - step) / 2) * present
            at, known = (at + padding, known) if alignment <= known else (0, int(alignment))
        total += (length if is_fixed else width) * present
        at = (at + int(length)) % known if is_fixed else at
        if not is_fixed or 0 < nulls < 1:
            at, known = 0, 1
    return total + -at % known + (_ALIGNMENT - known) / 2


def distrust(row: Mapping[str, Any], stale_percent: float) -> str | None:
    """Why no estimate can be made from this row of `table_widths.sql`, or None where it can."""
    if row["known_rows"] < 0:
        return "never analysed"
    if row["known_columns"] < row["columns"]:
        return "without visible column statistics"
    if row["changed_rows"] > max(row["known_rows"], 1) * stale_percent / 100:
        return "with stale statistics"
    return None


def measured_bytes(row: Mapping[str, Any], fillfactor: int) -> int:
    """Bytes after a rewrite by a row of `table_free_space.sql`; what the fill factor keeps free is free again afterwards."""
    kept = row["size_bytes"] * (100 - fillfactor) / 100
    return max(0, int(row["size_bytes"] - row["dead_bytes"] - max(0.0, row["free_bytes"] - kept)))
