"""How fast VACUUM works on this machine, measured on a small file, for databases that must not be held for long."""

from __future__ import annotations

import sqlite3
import tempfile
import time
from contextlib import closing
from pathlib import Path

_SAMPLE_ROWS, _ROW_BYTES = 8_000, 1_000
# A small file fits into memory and a disk's first writes are its fastest: what is measured is divided by this.
CAUTION = 3.0


def seconds_for(used_bytes: int, folder: Path) -> float:
    """How long a VACUUM that keeps so many bytes takes, on the cautious side. Raises OSError, sqlite3.Error.

    The sample lies in `folder`, so that it is written to the disk that counts, and is gone afterwards. It takes some tenths
    of a second.
    """
    kept, seconds = _measure(folder)
    return CAUTION * used_bytes * seconds / kept


def _measure(folder: Path) -> tuple[int, float]:
    """Bytes that a VACUUM kept, and its seconds."""
    with (
        tempfile.TemporaryDirectory(dir=folder, prefix=".measuring-") as place,
        closing(sqlite3.connect(Path(place) / "sample.db", isolation_level=None)) as sample,
    ):
        sample.execute("PRAGMA journal_mode = WAL")
        sample.execute("PRAGMA synchronous = FULL")
        sample.execute("CREATE TABLE sample(content)")
        sample.execute(
            "WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ?)"
            " INSERT INTO sample SELECT randomblob(?) FROM numbers",
            (_SAMPLE_ROWS, _ROW_BYTES),
        )
        sample.execute("DELETE FROM sample WHERE rowid % 2")
        began = time.monotonic()
        sample.execute("VACUUM")
        return _SAMPLE_ROWS // 2 * _ROW_BYTES, time.monotonic() - began
