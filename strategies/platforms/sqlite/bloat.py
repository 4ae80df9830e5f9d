"""How large an index would be if it were built anew, computed from its pages as they are, without reading the table."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

MEGABYTE = 1024 * 1024

_LEAF_HEADER = 8  # bytes; SQLite file format, B-tree page header
_INNER_HEADER = 12
_CHILD_POINTER = 4

# What mixtures of entry sizes needed beyond the formula when measured (at most 2.4 %), rounded up, and one page.
_TOLERANCE = 1.03


@dataclass(frozen=True, slots=True)
class IndexPages:
    """The pages of one index. `entry_bytes` are its entries with their two-byte pointers, without headers and free space.

    Overflow pages hold what an entry has beyond its share of a page; a rebuild needs them again as they are.
    """

    pages: int
    overflow_pages: int
    page_size: int
    entries: int
    entry_bytes: int
    unused_bytes: int

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> IndexPages:
        """From the query index_pages, whose sums are floating-point numbers."""
        return cls(**{name: int(row[name] or 0) for name in cls.__slots__})

    @property
    def size_bytes(self) -> int:
        return self.pages * self.page_size

    @property
    def expected_pages(self) -> int:
        """Pages of a fresh build.

        REINDEX adds the entries in order and fills each page until the next entry does not fit. Between two leaves one
        entry moves up as their divider, and so on until one page is left (SQLite file format, section B-tree pages; the
        filling is that of `balance_nonroot` with its bulk hint).
        """
        if not self.entries:
            return 1
        entry = self.entry_bytes / self.entries
        total = level = math.ceil((self.entries + 1) / (_that_fit(self.page_size - _LEAF_HEADER, entry) + 1))
        while level > 1:
            fan_out = _that_fit(self.page_size - _INNER_HEADER, entry + _CHILD_POINTER) + 1
            level = math.ceil(level / fan_out)
            total += level
        return total + self.overflow_pages

    @property
    def reclaimable_bytes(self) -> int:
        """What a rebuild would give back at least."""
        needed = math.ceil(self.expected_pages * _TOLERANCE) + 1
        return max(0, self.pages - needed) * self.page_size

    @property
    def reclaimable_percent(self) -> float:
        return 100 * self.reclaimable_bytes / self.size_bytes if self.pages else 0.0

    def is_bloated(self, *, percent: float, megabytes: float) -> bool:
        """Whether a rebuild would give back something, and as much as both limits ask for."""
        gives = self.reclaimable_bytes
        return gives > 0 and gives >= megabytes * MEGABYTE and self.reclaimable_percent >= percent


def _that_fit(room: int, size: float) -> float:
    """Entries on a page: equal ones fill it but for a remainder, unequal ones leave half an entry free; the worse counts."""
    return max(1.0, min(math.floor(room / size), room / size - 0.5))
